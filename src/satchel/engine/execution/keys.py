"""Finding documents by one value that one index has: what a plan and a scan find for it, without either."""

from __future__ import annotations

from satchel.engine.catalog import CollectionEntry
from satchel.engine.planner.lookup import lookup_index, lookup_key
from satchel.storage.interface import Reader
from satchel.values.bson_types import PLAIN_CLASSES, BsonValue
from satchel.values.collation import Collation


def stored_by_key(
    reader: Reader, entry: CollectionEntry, path: str, value: BsonValue, collation: Collation | None
) -> list[bytes] | None:
    """Return the BSON of the documents in which a path leads to a value; None when it takes a plan to find them."""
    if value.__class__ not in PLAIN_CLASSES or entry.is_view or collation != entry.collation:
        return None
    index = lookup_index(entry, path)
    if index is None:
        return None
    key = lookup_key(entry, index, value)
    if index.is_id:
        record = reader.get_by_id(entry.table, key)
        return [] if record is None else [record[1]]
    return reader.documents_at(entry.table, index.table, key)
