"""Giving a file another key, or none: a copy beside it, compared with it, that takes its place whole."""

from __future__ import annotations

import contextlib
import os
from typing import Final
from urllib.parse import quote as quote_url

import apsw

from satchel.backends.sqlite import connection as connections
from satchel.backends.sqlite.cipher import Cipher
from satchel.backends.sqlite.connection import translate
from satchel.backends.sqlite.copying import compare, make_empty, sync_to_disk
from satchel.errors import StorageError, StorageInUseError

SUFFIX: Final = "-rekey"
"""Behind the file's name: the copy, until it takes the file's place. What a crash leaves there is worthless."""

_PATIENCE_MS: Final = 2000
_NO_DATABASE: Final = b"Another file took this one's place (satchel rekey).".ljust(100)


def rekey(path: str, old: Cipher | None, new: Cipher | None) -> None:
    """Encrypt, decrypt or re-encrypt a file. A crash at any moment leaves it whole, under the old key or the new one.

    Args:
        path: The file itself (no link to it), which nobody else may have open.
        old: Its key; None when it is not encrypted.
        new: The key that it gets; None for none.

    Raises:
        WrongKeyError: `old` is not the file's key.
        StorageInUseError: Somebody has the file open.
        StorageFullError: There is no space for a second copy. The file is as it was.
    """
    source = connections.open_writable(path, old)
    copy = path + SUFFIX
    try:
        _take_alone(source, path)
        make_empty(copy, like=path)
        try:
            _copy(source, copy, new)
            compare(source, copy, new)
            _replace(source, path, copy)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(copy)
    except apsw.Error as error:
        raise translate(error) from error
    finally:
        source.close()


def _take_alone(source: apsw.Connection, path: str) -> None:
    """Bring the log into the file and lock everybody out, until the connection is closed."""
    source.set_busy_timeout(_PATIENCE_MS)
    try:
        mode = source.execute("PRAGMA journal_mode = DELETE").fetchall()
        source.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        source.execute("BEGIN EXCLUSIVE; COMMIT").fetchall()
    except apsw.BusyError as error:
        raise StorageInUseError(f"{path} is open elsewhere; nothing has changed") from error
    if mode != [("delete",)]:
        raise StorageError(f"{path} cannot be taken out of WAL mode")


def _copy(source: apsw.Connection, copy: str, new: Cipher | None) -> None:
    options = "key=" if new is None else new.uri_options()
    source.execute("VACUUM INTO ?", (f"file:{quote_url(copy)}?{options}",)).fetchall()


def _replace(source: apsw.Connection, path: str, copy: str) -> None:
    """Put the copy in the file's place; who waits for the old file's lock then finds no database in it.

    The old file stays open until its connection is closed: closing it earlier would drop SQLite's lock.
    """
    sync_to_disk(copy)
    if os.name == "nt":
        source.close()
        os.replace(copy, path)
        return
    old = os.open(path, os.O_WRONLY)
    try:
        os.replace(copy, path)
        sync_to_disk(os.path.dirname(path))
        os.pwrite(old, _NO_DATABASE, 0)
        source.close()
    finally:
        os.close(old)
