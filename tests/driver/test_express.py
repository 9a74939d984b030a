"""Express = command: any sequence of calls on one document each does the same by both ways.

Compared are results, exceptions, what the calls have left in the caller's own objects, the documents in their natural
order, and what every index holds.
"""

from __future__ import annotations

import copy
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bson import Binary, CodecOptions, Decimal128, Int64, ObjectId, Regex, Timestamp
from bson.codec_options import DatetimeConversion
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from bson.son import SON
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import ReturnDocument
from pymongo.errors import PyMongoError
from pymongo.synchronous.collection import Collection

from satchel import MongoClient
from satchel.driver.direct import DirectConnection
from satchel.engine.quick_count import quick_count
from satchel.values.bson_types import MISSING
from satchel.values.namespace import Namespace
from tests.driver.test_direct import REGISTRY, STANDARD, UNENCODABLE, Listener, outcome, plain

Clients = tuple[MongoClient[Any], MongoClient[Any]]

KEYS = st.one_of(
    st.integers(0, 4),
    st.sampled_from(["a", "b", "é", "\0", "", ObjectId("0" * 24), 1.0, float("nan"), Int64(3), 2**40, True]),
)
VALUES = st.one_of(
    KEYS,
    st.sampled_from(
        [
            *(None, -1, 2**31, 2**63 - 1, 2**63, 2.5, "\ud800", b"x", Binary(b"y", 5), Decimal128("1.0"), Regex("^a")),
            *(Timestamp(0, 0), Timestamp(1, 1), datetime(2024, 1, 1), datetime(2024, 1, 1, microsecond=1500)),
            *([], [1], [1, "a"], [[1]], [{"x": 1}, {"x": 2}], {}, {"x": 1}, {"x": [1]}, {"$x": 1}, {"_id": 1}),
            *({"$ref": "c", "$id": 1}, UNENCODABLE),
        ]
    ),
)
NAMES = st.sampled_from(["a", "b", "c", "a.x", "a.0", "a.x.y", "b.$", "", "$a", "a\0", "_id", 5])
DOCUMENTS = st.builds(
    lambda identifier, fields, is_last: {**fields, "_id": identifier} if is_last else {"_id": identifier, **fields},
    VALUES,
    st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, max_size=3),
    st.booleans(),
)
CONDITIONS = st.one_of(
    VALUES,
    st.builds(lambda value: {"$eq": value}, VALUES),
    st.builds(lambda name, value: {name: value}, st.sampled_from(["$gt", "$lte", "$ne", "$in", "$bad"]), VALUES),
)
FILTERS = st.one_of(
    st.builds(lambda value: {"_id": value}, KEYS),
    st.builds(lambda name, value: {name: value}, st.sampled_from(["a", "b", "a.x"]), CONDITIONS),
    st.dictionaries(NAMES, CONDITIONS, max_size=2),
    st.sampled_from(
        [{"$or": [{"a": 1}, {"b": 1}]}, {"$expr": {"$eq": ["$a", "$b"]}}, {"$bad": 1}, 5, None, [("a", 1)]]
    ),
)
OPERATORS = st.sampled_from(
    ["$set", "$inc", "$unset", "$push", "$pull", "$addToSet", "$min", "$max", "$mul", "$rename", "$pop", "$bit", "$bad"]
)
UPDATES = st.one_of(
    st.sampled_from(
        [
            *({"$inc": {"a": 1}}, {"$set": {"a": 1}}, {"$set": {"b": "a"}}, {"$unset": {"a": 1}}, {"$set": {"b.$": 7}}),
            *({"$set": {"a": {"x": 1}}}, {"$push": {"a": 1}}, {"$set": {"_id": 1}}, {"$set": {"a": 1}, "_id": 1}),
            *({"$setOnInsert": {"a": 1}}, {"$min": {"a": "B"}}, {"$rename": {"a": "b"}}, {"$set": {}}, {}),
        ]
    ),
    st.dictionaries(OPERATORS, st.dictionaries(NAMES, VALUES, max_size=2), min_size=1, max_size=2),
    st.builds(lambda value: {"$set": value}, VALUES),
)
REPLACEMENTS = st.one_of(
    st.dictionaries(st.sampled_from(["a", "b", "_id", "a.x", "$a", 5]), VALUES, max_size=3), DOCUMENTS
)
UPSERT = st.sampled_from([{}, {}, {"upsert": False}, {"upsert": True}, {"upsert": 1}, {"session": None}])
RETURNED = st.sampled_from(
    [{}, {"return_document": ReturnDocument.AFTER}, {"return_document": False}, {"session": None}]
)

