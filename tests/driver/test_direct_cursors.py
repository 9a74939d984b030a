"""Cursors on short cuts = cursors on PyMongo's way: what they give, and all that they say of themselves meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson import CodecOptions, Decimal128, encode
from bson.raw_bson import RawBSONDocument
from bson.son import SON
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo.errors import OperationFailure
from pymongo.synchronous.collection import Collection

from satchel import MongoClient
from satchel.driver.direct import DirectConnection
from tests.driver.test_direct import REGISTRY, Listener

DOCUMENTS = [
    {
        "_id": i,
        "n": i % 7,
        "name": f"Name {i}",
        "at": datetime(2026, 1, 1 + i % 28, 12),
        "price": Decimal128(f"{i}.50"),
        "parts": [{"x": i}, {"x": [i, {"y": i}]}],
        "filling": "ä" * (i * 400 if i % 10 == 0 else 5),
    }
    for i in range(150)
]
OPTIONS: dict[str, CodecOptions[Any]] = {
    "plain": CodecOptions(),
    "aware": CodecOptions(tz_aware=True, tzinfo=UTC),
    "ordered": CodecOptions(document_class=SON),
    "raw": CodecOptions(document_class=RawBSONDocument),
    "custom": CodecOptions(type_registry=REGISTRY),
    "custom_ordered": CodecOptions(document_class=SON, type_registry=REGISTRY),
}

Opening = Callable[[Collection[Any]], Any]
OPENINGS: dict[str, Opening] = {
    "all": lambda c: c.find(),
    "none": lambda c: c.find({"n": 99}),
    "one": lambda c: c.find({"_id": 5}),
    "sorted": lambda c: c.find({"n": {"$gte": 2}}).sort("at", -1),
    "limited": lambda c: c.find({"n": {"$gte": 2}}).sort("_id", 1).limit(20),
    "batches": lambda c: c.find({}, batch_size=7).sort("_id", 1),
    "batches_limited": lambda c: c.find({}, batch_size=7, limit=21).sort("_id", 1),
    "batch_is_limit": lambda c: c.find({}, batch_size=7, limit=7).sort("_id", 1),
    "single_batch": lambda c: c.find({}, limit=-5).sort("_id", 1),
    "skipped": lambda c: c.find({}, skip=140).sort("_id", 1),
    "by_index": lambda c: c.find({"n": 3}),
    "by_index_sorted": lambda c: c.find({"at": {"$gt": datetime(2026, 1, 5), "$lte": datetime(2026, 1, 20)}}).sort(
        "at", -1
    ),
    "by_index_batches": lambda c: c.find({"n": {"$eq": 3}}, batch_size=4),
    "by_index_batch_is_limit": lambda c: c.find({"n": 3}, batch_size=4, limit=4),
    "by_index_single_batch": lambda c: c.find({"n": 3}, limit=-3),
    "by_index_projected": lambda c: c.find({"n": 3}, {"name": 1, "parts.x": 1, "_id": 0}, batch_size=4),
    "by_index_without": lambda c: c.find({"n": 3}, ["name"], skip=2, limit=9),
    "by_index_excluded": lambda c: c.find({"n": 3}, {"filling": False, "at": 0}),
    "by_index_badly_projected": lambda c: c.find({"n": 3}, {"filling": 1, "at": 0}),
    "by_index_expressed": lambda c: c.find({"n": 3}, {"filling": "$at"}),
    "projected": lambda c: c.find({}, {"name": 1, "parts": {"$slice": 1}}, batch_size=60),
    "missing": lambda c: c.database["missing"].find({}),
    "aggregate": lambda c: c.aggregate([{"$match": {"n": {"$lt": 5}}}, {"$sort": {"_id": -1}}]),
    "aggregate_batches": lambda c: c.aggregate([{"$sort": {"_id": -1}}], batchSize=11),
    "aggregate_empty_batch": lambda c: c.aggregate([{"$sort": {"_id": -1}}], batchSize=0),
    "indexes": lambda c: c.list_indexes(),
    "raw_batches": lambda c: c.find_raw_batches({}, batch_size=20),
    "aggregate_raw_batches": lambda c: c.aggregate_raw_batches([{"$match": {"n": 1}}]),
}


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Collection[Any], Collection[Any]]]:
    """A collection that is reached by short cuts, and an equal one that is reached PyMongo's way."""
    with MongoClient(":memory:") as direct, MongoClient(":memory:", event_listeners=[Listener()]) as indirect:
        for client in (direct, indirect):
            client.shop.c.insert_many(DOCUMENTS)
            client.shop.c.create_index("n")
            client.shop.c.create_index([("at", 1)])
        yield direct.shop.c, indirect.shop.c


def condition(cursor: Any) -> tuple[object, ...]:
    """Return what a cursor says of itself."""
    collection = getattr(cursor, "collection", None)
    return (
        type(cursor).__name__,
        cursor.alive,
        type(cursor.cursor_id).__name__,
        bool(cursor.cursor_id),
        getattr(cursor, "retrieved", None),
        cursor.session,
        getattr(collection, "full_name", None),
    )


def comparable(document: Any) -> object:
    if isinstance(document, RawBSONDocument):
        return RawBSONDocument, document.raw
    if isinstance(document, bytes):
        return document
    return type(document), repr(document), encode(document, codec_options=OPTIONS["custom"])


def history(cursor: Any) -> list[object]:
    """Return what a cursor gives and says, step by step."""
    steps: list[object] = [condition(cursor)]
    try:
        for document in cursor:
            steps.append((comparable(document), condition(cursor)))
    except OperationFailure as error:
        steps.append((type(error), error.code, str(error).partition(", full error")[0]))
    steps.append(condition(cursor))
    return steps


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("opening", OPENINGS)
def test_histories(both: tuple[Collection[Any], Collection[Any]], opening: str, options: str) -> None:
    short, long = (
        [history(OPENINGS[opening](c.with_options(codec_options=OPTIONS[options]))) for _ in range(2)] for c in both
    )
    assert short == long


