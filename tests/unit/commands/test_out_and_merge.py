"""$out and $merge: all or nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from satchel import MongoClient
from satchel.errors import ErrorCode

from .conftest import Server


@pytest.fixture
def filled(server: Server) -> Server:
    server.ok({"insert": "c", "documents": [{"_id": number, "n": number % 4} for number in range(8)]})
    server.ok({"insert": "target", "documents": [{"_id": 100, "n": 100}]})
    server.ok({"createIndexes": "target", "indexes": [{"key": {"n": 1}, "name": "n_1", "unique": True}]})
    return server


def run(server: Server, *pipeline: dict[str, Any], collection: str = "c") -> Any:
    return server.run({"aggregate": collection, "pipeline": list(pipeline), "cursor": {}})


def contents(server: Server, name: str) -> list[Any]:
    return [document["_id"] for document in server.found(name)]


def assert_untouched(server: Server) -> None:
    assert server.found("target") == [{"_id": 100, "n": 100}]
    assert server.ok({"validate": "target"})["errors"] == []
    listed = server.ok({"listCollections": 1, "nameOnly": True})["cursor"]["firstBatch"]
    assert sorted(each["name"] for each in listed) == ["c", "target"]


@pytest.mark.parametrize("stage", [{"$out": "target"}, {"$merge": "target"}], ids=["out", "merge"])
@pytest.mark.parametrize(
    ("failing", "code"),
    [
        ({"$match": {}}, ErrorCode.DuplicateKey),
        ({"$set": {"n": {"$divide": [1, {"$subtract": [3, "$n"]}]}}}, ErrorCode.BadValue),
    ],
    ids=["unique index", "expression"],
)
def test_a_failure_changes_nothing(filled: Server, stage: dict[str, Any], failing: dict[str, Any], code: int) -> None:
    assert run(filled, {"$sort": {"_id": 1}}, failing, stage)["code"] == code
    assert_untouched(filled)


@pytest.mark.parametrize(
    ("stage", "code"), [({"$out": "target"}, ErrorCode.InvalidIdField), ({"$merge": "target"}, 51185)]
)
def test_an_array_as_id_changes_nothing(filled: Server, stage: dict[str, Any], code: int) -> None:
    assert run(filled, {"$sort": {"_id": 1}}, {"$set": {"_id": [1]}}, stage)["code"] == code
    assert_untouched(filled)


def test_out_takes_no_id_twice(filled: Server) -> None:
    twice = {"$set": {"n": "$_id", "_id": {"$cond": [{"$eq": ["$_id", 7]}, 0, "$_id"]}}}
    assert run(filled, twice, {"$out": "target"})["code"] == ErrorCode.DuplicateKey
    assert_untouched(filled)


@pytest.mark.parametrize("stage", [{"$out": "target"}, {"$merge": "target"}], ids=["out", "merge"])
def test_an_invalid_document_changes_nothing(filled: Server, stage: dict[str, Any]) -> None:
    filled.ok({"collMod": "target", "validator": {"n": {"$lt": 3}}})
    reply = run(filled, {"$match": {"_id": {"$lt": 4}}}, stage)
    assert reply["code"] == ErrorCode.DocumentValidationFailure
    assert_untouched(filled)


def test_out_replaces_the_content_and_keeps_indexes_and_options(filled: Server) -> None:
    filled.ok({"collMod": "target", "validator": {"n": {"$lt": 4}}})
    assert run(filled, {"$match": {"_id": {"$lt": 4}}}, {"$out": "target"})["cursor"]["firstBatch"] == []
    assert contents(filled, "target") == [0, 1, 2, 3]
    indexes = filled.ok({"listIndexes": "target"})["cursor"]["firstBatch"]
    assert [index["name"] for index in indexes] == ["_id_", "n_1"]
    (listed,) = filled.ok({"listCollections": 1, "filter": {"name": "target"}})["cursor"]["firstBatch"]
    assert listed["options"]["validator"] == {"n": {"$lt": 4}}
    assert filled.ok({"validate": "target"})["errors"] == []


def test_out_into_what_is_read(filled: Server) -> None:
    run(filled, {"$match": {"n": 1}}, {"$out": "c"})
    assert contents(filled, "c") == [1, 5]


def test_merge_into_what_is_read_sees_it_as_it_was(filled: Server) -> None:
    run(filled, {"$set": {"_id": {"$add": ["$_id", 1]}, "moved": True}}, {"$merge": "c"})
    assert contents(filled, "c") == list(range(9))
    assert [each.get("moved") for each in filled.found("c")] == [None] + [True] * 8


def test_out_of_nothing_leaves_an_empty_collection(filled: Server) -> None:
    run(filled, {"$match": {"n": 99}}, {"$out": "new"})
    listed = filled.ok({"listCollections": 1, "filter": {"name": "new"}})["cursor"]["firstBatch"]
    assert len(listed) == 1
    assert contents(filled, "new") == []


def test_out_into_another_database(filled: Server) -> None:
    run(filled, {"$out": {"db": "other", "coll": "copy"}})
    assert len(filled.ok({"find": "copy"}, "other")["cursor"]["firstBatch"]) == 8


def test_a_view_is_no_target(filled: Server) -> None:
    filled.ok({"create": "v", "viewOn": "c", "pipeline": []})
    for stage in ({"$out": "v"}, {"$merge": "v"}):
        assert run(filled, stage)["code"] == ErrorCode.CommandNotSupportedOnView


def test_a_capped_collection_is_a_target_of_merge_alone(filled: Server) -> None:
    filled.ok({"create": "log", "capped": True, "size": 4096})
    assert run(filled, {"$out": "log"})["code"] == 17152
    run(filled, {"$merge": "log"})
    assert len(contents(filled, "log")) == 8


def test_readers_see_the_old_content_or_the_new(tmp_path: Any) -> None:
    with MongoClient(tmp_path / "app.db") as client:
        source, target = client.a.source, client.a.target
        source.insert_many([{"_id": number, "run": 0} for number in range(200)])
        source.aggregate([{"$out": "target"}])
        seen: list[set[int]] = []
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                seen.append({document["run"] for document in target.find(batch_size=1000)})

        reader = threading.Thread(target=read)
        reader.start()
        for number in range(1, 6):
            source.update_many({}, {"$set": {"run": number}})
            source.aggregate([{"$out": "target"}])
        done.set()
        reader.join()
        assert all(len(runs) == 1 for runs in seen)
        assert {document["run"] for document in target.find()} == {5}
