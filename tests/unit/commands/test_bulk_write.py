"""The bulkWrite command: several collections, one reply."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Int64

from satchel.errors import ErrorCode

from .conftest import Reply, Server

NAMESPACES = [{"ns": "db.a"}, {"ns": "other.b"}, {"ns": "db.system.views"}]


def bulk(server: Server, *ops: dict[str, Any], **options: Any) -> Reply:
    return server.ok({"bulkWrite": 1, "ops": list(ops), "nsInfo": NAMESPACES, **options}, "admin")


def counts(reply: Reply) -> tuple[int, ...]:
    names = ("nErrors", "nInserted", "nMatched", "nModified", "nUpserted", "nDeleted")
    return tuple(reply[name] for name in names)


def results(reply: Reply) -> list[dict[str, Any]]:
    assert reply["cursor"]["ns"] == "admin.$cmd.bulkWrite"
    return reply["cursor"]["firstBatch"]


def test_every_kind_on_every_collection(server: Server) -> None:
    reply = bulk(
        server,
        {"insert": 0, "document": {"_id": 1, "n": 1}},
        {"insert": 1, "document": {"_id": 2, "n": 2}},
        {"update": 0, "filter": {"_id": 1}, "updateMods": {"$inc": {"n": 1}}},
        {"update": 1, "filter": {"_id": 9}, "updateMods": {"$set": {"n": 9}}, "upsert": True},
        {"update": 1, "filter": {}, "updateMods": [{"$set": {"m": "$n"}}], "multi": True},
        {"delete": 0, "filter": {}, "multi": True},
    )
    assert counts(reply) == (0, 2, 3, 3, 1, 1)
    assert results(reply) == [
        {"ok": 1.0, "idx": 0, "n": 1},
        {"ok": 1.0, "idx": 1, "n": 1},
        {"ok": 1.0, "idx": 2, "n": 1, "nModified": 1},
        {"ok": 1.0, "idx": 3, "n": 1, "nModified": 0, "upserted": {"_id": 9}},
        {"ok": 1.0, "idx": 4, "n": 2, "nModified": 2},
        {"ok": 1.0, "idx": 5, "n": 1},
    ]
    assert server.found("a") == []
    stored = server.ok({"find": "b"}, "other")["cursor"]["firstBatch"]
    assert stored == [{"_id": 2, "n": 2, "m": 2}, {"_id": 9, "n": 9, "m": 9}]


INSERTS = [{"insert": 0, "document": {"_id": number}} for number in (1, 1, 2)]


def test_ordered_ends_at_a_failure(server: Server) -> None:
    reply = bulk(server, *INSERTS)
    assert counts(reply) == (1, 1, 0, 0, 0, 0)
    assert [(each["idx"], each["ok"]) for each in results(reply)] == [(0, 1.0), (1, 0.0)]
    assert results(reply)[1]["code"] == ErrorCode.DuplicateKey
    assert server.found("a") == [{"_id": 1}]


def test_unordered_goes_on(server: Server) -> None:
    reply = bulk(server, *INSERTS, ordered=False)
    assert counts(reply) == (1, 2, 0, 0, 0, 0)
    assert server.found("a") == [{"_id": 1}, {"_id": 2}]


def test_errors_only(server: Server) -> None:
    reply = bulk(server, *INSERTS, ordered=False, errorsOnly=True)
    assert [each["idx"] for each in results(reply)] == [1]
    assert counts(reply)[1] == 2


def test_results_come_in_batches(server: Server) -> None:
    reply = bulk(server, *({"insert": 0, "document": {}} for _ in range(5)), cursor={"batchSize": 2})
    assert len(results(reply)) == 2
    more = server.ok({"getMore": Int64(reply["cursor"]["id"]), "collection": "$cmd.bulkWrite"}, "admin")
    assert [each["idx"] for each in more["cursor"]["nextBatch"]] == [2, 3, 4]


def test_sequences(server: Server) -> None:
    reply = server.ok({"bulkWrite": 1}, "admin", ops=[{"insert": 0, "document": {"_id": 1}}], nsInfo=NAMESPACES)
    assert reply["nInserted"] == 1


def test_let_and_validation(server: Server) -> None:
    server.ok({"create": "a", "validator": {"n": {"$gt": 0}}})
    assert counts(bulk(server, {"insert": 0, "document": {"_id": 1}}))[0] == 1
    assert counts(bulk(server, {"insert": 0, "document": {"_id": 1}}, bypassDocumentValidation=True))[1] == 1
    update = {"update": 0, "filter": {}, "updateMods": [{"$set": {"n": "$$x"}}]}
    assert counts(bulk(server, update, let={"x": 5}))[3] == 1
    assert server.found("a") == [{"_id": 1, "n": 5}]


@pytest.mark.parametrize(
    ("ops", "code"),
    [
        ([], 16),
        ([{"nope": 0}], 9),
        ([{}], 9),
        ([{"insert": 3, "document": {}}], 2),
        ([{"insert": -1, "document": {}}], 2),
        ([{"insert": 0}], 40414),
        ([{"insert": 0, "document": {}, "extra": 1}], 40415),
        ([{"update": 0, "filter": {}}], 40414),
        ([{"update": 0, "filter": {}, "updateMods": [1]}], 14),
        ([{"insert": 1, "document": {}}, {"delete": 2, "filter": {}}], 73),
        ([1], 14),
    ],
)
def test_a_malformed_operation_fails_the_whole_command(server: Server, ops: list[Any], code: int) -> None:
    good = {"insert": 0, "document": {"_id": 1}}
    command = {"bulkWrite": 1, "ops": [good, *ops] if ops else [], "nsInfo": NAMESPACES}
    assert server.code(command, "admin") == code
    assert server.found("a") == []


def test_it_belongs_to_admin(server: Server) -> None:
    assert server.code({"bulkWrite": 1, "ops": [], "nsInfo": []}) == ErrorCode.Unauthorized
