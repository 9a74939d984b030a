"""Retryable writes: a write that comes again is not done again, and gets the same answer."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from bson import Int64

from satchel.commands.dispatch import Service
from satchel.deployment import open_service
from satchel.engine.retryable import SessionRecord
from satchel.errors import ErrorCode

from .conftest import Server
from .sessions import Session, ids


def without_times(reply: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in reply.items() if name not in ("$clusterTime", "operationTime")}


@pytest.fixture
def session(server: Server) -> Session:
    server.ok({"insert": "c", "documents": [{"_id": 0, "n": 0}, {"_id": 1, "n": 0}]})
    return Session(server)


@pytest.mark.parametrize(
    "command",
    [
        {"insert": "c", "documents": [{"_id": 2}, {"_id": 3}]},
        {"update": "c", "updates": [{"q": {"_id": 0}, "u": {"$inc": {"n": 1}}}]},
        {"update": "c", "updates": [{"q": {"_id": 9}, "u": {"$inc": {"n": 1}}, "upsert": True}]},
        {"delete": "c", "deletes": [{"q": {"n": 0}, "limit": 1}]},
        {"findAndModify": "c", "query": {"_id": 0}, "update": {"$inc": {"n": 1}}},
        {"findAndModify": "c", "query": {"_id": 0}, "update": {"$inc": {"n": 1}}, "new": True},
        {"findAndModify": "c", "query": {"n": 0}, "remove": True},
    ],
    ids=lambda command: next(iter(command)),
)
def test_a_retry_gets_the_same_answer(command: dict[str, Any], session: Session, server: Server) -> None:
    first = without_times(session.retryable(command, 1))
    after = server.found("c")
    again = without_times(session.retryable(command, 1))
    retried = again.pop("retriedStmtIds", None) or again.pop("retriedStmtId", None)
    assert retried is not None
    assert again == first
    assert server.found("c") == after


def test_bulk_write(session: Session, server: Server) -> None:
    command = {
        "bulkWrite": 1,
        "ops": [
            {"insert": 0, "document": {"_id": 5}},
            {"update": 0, "filter": {"_id": 0}, "updateMods": {"$inc": {"n": 1}}},
            {"update": 0, "filter": {"_id": 6}, "updateMods": {"$inc": {"n": 1}}, "upsert": True},
            {"delete": 0, "filter": {"_id": 1}},
        ],
        "nsInfo": [{"ns": "db.c"}],
    }
    first = without_times(session.retryable(command, 1, "admin"))
    again = without_times(session.retryable(command, 1, "admin"))
    assert again.pop("retriedStmtIds") == [0, 1, 2, 3]
    assert again == first
    assert server.found("c", {"_id": 0}) == [{"_id": 0, "n": 1}]


def test_a_half_done_batch_is_finished(session: Session, server: Server) -> None:
    command = {"insert": "c", "documents": [{"_id": 2}, {"_id": 1}, {"_id": 3}]}
    first = session.retryable(command, 1)
    assert (first["n"], first["writeErrors"][0]["index"]) == (1, 1)
    server.ok({"delete": "c", "deletes": [{"q": {"_id": 1}, "limit": 1}]})
    again = session.retryable(command, 1)
    assert (again["n"], again["retriedStmtIds"]) == (3, [0])
    assert ids(server) == [0, 2, 1, 3]


def test_an_unordered_batch_repeats_what_failed(session: Session, server: Server) -> None:
    command = {"insert": "c", "documents": [{"_id": 2}, {"_id": 1}, {"_id": 3}], "ordered": False}
    assert session.retryable(command, 1)["n"] == 2
    again = session.retryable(command, 1)
    assert (again["n"], again["retriedStmtIds"], again["writeErrors"][0]["index"]) == (2, [0, 2], 1)


def test_statement_ids(session: Session, server: Server) -> None:
    increment = {"q": {"_id": 0}, "u": {"$inc": {"n": 1}}}
    session.retryable({"update": "c", "updates": [increment], "stmtId": 7}, 1)
    reply = session.retryable({"update": "c", "updates": [increment, increment], "stmtIds": [7, 8]}, 1)
    assert reply["retriedStmtIds"] == [7]
    assert server.found("c", {"_id": 0}) == [{"_id": 0, "n": 2}]
    both = {"update": "c", "updates": [increment], "stmtId": 7, "stmtIds": [7]}
    assert session.retryable(both, 1)["code"] == ErrorCode.InvalidOptions


def test_a_new_number_is_a_new_write_and_an_old_one_is_refused(session: Session, server: Server) -> None:
    increment = {"update": "c", "updates": [{"q": {"_id": 0}, "u": {"$inc": {"n": 1}}}]}
    session.retryable(increment, 1)
    session.retryable(increment, 2)
    assert session.retryable(increment, 1)["code"] == ErrorCode.TransactionTooOld
    assert Session(server).retryable(increment, 1)["nModified"] == 1
    assert server.found("c", {"_id": 0}) == [{"_id": 0, "n": 3}]


def test_a_retry_after_a_restart_and_from_elsewhere(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    increment = {"findAndModify": "c", "query": {"_id": 0}, "update": {"$inc": {"n": 1}}, "upsert": True, "new": True}
    service = open_service(path)
    session = Session(Server(service))
    first = session.retryable(increment, 1)["value"]
    service.release()
    service = open_service(path)
    session = session.at(Server(service))
    assert session.retryable(increment, 1)["value"] == first == {"_id": 0, "n": 1}
    assert session.retryable(increment, 0)["code"] == ErrorCode.TransactionTooOld
    service.release()


def test_many_documents_at_once_are_not_retryable(session: Session) -> None:
    for command in (
        {"update": "c", "updates": [{"q": {}, "u": {"$inc": {"n": 1}}, "multi": True}]},
        {"delete": "c", "deletes": [{"q": {}, "limit": 0}]},
    ):
        reply = session.retryable(command, session.number)
        assert reply["writeErrors"][0]["code"] == ErrorCode.InvalidOptions
        session.number += 1


def test_only_writes_are_retryable(session: Session) -> None:
    assert session.retryable({"find": "c"}, 1)["code"] == 50768
    assert session.retryable({"create": "d"}, 1)["code"] == 50768


@pytest.mark.parametrize(
    "fields",
    [
        {"txnNumber": Int64(1)},
        {"autocommit": False},
        {"startTransaction": True},
        {"lsid": True, "txnNumber": Int64(-1)},
        {"lsid": True, "txnNumber": Int64(1), "autocommit": True},
        {"lsid": True, "txnNumber": Int64(1), "startTransaction": True},
        {"lsid": True, "txnNumber": Int64(1), "autocommit": False, "startTransaction": False},
        {"lsid": True, "autocommit": False},
    ],
    ids=str,
)
def test_fields_that_do_not_go_together(fields: dict[str, Any], session: Session) -> None:
    if "lsid" in fields:
        fields = {**fields, "lsid": session.lsid}
    insert = {"insert": "c", "documents": [{"_id": 5}]}
    assert session.server.code({**insert, **fields}) == ErrorCode.InvalidOptions


def recorded(service: Service, session: bytes) -> bool:
    with service.engine.read() as unit:
        return unit.reader.session_record(session) is not None


def test_records_of_expired_sessions_go(file_server: Server) -> None:
    service = file_server.service
    old = Session(file_server)
    old.retryable({"insert": "c", "documents": [{"_id": 1}]}, 1)
    with service.engine.storage.write() as writer:
        record = SessionRecord(1).to_bson()
        writer.put_session_record(b"old", 1, record)
    Session(file_server, uuid.UUID(int=2**127)).retryable({"insert": "c", "documents": [{}]}, 1)
    assert recorded(service, b"old")
    Session(file_server, uuid.UUID(int=0)).retryable({"insert": "c", "documents": [{}]}, 1)  # one in sixteen looks
    assert not recorded(service, b"old")
    assert old.retryable({"insert": "c", "documents": [{"_id": 1}]}, 1)["retriedStmtIds"] == [0]


def test_a_record_keeps_equal_results_once() -> None:
    record = SessionRecord(3, {index: {"n": 1} for index in range(1000)})
    record.results[500] = {"n": 0}
    assert len(record.to_bson()) < 300
    assert SessionRecord.from_bson(record.to_bson()) == record
