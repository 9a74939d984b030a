"""Logical sessions: who they are, when they were used last, and the transaction that each has."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from bson import Binary
from bson.datetime_ms import DatetimeMS

from satchel.engine.reaper import Reaper
from satchel.engine.retryable import too_old
from satchel.engine.snapshots import SnapshotHistory
from satchel.engine.transactions import Transaction, TransactionState
from satchel.errors import ErrorCode, ServerError
from satchel.settings import SESSION_TIMEOUT_MINUTES
from satchel.values.bson_types import Document

if TYPE_CHECKING:
    from satchel.engine.engine import Engine
    from satchel.engine.operation import Operation

_NO_TRANSACTION: Final = -1


def user_digest(user: str) -> bytes:
    """Return what stands in a session's id for its user, given as `name@database`; empty for nobody."""
    return hashlib.sha256(user.encode()).digest()


NOBODY: Final = user_digest("")


class SessionId(NamedTuple):
    """What tells a session from all others.

    Attributes:
        id: The UUID that the client has chosen, 16 bytes.
        user: The digest of the user that it belongs to, 32 bytes.
    """

    id: bytes
    user: bytes = NOBODY

    @property
    def key(self) -> bytes:
        """The id as one value."""
        return self.id + self.user

    def to_bson(self) -> Document:
        """Return it as `$listSessions` shows it."""
        return {"id": Binary(self.id, 4), "uid": Binary(self.user)}

    def __str__(self) -> str:
        return f"{uuid.UUID(bytes=self.id)} - {base64.b64encode(self.user).decode()}"


class Session:
    """A session that is in use.

    Attributes:
        used_ms: When it was last used, in milliseconds since 1970.
        txn_number: The newest transaction number, of a retryable write or a transaction.
        transaction: The transaction of this number; None when the number is a retryable write's.
    """

    __slots__ = ("id", "transaction", "txn_number", "used_ms")

    def __init__(self, session_id: SessionId) -> None:
        self.id = session_id
        self.used_ms = 0
        self.txn_number = _NO_TRANSACTION
        self.transaction: Transaction | None = None

    @property
    def is_in_transaction(self) -> bool:
        """Whether it has a transaction in progress."""
        return self.transaction is not None and self.transaction.is_in_progress


@dataclass(slots=True)
class TransactionTotals:
    """What has become of transactions and retryable writes since the file was opened.

    Attributes:
        started: Transactions that have begun.
        committed: Those that were committed after that.
        aborted: Those that were not.
        retried_commands: Retryable writes of which something had been done before.
        retried_statements: The statements that were not done again.
    """

    started: int = 0
    committed: int = 0
    aborted: int = 0
    retried_commands: int = 0
    retried_statements: int = 0


