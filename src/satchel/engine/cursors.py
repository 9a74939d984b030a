"""Server-side cursors: results that a client takes batch by batch."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING

from satchel.engine.execution.slot import ReadSlot
from satchel.engine.namespaces import Namespace
from satchel.engine.operation import Operation
from satchel.errors import ErrorCode, ServerError
from satchel.settings import MAX_BATCH_BYTES, Limits
from satchel.values.bson_types import Document

if TYPE_CHECKING:
    from satchel.engine.engine import Engine
    from satchel.engine.sessions import SessionId


@dataclass(slots=True, eq=False)
class Cursor:
    """A result that is under way.

    Attributes:
        documents: The documents still to come, as BSON; a tailable cursor's yields None where there are no more yet.
        slot: Where the scans under `documents` find their snapshot; a command attaches one while it runs.
        check_alive: Raises QueryPlanKilled (175) when what the cursor reads is gone; the snapshot is attached.
        tailable: Whether the cursor stays open at the end of its data.
        await_data: Whether a getMore at the end waits for more.
        no_timeout: Whether it is kept however long it is idle.
        operation: The command that opened it, which its documents belong to; None for a listing.
        rights: Whose it is and what they have the right to; only commands know what that means.
        engine: What it reads: the engine, or the engine as its transaction or snapshot sees it.
        session: The session that it was opened in, or None.
        txn_number: The number of the transaction that it was opened in, or None.
        any_session: Whether it may be continued in any session: a driver's short cut has opened it outside of one.
        seconds_left: What is left of that command's time limit for all getMore together; None without a limit.
    """

    namespace: Namespace
    documents: Iterator[bytes | None]
    slot: ReadSlot
    id: int = 0
    check_alive: Callable[[], None] | None = None
    tailable: bool = False
    await_data: bool = False
    no_timeout: bool = False
    operation: Operation | None = None
    rights: object = None
    seconds_left: float | None = None
    engine: Engine | None = None
    session: SessionId | None = None
    txn_number: int | None = None
    any_session: bool = False
    in_use: bool = False
    exhausted: bool = False
    is_killed: bool = False
    used_at: float = field(default_factory=time.monotonic)
    _put_back: bytes | None = None

    def check_session(self, operation: Operation) -> None:
        """Refuse a getMore that is not of the session and the transaction in which the cursor was opened.

        Raises:
            ServerError: Location50736 to 50741, as MongoDB has one for each case.
        """
        if operation.session != self.session and not self.any_session:
            raise _foreign("session", 50736, self.id, self.session, operation.session)
        if operation.txn_number != self.txn_number:
            raise _foreign("transaction", 50739, self.id, self.txn_number, operation.txn_number)

    @contextmanager
    def continued(self, operation: Operation) -> Iterator[None]:
        """Let a getMore go on with the cursor: under its own time limit, or what is left of the first command's.

        Raises:
            ServerError: MaxTimeMSExpired (50), when nothing is left.
        """
        if self.operation is None:
            yield
            return
        if self.seconds_left is not None:
            operation.deadline = time.monotonic() + self.seconds_left
        operation.check_interrupt()
        self.operation.successor = operation
        if self.is_killed:
            operation.killed = ErrorCode.CursorKilled
        try:
            yield
        finally:
            self.operation.successor = None
            self.seconds_left = operation.seconds_left if self.seconds_left is not None else None

    def next_batch(self, limit: int, most_bytes: int = MAX_BATCH_BYTES, least_documents: int = 1) -> list[bytes]:
        """Take up to `limit` documents, and no more than so many bytes of them (but a few, however large they are).

        Afterwards `exhausted` says whether it is known that there are no more.
        """
        if not limit:
            return []
        batch: list[bytes] = []
        total = 0
        for document in islice(self._upcoming(), limit):
            if document is None:
                return batch
            total += len(document)
            if total > most_bytes and len(batch) >= least_documents:
                self._put_back = document
                return batch
            batch.append(document)
        if len(batch) < limit:
            self.exhausted = not self.tailable
        return batch

    def _upcoming(self) -> Iterator[bytes | None]:
        if self._put_back is None:
            return self.documents
        first, self._put_back = self._put_back, None
        return chain((first,), self.documents)

    def note_reader(self, engine: Engine, operation: Operation) -> None:
        """Note that somebody reads on."""

    def error_labels(self, code: int) -> tuple[str, ...]:
        """Return the labels of an error that ends the cursor."""
        return ()

    def reply_fields(self) -> Document | None:
        """Return what a reply says of the cursor beside its batch."""
        return None

    def peek_exhausted(self) -> bool:
        """Tell whether nothing is left, by looking for one more document."""
        if self._put_back is None and not self.exhausted:
            self._put_back = next(self.documents, None)
            self.exhausted = self._put_back is None and not self.tailable
        return self.exhausted and self._put_back is None


def _foreign(kind: str, first_code: int, cursor_id: int, own: object, given: object) -> ServerError:
    """Return the error for a cursor of another session or transaction (`kind`); the codes of a kind are in a row."""
    if own is None:
        return ServerError(
            first_code,
            f"Cannot run getMore on cursor {cursor_id}, which was not created in a {kind}, in {kind} {given}",
        )
    created = f"Cannot run getMore on cursor {cursor_id}, which was created in {kind} {own}"
    if given is None:
        return ServerError(first_code + 1, f"{created}, without {'an lsid' if kind == 'session' else 'a txnNumber'}")
    return ServerError(first_code + 2, f"{created}, in {kind} {given}")


class CursorRegistry:
    """The open cursors of a file.

    Args:
        limits: How long cursors may be idle.
        on_interrupt: Called when the getMore that has a cursor was told to end, so that it does not wait any longer.
    """

    def __init__(self, limits: Limits, on_interrupt: Callable[[], None]) -> None:
        self._limits = limits
        self._on_interrupt = on_interrupt
        self._cursors: dict[int, Cursor] = {}
        self._lock = threading.RLock()  # garbage collection may forget a cursor in the midst of another call
        self._swept_at = time.monotonic()
        self.opened_total = 0
        self.timed_out_total = 0

    def register(self, cursor: Cursor) -> int:
        """Give a cursor an id and keep it until it is exhausted, killed or timed out."""
        self._sweep()
        with self._lock:
            while not cursor.id or cursor.id in self._cursors:
                cursor.id = random.getrandbits(62) + 1
            self._cursors[cursor.id] = cursor
            self.opened_total += 1
        return cursor.id

    def get(self, cursor_id: int) -> Cursor | None:
        """Return an open cursor, or None."""
        return self._cursors.get(cursor_id)

    def check_out(self, cursor_id: int, namespace: Namespace) -> Cursor:
        """Take a cursor for one getMore; `check_in` or `forget` gives it back.

        Raises:
            ServerError: CursorNotFound (43); CursorInUse (143); Unauthorized (13) for another namespace's cursor.
        """
        self._sweep()
        with self._lock:
            cursor = self._cursors.get(cursor_id)
            if cursor is None:
                raise ServerError(ErrorCode.CursorNotFound, f"cursor id {cursor_id} not found")
            if cursor.namespace != namespace:
                raise ServerError(
                    ErrorCode.Unauthorized,
                    f"Requested getMore on namespace '{namespace}', but cursor belongs to a different namespace "
                    f"{cursor.namespace}",
                )
            if cursor.in_use:
                raise ServerError(ErrorCode.CursorInUse, f"cursor id {cursor_id} is already in use")
            cursor.in_use = True
            return cursor

    def check_in(self, cursor: Cursor) -> None:
        """Give back a cursor that has more to tell."""
        cursor.used_at = time.monotonic()
        cursor.in_use = False

    def forget(self, cursor_id: int) -> Cursor | None:
        """Remove a cursor and return it, or None when there is none of that id. Never blocks for long."""
        with self._lock:
            return self._cursors.pop(cursor_id, None)

    def kill(self, cursor_id: int, namespace: Namespace) -> bool:
        """Forget a cursor of a namespace, and interrupt the getMore that has it; tell whether there was one."""
        with self._lock:
            cursor = self._cursors.get(cursor_id)
            if cursor is None or cursor.namespace != namespace:
                return False
            del self._cursors[cursor_id]
            self._interrupt(cursor)
            return True

    def abandon(self, cursor_id: int) -> None:
        """Forget a cursor whose client is not interested any more, and interrupt the getMore that has it."""
        cursor = self.forget(cursor_id)
        if cursor is not None:
            self._interrupt(cursor)

    def _interrupt(self, cursor: Cursor) -> None:
        cursor.is_killed = True
        running = cursor.operation.successor if cursor.operation is not None else None
        if running is not None:
            running.killed = ErrorCode.CursorKilled
            self._on_interrupt()

    def forget_those(self, session: SessionId, txn_number: int | None = None) -> None:
        """Remove the cursors of a session, or only those of one of its transactions."""
        with self._lock:
            for cursor in list(self._cursors.values()):
                if cursor.session == session and (txn_number is None or cursor.txn_number == txn_number):
                    del self._cursors[cursor.id]

    def idle(self) -> list[Cursor]:
        """Return the cursors that no getMore has at the moment."""
        with self._lock:
            return [cursor for cursor in self._cursors.values() if not cursor.in_use]

    def clear(self) -> None:
        """Forget every cursor."""
        with self._lock:
            self._cursors.clear()

    def __len__(self) -> int:
        return len(self._cursors)

    def _sweep(self) -> None:
        """Forget cursors that have been idle for too long; looked at no more than once a second."""
        now = time.monotonic()
        if now - self._swept_at < 1.0:
            return
        self._swept_at = now
        with self._lock:
            for cursor in list(self._cursors.values()):
                idle = now - cursor.used_at
                if idle > self._limits.cursor_timeout_seconds and not cursor.in_use and not cursor.no_timeout:
                    del self._cursors[cursor.id]
                    self.timed_out_total += 1
