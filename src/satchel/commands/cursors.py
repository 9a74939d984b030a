"""getMore and killCursors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from satchel.access.privileges import Privilege
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import collection, int64, int64s, non_negative, param
from satchel.commands.results import batch_reply
from satchel.commands.rights import Access, Call, CursorRights, cluster_privilege, privilege, unauthorized
from satchel.engine.cursors import Cursor
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue

_AWAIT_DEFAULT_SECONDS = 1.0
_NO_LIMIT = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class GetMoreParams(NoFields):
    """Fields of getMore."""

    get_more: int = param(int64)
    collection: str = param(collection)
    batch_size: int | None = param(non_negative, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"term", "lastKnownCommittedOpTime", "includeQueryStatsMetrics"})


def _get_more_needs(params: GetMoreParams, call: Call) -> Iterator[Privilege]:
    cursor = call.invocation.engine.cursors.get(params.get_more)
    if cursor is None:
        return
    if not _is_own(cursor, call):
        raise unauthorized(f"cursor id {cursor.id} was not created by the authenticated user")
    assert isinstance(cursor.rights, CursorRights)
    yield from cursor.rights.needed


def _is_own(cursor: Cursor, call: Call) -> bool:
    return isinstance(cursor.rights, CursorRights) and cursor.rights.user == call.user


@COMMANDS.command("getMore", GetMoreParams, access=Access(_get_more_needs))
def get_more(params: GetMoreParams, invocation: Invocation) -> Reply:
    """Return the next batch of a cursor; at the end of a tailable one that awaits data, wait for some."""
    namespace = invocation.operation.namespace(params.collection)
    cursors = invocation.engine.cursors
    cursor = cursors.check_out(params.get_more, namespace)
    try:
        cursor.check_session(invocation.operation)
        await_seconds = _await_seconds(cursor, invocation)
    except ServerError:
        cursors.check_in(cursor)
        raise
    try:
        cursor.note_reader(invocation.engine, invocation.operation)
        with cursor.continued(invocation.operation):
            batch = _batch(cursor, invocation, params.batch_size or _NO_LIMIT, await_seconds)
    except ServerError as error:
        cursors.forget(cursor.id)
        error.labels += cursor.error_labels(error.code)
        raise
    except BaseException:
        cursors.forget(cursor.id)
        raise
    if cursor.exhausted:
        cursors.forget(cursor.id)
        cursor.id = 0
    else:
        cursors.check_in(cursor)
    return batch_reply(invocation, cursor, batch, "nextBatch")


def _await_seconds(cursor: Cursor, invocation: Invocation) -> float:
    """Return how long a getMore may wait for data; its `maxTimeMS` is just that, and no limit.

    Raises:
        ServerError: BadValue (2) for a `maxTimeMS` when the cursor does not wait.
    """
    limit = invocation.operation.seconds_left
    invocation.operation.deadline = None
    if cursor.await_data:
        return _AWAIT_DEFAULT_SECONDS if limit is None else limit
    if limit is not None:
        raise ServerError(ErrorCode.BadValue, "cannot set maxTimeMS on getMore command for a non-awaitData cursor")
    return 0.0


def _batch(cursor: Cursor, invocation: Invocation, limit: int, await_seconds: float) -> list[bytes]:
    watch = invocation.engine.data_watch
    seen = watch.announcements
    batch = _next_batch(cursor, invocation, limit)
    if batch or not cursor.await_data:
        return batch
    invocation.connection.on_close(watch.announce)
    patience = invocation.connection.seconds_left
    end = time.monotonic() + (await_seconds if patience is None else min(await_seconds, patience))
    while not batch and not cursor.exhausted and time.monotonic() < end:
        watch.wait(seen, end, lambda: invocation.operation.is_interrupted)
        invocation.operation.check_interrupt()
        seen = watch.announcements
        batch = _next_batch(cursor, invocation, limit)
    return batch


def _next_batch(cursor: Cursor, invocation: Invocation, limit: int) -> list[bytes]:
    engine = invocation.engine if cursor.engine is None else cursor.engine
    with engine.read() as unit, cursor.slot.attached(unit):
        if cursor.check_alive is not None:
            cursor.check_alive()
        batch = cursor.next_batch(limit, *invocation.connection.batch_size)
        if not cursor.tailable and not invocation.request.exhaust_allowed:
            # Looking ahead saves a getMore, which costs nothing where batches come unasked; MongoDB sends an empty one.
            cursor.exhausted = cursor.peek_exhausted()
        return batch


@dataclass(frozen=True, slots=True, kw_only=True)
class KillCursorsParams(NoFields):
    """Fields of killCursors."""

    kill_cursors: str = param(collection)
    cursors: list[int] = param(int64s)


def _kill_needs(params: KillCursorsParams, call: Call) -> Iterator[Privilege]:
    open_ones = (call.invocation.engine.cursors.get(cursor_id) for cursor_id in params.cursors)
    if all(cursor is None or _is_own(cursor, call) for cursor in open_ones):
        return
    if not call.privileges.allows(cluster_privilege(("killAnyCursor",))):
        yield privilege(call.namespace, "killAnyCursor")


@COMMANDS.command("killCursors", KillCursorsParams, access=Access(_kill_needs))
def kill_cursors(params: KillCursorsParams, invocation: Invocation) -> Reply:
    """Forget cursors before they are exhausted."""
    namespace = invocation.operation.namespace(params.kill_cursors)
    killed: list[BsonValue] = []
    unknown: list[BsonValue] = []
    for cursor_id in params.cursors:
        was_open = invocation.engine.cursors.kill(cursor_id, namespace)
        (killed if was_open else unknown).append(cursor_id)
    return {"cursorsKilled": killed, "cursorsNotFound": unknown, "cursorsAlive": [], "cursorsUnknown": []}
