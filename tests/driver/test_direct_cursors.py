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
from pymongo.synchronous.collection import Collection

from satchel import MongoClient
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
    for document in cursor:
        steps.append((comparable(document), condition(cursor)))
    steps.append(condition(cursor))
    return steps


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("opening", OPENINGS)
def test_histories(both: tuple[Collection[Any], Collection[Any]], opening: str, options: str) -> None:
    short, long = (history(OPENINGS[opening](c.with_options(codec_options=OPTIONS[options]))) for c in both)
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
