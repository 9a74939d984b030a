"""The engine of one open file: everything that its commands share."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Generic, TypeVar

from satchel.engine.catalog import Catalog, CollectionEntry
from satchel.engine.change_log import ChangeLog, ChangeRecorder
from satchel.engine.cursors import CursorRegistry
from satchel.engine.namespaces import Namespace
from satchel.engine.operation import Operation
from satchel.engine.sessions import SessionRegistry
from satchel.engine.units import ReadUnit, WriteUnit
from satchel.engine.waiting import DataWatch
from satchel.errors import (
    DamagedStorageError,
    ErrorCode,
    NewerFormatError,
    NotADatabaseError,
    ReadOnlyStorageError,
    ServerError,
    StorageError,
    StorageFullError,
    StorageInUseError,
    TransactionLostError,
    UnreachableStorageError,
    WriteConflictError,
    WrongKeyError,
)
from satchel.storage.interface import OpenTransaction, Reader, Storage, Writer

if TYPE_CHECKING:
    from satchel.engine.retryable import StatementHistory

AnyReader = TypeVar("AnyReader", bound=Reader)
AnyUnit = TypeVar("AnyUnit", bound=ReadUnit)


class Engine:
    """A file, its catalog as last seen, its cursors and its running operations.

    Args:
        storage: The open storage; the engine closes it.

    Attributes:
        last_catalog: The catalog as it was last seen, or None before the first look.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.data_watch = DataWatch(storage)
        self.limits = storage.limits
        self.cursors = CursorRegistry(self.limits, on_interrupt=self.data_watch.announce)
        self.sessions = SessionRegistry(self)
        self.operations: dict[int, Operation] = {}
        self.started = time.time()
        self.opcounters: Counter[str] = Counter()
        self.index_uses: Counter[tuple[uuid.UUID, str]] = Counter()
        self.change_log = ChangeLog()
        self.last_catalog: Catalog | None = None
        self._catalog_listeners: list[Callable[[], None]] = []

    def read(self) -> AbstractContextManager[ReadUnit]:
        """Open a snapshot with the catalog that belongs to it."""
        return _Unit(self.storage.read(), lambda reader: ReadUnit(reader, self.catalog_of(reader)))

    def write(self, operation: Operation) -> AbstractContextManager[WriteUnit]:
        """Run the block as one write transaction, durable if the operation asks for it."""
        transaction = self.storage.write(durable=operation.durable, check=operation.check_interrupt)
        return _Write(transaction, self._write_unit, operation.history, self._committed)

    def _committed(self, unit: WriteUnit) -> None:
        """Take over what a write transaction has committed, and tell those who wait for data."""
        if unit.catalog is not self.last_catalog:
            self._take(unit.catalog)
        if unit.changes is not None:
            self.change_log.committed(unit.changes)
        self.data_watch.announce()

    def _write_unit(self, writer: Writer) -> WriteUnit:
        return WriteUnit(writer, self.catalog_of(writer), self.change_log)

    def catalog_of(self, reader: Reader) -> Catalog:
        """Return the catalog that belongs to a snapshot."""
        catalog = self.last_catalog
        if catalog is None or catalog.version != reader.catalog_version():
            catalog = Catalog.load(reader, catalog)
            self._take(catalog)
        return catalog

    def _take(self, catalog: Catalog) -> None:
        """Remember the catalog that a snapshot or a finished write has seen."""
        if catalog is not self.last_catalog:
            self.last_catalog = catalog
            for listener in self._catalog_listeners:
                listener()

    def on_catalog_change(self, listener: Callable[[], None]) -> None:
        """Have `listener` called, quickly and without blocking, whenever the catalog has been read anew."""
        self._catalog_listeners.append(listener)

    def collection(self, namespace: Namespace) -> CollectionEntry | None:
        """Return the entry of a namespace as it is now, or None."""
        with self.read() as unit:
            return unit.catalog.get(namespace)

    def ensure_collection(self, namespace: Namespace, operation: Operation) -> None:
        """Create a collection that a write is about to use, if it is not there."""
        with self.write(operation) as unit:
            unit.ensure_collection(namespace)

    def compact(self) -> int:
        """Give free pages back to the file system and return the bytes freed.

        Raises:
            ServerError: IllegalOperation (20) for a file that is read-only; OutOfDiskSpace (14031).
        """
        try:
            return self.storage.compact()
        except StorageError as error:
            raise server_error(error) from error

    def interrupt(self) -> None:
        """Have every running operation end soon, because the file is about to be closed."""
        for operation in list(self.operations.values()):
            operation.killed = ErrorCode.InterruptedAtShutdown
        self.data_watch.announce()

    def pinned(
        self, transaction: OpenTransaction, join: Callable[[ChangeRecorder], None] | None = None
    ) -> PinnedEngine:
        """Return the engine as a transaction of its storage sees it (see `PinnedEngine`)."""
        return PinnedEngine(self, transaction, join)

    def publish(self, pinned: PinnedEngine) -> None:
        """Take over what a transaction has committed, and tell those who wait for data."""
        if pinned.last_catalog is not None:
            self._take(pinned.last_catalog)
        if pinned.changes is not None:
            self.change_log.committed(pinned.changes)
        self.data_watch.announce()

    def close(self) -> None:
        """Kill what runs, forget the cursors, close the file."""
        self.interrupt()
        self.sessions.clear()
        self.cursors.clear()
        self.storage.close()


