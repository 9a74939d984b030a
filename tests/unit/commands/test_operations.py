"""What runs, what was slow, and what can be stopped."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from satchel.commands.activity import BUCKETS_SECONDS, Timing

from .conftest import Reply, Server

HEAVY = {"$expr": {"$lt": [{"$reduce": {"input": {"$range": [0, 5000]}, "initialValue": 0,
                                        "in": {"$add": ["$$value", "$$this"]}}}, 0]}}  # fmt: skip
"""Matches nothing, which takes many seconds to find out."""


@pytest.fixture
def filled(file_server: Server) -> Server:
    file_server.ok({"insert": "c", "documents": [{"_id": n, "text": "x" * 100} for n in range(2000)]})
    return file_server


class Running:
    """A command that runs in a thread of its own, until it is over."""

    def __init__(self, server: Server, command: dict[str, Any]) -> None:
        self.reply: Reply = {}
        self._server, self._command = server.another(), command
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.reply = self._server.run(self._command)

    def operation(self, server: Server) -> Reply:
        """Return what currentOp says of it, once it says anything."""
        while self._thread.is_alive():
            found = server.ok({"currentOp": 1, "connectionId": self._server.connection.id}, "admin")["inprog"]
            if found:
                return dict(found[0])
        raise AssertionError(f"it is over already: {self.reply}")

    def result(self) -> Reply:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.reply


SLOW: list[dict[str, Any]] = [
    {"find": "c", "filter": HEAVY},
    {"count": "c", "query": HEAVY},
    {"aggregate": "c", "pipeline": [{"$match": HEAVY}, {"$group": {"_id": None}}], "cursor": {}},
    {"update": "c", "updates": [{"q": HEAVY, "u": {"$set": {"a": 1}}, "multi": True}]},
    {"delete": "c", "deletes": [{"q": HEAVY, "limit": 0}]},
]


@pytest.mark.parametrize("command", SLOW, ids=lambda command: next(iter(command)))
def test_killing_what_runs(filled: Server, command: dict[str, Any]) -> None:
    running = Running(filled, command)
    operation = running.operation(filled)
    assert operation["ns"] == "db.c"
    assert filled.ok({"killOp": 1, "op": operation["opid"]}, "admin")["info"] == "attempting to kill op"
    reply = running.result()
    assert (reply["ok"], reply["code"], reply["codeName"]) == (0.0, 11601, "Interrupted")
    assert filled.ok({"count": "c", "query": {"a": {"$exists": False}}})["n"] == 2000


def test_killing_what_is_over_is_no_error(server: Server) -> None:
    server.ok({"killOp": 1, "op": 2**40}, "admin")
    assert server.code({"killOp": 1}, "admin") == 40414


def test_what_current_op_shows(filled: Server) -> None:
    filled.connection.metadata = {"application": {"name": "the app"}, "driver": {"name": "x"}}
    (own,) = filled.ok({"currentOp": 1, "command.currentOp": 1}, "admin")["inprog"]
    assert own["appName"] == "the app"
    assert own["desc"] == f"conn{filled.connection.id}"
    assert own["type"] == "op"
    assert own["op"] == "command"
    for matching in ({"type": "op"}, {"$or": [{"ns": "admin"}]}, {"microsecs_running": {"$gte": 0}}, {"$ownOps": True}):
        assert len(filled.ok({"currentOp": 1, **matching}, "admin")["inprog"]) == 1, matching
    for other in ({"ns": "elsewhere"}, {"secs_running": {"$gt": 100}}, {"$nor": [{"type": "op"}]}):
        assert filled.ok({"currentOp": 1, **other}, "admin")["inprog"] == [], other


def test_the_stage_shows_idle_cursors(filled: Server) -> None:
    filled.ok({"find": "c", "batchSize": 2, "comment": "mine"})
    pipeline: list[dict[str, Any]] = [{"$currentOp": {"idleCursors": True}}, {"$match": {"type": "idleCursor"}}]
    reply = filled.ok({"aggregate": 1, "pipeline": pipeline, "cursor": {}}, "admin")
    (cursor,) = reply["cursor"]["firstBatch"]
    assert cursor["ns"] == "db.c"
    assert cursor["cursor"]["originatingCommand"]["comment"] == "mine"


def profiled(server: Server) -> list[Reply]:
    return [each for each in server.found("system.profile") if each["op"] != "command"]


@pytest.fixture
def profiling(file_server: Server) -> Server:
    file_server.ok({"insert": "c", "documents": [{"_id": n} for n in range(5)]})
    return file_server


def test_everything_is_profiled(profiling: Server) -> None:
    before = profiling.ok({"profile": 2})
    assert (before["was"], before["slowms"], before["sampleRate"]) == (0, 100, 1.0)
    profiling.found("c", {"_id": 1})
    profiling.code({"find": "c", "filter": {"$nope": 1}})
    profiling.ok({"update": "c", "updates": [{"q": {}, "u": {"$set": {"a": 1}}}]})
    found = profiled(profiling)
    assert [each["op"] for each in found] == ["query", "query", "update"]
    assert found[0]["ns"] == "db.c"
    assert found[0]["command"]["filter"] == {"_id": 1}
    assert found[0]["command"]["$db"] == "db"
    assert found[1]["errName"] == "BadValue"
    assert all(each["millis"] >= 0 for each in found)
    options = profiling.ok({"listCollections": 1, "filter": {"name": "system.profile"}})["cursor"]["firstBatch"][0]
    assert options["options"] == {"capped": True, "size": 1024 * 1024}
    profiling.ok({"profile": 0})
    count = len(profiling.found("system.profile"))
    profiling.found("c")
    assert len(profiling.found("system.profile")) == count


def test_only_what_is_slow_or_matches(profiling: Server) -> None:
    profiling.ok({"profile": 1, "slowms": 100_000})
    profiling.found("c")
    assert profiled(profiling) == []
    profiling.ok({"profile": 1, "slowms": 0})
    profiling.found("c")
    assert [each["ns"] for each in profiled(profiling)] == ["db.c"]
    profiling.ok({"profile": 1, "filter": {"command.comment": "look"}})
    assert profiling.ok({"profile": -1})["filter"] == {"command.comment": "look"}
    profiling.found("c")
    profiling.ok({"find": "c", "comment": "look"})
    assert len(profiled(profiling)) == 2
    profiling.ok({"profile": 1, "filter": "unset", "sampleRate": 0})
    assert "filter" not in profiling.ok({"profile": -1})
    before = len(profiled(profiling))
    profiling.found("c")
    assert len(profiled(profiling)) == before, "none of the slow ones, at a rate of 0"


def test_profiling_concerns_one_database(profiling: Server) -> None:
    profiling.ok({"profile": 2}, "other")
    profiling.found("c")
    assert profiling.ok({"profile": -1})["was"] == 0
    assert profiling.found("system.profile") == []


@pytest.mark.parametrize(
    "command", [{"profile": 3}, {"profile": -2}, {"profile": 1, "sampleRate": 2}, {"profile": 1, "filter": "x"}]
)
def test_what_cannot_be_profiled(server: Server, command: dict[str, Any]) -> None:
    assert server.code(command) == 2


def test_secrets_are_not_profiled(profiling: Server) -> None:
    profiling.ok({"profile": 2})
    profiling.ok({"createUser": "ann", "pwd": "hidden", "roles": []})
    (found,) = [each for each in profiling.found("system.profile") if "createUser" in each["command"]]
    assert found["command"]["pwd"] == "xxx"


def test_a_transaction_of_another_process_does_not_stop_reads(profiling: Server) -> None:
    profiling.ok({"profile": 2})
    with profiling.service.engine.storage.write():
        reading = Running(profiling, {"find": "c"})
        assert len(reading.result()["cursor"]["firstBatch"]) == 5


def test_slow_commands_are_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.ok({"profile": 0, "slowms": 0})
    with caplog.at_level(logging.INFO, "satchel"):
        server.found("c")
        server.code({"createUser": "ann", "pwd": "hidden", "roles": ["nothing"]})
    slow = [vars(record)["attributes"] for record in caplog.records if record.getMessage() == "slow command"]
    assert [(each["command"], each["ns"]) for each in slow] == [("find", "db.c"), ("createUser", "db.ann")]
    assert slow[1]["error"] == "RoleNotFound"
    assert "hidden" not in str(slow)


def test_server_status(filled: Server) -> None:
    filled.found("c")
    filled.code({"find": "c", "filter": {"$nope": 1}})
    status = filled.ok({"serverStatus": 1}, "admin")
    assert status["opcounters"]["query"] == 2
    assert status["opcounters"]["insert"] == 1
    assert status["metrics"]["commands"]["find"] == {"failed": 1, "total": 2}
    assert status["opLatencies"]["reads"]["ops"] == 2
    assert status["opLatencies"]["writes"]["ops"] == 1
    assert status["opLatencies"]["writes"]["latency"] > 0
    assert status["mem"]["resident"] > 0
    assert status["sqlite"]["fileBytes"] > 0
    assert status["connections"]["current"] == 0
    assert status["repl"]["isWritablePrimary"] is True
    assert status["globalLock"]["activeClients"]["total"] == 1
    without = filled.ok({"serverStatus": 1, "metrics": 0, "repl": 0}, "admin")
    assert status.keys() - without.keys() == {"metrics", "repl"}


def test_top(filled: Server) -> None:
    filled.found("c")
    filled.found("c")
    filled.found("nothing")
    totals = filled.ok({"top": 1}, "admin")["totals"]
    assert totals["db.c"]["queries"]["count"] == 2
    assert totals["db.c"]["insert"]["count"] == 1
    assert totals["db.c"]["total"]["count"] == 3
    assert totals["db.c"]["readLock"]["count"] == 2
    assert totals["db.c"]["writeLock"]["time"] == totals["db.c"]["insert"]["time"] > 0
    assert totals["db.c"]["remove"] == {"time": 0, "count": 0}
    assert "db.nothing" not in totals


def test_histograms() -> None:
    timing = Timing()
    for seconds in (0.0, BUCKETS_SECONDS[0], BUCKETS_SECONDS[0] * 1.1, 1e9):
        timing.add(seconds, failed=seconds > 1)
    assert (timing.count, timing.failed) == (4, 1)
    assert timing.buckets == [2, 1, *[0] * (len(BUCKETS_SECONDS) - 2), 1]


def test_facts_for_tools(server: Server) -> None:
    info = server.ok({"hostInfo": 1}, "admin")
    assert info["system"]["numCores"] >= 1
    assert info["system"]["memSizeMB"] > 0
    status = server.ok({"replSetGetStatus": 1}, "admin")
    assert status["myState"] == 1
    assert [member["stateStr"] for member in status["members"]] == ["PRIMARY"]
    assert server.ok({"getLog": "*"}, "admin")["names"] == ["global", "startupWarnings"]
    assert server.ok({"getLog": "startupWarnings"}, "admin")["log"] == []
    assert isinstance(server.ok({"getLog": "global"}, "admin")["log"], list)
    assert server.code({"getLog": "nothing"}, "admin") == 96
    assert server.ok({"getParameter": 1, "authSchemaVersion": 1}, "admin")["authSchemaVersion"] == 5
