"""Transactions that stay open between commands, each on a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import apsw

from satchel.backends.sqlite.connection import translate
from satchel.backends.sqlite.schema import CATALOG
from satchel.backends.sqlite.snapshot import SqliteReader, SqliteWriter
from satchel.errors import ReadOnlyStorageError, TransactionLostError, WriteConflictError
from satchel.settings import BUSY_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from satchel.backends.sqlite.transactions import SqliteStorage

AnyReader = TypeVar("AnyReader", bound=SqliteReader)

_TAKE_WRITE_LOCK: Final = f"UPDATE {CATALOG} SET tbl = tbl WHERE FALSE"
_CONFLICT: Final = "the file has changed since the transaction began, or another transaction is writing to it"


class SqliteTransaction:
    """A transaction on a file (see `satchel.storage.interface.OpenTransaction`).

    Readers see the file as it was at the first block. From the first `write` on the transaction holds the write lock of
    its process and SQLite's, so that whoever commits first has won: others find that their snapshot is old.

    Args:
        storage: The storage that it belongs to.
    """

    def __init__(self, storage: SqliteStorage) -> None:
        self._storage = storage
        self._lock = threading.RLock()
        self._connection: apsw.Connection | None = None
        self._has_ended = False
        self.has_written = False

    @contextmanager
    def read(self) -> Iterator[SqliteReader]:
        """Read the snapshot for the length of the block."""
        with self._at_work():
            if self._connection is None:
                self._begin()
            with self._closing(SqliteReader(self._current())) as reader:
                yield reader

    @contextmanager
    def write(self, check: Callable[[], None] | None = None) -> Iterator[SqliteWriter]:
        """Read and write for the length of the block.

        Raises:
            WriteConflictError: Somebody has written since the snapshot, or another transaction goes on writing.
        """
        if self._storage.read_only:
            raise ReadOnlyStorageError(f"{self._storage.path} is read-only")
        if not self.has_written:
            self._begin_to_write(check)
        with self._at_work(), self._closing(SqliteWriter(self._current())) as writer:
            yield writer

    def commit(self) -> None:
        """Make everything that was written visible to others and end the transaction."""
        with self._at_work():
            try:
                if self.has_written:
                    self._publish(self._current())
                    self._storage.note_commit()
            finally:
                self._end()

    def rollback(self) -> None:
        """Undo what was written and end the transaction, if it has not ended."""
        with self._lock:
            if not self._has_ended:
                self._end()

    def abandon(self) -> apsw.Connection | None:
        """Forget the connection, which belongs to the parent process, and return it."""
        self._lock = threading.RLock()
        connection, self._connection = self._connection, None
        self._has_ended = True
        return connection

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Have the transaction for this thread alone, and no fork come between."""
        with self._lock, self._storage.busy():
            if self._has_ended:
                raise TransactionLostError("the transaction has ended")
            try:
                yield
            except apsw.Error as error:
                raise translate(error) from error

    @contextmanager
    def _closing(self, reader: AnyReader) -> Iterator[AnyReader]:
        try:
            yield reader
        finally:
            reader.close()

    def _current(self) -> apsw.Connection:
        connection = self._connection
        # SQLite ends a transaction by itself when the disk is full.
        if connection is None or not connection.in_transaction:
            raise TransactionLostError("the storage has ended the transaction")
        return connection

    def _begin_to_write(self, check: Callable[[], None] | None) -> None:
        lock = self._storage.write_lock
        if not lock.hold(self, self._storage.limits.transaction_lock_seconds, check):
            raise WriteConflictError(_CONFLICT)
        try:
            with self._at_work():
                if self._connection is None:
                    self._begin(to_write=True)
                else:
                    self._upgrade(self._connection)
                self.has_written = True
        except BaseException:
            lock.let_go()
            raise

    def _begin(self, *, to_write: bool = False) -> None:
        """Open the transaction; at once to write, it has no older snapshot that could be in its way."""
        connection = self._storage.take_reader()
        connection.set_busy_timeout(int(self._storage.limits.transaction_lock_seconds * 1000))
        try:
            connection.execute("BEGIN IMMEDIATE" if to_write else "BEGIN")
        except BaseException as error:
            self._put_back(connection)
            if isinstance(error, apsw.BusyError):
                raise WriteConflictError(_CONFLICT) from error
            raise
        self._connection = connection

    def _upgrade(self, connection: apsw.Connection) -> None:
        try:
            connection.execute(_TAKE_WRITE_LOCK)
        except apsw.BusyError as error:
            raise WriteConflictError(_CONFLICT) from error

    def _publish(self, connection: apsw.Connection) -> None:
        connection.execute("COMMIT")

    def _put_back(self, connection: apsw.Connection) -> None:
        connection.set_busy_timeout(int(BUSY_TIMEOUT_SECONDS * 1000))
        self._storage.return_reader(connection)

    def _end(self) -> None:
        self._has_ended = True
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._put_back(connection)
        finally:
            if self.has_written:
                self._storage.write_lock.let_go()
            self._storage.forget(self)


class MemoryTransaction(SqliteTransaction):
    """A transaction on a database in memory: on a copy, which becomes the database when it commits.

    Nobody else writes once it has begun to, so nothing but its own changes is between the two.
    """

    def _begin(self, *, to_write: bool = False) -> None:
        connection, self._copied_at = self._storage.copy_memory()
        connection.execute("BEGIN IMMEDIATE")
        self._connection = connection

    def _upgrade(self, connection: apsw.Connection) -> None:
        if self._storage.commits != self._copied_at:
            raise WriteConflictError(_CONFLICT)

    def _publish(self, connection: apsw.Connection) -> None:
        super()._publish(connection)
        self._storage.replace_memory(connection)
        self._connection = None

    def _put_back(self, connection: apsw.Connection) -> None:
        connection.close(True)
