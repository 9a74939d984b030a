"""The accumulators' computing: parts merge to the whole, and windows forget what leaves them."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from bson import Decimal128, Int64, ObjectId
from bson.datetime_ms import DatetimeMS
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.mql import accumulation
from satchel.mql.accumulation import Accumulator, hashable
from satchel.values.bson_types import MISSING
from satchel.values.collation import parse_collation
from satchel.values.compare import equal
from tests.conformance.case import provider_set

NUMBERS = st.one_of(
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**62), 2**62).map(Int64),
    st.floats(-1e9, 1e9).map(lambda number: round(number, 3)),
    st.integers(-999, 999).map(lambda number: Decimal128(f"{number}E-2")),
)
VALUES = st.one_of(NUMBERS, st.none(), st.just(MISSING), st.sampled_from(["a", "b", True, [1], {"x": 1}]))

MERGEABLE: dict[str, Callable[[], Accumulator]] = {
    "sum": accumulation.Sum,
    "average": accumulation.Average,
    "count": accumulation.Count,
    "min": lambda: accumulation.Extremum(greatest=False),
    "max": lambda: accumulation.Extremum(greatest=True),
    "first": accumulation.First,
    "last": accumulation.Last,
    "firstN": lambda: accumulation.FirstN(3),
    "lastN": lambda: accumulation.LastN(3),
    "push": accumulation.Push,
    "set": accumulation.AddToSet,
    "median": accumulation.Median,
    "percentiles": lambda: accumulation.Percentiles([0.1, 0.9]),
}
REMOVABLE: dict[str, tuple[Callable[[], Accumulator], Callable[[], Accumulator]]] = {
    "min": (lambda: accumulation.SlidingExtremum(greatest=False), lambda: accumulation.Extremum(greatest=False)),
    "max": (lambda: accumulation.SlidingExtremum(greatest=True), lambda: accumulation.Extremum(greatest=True)),
    "push": (accumulation.Push, accumulation.Push),
    "count": (accumulation.Count, accumulation.Count),
    "median": (accumulation.Median, accumulation.Median),
}


@pytest.mark.parametrize("name", MERGEABLE)
@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, max_size=8), st.lists(VALUES, max_size=8))
def test_merging_is_like_adding_all(name: str, first: list[object], second: list[object]) -> None:
    whole, left, right = (MERGEABLE[name]() for _ in range(3))
    whole.add_many([*first, *second])
    left.add_many(first)
    for value in second:
        right.add(value)
    left.merge(right)
    expected, found = whole.result(), left.result()
    if isinstance(expected, float):
        assert type(found) is float
        assert found == pytest.approx(expected)
    else:
        assert repr(found) == repr(expected)


ALIKE = st.sampled_from(
    (
        (0, 0.0, -0.0, 1, 1.0, Int64(1), 2**31 - 1, Int64(2**53), float(2**53), Int64(2**53 + 1), math.inf, -math.inf),
        (1.5, math.nan, 2, -1),
        tuple(map(DatetimeMS, (0, 0, -1, 2**62))),
        (*(ObjectId(bytes([first]) * 12) for first in (1, 1, 0, 255)),),
        (True, False),
        ("a", "B", "b", "", "\uffff", "\U00010000"),
        (1, "a", True, 0.5),
    )
).flatmap(lambda values: st.lists(st.sampled_from((*values, None, MISSING)), max_size=8))


@pytest.mark.parametrize("name", ["min", "max"])
@pytest.mark.parametrize("collation", [None, {"locale": "en", "strength": 1}])
@settings(max_examples=300, deadline=None)
@given(ALIKE)
def test_the_extremum_of_many_is_that_of_one_by_one(
    name: str, collation: dict[str, object] | None, values: list[object]
) -> None:
    whole, one_by_one = (
        accumulation.Extremum(collation and parse_collation(collation), greatest=name == "max") for _ in range(2)
    )
    whole.add_many(values)
    for value in values:
        one_by_one.add(value)
    assert repr(whole.result()) == repr(one_by_one.result())


@pytest.mark.parametrize("name", REMOVABLE)
@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, max_size=12), st.integers(1, 4))
def test_sliding_is_like_starting_anew(name: str, values: list[object], width: int) -> None:
    sliding, plain = REMOVABLE[name]
    state = sliding()
    for position, value in enumerate(values):
        state.add(value)
        if position >= width:
            state.remove(values[position - width])
        anew = plain()
        anew.add_many(values[max(0, position - width + 1) : position + 1])
        assert equal(state.result(), anew.result())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-(2**62), 2**62), max_size=10))
def test_integer_sums_are_exact(numbers: list[int]) -> None:
    total = accumulation.Sum()
    total.add_many([Int64(number) for number in numbers])
    result = total.result()
    if -(2**63) <= sum(numbers) < 2**63:
        assert result == sum(numbers)
        assert type(result) is (Int64 if numbers else int)
    else:
        assert result == float(sum(numbers))


def test_hashable_tells_apart_what_comparison_tells_apart() -> None:
    values = [document["v"] for document in provider_set("every value") if "v" in document]
    for left in values:
        for right in values:
            assert (hashable(left) == hashable(right)) == equal(left, right), (left, right)
            if equal(left, right):
                assert hash(hashable(left)) == hash(hashable(right))
