"""getParameter and setParameter: limits that change while the file is open."""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest
from bson import Int64

from satchel.errors import ErrorCode

from .conftest import Server
from .sessions import Session


def change(server: Server, **parameters: Any) -> Any:
    return server.ok({"setParameter": 1, **parameters}, "admin")["was"]


def test_a_change_is_seen_and_tells_what_was(server: Server) -> None:
    assert change(server, cursorTimeoutMillis=5) == 600_000
    assert change(server, transactionLifetimeLimitSeconds=30, ttlMonitorEnabled=False) == 60
    found = server.ok({"getParameter": "*"}, "admin")
    assert isinstance(found["cursorTimeoutMillis"], Int64)
    named = ("cursorTimeoutMillis", "transactionLifetimeLimitSeconds", "ttlMonitorEnabled")
    assert [found[name] for name in named] == [5, 30, False]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, ErrorCode.InvalidOptions),
        ({"noSuchParameter": 1}, ErrorCode.InvalidOptions),
        ({"authSchemaVersion": 5}, ErrorCode.IllegalOperation),
        ({"transactionLifetimeLimitSeconds": 0}, ErrorCode.BadValue),
        ({"ttlMonitorSleepSecs": "often"}, ErrorCode.TypeMismatch),
    ],
)
def test_what_cannot_be_set(server: Server, parameters: dict[str, Any], code: int) -> None:
    assert server.code({"setParameter": 1, **parameters}, "admin") == code


def test_cursors_time_out(server: Server) -> None:
    server.ok({"insert": "c", "documents": [{"_id": n} for n in range(5)]})
    cursor = server.ok({"find": "c", "batchSize": 1})["cursor"]["id"]
    change(server, cursorTimeoutMillis=1)
    registry = server.service.engine.cursors
    registry._swept_at -= 10
    time.sleep(0.01)
    assert server.code({"getMore": Int64(cursor), "collection": "c"}) == ErrorCode.CursorNotFound


def test_expired_documents_go_when_it_is_said(server: Server) -> None:
    index = {"key": {"at": 1}, "name": "at_1", "expireAfterSeconds": 1}
    server.ok({"createIndexes": "c", "indexes": [index]})
    server.ok({"insert": "c", "documents": [{"at": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)}]})
    change(server, ttlMonitorEnabled=False)
    change(server, ttlMonitorSleepSecs=1)
    time.sleep(1.5)
    assert len(server.found("c")) == 1
    change(server, ttlMonitorEnabled=True)
    end = time.monotonic() + 20
    while server.found("c") and time.monotonic() < end:
        time.sleep(0.05)
    assert server.found("c") == []


def test_transactions_live_as_long_as_said(file_server: Server) -> None:
    change(file_server, transactionLifetimeLimitSeconds=1)
    session = Session(file_server)
    session.begin()
    session.insert(1)
    file_server.ok({"insert": "c", "documents": [{"_id": 2}]})  # waits until it is gone
    assert session.commit()["code"] == ErrorCode.NoSuchTransaction
