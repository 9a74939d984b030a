"""MongoDB's total order: against the recorded order of a real server, and its laws on generated values."""

from __future__ import annotations

import math

import pytest
from bson import Decimal128, Int64, MaxKey, MinKey
from hypothesis import given, settings

from satchel.testing.strategies import values
from satchel.values.bson_types import MISSING, UNDEFINED
from satchel.values.collation import Collation
from satchel.values.compare import compare, equal, type_order
from tests.conformance.extended_json import untag

from .recording import lines

RANKED = [(rank, untag(value)) for rank, value in lines("order")]


def sign(number: int) -> int:
    return (number > 0) - (number < 0)


def test_order_is_the_recorded_one() -> None:
    for rank, value in RANKED:
        for other_rank, other in RANKED:
            assert compare(value, other) == sign(rank - other_rank), (value, other)
            assert equal(value, other) == (rank == other_rank), (value, other)


@settings(deadline=None, max_examples=300)
@given(values, values, values)
def test_order_is_total(first: object, second: object, third: object) -> None:
    assert compare(first, first) == 0
    assert compare(first, second) == -compare(second, first)
    if compare(first, second) <= 0 and compare(second, third) <= 0:
        assert compare(first, third) <= 0
    assert equal(first, second) == (compare(first, second) == 0)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1.0),
        (1, Int64(1)),
        (Int64(1), Decimal128("1.00")),
        (0.0, -0.0),
        (0, Decimal128("-0E+3")),
        (math.nan, Decimal128("NaN")),
        (math.nan, Decimal128.from_bid(bytes(15) + b"\x7e")),
        (math.inf, Decimal128("Infinity")),
        (2.0**63, Decimal128("9223372036854775808")),
        ({"a": 1}, {"a": Int64(1)}),
        ([1, [2]], [1.0, [Decimal128("2")]]),
        (MISSING, UNDEFINED),
        (MinKey(), MinKey()),
    ],
)
def test_equal(left: object, right: object) -> None:
    assert equal(left, right)
    assert equal(right, left)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (MinKey(), MISSING),
        (MISSING, None),
        (None, math.nan),
        (math.nan, -math.inf),
        (0.1, Decimal128("0.1000000000000000055511151231257828")),
        (Decimal128("0.1"), 0.1),
        (Int64(2**53), Int64(2**53 + 1)),
        (2.0**53, Int64(2**53 + 1)),
        (True, MaxKey()),
        (1, True),
        ("\ud7ff", "\U00010000"),
        ("\uffff", "\U00010000"),
    ],
)
def test_less(low: object, high: object) -> None:
    assert compare(low, high) == -1
    assert compare(high, low) == 1
    assert not equal(low, high)


def test_collation_reaches_nested_strings() -> None:
    collation = Collation("en", strength=2)
    assert equal("A", "a", collation)
    assert equal([{"x": "A"}], [{"x": "a"}], collation)
    assert not equal({"X": 1}, {"x": 1}, collation)
    assert compare("a", "B", collation) == -1


def test_a_foreign_class_is_refused() -> None:
    with pytest.raises(TypeError, match="complex"):
        type_order(1j)
