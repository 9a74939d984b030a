"""Sessions: who is known, what ends with them, and points in time that can be read again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from bson import Binary, Int64, Timestamp

from satchel.deployment import open_service
from satchel.engine import sessions, snapshots
from satchel.errors import ErrorCode

from .conftest import Server
from .sessions import Session


@pytest.fixture(params=["file", "memory"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    service = open_service(":memory:" if request.param == "memory" else str(tmp_path / "app.db"))
    server = Server(service)
    server.ok({"insert": "c", "documents": [{"_id": number} for number in range(5)]})
    yield server
    service.release()


def listed(server: Server) -> set[bytes]:
    pipeline = [{"$listLocalSessions": {"allUsers": True}}]
    reply = server.ok({"aggregate": 1, "pipeline": pipeline, "cursor": {}}, "admin")
    return {document["_id"]["id"] for document in reply["cursor"]["firstBatch"]}


def test_sessions_are_known_from_their_first_command_to_their_end(server: Server) -> None:
    started = server.ok({"startSession": 1})
    session = Session(server)
    server.ok({"ping": 1, "lsid": session.lsid})
    assert started["timeoutMinutes"] == 30
    assert listed(server) == {started["id"]["id"], session.lsid["id"]}
    server.ok({"endSessions": [started["id"]]})
    assert listed(server) == {session.lsid["id"]}


def test_sessions_expire_unless_they_are_refreshed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, kept = Session(server), Session(server)
    for session in (gone, kept):
        server.ok({"ping": 1, "lsid": session.lsid})
    later = time.time_ns() + 31 * 60 * 10**9
    monkeypatch.setattr(sessions.time, "time_ns", lambda: later)
    server.ok({"refreshSessions": [kept.lsid]})
    monkeypatch.setattr(server.service.engine.sessions, "_swept_at", 0.0)
    server.ok({"ping": 1, "lsid": kept.lsid})
    assert listed(server) == {kept.lsid["id"]}


def test_cursors_die_with_their_session(server: Server) -> None:
    session = Session(server)
    cursor = Int64(server.ok({"find": "c", "batchSize": 1, "lsid": session.lsid})["cursor"]["id"])
    server.ok({"killSessions": [session.lsid]})
    more = {"getMore": cursor, "collection": "c", "lsid": session.lsid}
    assert server.code(more) == ErrorCode.CursorNotFound


def test_a_cursor_belongs_to_its_session(server: Server) -> None:
    mine, other = Session(server), Session(server)
    of_session = Int64(server.ok({"find": "c", "batchSize": 1, "lsid": mine.lsid})["cursor"]["id"])
    of_nobody = Int64(server.ok({"find": "c", "batchSize": 1})["cursor"]["id"])
    assert server.code({"getMore": of_nobody, "collection": "c", "lsid": mine.lsid}) == 50736
    assert server.code({"getMore": of_session, "collection": "c"}) == 50737
    assert server.code({"getMore": of_session, "collection": "c", "lsid": other.lsid}) == 50738
    server.ok({"getMore": of_session, "collection": "c", "lsid": mine.lsid})
    server.ok({"getMore": of_nobody, "collection": "c"})


@pytest.mark.parametrize(
    "command",
    [
        {"killAllSessions": []},
        {"killAllSessionsByPattern": []},
        {"killSessions": []},
    ],
    ids=lambda command: next(iter(command)),
)
def test_killing_all(command: dict[str, list[object]], server: Server) -> None:
    server.ok({"ping": 1, "lsid": Session(server).lsid})
    server.ok(command, "admin")
    assert listed(server) == set()


def test_killing_by_user_and_pattern(server: Server) -> None:
    session, other = Session(server), Session(server)
    for each in (session, other):
        server.ok({"ping": 1, "lsid": each.lsid})
    server.ok({"killAllSessions": [{"user": "ada", "db": "admin"}]}, "admin")
    assert len(listed(server)) == 2
    server.ok({"killAllSessionsByPattern": [{"lsid": session.lsid}]}, "admin")
    assert listed(server) == {other.lsid["id"]}


@pytest.mark.parametrize(
    ("lsid", "code"),
    [
        ({}, ErrorCode.TypeMismatch),
        ({"id": "text"}, ErrorCode.TypeMismatch),
        ({"id": Binary(bytes(16), 0)}, ErrorCode.TypeMismatch),
        ({"id": Binary(bytes(15), 4)}, ErrorCode.InvalidUUID),
        ({"id": Binary.from_uuid(uuid.uuid4()), "uid": bytes(32)}, ErrorCode.Unauthorized),
    ],
    ids=str,
)
def test_ids_that_are_none(lsid: dict[str, object], code: int, server: Server) -> None:
    assert server.code({"ping": 1, "lsid": lsid}) == code


def test_a_point_in_time_is_read_again(server: Server) -> None:
    first = server.ok({"find": "c", "filter": {"_id": {"$gt": 2}}, "readConcern": {"level": "snapshot"}})["cursor"]
    assert [each["_id"] for each in first["firstBatch"]] == [3, 4]
    concern = {"level": "snapshot", "atClusterTime": first["atClusterTime"]}
    server.ok({"insert": "c", "documents": [{"_id": 5}]})
    server.ok({"delete": "c", "deletes": [{"q": {"_id": 0}, "limit": 1}]})
    assert server.ok({"distinct": "c", "key": "_id", "readConcern": concern})["values"] == [0, 1, 2, 3, 4]
    counted = server.ok({"aggregate": "c", "pipeline": [{"$count": "n"}], "cursor": {}, "readConcern": concern})
    assert counted["cursor"]["firstBatch"] == [{"n": 5}]
    assert counted["cursor"]["atClusterTime"] == first["atClusterTime"]
    assert server.ok({"distinct": "c", "key": "_id"})["values"] == [1, 2, 3, 4, 5]


def test_a_cursor_goes_on_at_its_point_in_time(server: Server) -> None:
    found = server.ok({"find": "c", "batchSize": 2, "readConcern": {"level": "snapshot"}})["cursor"]
    server.ok({"delete": "c", "deletes": [{"q": {}, "limit": 0}]})
    more = server.ok({"getMore": Int64(found["id"]), "collection": "c"})["cursor"]["nextBatch"]
    assert [each["_id"] for each in more] == [2, 3, 4]


def test_points_in_time_that_are_gone(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    find = {"find": "c", "readConcern": {"level": "snapshot"}}
    old = {"level": "snapshot", "atClusterTime": Timestamp(1, 1)}
    assert server.code({**find, "readConcern": old}) == ErrorCode.SnapshotTooOld
    monkeypatch.setattr(snapshots, "MAX_SNAPSHOTS", 2)
    times = [server.ok(find)["cursor"]["atClusterTime"] for _ in range(3)]
    codes = [
        server.run({**find, "readConcern": {"level": "snapshot", "atClusterTime": at}}).get("code") for at in times
    ]
    assert codes == [ErrorCode.SnapshotTooOld, None, None]
    future = {"level": "snapshot", "atClusterTime": Timestamp(2**31, 1)}
    assert server.code({**find, "readConcern": future}) == ErrorCode.InvalidOptions


def test_what_cannot_be_read_at_a_point_in_time(server: Server) -> None:
    assert server.code({"count": "c", "readConcern": {"level": "snapshot"}}) == ErrorCode.InvalidOptions
    insert = {"insert": "c", "documents": [{}], "readConcern": {"level": "snapshot"}}
    assert Session(server).retryable(insert, 1)["code"] == ErrorCode.InvalidOptions
    out = {"aggregate": "c", "pipeline": [{"$out": "d"}], "cursor": {}, "readConcern": {"level": "snapshot"}}
    assert server.code(out) == ErrorCode.InvalidOptions
    local = {"level": "local", "atClusterTime": Timestamp(1, 1)}
    assert server.code({"find": "c", "readConcern": local}) == ErrorCode.InvalidOptions