@pytest.mark.parametrize("opening", ["all", "sorted", "limited", "batches", "batches_limited", "one"])
@pytest.mark.parametrize("steps", [0, 1, 8])
def test_rewound_cloned_closed_and_explained(
    both: tuple[Collection[Any], Collection[Any]], opening: str, steps: int
) -> None:
    def interrupted(collection: Collection[Any]) -> list[object]:
        cursor = OPENINGS[opening](collection)
        taken = [next(cursor, None) for _ in range(steps)]
        clone, explanation = cursor.clone(), cursor.explain()["queryPlanner"]["winningPlan"]
        found = [taken, condition(cursor), history(clone), explanation, condition(cursor)]
        cursor.rewind()
        found += [condition(cursor), next(cursor), condition(cursor)]
        cursor.close()
        return [*found, condition(cursor), list(cursor)]

    short, long = (interrupted(collection) for collection in both)
    assert short == long


@pytest.mark.parametrize("opening", ["batches", "aggregate_batches"])
def test_cursors_that_are_closed_or_forgotten_are_gone(
    both: tuple[Collection[Any], Collection[Any]], opening: str
) -> None:
    database = both[0].database

    def open_cursors() -> Any:
        return database.command("serverStatus")["metrics"]["cursor"]["open"]["total"]

    before = open_cursors()
    cursor, other = OPENINGS[opening](both[0]), OPENINGS[opening](both[0])
    assert next(cursor)
    assert next(other)
    assert open_cursors() == before + 2
    cursor.close()
    del other
    assert open_cursors() == before


def test_custom_types_are_decoded_once(both: tuple[Collection[Any], Collection[Any]]) -> None:
    documents = both[0].with_options(codec_options=OPTIONS["custom"]).find({"_id": {"$lt": 3}}).to_list()
    assert [each["price"] for each in documents] == [Decimal("0.50"), Decimal("1.50"), Decimal("2.50")]


def test_collections_made_of_collections(both: tuple[Collection[Any], Collection[Any]]) -> None:
    """They keep their options, and take short cuts, too."""
    options = OPTIONS["aware"]
    for collection in both:
        special = collection.with_options(codec_options=options)
        for made in (special.sub, special["sub"], special.sub["dir"].file, special.with_options()):
            assert type(made) is type(collection)
            assert made.codec_options == options
            assert made.database is collection.database
        assert special.sub.dir.full_name == "shop.c.sub.dir"
        with pytest.raises(AttributeError, match="has no attribute"):
            _ = special._x
        with pytest.raises(TypeError):
            special.with_options(codec_options=5)  # type: ignore[call-overload]


FIELDS = st.sampled_from(["n", "at", "name", "_id", "price", "parts.x"])
VALUES = st.sampled_from([0, 3, 6, 99, -1, 2**40, "Name 7", "", 2.0, None, True, datetime(2026, 1, 9, 12)])
CONDITIONS = VALUES | st.dictionaries(
    st.sampled_from(["$eq", "$gt", "$gte", "$lt", "$lte", "$in"]), VALUES, min_size=1, max_size=2
)
REQUESTS = st.fixed_dictionaries(
    {"filter": st.dictionaries(FIELDS, CONDITIONS, max_size=2)},
    optional={
        "projection": st.dictionaries(FIELDS, st.sampled_from([0, 1, True, False, -1, 1.0, "x"]), max_size=2),
        "sort": st.lists(st.tuples(FIELDS, st.sampled_from([1, -1])), min_size=1, max_size=2, unique_by=lambda p: p[0]),
        "skip": st.integers(0, 4),
        "limit": st.integers(-6, 30),
        "batch_size": st.integers(0, 12),
    },
)


@settings(max_examples=150, deadline=None)
@given(REQUESTS)
def test_any_find(both: tuple[Collection[Any], Collection[Any]], request_: dict[str, Any]) -> None:
    """Twice each: a plan may be known the second time."""
    short, long = ([history(c.find(**request_)) for _ in range(2)] for c in both)
    assert short == long


def test_finds_with_known_plans_need_no_command(
    both: tuple[Collection[Any], Collection[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = [OPENINGS[name] for name in OPENINGS if name.startswith("by_index") and name.split("_")[-1] != "expressed"]
    calls = [call for call in calls if call is not OPENINGS["by_index_badly_projected"]]
    for call in calls:
        call(both[0]).to_list()
    sent = []
    send = DirectConnection._send
    monkeypatch.setattr(
        DirectConnection, "_send", lambda self, request: sent.append(next(iter(request.command))) or send(self, request)
    )
    for call in calls:
        assert call(both[0]).to_list()
    assert set(sent) <= {"getMore"}


def test_a_kept_cursor_is_listed_and_killed(both: tuple[Collection[Any], Collection[Any]]) -> None:
    collection = both[0]
    for _ in range(2):
        cursor = collection.find({"n": 3}, batch_size=4)
        next(cursor)
        idle = collection.database.client.admin.aggregate([{"$currentOp": {"idleCursors": True}}]).to_list()
        (found,) = [each for each in idle if each.get("cursor", {}).get("cursorId") == cursor.cursor_id]
        assert found["ns"] == "shop.c"
        reply = collection.database.command("killCursors", "c", cursors=[cursor.cursor_id])
        assert reply["cursorsKilled"] == [cursor.cursor_id]
        with pytest.raises(OperationFailure):
            cursor.to_list()