Call = Callable[[Collection[Any]], object]
CALLS = st.one_of(
    st.tuples(st.just("insert_one"), st.tuples(DOCUMENTS), st.just({})),
    st.tuples(st.just("find_one"), st.tuples(st.one_of(FILTERS, KEYS)), st.just({})),
    st.tuples(st.just("update_one"), st.tuples(FILTERS, UPDATES), UPSERT),
    st.tuples(st.just("replace_one"), st.tuples(FILTERS, REPLACEMENTS), UPSERT),
    st.tuples(st.just("delete_one"), st.tuples(FILTERS), st.just({})),
    st.tuples(st.just("find_one_and_update"), st.tuples(FILTERS, UPDATES), RETURNED),
    st.tuples(st.just("find_one_and_replace"), st.tuples(FILTERS, REPLACEMENTS), RETURNED),
    st.tuples(st.just("find_one_and_delete"), st.tuples(FILTERS), st.just({})),
    st.tuples(st.just("count_documents"), st.tuples(FILTERS), st.just({})),
    st.tuples(st.just("estimated_document_count"), st.just(()), st.just({})),
)
INDEXES: dict[str, tuple[Any, dict[str, Any]]] = {
    "ascending": ("a", {}),
    "descending": ([("a", -1)], {}),
    "unique": ("a", {"unique": True}),
    "both": ([("a", 1), ("b", -1)], {}),
    "inside": ("a.x", {}),
    "sparse": ("b", {"sparse": True}),
    "sparse_unique": ("b", {"sparse": True, "unique": True}),
    "partial": ("a", {"partialFilterExpression": {"b": {"$gt": 0}}, "name": "partial"}),
    "collation": ("b", {"collation": {"locale": "en", "strength": 2}, "name": "collation"}),
    "hashed": ([("b", "hashed")], {}),
    "wildcard": ([("$**", 1)], {}),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "collation": {"collation": {"locale": "en", "strength": 2}},
    "capped": {"capped": True, "size": 4096, "max": 3},
    "validator": {"validator": {"a": {"$ne": 1}}},
    "images": {"changeStreamPreAndPostImages": {"enabled": True}},
    "view": {"viewOn": "other", "pipeline": []},
}


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    """One that takes short cuts, and one that goes PyMongo's way, as somebody listens."""
    with MongoClient(":memory:") as short, MongoClient(":memory:", event_listeners=[Listener()]) as long:
        yield short, long


def prepared(client: MongoClient[Any], options: str, indexes: Sequence[str]) -> Collection[Any]:
    database = client.shop
    database.drop_collection("c")
    collection = database.create_collection("c", **OPTIONS[options])
    if options != "view":
        for name in indexes:
            keys, given_options = INDEXES[name]
            collection.create_index(keys, **given_options)
    return collection


def state(collection: Collection[Any], *, has_records: bool) -> object:
    """Return the documents in natural order, and what `validate` says of documents and keys."""
    database = collection.database
    documents = list(database.c.find())
    if not has_records:
        return timeless(documents)
    report = database.command("validate", "c", full=True)
    return timeless((documents, report["valid"], report["keysPerIndex"], report["errors"]))


def timeless(value: object) -> str:
    """Return a value as text, without the times that took the place of empty timestamps and the `_id`s of upserts."""
    text = re.sub(r"Timestamp\(\d{10}, \d+\)", "now", repr(value))
    return re.sub(r"ObjectId\('6[0-9a-f]{23}'\)", "made", text)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    options=st.sampled_from([*["plain"] * 6, *OPTIONS]),
    indexes=st.lists(st.sampled_from(sorted(INDEXES)), max_size=2, unique_by=lambda name: repr(INDEXES[name][0])),
    calls=st.lists(CALLS, min_size=1, max_size=8),
)
def test_any_sequence_of_calls(clients: Clients, options: str, indexes: list[str], calls: list[Any]) -> None:
    short, long = (prepared(client, options, indexes) for client in clients)
    for name, arguments, keywords in calls:
        told, left = [], []
        for collection in (short, long):
            mine = copy.deepcopy(arguments, {id(UNENCODABLE): UNENCODABLE})
            told.append(whatever_comes(partial(_called, name, mine, keywords), collection))
            left.append(repr(plain(mine)))
        assert told[0] == told[1]
        assert left[0] == left[1]
        assert state(short, has_records=options != "view") == state(long, has_records=options != "view")


def _called(name: str, arguments: tuple[Any, ...], keywords: dict[str, Any], collection: Collection[Any]) -> object:
    return getattr(collection, name)(*arguments, **keywords)


