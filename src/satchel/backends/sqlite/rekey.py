"""Giving a file another key, or none: a copy beside it, compared with it, that takes its place whole."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import Final, cast
from urllib.parse import quote as quote_url

import apsw

from satchel.backends.sqlite import connection as connections
from satchel.backends.sqlite.cipher import Cipher
from satchel.backends.sqlite.connection import translate
from satchel.backends.sqlite.schema import quote
from satchel.errors import StorageError, StorageInUseError

SUFFIX: Final = "-rekey"
"""Behind the file's name: the copy, until it takes the file's place. What a crash leaves there is worthless."""

_PATIENCE_MS: Final = 2000
_NO_DATABASE: Final = b"Another file took this one's place (satchel rekey).".ljust(100)
_TABLES: Final = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
_SCHEMA: Final = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"


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
        _make_empty(copy, like=path)
        try:
            _copy(source, copy, new)
            _compare(source, copy, new)
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


def _make_empty(copy: str, *, like: str) -> None:
    """Make an empty file with the owner and the permissions of another, in place of what a crash may have left."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(copy)
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    status = os.stat(like)
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):
            os.chown(copy, status.st_uid, status.st_gid)
    shutil.copymode(like, copy)


def _copy(source: apsw.Connection, copy: str, new: Cipher | None) -> None:
    options = "key=" if new is None else new.uri_options()
    source.execute("VACUUM INTO ?", (f"file:{quote_url(copy)}?{options}",)).fetchall()


def _compare(source: apsw.Connection, copy: str, new: Cipher | None) -> None:
    """Read all of the copy with its new key, and compare it with the file."""
    other = connections.open_reader(copy, new)
    try:
        if other.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            raise StorageError("the copy is not sound; nothing has changed")
        _compare_rows(source, other, _SCHEMA)
        for (name,) in source.execute(_TABLES).fetchall():
            _compare_rows(source, other, f"SELECT * FROM {quote(cast('str', name))}")
    finally:
        other.close()


def _compare_rows(source: apsw.Connection, other: apsw.Connection, query: str) -> None:
    pairs = zip(source.execute(query), other.execute(query), strict=True)
    try:
        same = all(row == copied for row, copied in pairs)
    except ValueError:
        same = False
    if not same:
        raise StorageError("the copy differs from the file; nothing has changed")


def _replace(source: apsw.Connection, path: str, copy: str) -> None:
    """Put the copy in the file's place; who waits for the old file's lock then finds no database in it.

    The old file stays open until its connection is closed: closing it earlier would drop SQLite's lock.
    """
    _fsync(copy)
    if os.name == "nt":
        source.close()
        os.replace(copy, path)
        return
    old = os.open(path, os.O_WRONLY)
    try:
        os.replace(copy, path)
        _fsync(os.path.dirname(path))
        os.pwrite(old, _NO_DATABASE, 0)
        source.close()
    finally:
        os.close(old)


def _fsync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
