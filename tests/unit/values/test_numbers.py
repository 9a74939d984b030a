"""Arithmetic on BSON numbers: against recorded results, and conversions."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

import pytest
from bson import Decimal128, Int64
from hypothesis import given, settings

from satchel.testing.strategies import decimals
from satchel.values import numbers
from satchel.values.numbers import Overflow
from tests.conformance.extended_json import dumps, tag, untag

from .recording import lines

MAX = Int64(2**63 - 1)
MIN = Int64(-(2**63))

OPERATIONS: dict[str, Callable[..., object]] = {
    # MongoDB's $add begins with the int32 0, as one sees at -0.0 + -0.0.
    "$add": lambda left, right: numbers.add(numbers.add(0, left), right),
    "$subtract": numbers.subtract,
    "$multiply": numbers.multiply,
    "$divide": numbers.divide,
    "$mod": numbers.modulo,
}


def test_results_and_types_are_the_recorded_ones() -> None:
    tagged_operands, *rows = lines("arithmetic")
    for name, left, results in rows:
        for right, result in zip(tagged_operands, results, strict=True):
            operands = untag(left), untag(right)
            if result is None:
                with pytest.raises(ZeroDivisionError):
                    OPERATIONS[name](*operands)
            else:
                assert tag(OPERATIONS[name](*operands)) == result, (name, *operands)


@pytest.mark.parametrize(
    ("operation", "left", "right"),
    [
        (numbers.add, MAX, 1),
        (numbers.add, MIN, Int64(-1)),
        (numbers.subtract, MIN, 1),
        (numbers.multiply, MAX, 2),
        (numbers.multiply, MIN, -1),
    ],
)
def test_integers_beyond_64_bits(operation: Callable[..., object], left: Int64, right: int) -> None:
    assert isinstance(operation(left, right), float)
    with pytest.raises(OverflowError):
        operation(left, right, Overflow.ERROR)


def test_an_int32_that_grows_becomes_an_int64() -> None:
    total = numbers.add(2**31 - 1, 1, Overflow.ERROR)
    assert dumps(total) == dumps(Int64(2**31))
    assert dumps(numbers.multiply(-(2**31), -1)) == dumps(Int64(2**31))


def test_bitwise_types() -> None:
    assert dumps(numbers.bit_and(5, 3)) == dumps(1)
    assert dumps(numbers.bit_or(Int64(5), 3)) == dumps(Int64(7))
    assert dumps(numbers.bit_xor(-1, Int64(2**40))) == dumps(Int64(-(2**40) - 1))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        (Int64(5), 5),
        (5.0, 5),
        (-0.0, 0),
        (5.5, None),
        (math.nan, None),
        (math.inf, None),
        (2.0**63, None),
        (-(2.0**63), -(2**63)),
        (Decimal128("5.00"), 5),
        (Decimal128("5E+3"), 5000),
        (Decimal128("-12E-1"), None),
        (Decimal128("1E-6176"), None),
        (Decimal128("0E-6176"), 0),
        (Decimal128("1E+6000"), None),
        (Decimal128("9223372036854775807"), 2**63 - 1),
        (Decimal128("9223372036854775808"), None),
        (Decimal128("NaN"), None),
        (True, None),
        ("5", None),
        (None, None),
    ],
)
def test_exact_int64(value: object, expected: int | None) -> None:
    number = numbers.exact_int64(value)
    assert number == expected
    assert number is None or type(number) is int


def test_exact_int32() -> None:
    assert numbers.exact_int32(2.0**31) is None
    assert numbers.exact_int32(Int64(7)) == 7


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.9, 1),
        (-1.9, -1),
        (1e300, 2**63 - 1),
        (-math.inf, -(2**63)),
        (math.nan, 0),
        (Decimal128("-2.5"), -2),
        (Decimal128("1E+6144"), 2**63 - 1),
        (Decimal128("NaN"), 0),
        (Int64(3), 3),
    ],
)
def test_truncated_int64(value: numbers.Number, expected: int) -> None:
    assert numbers.truncated_int64(value) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.100000000000000"),
        (3.0, "3.00000000000000"),
        (1e300, "1.00000000000000E+300"),
        (9.999999999999999, "10.0000000000000"),
        (-0.0, "-0"),
        (math.inf, "Infinity"),
    ],
)
def test_a_double_becomes_a_decimal_of_15_digits(value: float, text: str) -> None:
    assert str(numbers.double_to_decimal(value)) == text


@settings(deadline=None, max_examples=300)
@given(decimals)
def test_decimal_conversions_agree_with_bson(value: Decimal128) -> None:
    number = value.to_decimal()
    assert repr(numbers.to_decimal(value)) == repr(number)
    if number.is_finite():
        assert numbers.from_decimal(number).bid == Decimal128(number).bid


def test_from_decimal_rounds_and_overflows() -> None:
    assert str(numbers.from_decimal(Decimal("1." + "3" * 40))) == "1." + "3" * 33
    assert str(numbers.from_decimal(Decimal("1E+7000"))) == "Infinity"
    assert str(numbers.from_decimal(Decimal("1E-7000"))) == "0E-6176"
    assert str(numbers.from_decimal(Decimal("0E-7000"))) == "0E-6176"
    assert str(numbers.from_decimal(Decimal("-NaN"))) == "NaN"


def test_narrow() -> None:
    assert dumps(numbers.narrow(7)) == dumps(7)
    assert dumps(numbers.narrow(2**31)) == dumps(Int64(2**31))
    assert dumps(numbers.to_long(7)) == dumps(Int64(7))
    with pytest.raises(OverflowError):
        numbers.narrow(2**63)
