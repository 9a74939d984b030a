"""One collection in one write transaction: records and index keys change together, here and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from satchel.engine.catalog import ID_INDEX, CollectionEntry, IndexEntry
from satchel.engine.execution.match import Match, documents_of
from satchel.engine.indexes.keys import KeyGenerator, key_generator
from satchel.engine.namespaces import is_system
from satchel.engine.units import WriteUnit
from satchel.engine.writes.documents import check_size
from satchel.engine.writes.parts import parts
from satchel.errors import DuplicateKeyError, ErrorCode, ServerError
from satchel.mql.update import Update
from satchel.storage.interface import IndexRow, NewRecord
from satchel.values.bson_types import Document, encode_document
from satchel.values.shell_text import shell_text

Prepared: TypeAlias = tuple[bytes, bytes, Document]
"""A document ready to be stored: KeyString of `_id`, BSON, decoded (see `prepare_insert`)."""


_KEYS_AT_ONCE: Final = 20_000


class Doomed(NamedTuple):
    """Record ids that are to be deleted, and for each secondary index the rows that lead to them."""

    rids: list[int]
    rows: list[list[IndexRow]]


class CollectionWriter:
    """Writes to one collection.

    Args:
        unit: The write transaction.
        entry: The collection, as the transaction's catalog has it.

    Raises:
        ServerError: OperationNotSupportedInTransaction (263) for a capped collection in a multi-document transaction.
    """

    def __init__(self, unit: WriteUnit, entry: CollectionEntry) -> None:
        if unit.original is not None and entry.capped:
            raise ServerError(
                ErrorCode.OperationNotSupportedInTransaction,
                f"Collection '{entry.namespace}' is a capped collection. Writes in transactions are not allowed on "
                "capped collections.",
            )
        self._unit = unit
        self._writer = unit.writer
        self._changes = unit.changes
        if unit.changes is not None and is_system(entry.namespace.collection):
            self._changes = None
        self.entry = entry
        self._generators = _generators(entry)
        self._next_rid = 0
        self._pending: dict[str, list[IndexRow]] = defaultdict(list)

    def insert(self, documents: Sequence[Prepared]) -> None:
        """Add documents, all or none.

        Raises:
            ServerError: DuplicateKey (11000), or what an index has against a document.
        """
        with self._undone_on_error():
            self.insert_unguarded(documents)
        self.trim()

    @contextmanager
    def _undone_on_error(self) -> Iterator[None]:
        """Undo, when the block raises, what it has written, a mark in the catalog included."""
        try:
            with self._writer.savepoint():
                yield
        except BaseException:
            self._unit.reload()
            self.entry = self._unit.catalog.get(self.entry.namespace) or self.entry
            self._next_rid = 0
            raise

    def insert_unguarded(self, documents: Sequence[Prepared]) -> None:
        """Add documents; after an error the transaction has to be rolled back.

        Raises:
            ServerError: DuplicateKey (11000), or what an index has against a document.
        """
        records = self._insert_records(documents)
        for index, generator in self._generators:
            self._insert_keys(index, generator, records, self._rows(index, generator, records))
        if self._changes is not None:
            self._changes.inserted(self.entry, records)

    @contextmanager
    def deferring_keys(self) -> Iterator[None]:
        """Have those indexes that refuse no key get the keys of `insert_part` at the end of the block, in key order.

        So each page of an index is written once. The block must not read the collection.
        """
        try:
            yield
        except ServerError:
            self._insert_pending()
            raise
        self._insert_pending()

    def insert_part(self, documents: Sequence[Prepared]) -> None:
        """Add documents, all or none, within a block of `deferring_keys`.

        Raises:
            ServerError: DuplicateKey (11000), or what an index has against a document.
        """
        if self.entry.capped or self._unit.is_in_transaction:
            self.insert(documents)
            return
        later: list[tuple[IndexEntry, list[IndexRow]]] = []
        with self._undone_on_error():
            records = self._insert_records(documents)
            for index, generator in self._generators:
                rows = self._rows(index, generator, records)
                if index.unique:
                    self._insert_keys(index, generator, records, rows)
                else:
                    later.append((index, rows))
            if self._changes is not None:
                self._changes.inserted(self.entry, records)
        for index, rows in later:
            pending = self._pending[index.table]
            pending += rows
            if len(pending) >= _KEYS_AT_ONCE:
                self._insert_pending()

    def _insert_pending(self) -> None:
        for table, rows in self._pending.items():
            rows.sort()
            self._writer.insert_keys(table, rows)
        self._pending.clear()

    def _insert_records(self, documents: Sequence[Prepared]) -> list[NewRecord]:
        try:
            if len(documents) == 1:
                first = self._writer.add(self.entry.table, *documents[0])
                records = [NewRecord(first, *documents[0])]
            else:
                first = self._next_rid or self._writer.last_rid(self.entry.table) + 1
                records = [
                    NewRecord(rid, key, bson, document) for rid, (key, bson, document) in enumerate(documents, first)
                ]
                self._writer.insert(self.entry.table, records)
        except DuplicateKeyError as error:
            document = next(document for key, _, document in documents if key == error.key)
            raise duplicate_key_error(self.entry, ID_INDEX, {"_id": document["_id"]}) from error
        self._next_rid = first + len(documents)
        return records

    def _insert_keys(
        self, index: IndexEntry, generator: KeyGenerator, records: Sequence[NewRecord], rows: list[IndexRow]
    ) -> None:
        rows.sort()
        try:
            self._writer.insert_keys(index.table, rows)
        except DuplicateKeyError as error:
            document = _owner(records, generator, error.key)
            raise duplicate_key_error(self.entry, index, generator.key_value(document, error.key)) from error

    def replace(self, rid: int, old: Document, new: Document, update: Update | None = None) -> bytes:
        """Put `new`, which an update made of `old`, in the place of it, and return its BSON.

        Raises:
            ServerError: DuplicateKey (11000), BSONObjectTooLarge (10334), or what an index has against the document.
        """
        if not self.entry.has_unique_index:
            return self.replace_unguarded(rid, old, new, update)
        with self._undone_on_error():
            return self.replace_unguarded(rid, old, new, update)

    def replace_unguarded(self, rid: int, old: Document, new: Document, update: Update | None = None) -> bytes:
        """Do what `replace` does; after an error the transaction has to be rolled back."""
        bson = encode_document(new)
        check_size(bson)
        self._replace(rid, old, new, bson)
        if self._changes is not None:
            self._changes.updated(self.entry, old, bson, update.delta(old, new) if update is not None else None)
        return bson

    def _replace(self, rid: int, old: Document, new: Document, bson: bytes) -> None:
        changes = [
            (index, generator, generator.keys(old), self._keys(index, generator, new))
            for index, generator in self._generators
            if not generator.is_untouched(old, new)
        ]
        self._writer.replace(self.entry.table, rid, bson, new)
        for index, generator, before, after in changes:
            if before == after:
                continue
            old_keys, new_keys = set(before), set(after)
            self._writer.delete_keys(index.table, [(key, rid) for key in before if key not in new_keys])
            try:
                self._writer.insert_keys(index.table, [(key, rid) for key in after if key not in old_keys])
            except DuplicateKeyError as error:
                raise duplicate_key_error(self.entry, index, generator.key_value(new, error.key)) from error

    def delete(self, matches: Iterable[Match]) -> None:
        """Remove documents."""
        if self._changes is None:
            self.remove(self.doomed(matches))
            return
        for part in parts(matches, _size_bytes):
            documents = documents_of(part)
            self._changes.deleted(self.entry, documents)
            decoded = zip(part, documents, strict=True)
            self.remove(self.doomed([match._replace(decoded=document) for match, document in decoded]))

    def doomed(self, matches: Iterable[Match]) -> Doomed:
        """Note what a delete has to remove; the documents themselves need not be kept."""
        found = Doomed([], [[] for _ in self._generators])
        for part in parts(matches, _size_bytes):
            rids = [match.rid for match in part]
            found.rids.extend(rids)
            documents = documents_of(part) if self._generators else []
            for (_, generator), rows in zip(self._generators, found.rows, strict=True):
                keys = generator.plain_keys(documents)
                for rid, document, plain in zip(rids, documents, keys, strict=True):
                    if plain is not None:
                        rows.append((plain, rid))
                    else:
                        rows.extend((key, rid) for key in generator.keys(document))
        return found

    def remove(self, doomed: Doomed) -> None:
        """Remove what `doomed` has noted."""
        self._writer.delete(self.entry.table, doomed.rids)
        for (index, _), rows in zip(self._generators, doomed.rows, strict=True):
            rows.sort()
            self._writer.delete_keys(index.table, rows)

    def delete_records(self, records: Iterable[tuple[int, bytes]]) -> None:
        """Remove documents, given by record id and BSON."""
        if self.needs_documents_to_delete:
            self.delete(Match(rid, bson, None) for rid, bson in records)
        else:
            self._writer.delete(self.entry.table, [rid for rid, _ in records])

    @property
    def logs_changes(self) -> bool:
        """Whether a change stream is to be told of what is written."""
        return self._changes is not None

    @property
    def needs_documents_to_delete(self) -> bool:
        """Whether `delete` looks at the documents at all."""
        return bool(self._generators) or self._changes is not None

    def _rows(self, index: IndexEntry, generator: KeyGenerator, records: Sequence[NewRecord]) -> list[IndexRow]:
        rows: list[IndexRow] = []
        keys = generator.plain_keys([record.document for record in records])
        for (rid, _, _, document), plain in zip(records, keys, strict=True):
            if plain is not None:
                rows.append((plain, rid))
            else:
                rows.extend((key, rid) for key in self._keys(index, generator, document))
        return rows

    def _keys(self, index: IndexEntry, generator: KeyGenerator, document: Document) -> list[bytes]:
        keys = generator.keys(document)
        if not index.multikey and generator.is_multikey(document):
            self._mark_multikey(index)
        return keys

    def _mark_multikey(self, index: IndexEntry) -> None:
        """Remember that the index has met an array; the planner must know before anybody reads."""
        current = self.entry.index(index.name)
        if current is not None and not current.multikey:
            self.entry = self.entry.with_index(replace(current, multikey=True))
            self._unit.save(self.entry)

    def trim(self) -> None:
        """Let the oldest documents of a capped collection go until it fits; the newest stays, whatever its size."""
        if not self.entry.capped:
            return
        documents, size_bytes = self._writer.totals(self.entry.table)
        max_documents = self.entry.capped_max_documents or documents
        from_the_oldest = []
        records = self._writer.scan(self.entry.table)
        while documents > 1 and (documents > max_documents or size_bytes > self.entry.capped_size_bytes):
            rid, bson, _ = next(records)
            from_the_oldest.append((rid, bson))
            documents -= 1
            size_bytes -= len(bson)
        changes, self._changes = self._changes, None  # Nobody deleted them: no change stream tells of it.
        self.delete_records(from_the_oldest)
        self._changes = changes


@lru_cache(maxsize=1024)
def _generators(entry: CollectionEntry) -> Sequence[tuple[IndexEntry, KeyGenerator]]:
    return [(index, key_generator(index)) for index in entry.secondary_indexes]


def _size_bytes(match: Match) -> int:
    return len(match.bson)


def _owner(records: Sequence[NewRecord], generator: KeyGenerator, key: bytes) -> Document:
    return next(record.document for record in reversed(records) if key in generator.keys(record.document))


def duplicate_key_error(entry: CollectionEntry, index: IndexEntry, key_value: Document) -> ServerError:
    """Return the error of a unique index that holds a key already."""
    shown = ", ".join(f"{name}: {shell_text(value)}" for name, value in key_value.items())
    return ServerError(
        ErrorCode.DuplicateKey,
        f"E11000 duplicate key error collection: {entry.namespace} index: {index.name} dup key: {{ {shown} }}",
        details={"keyPattern": dict(index.key_pattern), "keyValue": key_value},
    )
