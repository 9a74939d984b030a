"""getMore and killCursors."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

from bson import Int64

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import array, collection, int64, non_negative, param
from satchel.commands.results import batch_reply
from satchel.engine.cursors import Cursor
from satchel.engine.namespaces import Namespace
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, type_name

_AWAIT_DEFAULT_SECONDS = 1.0
_AWAIT_POLL_SECONDS = 0.1
_NO_LIMIT = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class GetMoreParams(NoFields):
    """Fields of getMore."""

    get_more: int = param(int64)
    collection: str = param(collection)
    batch_size: int | None = param(non_negative, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"term", "lastKnownCommittedOpTime", "includeQueryStatsMetrics"})


@COMMANDS.command("getMore", GetMoreParams)
def get_more(params: GetMoreParams, invocation: Invocation) -> Reply:
    """Return the next batch of a cursor; at the end of a tailable one that awaits data, wait for some."""
    namespace = invocation.operation.namespace(params.collection)
    cursors = invocation.engine.cursors
    cursor = cursors.check_out(params.get_more, namespace)
    try:
        await_seconds = _await_seconds(cursor, invocation)
        batch = _next_batch(cursor, invocation, params.batch_size or _NO_LIMIT)
        if not batch and cursor.await_data and not cursor.exhausted:
            batch = _await_batch(cursor, invocation, params.batch_size or _NO_LIMIT, await_seconds)
    except BaseException:
        cursors.forget(cursor.id)
        raise
    if cursor.exhausted:
        cursors.forget(cursor.id)
        return batch_reply(invocation, namespace, 0, batch, "nextBatch")
    cursors.check_in(cursor)
    return batch_reply(invocation, namespace, cursor.id, batch, "nextBatch")


def _await_seconds(cursor: Cursor, invocation: Invocation) -> float:
    """Return how long a getMore may wait for data; `maxTimeMS` of an awaiting getMore is just that, and no limit."""
    limit = invocation.operation.body.get("maxTimeMS")
    if not cursor.await_data:
        if limit is not None and not cursor.tailable:
            raise ServerError(ErrorCode.BadValue, "cannot set maxTimeMS on getMore command for a non-awaitData cursor")
        return 0.0
    invocation.operation.deadline = None
    return _AWAIT_DEFAULT_SECONDS if limit is None else float(limit) / 1000  # type: ignore[arg-type]


def _next_batch(cursor: Cursor, invocation: Invocation, limit: int) -> list[bytes]:
    with invocation.engine.read() as unit, cursor.slot.attached(unit):
        if cursor.check_alive is not None:
            cursor.check_alive(unit)
        batch = cursor.next_batch(limit)
        if not cursor.tailable:
            cursor.exhausted = cursor.peek_exhausted()
        return batch


def _await_batch(cursor: Cursor, invocation: Invocation, limit: int, seconds: float) -> list[bytes]:
    """Look again whenever something was written in this process, and ten times a second for the others."""
    engine = invocation.engine
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not invocation.connection.closed:
        with engine.data_written:
            engine.data_written.wait(min(left, _AWAIT_POLL_SECONDS))
        invocation.operation.check_interrupt()
        if batch := _next_batch(cursor, invocation, limit):
            return batch
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class KillCursorsParams(NoFields):
    """Fields of killCursors."""

    kill_cursors: str = param(collection)
    cursors: list[BsonValue] = param(array)


@COMMANDS.command("killCursors", KillCursorsParams)
def kill_cursors(params: KillCursorsParams, invocation: Invocation) -> Reply:
    """Forget cursors before they are exhausted."""
    namespace = Namespace(invocation.database, params.kill_cursors)
    killed, unknown = [], []
    for cursor_id in params.cursors:
        if not isinstance(cursor_id, Int64):
            raise ServerError(
                ErrorCode.TypeMismatch,
                f"BSON field 'killCursors.cursors.0' is the wrong type '{type_name(cursor_id)}', expected type 'long'",
            )
        cursor = invocation.engine.cursors.get(cursor_id)
        if cursor is not None and cursor.namespace == namespace:
            invocation.engine.cursors.forget(cursor_id)
            killed.append(cursor_id)
        else:
            unknown.append(cursor_id)
    return {"cursorsKilled": killed, "cursorsNotFound": unknown, "cursorsAlive": [], "cursorsUnknown": []}
