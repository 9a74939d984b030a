"""One open file: a pool of readers, one writer, and the way of a commit to the disk."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, cast

import apsw

from satchel.backends.sqlite import connection as connections
from satchel.backends.sqlite.blocks import EncryptedBlocks
from satchel.backends.sqlite.cipher import Cipher
from satchel.backends.sqlite.connection import MEMORY, translate
from satchel.backends.sqlite.durability import DiskSync
from satchel.backends.sqlite.open_transaction import MemoryTransaction, SqliteTransaction
from satchel.backends.sqlite.snapshot import SqliteReader, SqliteWriter
from satchel.backends.sqlite.waiting import BusyHandler, Check, Checkpoints, WriteLock
from satchel.errors import ReadOnlyStorageError, StorageError
from satchel.settings import Limits
from satchel.storage.blocks import BlockStore, FileBlocks
from satchel.storage.interface import StorageStats
from satchel.storage.patience import WouldWaitError, before_waiting, may_wait

_STORAGES: Final[weakref.WeakSet[SqliteStorage]] = weakref.WeakSet()
_ABANDONED: Final[list[apsw.Connection]] = []
"""Connections of a parent process. SQLite forbids a forked child to use them, and even to close them."""

_FORK_PATIENCE_SECONDS: Final = 5.0


class SqliteStorage:
    """A Satchel file that is open (see `satchel.storage.interface.Storage`).

    Any number of threads may call it. Readers of a file never wait: each takes a connection of its own from the pool;
    writers queue. In memory there is one connection, and everybody queues. Transactions that stay open between commands
    have a connection each; in memory, a copy each.

    Args:
        path: A file's path, or `:memory:`.
        read_only: Refuse writes. A file that cannot be written is read-only without being asked.
        cipher: The key of an encrypted file, or of one to be made; None for one that is not encrypted.

    Raises:
        NotADatabaseError: The file is not SQLite's, or another program's.
        NewerFormatError: The file was written by a newer release.
        WrongKeyError: The file is encrypted with another key, or there is a key for one that is not, or none.
        StorageError: The file cannot be opened.
    """

    def __init__(self, path: str, *, read_only: bool = False, cipher: Cipher | None = None) -> None:
        self._path = path if path == MEMORY else os.path.abspath(path)
        self._in_memory = path == MEMORY
        self._cipher = cipher
        self._read_only = read_only or (not self._in_memory and _is_unwritable(self._path))
        self.limits = Limits()
        self._start()
        _STORAGES.add(self)

    def _start(self) -> None:
        self._closed = False
        self.write_lock = WriteLock()
        self._memory_lock = threading.RLock()
        self._owner_of_write = 0
        self._transactions: set[SqliteTransaction] = set()
        self._readers: list[apsw.Connection] = []
        self._version_lock = threading.Lock()
        self._version_reader: apsw.Connection | None = None
        # An entry per read that runs; a fork waits for them. Changes of a list are atomic.
        self._reading: list[None] = []
        self._is_about_to_fork = False
        self._may_read = threading.Event()
        try:
            self._writer = self._open_reader() if self._read_only else self._open_writer()
        except apsw.Error as error:
            raise translate(error) from error
        self._busy_handler = BusyHandler()
        self._checkpoints = Checkpoints()
        if not self._read_only:
            self._writer.set_busy_handler(self._busy_handler)
            self._writer.set_wal_hook(self._checkpoints.after_commit)
        self._disk = DiskSync(None if self._in_memory or self._read_only else self._path)

    def _open_writer(self) -> apsw.Connection:
        return connections.open_writable(self._path, self._cipher)

    def _open_reader(self) -> apsw.Connection:
        open_ = connections.open_read_only if self._read_only else connections.open_reader
        return open_(self._path, self._cipher)

    @property
    def path(self) -> str:
        """The file's absolute path, or `:memory:`."""
        return self._path

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""
        return self._read_only

    def read(self) -> AbstractContextManager[SqliteReader]:
        """Open a snapshot for the length of the block."""
        return self._memory_snapshot() if self._in_memory else _Snapshot(self)

    @contextmanager
    def _memory_snapshot(self) -> Iterator[SqliteReader]:
        with self.busy():
            self._acquire_memory()
            try:
                self._check_open()
                reader = SqliteReader(self._writer)
                try:
                    yield reader
                finally:
                    reader.close()
            except apsw.Error as error:
                raise translate(error) from error
            finally:
                self._memory_lock.release()

    def _acquire_memory(self) -> None:
        if not self._memory_lock.acquire(blocking=may_wait()):
            raise WouldWaitError

    def begin_read(self) -> apsw.Connection:
        """Take a connection of the pool and begin a transaction on it; `end_read` gives it back."""
        self._enter_read()
        try:
            connection = self.take_reader()
            connection.execute("BEGIN")
        except BaseException as error:
            self._reading.pop()
            if isinstance(error, apsw.Error):
                raise translate(error) from error
            raise
        return connection

    def end_read(self, connection: apsw.Connection) -> None:
        """End the transaction of a read and put its connection back."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        finally:
            self.return_reader(connection)
            self._reading.pop()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Keep this process from forking during the block."""
        self._enter_read()
        try:
            yield
        finally:
            self._reading.pop()

    def _enter_read(self) -> None:
        self._reading.append(None)
        if self._is_about_to_fork:
            self._wait_for_fork()

    def _wait_for_fork(self) -> None:
        while self._is_about_to_fork:
            self._reading.pop()
            before_waiting()
            self._may_read.wait()
            self._reading.append(None)

    def stand_still(self) -> None:
        """Let nobody begin to read, because the process is about to fork."""
        self._may_read.clear()
        self._is_about_to_fork = True

    def go_on(self) -> None:
        """Let everybody read again."""
        self._is_about_to_fork = False
        self._may_read.set()

    def write(self, *, durable: bool = False, check: Check | None = None) -> AbstractContextManager[SqliteWriter]:
        """Run the block as a write transaction: commit at its end, roll back when it raises.

        Args:
            durable: Return only once the change has reached the disk (fsync); otherwise it does within 100 ms.
            check: Called now and then while others write; what it raises ends the waiting.

        Raises:
            ReadOnlyStorageError: The file is open for reading only.
            StorageFullError: The disk is full; nothing has changed.
        """
        return _WriteTransaction(self, durable=durable, check=check)

    def begin_write(self, owner: object, check: Check | None) -> apsw.Connection:
        """Wait for the write lock and begin a transaction; `commit_write`, `abort_write` or `abandon_write` ends it."""
        if self._read_only:
            self._check_writable()
        self._checkpoints.before_writing()
        self.write_lock.acquire(check)
        try:
            if self._in_memory:
                self._acquire_memory()
        except BaseException:
            self.write_lock.release()
            raise
        self._owner_of_write = id(owner)
        try:
            if self._closed:
                self._check_open()
            self._busy_handler.check = check
            self._writer.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            self._release_write()
            before_waiting()
            raise
        except BaseException:  # Ctrl-C comes when SQLite has begun already
            self.abort_write()
            raise
        return self._writer

    def commit_write(self) -> int:
        """Commit the transaction that `begin_write` has begun, and return the number of the commit."""
        try:
            self._writer.execute("COMMIT")
        except BaseException:
            self.abort_write()
            raise
        try:
            return self._disk.note_commit()
        finally:
            self._release_write()

    def abort_write(self) -> None:
        """Roll the transaction back that `begin_write` has begun."""
        try:
            if not self._closed and self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        finally:
            self._release_write()

    def abandon_write(self, owner: object) -> None:
        """Roll the transaction back that was begun for an owner, who is about to be no more, if nobody has ended it."""
        if self._owner_of_write == id(owner):
            self.abort_write()

    def _release_write(self) -> None:
        self._busy_handler.check = None
        self._owner_of_write = 0
        if self._in_memory:
            self._memory_lock.release()
        self.write_lock.release()

    def wait_for_disk(self, commit: int) -> None:
        """Return once a commit is on the disk."""
        self._disk.sync(commit)

    def begin(self) -> SqliteTransaction:
        """Return a transaction that stays open between commands until `commit` or `rollback`."""
        self._check_open()
        transaction = MemoryTransaction(self) if self._in_memory else SqliteTransaction(self)
        self._transactions.add(transaction)
        return transaction

    def forget(self, transaction: SqliteTransaction) -> None:
        """Take note that a transaction has ended."""
        self._transactions.discard(transaction)

    @property
    def commits(self) -> int:
        """How many write transactions this process has committed."""
        return self._disk.commits

    def note_commit(self) -> None:
        """Count the commit of a transaction that holds the write lock."""
        self._disk.note_commit()

    def copy_memory(self) -> tuple[apsw.Connection, int]:
        """Return a copy of the database in memory, and the number of the last commit in it."""
        with self._memory_lock:
            self._check_open()
            return connections.copy_of(self._writer), self.commits

    def replace_memory(self, connection: apsw.Connection) -> None:
        """Make a copy, to which its transaction has written, the database in memory."""
        with self._memory_lock:
            self._check_open()
            self._writer.close(True)
            self._writer = connection

    def version(self) -> int:
        """Return a number that changes whenever anybody has changed the file; in memory nobody else can."""
        if self._in_memory:
            return 0
        self._enter_read()
        try:
            with self._version_lock:
                self._check_open()
                if self._version_reader is None:
                    self._version_reader = self._open_reader()
                return cast("int", self._version_reader.pragma("data_version"))
        except apsw.Error as error:
            raise translate(error) from error
        finally:
            self._reading.pop()

    def stats(self) -> StorageStats:
        """Return the sizes of the file."""
        with self.read() as reader:
            return reader.file_stats()

    def temporary_blocks(self) -> BlockStore:
        """Return a place for what does not fit into memory; encrypted when the file is."""
        return FileBlocks() if self._cipher is None else EncryptedBlocks()

    def sync(self) -> None:
        """Bring every committed change to the disk before returning."""
        self._disk.sync()

    def compact(self) -> int:
        """Give free pages back to the file system and return the bytes freed."""
        self._check_writable()
        before = self.stats().file_bytes
        with self.write_lock, self._memory_lock:
            self._check_open()
            try:
                self._writer.execute("PRAGMA incremental_vacuum").fetchall()
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except apsw.Error as error:
                raise translate(error) from error
        return before - self.stats().file_bytes

    def close(self) -> None:
        """Roll open transactions back and close every connection; later calls raise StorageError."""
        for transaction in list(self._transactions):
            transaction.rollback()
        with self.write_lock, self._memory_lock:
            if self._closed:
                return
            self._closed = True
            self._disk.close()
            for reader in self._readers:
                reader.close()
            self._readers.clear()
            with self._version_lock:
                if self._version_reader is not None:
                    self._version_reader.close()
            self._writer.close(True)

    def _check_writable(self) -> None:
        if self._read_only:
            raise ReadOnlyStorageError(f"{self._path} is read-only")

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError(f"{self._path} is closed")

    def take_reader(self) -> apsw.Connection:
        """Take a connection out of the pool, which makes one when it is empty."""
        self._check_open()
        try:
            return self._readers.pop()
        except IndexError:
            try:
                return self._open_reader()
            except apsw.Error as error:
                raise translate(error) from error

    def return_reader(self, connection: apsw.Connection) -> None:
        """Put a connection back into the pool."""
        if self._closed:
            connection.close(True)
        else:
            self._readers.append(connection)

    def _restart_in_child(self) -> None:
        """Go on after a fork with connections of this process's own; a database in memory is the child's copy."""
        if self._closed:
            return
        _ABANDONED.extend(filter(None, [transaction.abandon() for transaction in self._transactions]))
        self._transactions.clear()
        self.write_lock = WriteLock()
        self._memory_lock = threading.RLock()
        self._owner_of_write = 0
        self.go_on()
        if self._in_memory:
            self._disk = DiskSync(None)
            return
        _ABANDONED.extend((self._writer, *self._readers))
        if self._version_reader is not None:
            _ABANDONED.append(self._version_reader)
        self._disk.abandon()
        self._start()