class PinnedEngine(Engine):
    """The engine as a transaction or a snapshot sees it that stays open between commands.

    It shares everything with the engine that it is of, but for the catalog and what is read and written.

    Args:
        engine: The engine.
        transaction: What is read and written.
        join: Called with what logs the changes, to say whose they are.

    Attributes:
        changes: What logs the changes of all its units; None while nothing was written, or nothing is logged.
    """

    def __init__(
        self, engine: Engine, transaction: OpenTransaction, join: Callable[[ChangeRecorder], None] | None
    ) -> None:
        vars(self).update(vars(engine))
        self.changes: ChangeRecorder | None = None
        self._join = join
        self._catalog_listeners = []
        self._transaction = transaction
        self._original: Catalog | None = None

    def read(self) -> AbstractContextManager[ReadUnit]:
        """Read what the transaction sees."""
        return _Unit(self._transaction.read(), lambda reader: ReadUnit(reader, self.catalog_of(reader)))

    @contextmanager
    def write(self, operation: Operation) -> Iterator[WriteUnit]:
        """Run the block as a part of the transaction; what it has done stays when it raises.

        Raises:
            ServerError: WriteConflict (112); NoSuchTransaction (251).
        """
        transaction = self._transaction.write(operation.check_interrupt)
        with _Unit(transaction, self._write_unit) as unit:
            yield unit
        self._take(unit.catalog)
        self.changes = unit.changes

    def _write_unit(self, writer: Writer) -> WriteUnit:
        unit = WriteUnit(writer, self.catalog_of(writer), self.change_log, self._original)
        if self.changes is not None:
            unit.changes = self.changes
        elif unit.changes is not None and self._join is not None:
            self._join(unit.changes)
        return unit

    def catalog_of(self, reader: Reader) -> Catalog:
        """Return the catalog that belongs to the transaction, and remember the first."""
        catalog = super().catalog_of(reader)
        if self._original is None:
            self._original = catalog
        return catalog


class _Unit(Generic[AnyReader, AnyUnit]):
    """A unit of work: a transaction of the storage whose failures become the errors that clients see."""

    __slots__ = ("_make", "_transaction")

    def __init__(self, transaction: AbstractContextManager[AnyReader], make: Callable[[AnyReader], AnyUnit]) -> None:
        self._transaction = transaction
        self._make = make

    def __enter__(self) -> AnyUnit:
        try:
            reader = self._transaction.__enter__()
        except StorageError as error:
            raise server_error(error) from error
        try:
            return self._make(reader)
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._transaction.__exit__(kind, error, trace)
        except StorageError as failure:
            raise server_error(failure) from failure
        if isinstance(error, StorageError):
            raise server_error(error) from error


class _Write(_Unit[Writer, WriteUnit]):
    """A write transaction, which is committed at the end of its block unless that raises."""

    __slots__ = ("_committed", "_history", "_unit")

    def __init__(
        self,
        transaction: AbstractContextManager[Writer],
        make: Callable[[Writer], WriteUnit],
        history: StatementHistory | None,
        committed: Callable[[WriteUnit], None],
    ) -> None:
        super().__init__(transaction, make)
        self._history = history
        self._committed = committed

    def __enter__(self) -> WriteUnit:
        self._unit = unit = super().__enter__()
        if self._history is not None:
            self._guarded(self._history.load)
        return unit

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            super().__exit__(kind, error, trace)
            return
        if self._history is not None:
            self._guarded(self._history.save)
        if self._unit.changes is not None:
            self._guarded(lambda _writer: self._unit.finish())
        super().__exit__(None, None, None)
        self._committed(self._unit)

    def _guarded(self, step: Callable[[Writer], None]) -> None:
        """Take a step that belongs to the transaction, though not to the block."""
        try:
            step(self._unit.writer)
        except BaseException as error:
            super().__exit__(type(error), error, error.__traceback__)
            raise


def server_error(error: StorageError) -> ServerError:
    """Return a storage failure as a MongoDB server reports it."""
    for cls, code in _CODES:
        if isinstance(error, cls):
            return ServerError(code, str(error))
    return ServerError(ErrorCode.OperationFailed, str(error))


_CODES: tuple[tuple[type[StorageError], ErrorCode], ...] = (
    (StorageFullError, ErrorCode.OutOfDiskSpace),
    (ReadOnlyStorageError, ErrorCode.IllegalOperation),
    (WrongKeyError, ErrorCode.AuthenticationFailed),
    (StorageInUseError, ErrorCode.ConflictingOperationInProgress),
    (NotADatabaseError, ErrorCode.DataCorruptionDetected),
    (DamagedStorageError, ErrorCode.DataCorruptionDetected),
    (UnreachableStorageError, ErrorCode.FileNotOpen),
    (NewerFormatError, ErrorCode.UnsupportedFormat),
    (WriteConflictError, ErrorCode.WriteConflict),
    (TransactionLostError, ErrorCode.NoSuchTransaction),
)
