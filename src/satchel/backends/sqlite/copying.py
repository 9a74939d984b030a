"""What copies of a whole file have in common: they begin empty, are compared with the file, and reach the disk."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import Final, cast

import apsw

from satchel.backends.sqlite import connection as connections
from satchel.backends.sqlite.cipher import Cipher
from satchel.backends.sqlite.schema import quote
from satchel.errors import StorageError

_TABLES: Final = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
_SCHEMA: Final = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"


def make_empty(copy: str, *, like: str) -> None:
    """Make an empty file with the owner and the permissions of another, in place of what a crash may have left."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(copy)
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    status = os.stat(like)
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):
            os.chown(copy, status.st_uid, status.st_gid)
    shutil.copymode(like, copy)


def compare(source: apsw.Connection, copy: str, new: Cipher | None) -> None:
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


def sync_to_disk(path: str) -> None:
    """Have a file, or the names in a folder, reach the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
