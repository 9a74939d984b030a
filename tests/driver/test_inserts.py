"""insert_many's short cut = PyMongo's own way: results, exceptions, the caller's documents, records and indexes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import bson
import pytest
from bson import Int64, ObjectId
from bson.raw_bson import RawBSONDocument
from bson.son import SON
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo.errors import BulkWriteError, DocumentTooLarge, InvalidOperation, PyMongoError
from pymongo.synchronous.collection import Collection

from satchel import MongoClient
from satchel.driver import inserts
from satchel.driver.direct import DirectConnection, NotDirectError
from satchel.engine.writes import collection_writer, parts

RAW = bson.CodecOptions(document_class=RawBSONDocument)


class Unencodable:
    def __repr__(self) -> str:
        return "Unencodable()"


def fresh(collection: Collection[Any]) -> Collection[Any]:
    collection.drop()
    collection.create_index("u", unique=True, sparse=True)
    collection.create_index([("a", 1), ("b.c", -1)])
    collection.insert_one({"_id": 0, "u": 0})
    return collection


def stored(collection: Collection[Any]) -> list[object]:
    """Return the documents as bytes in natural order, without `_id`s that were made up, and what two indexes hold."""
    documents = [bson.decode(document.raw) for document in collection.with_options(codec_options=RAW).find()]
    found = [collection.count_documents({"u": document.get("u")}, hint="u_1") for document in documents]
    ordered = [document.get("a") for document in collection.find(hint="a_1_b.c_-1")]
    assert collection.database.command("validate", collection.name)["valid"]
    return [[without_made_id(document) for document in documents], found, ordered]


def without_made_id(document: dict[str, Any]) -> bytes:
    return bson.encode({**document, "_id": None} if isinstance(document["_id"], ObjectId) else document)


def outcome(collection: Collection[Any], documents: Any, **options: Any) -> tuple[object, ...]:
    try:
        result = collection.insert_many(documents, **options)
    except BulkWriteError as error:
        operations = [failure.pop("op") for failure in error.details["writeErrors"]]
        assert all(any(each is document for document in documents) for each in operations)
        places = [next(i for i, each in enumerate(documents) if each is operation) for operation in operations]
        return str(error).partition(", full error")[0], error.code, error.details, places
    except (PyMongoError, bson.errors.BSONError, TypeError, ValueError, OverflowError) as error:
        return type(error), str(error)
    made = [isinstance(each, ObjectId) for each in result.inserted_ids]
    kept = [each for each in result.inserted_ids if not isinstance(each, ObjectId)]
    return result.acknowledged, made, kept


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Collection[Any], Collection[Any]]]:
    with MongoClient(":memory:") as short, MongoClient(":memory:") as long:
        long._direct = None
        yield short.shop.c, long.shop.c


VALUES = st.one_of(
    st.integers(-3, 3),
    st.just(Int64(2)),
    st.just(2**40),
    st.floats(allow_nan=False),
    st.text("ab", max_size=2),
    st.none(),
    st.lists(st.integers(0, 3), max_size=3),
    st.fixed_dictionaries({"c": st.integers(0, 2)}),
    st.datetimes(),
    st.binary(max_size=3),
)
DOCUMENTS = st.dictionaries(st.sampled_from(["a", "b", "u", "d"]), VALUES, max_size=4).flatmap(
    lambda document: st.one_of(
        st.just(document),
        st.one_of(st.integers(0, 12), st.text("ab", max_size=1), st.lists(st.integers(0, 3), max_size=1)).map(
            lambda identifier: {**document, "_id": identifier}
        ),
        st.integers(0, 40).map(lambda identifier: {"_id": identifier, **document}),
    )
)
ODD = st.sampled_from(
    [SON([("a", 1)]), {"$a": 1}, {"a": Unencodable()}, {1: 2}, {"a": 2**70}, {"a\0": 1}, {"_id": {}}, 5]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(DOCUMENTS, min_size=1, max_size=30),
    st.one_of(st.none(), st.tuples(st.integers(0, 30), ODD)),
    st.booleans(),
    st.tuples(st.sampled_from([200, 1500, 10**9]), st.sampled_from([90, 10**9]), st.sampled_from([1, 3, 200])),
)
def test_the_same_as_pymongos_own_way(
    both: tuple[Collection[Any], Collection[Any]],
    documents: list[Any],
    odd: tuple[int, Any] | None,
    ordered: bool,
    limits: tuple[int, int, int],
) -> None:
    if odd is not None:
        documents.insert(*odd)
    outcomes, left, contents = [], [], []
    most_bytes, large, most = limits
    for collection in both:
        mine = copy.deepcopy(documents)
        with pytest.MonkeyPatch.context() as patch:
            if collection is both[0]:
                patch.setattr(parts, "MOST_ITEMS", most)
                patch.setattr(collection_writer, "_KEYS_AT_ONCE", most * 3)
            # Where nothing fails to be encoded, it must not matter how documents are divided.
            if odd is None:
                patch.setattr(inserts, "MESSAGE_SIZE_LIMIT_BYTES", most_bytes + inserts._COMMAND_BYTES)
                patch.setattr(inserts, "_LARGE_DOCUMENTS_BYTES", large)
                patch.setattr(inserts, "_LARGE_DOCUMENT_BYTES", 40)
            outcomes.append(outcome(fresh(collection), mine, ordered=ordered))
        left.append([each if not isinstance(each, dict) else (type(each.get("_id")), list(each)) for each in mine])
        contents.append(stored(collection))
    assert outcomes[0] == outcomes[1]
    assert repr(left[0]) == repr(left[1])
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    "documents", [[], (), iter(()), {}, {"a": 1}, None, 5, "ab", [None], [[1]], RawBSONDocument(bson.encode({"a": 1}))]
)
def test_what_is_no_list_of_documents(both: tuple[Collection[Any], Collection[Any]], documents: Any) -> None:
    short, long = (outcome(fresh(collection), documents) for collection in both)
    assert short == long
    assert isinstance(short[0], type)


@pytest.mark.parametrize(
    "options",
    [
        {"ordered": 1},
        {"ordered": None},
        {"ordered": "yes"},
        {"bypass_document_validation": True},
        {"comment": "why"},
        {"comment": {}},
        {"session": None},
    ],
)
def test_options(both: tuple[Collection[Any], Collection[Any]], options: dict[str, Any]) -> None:
    short, long = (outcome(fresh(collection), [{"_id": 7}, {"_id": 7}], **options) for collection in both)
    assert short == long


def test_a_generator_that_fails(both: tuple[Collection[Any], Collection[Any]]) -> None:
    given: list[dict[str, Any]] = [{"a": 1}, {"a": 2}]

    def failing() -> Iterator[dict[str, Any]]:
        yield from given
        raise ValueError("no more")

    collection = fresh(both[0])
    with pytest.raises(ValueError, match="no more"):
        collection.insert_many(failing())
    assert all("_id" in document for document in given)
    assert collection.count_documents({}) == 1


def test_generators_of_other_things(both: tuple[Collection[Any], Collection[Any]]) -> None:
    made: list[Any] = [{"a": 1}, SON([("a", 2)]), RawBSONDocument(bson.encode({"_id": 9, "a": 3})), {"a": 4}]
    collection = fresh(both[0])
    result = collection.insert_many(each for each in made)
    assert [document["a"] for document in collection.find({"a": {"$exists": True}})] == [1, 2, 3, 4]
    assert result.inserted_ids == [made[0]["_id"], made[1]["_id"], made[3]["_id"]]
    with pytest.raises(InvalidOperation):
        collection.insert_many(each for each in ())


def test_nothing_is_inserted_of_a_batch_that_cannot_be_encoded(
    both: tuple[Collection[Any], Collection[Any]],
) -> None:
    collection = fresh(both[0])
    with pytest.raises(bson.errors.InvalidDocument):
        collection.insert_many([*({"a": number} for number in range(5000)), {"a": object()}])
    assert collection.count_documents({}) == 1


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("size", [(16 << 20) - 100, (16 << 20) + 100, 18 << 20])
def test_large_documents(both: tuple[Collection[Any], Collection[Any]], size: int, ordered: bool) -> None:
    documents = [{"_id": 1}, {"_id": 2, "data": bytes(size)}, {"_id": 3}]
    short, long = (outcome(fresh(collection), documents, ordered=ordered) for collection in both)
    assert short == long
    assert stored(both[0])[1:] == stored(both[1])[1:]
    assert (short[0] is DocumentTooLarge) == (size == 18 << 20)


@pytest.mark.parametrize("ordered", [True, False])
def test_where_the_short_cut_ends_halfway(
    both: tuple[Collection[Any], Collection[Any]], ordered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest goes PyMongo's way, and one result tells of both."""
    run, calls = DirectConnection.insert_many, []

    def once(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) > 1:
            raise NotDirectError
        return run(*arguments)

    monkeypatch.setattr(DirectConnection, "insert_many", once)
    monkeypatch.setattr(inserts, "MESSAGE_SIZE_LIMIT_BYTES", inserts._COMMAND_BYTES + 60)
    numbers = [1, 2, 3, 4, 2, 5] if ordered else [1, 1, 3, 4, 3, 5]
    documents = [{"_id": number, "at": at} for at, number in enumerate(numbers)]
    short, long = (outcome(fresh(collection), documents, ordered=ordered) for collection in both)
    assert short == long
    assert len(calls) == 2


def test_documents_go_to_a_new_collection_together(tmp_path: Any) -> None:
    with MongoClient[dict[str, Any]](tmp_path / "app.db") as client:
        client.shop.c.insert_many([{"n": number} for number in range(1000)])
        assert client.shop.c.count_documents({}) == 1000
        assert [document["n"] for document in client.shop.c.find()] == list(range(1000))
