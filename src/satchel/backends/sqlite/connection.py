"""Connections to one SQLite file: opening, settings, and SQLite's errors in the words of the storage interface."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import quote as quote_url

import apsw

from satchel.backends.sqlite import schema
from satchel.backends.sqlite.cipher import Cipher, explain_refusal
from satchel.errors import (
    DamagedStorageError,
    NewerFormatError,
    NotADatabaseError,
    ReadOnlyStorageError,
    StorageError,
    StorageFullError,
    UnreachableStorageError,
)
from satchel.settings import BUSY_TIMEOUT_SECONDS

MEMORY: Final = ":memory:"

_STATEMENT_CACHE: Final = 512
_CACHE_KIB: Final = 2 * 1024
_DECRYPTED_CACHE_KIB: Final = 16 * 1024
"""The operating system has a cache of its own, but its pages are encrypted where the file is."""

_JOURNAL_LIMIT_BYTES: Final = 64 * 1024 * 1024
_READ_WRITE: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
_READ_ONLY: Final = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI


def translate(error: apsw.Error) -> StorageError:
    """Return SQLite's error as a `StorageError`."""
    for cls, meaning in _MEANINGS:
        if isinstance(error, cls):
            return meaning(str(error))
    return StorageError(f"{type(error).__name__}: {error}")


_MEANINGS: Final[tuple[tuple[type[apsw.Error], type[StorageError]], ...]] = (
    (apsw.NotADBError, NotADatabaseError),
    (apsw.FullError, StorageFullError),
    (apsw.ReadOnlyError, ReadOnlyStorageError),
    (apsw.PermissionsError, ReadOnlyStorageError),
    (apsw.CorruptError, DamagedStorageError),
    (apsw.CantOpenError, UnreachableStorageError),
)


def open_writable(path: str, cipher: Cipher | None) -> apsw.Connection:
    """Open a connection that can write, and make the file a Satchel file if it is new.

    Raises:
        NotADatabaseError: The file belongs to another program.
        NewerFormatError: The file was written by a newer release.
        WrongKeyError: The file is encrypted with another key, or there is a key for one that is not, or none.
    """
    try:
        return _open_writable(path, cipher)
    except apsw.NotADBError as error:
        if cipher is not None:
            try:  # another process may just have made the file, with a salt of its own
                return _open_writable(path, cipher)
            except apsw.NotADBError:
                pass
        raise explain_refusal(path, cipher) or translate(error) from error


def _open_writable(path: str, cipher: Cipher | None) -> apsw.Connection:
    connection = _connect(path, _READ_WRITE, cipher)
    try:
        if _check_header(connection):
            _initialise(connection)
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: str, cipher: Cipher | None) -> apsw.Connection:
    """Open a further connection to a file that is known to be ours; a transaction can write with it, too."""
    return _connect(path, _READ_WRITE, cipher)


def copy_of(connection: apsw.Connection) -> apsw.Connection:
    """Return a copy of a whole database, in memory."""
    copy = _connect(MEMORY, _READ_WRITE, None)
    with copy.backup("main", connection, "main") as backup:
        backup.step()
    return copy


def open_read_only(path: str, cipher: Cipher | None) -> apsw.Connection:
    """Open a connection to a file that cannot be written.

    A file in WAL mode wants to write beside itself even to be read; where the folder forbids that, the file is
    read as immutable, which is right as long as there is no log that belongs to it.

    Raises:
        WrongKeyError: As `open_writable`.
    """
    try:
        return _checked(path, path, cipher)
    except apsw.NotADBError as error:
        raise explain_refusal(path, cipher) or translate(error) from error
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.IOError):
        if has_log(path):
            raise
        return _checked(f"file:{quote_url(path)}?immutable=1", path, cipher)


def _checked(name: str, path: str, cipher: Cipher | None) -> apsw.Connection:
    connection = _connect(name, _READ_ONLY, cipher, path)
    try:
        _check_header(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def has_log(path: str) -> bool:
    """Tell whether a file has a log with something in it."""
    log = path + "-wal"
    return os.path.exists(log) and os.path.getsize(log) > 0


def _connect(name: str, flags: int, cipher: Cipher | None, path: str | None = None) -> apsw.Connection:
    connection = apsw.Connection(name, flags, statementcachesize=_STATEMENT_CACHE)
    if cipher is not None:
        cipher.unlock(connection, path or name)
    connection.set_busy_timeout(int(BUSY_TIMEOUT_SECONDS * 1000))
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB if cipher is None else _DECRYPTED_CACHE_KIB}")
    connection.execute("PRAGMA synchronous = NORMAL")
    # Otherwise this SQLite writes every page that becomes free, full of zeros: a delete costs as much as the insert.
    connection.execute("PRAGMA secure_delete = FAST").fetchall()
    connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT_BYTES}").fetchall()
    return connection


def _check_header(connection: apsw.Connection) -> bool:
    """Tell whether the file is new and empty; refuse what is not ours.

    Raises:
        NotADatabaseError: Another program's file.
        NewerFormatError: The format is newer than this release.
    """
    application_id = connection.pragma("application_id")
    version = connection.pragma("user_version")
    if application_id == schema.APPLICATION_ID:
        if not isinstance(version, int) or version > schema.FORMAT_VERSION:
            raise NewerFormatError(
                f"the file has format {version}; this release reads formats up to {schema.FORMAT_VERSION}"
            )
        return False
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()[0][0]
    if application_id or version or tables:
        raise NotADatabaseError("the file is an SQLite database of another program")
    return True


def _initialise(connection: apsw.Connection) -> None:
    connection.execute(f"PRAGMA page_size = {schema.PAGE_SIZE_BYTES}")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute(f"""
        BEGIN IMMEDIATE;
        {schema.CREATE_CATALOG};
        PRAGMA application_id = {schema.APPLICATION_ID};
        PRAGMA user_version = {schema.FORMAT_VERSION};
        COMMIT
    """)


def is_open_elsewhere(path: str, cipher: Cipher | None) -> bool:
    """Tell whether another connection, of this process or another, has the file open; True when that cannot be told.

    A connection to a file in WAL mode holds a lock on it from its first read on, and a process that dies lets go of it.
    """
    try:
        connection = _connect(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI, cipher)
    except apsw.Error:
        return True
    try:
        connection.set_busy_timeout(0)
        connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        connection.execute("BEGIN IMMEDIATE; ROLLBACK")
    except apsw.Error:
        return True
    else:
        return False
    finally:
        connection.close()
