"""What an index finds, what a narrowed scan finds, and what the matcher says of every document are the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from pymongo.errors import OperationFailure

from satchel import MongoClient
from satchel.engine.planner import planner
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.sort import parse_sort
from satchel.values.bson_types import Document, decode_document, encode_document
from satchel.values.collation import parse_collation

from . import strategies

_NO_SORT_KEY = {ErrorCode.BadValue, 16746}  # parallel arrays, ambiguous names
# IndexOptionsConflict, IndexKeySpecsConflict, CannotIndexParallelArrays, ambiguous names, hashed arrays and what
# cannot be said of an index on _id.
_NO_INDEX = {85, 86, 171, 16746, 16766, 31303, 197, 2}
_names = count()
_EXAMPLES = int(os.environ.get("SATCHEL_EXAMPLES", "40"))
_SEEDS = 3 * _EXAMPLES
_SETTINGS = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def database() -> Iterator[object]:
    """A database in which the storage narrows index scans of more than two records; collections here are small."""
    with MongoClient(":memory:") as client, pytest.MonkeyPatch.context() as patch:
        patch.setattr(planner, "_FEW_RECORDS", 2)
        yield client.properties


class Indexed:
    """A collection with indexes, and its documents as the matcher sees them."""

    def __init__(
        self,
        database: object,
        documents: list[Document],
        before: list[dict],
        after: list[dict],
        collation: dict | None = None,
    ) -> None:
        self.database = database
        self.options = {"collation": collation} if collation else {}
        self.context = Context(collation=parse_collation(collation) if collation else None)
        self.name = f"c{next(_names)}"
        self.documents = [decode_document(encode_document(document)) for document in documents]
        self.hints: list[str] = []
        database.create_collection(self.name)
        for spec in before:
            self._create(spec)
        self.stored = self._insert(documents)
        for spec in after:
            self._create(spec)

    def _create(self, spec: dict) -> None:
        name = f"i{len(self.hints)}"
        try:
            self.database.command("createIndexes", self.name, indexes=[{**spec, "name": name}])
        except OperationFailure as error:
            if error.code not in _NO_INDEX:
                raise
        else:
            self.hints.append(name)

    def _insert(self, documents: list[Document]) -> list[Document]:
        """Insert the documents one by one; return those that no index refused (parallel arrays, hashed arrays)."""
        stored = []
        for document, decoded in zip(documents, self.documents, strict=True):
            try:
                self.database[self.name].insert_one(dict(document))
            except OperationFailure:
                continue
            stored.append(decoded)
        return stored

    def expected(self, filter_: dict) -> list[object]:
        """Return the `_id` of the documents that match, by the matcher alone."""
        matches = parse_filter(decode_document(encode_document(filter_)), self.context).matches
        return [document["_id"] for document in self.stored if matches(document)]

    def found(self, filter_: dict, **options: object) -> list[object]:
        """Return the `_id` of the documents that find returns, in its order."""
        reply = self.database.command(
            "find", self.name, filter=filter_, projection={"_id": 1}, **options, **self.options
        )
        return [document["_id"] for document in reply["cursor"]["firstBatch"]]

    def drop(self) -> None:
        """Remove the collection."""
        self.database.drop_collection(self.name)


_index_lists = st.lists(strategies.index_specs(), max_size=2)
_collections = st.tuples(strategies.documents(), _index_lists, _index_lists)


@given(collection=_collections, filters=st.lists(strategies.filters, min_size=1, max_size=6))
@_SETTINGS
def test_find_returns_what_matches(database: object, collection: tuple, filters: list[dict]) -> None:
    indexed = Indexed(database, *collection)
    for filter_ in filters:
        expected = indexed.expected(filter_)
        assert sorted(indexed.found(filter_)) == expected, filter_
        assert sorted(indexed.found(filter_, hint={"$natural": 1})) == expected, filter_
    indexed.drop()


@given(
    documents=strategies.documents(),
    spec=strategies.index_specs(),
    filters=st.lists(strategies.filters, min_size=1, max_size=6),
)
@_SETTINGS
def test_hinted_index_finds_what_matches(
    database: object, documents: list[Document], spec: dict, filters: list[dict]
) -> None:
    # A sparse or partial index, hinted, may leave documents out (so it does in MongoDB); a wildcard index is refused
    # where it cannot answer.
    plain = {name: value for name, value in spec.items() if name not in ("sparse", "partialFilterExpression")}
    indexed = Indexed(database, documents, [plain], [])
    for filter_ in filters if indexed.hints else ():
        try:
            found = indexed.found(filter_, hint=spec["key"])
        except OperationFailure as error:
            assert any(name.endswith("$**") for name in spec["key"]), error  # noqa: PT017
            continue
        assert sorted(found) == indexed.expected(filter_), filter_
    indexed.drop()


@given(collection=_collections, filters=st.lists(strategies.filters, min_size=1, max_size=4))
@_SETTINGS
def test_count_distinct_and_aggregate_agree(database: object, collection: tuple, filters: list[dict]) -> None:
    indexed = Indexed(database, *collection)
    for filter_ in filters:
        expected = indexed.expected(filter_)
        assert database.command("count", indexed.name, query=filter_)["n"] == len(expected), filter_
        distinct = database.command("distinct", indexed.name, key="_id", query=filter_)["values"]
        assert sorted(distinct) == expected, filter_
        pipeline = [{"$match": filter_}, {"$group": {"_id": None, "ids": {"$push": "$_id"}}}]
        grouped = list(database[indexed.name].aggregate(pipeline))
        assert sorted(grouped[0]["ids"] if grouped else []) == expected, filter_
    indexed.drop()


@pytest.mark.parametrize("seed", range(_SEEDS))
def test_indexes_on_few_paths_and_values(database: object, seed: int) -> None:
    case = strategies.Focused(seed)
    indexed = Indexed(database, case.documents, case.specs, [], case.collation)
    for filter_ in case.filters:
        expected = indexed.expected(filter_)
        assert sorted(indexed.found(filter_)) == expected, filter_
        assert sorted(indexed.found(filter_, hint={"$natural": 1})) == expected, filter_
        assert database.command("count", indexed.name, query=filter_, **indexed.options)["n"] == len(expected), filter_
        for sort in case.sorts:
            _check_sort(indexed, filter_, sort)
    indexed.drop()


@given(
    collection=_collections,
    filter_=strategies.filters | st.just({}),
    sort=strategies.sorts,
    skip=st.integers(0, 3),
    limit=st.integers(0, 5),
)
@_SETTINGS
def test_sort_from_an_index_is_the_sort(
    database: object, collection: tuple, filter_: dict, sort: dict, skip: int, limit: int
) -> None:
    indexed = Indexed(database, *collection)
    _check_sort(indexed, filter_, sort, skip, limit)
    indexed.drop()


def _check_sort(indexed: Indexed, filter_: dict, sort: dict, skip: int = 1, limit: int = 3) -> None:
    by_id = {document["_id"]: document for document in indexed.stored}
    key = parse_sort(sort, indexed.context).key
    expected = indexed.expected(filter_)
    try:
        in_order = sorted(key(by_id[found]) for found in expected)
    except ServerError as error:
        if error.code not in _NO_SORT_KEY:
            raise
        return
    found = indexed.found(filter_, sort=sort)
    assert sorted(found) == expected
    assert [key(by_id[identifier]) for identifier in found] == in_order
    cut = indexed.found(filter_, sort=sort, skip=skip, limit=limit)
    assert [key(by_id[identifier]) for identifier in cut] == in_order[skip:][: limit or None]


@given(collection=_collections, filter_=strategies.filters)
@_SETTINGS
def test_writes_hit_what_matches_and_keep_indexes_right(database: object, collection: tuple, filter_: dict) -> None:
    indexed = Indexed(database, *collection)
    expected = indexed.expected(filter_)
    table = database[indexed.name]
    assert table.update_many(filter_, {"$set": {"hit": True}}).matched_count == len(expected), filter_
    assert sorted(d["_id"] for d in table.find({"hit": True}, {"_id": 1})) == expected
    assert database.command("validate", indexed.name, full=True)["valid"]
    assert table.delete_many(filter_).deleted_count == len(expected), filter_
    left = [document["_id"] for document in indexed.stored if document["_id"] not in expected]
    assert sorted(d["_id"] for d in table.find({}, {"_id": 1})) == left
    assert database.command("validate", indexed.name, full=True)["valid"]
    indexed.drop()


@given(
    documents=strategies.documents(max_size=6),
    changes=st.lists(strategies.documents(max_size=6), max_size=3),
    specs=st.lists(strategies.index_specs(), min_size=1, max_size=3),
)
@_SETTINGS
def test_indexes_follow_replacements(
    database: object, documents: list[Document], changes: list[list[Document]], specs: list[dict]
) -> None:
    indexed = Indexed(database, documents, specs, [])
    table = database[indexed.name]
    for change in changes:
        for document in change:
            try:
                table.replace_one({"_id": document["_id"]}, document, upsert=True)
            except OperationFailure as error:
                note(f"refused {document}: {error}")
    reply = database.command("validate", indexed.name, full=True)
    assert reply["valid"], reply
    indexed.drop()
