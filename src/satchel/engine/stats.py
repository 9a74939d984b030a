"""Sizes and counts of collections, indexes and databases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from bson import Int64

from satchel.engine.catalog import CollectionEntry
from satchel.engine.units import ReadUnit
from satchel.values.bson_types import Document
from satchel.values.numbers import narrow


def collection_sizes(unit: ReadUnit, entry: CollectionEntry, scale: int = 1) -> Document:
    """Return what `collStats` says of a collection's sizes, in units of `scale` bytes."""
    if entry.is_view:
        return {}
    reader = unit.reader
    if entry.capped:
        count, data_bytes = reader.totals(entry.table)
    else:
        count, data_bytes = reader.count(entry.table), reader.data_bytes(entry.table)
    allocated = reader.table_size(entry.table).allocated_bytes
    index_sizes = {
        index.name: 0 if index.is_id else reader.table_size(index.table).allocated_bytes for index in entry.indexes
    }
    total_index_bytes = sum(index_sizes.values())
    sizes: Document = {
        "size": narrow(data_bytes // scale),
        "count": narrow(count),
        **({"avgObjSize": narrow(data_bytes // count)} if count else {}),
        "numOrphanDocs": 0,
        "storageSize": narrow(allocated // scale),
        "freeStorageSize": 0,
        "capped": entry.capped,
        "nindexes": len(entry.indexes),
        "indexDetails": {name: {} for name in index_sizes},
        "indexBuilds": [],
        "totalIndexSize": narrow(total_index_bytes // scale),
        "indexSizes": {name: narrow(size // scale) for name, size in index_sizes.items()},
        "totalSize": narrow((allocated + total_index_bytes) // scale),
        "scaleFactor": scale,
    }
    if entry.capped:
        sizes["max"] = narrow(entry.capped_max_documents or 0)
        sizes["maxSize"] = narrow(entry.capped_size_bytes // scale)
    return sizes


def coll_stats_stage(unit: ReadUnit, entry: CollectionEntry, spec: Document) -> Document:
    """Return the document of the `$collStats` stage."""
    reply: Document = {"ns": str(entry.namespace), "host": "satchel"}
    storage = spec.get("storageStats")
    if isinstance(storage, dict):
        reply["storageStats"] = collection_sizes(unit, entry, int(cast("int", storage.get("scale", 1))))
    if "count" in spec:
        reply["count"] = narrow(unit.reader.count(entry.table))
    if "latencyStats" in spec:
        none = {"latency": Int64(0), "ops": Int64(0)}
        reply["latencyStats"] = dict.fromkeys(("reads", "writes", "commands", "transactions"), none)
    if "queryExecStats" in spec:
        reply["queryExecStats"] = {"collectionScans": {"total": Int64(0), "nonTailable": Int64(0)}}
    return reply


def database_sizes(unit: ReadUnit, database: str, scale: int = 1) -> Document:
    """Return what `dbStats` says, in units of `scale` bytes."""
    entries = unit.catalog.database(database)
    collections = [entry for entry in entries if not entry.is_view]
    sizes = [collection_sizes(unit, entry) for entry in collections]
    objects, data, storage, indexes = (
        sum(cast("Iterable[int]", (size[name] for size in sizes)))
        for name in ("count", "size", "storageSize", "totalIndexSize")
    )
    return {
        "db": database,
        "collections": Int64(len(collections)),
        "views": Int64(len(entries) - len(collections)),
        "objects": Int64(objects),
        "avgObjSize": data / objects if objects else 0.0,
        "dataSize": data / scale,
        "storageSize": storage / scale,
        "freeStorageSize": 0.0,
        "indexes": Int64(sum(len(entry.indexes) for entry in collections)),
        "indexSize": indexes / scale,
        "indexFreeStorageSize": 0.0,
        "totalSize": (storage + indexes) / scale,
        "totalFreeStorageSize": 0.0,
        "scaleFactor": Int64(scale),
    }
