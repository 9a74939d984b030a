"""Cursors: batches, time limits, idleness, killing, and who may use them."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from bson import Int64

from satchel.engine.cursors import Cursor, CursorRegistry
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.namespaces import Namespace
from satchel.engine.operation import Operation
from satchel.errors import ErrorCode, ServerError
from satchel.settings import Limits

from .conftest import Server

NAMESPACE = Namespace("db", "c")


@pytest.fixture
def ten(server: Server) -> Server:
    server.ok({"insert": "c", "documents": [{"_id": number} for number in range(10)]})
    return server


def opened(server: Server, **options: Any) -> int:
    return Int64(server.ok({"find": "c", "batchSize": 2, **options})["cursor"]["id"])


def more(server: Server, cursor_id: int, **options: Any) -> dict[str, Any]:
    return server.ok({"getMore": Int64(cursor_id), "collection": "c", **options})["cursor"]


def test_batches(ten: Server) -> None:
    cursor = opened(ten)
    assert [each["_id"] for each in more(ten, cursor, batchSize=3)["nextBatch"]] == [2, 3, 4]
    rest = more(ten, cursor)
    assert [each["_id"] for each in rest["nextBatch"]] == [5, 6, 7, 8, 9]
    assert rest["id"] == 0
    assert ten.code({"getMore": cursor, "collection": "c"}) == ErrorCode.CursorNotFound


def test_an_empty_first_batch_keeps_the_cursor(ten: Server) -> None:
    cursor = opened(ten, batchSize=0)
    assert cursor
    assert len(more(ten, cursor)["nextBatch"]) == 10


def test_a_single_batch_drops_the_rest(ten: Server) -> None:
    assert opened(ten, singleBatch=True) == 0
    assert len(ten.service.engine.cursors) == 0


def test_batches_end_at_16_mebibytes(server: Server) -> None:
    for number in range(4):
        server.ok({"insert": "c", "documents": [{"_id": number, "pad": "x" * 7_000_000}]})
    first = server.ok({"find": "c"})["cursor"]
    assert len(first["firstBatch"]) == 2
    assert [each["_id"] for each in more(server, first["id"])["nextBatch"]] == [2, 3]


def test_another_namespaces_cursor_is_refused(ten: Server) -> None:
    cursor = opened(ten)
    assert ten.code({"getMore": cursor, "collection": "other"}) == ErrorCode.Unauthorized
    assert ten.code({"getMore": cursor, "collection": "c"}, "other") == ErrorCode.Unauthorized
    assert len(more(ten, cursor)["nextBatch"]) == 8


@pytest.mark.parametrize(("cursor", "code"), [(Int64(12345), 43), (12345, 14), ("x", 14)])
def test_cursors_that_are_none(ten: Server, cursor: object, code: int) -> None:
    assert ten.code({"getMore": cursor, "collection": "c"}) == code


def test_killing(ten: Server) -> None:
    cursor = opened(ten)
    reply = ten.ok({"killCursors": "c", "cursors": [cursor, Int64(1)]})
    assert reply["cursorsKilled"] == [cursor]
    assert reply["cursorsNotFound"] == [1]
    assert ten.code({"getMore": cursor, "collection": "c"}) == ErrorCode.CursorNotFound


def test_killing_takes_longs_of_the_right_collection(ten: Server) -> None:
    cursor = opened(ten)
    assert ten.code({"killCursors": "c", "cursors": [5]}) == ErrorCode.TypeMismatch
    assert ten.ok({"killCursors": "other", "cursors": [cursor]})["cursorsNotFound"] == [cursor]
    assert len(more(ten, cursor)["nextBatch"]) == 8


READS: dict[str, dict[str, Any]] = {
    "find": {"find": "c", "filter": {"n": {"$gte": 0}}, "batchSize": 2},
    "find nothing yet": {"find": "c", "filter": {"n": {"$gte": 0}}, "batchSize": 0},
    "aggregate": {"aggregate": "c", "pipeline": [{"$match": {"n": {"$gte": 0}}}], "cursor": {"batchSize": 2}},
}


@pytest.fixture
def numbered(server: Server) -> Server:
    server.ok({"insert": "c", "documents": [{"_id": number, "n": number} for number in range(10)]})
    server.ok({"createIndexes": "c", "indexes": [{"key": {"n": 1}, "name": "n"}, {"key": {"x": 1}, "name": "x"}]})
    return server


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize(
    "changes",
    [
        [{"drop": "c"}],
        [{"drop": "c"}, {"insert": "c", "documents": [{"_id": 100, "n": 100}]}],
        [{"renameCollection": "db.c", "to": "db.d"}],
    ],
    ids=["drop", "drop and insert", "rename"],
)
def test_what_is_gone_is_not_read(numbered: Server, read: dict[str, Any], changes: list[dict[str, Any]]) -> None:
    cursor = numbered.ok(read)["cursor"]["id"]
    for change in changes:
        numbered.ok(change, "admin" if "renameCollection" in change else "db")
    assert numbered.code({"getMore": Int64(cursor), "collection": "c"}) == ErrorCode.QueryPlanKilled


@pytest.mark.parametrize("name", ["find", "find nothing yet", "aggregate"])
def test_a_dropped_index_ends_the_cursors_that_use_it(numbered: Server, name: str) -> None:
    cursor = numbered.ok(READS[name])["cursor"]["id"]
    numbered.ok({"dropIndexes": "c", "index": "n"})
    numbered.ok({"createIndexes": "c", "indexes": [{"key": {"n": -1}, "name": "n"}]})
    assert numbered.code({"getMore": Int64(cursor), "collection": "c"}) == ErrorCode.QueryPlanKilled


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_other_indexes_are_no_matter(numbered: Server, read: dict[str, Any]) -> None:
    cursor = numbered.ok(read)["cursor"]
    numbered.ok({"dropIndexes": "c", "index": "x"})
    numbered.ok({"collMod": "c", "index": {"name": "n", "hidden": True}})
    assert len(cursor["firstBatch"]) + len(more(numbered, cursor["id"])["nextBatch"]) == 10


def test_a_dropped_collection_ends_its_cursors(ten: Server) -> None:
    cursor = opened(ten)
    ten.ok({"drop": "c"})
    assert ten.code({"getMore": cursor, "collection": "c"}) == ErrorCode.QueryPlanKilled


def test_an_emptied_collection_ends_them_quietly(ten: Server) -> None:
    cursor = opened(ten)
    ten.ok({"delete": "c", "deletes": [{"q": {}, "limit": 0}]})
    # One document was read ahead, to see whether there is another batch.
    assert more(ten, cursor) == {"nextBatch": [{"_id": 2}], "id": 0, "ns": "db.c"}


def test_idle_time_does_not_count_against_the_time_limit(ten: Server) -> None:
    cursor = opened(ten, maxTimeMS=60_000)
    (open_cursor,) = ten.service.engine.cursors._cursors.values()
    assert open_cursor.operation is not None
    open_cursor.operation.deadline = time.monotonic() - 1  # the first command's own time is long over
    assert len(more(ten, cursor)["nextBatch"]) == 8


def test_all_batches_share_one_time_limit(ten: Server) -> None:
    cursor = opened(ten, maxTimeMS=60_000)
    (open_cursor,) = ten.service.engine.cursors._cursors.values()
    assert open_cursor.seconds_left is not None
    open_cursor.seconds_left = -1.0
    assert ten.code({"getMore": cursor, "collection": "c"}) == ErrorCode.MaxTimeMSExpired


def test_only_awaiting_cursors_take_a_time_limit_of_their_own(ten: Server) -> None:
    cursor = opened(ten)
    assert ten.code({"getMore": cursor, "collection": "c", "maxTimeMS": 5}) == ErrorCode.BadValue
    assert len(more(ten, cursor)["nextBatch"]) == 8, "the cursor has survived"


def registered(registry: CursorRegistry, **options: Any) -> Cursor:
    cursor = Cursor(NAMESPACE, iter([b""] * 3), ReadSlot(), **options)
    registry.register(cursor)
    return cursor


def test_one_getmore_at_a_time() -> None:
    registry = CursorRegistry(Limits(), on_interrupt=lambda: None)
    cursor = registered(registry)
    registry.check_out(cursor.id, NAMESPACE)
    with pytest.raises(ServerError) as caught:
        registry.check_out(cursor.id, NAMESPACE)
    assert caught.value.code == ErrorCode.CursorInUse
    registry.check_in(cursor)
    assert registry.check_out(cursor.id, NAMESPACE) is cursor


def test_idle_cursors_are_forgotten() -> None:
    registry = CursorRegistry(Limits(), on_interrupt=lambda: None)
    idle, used, kept, fresh = (
        registered(registry),
        registered(registry),
        registered(registry, no_timeout=True),
        registered(registry),
    )
    registry.check_out(used.id, NAMESPACE)
    for cursor in (idle, used, kept):
        cursor.used_at = time.monotonic() - Limits().cursor_timeout_seconds - 1
    registry._swept_at -= 10
    newest = registered(registry)
    assert set(registry._cursors) == {used.id, kept.id, fresh.id, newest.id}
    assert registry.timed_out_total == 1


def test_killing_interrupts_the_getmore_that_runs() -> None:
    registry = CursorRegistry(Limits(), on_interrupt=lambda: None)
    opener, getmore = Operation("db", "find"), Operation("db", "getMore")
    cursor = registered(registry, operation=opener)
    registry.check_out(cursor.id, NAMESPACE)
    with cursor.continued(getmore):
        assert registry.kill(cursor.id, NAMESPACE)
        with pytest.raises(ServerError) as caught:
            opener.check_interrupt()
    assert caught.value.code == ErrorCode.CursorKilled
    opener.check_interrupt()


def test_kill_op_interrupts_a_waiting_getmore(server: Server) -> None:
    server.ok({"create": "c", "capped": True, "size": 4096})
    server.ok({"insert": "c", "documents": [{"_id": 1}]})
    cursor = opened(server, tailable=True, awaitData=True)
    codes: list[int] = []
    waiter = threading.Thread(
        target=lambda: codes.append(server.another().code({"getMore": cursor, "collection": "c", "maxTimeMS": 60_000}))
    )
    waiter.start()
    while not (running := [each for each in server.service.engine.operations.values() if each.command == "getMore"]):
        time.sleep(0.001)
    server.ok({"killOp": 1, "op": running[0].id}, "admin")
    waiter.join(30)
    assert codes == [ErrorCode.Interrupted]


def test_closing_the_service_interrupts_what_waits(server: Server) -> None:
    server.ok({"create": "c", "capped": True, "size": 4096})
    server.ok({"insert": "c", "documents": [{"_id": 1}]})
    cursor = opened(server, tailable=True, awaitData=True)
    replies: list[dict[str, Any]] = []
    waiting = server.another()
    getmore = {"getMore": cursor, "collection": "c", "maxTimeMS": 60_000}
    waiter = threading.Thread(target=lambda: replies.append(waiting.run(getmore)))
    waiter.start()
    while not any(each.command == "getMore" for each in server.service.engine.operations.values()):
        time.sleep(0.001)
    server.service.engine.close()
    waiter.join(30)
    assert replies[0]["ok"] == 0.0
