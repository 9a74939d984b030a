"""Opening a path: the one place where storage, engine and service are put together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Final

from satchel.backends.sqlite import MEMORY, Cipher, SqliteStorage, backup, is_open_elsewhere, rekey, restart_after_fork
from satchel.commands.dispatch import Service
from satchel.engine.engine import Engine, server_error
from satchel.engine.ttl import TtlMonitor
from satchel.errors import StorageError, StorageInUseError, WrongKeyError

_process = os.getpid()
_lock = threading.RLock()  # garbage collection may release a service in the midst of another call


class _Shared:
    """A service that several clients of this process use."""

    def __init__(self, path: str, cipher: Cipher | None, *, read_only: bool, test_commands: bool) -> None:
        engine = Engine(SqliteStorage(path, read_only=read_only, cipher=cipher))
        self.monitor = TtlMonitor(engine)
        self.service = (_failing_service() if test_commands else Service)(engine, self.release)
        self.references = 0
        self._path = path
        self._cipher = cipher

    def add_reference(self, cipher: Cipher | None) -> None:
        """Add one who has the key.

        Raises:
            WrongKeyError: The file is open with another key.
        """
        if cipher is not self._cipher and (cipher is None or not cipher.is_same(self._cipher)):
            raise WrongKeyError(f"{self._path} is open with another key")
        self.references += 1

    def release(self) -> None:
        """Let go of one reference, and of the file with the last."""
        _go_on_after_fork()
        with _lock:
            self.references -= 1
            if self.references:
                return
            if _open.get(self._path) is self:
                del _open[self._path]
        self.service.engine.sessions.clear()  # the monitor may be waiting for a transaction
        self.monitor.close()
        self.service.close()


_open: Final[dict[str, _Shared]] = {}


def _failing_service() -> type[Service]:
    """Return the class of services with test commands, which nobody else shall load."""
    from satchel.commands.fail_points import FailingService  # noqa: PLC0415

    return FailingService


def open_service(
    path: str, *, read_only: bool = False, encryption_key: str | bytes | None = None, test_commands: bool = False
) -> Service:
    """Open a Satchel file, or share it with those who have it open in this process; `release` gives it back.

    Args:
        path: A file's path (the file is made when it is not there), or `:memory:` for a database of one's own.
        read_only: Refuse writes.
        encryption_key: The key of an encrypted file, or of one to be made: a passphrase, or 32 bytes.
        test_commands: Let clients set fail points, for the tests of drivers. Whoever opens the file first decides.

    Raises:
        ServerError: AuthenticationFailed (18) when the key is not the file's; other codes when the file cannot be
            opened: not a database, a newer format, no permission, a full disk.
    """
    try:
        if path == MEMORY:
            shared = _Shared(path, None, read_only=read_only, test_commands=test_commands)
            shared.references = 1
            return shared.service
        cipher = None if encryption_key is None else Cipher(encryption_key)
        key = os.path.realpath(path)
        with _lock:
            shared = _open.get(key) or _Shared(key, cipher, read_only=read_only, test_commands=test_commands)
            shared.add_reference(cipher)
            _open[key] = shared
            return shared.service
    except StorageError as error:
        raise server_error(error) from error


def rekey_file(path: str, encryption_key: str | bytes | None, new_key: str | bytes | None) -> None:
    """Give a file another encryption key: encrypt it (there was none), decrypt it (there is none), or change the key.

    Args:
        path: The file, which nobody may have open.
        encryption_key: Its key, or None.
        new_key: The key that it gets, or None.

    Raises:
        ServerError: AuthenticationFailed (18) when `encryption_key` is not the file's,
            ConflictingOperationInProgress (117) when somebody has the file open; in any case nothing has changed.
    """
    old, new = (None if key is None else Cipher(key) for key in (encryption_key, new_key))
    real = os.path.realpath(path)
    try:
        with _lock:
            if real in _open:
                raise StorageInUseError(f"{path} is open in this process")
            rekey(real, old, new)
    except StorageError as error:
        raise server_error(error) from error


def backup_file(
    path: str,
    target: str,
    encryption_key: str | bytes | None = None,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> None:
    """Copy a file as it is now, while others go on using it, and compare the copy with it.

    Args:
        path: The file.
        target: Where the copy goes; it appears there whole or not at all.
        encryption_key: The file's key, which the copy has too.
        overwrite: Whether a file that is there is replaced.
        progress: Told of the pages that are done, and of how many there are.

    Raises:
        ServerError: The file cannot be read, is damaged, or the disk is full.
        FileExistsError: There is a file at `target`.
    """
    cipher = None if encryption_key is None else Cipher(encryption_key)
    try:
        backup(os.path.realpath(path), target, cipher, overwrite=overwrite, progress=progress)
    except StorageError as error:
        raise server_error(error) from error


def is_in_use(path: str, encryption_key: str | bytes | None = None) -> bool:
    """Tell whether anybody, in this process or another, has a file open; True when that cannot be told."""
    return is_open_elsewhere(os.path.realpath(path), None if encryption_key is None else Cipher(encryption_key))


def _go_on_after_fork() -> None:
    """Have, in a forked child, locks that no thread of the parent can hold; does nothing when that is done."""
    global _lock, _process  # noqa: PLW0603
    if _process != os.getpid():
        _process = os.getpid()
        _lock = threading.RLock()
        restart_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_go_on_after_fork)
