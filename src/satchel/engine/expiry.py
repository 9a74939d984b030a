"""Removing documents that have expired (TTL indexes)."""

from __future__ import annotations

import time
from typing import Final

from bson.datetime_ms import DatetimeMS

from satchel.engine.catalog import CollectionEntry, IndexEntry
from satchel.engine.engine import Engine
from satchel.engine.execution.query import QueryRun
from satchel.engine.find import parse_query
from satchel.engine.namespaces import Namespace
from satchel.engine.operation import Operation
from satchel.engine.writes.statements import DeleteStatement, delete_documents
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.values.bson_types import Document

DOCUMENTS_AT_ONCE: Final = 1000
"""How many documents one transaction removes, so that writers need not wait for long."""

_EARLIEST: Final = DatetimeMS(-(2**63))


def remove_expired(engine: Engine, now_ms: int | None = None) -> int:
    """Remove every document that has expired and return how many there were.

    Args:
        engine: The engine.
        now_ms: The time in milliseconds since 1970, by default the present.
    """
    now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    with engine.read() as unit:
        due = [(entry, index) for entry in unit.catalog for index in entry.indexes if index.expires]
    return sum(_remove(engine, entry, index, now) for entry, index in due)


def _remove(engine: Engine, entry: CollectionEntry, index: IndexEntry, now_ms: int) -> int:
    seconds = index.expire_after_seconds
    assert seconds is not None
    filter_: Document = {
        index.paths[0]: {"$gte": _EARLIEST, "$lte": DatetimeMS(now_ms - int(seconds * 1000))},
    }
    removed = 0
    while (count := _remove_some(engine, entry.namespace, filter_, index)) > 0:
        removed += count
        if count < DOCUMENTS_AT_ONCE:
            break
    return removed


def _remove_some(engine: Engine, namespace: Namespace, filter_: Document, index: IndexEntry) -> int:
    context = Context()
    conditions = [filter_] if index.partial_filter is None else [filter_, index.partial_filter]
    query = parse_query(parse_filter({"$and": conditions}, context), context)
    statement = DeleteStatement(QueryRun(query, context, limit=DOCUMENTS_AT_ONCE))
    with engine.write(Operation(namespace.database, "ttl")) as unit:
        return delete_documents(unit, namespace, statement)
