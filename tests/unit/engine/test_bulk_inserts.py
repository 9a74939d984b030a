"""Many documents in one insert: in parts, and with their keys at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, OperationFailure

from satchel import MongoClient
from satchel.engine.indexes import build
from satchel.engine.operation import Operation
from satchel.engine.writes import collection_writer, parts, statements
from satchel.errors import ErrorCode, ServerError


@given(st.lists(st.integers(0, 10), max_size=50), st.integers(1, 8), st.integers(1, 30))
def test_parts_are_all_there_is_in_order(sizes: list[int], most: int, most_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "MOST_ITEMS", most)
        patch.setattr(parts, "MOST_BYTES", most_bytes)
        divided = list(parts.parts(sizes, lambda size: size))
    assert [size for part in divided for size in part] == sizes
    assert all(0 < len(part) <= most and sum(part[:-1]) < most_bytes for part in divided)
    assert all(len(part) == most or sum(part) >= most_bytes for part in divided[:-1])


@pytest.fixture
def things(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collection[Any]]:
    """A collection with a unique, a multikey and a descending index; it is sound in the end."""
    monkeypatch.setattr(parts, "MOST_ITEMS", 7)
    monkeypatch.setattr(collection_writer, "_KEYS_AT_ONCE", 20)
    with MongoClient[dict[str, Any]](":memory:") as client:
        collection = client.shop.things
        collection.create_index("n", unique=True)
        collection.create_index("tags")
        collection.create_index([("n", -1), ("tags", 1)])
        yield collection
        assert client.shop.command("validate", "things")["valid"]


def documents(count: int) -> list[dict[str, Any]]:
    return [{"_id": number, "n": number, "tags": [number % 3, number % 5]} for number in range(count)]


def test_indexes_lead_to_every_document(things: Collection[Any]) -> None:
    things.insert_many(documents(100))
    assert [each["_id"] for each in things.find().hint([("n", -1), ("tags", 1)])] == list(range(99, -1, -1))
    assert things.count_documents({"tags": 4}, hint="tags_1") == 20


@pytest.mark.parametrize("ordered", [True, False])
def test_a_failure_takes_no_keys_along(things: Collection[Any], ordered: bool) -> None:
    given = documents(60)
    given[33]["n"] = 3
    given[51]["_id"] = 5
    with pytest.raises(BulkWriteError) as caught:
        things.insert_many(given, ordered=ordered)
    failed = [33] if ordered else [33, 51]
    assert [error["index"] for error in caught.value.details["writeErrors"]] == failed
    inserted = [number for number in range(33 if ordered else 60) if number not in failed]
    assert [each["_id"] for each in things.find().hint([("n", 1)])] == inserted


@pytest.mark.parametrize("at", [1, 3, 5])
def test_an_insert_that_is_interrupted_leaves_nothing(
    things: Collection[Any], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr(Operation, "check_interrupt", _interrupted(at))
    with pytest.raises(OperationFailure) as caught:
        things.insert_many(documents(60))
    assert caught.value.code == ErrorCode.Interrupted
    monkeypatch.undo()
    assert things.count_documents({}) == 0


def _interrupted(at: int) -> Callable[[Operation], None]:
    inserts = []

    def check(operation: Operation) -> None:
        if operation.command == "insert":
            inserts.append(operation)
            if len(inserts) >= at:
                raise ServerError(ErrorCode.Interrupted, "operation was interrupted")

    return check


def test_in_a_transaction(things: Collection[Any]) -> None:
    with things.database.client.start_session() as session, session.start_transaction():
        things.insert_many(documents(40), session=session)
        assert things.count_documents({"tags": 4}, hint="tags_1", session=session) == 8
    assert [each["_id"] for each in things.find().hint([("n", 1)])] == list(range(40))


def test_into_a_capped_collection(things: Collection[Any]) -> None:
    capped = things.database.create_collection("small", capped=True, size=100_000, max=10)
    capped.create_index("n")
    capped.insert_many(documents(50))
    assert [each["_id"] for each in capped.find()] == list(range(40, 50))
    assert [each["_id"] for each in capped.find().hint([("n", 1)])] == list(range(40, 50))
    assert things.database.command("validate", "small")["valid"]


def test_a_change_stream_hears_of_them_in_order(things: Collection[Any]) -> None:
    with things.watch() as stream:
        things.insert_many(documents(30))
        assert [next(stream)["documentKey"]["_id"] for _ in range(30)] == list(range(30))


def test_deletes_take_every_key_away(things: Collection[Any]) -> None:
    things.insert_many(documents(60))
    assert things.delete_many({"n": {"$gte": 20}}).deleted_count == 40
    assert things.count_documents({"tags": 4}, hint="tags_1") == 4


@pytest.mark.parametrize(("fewest", "most"), [(1, 1), (10, 12), (3, 1000)])
def test_an_index_is_built_in_runs(
    things: Collection[Any], monkeypatch: pytest.MonkeyPatch, fewest: int, most: int
) -> None:
    monkeypatch.setattr(build, "_FEWEST_ROWS", fewest)
    monkeypatch.setattr(build, "_MOST_ROWS", most)
    things.insert_many([{**each, "x": -each["n"] % 37, "y": [each["n"], -each["n"]]} for each in documents(100)])
    things.create_index([("x", 1), ("tags", -1)])
    things.create_index("y")
    assert [each["x"] for each in things.find({"tags": 0}).hint("x_1_tags_-1")] == sorted(
        each["x"] for each in things.find({"tags": 0})
    )
    assert things.count_documents({"y": {"$lte": 0}}, hint="y_1") == 100
    with pytest.raises(OperationFailure) as caught:
        things.create_index("x", unique=True)
    assert caught.value.code == ErrorCode.DuplicateKey


@pytest.mark.parametrize("at_once", [1, 4, 10, 1000])
@pytest.mark.parametrize(
    "filter_",
    [
        {},
        {"n": {"$gte": 13, "$lt": 50}},
        {"n": {"$in": [1, 5, 7, 60, 61]}},
        {"tags": {"$gte": 2}},
        {"tags": 1, "n": {"$gt": 30}},
        {"$or": [{"n": {"$lt": 9}}, {"tags": 4}]},
        {"_id": {"$gt": 20}},
        {"$expr": {"$eq": [{"$mod": ["$n", 3]}, 0]}},
        {"missing": 1},
    ],
    ids=repr,
)
def test_a_delete_goes_on_where_it_was(
    things: Collection[Any], monkeypatch: pytest.MonkeyPatch, filter_: dict[str, Any], at_once: int
) -> None:
    monkeypatch.setattr(statements, "_DELETED_AT_ONCE", at_once)
    things.insert_many(documents(70))
    doomed = {each["_id"] for each in things.find(filter_)}
    assert things.delete_many(filter_).deleted_count == len(doomed)
    assert [each["_id"] for each in things.find()] == [number for number in range(70) if number not in doomed]
