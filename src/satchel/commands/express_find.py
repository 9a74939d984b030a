"""The commonest finds, past what the command needs for others: those whose plan is known (`planner.shapes`)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from satchel.engine.cursors import Cursor
from satchel.engine.execution.scans import check_alive
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.find import FindRequest, documents_by_known_plan
from satchel.engine.operation import Operation
from satchel.engine.planner.shapes import known_plan, question
from satchel.errors import ServerError
from satchel.settings import FIRST_BATCH_DOCUMENTS
from satchel.values.bson_types import Document
from satchel.wire.cursor_reply import CursorReply
from satchel.wire.service import ConnectionState, PlainFind

if TYPE_CHECKING:
    from satchel.commands.dispatch import Service

_MOST_SKIPPED: Final = 1000
"""Passing over more documents takes so long that it should be seen, and stopped if need be."""


def express_find(service: Service, find: PlainFind, connection: ConnectionState) -> CursorReply | None:
    """Return the reply of a find, without the times that a message would carry; None when it takes the command."""
    engine, namespace = service.engine, find.namespace
    catalog = engine.last_catalog
    entry = None if catalog is None else catalog.get(namespace)
    if entry is None or entry.is_view or service.activity.profiler.is_active or find.skip > _MOST_SKIPPED:
        return None
    asked = question(entry, find.filter, find.sort)
    plan = None if asked is None else known_plan(*asked)
    if plan is None:
        return None
    request = FindRequest(find.filter, find.projection, find.sort, None, find.skip, find.limit)
    slot = ReadSlot()
    try:
        with engine.read() as unit, slot.attached(unit):
            is_as_known = unit.catalog.get(namespace) is entry
            documents = documents_by_known_plan(plan, request, entry, slot) if is_as_known else None
            if documents is None:
                return None
            cursor = Cursor(namespace, documents, slot, check_alive=partial(check_alive, entry, slot))
            limit = FIRST_BATCH_DOCUMENTS if find.batch_size is None else find.batch_size
            batch = cursor.next_batch(limit, *connection.batch_size)
            if not find.single_batch and not cursor.peek_exhausted():
                _keep(service, cursor, find, connection)
    except ServerError:
        return None
    engine.opcounters["find"] += 1
    return CursorReply(str(namespace), cursor.id, batch)


def _keep(service: Service, cursor: Cursor, find: PlainFind, connection: ConnectionState) -> None:
    """Register a cursor that has more to tell, as the command would have."""
    body: Document = {"find": find.namespace.collection, "filter": find.filter}
    body |= {name: value for name, value in (("sort", find.sort), ("projection", find.projection)) if value}
    cursor.operation = Operation(find.namespace.database, "find", client=connection, body=body)
    cursor.slot.watch(cursor.operation.check_interrupt)
    cursor.engine = service.engine
    cursor.any_session = connection.takes_short_cuts
    service.engine.cursors.register(cursor)
