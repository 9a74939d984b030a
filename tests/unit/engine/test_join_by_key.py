"""A join gives the same with an index as without one, whatever the index is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bson import CodecOptions, DBRef, Decimal128, Int64, ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo.errors import OperationFailure

from satchel import MongoClient

VALUES: list[Any] = [
    1,
    1.0,
    Int64(1),
    Decimal128("1"),
    "a",
    "A",
    ObjectId(bytes(12)),
    None,
    True,
    [1, "a"],
    [],
    {"x": 1},
]
INDEXES: dict[str, dict[str, Any]] = {
    "ascending": {"keys": [("k", 1)]},
    "descending": {"keys": [("k", -1)]},
    "sparse": {"keys": [("k", 1)], "sparse": True},
    "partial": {"keys": [("k", 1)], "partialFilterExpression": {"k": {"$gt": 0}}},
    "compound": {"keys": [("k", 1), ("_id", -1)]},
    "hashed": {"keys": [("h", "hashed")]},
    "collation": {"keys": [("k", 1)], "collation": {"locale": "en", "strength": 1}},
    "hidden": {"keys": [("k", 1)], "hidden": True},
}
STAGES = {
    "plain": {"from": "far", "localField": "k", "foreignField": "k", "as": "found"},
    "view": {"from": "view", "localField": "k", "foreignField": "k", "as": "found"},
    "by_id": {"from": "far", "localField": "n", "foreignField": "_id", "as": "found"},
}


@pytest.fixture(scope="module")
def database() -> Iterator[Any]:
    with MongoClient[Any](":memory:") as client:
        yield filled(client["join"])


def filled(database: Any) -> Any:
    database["near"].insert_many([{"_id": i, "k": value, "n": i} for i, value in enumerate(VALUES)])
    database["far"].insert_many(
        [{"_id": i, "k": value, "h": i} for i, value in enumerate(VALUES + VALUES)] + [{"_id": 99}]
    )
    database.create_collection("view", viewOn="far", pipeline=[{"$match": {"_id": {"$gte": 3}}}])
    return database


def joined(database: Any, stage: str, collation: dict[str, Any] | None) -> list[Any]:
    if stage == "view" and collation:
        return ["a view has a collation of its own"]
    found = database["near"].aggregate([{"$lookup": STAGES[stage]}, {"$sort": {"_id": 1}}], collation=collation)
    return [sorted(each["_id"] for each in document["found"]) for document in found]


@pytest.mark.parametrize("collation", [None, {"locale": "en", "strength": 1}], ids=["binary", "folded"])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("index", INDEXES)
def test_joins_do_not_depend_on_indexes(
    database: Any, index: str, stage: str, collation: dict[str, Any] | None
) -> None:
    without = joined(database, stage, collation)
    name = database["far"].create_index(**INDEXES[index])
    assert joined(database, stage, collation) == without
    database["far"].drop_index(name)
    assert any(without)


@pytest.mark.parametrize("far_count", [300, 2000], ids=["small_enough_for_a_table", "too_large_for_a_table"])
@pytest.mark.parametrize("from_", ["large", "large_view"])
def test_many_searches_by_index(far_count: int, from_: str) -> None:
    """After a hundred searches a small collection is read as a whole, and the others are searched on."""
    with MongoClient[Any](":memory:") as client:
        database = client["many"]
        database["near"].insert_many([{"_id": i, "k": i % 400} for i in range(500)])
        database["large"].insert_many([{"_id": i, "k": i * 7 % 450} for i in range(far_count)])
        database.create_collection("large_view", viewOn="large", pipeline=[{"$match": {"_id": {"$gt": 10}}}])
        stage = {"$lookup": {"from": from_, "localField": "k", "foreignField": "k", "as": "found"}}
        without = database["near"].aggregate([stage], batchSize=120).to_list()
        database["large"].create_index("k")
        assert database["near"].aggregate([stage], batchSize=120).to_list() == without
        assert sum(len(each["found"]) for each in without) >= far_count // 2


RAW: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument)
NEAR: list[dict[str, Any]] = [
    {"k": 1, "found": "before", "z": 1},
    {"k": [1, 2]},
    {"k": []},
    {"k": {"x": 1}},
    {"found": None},
    {"ref": DBRef("c", 1), "k": 2},
    {"k": "a", "sub": {"found": 1}},
    *({"k": value} for value in VALUES),
]


@pytest.mark.parametrize("as_", ["found", "k", "_id", "ä", "a.b", "sub.found"])
@pytest.mark.parametrize("indexes", [["k"], []], ids=["indexed", "not_indexed"])
@pytest.mark.parametrize("leading", [[], [{"$match": {"_id": {"$gte": 2}}}, {"$sort": {"_id": -1}}, {"$limit": 9}]])
def test_a_last_lookup_gives_what_one_in_the_middle_does(as_: str, indexes: list[str], leading: list[Any]) -> None:
    """The last stage puts stored documents together; byte for byte what comes of decoded ones."""
    with MongoClient[Any](":memory:") as client:
        database = filled(client["join"])
        database["near"].delete_many({})
        database["near"].insert_many([{"_id": i, **document} for i, document in enumerate(NEAR)])
        for name in indexes:
            database["far"].create_index(name)
        stages = [*leading, {"$lookup": {**STAGES["plain"], "as": as_}}]
        raw = database["near"].with_options(RAW)
        last = [each.raw for each in raw.aggregate(stages, batchSize=4)]
        middle = [each.raw for each in raw.aggregate([*stages, {"$addFields": {"nothing": "$$REMOVE"}}], batchSize=4)]
        assert last == middle
        assert len(last) == (9 if leading else len(NEAR))


def test_a_last_lookup_may_find_too_much() -> None:
    with MongoClient[Any](":memory:") as client:
        database = client["join"]
        database["near"].insert_one({"_id": 1, "k": 1, "filling": "x" * 9_000_000})
        database["far"].insert_one({"_id": 1, "k": 1, "filling": "x" * 9_000_000})
        database["far"].create_index("k")
        with pytest.raises(OperationFailure) as error:
            database["near"].aggregate([{"$lookup": STAGES["plain"]}])
        assert error.value.code == 10334


def test_a_bad_hint_is_refused_before_the_first_batch() -> None:
    with MongoClient[Any](":memory:") as client:
        database = filled(client["join"])
        with pytest.raises(OperationFailure) as error:
            database["near"].aggregate([{"$lookup": STAGES["plain"]}], hint="none", batchSize=0)
        assert error.value.code == 2
