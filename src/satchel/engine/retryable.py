"""Retryable writes: what the statements of a session's last write have done is on record, and done once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from bson import Int64

from satchel.errors import ErrorCode, ServerError
from satchel.settings import SESSION_TIMEOUT_MINUTES
from satchel.values.bson_types import BsonValue, Document, decode_document, encode_document

if TYPE_CHECKING:
    from satchel.engine.sessions import SessionId
    from satchel.storage.interface import Reader, Writer

_PURGING_FIRST_BYTES: Final = 256 // 16


@dataclass(slots=True)
class SessionRecord:
    """What the file keeps of a session: its newest transaction number and what was done under it.

    Attributes:
        txn_number: The number.
        results: What statements of a retryable write have done, by their statement ids.
        is_committed: Whether it was a multi-document transaction, which has been committed.
    """

    txn_number: int
    results: dict[int, Document] = field(default_factory=dict)
    is_committed: bool = False

    def to_bson(self) -> bytes:
        """Return the form that the file has; statements in a row that did the same stand there once."""
        runs: list[tuple[int, int, Document]] = []
        for statement, result in sorted(self.results.items()):
            if runs and runs[-1][1] == statement - 1 and runs[-1][2] == result:
                runs[-1] = (runs[-1][0], statement, result)
            else:
                runs.append((statement, statement, result))
        document: Document = {"txnNumber": Int64(self.txn_number)}
        if self.is_committed:
            document["committed"] = True
        else:
            document["statements"] = [list(run) for run in runs]
        return encode_document(document)

    @classmethod
    def from_bson(cls, bson: bytes) -> SessionRecord:
        """Read the form that the file has."""
        document = decode_document(bson)
        record = cls(int(cast("int", document["txnNumber"])), is_committed=bool(document.get("committed")))
        for first, last, result in cast("list[tuple[int, int, Document]]", document.get("statements", [])):
            for statement in range(first, last + 1):
                record.results[statement] = result
        return record


def read_record(reader: Reader, session: SessionId) -> SessionRecord | None:
    """Return what the file keeps of a session, or None."""
    bson = reader.session_record(session.key)
    return None if bson is None else SessionRecord.from_bson(bson)


def save_record(writer: Writer, session: SessionId, record: SessionRecord) -> None:
    """Keep a record in the file; every sixteenth new session drops those of sessions that have expired."""
    now_ms = time.time_ns() // 1_000_000
    is_new = writer.session_record(session.key) is None
    writer.put_session_record(session.key, now_ms, record.to_bson())
    if is_new and session.id[0] < _PURGING_FIRST_BYTES:
        writer.delete_session_records(now_ms - SESSION_TIMEOUT_MINUTES * 60_000)


def too_old(txn_number: int, session: SessionId, newest: int) -> ServerError:
    """Return the error for a transaction number that a session has left behind."""
    return ServerError(
        ErrorCode.TransactionTooOld,
        f"Cannot start transaction {txn_number} on session {session} because a newer transaction {newest} has already "
        "started.",
    )


class StatementHistory:
    """The statements of one retryable write: which are done already, and what they do.

    Args:
        session: The session.
        txn_number: The write's number in it.
        ids: The statement ids that the client gives; an empty list stands for 0, 1, 2, …
    """

    def __init__(self, session: SessionId, txn_number: int, ids: Sequence[int] = ()) -> None:
        self._session = session
        self._txn_number = txn_number
        self._ids = ids
        self._results: dict[int, Document] = {}
        self._is_changed = False
        self.retried: list[int] = []

    def load(self, writer: Writer) -> None:
        """Read what was done before, in the transaction that goes on with it.

        Raises:
            ServerError: TransactionTooOld (225); InvalidOptions (72) when the number is that of a multi-document
                transaction.
        """
        self._results, self.retried = {}, []
        record = read_record(writer, self._session)
        if record is None or record.txn_number < self._txn_number:
            return
        if record.txn_number > self._txn_number:
            raise too_old(self._txn_number, self._session, record.txn_number)
        if record.is_committed:
            raise ServerError(
                ErrorCode.InvalidOptions,
                "Must specify autocommit=false on all operations of a multi-statement transaction.",
            )
        self._results = record.results

    def save(self, writer: Writer) -> None:
        """Put on record what was done, in the transaction that did it."""
        if self._is_changed:
            save_record(writer, self._session, SessionRecord(self._txn_number, self._results))

    def pending(self, count: int) -> list[int]:
        """Return which of the first `count` statements are not done yet; the others count as retried."""
        done = {index for index in range(count) if self._id(index) in self._results}
        self.retried = sorted({*self.retried, *(self._id(index) for index in done)})
        return [index for index in range(count) if index not in done]

    def add(self, index: int, result: Mapping[str, BsonValue]) -> None:
        """Note what a statement has done."""
        self._results[self._id(index)] = dict(result)
        self._is_changed = True

    def once(self, index: int, run: Callable[[], Document]) -> Document:
        """Return what a statement did before, or what it does now."""
        done = self._results.get(self._id(index))
        if done is not None:
            self.retried.append(self._id(index))
            return done
        result = run()
        self.add(index, result)
        return result

    def _id(self, index: int) -> int:
        return self._ids[index] if self._ids else index
