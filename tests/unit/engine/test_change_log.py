"""The change log: when it begins and ends, its bounds, its order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bson import Int64, Timestamp

from satchel.backends.sqlite import SqliteStorage
from satchel.commands.dispatch import Service
from satchel.deployment import open_service
from satchel.engine import change_log, cluster_time
from satchel.engine.cluster_time import ClusterClock, position_of, start_of_second, timestamp_of
from satchel.engine.engine import Engine
from satchel.engine.operation import Operation
from satchel.errors import ErrorCode
from tests.unit.commands.conftest import Server

_NOW = 1_800_000_000


class Clock:
    """Stands where modules look for the time."""

    def __init__(self) -> None:
        self.now = float(_NOW)

    def time(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return int(self.now * 1e9)

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (change_log, cluster_time):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    engine = Engine(SqliteStorage(str(tmp_path / "app.db")))
    yield Server(Service(engine))
    engine.close()


def watch(server: Server, **options: Any) -> dict[str, Any]:
    return server.ok({"aggregate": "c", "pipeline": [{"$changeStream": options}], "cursor": {}})["cursor"]


def insert(server: Server, *identifiers: int, **fields: object) -> None:
    server.ok({"insert": "c", "documents": [{"_id": identifier, **fields} for identifier in identifiers]})


def entries(server: Server) -> list[int]:
    with server.service.engine.read() as unit:
        return [position for position, _ in unit.reader.change_log.entries(0)] if unit.catalog.has_change_log else []


def is_kept(server: Server) -> bool:
    with server.service.engine.read() as unit:
        return unit.catalog.has_change_log


def test_nothing_is_logged_before_somebody_watches(server: Server) -> None:
    insert(server, 1)
    with server.service.engine.read() as unit:
        assert unit.reader.change_log.state() is None
    assert not is_kept(server)
    watch(server)
    insert(server, 2)
    assert len(entries(server)) == 1


def test_a_bad_pipeline_begins_no_log(server: Server) -> None:
    server.code({"aggregate": "c", "pipeline": [{"$changeStream": {"x": 1}}], "cursor": {}})
    server.code({"aggregate": "c", "pipeline": [{"$changeStream": {}}, {"$limit": 1}], "cursor": {}})
    assert not is_kept(server)


def test_old_entries_go(server: Server, clock: Clock) -> None:
    watch(server)
    insert(server, 1)
    clock.now += change_log.CHANGE_LOG_RETENTION_SECONDS + 10
    watch(server)
    insert(server, 2)
    (left,) = entries(server)
    assert timestamp_of(left).time == int(clock.now)


def test_too_many_bytes_go(server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_log, "CHANGE_LOG_MAX_BYTES", 20_000)
    monkeypatch.setattr(change_log, "_BYTES_BETWEEN_CHECKS", 2_000)
    watch(server)
    for number in range(100):
        insert(server, number, a="x" * 1000)
        assert len(entries(server)) <= 20
    assert len(entries(server)) >= 10


def test_a_stream_whose_place_is_gone(server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_log, "CHANGE_LOG_MAX_BYTES", 5_000)
    monkeypatch.setattr(change_log, "_BYTES_BETWEEN_CHECKS", 1_000)
    slow = watch(server)
    insert(server, 1)
    more = {"getMore": Int64(slow["id"]), "collection": "c", "maxTimeMS": 1}
    (first,) = server.ok({**more, "batchSize": 1})["cursor"]["nextBatch"]
    for number in range(2, 30):
        insert(server, number, a="x" * 1000)
    reply = server.run(more)
    assert reply["code"] == ErrorCode.ChangeStreamHistoryLost
    assert reply["errorLabels"] == ["NonResumableChangeStreamError"]
    for options in ({"resumeAfter": first["_id"]}, {"startAtOperationTime": first["clusterTime"]}):
        stage = {"$changeStream": options}
        assert server.code({"aggregate": "c", "pipeline": [stage], "cursor": {}}) == ErrorCode.ChangeStreamHistoryLost


def test_the_log_ends_when_nobody_reads_it(server: Server, clock: Clock) -> None:
    token = watch(server)["postBatchResumeToken"]
    clock.now += change_log.CHANGE_LOG_RETENTION_SECONDS + 10
    insert(server, 1)
    assert not is_kept(server)
    insert(server, 2)
    stage = {"$changeStream": {"resumeAfter": token}}
    assert server.code({"aggregate": "c", "pipeline": [stage], "cursor": {}}) == ErrorCode.ChangeStreamHistoryLost
    assert is_kept(server)  # Somebody has asked for it.


def test_a_cursor_of_a_log_that_ended(server: Server, clock: Clock) -> None:
    cursor = watch(server)
    clock.now += change_log.CHANGE_LOG_RETENTION_SECONDS + 10
    insert(server, 1)
    more = {"getMore": Int64(cursor["id"]), "collection": "c", "maxTimeMS": 1}
    assert server.code(more) == ErrorCode.ChangeStreamHistoryLost


def test_who_goes_on_reading_keeps_the_log(server: Server, clock: Clock) -> None:
    cursor = watch(server)
    more = {"getMore": Int64(cursor["id"]), "collection": "c", "maxTimeMS": 1}
    for number in range(30):
        clock.now += change_log.CHANGE_LOG_RETENTION_SECONDS / 12
        insert(server, number)
        assert server.ok(more)["cursor"]["nextBatch"]
    assert is_kept(server)


def test_images_keep_the_log(server: Server, clock: Clock) -> None:
    server.ok({"create": "c", "changeStreamPreAndPostImages": {"enabled": True}})
    clock.now += 2 * change_log.CHANGE_LOG_RETENTION_SECONDS
    insert(server, 1)
    assert is_kept(server)


def test_positions_grow_whatever_the_clock_does(server: Server, clock: Clock) -> None:
    watch(server)
    insert(server, 1)
    clock.now -= 1000
    insert(server, 2, 3)
    clock.now += 2000
    insert(server, 4)
    found = entries(server)
    assert found == sorted(set(found))
    assert len(found) == 5  # and the collection's creation


def test_positions_grow_across_restarts_of_the_log(server: Server, clock: Clock) -> None:
    watch(server)
    insert(server, 1)
    (_, last) = entries(server)
    clock.now += change_log.CHANGE_LOG_RETENTION_SECONDS + 10
    insert(server, 2)
    clock.now -= change_log.CHANGE_LOG_RETENTION_SECONDS * 2
    watch(server)
    insert(server, 3)
    assert entries(server)[0] > last


def test_a_slow_transaction_comes_after_the_times_told_meanwhile(server: Server, clock: Clock) -> None:
    watch(server)
    engine = server.service.engine
    insert(server, 1)
    with engine.write(Operation("db")) as unit:
        assert unit.changes is not None
        unit.changes.database_dropped("slow")
        clock.now += 30
        told: list[Timestamp] = []
        teller = threading.Thread(target=lambda: told.append(engine.change_log.clock.now()))
        teller.start()
        teller.join()
    assert entries(server)[-1] > position_of(told[0])
    assert engine.change_log.clock.now() == timestamp_of(entries(server)[-1])


def _write_and_fail(server: Server) -> None:
    with server.service.engine.write(Operation("db")) as unit:
        assert unit.changes is not None
        unit.changes.database_dropped("x")
        raise ZeroDivisionError


def test_what_is_undone_is_not_logged(server: Server) -> None:
    watch(server)
    with pytest.raises(ZeroDivisionError):
        _write_and_fail(server)
    assert entries(server) == []


def test_a_transaction_has_one_time(server: Server) -> None:
    cursor = watch(server)
    insert(server, 1)
    lsid = {"id": b"x" * 16}
    with server.service.engine.write(Operation("db")) as unit:
        assert unit.changes is not None
        entry = unit.catalog.require(Operation("db").namespace("c"))
        unit.changes.join_transaction(lsid, 7)
        unit.changes.deleted(entry, [{"_id": 1}, {"_id": 2}, {"_id": 3}])
    more = {"getMore": Int64(cursor["id"]), "collection": "c", "maxTimeMS": 1}
    _, *events = server.ok(more)["cursor"]["nextBatch"]
    assert len({event["clusterTime"] for event in events}) == 1
    assert [event["txnNumber"] for event in events] == [7] * 3
    assert events[0]["lsid"] == lsid
    assert len({event["_id"]["_data"] for event in events}) == 3
    started = watch(server, startAtOperationTime=events[0]["clusterTime"])
    assert started["firstBatch"] == events
    last = position_of(events[0]["clusterTime"]) + 1
    assert watch(server, startAtOperationTime=timestamp_of(last))["firstBatch"] == events


def test_a_file_that_is_read_only(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    service = open_service(path)
    insert(Server(service), 1)
    service.release()
    service = open_service(path, read_only=True)
    command = {"aggregate": "c", "pipeline": [{"$changeStream": {}}], "cursor": {}}
    assert Server(service).code(command) == ErrorCode.IllegalOperation
    service.release()


def test_system_collections_are_not_logged(server: Server) -> None:
    watch(server)
    server.ok({"insert": "system.js", "documents": [{"_id": "f"}]})
    with server.service.engine.read() as unit:
        assert all(b"insert" not in entry for _, entry in unit.reader.change_log.entries(0))


def test_positions_are_timestamps() -> None:
    for time_, increment in ((0, 0), (1, 1), (2**32 - 1, 2**31 - 1)):
        assert timestamp_of(position_of(Timestamp(time_, increment))) == Timestamp(time_, increment)
    assert start_of_second(2**32 - 1) < 2**63
    assert position_of(Timestamp(5, 2**32 - 1)) < start_of_second(6)


def test_a_clock_tells_no_time_that_a_change_can_still_get(clock: Clock) -> None:
    told = position_of(ClusterClock().now())
    assert told < ClusterClock().next_position(0)
