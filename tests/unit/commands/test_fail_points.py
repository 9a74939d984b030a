"""Fail points: there with test commands alone, and then as the tests of drivers use them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from bson import Binary, Int64

import satchel
from satchel.deployment import open_service
from satchel.errors import ErrorCode
from satchel.wire.service import ConnectionDroppedError

from .conftest import Server

SESSION = {"lsid": {"id": Binary(bytes(16), 4)}, "txnNumber": Int64(1)}


@pytest.fixture
def failing() -> Iterator[Server]:
    service = open_service(":memory:", test_commands=True)
    yield Server(service)
    service.release()


def set_point(server: Server, mode: Any, name: str = "failCommand", **data: Any) -> dict[str, Any]:
    return server.ok({"configureFailPoint": name, "mode": mode, "data": data}, "admin")


def test_there_are_none_without_test_commands(server: Server) -> None:
    command = {"configureFailPoint": "failCommand", "mode": "off"}
    assert server.code(command, "admin") == ErrorCode.CommandNotFound
    assert server.ok({"getParameter": "*"}, "admin")["enableTestCommands"] is False


def test_drivers_are_told(failing: Server) -> None:
    assert failing.ok({"getParameter": "*"}, "admin")["enableTestCommands"] is True


def test_commands_fail_as_often_as_asked(failing: Server) -> None:
    set_point(failing, {"times": 2}, failCommands=["find", "ping"], errorCode=10)
    assert failing.code({"find": "things"}) == 10
    failing.ok({"insert": "things", "documents": [{}]})
    assert failing.code({"ping": 1}) == 10
    failing.ok({"find": "things"})
    assert set_point(failing, "off")["count"] == 2


def test_always_and_off(failing: Server) -> None:
    set_point(failing, "alwaysOn", failCommands=["ping"], errorCode=91)
    assert [failing.code({"ping": 1}) for _ in range(3)] == [91, 91, 91]
    set_point(failing, "off")
    failing.ok({"ping": 1})


def test_skip(failing: Server) -> None:
    set_point(failing, {"skip": 1}, failCommands=["ping"], errorCode=91)
    failing.ok({"ping": 1})
    assert failing.code({"ping": 1}) == 91


def test_only_of_one_application_or_namespace(failing: Server) -> None:
    set_point(failing, "alwaysOn", failCommands=["find", "ping"], errorCode=91, appName="mine")
    failing.ok({"ping": 1})
    mine = failing.another()
    mine.ok({"hello": 1, "client": {"application": {"name": "mine"}}})
    assert mine.code({"ping": 1}) == 91
    set_point(failing, "alwaysOn", failCommands=["find"], errorCode=91, namespace="db.bad")
    failing.ok({"find": "good"})
    assert failing.code({"find": "bad"}) == 91


def test_labels(failing: Server) -> None:
    insert = {"insert": "things", "documents": [{}]}
    set_point(failing, "alwaysOn", failCommands=["insert"], errorCode=91)
    assert failing.run({**insert, **SESSION})["errorLabels"] == ["RetryableWriteError"]
    assert "errorLabels" not in failing.run(insert)
    assert failing.run({**insert, **SESSION, "autocommit": False})["errorLabels"] == ["TransientTransactionError"]
    set_point(failing, "alwaysOn", failCommands=["insert"], errorCode=91, errorLabels=["Mine"])
    assert failing.run({**insert, **SESSION})["errorLabels"] == ["Mine"]


def test_write_concern_error_comes_with_the_reply(failing: Server) -> None:
    set_point(failing, {"times": 1}, failCommands=["insert"], writeConcernError={"code": 91, "errmsg": "x"})
    reply = failing.ok({"insert": "things", "documents": [{"_id": 1}]})
    assert (reply["n"], reply["writeConcernError"]["code"]) == (1, 91)
    assert failing.found("things") == [{"_id": 1}]


def test_blocking_heeds_the_time_limit(failing: Server) -> None:
    set_point(failing, "alwaysOn", failCommands=["ping"], blockConnection=True, blockTimeMS=600_000)
    assert failing.code({"ping": 1, "maxTimeMS": 20}) == ErrorCode.MaxTimeMSExpired
    failing.connection.close()
    failing.run({"ping": 1})


def test_time_limits_always_expire(failing: Server) -> None:
    set_point(failing, "alwaysOn", "maxTimeAlwaysTimeOut")
    failing.ok({"ping": 1})
    assert failing.code({"ping": 1, "maxTimeMS": 100_000}) == ErrorCode.MaxTimeMSExpired


def test_what_is_left_of_a_time_limit_expires_with_the_cursor(failing: Server) -> None:
    failing.ok({"insert": "things", "documents": [{"_id": n} for n in range(9)]})
    find = {"find": "things", "batchSize": 1}
    limited = failing.ok({**find, "maxTimeMS": 100_000})["cursor"]["id"]
    unlimited = failing.ok(find)["cursor"]["id"]
    set_point(failing, "alwaysOn", "maxTimeAlwaysTimeOut")
    failing.ok({"getMore": unlimited, "collection": "things"})
    assert failing.code({"getMore": limited, "collection": "things"}) == ErrorCode.MaxTimeMSExpired


def test_blocked_time_counts(failing: Server) -> None:
    failing.ok({"insert": "things", "documents": [{"_id": n} for n in range(9)]})
    set_point(failing, "alwaysOn", failCommands=["find", "getMore"], blockConnection=True, blockTimeMS=60)
    cursor = failing.ok({"find": "things", "batchSize": 1, "maxTimeMS": 1100})["cursor"]["id"]
    for _ in range(3):
        failing.ok({"getMore": Int64(cursor), "collection": "things", "batchSize": 1})
    assert failing.service.engine.cursors.get(cursor).seconds_left < 1.1 - 4 * 0.06
    set_point(failing, "alwaysOn", failCommands=["getMore"], blockConnection=True, blockTimeMS=600_000)
    assert failing.code({"getMore": Int64(cursor), "collection": "things"}) == ErrorCode.MaxTimeMSExpired


def test_writes_are_counted_as_mongodb_divides_them(failing: Server) -> None:
    large = [{"_id": n, "text": "s" * 200_000} for n in range(3)]
    set_point(failing, {"skip": 3}, "onPrimaryTransactionalWrite", failBeforeCommitExceptionCode=1)
    failing.ok({"insert": "things", **SESSION}, documents=large)
    with pytest.raises(ConnectionDroppedError):
        failing.run({"insert": "things", "documents": [{"_id": 9}], **SESSION, "txnNumber": Int64(2)})
    set_point(failing, {"skip": 1}, "onPrimaryTransactionalWrite", failBeforeCommitExceptionCode=1)
    failing.ok({"insert": "things", "documents": [{"_id": n} for n in range(10, 30)], **SESSION, "txnNumber": Int64(3)})
    deletes = [{"q": {"_id": n}, "limit": 1} for n in range(2)]
    with pytest.raises(ConnectionDroppedError):
        failing.run({"delete": "things", "deletes": deletes, **SESSION, "txnNumber": Int64(4)})


def test_a_command_of_a_later_api_version(failing: Server, server: Server) -> None:
    failing.ok({"testVersion2": 1})
    strict = {"testVersion2": 1, "apiVersion": "1", "apiStrict": True}
    assert "testVersion2 is not in API Version 1" in failing.run(strict)["errmsg"]
    assert failing.code(strict) == ErrorCode.APIStrictError
    assert server.code(strict) == ErrorCode.CommandNotFound


def test_connections_are_dropped(failing: Server) -> None:
    set_point(failing, {"times": 1}, failCommands=["insert"], closeConnection=True)
    with pytest.raises(ConnectionDroppedError):
        failing.run({"insert": "things", "documents": [{"_id": 1}]})
    assert failing.found("things") == []


@pytest.mark.parametrize(("data", "found"), [({}, [{"_id": 1}]), ({"failBeforeCommitExceptionCode": 1}, [])])
def test_retryable_writes_lose_their_connection(failing: Server, data: dict[str, Any], found: list[Any]) -> None:
    set_point(failing, {"times": 1}, "onPrimaryTransactionalWrite", **data)
    insert = {"insert": "things", "documents": [{"_id": 1}]}
    with pytest.raises(ConnectionDroppedError):
        failing.run({**insert, **SESSION})
    assert failing.found("things") == found


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"configureFailPoint": "noSuchPoint", "mode": "off"}, ErrorCode.FailPointSetFailed),
        ({"configureFailPoint": "failCommand", "mode": "sometimes"}, ErrorCode.BadValue),
        ({"configureFailPoint": "failCommand", "mode": {"often": 1}}, ErrorCode.BadValue),
        ({"configureFailPoint": "failCommand", "mode": "off", "data": {"failCommands": 1}}, ErrorCode.TypeMismatch),
    ],
)
def test_what_cannot_be_set(failing: Server, command: dict[str, Any], code: int) -> None:
    assert failing.code(command, "admin") == code


def test_short_cuts_meet_them_too(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    service = open_service(str(path), test_commands=True)
    with satchel.MongoClient(path, retryReads=False) as client:
        client.db.things.insert_one({"_id": 1})
        point = {"configureFailPoint": "failCommand", "mode": {"times": 3}}
        client.admin.command({**point, "data": {"failCommands": ["find", "count"], "errorCode": 42}})
        for read in (lambda: client.db.things.find_one({"_id": 1}), lambda: list(client.db.things.find({}))):
            with pytest.raises(pymongo.errors.OperationFailure) as failure:
                read()
            assert failure.value.code == 42
        client.admin.command({**point, "data": {"failCommands": ["find"], "closeConnection": True}})
        with pytest.raises(pymongo.errors.AutoReconnect):
            client.db.things.find_one({"_id": 1})
        client.admin.command({**point, "data": {"failCommands": ["insert", "update", "delete"], "errorCode": 42}})
        for write in (
            lambda: client.db.things.insert_one({"_id": 2}),
            lambda: client.db.things.update_one({"_id": 1}, {"$set": {"n": 1}}),
            lambda: client.db.things.delete_one({"_id": 1}),
        ):
            with pytest.raises(pymongo.errors.OperationFailure, match="failpoint"):
                write()
        client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
        assert client.db.things.find_one({"_id": 1}) == {"_id": 1}
    service.release()


def test_a_retry_writes_nothing_and_does_not_fail(failing: Server) -> None:
    set_point(failing, "alwaysOn", "onPrimaryTransactionalWrite")
    insert = {"insert": "c", "documents": [{"_id": 1}], **SESSION}
    with pytest.raises(ConnectionDroppedError):
        failing.run(insert)
    assert failing.ok(insert)["retriedStmtIds"] == [0]