def whatever_comes(call: Call, collection: Collection[Any]) -> object:
    """Return a result or an exception, of whatever class, as text."""
    try:
        return timeless(outcome(call, collection))
    except Exception as error:
        return type(error), str(error)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    options=st.sampled_from(["plain", "collation"]),
    documents=st.lists(st.fixed_dictionaries({"_id": KEYS, "a": VALUES, "b": VALUES}), max_size=6),
    identifier=KEYS,
    others=st.dictionaries(st.sampled_from(["a", "b", "a.x", "$or", "$and"]), CONDITIONS, min_size=1, max_size=2),
    is_first=st.booleans(),
)
def test_an_id_among_other_conditions(
    clients: Clients, options: str, documents: list[Any], identifier: Any, others: dict[str, Any], is_first: bool
) -> None:
    """An update finds what a scan of the whole collection finds."""
    collection = prepared(clients[0], options, ["ascending"])
    for document in documents:
        whatever_comes(partial(_called, "insert_one", (document,), {}), collection)
    filter_ = {"_id": identifier, **others} if is_first else {**others, "_id": identifier}
    try:
        wanted = list(collection.find(filter_).hint([("$natural", 1)]))
        updated = collection.update_one(filter_, {"$set": {"hit": True}})
    except (PyMongoError, BSONError, TypeError, ValueError, OverflowError):
        return
    assert updated.matched_count == len(wanted)
    assert repr([each["_id"] for each in collection.find({"hit": True})]) == repr([each["_id"] for each in wanted])


def test_updates_are_parsed_once_but_not_taken_for_others(clients: Clients) -> None:
    """Equal in Python is not equal in BSON; and what an update means may depend on the operation."""
    updates: list[Any] = [
        *({"$set": {"a": value}} for value in (1, 1.0, True, Int64(1), Decimal128("1"), "1", -0.0, 0.0)),
        *({"$inc": {"a": value}} for value in (1, 1.0, Int64(1), True)),
        *({"$set": fields} for fields in ({"a": 1, "b": 2}, {"b": 2, "a": 1})),
        *({"$min": {"b": "A"}}, {"$addToSet": {"t": "A"}}, {"$pull": {"t": "a"}}, {"$push": {"t": 1}}),
    ] * 2
    for options in ("plain", "collation"):
        short, long = (prepared(client, options, []) for client in clients)
        for collection in (short, long):
            collection.insert_one({"_id": 1, "a": 5, "b": "a", "t": ["a"]})
        for update in updates:
            assert repr(outcome(lambda c, u=update: c.update_one({"_id": 1}, u), short)) == repr(  # type: ignore[misc]
                outcome(lambda c, u=update: c.update_one({"_id": 1}, u), long)  # type: ignore[misc]
            )
            assert state(short, has_records=True) == state(long, has_records=True)


def test_the_time_of_an_update_is_its_own() -> None:
    with MongoClient(":memory:") as client:
        collection = client.shop.c
        collection.insert_one({"_id": 1})
        times = []
        for _ in range(2):
            collection.update_one({"_id": 1}, {"$currentDate": {"at": True}, "$inc": {"n": 1}})
            found = collection.find_one({"_id": 1})
            assert found is not None
            times.append(found["at"])
            while datetime.now().timestamp() * 1000 // 1 == times[0].timestamp() * 1000 // 1:
                pass
        collection.update_one({"_id": 1}, {"$currentDate": {"at": True}, "$inc": {"n": 1}})
        found = collection.find_one({"_id": 1})
        assert found is not None
        assert found["at"] > times[0]


COUNTED: dict[str, Call] = {
    "insert": lambda c: c.insert_one({"_id": 7}),
    "update": lambda c: c.update_one({"_id": 1}, {"$set": {"a": 1}}),
    "replace": lambda c: c.replace_one({"_id": 1}, {"a": 2}),
    "find": lambda c: c.find_one({"_id": 1}),
    "find_and_update": lambda c: c.find_one_and_update({"_id": 1}, {"$set": {"a": 3}}),
    "find_and_delete": lambda c: c.find_one_and_delete({"_id": 1}),
    "delete": lambda c: c.delete_one({"_id": 7}),
    "nothing": lambda c: c.delete_one({"_id": 7}),
    "count": lambda c: c.count_documents({"a": {"$gt": 1}}),
    "count_all": lambda c: c.count_documents({}),
    "estimate": lambda c: c.estimated_document_count(),
}


