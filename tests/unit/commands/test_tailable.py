"""Tailable cursors: across threads and processes, waiting and not."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from bson import Int64

from satchel.errors import ErrorCode

from .conftest import Server


def log(server: Server, *numbers: int) -> None:
    server.ok({"insert": "log", "documents": [{"_id": number} for number in numbers]})


@pytest.fixture
def tailed(server: Server) -> Server:
    server.ok({"create": "log", "capped": True, "size": 1_000_000})
    log(server, 1, 2)
    return server


def tail(server: Server, **options: Any) -> dict[str, Any]:
    return server.ok({"find": "log", "tailable": True, **options})["cursor"]


def more(server: Server, cursor: int, **options: Any) -> dict[str, Any]:
    return server.ok({"getMore": Int64(cursor), "collection": "log", **options})["cursor"]


def ids(documents: list[dict[str, Any]]) -> list[int]:
    return [document["_id"] for document in documents]


def test_skip_and_limit(tailed: Server) -> None:
    log(tailed, 3)
    assert ids(tail(tailed, skip=1, limit=1)["firstBatch"]) == [2]
    skipping = tail(tailed, skip=4)
    log(tailed, 4, 5)
    assert ids(more(tailed, skipping["id"])["nextBatch"]) == [5]


def test_a_limit_that_is_reached_leaves_the_cursor_open(tailed: Server) -> None:
    """As MongoDB has it (tests/conformance: capped::tailable-limit)."""
    cursor = tail(tailed, limit=1)
    assert ids(cursor["firstBatch"]) == [1]
    assert cursor["id"]


def test_the_cursor_stays_at_the_end(tailed: Server) -> None:
    cursor = tail(tailed)
    assert ids(cursor["firstBatch"]) == [1, 2]
    assert more(tailed, cursor["id"])["nextBatch"] == []
    log(tailed, 3)
    found = more(tailed, cursor["id"])
    assert ids(found["nextBatch"]) == [3]
    assert found["id"] == cursor["id"]


def test_filters_and_batches_apply(tailed: Server) -> None:
    cursor = tail(tailed, filter={"_id": {"$gt": 1}}, batchSize=1)
    assert ids(cursor["firstBatch"]) == [2]
    log(tailed, 3, 0, 4)
    assert ids(more(tailed, cursor["id"], batchSize=1)["nextBatch"]) == [3]
    assert ids(more(tailed, cursor["id"])["nextBatch"]) == [4]


def test_a_limit_ends_it(tailed: Server) -> None:
    cursor = tail(tailed, limit=3)
    log(tailed, 3, 4)
    last = more(tailed, cursor["id"])
    assert ids(last["nextBatch"]) == [3]


def test_an_empty_collection_has_no_tail(server: Server) -> None:
    server.ok({"create": "log", "capped": True, "size": 4096})
    assert tail(server)["id"] == 0


def test_a_missing_collection_has_none_either(server: Server) -> None:
    assert tail(server)["id"] == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"tailable": True, "sort": {"a": 1}}, 2),
        ({"tailable": True, "sort": {"$natural": -1}}, 2),
        ({"tailable": True, "singleBatch": True}, 2),
        ({"awaitData": True}, 9),
    ],
)
def test_options_that_do_not_go_together(tailed: Server, options: dict[str, Any], code: int) -> None:
    assert tailed.code({"find": "log", **options}) == code


def test_only_capped_collections_have_tails(server: Server) -> None:
    log(server, 1)
    assert server.code({"find": "log", "tailable": True}) == ErrorCode.BadValue


def test_a_drop_ends_it(tailed: Server) -> None:
    cursor = tail(tailed)
    tailed.ok({"drop": "log"})
    assert tailed.code({"getMore": Int64(cursor["id"]), "collection": "log"}) == ErrorCode.QueryPlanKilled


def test_waiting_ends_with_its_time(tailed: Server) -> None:
    cursor = tail(tailed, awaitData=True)
    empty = more(tailed, cursor["id"], maxTimeMS=20)
    assert empty["nextBatch"] == []
    assert empty["id"] == cursor["id"]


def test_what_is_there_is_not_waited_for(tailed: Server) -> None:
    cursor = tail(tailed, awaitData=True)
    log(tailed, 3)
    assert ids(more(tailed, cursor["id"], maxTimeMS=60_000)["nextBatch"]) == [3]


def test_another_thread_wakes_it(tailed: Server) -> None:
    cursor = tail(tailed, awaitData=True)
    waiting = tailed.another()
    found: list[int] = []

    def wait() -> None:
        found.extend(ids(more(waiting, cursor["id"], maxTimeMS=60_000)["nextBatch"]))

    waiter = threading.Thread(target=wait)
    waiter.start()
    while not any(each.command == "getMore" for each in tailed.service.engine.operations.values()):
        time.sleep(0.001)
    log(tailed, 3)
    waiter.join(30)
    assert found == [3]


def test_a_client_that_goes_away_is_not_waited_for(tailed: Server) -> None:
    cursor = tail(tailed, awaitData=True)
    waiting = tailed.another()
    codes: list[int | None] = []

    def wait() -> None:
        codes.append(waiting.code({"getMore": Int64(cursor["id"]), "collection": "log", "maxTimeMS": 60_000}))

    waiter = threading.Thread(target=wait, daemon=True)
    waiter.start()
    while not any(each.command == "getMore" for each in tailed.service.engine.operations.values()):
        time.sleep(0.001)
    waiting.connection.close()
    waiter.join(30)
    assert codes == [ErrorCode.ClientDisconnect]
    assert tailed.code({"getMore": Int64(cursor["id"]), "collection": "log"}) == ErrorCode.CursorNotFound


_PROCESS = """
import sys
from satchel import MongoClient
with MongoClient(sys.argv[1]) as client:
    for number in range(3, 6):
        client.db.log.insert_one({"_id": number})
"""


def test_another_process_feeds_it(file_server: Server) -> None:
    file_server.ok({"create": "log", "capped": True, "size": 1_000_000})
    log(file_server, 1, 2)
    cursor = tail(file_server, awaitData=True)
    path = file_server.service.engine.storage.path
    process = subprocess.Popen([sys.executable, "-c", _PROCESS, path])
    found: list[int] = []
    while len(found) < 3:
        found += ids(more(file_server, cursor["id"], maxTimeMS=60_000)["nextBatch"])
    assert found == [3, 4, 5]
    assert process.wait() == 0