class SessionRegistry:
    """The sessions that this process knows, until they have not been used for half an hour.

    Args:
        engine: The engine that they are of.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions: dict[SessionId, Session] = {}
        self._lock = threading.RLock()
        self._swept_at = time.monotonic()
        self.totals = TransactionTotals()
        self.reaper = Reaper()
        self.snapshots = SnapshotHistory(engine, self.reaper)

    def use(self, session_id: SessionId) -> Session:
        """Return a session, which is used now; it is made when it is new."""
        self._sweep()
        session = self._sessions.get(session_id)
        if session is None:
            with self._lock:
                session = self._sessions.setdefault(session_id, Session(session_id))
        session.used_ms = time.time_ns() // 1_000_000
        return session

    def write(self, session: Session, txn_number: int) -> None:
        """Take note of a retryable write; a transaction of a smaller number ends with it.

        Raises:
            ServerError: TransactionTooOld (225); InvalidOptions (72) when the number is a transaction's.
        """
        if txn_number == session.txn_number and session.transaction is not None:
            raise ServerError(
                ErrorCode.InvalidOptions,
                "Must specify autocommit=false on all operations of a multi-statement transaction.",
            )
        self._advance(session, txn_number, None)

    def begin(self, session: Session, txn_number: int) -> Transaction:
        """Begin a transaction; an earlier one of the session that is in progress is aborted.

        Raises:
            ServerError: TransactionTooOld (225); ConflictingOperationInProgress (117) when the number is in use.
        """
        if txn_number == session.txn_number:
            raise ServerError(
                ErrorCode.ConflictingOperationInProgress,
                "Only servers in a sharded cluster can start a new transaction at the active transaction number",
            )
        if txn_number < session.txn_number:
            raise too_old(txn_number, session.id, session.txn_number)
        transaction = Transaction(self._engine, session.id, txn_number)
        self._advance(session, txn_number, transaction)
        with self._lock:
            self.totals.started += 1
        self.reaper.watch(transaction)
        return transaction

    def ended(self, transaction: Transaction) -> None:
        """Take note of a transaction that was committed or aborted."""
        self.reaper.forget(transaction)
        self._engine.cursors.forget_those(transaction.session, transaction.number)
        with self._lock:
            if transaction.state is TransactionState.COMMITTED:
                self.totals.committed += 1
            else:
                self.totals.aborted += 1

    def retried(self, statements: int) -> None:
        """Take note of a retryable write that has come again."""
        with self._lock:
            self.totals.retried_commands += 1
            self.totals.retried_statements += statements

    def open_transactions(self) -> list[Transaction]:
        """Return the transactions that are in progress."""
        found = [session.transaction for session in list(self._sessions.values())]
        return [each for each in found if each is not None and each.is_in_progress]

    def transaction(self, session: Session, txn_number: int) -> Transaction:
        """Return the transaction that a command goes on with.

        Raises:
            ServerError: NoSuchTransaction (251), TransactionTooOld (225).
        """
        if txn_number < session.txn_number:
            raise too_old(txn_number, session.id, session.txn_number)
        if txn_number > session.txn_number or session.transaction is None:
            raise ServerError(
                ErrorCode.NoSuchTransaction,
                f"Given transaction number {txn_number} does not match any in-progress transactions. The active "
                f"transaction number is {session.txn_number}",
            )
        return session.transaction

    def _advance(self, session: Session, txn_number: int, transaction: Transaction | None) -> None:
        with self._lock:
            if txn_number == session.txn_number and transaction is None:
                return
            if txn_number <= session.txn_number:
                raise too_old(txn_number, session.id, session.txn_number)
            previous = session.transaction
            session.txn_number, session.transaction = txn_number, transaction
        if previous is not None:
            previous.abort()

    def end(self, session_id: SessionId, by: Operation | None = None) -> None:
        """End a session, with its transaction, its cursors and what runs in it (but not the command that ends it)."""
        with self._lock:
            session = self._sessions.pop(session_id, None)
        for operation in list(self._engine.operations.values()):
            if operation.session == session_id and operation is not by:
                operation.killed = ErrorCode.Interrupted
                self._engine.data_watch.announce()
        if session is not None and session.transaction is not None:
            session.transaction.abort()
        self._engine.cursors.forget_those(session_id)

    def end_those(self, matches: Callable[[SessionId], bool], by: Operation | None = None) -> None:
        """End the sessions that `matches` says yes to."""
        for session_id in list(self._sessions):
            if matches(session_id):
                self.end(session_id, by)

    def listing(self, matches: Callable[[SessionId], bool]) -> Iterable[Document]:
        """Return the sessions that `matches` says yes to, as `$listSessions` shows them."""
        return [
            {"_id": session.id.to_bson(), "lastUse": DatetimeMS(session.used_ms)}
            for session in list(self._sessions.values())
            if matches(session.id)
        ]

    def __len__(self) -> int:
        return len(self._sessions)

    def clear(self) -> None:
        """End every session and every snapshot, because the file is about to be closed."""
        self.end_those(lambda _session_id: True)
        self.snapshots.clear()
        self.reaper.close()

    def _sweep(self) -> None:
        """End sessions that were not used for half an hour; looked at no more than once in ten seconds."""
        now = time.monotonic()
        if now - self._swept_at < 10.0:
            return
        self._swept_at = now
        oldest_ms = time.time_ns() // 1_000_000 - SESSION_TIMEOUT_MINUTES * 60_000
        for session in list(self._sessions.values()):
            if session.used_ms < oldest_ms and not session.is_in_transaction:
                self.end(session.id)