def test_counters_count_every_call_once(clients: Clients) -> None:
    counted = []
    for client in clients:
        collection = prepared(client, "plain", ["ascending"])
        collection.insert_one({"_id": 1})
        before = client.admin.command("serverStatus")["opcounters"]
        for call in COUNTED.values():
            call(collection)
        after = client.admin.command("serverStatus")["opcounters"]
        counted.append({name: after[name] - before[name] for name in after})
    assert counted[0] == counted[1]


@pytest.mark.parametrize("name", COUNTED)
def test_the_profiler_sees_every_call(clients: Clients, name: str) -> None:
    profiled = []
    for client in clients:
        collection = prepared(client, "plain", [])
        collection.insert_one({"_id": 1})
        collection.database.command("profile", 2)
        COUNTED[name](collection)
        collection.database.command("profile", 0)
        notes = list(collection.database["system.profile"].find({"ns": "shop.c"}))
        profiled.append([(note["op"], note["ns"]) for note in notes])
        collection.database.drop_collection("system.profile")
    assert profiled[0] == profiled[1]
    assert profiled[0]


def test_change_streams_tell_of_every_call(clients: Clients) -> None:
    told = []
    for client in clients:
        collection = prepared(client, "images", [])
        collection.insert_one({"_id": 1})
        with collection.watch(full_document_before_change="whenAvailable") as stream:
            for call in COUNTED.values():
                call(collection)
            events = iter(stream.try_next, None)
            told.append([(e["operationType"], e["documentKey"], e.get("fullDocumentBeforeChange")) for e in events])
    assert told[0] == told[1]
    assert [kind for kind, _, _ in told[0]] == ["insert", "update", "replace", "update", "delete", "delete"]


