"""What is read of a document without the document is what the document has, or nothing is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from random import Random
from typing import Any

import pytest
from bson import CodecOptions, DatetimeConversion, Decimal128, Int64, ObjectId
from bson.datetime_ms import DatetimeMS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import OperationFailure

from satchel import MongoClient
from satchel.backends.sqlite import SqliteStorage, fields, sort_bounds
from satchel.backends.sqlite.snapshot import SqliteReader
from satchel.commands.count_distinct import _values_at
from satchel.engine.execution import partial_fetch, top
from satchel.engine.execution.match import Match
from satchel.storage.interface import NewRecord
from satchel.testing import strategies
from satchel.values import key_string
from satchel.values.bson_types import CODEC_OPTIONS, MISSING, Document, decode_document, encode_document

from .narrowing_cases import Cases


class Table:
    """A record table to read fields of."""

    def __init__(self) -> None:
        self._storage = SqliteStorage(":memory:")
        with self._storage.write() as writer:
            self._table = writer.create_table("a.b")

    def fill(self, documents: list[Document]) -> None:
        records = [
            NewRecord(rid, key_string.encode(rid), bson, decode_document(bson))
            for rid, bson in enumerate(map(encode_document, documents), 1)
        ]
        with self._storage.write() as writer:
            writer.clear(self._table)
            writer.insert(self._table, records)

    def read(self, names: list[str]) -> list[dict[str, list[Any]] | None]:
        found = []
        after: int | None = 0
        with self._storage.read() as reader:
            while after is not None:
                after, columns, rids = reader.read_fields(self._table, names, after=after, with_rids=True)
                assert columns is None or {len(column) for column in columns.values()} == {len(rids)}
                found.append(columns)
        return found[:-1]

    def close(self) -> None:
        self._storage.close()


@pytest.fixture
def table() -> Iterator[Table]:
    table = Table()
    yield table
    table.close()


def check(
    table: Table, documents: list[Document], size: int, monkeypatch: pytest.MonkeyPatch, paths: Sequence[str] = ()
) -> list[bool]:
    """Compare what is read of documents, some at a time, and return of which of those anything was said."""
    monkeypatch.setattr(fields, "MAX_RECORDS", size)
    table.fill(documents)
    names = sorted({name for name in paths or chain(*documents) if fields.can_read([name])})
    whole = [decode_document(encode_document(each)) for each in documents]
    said = []
    for start in range(0, len(names), 3):
        some = names[start : start + 3]
        for number, found in enumerate(table.read(some)):
            said.append(found is not None)
            if found is not None:
                read = whole[number * size :][:size]
                wanted = {name: [value_at(document, name.split(".")) for document in read] for name in some}
                assert repr(found) == repr(wanted)
    return said


def value_at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        assert not isinstance(value, list), "a path through an array has no single value"
        value = value.get(name, MISSING) if isinstance(value, dict) else MISSING
    return value


@given(seed=st.integers(0, 2**32), size=st.sampled_from((1, 3)))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_fields_are_those_of_the_documents(table: Table, seed: int, size: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        cases = Cases(Random(seed))
        documents = cases.documents(9)
        check(table, documents, size, monkeypatch)
        check(table, documents, size, monkeypatch, cases.paths)


@given(documents=st.lists(strategies.documents, min_size=1, max_size=4))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
def test_fields_of_all_kinds_are_those_of_the_documents(table: Table, documents: list[Document]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        check(table, documents, 1, monkeypatch)


_KNOWN: list[Document] = [
    {"a": 1},
    {"a": Int64(1)},
    {"a": Int64(2**40), "b": -1},
    {"a": 0.1, "b": -0.0},
    {"a": "x", "b": True},
    {"b": None},
    {},
    {"a": ["x", {"y": "z"}]},
    {"a": ObjectId(bytes(12)), "b": [DatetimeMS(-1), {"c": DatetimeMS(1_700_000_000_001)}]},
    {"a": [1, 2], "b": {"c": 1}},
]


@pytest.mark.parametrize("document", _KNOWN, ids=repr)
def test_common_values_are_told(table: Table, document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    said = check(table, [{**document, "a": document.get("a", "")}], 1, monkeypatch)
    assert all(said)


def test_a_path_through_objects_is_told(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    documents: list[Document] = [{"a": {"b": 1}, "c": b"\x12"}, {"a": {"b": Int64(2**40)}}, {"a": {}}, {"a": 5}, {}]
    assert all(check(table, documents, 5, monkeypatch, ["a.b", "a.c.d"]))
    assert not all(check(table, [{"a": [{"b": 1}]}], 1, monkeypatch, ["a.b"]))
    assert not all(check(table, [{"a": []}], 1, monkeypatch, ["a.b"]))


@pytest.mark.parametrize(
    "documents",
    [
        [{"a": 1}, {"a": Int64(1)}],
        [{"a": 1, "b": {"a": Int64(1)}}],
        [{"a": [Int64(1)]}],
        [{"a": [[{"b": Int64(1)}]]}],
        [{"a": Decimal128("1")}],
        [{"a": "x" * 1025}],
        [{"a": b"x"}],
        [{"a": "x", "b": "\0"}],
        [{"a": 1, "b": ["x" * 1000] * 40}],
    ],
    ids=str,
)
def test_what_is_open_is_not_told(table: Table, documents: list[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    assert not all(check(table, documents, 2, monkeypatch))


def test_integers_of_both_widths_are_told_by_their_size(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(check(table, [{"a": 1}, {"a": Int64(2**31)}, {"a": -(2**31)}], 3, monkeypatch))


OPTIONS: CodecOptions[Any] = CODEC_OPTIONS.with_options(datetime_conversion=DatetimeConversion.DATETIME_MS)

GROUPS: list[list[Document]] = [
    [{"$group": {"_id": "$K", "n": {"$sum": 1}}}],
    [{"$group": {"_id": "$K", "n": {"$count": {}}, "x": {"$sum": Int64(2)}, "h": {"$sum": 0.1}}}],
    [{"$group": {"_id": None, "s": {"$sum": "$V"}, "m": {"$avg": "$V"}, "t": {"$push": "$K"}}}],
    [{"$group": {"_id": {"k": "$K"}, "least": {"$min": "$V"}, "most": {"$max": "$V"}}}],
    [{"$group": {"_id": "$K", "f": {"$first": "$V"}, "l": {"$last": "$V"}, "all": {"$push": "$V"}}}],
    [{"$group": {"_id": "$K", "all": {"$addToSet": {"v": "$V", "k": "$K"}}}}],
    [{"$group": {"_id": {"$type": "$V"}, "n": {"$sum": 1}}}, {"$sort": {"_id": 1}}],
    [{"$unwind": "$K"}, {"$group": {"_id": "$K", "n": {"$sum": 1}}}],
    [{"$unwind": {"path": "$V", "includeArrayIndex": "i"}}, {"$group": {"_id": "$i", "n": {"$push": "$V"}}}],
    [{"$unwind": "$K"}, {"$group": {"_id": "$K", "n": {"$push": "$V"}, "f": {"$first": {"$add": ["$W", 1]}}}}],
    [{"$unwind": {"path": "$K", "preserveNullAndEmptyArrays": True}}, {"$group": {"_id": "$V", "k": {"$push": "$K"}}}],
    [{"$unwind": "$K"}, {"$unwind": "$V"}, {"$group": {"_id": {"k": "$K", "v": "$V"}, "n": {"$sum": 1}}}],
    [{"$unwind": "$K"}, {"$match": {"K": {"$type": "number"}}}, {"$sortByCount": "$K"}],
    [{"$bucket": {"groupBy": "$V", "boundaries": [0, 2, 10], "default": "no", "output": {"k": {"$push": "$K"}}}}],
    [{"$unwind": "$K"}, {"$count": "n"}],
    [{"$addFields": {"BELOW": "$V"}}, {"$group": {"_id": "$BELOW", "n": {"$push": "$W"}}}],
    [{"$project": {"BELOW": 1, "W": 1}}, {"$group": {"_id": "$BELOW", "n": {"$push": "$K"}}}],
    [{"$unset": "BELOW"}, {"$group": {"_id": "$BELOW", "n": {"$push": "$K"}}}],
    [
        {"$replaceRoot": {"newRoot": {"$ifNull": ["$NO", {"a": "$K", "b": "$V"}]}}},
        {"$group": {"_id": "$a", "n": {"$push": "$b"}}},
    ],
    [{"$unwind": "$K"}, {"$match": {"$or": [{"K": {"$gt": 1}}, {"V": {"$ne": None}}]}}, {"$sortByCount": "$K"}],
    [{"$unwind": "$K"}, {"$match": {"$expr": {"$gt": ["$K", "$V"]}}}, {"$sortByCount": "$V"}],
    [{"$unwind": "$K"}, {"$match": {"K": None}}, {"$group": {"_id": "$K", "v": {"$push": "$V"}}}],
    [{"$project": {"V": 1, "x": "$K"}}, {"$group": {"_id": {"$ifNull": ["$a", "$x"]}, "n": {"$push": "$V"}}}],
    [{"$facet": {"k": [{"$sortByCount": "$K"}], "v": [{"$group": {"_id": "$V", "n": {"$push": "$K"}}}]}}],
    [{"$addFields": {"x": {"$ifNull": ["$V", "none"]}}}, {"$group": {"_id": "$x", "n": {"$sum": "$V"}}}],
    [{"$sort": {"V": 1, "_id": 1}}, {"$group": {"_id": "$K", "n": {"$push": "$V"}}}],
    [{"$sortByCount": "$K"}, {"$sort": {"count": 1, "_id": 1}}],
    [{"$bucketAuto": {"groupBy": "$V", "buckets": 2}}],
    [{"$project": {"V": 1, "K": 1}}, {"$group": {"_id": "$K", "d": {"$push": "$$ROOT"}}}],
]


def with_paths(value: Any, paths: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {with_paths(name, paths): with_paths(inner, paths) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_paths(item, paths) for item in value]
    if isinstance(value, str):
        bare = value.removeprefix("$")
        return "$" * value.startswith("$") + paths.get(bare, bare)
    return value


def pipelines(random: Random, cases: Cases) -> list[list[Document]]:
    plain = [path for path in cases.paths if all(part and part[0] != "$" for part in path.split("."))] or ["a"]
    paths = {letter: random.choice(plain) for letter in "KVW"}
    paths["BELOW"] = f"{paths['K']}.b"
    leading = [[], [], [{"$match": cases.filter()}], [{"$match": {"_id": {"$gt": 2}}}], [{"$sort": {paths["K"]: -1}}]]
    return [[*random.choice(leading), *with_paths(random.choice(GROUPS), paths)] for _ in range(4)]


@pytest.fixture(scope="module")
def client() -> Iterator[MongoClient[Any]]:
    with MongoClient[Any](":memory:") as client:
        yield client


def outcome(collection: Any, pipeline: list[Document]) -> object:
    try:
        return [encode_document(document) for document in collection.aggregate(pipeline)]
    except OperationFailure as error:
        return error.code


@given(seed=st.integers(0, 2**32), size=st.sampled_from((1, 2, 5, 2048)))
@settings(max_examples=150, deadline=None)
def test_groups_are_those_of_whole_documents(client: MongoClient[Any], seed: int, size: int) -> None:
    random = Random(seed)
    cases = Cases(random)
    collection = client["a"].get_collection("b", codec_options=OPTIONS)
    collection.drop()
    collection.insert_many([{"_id": i, **each} for i, each in enumerate(cases.documents(9)) if "_id" not in each])
    for path in cases.paths if random.random() < 0.5 else ():
        with suppress(OperationFailure):  # not every path can have an index
            collection.create_index([(path, random.choice((1, -1)))])
    for pipeline in pipelines(random, cases):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(fields, "MAX_RECORDS", size)
            monkeypatch.setattr(partial_fetch, "_RECORDS_AT_ONCE", size)
            quick = outcome(collection, pipeline)
            monkeypatch.setattr(SqliteReader, "can_read_fields", lambda _self, _names: False)
            assert quick == outcome(collection, pipeline), pipeline


@given(seed=st.integers(0, 2**32), size=st.sampled_from((1, 2, 5, 2048)), limit=st.integers(1, 10))
@settings(max_examples=150, deadline=None)
def test_the_first_documents_are_those_of_whole_documents(
    client: MongoClient[Any], seed: int, size: int, limit: int
) -> None:
    random = Random(seed)
    cases = Cases(random)
    collection = client["a"].get_collection("top", codec_options=OPTIONS)
    collection.drop()
    collection.insert_many([{"_id": i, **each} for i, each in enumerate(cases.documents(9)) if "_id" not in each])
    paths = [path for path in cases.paths if all(part and part[0] != "$" for part in path.split("."))] or ["a"]
    some = dict.fromkeys(random.choice(paths) for _ in range(3))
    sort = [(path, random.choice((1, -1))) for path in some]
    filter_ = random.choice(({}, cases.filter()))

    def found() -> object:
        try:
            cursor = collection.find(filter_).sort(sort).skip(limit % 3).limit(limit).batch_size(2)
            return [encode_document(document) for document in cursor]
        except OperationFailure as error:
            return error.code

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(fields, "MAX_RECORDS", size)
        monkeypatch.setattr(sort_bounds, "FEWEST", 0)
        monkeypatch.setattr(top, "MOST_CANDIDATES", random.choice((2, 100)))
        by_bound = found()
        monkeypatch.setattr(SqliteReader, "sort_bound", lambda *_args, **_options: None)
        by_keys = found()
        monkeypatch.setattr(SqliteReader, "can_read_fields", lambda _self, _names: False)
        assert by_bound == by_keys == found(), (filter_, sort)


def test_of_a_sort_with_a_limit_few_documents_are_read(
    client: MongoClient[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = client["a"]["few"]
    collection.insert_many([{"_id": i, "v": i / 7, "s": f"{i:05}", "at": DatetimeMS(i)} for i in range(1000)])
    collection.insert_many([{"_id": -1, "v": None, "s": ["99999"]}, {"_id": -2, "v": [0.1, 999]}])
    kept: list[int] = []
    first_of = top.sorted_matches

    def noted(found: list[Match], *args: Any) -> Iterator[Match]:
        kept.append(len(found))
        return first_of(found, *args)

    monkeypatch.setattr(top, "sorted_matches", noted)
    for sort, ids in (({"v": -1}, [-2, 999, 998]), ({"s": -1}, [-1, 999, 998]), ({"at": -1}, [999, 998, 997])):
        assert [each["_id"] for each in collection.find(sort=list(sort.items()), limit=3)] == ids
    assert [each["_id"] for each in collection.find(sort={"v": 1}, limit=4)] == [-1, 0, -2, 1]
    assert kept == [4, 4, 3, 7], "the doubtful ones are read, too"


@given(seed=st.integers(0, 2**32), size=st.sampled_from((1, 2, 5, 2048)))
@settings(max_examples=150, deadline=None)
def test_distinct_values_are_those_of_whole_documents(client: MongoClient[Any], seed: int, size: int) -> None:
    cases = Cases(Random(seed))
    collection = client["a"].get_collection("distinct", codec_options=OPTIONS)
    collection.drop()
    documents = [each for each in cases.documents(9) if "_id" not in each]
    collection.insert_many([{"_id": number, **each} for number, each in enumerate(documents)])
    for path in (path for path in cases.paths if path):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(fields, "MAX_RECORDS", size)
            quick = collection.distinct(path)
            monkeypatch.setattr(SqliteReader, "can_read_fields", lambda _self, _names: False)
            assert repr(quick) == repr(collection.distinct(path)) == repr(different(documents, path)), path


def different(documents: list[Document], path: str) -> list[Any]:
    """Return the first of equal values, in order, found one by one."""
    found: dict[bytes, Any] = {}
    for document in documents:
        for value in _values_at(decode_document(encode_document(document)), path.split(".")):
            found.setdefault(key_string.encode(value), value)
    return [found[key] for key in sorted(found)]


def test_groups_read_fields(client: MongoClient[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    collection = client["a"]["c"]
    collection.insert_many([{"_id": i, "k": i % 3, "v": i / 7, "at": ObjectId()} for i in range(6000)])
    reads: list[object] = []
    read_fields = SqliteReader.read_fields

    def noted(self: SqliteReader, *args: Any, **kwargs: Any) -> object:
        reads.append(args[1])
        return read_fields(self, *args, **kwargs)

    monkeypatch.setattr(SqliteReader, "read_fields", noted)
    found = list(collection.aggregate([{"$match": {"_id": {"$mod": [1, 0]}}}, {"$group": {"_id": "$k"}}]))
    assert len(found) == 3
    assert reads == [["k"]] * 3, "a filter that SQL cannot decide is given up on"
    reads.clear()
    means = list(collection.aggregate([{"$group": {"_id": "$k", "mean": {"$avg": "$v"}}}]))
    assert len(means) == 3
    assert reads == [["k", "v"]] * 4


@pytest.mark.parametrize(
    "filter_", [{"k": {"$gt": 1}}, {"_id": {"$gt": 1000}}, {"$or": [{"k": 1}, {"_id": 7}]}], ids=str
)
def test_groups_behind_an_index_read_fields(
    client: MongoClient[Any], monkeypatch: pytest.MonkeyPatch, filter_: Document
) -> None:
    collection = client["a"]["indexed"]
    collection.drop()
    collection.insert_many([{"_id": i, "k": i % 4, "v": i / 7, "w": [str(i)]} for i in range(5000)])
    collection.create_index("k")
    pipeline = [{"$match": filter_}, {"$group": {"_id": "$v", "w": {"$first": "$w"}}}]
    plan = collection.database.command("aggregate", "indexed", pipeline=pipeline, explain=True)
    assert "IXSCAN" in repr(plan)
    with monkeypatch.context() as patched:
        patched.setattr(SqliteReader, "can_read_fields", lambda _self, _names: False)
        whole = list(collection.aggregate(pipeline))
    for method in ("get", "scan_index", "scan_ids"):
        monkeypatch.setattr(SqliteReader, method, lambda *_, **__: pytest.fail("a whole document was read"))
    assert list(collection.aggregate(pipeline)) == whole


def test_a_cursor_goes_on_between_commands(client: MongoClient[Any]) -> None:
    collection = client["a"]["d"]
    collection.insert_many([{"_id": i, "k": i} for i in range(1500)])
    found = list(collection.aggregate([{"$group": {"_id": "$k"}}], batchSize=10))
    assert [each["_id"] for each in found] == list(range(1500))
