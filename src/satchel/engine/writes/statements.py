"""Inserts, updates and deletes, statement by statement, as the write commands and findAndModify run them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice, repeat
from typing import Final

from bson import ObjectId

from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.match import Match
from satchel.engine.execution.query import QueryRun
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.namespaces import Namespace
from satchel.engine.operation import Operation
from satchel.engine.planner.lookup import record_at
from satchel.engine.planner.planner import demanded_id, lookup
from satchel.engine.units import WriteUnit
from satchel.engine.validators import validator_of
from satchel.engine.writes.collection_writer import CollectionWriter, Doomed, Prepared
from satchel.engine.writes.documents import prepare_insert
from satchel.engine.writes.found import Found, rids_of
from satchel.engine.writes.parts import parts
from satchel.errors import ErrorCode, ServerError
from satchel.mql.match import MatchExpression
from satchel.mql.update import Update
from satchel.storage.interface import Record
from satchel.values.bson_types import (
    MAX_DOCUMENT_SIZE_BYTES,
    MISSING,
    Document,
    Field,
    decode_document,
    decode_documents,
)

_DELETED_AT_ONCE: Final = 20_000
"""How many documents are found before they are deleted, and others are looked for."""


@dataclass(slots=True)
class WriteErrors:
    """The failed statements of a write command, by their position."""

    ordered: bool
    errors: list[tuple[int, ServerError]] = field(default_factory=list)

    def add(self, index: int, error: ServerError) -> bool:
        """Note a failure; return whether the command stops there (an ordered one keeps the earliest)."""
        self.errors.append((index, error))
        if self.ordered:
            self.errors = [min(self.errors, key=lambda pair: pair[0])]
        return self.ordered

    def renumber(self, positions: Sequence[int]) -> None:
        """Take the failures as those of statements that stand at `positions` in the command."""
        self.errors = [(positions[index], error) for index, error in self.errors]

    def to_bson(self) -> list[Document]:
        """Return the `writeErrors` of the reply."""
        return [
            {"index": index, "code": error.code, "errmsg": error.message, **error.details}
            for index, error in sorted(self.errors, key=lambda pair: pair[0])
        ]


def insert_documents(
    unit: WriteUnit,
    namespace: Namespace,
    sources: Sequence[bytes | Document],
    operation: Operation,
    errors: WriteErrors,
) -> int:
    """Insert documents and return how many went in; failures are noted in `errors`.

    Documents are tried many at once; only when something among them fails does each get its own attempt.
    """
    try:
        entry = unit.ensure_collection(namespace)
    except ServerError as error:
        if error.code != ErrorCode.CommandNotSupportedOnView:
            raise
        any(errors.add(index, error) for index in range(len(sources)))
        return 0
    writer = CollectionWriter(unit, entry)
    inserted = reached = 0
    with writer.deferring_keys():
        for part in parts(sources):
            operation.check_interrupt()
            prepared, positions = _prepare_all(entry, part, reached, operation, errors)
            reached += len(part)
            try:
                writer.insert_part(prepared)
                inserted += len(prepared)
            except ServerError:
                inserted += _insert_singly(writer, prepared, positions, errors)
            if errors.ordered and errors.errors:
                break
    return inserted


def _insert_singly(
    writer: CollectionWriter, prepared: Sequence[Prepared], positions: Iterable[int], errors: WriteErrors
) -> int:
    inserted = 0
    for position, document in zip(positions, prepared, strict=True):
        try:
            writer.insert_part([document])
            inserted += 1
        except ServerError as error:
            if errors.add(position, error):
                break
    return inserted


def _prepare_all(
    entry: CollectionEntry,
    sources: Sequence[bytes | Document],
    first: int,
    operation: Operation,
    errors: WriteErrors,
) -> tuple[list[Prepared], list[int]]:
    """Prepare documents, the first of which is the `first` of an insert; an ordered one ends before a bad one.

    Returns:
        The documents, and the position of each in the command.
    """
    validator = validator_of(entry, operation)
    collation = entry.collation
    prepared: list[Prepared] = []
    positions: list[int] = []
    for position, (source, decoded) in enumerate(zip(sources, _decode_all(sources), strict=True), first):
        try:
            document = prepare_insert(source, collation, decoded)
            if validator is not None:
                validator.check(document[2])
        except ServerError as error:
            if errors.add(position, error):
                break
        else:
            prepared.append(document)
            positions.append(position)
    return prepared, positions


def _decode_all(sources: Sequence[bytes | Document]) -> Iterable[Document | None]:
    """Decode the documents of an insert at once; nothing is decoded when one of them cannot be, or need not be."""
    raw = [source for source in sources if isinstance(source, bytes) and len(source) <= MAX_DOCUMENT_SIZE_BYTES]
    if len(raw) < len(sources):
        return repeat(None, len(sources))
    try:
        return decode_documents(raw)
    except ServerError:
        return repeat(None, len(sources))


@dataclass(frozen=True, slots=True)
class UpdateStatement:
    """One parsed update.

    Attributes:
        run: The query that finds the documents.
        is_multi: Whether all of them are updated, or the first.
        is_upsert: Whether a document is made when none is found.
    """

    run: QueryRun
    update: Update
    is_multi: bool = False
    is_upsert: bool = False

    @property
    def filter(self) -> MatchExpression:
        """The parsed filter."""
        return self.run.query.filter


@dataclass(slots=True)
class UpdateResult:
    """What an update did.

    Attributes:
        matched: How many documents were found.
        modified: How many of them differ now.
        upserted_id: The `_id` of the document that an upsert made, or MISSING.
        before, after: The first document, as it was and as it is (None where there is none).
    """

    matched: int = 0
    modified: int = 0
    upserted_id: Field = MISSING
    before: Document | None = None
    after: Document | None = None


def find_matches(unit: WriteUnit, entry: CollectionEntry | None, run: QueryRun) -> Sequence[Match]:
    """Return what a write is about to change, collected before anything changes."""
    if entry is None:
        return []
    if run.limit == 1 and not run.skip and not entry.is_view:
        if (place := lookup(run.query, entry)) is not None:
            record = record_at(unit.reader, entry, *place)
            return [] if record is None else [Match(*record, None)]
        if (id_key := demanded_id(run.query, entry)) is not None:
            return _matching(unit.reader.get_by_id(entry.table, id_key), run.query.filter)
    with _matches(unit, entry, run) as matches:
        return list(matches) if run.limit == 1 else Found(matches, unit.reader, entry)


def _matching(record: Record | None, filter_: MatchExpression) -> Sequence[Match]:
    """Return the record that was looked up, if it matches the rest of the filter, too."""
    if record is None:
        return []
    match = Match(*record, decode_document(record[1]))
    return [match] if filter_.matches(match.document) else []


@contextmanager
def _matches(unit: WriteUnit, entry: CollectionEntry, run: QueryRun) -> Iterator[Iterator[Match]]:
    """Run the query of a write; within the block nothing may be changed."""
    slot = ReadSlot()
    with _reading(unit, entry, run, slot):
        yield run.matches(entry, slot)


@contextmanager
def _reading(unit: WriteUnit, entry: CollectionEntry, run: QueryRun, slot: ReadSlot) -> Iterator[None]:
    """Let the query of a write read; within the block nothing may be changed."""
    if entry.is_view:
        raise ServerError(
            ErrorCode.CommandNotSupportedOnView, f"Namespace {entry.namespace} is a view, not a collection"
        )
    with slot.attached(unit):
        unit.reader.watch(run.context.check_interrupt)
        yield


def update_documents(
    unit: WriteUnit, namespace: Namespace, statement: UpdateStatement, operation: Operation
) -> UpdateResult:
    """Run one update statement.

    Raises:
        ServerError: What an operator, an index or the validator has against a document; documents that were
            updated before it stay so.
    """
    if statement.is_upsert:
        unit.ensure_collection(namespace)
    entry = unit.catalog.get(namespace)
    found = find_matches(unit, entry, statement.run)
    if not found:
        if not statement.is_upsert:
            return UpdateResult()
        return _upsert(unit, namespace, statement, operation)
    assert entry is not None, "documents were found in a collection that is not there"
    return _update_found(unit, entry, found, statement, operation)


def _update_found(
    unit: WriteUnit, entry: CollectionEntry, found: Iterable[Match], statement: UpdateStatement, operation: Operation
) -> UpdateResult:
    writer = CollectionWriter(unit, entry)
    validator = validator_of(entry, operation)
    update, filter_ = statement.update, statement.filter
    result = UpdateResult()
    for match in found:
        operation.check_interrupt()
        old = match.document
        position = filter_.position(old) if update.needs_position else None
        new = update.apply(old, position=position)
        result.matched += 1
        if result.before is None:
            result.before, result.after = old, new
        if new is old:
            continue
        if validator is not None:
            validator.check(new, old)
        writer.replace(match.rid, old, new, update)
        result.modified += 1
    return result


def _upsert(unit: WriteUnit, namespace: Namespace, statement: UpdateStatement, operation: Operation) -> UpdateResult:
    entry = unit.ensure_collection(namespace)
    document = statement.update.upsert_document(statement.filter)
    if document.get("_id", MISSING) is MISSING:
        document = {"_id": ObjectId(), **{name: value for name, value in document.items() if name != "_id"}}
    prepared = prepare_insert(document, entry.collation)
    validator = validator_of(entry, operation)
    if validator is not None:
        validator.check(prepared[2])
    CollectionWriter(unit, entry).insert([prepared])
    return UpdateResult(upserted_id=prepared[2]["_id"], after=prepared[2])


@dataclass(frozen=True, slots=True)
class DeleteStatement:
    """One parsed delete; `run.limit` is 1 or None."""

    run: QueryRun


def delete_documents(unit: WriteUnit, namespace: Namespace, statement: DeleteStatement) -> int:
    """Run one delete statement and return how many documents are gone."""
    entry = unit.catalog.get(namespace)
    if entry is None:
        return 0
    writer = CollectionWriter(unit, entry)
    if statement.run.limit == 1 or writer.logs_changes or not writer.needs_documents_to_delete:
        found = find_matches(unit, entry, statement.run)
        delete_matches(unit, entry, found)
        return len(found)
    deleted = 0
    for doomed in _doomed(unit, entry, statement.run, writer):
        writer.remove(doomed)
        deleted += len(doomed.rids)
    return deleted


def _doomed(unit: WriteUnit, entry: CollectionEntry, run: QueryRun, writer: CollectionWriter) -> Iterator[Doomed]:
    """Yield what a delete has to remove, some at a time; what has been yielded may be removed before the next.

    A delete, unlike an update, cannot make a scan meet a document again.
    """
    slot = ReadSlot()
    with _reading(unit, entry, run, slot):
        matches = run.matches(entry, slot)
        doomed = writer.doomed(islice(matches, _DELETED_AT_ONCE))
    yield doomed
    while len(doomed.rids) == _DELETED_AT_ONCE:
        with _reading(unit, entry, run, slot):
            doomed = writer.doomed(islice(matches, _DELETED_AT_ONCE))
        yield doomed


def delete_matches(unit: WriteUnit, entry: CollectionEntry, found: Sequence[Match]) -> None:
    """Remove documents that were found."""
    if not found:
        return
    writer = CollectionWriter(unit, entry)
    if writer.needs_documents_to_delete:
        writer.delete(found)
    else:
        writer.remove(Doomed(rids_of(found), []))
