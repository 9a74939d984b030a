"""Documents that expire: TTL indexes, and the thread that removes what is past its time."""

from __future__ import annotations

import logging
import os
import threading
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
from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.settings import TTL_INTERVAL_SECONDS
from satchel.values.bson_types import Document

DOCUMENTS_AT_ONCE: Final = 1000
"""How many documents one transaction removes, so that writers need not wait for long."""

_EARLIEST: Final = DatetimeMS(-(2**63))
_log = logging.getLogger("satchel")


def remove_expired(engine: Engine, now_ms: int | None = None) -> int:
    """Remove every document that has expired and return how many there were.

    Args:
        engine: The engine.
        now_ms: The time in milliseconds since 1970, by default the present.
    """
    now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    with engine.read() as unit:
        due = [(entry, index) for entry in unit.catalog for index in entry.indexes if _expires(index)]
    return sum(_remove(engine, entry, index, now) for entry, index in due)


def _expires(index: IndexEntry) -> bool:
    return index.expire_after_seconds is not None


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
        return len(delete_documents(unit, namespace, statement))


class TtlMonitor:
    """Removes expired documents once a minute, in a thread that runs only while some collection has a TTL index.

    Args:
        engine: The engine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        engine.on_catalog_change(self._look)
        if not engine.storage.read_only:
            with engine.read():
                pass

    def _look(self) -> None:
        """Start the thread when a TTL index has appeared (called when the catalog has been read anew)."""
        catalog = self._engine.last_catalog
        running = self._thread is not None and self._thread.is_alive() and self._pid == os.getpid()
        if running or catalog is None or self._stop.is_set() or self._engine.storage.read_only:
            return
        if any(_expires(index) for entry in catalog for index in entry.indexes):
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._run, name="satchel-ttl", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(TTL_INTERVAL_SECONDS):
            try:
                remove_expired(self._engine)
            except ServerError:
                if not self._stop.is_set():
                    _log.exception("removing expired documents failed; it is tried again in a minute")

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None and self._pid == os.getpid():
            self._thread.join()
