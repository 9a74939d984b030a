"""Documents that expire."""

from __future__ import annotations

import datetime
import threading
from typing import Any

import pytest

from satchel.engine.expiry import DOCUMENTS_AT_ONCE, remove_expired
from satchel.engine.ttl import TtlMonitor

from .conftest import Server

NOW = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
NOW_MS = int(NOW.timestamp() * 1000)


def ago(seconds: float) -> datetime.datetime:
    return NOW - datetime.timedelta(seconds=seconds)


def ttl_index(server: Server, seconds: float, **options: Any) -> None:
    index = {"key": {"at": 1}, "name": "at_1", "expireAfterSeconds": seconds, **options}
    server.ok({"createIndexes": "c", "indexes": [index]})


def insert(server: Server, **documents: object) -> None:
    fields = [{"_id": name} if at is None else {"_id": name, "at": at} for name, at in documents.items()]
    server.ok({"insert": "c", "documents": fields})


def left(server: Server) -> list[str]:
    return sorted(document["_id"] for document in server.found("c"))


def test_what_is_older_goes(server: Server) -> None:
    ttl_index(server, 60)
    insert(server, older=ago(61), exactly=ago(60), younger=ago(59.999), future=ago(-5))
    assert remove_expired(server.service.engine, NOW_MS) == 2
    assert left(server) == ["future", "younger"]


def test_only_dates_expire(server: Server) -> None:
    ttl_index(server, 0)
    insert(server, number=1, text="2000-01-01", missing=None, empty=[], nested={"at": ago(9)})
    assert remove_expired(server.service.engine, NOW_MS) == 0


def test_the_oldest_date_of_an_array_counts(server: Server) -> None:
    ttl_index(server, 60)
    insert(server, both=[ago(0), ago(61)], one=[ago(0), "x"], old=["x", ago(61)])
    remove_expired(server.service.engine, NOW_MS)
    assert left(server) == ["one"]


def test_zero_seconds_means_at_that_time(server: Server) -> None:
    ttl_index(server, 0)
    insert(server, past=ago(0.001), now=ago(0), future=ago(-0.001))
    remove_expired(server.service.engine, NOW_MS)
    assert left(server) == ["future"]


def test_a_partial_index_leaves_others_alone(server: Server) -> None:
    ttl_index(server, 60, partialFilterExpression={"temporary": True})
    documents = [{"_id": "kept", "at": ago(99)}, {"_id": "gone", "at": ago(99), "temporary": True}]
    server.ok({"insert": "c", "documents": documents})
    assert remove_expired(server.service.engine, NOW_MS) == 1
    assert left(server) == ["kept"]


def test_a_changed_time_counts_from_then_on(server: Server) -> None:
    ttl_index(server, 3600)
    insert(server, hour=ago(3599))
    assert remove_expired(server.service.engine, NOW_MS) == 0
    server.ok({"collMod": "c", "index": {"name": "at_1", "expireAfterSeconds": 60}})
    assert remove_expired(server.service.engine, NOW_MS) == 1


def test_many_go_in_several_transactions(server: Server) -> None:
    ttl_index(server, 0)
    count = 2 * DOCUMENTS_AT_ONCE + 1
    server.ok({"insert": "c", "documents": [{"_id": number, "at": ago(1)} for number in range(count)]})
    assert remove_expired(server.service.engine, NOW_MS) == count
    assert server.ok({"validate": "c"})["errors"] == []


def test_every_collection_is_looked_at(server: Server) -> None:
    for name in ("a", "b"):
        index = {"key": {"at": 1}, "name": "at_1", "expireAfterSeconds": 0}
        server.ok({"createIndexes": name, "indexes": [index]}, name)
        server.ok({"insert": name, "documents": [{"at": ago(1)}]}, name)
    assert remove_expired(server.service.engine, NOW_MS) == 2


def monitor_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "satchel-ttl"]


def test_the_monitor_runs_only_where_something_can_expire(server: Server) -> None:
    before = len(monitor_threads())
    insert(server, one=1)
    assert len(monitor_threads()) == before
    ttl_index(server, 60)
    assert len(monitor_threads()) == before + 1


def test_closing_ends_the_monitor(server: Server) -> None:
    ttl_index(server, 60)
    before = len(monitor_threads())
    monitor = TtlMonitor(server.service.engine)
    monitor.close()
    assert len(monitor_threads()) <= before


@pytest.mark.parametrize("seconds", [-1, 2**31, "x"])
def test_times_that_cannot_be(server: Server, seconds: object) -> None:
    index = {"key": {"at": 1}, "name": "at_1", "expireAfterSeconds": seconds}
    assert server.code({"createIndexes": "c", "indexes": [index]}) == 67
