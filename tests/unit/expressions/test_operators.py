"""Properties of operators that recorded results do not show."""

from __future__ import annotations

import itertools

import pytest
from bson import Decimal128, Int64
from hypothesis import given
from hypothesis import strategies as st

from satchel.mql.context import Context
from satchel.mql.expressions import parse_expression
from satchel.mql.expressions.miscellaneous import hashed_key
from satchel.values.bson_types import INT32_MAX, INT32_MIN, MISSING, BsonValue
from satchel.values.collation import parse_collation
from satchel.values.compare import compare

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(INT32_MIN, INT32_MAX),
    st.integers(-(2**63), 2**63 - 1).map(Int64),
    st.floats(),
    st.sampled_from(["", "a", "A", "b", "é"]),
    st.sampled_from([Decimal128(text) for text in ("0", "1.0", "-2.5", "NaN", "1E+400")]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=2)
)
ARRAYS = st.lists(VALUES, max_size=6)


def evaluate(spec: BsonValue, document: dict[str, BsonValue] | None = None, **options: BsonValue) -> BsonValue:
    context = Context(**options)  # type: ignore[arg-type]
    return parse_expression(spec, context).evaluate(document or {}, {})


@given(ARRAYS, ARRAYS)
def test_a_union_is_sorted_and_has_no_equal_elements(a: list[BsonValue], b: list[BsonValue]) -> None:
    union = evaluate({"$setUnion": ["$a", "$b"]}, {"a": a, "b": b})
    assert isinstance(union, list)
    assert all(compare(left, right) < 0 for left, right in itertools.pairwise(union))
    assert evaluate({"$setEquals": ["$u", {"$concatArrays": ["$a", "$b"]}]}, {"u": union, "a": a, "b": b})


@given(ARRAYS, ARRAYS)
def test_difference_and_intersection_split_a_set(a: list[BsonValue], b: list[BsonValue]) -> None:
    parts = {"$setUnion": [{"$setDifference": ["$a", "$b"]}, {"$setIntersection": ["$a", "$b"]}]}
    assert evaluate({"$setEquals": [parts, "$a"]}, {"a": a, "b": b})


@given(ARRAYS)
def test_sorting_an_array_gives_the_order_of_compare(array: list[BsonValue]) -> None:
    found = evaluate({"$sortArray": {"input": "$a", "sortBy": 1}}, {"a": array})
    assert isinstance(found, list)
    assert all(compare(left, right) <= 0 for left, right in itertools.pairwise(found))


@given(VALUES, ARRAYS)
def test_a_constant_array_is_searched_like_a_field(value: BsonValue, array: list[BsonValue]) -> None:
    document = {"v": value, "a": array}
    assert evaluate({"$in": ["$v", {"$literal": array}]}, document) == evaluate({"$in": ["$v", "$a"]}, document)


@given(VALUES, VALUES)
def test_a_constant_compares_like_a_field(left: BsonValue, right: BsonValue) -> None:
    for operator in ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$cmp"):
        by_constant = evaluate({operator: ["$a", {"$literal": right}]}, {"a": left})
        by_field = evaluate({operator: ["$a", "$b.c"]}, {"a": left, "b": {"c": right}})
        assert by_constant == by_field


@given(st.lists(st.integers(INT32_MIN, INT32_MAX), max_size=8))
def test_a_sum_of_int32_has_the_narrowest_type(numbers: list[int]) -> None:
    for spec in ({"$add": numbers}, {"$sum": numbers}):
        found = evaluate(spec)
        assert found == sum(numbers)
        assert found.__class__ is (int if INT32_MIN <= sum(numbers) <= INT32_MAX else Int64)


def test_collation_reaches_the_operators_that_compare() -> None:
    collation = parse_collation({"locale": "en", "strength": 2})
    for spec, expected in (
        ({"$eq": ["a", "A"]}, True),
        ({"$eq": ["$s", "A"]}, True),
        ({"$in": ["$s", ["A"]]}, True),
        ({"$indexOfArray": [["A"], "$s"]}, 0),
        ({"$setUnion": [["$s"], ["A"]]}, ["a"]),
        ({"$setIsSubset": [["$s"], ["A"]]}, True),
        ({"$max": ["B", "$s"]}, "B"),
    ):
        assert evaluate(spec, {"s": "a"}, collation=collation) == expected


def test_random_numbers_come_from_the_operation() -> None:
    context = Context()
    context.random.seed(7)
    first = parse_expression({"$rand": {}}, context).evaluate({}, {})
    context.random.seed(7)
    assert parse_expression({"$rand": {}}, context).evaluate({}, {}) == first


@pytest.mark.parametrize(
    ("value", "key"), [(1, 5902408780260971510), (None, 2338878944348059895), ("a", -6264267466297895682)]
)
def test_hashed_keys_are_mongodbs(value: BsonValue, key: int) -> None:
    found = hashed_key(value) if value != "a" else hashed_key(["a"])
    assert found == key


def test_a_missing_value_hashes_as_null() -> None:
    assert hashed_key(MISSING) == hashed_key(None)