def test_express_is_what_is_tested(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the methods does what it does past commands, where nothing speaks against it."""
    collection = prepared(clients[0], "plain", ["ascending"])
    collection.insert_one({"_id": 1, "a": 1})

    def refused(*_: object) -> None:
        raise AssertionError("a command was run")

    monkeypatch.setattr(DirectConnection, "_send", refused)
    for call in COUNTED.values():
        call(collection)
    assert collection.find_one_and_replace({"a": 1}, {"a": 2}, return_document=True) is None
    assert collection.find_one({"a": 2}) is None


def test_what_takes_long_to_count_is_a_command(clients: Clients) -> None:
    short, long = (prepared(client, "plain", ["ascending"]) for client in clients)
    for collection in (short, long):
        collection.insert_many({"_id": number, "a": number % 2, "b": [number, 1]} for number in range(2004))
        collection.create_index("b")
    filters: list[Any] = [{}, {"a": 0}, {"a": {"$gte": 0}}, {"a": {"$lt": 0}}, {"b": 1}, {"b": {"$gt": 2002}}, {"c": 1}]
    assert [short.count_documents(each) for each in filters] == [long.count_documents(each) for each in filters]
    assert short.estimated_document_count() == 2004
    assert quick_count(short.database.client._direct._service.engine, Namespace("shop", "c"), {"a": 0}) is MISSING  # type: ignore[attr-defined]


SEARCHES: dict[str, Call] = {
    "update": lambda c: c.update_one({"z": {"$gt": 5}}, {"$set": {"a": 1}}),
    "delete": lambda c: c.delete_one({"$or": [{"z": 1}, {"a": -1}]}),
    "findAndModify": lambda c: c.find_one_and_delete({"$expr": {"$gt": ["$a", 10**6]}}),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_long_search_is_a_command(clients: Clients, name: str) -> None:
    """So that it can be seen while it runs, and stopped; a short one is not."""
    collection = prepared(clients[0], "plain", [])

    def commands() -> int:
        status = clients[0].admin.command("serverStatus")
        return int(status["metrics"]["commands"].get(name, {"total": 0})["total"])

    collection.insert_one({"_id": 0, "a": 0})
    before = commands()
    found_nothing = outcome(SEARCHES[name], collection)
    assert commands() == before
    collection.insert_many({"_id": number, "a": number} for number in range(1, 30_000))
    assert outcome(SEARCHES[name], collection) == found_nothing
    assert commands() == before + 1


CODECS: dict[str, CodecOptions[Any]] = {
    "son": CodecOptions(document_class=SON),
    "aware": CodecOptions(tz_aware=True),
    "uuid": STANDARD,
    "registry": CodecOptions(type_registry=REGISTRY),
    "raw": CodecOptions(document_class=RawBSONDocument),
    "milliseconds": CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS),
}
CODEC_CALLS: list[Call] = [
    lambda c: c.insert_one({"_id": 1, "d": Decimal("1.5"), "n": {"at": datetime(2024, 1, 1)}}),
    lambda c: c.insert_one({"_id": 2, "u": uuid.UUID(int=5), "n": [{"at": datetime(2024, 1, 1)}]}),
    lambda c: c.insert_one({"_id": 3, "r": {"$ref": "c", "$id": 1}, "l": 2**40, "b": Binary(bytes(16), 4)}),
    lambda c: c.find_one({"_id": 1}),
    lambda c: c.find_one_and_update({"_id": 1}, {"$set": {"e": Decimal("2.50"), "u": uuid.UUID(int=6)}}),
    lambda c: c.find_one_and_update({"_id": 3}, {"$set": {"e": datetime(2024, 1, 2)}}, return_document=True),
    lambda c: c.find_one_and_replace({"_id": 2}, {"x": {"y": datetime(2024, 1, 2)}}, return_document=True),
    lambda c: c.replace_one({"_id": 2}, {"x": {"y": Decimal("1.50")}}),
    lambda c: c.update_one({"d": Decimal("1.5")}, {"$inc": {"l": 1}}),
    lambda c: c.count_documents({"_id": Decimal("1.0")}),
    lambda c: c.find_one_and_delete({"_id": 3}),
    lambda c: c.delete_one({"_id": uuid.UUID(int=5)}),
    lambda c: c.find_one({"_id": 2}),
]


@pytest.mark.parametrize("name", CODECS)
def test_codec_options_are_heeded(clients: Clients, name: str) -> None:
    short, long = (prepared(client, "plain", []).with_options(CODECS[name]) for client in clients)
    for call in CODEC_CALLS:
        assert whatever_comes(call, short) == whatever_comes(call, long)
        assert state(short, has_records=True) == state(long, has_records=True)


ELSEWHERE = {
    "validator": "database.command('collMod', 'c', validator={'a': {'$lt': 5}})",
    "unique index": "database.c.create_index('a', unique=True)",
    "capped": "database.command('convertToCapped', 'c', size=4096)",
    "dropped": "database.drop_collection('c')",
    "view": "database.drop_collection('c'); database.create_collection('c', viewOn='other', pipeline=[])",
    "another collation": (
        "database.drop_collection('c'); database.create_collection('c', collation={'locale': 'en', 'strength': 2})"
    ),
}


@pytest.mark.parametrize("change", ELSEWHERE)
def test_what_another_process_changes_is_heeded(tmp_path: Path, change: str) -> None:
    """The catalog that was last seen is another one by the time of the next call."""
    outcomes = []
    for number, keywords in enumerate(({}, {"event_listeners": [Listener()]})):
        path = str(tmp_path / f"{number}.db")
        with MongoClient(path, **keywords) as client:
            collection = client.shop.c
            collection.insert_many([{"_id": "a", "a": 1}, {"_id": "b", "a": 9}])
            told = []
            for call in (*BEFORE_AND_AFTER, None, *BEFORE_AND_AFTER):
                if call is None:
                    code = f"import satchel; database = satchel.MongoClient({path!r}).shop; {ELSEWHERE[change]}"
                    subprocess.run([sys.executable, "-c", code], check=True)
                else:
                    told.append(whatever_comes(call, collection))
            outcomes.append((told, repr(list(collection.find()))))
    assert outcomes[0] == outcomes[1]


BEFORE_AND_AFTER: list[Call] = [
    lambda c: c.find_one({"_id": "A"}),
    lambda c: c.update_one({"_id": "b"}, {"$inc": {"a": 1}}),
    lambda c: c.replace_one({"a": 1}, {"a": 9}),
    lambda c: c.count_documents({"_id": "a"}),
    lambda c: c.insert_one({"_id": "A", "a": 10}),
    lambda c: c.find_one_and_delete({"_id": "A"}),
    lambda c: c.delete_one({"a": 77}),
]


def test_threads_lose_no_write(tmp_path: Path) -> None:
    with MongoClient(str(tmp_path / "a.db")) as client:
        collection = client.shop.c
        collection.insert_one({"_id": "counter", "n": 0})

        def write(thread: int) -> None:
            for number in range(100):
                collection.insert_one({"_id": f"{thread}-{number}"})
                collection.update_one({"_id": "counter"}, {"$inc": {"n": 1}})
                collection.find_one_and_update({"_id": "counter"}, {"$inc": {"n": number % 2, f"t{thread}": 1}})
                collection.delete_one({"_id": f"{thread}-{number - 1}"})

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, range(4)))
        counter = collection.find_one({"_id": "counter"})
        assert counter == {"_id": "counter", "n": 600, **{f"t{thread}": 100 for thread in range(4)}}
        assert collection.count_documents({}) == 5
        assert client.shop.command("validate", "c", full=True)["valid"]