class _Snapshot(SqliteReader):
    """A read under way, which is its own context manager: a generator takes three times as long."""

    def __init__(self, storage: SqliteStorage) -> None:
        self._storage = storage

    def __enter__(self) -> SqliteReader:
        super().__init__(self._storage.begin_read())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            self.close()
        finally:
            self._storage.end_read(self._connection)
        if isinstance(error, apsw.Error):
            raise translate(error) from error


class _WriteTransaction(SqliteWriter):
    """A write under way."""

    def __init__(self, storage: SqliteStorage, *, durable: bool, check: Check | None) -> None:
        self._storage = storage
        self._durable = durable
        self._check = check

    def __enter__(self) -> SqliteWriter:
        try:
            connection = self._storage.begin_write(self, self._check)
        except apsw.Error as error:
            raise translate(error) from error
        try:
            super().__init__(connection)
        except BaseException:
            self._storage.abort_write()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            self.close()
        except BaseException:
            self._storage.abort_write()
            raise
        if kind is not None:
            self._storage.abort_write()
            if isinstance(error, apsw.Error):
                raise translate(error) from error
            return
        try:
            commit = self._storage.commit_write()
        except apsw.Error as failure:
            raise translate(failure) from failure
        if self._durable:
            self._storage.wait_for_disk(commit)

    def __del__(self) -> None:
        # Ctrl-C may come between two functions, where nothing catches it.
        if (storage := getattr(self, "_storage", None)) is not None:
            storage.abandon_write(self)


