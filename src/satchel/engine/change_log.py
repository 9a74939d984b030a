"""The change log: every change is written down in its own transaction, for change streams to read.

It begins with the first change stream on a file, or the first collection with `changeStreamPreAndPostImages`, and ends
when nobody has read it for as long as its entries are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from bson import Binary, Int64
from bson.datetime_ms import DatetimeMS

from satchel.engine.catalog import CollectionEntry
from satchel.engine.cluster_time import ClusterClock, start_of_second
from satchel.engine.namespaces import Namespace
from satchel.settings import (
    CHANGE_LOG_CHECK_SECONDS,
    CHANGE_LOG_MAX_BYTES,
    CHANGE_LOG_RETENTION_SECONDS,
)
from satchel.storage.change_log import ChangeLogWriter, LogEntry
from satchel.storage.interface import NewRecord
from satchel.values.bson_types import BsonValue, Document, encode_document
from satchel.wire.header import INT32

_BYTES_BETWEEN_CHECKS = CHANGE_LOG_MAX_BYTES // 16


class ChangeRecorder:
    """Writes the changes of one transaction into the log.

    Args:
        log: The log in the transaction.
        clock: The file's clock.

    Attributes:
        last: The position of the last change so far, 0 when there is none.
        written_bytes: The size of all entries.
    """

    def __init__(self, log: ChangeLogWriter, clock: ClusterClock) -> None:
        self._log = log
        self._clock = clock
        self._first = 0
        self._transaction: Document | None = None
        self.last = 0
        self.written_bytes = 0

    def join_transaction(self, lsid: Document, txn_number: int) -> None:
        """Make all changes those of one multi-document transaction: they have one cluster time."""
        self._transaction = {"lsid": lsid, "txnNumber": Int64(txn_number)}

    def inserted(self, entry: CollectionEntry, records: Sequence[NewRecord]) -> None:
        """Log new documents."""
        self._append(
            _entry(self._head("insert", entry, record.document["_id"]), {"document": record.bson}) for record in records
        )

    def updated(self, entry: CollectionEntry, old: Document, new_bson: bytes, description: Document | None) -> None:
        """Log that a document has changed.

        Args:
            entry: The collection.
            old: The document before.
            new_bson: The document after.
            description: What of it changed, or None when it is another document altogether.
        """
        images: dict[str, bytes] = {"before": encode_document(old)} if entry.keeps_images else {}
        if description is None:
            head = self._head("replace", entry, old["_id"])
            images["document"] = new_bson
        else:
            head = {**self._head("update", entry, old["_id"]), "description": description}
            if entry.keeps_images:
                images["after"] = new_bson
        self._append([_entry(head, images)])

    def deleted(self, entry: CollectionEntry, documents: Iterable[Document]) -> None:
        """Log that documents are gone."""
        self._append(
            _entry(
                self._head("delete", entry, document["_id"]),
                {"before": encode_document(document)} if entry.keeps_images else {},
            )
            for document in documents
        )

    def catalog_changed(
        self,
        kind: str,
        entry: CollectionEntry,
        description: Document | None = None,
        state_before: Document | None = None,
    ) -> None:
        """Log what happened to a collection or view as a whole.

        Args:
            kind: The `operationType` of the event.
            entry: The collection before; after, where it is new.
            description: The `operationDescription` of the event.
            state_before: Its `stateBeforeChange`.
        """
        head = self._head(kind, entry)
        if description is not None:
            head["description"] = description
        if state_before is not None:
            head["stateBefore"] = state_before
        if entry.is_view:
            head["view"] = True
            del head["uuid"]
        self._append([encode_document(head)])

    def modified(self, entry: CollectionEntry, given: Document, index_options: Document) -> None:
        """Log that a collection has other options.

        Args:
            entry: The collection before.
            given: The fields of the collMod.
            index_options: The options of an index that were changed, as they were before.
        """
        state: Document = {"collectionOptions": {"uuid": Binary.from_uuid(entry.uuid), **entry.options}}
        if index_options:
            state["indexOptions"] = index_options
        self.catalog_changed("modify", entry, given, state)

    def renamed(self, entry: CollectionEntry, target: Namespace, dropped: CollectionEntry | None) -> None:
        """Log a new name.

        Args:
            entry: The collection under its old name.
            target: The new name.
            dropped: The collection that had that name until now.
        """
        to: Document = {"db": target.database, "coll": target.collection}
        description: Document = {"to": to}
        if dropped is not None:
            description["dropTarget"] = Binary.from_uuid(dropped.uuid)
        self._append([encode_document({**self._head("rename", entry), "to": to, "description": description})])

    def database_dropped(self, database: str) -> None:
        """Log that a database is gone; its collections went one by one before."""
        self._append([encode_document({"op": "dropDatabase", "wall": _wall_time(), "db": database})])

    def _head(self, kind: str, entry: CollectionEntry, identifier: BsonValue = None) -> Document:
        head: Document = {
            "op": kind,
            "wall": _wall_time(),
            "db": entry.namespace.database,
            "coll": entry.namespace.collection,
            "uuid": Binary.from_uuid(entry.uuid),
        }
        if kind in DOCUMENT_KINDS:
            head["id"] = identifier
        return head

    def _append(self, entries: Iterable[bytes]) -> None:
        if not self._first:
            self._first = self._clock.next_position(self._log.last_position())
            self.last = self._first - 1
        self._log.append(map(self._placed, entries))

    def _placed(self, entry: bytes) -> LogEntry:
        """Give an entry its place, and say to which transaction it belongs."""
        self.last += 1
        if self._transaction is not None:
            step = Int64(self.last - self._first)
            entry = _joined(entry, encode_document({**self._transaction, "step": step}))
        self.written_bytes += len(entry)
        return LogEntry(self.last, entry)

    def finish(self) -> None:
        """Move the entries up to the present, just before the transaction is committed.

        A transaction may take its time, while others are told times that lie behind its first change.
        """
        present = start_of_second(int(time.time()))
        if self._first and self._first < present:
            self._log.shift(self._first, present - self._first)
            self.last += present - self._first
            self._first = present


DOCUMENT_KINDS = frozenset({"insert", "update", "replace", "delete"})
"""Kinds of entries that are about one document."""


def _wall_time() -> DatetimeMS:
    return DatetimeMS(time.time_ns() // 1_000_000)


def _entry(head: Document, documents: dict[str, bytes]) -> bytes:
    """Return an entry of a head and of documents that are BSON already."""
    elements = [encode_document(head)[4:-1]]
    for name, bson in documents.items():
        elements += (b"\x03", name.encode(), b"\0", bson)
    return _document(b"".join(elements))


def _joined(first: bytes, second: bytes) -> bytes:
    """Return one document with the fields of two."""
    return _document(first[4:-1] + second[4:-1])


def _document(elements: bytes) -> bytes:
    return INT32.pack(len(elements) + 5) + elements + b"\0"


class ChangeLog:
    """The change log of an open file: its clock, and when it is looked after.

    Attributes:
        clock: The file's cluster time.
    """

    def __init__(self) -> None:
        self.clock = ClusterClock()
        self._unchecked_bytes = 0
        self._check_at = 0.0
        self._note_at = 0.0

    def recorder(self, log: ChangeLogWriter) -> ChangeRecorder:
        """Return what writes the changes of a transaction down."""
        return ChangeRecorder(log, self.clock)

    def start(self, log: ChangeLogWriter) -> ChangeRecorder:
        """Begin to log in a transaction."""
        state = log.state()
        log.start(self.clock.next_position(state.lost if state is not None else 0), int(time.time()))
        return self.recorder(log)

    def committed(self, recorder: ChangeRecorder) -> None:
        """Take notice that a transaction's changes are there for everybody."""
        if recorder.last:
            self.clock.reached(recorder.last)

    def look_after(self, log: ChangeLogWriter, recorder: ChangeRecorder, is_needed: Callable[[], bool]) -> bool:
        """Now and then, keep the log within its bounds, or stop it when nobody has read it for long.

        Args:
            log: The log in a transaction that is about to end.
            recorder: What wrote the transaction's changes.
            is_needed: Tells whether the log stays even if nobody reads it.

        Returns:
            Whether the log was stopped.
        """
        self._unchecked_bytes += recorder.written_bytes
        if self._unchecked_bytes < _BYTES_BETWEEN_CHECKS and time.monotonic() < self._check_at:
            return False
        self._unchecked_bytes = 0
        self._check_at = time.monotonic() + CHANGE_LOG_CHECK_SECONDS
        oldest = int(time.time()) - CHANGE_LOG_RETENTION_SECONDS
        state = log.state()
        if state is not None and state.watched_at < oldest and not is_needed():
            log.stop()
            return True
        log.trim(start_of_second(oldest), CHANGE_LOG_MAX_BYTES)
        return False

    @property
    def is_due_to_note(self) -> bool:
        """Whether it is time to write into the file that somebody reads the log."""
        return time.monotonic() >= self._note_at

    def note_watched(self, log: ChangeLogWriter) -> None:
        """Write into the file that somebody reads the log."""
        self._note_at = time.monotonic() + CHANGE_LOG_RETENTION_SECONDS / 24
        log.note_watched(int(time.time()))
