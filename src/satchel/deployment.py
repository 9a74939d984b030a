"""Opening a path: the one place where storage, engine and service are put together."""

from __future__ import annotations

import os
import threading
from typing import Final

from satchel.backends.sqlite import MEMORY, SqliteStorage
from satchel.commands.dispatch import Service
from satchel.engine.engine import Engine, server_error
from satchel.engine.ttl import TtlMonitor
from satchel.errors import StorageError

_lock = threading.RLock()  # garbage collection may release a service in the midst of another call


class _Shared:
    """A service that several clients of this process use."""

    def __init__(self, path: str, *, read_only: bool) -> None:
        engine = Engine(SqliteStorage(path, read_only=read_only))
        self.monitor = TtlMonitor(engine)
        self.service = Service(engine, self.release)
        self.references = 0
        self._path = path

    def release(self) -> None:
        """Let go of one reference, and of the file with the last."""
        with _lock:
            self.references -= 1
            if self.references:
                return
            if _open.get(self._path) is self:
                del _open[self._path]
        self.monitor.close()
        self.service.engine.close()


_open: Final[dict[str, _Shared]] = {}


def open_service(path: str, *, read_only: bool = False) -> Service:
    """Open a Satchel file, or share it with those who have it open in this process; `release` gives it back.

    Args:
        path: A file's path (the file is made when it is not there), or `:memory:` for a database of one's own.
        read_only: Refuse writes.

    Raises:
        ServerError: The file cannot be opened: not a database, a newer format, no permission, a full disk.
    """
    try:
        if path == MEMORY:
            shared = _Shared(path, read_only=read_only)
            shared.references = 1
            return shared.service
        key = os.path.realpath(path)
        with _lock:
            shared = _open.get(key) or _Shared(key, read_only=read_only)
            _open[key] = shared
            shared.references += 1
            return shared.service
    except StorageError as error:
        raise server_error(error) from error


def _after_fork_in_child() -> None:
    """Take a lock that no thread of the parent can hold."""
    global _lock  # noqa: PLW0603
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
