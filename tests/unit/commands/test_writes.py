"""Insert, update and delete: statements that fail among statements that do not."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Reply, Server


def inserted(server: Server, documents: list[dict[str, Any]], *, ordered: bool = True, **options: Any) -> Reply:
    return server.ok({"insert": "c", "ordered": ordered, **options}, documents=documents)


def failed(reply: Reply) -> list[tuple[int, int]]:
    return [(error["index"], error["code"]) for error in reply.get("writeErrors", [])]


def ids(server: Server) -> list[Any]:
    return [document["_id"] for document in server.found("c")]


def test_an_ordered_insert_ends_at_the_first_failure(server: Server) -> None:
    reply = inserted(server, [{"_id": 1}, {"_id": 2}, {"_id": 1}, {"_id": 3}, {"_id": 2}])
    assert reply["n"] == 2
    assert failed(reply) == [(2, 11000)]
    assert reply["writeErrors"][0]["keyValue"] == {"_id": 1}
    assert ids(server) == [1, 2]


def test_an_unordered_insert_tries_everything(server: Server) -> None:
    reply = inserted(server, [{"_id": 1}, {"_id": 1}, {"_id": 2}, {"_id": 2}, {"_id": 3}], ordered=False)
    assert reply["n"] == 3
    assert failed(reply) == [(1, 11000), (3, 11000)]
    assert ids(server) == [1, 2, 3]


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("position", [0, 499, 500, 501, 999, 1200])
def test_large_batches_are_divided_without_a_trace(server: Server, ordered: bool, position: int) -> None:
    documents: list[dict[str, Any]] = [{"_id": number, "n": number} for number in range(1201)]
    documents[position] = {"_id": -1, "n": 5000}
    server.ok({"createIndexes": "c", "indexes": [{"key": {"n": 1}, "name": "n", "unique": True}]})
    server.ok({"insert": "c", "documents": [{"_id": 5000, "n": 5000}]})
    reply = inserted(server, documents, ordered=ordered)
    assert failed(reply) == [(position, 11000)]
    assert reply["n"] == (position if ordered else 1200)
    assert len(ids(server)) == reply["n"] + 1
    assert server.ok({"validate": "c"})["errors"] == []


def test_failures_of_different_kinds_keep_their_places(server: Server) -> None:
    server.ok({"create": "c", "validator": {"n": {"$gt": 0}}})
    documents = [{"_id": 1, "n": 1}, {"_id": 2, "n": 0}, {"_id": 1, "n": 2}, {"_id": [1], "n": 3}, {"_id": 3, "n": 4}]
    reply = inserted(server, documents, ordered=False)
    assert failed(reply) == [(1, 121), (2, 11000), (3, 53)]
    assert ids(server) == [1, 3]


def test_a_duplicate_before_an_invalid_document_is_the_one_that_counts(server: Server) -> None:
    reply = inserted(server, [{"_id": 1}, {"_id": 1}, {"_id": [1]}])
    assert failed(reply) == [(1, 11000)]
    reply = inserted(server, [{"_id": 2}, {"_id": [1]}, {"_id": 2}])
    assert failed(reply) == [(1, 53)]
    assert ids(server) == [1, 2]


def test_validation_can_be_bypassed(server: Server) -> None:
    server.ok({"create": "c", "validator": {"n": {"$gt": 0}}})
    assert inserted(server, [{"_id": 1}], bypassDocumentValidation=True)["n"] == 1


def test_an_index_that_meets_its_first_array_in_a_failed_batch_stays_sound(server: Server) -> None:
    server.ok({"createIndexes": "c", "indexes": [{"key": {"tags": 1}, "name": "tags"}]})
    inserted(server, [{"_id": 1, "tags": ["a", "b"]}, {"_id": 1, "tags": ["c", "d"]}])
    assert len(server.found("c", {"tags": "b"})) == 1
    assert server.found("c", {"tags": "c"}) == []
    assert server.ok({"validate": "c"})["errors"] == []


@pytest.mark.parametrize("command", ["insert", "update", "delete"])
def test_batches_have_limits(server: Server, command: str) -> None:
    field = {"insert": "documents", "update": "updates", "delete": "deletes"}[command]
    assert server.code({command: "c", field: []}) == 16
    assert server.code({command: "c"}) == 40414


@pytest.mark.parametrize(("ordered", "modified"), [(True, 1), (False, 2)])
def test_updates(server: Server, ordered: bool, modified: int) -> None:
    inserted(server, [{"_id": number} for number in range(3)])
    updates = [
        {"q": {"_id": 0}, "u": {"$set": {"a": 1}}},
        {"q": {"_id": 1}, "u": {"$set": {"_id": 9}}},
        {"q": {"_id": 2}, "u": {"$set": {"a": 1}}},
        {"q": {"_id": 7}, "u": {"$set": {"a": 1}}, "upsert": True},
    ]
    reply = server.ok({"update": "c", "updates": updates, "ordered": ordered})
    assert failed(reply) == [(1, 66)]
    assert reply["nModified"] == modified
    assert reply.get("upserted", []) == ([] if ordered else [{"index": 3, "_id": 7}])


def test_an_update_of_many_fails_as_a_whole(server: Server) -> None:
    server.ok({"createIndexes": "c", "indexes": [{"key": {"n": 1}, "name": "n", "unique": True}]})
    inserted(server, [{"_id": number, "n": number} for number in range(5)])
    updates = [{"q": {}, "u": {"$set": {"n": 100}}, "multi": True}]
    reply = server.ok({"update": "c", "updates": updates})
    assert failed(reply) == [(0, 11000)]
    assert server.ok({"validate": "c"})["errors"] == []


def test_deletes(server: Server) -> None:
    inserted(server, [{"_id": number, "a": number % 2} for number in range(6)])
    deletes = [{"q": {"a": 0}, "limit": 1}, {"q": {"$nope": 1}, "limit": 0}, {"q": {"a": 1}, "limit": 0}]
    reply = server.ok({"delete": "c", "deletes": deletes, "ordered": False})
    assert reply["n"] == 4
    assert failed(reply) == [(1, 2)]
    assert ids(server) == [2, 4]


@pytest.mark.parametrize("limit", [2, -1, 0.5, float("nan")])
def test_deletes_of_some_are_none(server: Server, limit: object) -> None:
    inserted(server, [{"_id": 1}])
    assert server.code({"delete": "c", "deletes": [{"q": {}, "limit": limit}]}) == 9
    assert ids(server) == [1]


@pytest.mark.parametrize(
    "statement",
    [
        {"q": {}, "u": {"$set": {"a": 1}}, "multi": True, "sort": {"a": 1}},
        {"q": {}, "u": [1]},
        {"q": {}, "u": {"$set": {"a": 1}}, "multi": 1},
        {"q": {}, "u": {"$set": {"a": 1}}, "arrayFilters": [1]},
        {"q": {}},
        {"u": {}},
        {"q": {}, "u": {}, "nope": 1},
    ],
)
def test_a_malformed_statement_fails_the_whole_command(server: Server, statement: dict[str, Any]) -> None:
    good = {"q": {"_id": 1}, "u": {"$set": {"a": 1}}, "upsert": True}
    server.code({"update": "c", "updates": [good, statement], "ordered": False})
    assert ids(server) == []


@pytest.mark.parametrize("name", ["system.x", "system.views", "system.profile", "a$b", "", ".a", "x" * 260])
def test_names_that_cannot_be_written_to(server: Server, name: str) -> None:
    assert server.code({"insert": name, "documents": [{}]}) == 73


def test_a_failed_insert_creates_the_collection_nevertheless(server: Server) -> None:
    inserted(server, [{"_id": [1]}])
    names = server.ok({"listCollections": 1, "nameOnly": True})["cursor"]["firstBatch"]
    assert [each["name"] for each in names] == ["c"]
