"""Multi-document transactions: several commands of a session that happen together or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Final

from satchel.engine.operation import Operation
from satchel.engine.retryable import SessionRecord, read_record, save_record, too_old
from satchel.errors import ErrorCode, ServerError, StorageError
from satchel.settings import ABANDONED_TRANSACTION_SECONDS
from satchel.wire.service import ConnectionState

if TYPE_CHECKING:
    from satchel.engine.change_log import ChangeRecorder
    from satchel.engine.engine import Engine, PinnedEngine
    from satchel.engine.sessions import SessionId

_SECONDS_BETWEEN_CHECKS: Final = 0.1


class TransactionState(Enum):
    """How far a transaction is."""

    IN_PROGRESS = "in progress"
    COMMITTED = "committed"
    ABORTED = "aborted"


class Transaction:
    """A transaction of a session; its commands run one at a time, in whichever threads.

    Attributes:
        number: Its number in the session.
        state: How far it is.
    """

    def __init__(self, engine: Engine, session: SessionId, number: int) -> None:
        self.session = session
        self.number = number
        self.state = TransactionState.IN_PROGRESS
        self._lives_until = time.monotonic() + engine.limits.transaction_lifetime_seconds
        self._engine = engine
        self._open = engine.storage.begin()
        self._pinned = engine.pinned(self._open, self._join)
        self._lock = threading.Lock()
        self._running: Operation | None = None
        self._client: ConnectionState | None = None

    @property
    def expires_at(self) -> float:
        """When it is aborted if it is still in progress, as `time.monotonic()` has it: soon, if its client has gone."""
        gone_at = None if self._client is None else self._client.closed_at
        if gone_at is None or not self._open.has_written:
            return self._lives_until
        return min(self._lives_until, gone_at + ABANDONED_TRANSACTION_SECONDS)

    @property
    def is_in_progress(self) -> bool:
        """Whether it is neither committed nor aborted."""
        return self.state is TransactionState.IN_PROGRESS

    @property
    def is_active(self) -> bool:
        """Whether a command of it runs."""
        return self._running is not None

    @contextmanager
    def statement(self, operation: Operation) -> Iterator[PinnedEngine]:
        """Run a command of the transaction, on the engine as it sees it; whatever fails there aborts it.

        Raises:
            ServerError: NoSuchTransaction (251), TransactionCommitted (256).
        """
        self._acquire(operation)
        try:
            self.require_in_progress()
            self._running, self._client = operation, operation.client
            try:
                yield self._pinned
            except BaseException:
                self._end(TransactionState.ABORTED)
                raise
            finally:
                self._running = None
        finally:
            self._lock.release()

    def fail(self) -> None:
        """Abort the transaction from within a statement, which has an answer nevertheless."""
        self._end(TransactionState.ABORTED)

    def commit(self, operation: Operation) -> None:
        """Make everything visible to others; a transaction that is committed already stays so.

        Raises:
            ServerError: NoSuchTransaction (251) after an abort; WriteConflict (112).
        """
        self._acquire(operation)
        try:
            if self.state is TransactionState.COMMITTED:
                if operation.durable:
                    self._engine.storage.sync()
                return
            self.require_in_progress()
            try:
                self._commit(operation)
            except BaseException:
                self._end(TransactionState.ABORTED)
                raise
        finally:
            self._lock.release()

    def _join(self, changes: ChangeRecorder) -> None:
        changes.join_transaction(self.session.to_bson(), self.number)

    def _commit(self, operation: Operation) -> None:
        from satchel.engine.engine import server_error  # noqa: PLC0415 - the engine knows its sessions

        if self._open.has_written:
            with self._pinned.write(operation) as unit:
                record = read_record(unit.writer, self.session)
                if record is not None and record.txn_number >= self.number:
                    raise too_old(self.number, self.session, record.txn_number)
                save_record(unit.writer, self.session, SessionRecord(self.number, is_committed=True))
                unit.finish()
        try:
            self._open.commit()
        except StorageError as error:
            raise server_error(error) from error
        self._end(TransactionState.COMMITTED)
        self._engine.publish(self._pinned)
        if operation.durable:
            self._engine.storage.sync()

    def abort(self, code: ErrorCode = ErrorCode.Interrupted) -> bool:
        """Undo everything, and interrupt the command that runs; tell whether there was something to undo.

        Args:
            code: What the interrupted command fails with.
        """
        if self.state is not TransactionState.IN_PROGRESS:
            return False
        running = self._running
        if running is not None:
            running.killed = code
        with self._lock:
            was_in_progress = self.state is TransactionState.IN_PROGRESS
            if was_in_progress:
                self._end(TransactionState.ABORTED)
        return was_in_progress

    def expire(self) -> None:
        """Abort the transaction because it has been open for too long."""
        self.abort(ErrorCode.TransactionExceededLifetimeLimitSeconds)

    def require_in_progress(self) -> None:
        """Raise unless the transaction can go on.

        Raises:
            ServerError: NoSuchTransaction (251), TransactionCommitted (256).
        """
        if self.state is TransactionState.ABORTED:
            raise ServerError(
                ErrorCode.NoSuchTransaction, f"Transaction with {{ txnNumber: {self.number} }} has been aborted."
            )
        if self.state is TransactionState.COMMITTED:
            raise ServerError(
                ErrorCode.TransactionCommitted, f"Transaction with {{ txnNumber: {self.number} }} has been committed."
            )

    def _end(self, state: TransactionState) -> None:
        if self.state is not TransactionState.IN_PROGRESS:
            return
        self.state = state
        self._engine.sessions.ended(self)
        if state is TransactionState.ABORTED:
            self._open.rollback()

    def _acquire(self, operation: Operation) -> None:
        while not self._lock.acquire(timeout=_SECONDS_BETWEEN_CHECKS):
            operation.check_interrupt()
