"""Bulk operations from dictionaries."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne

from satchel import MongoClient, bulk_operations


def test_every_operation() -> None:
    filter_, update = {"a": 1}, {"$set": {"b": 2}}
    assert bulk_operations(
        [
            {"insert_one": {"document": {"_id": 1}}},
            {"update_one": {"filter": filter_, "update": update, "upsert": True}},
            {"update_many": {"filter": filter_, "update": update, "array_filters": [{"x": 1}]}},
            {"replace_one": {"filter": filter_, "replacement": {"c": 1}, "hint": "a_1"}},
            {"delete_one": {"filter": filter_, "collation": {"locale": "en"}}},
            {"delete_many": {"filter": filter_}},
        ]
    ) == [
        InsertOne({"_id": 1}),
        UpdateOne(filter_, update, upsert=True),
        UpdateMany(filter_, update, array_filters=[{"x": 1}]),
        ReplaceOne(filter_, {"c": 1}, hint="a_1"),
        DeleteOne(filter_, collation={"locale": "en"}),
        DeleteMany(filter_),
    ]


def test_the_names_of_mongosh() -> None:
    update = {"filter": {}, "update": {"$set": {"a.$[x]": 1}}, "arrayFilters": [{"x": 0}]}
    assert bulk_operations([{"updateMany": update}]) == [
        UpdateMany({}, {"$set": {"a.$[x]": 1}}, array_filters=[{"x": 0}])
    ]


@pytest.mark.parametrize(
    "request_",
    [{}, 5, {"insert": {}}, {"insert_one": {"doc": {}}}, {"insert_one": 1}, {"insert_one": {}, "delete_one": {}}],
)
def test_what_is_no_operation(request_: Any) -> None:
    with pytest.raises(TypeError):
        bulk_operations([request_])


def test_a_bulk_write() -> None:
    with MongoClient[dict[str, Any]](":memory:") as client:
        result = client.shop.users.bulk_write(
            bulk_operations([{"insertOne": {"document": {"_id": 1}}}, {"deleteMany": {"filter": {}}}])
        )
        assert (result.inserted_count, result.deleted_count) == (1, 1)
