"""Building indexes on documents that are there already, and taking them away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from satchel.engine.catalog import CollectionEntry, IndexEntry
from satchel.engine.indexes.keys import KeyGenerator, key_generator
from satchel.engine.operation import Operation
from satchel.engine.units import WriteUnit
from satchel.engine.writes.collection_writer import duplicate_key_error
from satchel.engine.writes.parts import parts
from satchel.errors import DuplicateKeyError
from satchel.storage.interface import IndexRow
from satchel.values.bson_types import Document, decode_document, decode_documents

_FEWEST_ROWS: Final = 20_000
_MOST_ROWS: Final = 200_000
"""How many keys are brought to an index at a time, in key order: more when it has many pages to go through."""


def create_indexes(unit: WriteUnit, entry: CollectionEntry, specs: Sequence[Document], operation: Operation) -> None:
    """Add indexes to a collection and fill them with the keys of its documents.

    Raises:
        ServerError: DuplicateKey (11000), or what an index has against a document; the caller's transaction ends.
    """
    for spec in specs:
        table = unit.writer.create_index(entry.table, str(spec["name"]), unique=bool(spec.get("unique")))
        index = IndexEntry(spec, table)
        is_multikey = fill_index(unit, entry, index, operation)
        entry = entry.with_index(replace(index, multikey=is_multikey))
    unit.save(entry)
    if unit.changes is not None and specs:
        unit.changes.catalog_changed("createIndexes", entry, {"indexes": list(specs)})


def fill_index(unit: WriteUnit, entry: CollectionEntry, index: IndexEntry, operation: Operation) -> bool:
    """Put the keys of every document into an empty index and tell whether it is multikey."""
    generator = key_generator(index)
    is_multikey = False
    inserted = 0
    rows: list[IndexRow] = []
    for rids, documents in _documents(unit, entry, operation):
        for rid, document, plain in zip(rids, documents, generator.plain_keys(documents), strict=True):
            if plain is not None:
                rows.append((plain, rid))
            else:
                rows.extend((key, rid) for key in generator.keys(document))
                is_multikey = is_multikey or generator.is_multikey(document)
        if len(rows) >= min(max(_FEWEST_ROWS, inserted // 8), _MOST_ROWS):
            _insert(unit, entry, index, generator, rows)
            inserted += len(rows)
            rows = []
    _insert(unit, entry, index, generator, rows)
    return is_multikey


def _documents(
    unit: WriteUnit, entry: CollectionEntry, operation: Operation
) -> Iterator[tuple[list[int], list[Document]]]:
    """Yield the record ids and the documents of a collection, some at once."""
    for part in parts(unit.reader.scan(entry.table), lambda record: len(record[1])):
        operation.check_interrupt()
        yield [rid for rid, _, _ in part], decode_documents([bson for _, bson, _ in part])


def _insert(
    unit: WriteUnit, entry: CollectionEntry, index: IndexEntry, generator: KeyGenerator, rows: list[IndexRow]
) -> None:
    rows.sort()
    try:
        unit.writer.insert_keys(index.table, rows)
    except DuplicateKeyError as error:
        rid = next(rid for key, rid in reversed(rows) if key == error.key)
        bson = unit.reader.get(entry.table, rid)
        assert bson is not None, "an index row leads to no record"
        key_value = generator.key_value(decode_document(bson), error.key)
        raise duplicate_key_error(entry, index, key_value) from error


def drop_indexes(unit: WriteUnit, entry: CollectionEntry, indexes: Sequence[IndexEntry]) -> None:
    """Remove indexes from a collection."""
    unit.drop_indexes(indexes)
    for index in indexes:
        entry = entry.without_index(index.name)
    unit.save(entry)
    if unit.changes is not None and indexes:
        unit.changes.catalog_changed("dropIndexes", entry, {"indexes": [index.spec for index in indexes]})
