"""A plan that is known from a filter of the same shape is the plan that the planner makes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bson import Int64, ObjectId, decode, encode
from bson.datetime_ms import DatetimeMS
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel import MongoClient
from satchel.engine.engine import Engine
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.find import FindRequest, find_documents, prepare_find
from satchel.engine.namespaces import Namespace
from satchel.engine.planner import shapes
from satchel.engine.planner.solution import IxScan
from satchel.mql.context import Context
from satchel.values.bson_types import decode_document

SCALARS = st.sampled_from(
    [0, 1, 2, -3, 300, 2**31 - 1, Int64(1), Int64(2**40), Int64(-(2**40)), "", "a", "b", "ä", "\0", True, False,
     DatetimeMS(0), DatetimeMS(10**12), DatetimeMS(-5), ObjectId(bytes(12)), ObjectId(b"\xff" * 12)]
)  # fmt: skip
OTHERS = st.sampled_from([None, 1.5, float("nan"), float("inf"), [1], [], {"x": 1}, {}])
VALUES = SCALARS | SCALARS | SCALARS | OTHERS
PATHS = st.sampled_from(["a", "b", "c", "d", "_id", "e.f", "e.0"])
OPERATORS = st.sampled_from(["$eq", "$gt", "$gte", "$lt", "$lte", "$ne", "$exists"])
CONDITIONS = VALUES | st.dictionaries(OPERATORS, VALUES, min_size=1, max_size=3)
FILTERS = st.dictionaries(PATHS, CONDITIONS, max_size=3)
SORTS = st.dictionaries(st.sampled_from(["a", "b", "c", "_id"]), st.sampled_from([1, -1]), max_size=2)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "a": VALUES,
        "b": SCALARS,
        "c": SCALARS,
        "d": VALUES | st.lists(VALUES, max_size=3),
        "e": st.fixed_dictionaries({}, optional={"f": VALUES}),
    },
)
INDEXES: list[list[dict[str, Any]]] = [
    [],
    [{"keys": [("a", 1), ("b", 1)]}],
    [{"keys": [("a", 1)]}, {"keys": [("a", 1), ("c", 1)]}],
    [{"keys": [("a", -1), ("b", 1)]}, {"keys": [("c", 1)], "sparse": True}, {"keys": [("d", 1)]}],
    [{"keys": [("b", 1)], "partialFilterExpression": {"b": {"$gt": 1}}}, {"keys": [("e.f", 1)]}],
    [{"keys": [("a", 1)], "collation": {"locale": "en", "strength": 2}}, {"keys": [("b", 1)], "hidden": True}],
    [{"keys": [("d", 1), ("a", 1)]}, {"keys": [("c", "hashed")]}],
    [{"keys": [("$**", 1)]}, {"keys": [("a", 1)]}],
]
NAMES = [f"c{number}" for number in range(2 * len(INDEXES))]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Collections with indexes, every other one with a collation."""
    with MongoClient[Any](":memory:") as client:
        for number, name in enumerate(NAMES):
            options = {"collation": {"locale": "en", "strength": 1}} if number % 2 else {}
            collection = client["shapes"].create_collection(name, **options)
            collection.insert_many(
                [{"a": i % 3, "b": "ab"[i % 2], "c": Int64(i), "d": [i, "b"], "e": {"f": i}} for i in range(40)]
            )
            for index in INDEXES[number // 2]:
                collection.create_index(**index)
        yield client._lease.service.engine  # type: ignore[union-attr]


def from_wire(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document in the engine's classes."""
    return decode_document(encode(document))


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(NAMES), FILTERS, FILTERS, SORTS)
def test_known_plans_are_the_planners(
    engine: Engine, name: str, first: dict[str, Any], second: dict[str, Any], sort: dict[str, Any]
) -> None:
    namespace = Namespace("shapes", name)
    slot = ReadSlot()
    with engine.read() as unit, slot.attached(unit):
        entry = unit.catalog.require(namespace)
        for filter_ in (from_wire(first), from_wire(same_shape(first, second)), from_wire(second)):
            asked = shapes.question(entry, filter_, sort)
            known = None if asked is None else shapes.known_plan(*asked)
            solution = prepare_find(FindRequest(filter_, sort=sort), Context(collation=entry.collation)).run.solve(
                entry, slot
            )
            if known is not None:
                assert same(known.access, solution.access)
                assert known.is_exact == (solution.residual is None)
                assert solution.sorted
            if asked is not None:
                shapes.remember(*asked, solution)


def same(access: object, other: object) -> bool:
    if not isinstance(access, IxScan) or not isinstance(other, IxScan):
        return access == other
    return (access.index, access.ranges, access.backward) == (other.index, other.ranges, other.backward)


def same_shape(filter_: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    """Return a filter of the same shape with values from elsewhere, as far as there are any of their classes."""
    values = [value for condition in source.values() for value in scalars_of(condition)]

    def other(value: Any) -> Any:
        return next((each for each in values if type(each) is type(value)), value)

    return {
        path: {op: other(value) for op, value in condition.items()} if isinstance(condition, dict) else other(condition)
        for path, condition in filter_.items()
    }


def scalars_of(condition: Any) -> list[Any]:
    return list(condition.values()) if isinstance(condition, dict) else [condition]


SIMPLE = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d", "e.f"]),
    SCALARS | st.dictionaries(st.sampled_from(["$eq", "$gt", "$gte", "$lt", "$lte"]), SCALARS, max_size=2),
    max_size=3,
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(DOCUMENTS, min_size=5, max_size=25), st.lists(SIMPLE, min_size=6, max_size=12), SORTS, st.integers(0, 4)
)
def test_known_plans_find_what_scans_find(
    documents: list[dict[str, Any]], filters: list[dict[str, Any]], sort: dict[str, Any], skip: int
) -> None:
    with MongoClient[Any](":memory:") as client:
        collection = client["shapes"]["c"]
        collection.insert_many([{"_id": number, **document} for number, document in enumerate(documents)])
        for keys in ("a", "b", "d"):
            collection.create_index([(keys, 1), ("c", 1)] if keys == "a" else keys)
        engine: Engine = client._lease.service.engine  # type: ignore[union-attr]
        namespace, slot = Namespace("shapes", "c"), ReadSlot()
        order = {**sort, "_id": 1}
        with engine.read() as unit, slot.attached(unit):
            entry = unit.catalog.require(namespace)
            for filter_ in filters * 2:
                for request in (
                    FindRequest(from_wire(filter_), sort=sort, skip=skip, limit=7),
                    FindRequest(from_wire(filter_), sort=order),
                ):
                    found = [decode(each)["_id"] for each in find_documents(request, Context(), entry, slot)]
                    hinted = FindRequest(
                        request.filter, sort=request.sort, skip=request.skip, limit=request.limit, hint={"$natural": 1}
                    )
                    scanned = [decode(each)["_id"] for each in find_documents(hinted, Context(), entry, slot)]
                    if request.sort is order:
                        assert found == scanned
                    else:
                        assert len(found) == len(scanned)


def test_ranges_are_known_from_one_to_the_other(engine: Engine) -> None:
    slot = ReadSlot()
    with engine.read() as unit, slot.attached(unit):
        entry = unit.catalog.require(Namespace("shapes", "c2"))
        for low, is_known in ((0, False), (1, True), (2, True)):
            filter_ = {"a": low, "b": {"$gte": "a", "$lt": "b"}}
            asked = shapes.question(entry, filter_, {"b": -1})
            assert asked is not None
            assert (shapes.known_plan(*asked) is not None) == is_known
            list(find_documents(FindRequest(filter_, sort={"b": -1}), Context(), entry, slot))
        empty = shapes.question(entry, {"a": 1, "b": {"$gte": "b", "$lt": "a"}}, {"b": -1})
        assert empty is not None
        assert shapes.known_plan(*empty) is None


def test_what_changes_the_catalog_changes_the_plans() -> None:
    with MongoClient[Any](":memory:") as client:
        collection = client["shapes"]["c"]
        collection.create_index([("a", 1), ("b", 1)])
        collection.insert_many([{"_id": i, "a": 1, "b": i} for i in range(5)])
        for _ in range(2):
            assert collection.find({"a": 1, "b": {"$gt": 1, "$lt": 4}}).sort("b", 1).to_list()[0]["_id"] == 2
        collection.insert_one({"_id": 9, "a": 1, "b": [0, 9]})  # matches by one element each
        found = collection.find({"a": 1, "b": {"$gt": 1, "$lt": 4}}).sort("b", 1).to_list()
        assert sorted(each["_id"] for each in found) == [2, 3, 9]
        collection.drop_index("a_1_b_1")
        found = collection.find({"a": 1, "b": {"$gt": 1, "$lt": 4}}).sort("b", 1).to_list()
        assert sorted(each["_id"] for each in found) == [2, 3, 9]
