"""Multi-document transactions: together or not at all, apart from others, and within MongoDB's rules."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bson import Int64

from satchel.deployment import open_service
from satchel.engine import transactions
from satchel.errors import ErrorCode

from .conftest import Server
from .sessions import Session, ids

TRANSIENT = "TransientTransactionError"


@pytest.fixture(params=["file", "memory"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    service = open_service(":memory:" if request.param == "memory" else str(tmp_path / "app.db"))
    server = Server(service)
    server.ok({"create": "c"})
    yield server
    service.release()


@pytest.fixture
def session(server: Server) -> Session:
    return Session(server)


def test_several_collections_and_databases_change_together(session: Session, server: Server) -> None:
    session.begin()
    session.insert(1)
    session.insert(1, 2, collection="other")
    session.ok({"insert": "c", "documents": [{"_id": 9}]}, "elsewhere")
    assert session.ids() == [1]
    assert ids(server) == []
    assert ids(server, "other") == []
    assert session.commit()["ok"] == 1
    assert ids(server) == [1]
    assert ids(server, "other") == [1, 2]
    assert server.ok({"find": "c"}, "elsewhere")["cursor"]["firstBatch"] == [{"_id": 9}]


def test_an_abort_undoes_everything(session: Session, server: Server) -> None:
    session.begin()
    session.insert(1)
    session.insert(1, collection="made")
    assert session.abort()["ok"] == 1
    assert ids(server) == []
    assert server.ok({"listCollections": 1, "filter": {"name": "made"}})["cursor"]["firstBatch"] == []
    assert session.abort()["code"] == ErrorCode.NoSuchTransaction
    assert session.commit()["code"] == ErrorCode.NoSuchTransaction


def test_reads_stay_at_the_first_statement(session: Session, server: Server) -> None:
    server.ok({"insert": "c", "documents": [{"_id": 1}]})
    session.begin()
    assert session.ids() == [1]
    server.ok({"insert": "c", "documents": [{"_id": 2}]})
    server.ok({"insert": "new", "documents": [{"_id": 2}]})
    assert session.ids() == [1]
    assert session.ids("new") == []
    assert session.ok({"aggregate": "c", "pipeline": [{"$count": "n"}], "cursor": {}})["cursor"]["firstBatch"] == [
        {"n": 1}
    ]
    assert session.ok({"distinct": "c", "key": "_id"})["values"] == [1]
    assert session.commit()["ok"] == 1


def test_a_commit_may_be_repeated(session: Session, server: Server) -> None:
    session.begin()
    session.insert(1)
    for _ in range(3):
        assert session.commit(writeConcern={"w": "majority"})["ok"] == 1
    assert session.abort()["code"] == ErrorCode.TransactionCommitted
    assert session.code({"find": "c"}) == ErrorCode.TransactionCommitted
    assert ids(server) == [1]


def test_a_repeated_commit_survives_a_restart(tmp_path: Path) -> None:
    service = open_service(str(tmp_path / "app.db"))
    session = Session(Server(service))
    session.begin()
    session.insert(1)
    assert session.commit()["ok"] == 1
    service.release()
    service = open_service(str(tmp_path / "app.db"))
    session = session.at(Server(service))
    assert session.commit()["ok"] == 1
    session.number += 1
    assert session.commit()["code"] == ErrorCode.NoSuchTransaction
    session.number -= 2
    assert session.commit()["code"] == ErrorCode.TransactionTooOld
    service.release()


def test_a_restart_forgets_what_was_not_committed(tmp_path: Path) -> None:
    service = open_service(str(tmp_path / "app.db"))
    session = Session(Server(service))
    session.begin()
    session.insert(1)
    service.release()
    service = open_service(str(tmp_path / "app.db"))
    server = Server(service)
    assert session.at(server).commit()["code"] == ErrorCode.NoSuchTransaction
    assert ids(server) == []
    service.release()


@pytest.mark.parametrize(
    "statement",
    [
        {"insert": "c", "documents": [{"_id": 7}, {"_id": 1}, {"_id": 8}], "ordered": False},
        {"update": "c", "updates": [{"q": {"_id": 1}, "u": {"$set": {"_id": 2}}}]},
        {"find": "c", "filter": {"$nonsense": 1}},
        {"bulkWrite": 1, "ops": [{"insert": 0, "document": {"_id": 1}}], "nsInfo": [{"ns": "db.c"}]},
        {"findAndModify": "c", "query": {"_id": 1}, "update": {"$set": {"_id": 2}}},
    ],
    ids=lambda statement: next(iter(statement)),
)
def test_a_failure_ends_the_transaction(statement: dict[str, Any], session: Session, server: Server) -> None:
    session.begin()
    session.insert(1)
    reply = session.run(statement, "admin" if "bulkWrite" in statement else "db")
    assert not reply["ok"] or reply.get("writeErrors") or reply["nErrors"]
    assert len(reply.get("writeErrors", [])) <= 1
    reply = session.run({"find": "c"})
    assert reply["code"] == ErrorCode.NoSuchTransaction
    assert reply["errorLabels"] == [TRANSIENT]
    assert ids(server) == []


def test_whoever_writes_first_has_won(session: Session, server: Server) -> None:
    other = Session(server)
    session.begin()
    other.begin()
    assert session.ids() == other.ids() == []
    session.insert(1)
    reply = other.run({"insert": "c", "documents": [{"_id": 2}]})
    assert (reply["code"], reply["errorLabels"]) == (ErrorCode.WriteConflict, [TRANSIENT])
    assert other.commit()["errorLabels"] == [TRANSIENT]
    assert session.commit()["ok"] == 1
    assert ids(server) == [1]


def test_a_write_outside_is_a_conflict_for_a_snapshot(session: Session, server: Server) -> None:
    session.begin()
    assert session.ids() == []
    server.ok({"insert": "c", "documents": [{"_id": 1}]})
    assert session.code({"insert": "c", "documents": [{"_id": 2}]}) == ErrorCode.WriteConflict


def test_a_write_outside_waits_up_to_its_time_limit(session: Session, server: Server) -> None:
    session.begin()
    session.insert(1)
    plain = {"insert": "c", "documents": [{"_id": 2}]}
    assert server.code({**plain, "maxTimeMS": 1}) == ErrorCode.MaxTimeMSExpired
    assert ids(server) == []  # reading waits for nobody
    thread = threading.Thread(target=server.another().ok, args=(plain,))
    thread.start()
    assert session.commit()["ok"] == 1
    thread.join()
    assert ids(server) == [1, 2]


def test_a_transaction_that_is_open_too_long_is_aborted(session: Session, server: Server) -> None:
    server.service.engine.limits.transaction_lifetime_seconds = 0.0
    session.begin()
    session.insert(1)
    server.ok({"insert": "c", "documents": [{"_id": 2}]})  # waits until it is gone
    assert ids(server) == [2]
    assert session.commit()["code"] == ErrorCode.NoSuchTransaction


def test_a_transaction_whose_client_has_gone_does_not_hold_up_others_for_long(session: Session, server: Server) -> None:
    gone = session.at(server.another())
    gone.begin()
    gone.insert(1)
    gone.server.connection.close()
    began = time.monotonic()
    server.ok({"insert": "c", "documents": [{"_id": 2}]})
    assert time.monotonic() - began < server.service.engine.limits.transaction_lifetime_seconds / 2
    assert ids(server) == [2]
    assert gone.at(server).commit()["code"] == ErrorCode.NoSuchTransaction


def test_a_transaction_whose_client_comes_back_goes_on(
    session: Session, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "ABANDONED_TRANSACTION_SECONDS", 0.1)
    before = session.at(server.another())
    before.begin()
    before.insert(1)
    before.server.connection.close()
    after = before.at(server)
    after.insert(2)
    time.sleep(0.5)
    assert after.commit()["ok"] == 1
    assert ids(server) == [1, 2]


def test_cursors_live_and_die_with_the_transaction(session: Session, server: Server) -> None:
    server.ok({"insert": "c", "documents": [{"_id": number} for number in range(5)]})
    session.begin()
    cursor = Int64(session.ok({"find": "c", "batchSize": 2})["cursor"]["id"])
    session.insert(5)
    more = {"getMore": cursor, "collection": "c", "batchSize": 2}
    assert [each["_id"] for each in session.ok(more)["cursor"]["nextBatch"]] == [2, 3]
    assert server.code(more) == 50737
    assert server.code({**more, "lsid": session.lsid}) == 50740
    assert session.commit()["ok"] == 1
    assert server.code({**more, "lsid": session.lsid}) == ErrorCode.CursorNotFound


def test_a_newer_number_aborts_the_older_transaction(session: Session, server: Server) -> None:
    session.begin()
    session.insert(1)
    first = session.number
    session.begin()
    session.insert(2)
    assert session.commit()["ok"] == 1
    assert ids(server) == [2]
    session.number = first
    assert session.code({"find": "c"}) == ErrorCode.TransactionTooOld
    session.begin()
    session.insert(3)
    reply = session.retryable({"insert": "c", "documents": [{"_id": 4}]}, session.number + 1)
    assert reply["ok"] == 1
    assert ids(server) == [2, 4]


def test_a_number_begins_once(session: Session) -> None:
    session.begin()
    session.insert(1)
    start = {**session.fields(), "startTransaction": True}
    assert session.server.code({"find": "c", **start}) == ErrorCode.ConflictingOperationInProgress
    retry = {"insert": "c", "documents": [{"_id": 2}]}
    assert session.retryable(retry, session.number)["code"] == ErrorCode.InvalidOptions
    session.number += 1
    assert session.code({"find": "c"}) == ErrorCode.NoSuchTransaction


def test_killing_the_session_aborts(session: Session, server: Server) -> None:
    for kill in ({"killSessions": [session.lsid]}, {"endSessions": [session.lsid]}, {"killAllSessions": []}):
        session.begin()
        session.insert(1)
        server.ok(kill, "admin")
        assert session.code({"find": "c"}) == ErrorCode.NoSuchTransaction
        assert ids(server) == []


def test_collections_and_indexes_are_made_inside(session: Session, server: Server) -> None:
    session.begin()
    session.ok({"create": "made"})
    session.ok({"createIndexes": "made", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})
    session.insert(1, collection="made")
    assert server.code({"listIndexes": "made"}) == ErrorCode.NamespaceNotFound
    assert session.commit()["ok"] == 1
    assert len(server.ok({"listIndexes": "made"})["cursor"]["firstBatch"]) == 2
    session.begin()
    assert session.code({"create": "made"}) == ErrorCode.NamespaceExists


@pytest.mark.parametrize("is_there_before", [True, False])
def test_an_index_needs_a_new_and_empty_collection(is_there_before: bool, session: Session, server: Server) -> None:
    session.begin()
    if not is_there_before:
        session.insert(1, collection="made")
    index = {"createIndexes": "c" if is_there_before else "made", "indexes": [{"key": {"b": 1}, "name": "b_1"}]}
    assert session.code(index) == ErrorCode.OperationNotSupportedInTransaction


@pytest.mark.parametrize(
    ("command", "database"),
    [
        ({"count": "c"}, "db"),
        ({"listCollections": 1}, "db"),
        ({"listIndexes": "c"}, "db"),
        ({"drop": "c"}, "db"),
        ({"dropDatabase": 1}, "db"),
        ({"collMod": "c"}, "db"),
        ({"explain": {"find": "c"}}, "db"),
        ({"create": "v", "viewOn": "c"}, "db"),
        ({"find": "c"}, "admin"),
        ({"find": "c"}, "config"),
        ({"aggregate": "c", "pipeline": [{"$out": "d"}], "cursor": {}}, "db"),
        ({"aggregate": "c", "pipeline": [{"$merge": "d"}], "cursor": {}}, "db"),
        ({"aggregate": "c", "pipeline": [{"$collStats": {}}], "cursor": {}}, "db"),
        ({"ping": 1}, "db"),
        ({"renameCollection": "db.c", "to": "db.d"}, "admin"),
    ],
    ids=str,
)
def test_what_a_transaction_cannot_do(command: dict[str, Any], database: str, session: Session) -> None:
    session.begin()
    assert session.code(command, database) == ErrorCode.OperationNotSupportedInTransaction


def test_capped_collections_are_only_read(session: Session, server: Server) -> None:
    server.ok({"create": "capped", "capped": True, "size": 4096})
    session.begin()
    assert session.ids("capped") == []
    insert = {"insert": "capped", "documents": [{"_id": 1}]}
    assert session.code(insert) == ErrorCode.OperationNotSupportedInTransaction


def test_concerns_have_their_places(session: Session) -> None:
    session.begin()
    assert session.code({"find": "c", "readConcern": {"level": "linearizable"}}) == ErrorCode.InvalidOptions
    session.begin()
    insert = {"insert": "c", "documents": [{"_id": 1}]}
    assert session.code({**insert, "writeConcern": {"w": 1}}) == ErrorCode.InvalidOptions
    session.begin()
    session.ok({**insert, "readConcern": {"level": "snapshot"}})
    assert session.code({"find": "c", "readConcern": {"level": "snapshot"}}) == ErrorCode.InvalidOptions


def test_ending_what_was_never_begun(session: Session, server: Server) -> None:
    for name in ("commitTransaction", "abortTransaction"):
        assert server.code({name: 1}, "admin") == ErrorCode.CommandFailed
        assert session.run({name: 1}, "admin")["code"] == ErrorCode.NoSuchTransaction
    session.begin()
    assert session.commit()["code"] == ErrorCode.InvalidOptions


def test_its_changes_appear_at_the_commit(session: Session, server: Server) -> None:
    watch = {"aggregate": 1, "pipeline": [{"$changeStream": {}}], "cursor": {}}
    cursor = Int64(server.ok(watch)["cursor"]["id"])
    more = {"getMore": cursor, "collection": "$cmd.aggregate", "maxTimeMS": 1}
    session.begin()
    session.insert(1)
    session.ok({"update": "c", "updates": [{"q": {"_id": 1}, "u": {"$set": {"a": 1}}}]})
    assert server.ok(more)["cursor"]["nextBatch"] == []
    assert session.commit()["ok"] == 1
    events = server.ok(more)["cursor"]["nextBatch"]
    assert [event["operationType"] for event in events] == ["insert", "update"]
    assert {event["txnNumber"] for event in events} == {session.number}
    assert {event["lsid"]["id"] for event in events} == {session.lsid["id"]}
    assert len({event["clusterTime"] for event in events}) == 1


def test_the_server_counts_transactions(session: Session, server: Server) -> None:
    session.begin()
    session.insert(1)
    session.commit()
    session.begin()
    session.insert(2)
    session.abort()
    again = {"insert": "c", "documents": [{"_id": 8}, {"_id": 9}]}
    for _ in range(3):
        session.retryable(again, 10)
    other = Session(server)
    other.begin()
    other.ids()
    assert server.ok({"serverStatus": 1}, "admin")["transactions"] == {
        "retriedCommandsCount": 2,
        "retriedStatementsCount": 4,
        "currentActive": 0,
        "currentInactive": 1,
        "currentOpen": 1,
        "totalAborted": 1,
        "totalCommitted": 1,
        "totalStarted": 3,
    }
    other.abort()


@pytest.mark.parametrize("database", ["admin", "config", "local"])
def test_bulk_writes_keep_out_of_closed_databases(session: Session, database: str) -> None:
    session.begin()
    operations = [{"insert": 0, "document": {"_id": 1}}]
    namespaces = [{"ns": "db.c"}, {"ns": f"{database}.c"}]
    command = {"bulkWrite": 1, "ops": operations, "nsInfo": namespaces}
    assert session.code(command, "admin") == ErrorCode.OperationNotSupportedInTransaction
