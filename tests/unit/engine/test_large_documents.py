"""Documents at the limit of 16 MiB: what is stored, what grows beyond it, and what reads make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import bson
import pytest
from pymongo.collection import Collection
from pymongo.errors import OperationFailure, WriteError

from satchel import MongoClient
from satchel.errors import ErrorCode

LIMIT = 16 * 1024 * 1024


def of_size(size: int, **fields: Any) -> dict[str, Any]:
    document = {**fields, "data": b""}
    return {**document, "data": bytes(size - len(bson.encode(document)))}


@pytest.fixture
def things() -> Iterator[Collection[Any]]:
    with MongoClient[dict[str, Any]](":memory:") as client:
        yield client.shop.things


def test_the_largest_document(things: Collection[Any]) -> None:
    things.insert_one(of_size(LIMIT, _id=1))
    assert len(bson.encode(things.find_one({"_id": 1}) or {})) == LIMIT


@pytest.mark.parametrize(
    "change",
    [
        lambda things: things.insert_one(of_size(LIMIT + 1, _id=2)),
        lambda things: things.update_one({}, {"$set": {"x": 1}}),
        lambda things: things.update_one({}, [{"$set": {"x": 1}}]),
        lambda things: things.update_many({}, {"$push": {"list": 1}}),
        lambda things: things.replace_one({"_id": 1}, of_size(LIMIT)),
    ],
    ids=["insert", "update", "pipeline", "update_many", "replace"],
)
def test_what_would_be_larger_changes_nothing(things: Collection[Any], change: Callable[[Any], object]) -> None:
    things.insert_one(of_size(LIMIT, _id=1))
    with pytest.raises(WriteError) as caught:
        change(things)
    assert caught.value.code == ErrorCode.BSONObjectTooLarge
    assert [len(bson.encode(found)) for found in things.find()] == [LIMIT]


@pytest.mark.parametrize(
    "pipeline",
    [
        [{"$set": {"again": "$data"}}],
        [{"$lookup": {"from": "things", "pipeline": [], "as": "all"}}],
        [{"$facet": {"all": [{"$match": {}}]}}],
        [{"$group": {"_id": None, "all": {"$push": "$data"}}}],
    ],
    ids=lambda pipeline: next(iter(pipeline[0])),
)
def test_a_result_that_is_too_large(things: Collection[Any], pipeline: list[dict[str, Any]]) -> None:
    things.insert_many(of_size(LIMIT // 2 + 10_000, _id=number) for number in range(2))
    with pytest.raises(OperationFailure) as caught:
        list(things.aggregate(pipeline))
    assert caught.value.code == ErrorCode.BSONObjectTooLarge
    assert len(list(things.aggregate([*pipeline, {"$project": {"_id": 1}}]))) > 0


def test_a_projection_that_is_too_large(things: Collection[Any]) -> None:
    things.insert_one(of_size(LIMIT, _id=1))
    assert things.find_one({}, {"data": 1, "more": {"$literal": 1}})
    with pytest.raises(OperationFailure) as caught:
        things.find_one({}, {"data": 1, "more": "$data"})
    assert caught.value.code == ErrorCode.BSONObjectTooLarge
