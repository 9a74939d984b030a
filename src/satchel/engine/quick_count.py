"""Counts that take no time: of small collections, and of few keys in an index. Others are left to commands.

A command can be seen while it runs, and stopped.
"""

from __future__ import annotations

from typing import Final

from satchel.engine.catalog import CollectionEntry
from satchel.engine.engine import Engine
from satchel.engine.execution.query import count_keys, counted_scan
from satchel.engine.find import parse_query
from satchel.engine.namespaces import Namespace
from satchel.engine.planner.planner import plan
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.storage.interface import Reader
from satchel.values.bson_types import MISSING, Document, Missing

MOST_COUNTED: Final = 1000


def quick_count(engine: Engine, namespace: Namespace, filter_: Document) -> int | Missing:
    """Return how many documents match a filter.

    Returns:
        MISSING when the namespace is not that of a collection that is there, or counting takes a command.

    Raises:
        ServerError: What is wrong with the filter; the storage has failed.
    """
    with engine.read() as unit:
        entry = unit.catalog.get(namespace)
        if entry is None or entry.is_view:
            return MISSING
        return _count_by_index(unit.reader, entry, filter_) if filter_ else _count_all(unit.reader, entry)


def _count_all(reader: Reader, entry: CollectionEntry) -> int | Missing:
    # Record ids rise from 1, so the last one bounds the number of records.
    return MISSING if reader.last_rid(entry.table) > MOST_COUNTED else reader.count(entry.table)


def _count_by_index(reader: Reader, entry: CollectionEntry, filter_: Document) -> int | Missing:
    context = Context(collation=entry.collation)
    solution = plan(parse_query(parse_filter(filter_, context), context), entry, reader)
    scan = counted_scan(solution)
    if scan is None or scan.index.multikey:
        return MISSING
    total = count_keys(scan, entry, reader, MOST_COUNTED + 1)
    return MISSING if total > MOST_COUNTED else total