def _is_unwritable(path: str) -> bool:
    return os.path.exists(path) and not (os.access(path, os.W_OK) and os.access(os.path.dirname(path), os.W_OK))


_HELD: Final[list[SqliteStorage]] = []
"""The storages that stand still for a fork."""


def _hold_all() -> None:
    """Have no thread inside SQLite while the process forks.

    A child inherits SQLite's memory: a lock or mutex that another thread holds there at that moment is never released.
    """
    patience_ends = time.monotonic() + _FORK_PATIENCE_SECONDS
    for storage in list(_STORAGES):
        # An open transaction is not inside SQLite between its commands; those that run are counted as reading.
        if storage.write_lock.holder is None and storage.write_lock.acquire_within(_FORK_PATIENCE_SECONDS):
            _HELD.append(storage)
        storage.stand_still()
        while storage._reading and time.monotonic() < patience_ends:
            time.sleep(0.001)


def _let_all_go() -> None:
    for storage in list(_STORAGES):
        storage.go_on()
    while _HELD:
        _HELD.pop().write_lock.release()


_process = os.getpid()


def restart_after_fork() -> None:
    """Go on in a forked child, unless that is done; other modules' handlers of the fork may come before ours."""
    global _process  # noqa: PLW0603
    if _process == os.getpid():
        return
    _process = os.getpid()
    _HELD.clear()
    for storage in list(_STORAGES):
        storage._restart_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold_all, after_in_parent=_let_all_go, after_in_child=restart_after_fork)
