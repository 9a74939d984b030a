"""Finding documents by one value that one index has: what a plan and a scan find for it, without either."""

from __future__ import annotations

from typing import Final

from bson import Int64, ObjectId

from satchel.engine.catalog import CollectionEntry
from satchel.engine.planner.indexes import sole_index
from satchel.storage.interface import Reader
from satchel.values import key_string
from satchel.values.bson_types import BsonValue, Document, decode_document
from satchel.values.collation import Collation

EXPRESS_CLASSES: Final = frozenset({ObjectId, int, Int64, str})
"""Classes of which every value, in a filter, means equality and nothing else."""


def find_by_key(
    reader: Reader, entry: CollectionEntry, path: str, value: BsonValue, collation: Collation | None
) -> list[Document] | None:
    """Return the documents in which a path leads to a value; None when it takes a plan to find them."""
    if entry.is_view or collation != entry.collation or value.__class__ not in EXPRESS_CLASSES:
        return None
    if path == "_id":
        record = reader.get_by_id(entry.table, key_string.encode(value, collation))
        return [] if record is None else [decode_document(record[1])]
    index = sole_index(entry, path)
    if index is None:
        return None
    key = key_string.encode(value, collation)
    if index.descending[0]:
        key = key_string.invert(key)
    return [decode_document(bson) for bson in reader.documents_at(entry.table, index.table, key)]
