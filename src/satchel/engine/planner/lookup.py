"""Lookups: the commonest query, an equality that one index alone answers; light, so that a file is open soon."""

from __future__ import annotations

from satchel.engine.catalog import CollectionEntry, IndexEntry
from satchel.engine.planner.indexes import sole_index
from satchel.storage.interface import Reader, Record
from satchel.values import key_string
from satchel.values.bson_types import MISSING, BsonValue, Missing


def lookup_index(entry: CollectionEntry, path: str) -> IndexEntry | None:
    """Return the index that an equality on a path is looked up in, if that is the plan without looking further."""
    return entry.indexes[0] if path == "_id" else sole_index(entry, path)


def lookup_key(entry: CollectionEntry, index: IndexEntry, value: BsonValue) -> bytes:
    """Return the key of a value in an index with the collection's collation."""
    key = key_string.encode(value, entry.collation)
    return key_string.invert(key) if index.descending[0] else key


def first_record(reader: Reader, entry: CollectionEntry, path: str, value: BsonValue) -> Record | Missing | None:
    """Return the first record in which a path leads to a value, None when there is none.

    Args:
        reader: The snapshot.
        entry: A collection in it.
        path: The path.
        value: The value, of one of `PLAIN_CLASSES`.

    Returns:
        MISSING when it is not clear that one index alone is the one to use.
    """
    if path == "_id":
        return reader.get_by_id(entry.table, key_string.encode(value, entry.collation))
    index = sole_index(entry, path)
    if index is None:
        return MISSING
    return reader.get_by_key(entry.table, index.table, lookup_key(entry, index, value))


def record_at(reader: Reader, entry: CollectionEntry, index: IndexEntry, key: bytes) -> Record | None:
    """Return the first record that an index leads to from a key, or None."""
    if index.is_id:
        return reader.get_by_id(entry.table, key)
    return reader.get_by_key(entry.table, index.table, key)
