"""KeyString: the order of its bytes is the order of values, and keys stand side by side."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pytest
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.testing.strategies import numbers, strings, values
from satchel.values.bson_types import MISSING, UNDEFINED
from satchel.values.collation import Collation
from satchel.values.compare import compare, type_order
from satchel.values.key_string import (
    NAN_KEY,
    bracket_bounds,
    encode,
    encode_compound,
    invert,
    string_prefix,
    successor,
)
from tests.conformance.extended_json import untag

from .recording import lines

EDGES = [untag(value) for _, value in lines("order")]
COLLATED = Collation("en", strength=2)


def order(left: bytes, right: bytes) -> int:
    return (left > right) - (left < right)


def assert_agree(left: object, right: object, collation: Collation | None = None) -> None:
    key, other_key = encode(left, collation), encode(right, collation)
    assert order(key, other_key) == compare(left, right, collation), (left, right)
    if key != other_key:
        assert not key.startswith(other_key), (left, right)
        assert not other_key.startswith(key), (left, right)


def test_edges_sort_as_compared() -> None:
    for left, right in itertools.product(EDGES, EDGES):
        assert_agree(left, right)


@settings(deadline=None, max_examples=500)
@given(values, values)
def test_keys_sort_as_values(left: object, right: object) -> None:
    assert_agree(left, right)


@settings(deadline=None, max_examples=1000)
@given(numbers, numbers)
def test_keys_of_numbers_sort_as_numbers(left: object, right: object) -> None:
    assert_agree(left, right)


@settings(deadline=None, max_examples=300)
@given(st.floats(allow_nan=False), st.integers(-2, 2))
def test_keys_of_neighbours(number: float, last_digits: int) -> None:
    # A double, the decimals around it, and the integers around those.
    near = Decimal128(f"{number:.33E}") if math.isfinite(number) else Decimal128("Infinity")
    assert_agree(number, near)
    assert_agree(math.nextafter(number, 0.0), near)
    assert_agree(math.nextafter(number, math.inf), near)
    if abs(number) < 2**62:
        assert_agree(number, Int64(int(number) + last_digits))
        assert_agree(near, Int64(int(number) + last_digits))


@settings(deadline=None, max_examples=300)
@given(strings, strings)
def test_keys_under_a_collation(left: str, right: str) -> None:
    assert_agree(left, right, COLLATED)
    assert_agree([left, 1], [right, 1], COLLATED)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(values, values, st.booleans()), min_size=1, max_size=3))
def test_compound_keys(components: Sequence[tuple[object, object, bool]]) -> None:
    descending = [is_descending for _, _, is_descending in components]
    key = encode_compound([left for left, _, _ in components], descending)
    other_key = encode_compound([right for _, right, _ in components], descending)
    expected = 0
    for left, right, is_descending in components:
        expected = expected or compare(left, right) * (-1 if is_descending else 1)
    assert order(key, other_key) == expected
    if key != other_key:
        assert not key.startswith(other_key)
        assert not other_key.startswith(key)


@settings(deadline=None, max_examples=300)
@given(values, values)
def test_bracket_bounds(value: object, other: object) -> None:
    low, high = bracket_bounds(value)
    assert low <= encode(value) < high
    assert (low <= encode(other) < high) == (type_order(value) == type_order(other))


@settings(deadline=None, max_examples=300)
@given(strings, strings)
def test_string_prefix(prefix: str, text: str) -> None:
    low = string_prefix(prefix)
    assert (low <= encode(text) < successor(low)) == text.startswith(prefix)
    assert low <= encode(prefix + text) < successor(low)


def test_successor() -> None:
    assert successor(b"a") == b"b"
    assert successor(b"a\xff\xff") == b"b"
    assert successor(b"\x00") == b"\x01"
    for prefix in (b"", b"\xff\xff"):
        with pytest.raises(ValueError, match="no successor"):
            successor(prefix)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        # The bytes of docs/format-keys.md: a change here is a change of the file format.
        (MinKey(), "08"),
        (MISSING, "10"),
        (UNDEFINED, "10"),
        (None, "14"),
        (math.nan, "20"),
        (-math.inf, "21"),
        (Int64(-(2**63)), "22 783fffff ffffffff"),
        (-1, "2a fd"),
        (-0.5, "2b 803fffff ffffffff"),
        (0, "2c"),
        (-0.0, "2c"),
        (Decimal128("0E-10"), "2c"),
        (5e-324, "2d 00000000 00000002"),
        (0.5, "2d 7fc00000 00000000"),
        (Decimal128("0.1"), "2d 7f733333 33333333 1fff 0b 00"),
        (1, "2e 02"),
        (Int64(1), "2e 02"),
        (1.0, "2e 02"),
        (Decimal128("1.000"), "2e 02"),
        (127, "2e fe"),
        (128, "2f 0100"),
        (1.5, "2e 03 80000000 000000"),
        (Decimal128("19.99"), "2e 27 fd70a3d7 0a3d71 2001 14 64 00"),
        (Int64(2**63 - 1), "35 ffffffff fffffffe"),
        (2.0**63, "36 87c00000 00000000"),
        (Decimal128("1E+400"), "36 ffdfffff ffffffff 2190 0b 00"),
        (math.inf, "37"),
        ("", "40 00"),
        ("a\0\x01é", "40 61 0101 0102 c3a9 00"),
        ({}, "48 00"),
        ({"a": 1, "b": None}, "48 20 61 00 2e 02 14 62 00 14 00"),
        ([], "50 00"),
        ([1, "a"], "50 2e 02 40 61 00 00"),
        (b"ab", "58 02 00 6162"),
        (Binary(b"ab", 2), "58 06 02 02000000 6162"),
        (bytes(255), "58 ff 000000ff 00" + "00" * 255),
        (ObjectId("0123456789abcdef01234567"), "60 0123456789abcdef01234567"),
        (False, "68"),
        (True, "69"),
        (DatetimeMS(0), "70 80000000 00000000"),
        (DatetimeMS(-1), "70 7fffffff ffffffff"),
        (Timestamp(1, 2), "78 00000001 00000002"),
        (Regex("a", "mi"), "80 61 00 696d 00"),
        (Code("f"), "88 66 00"),
        (Code("f", {"a": 1}), "90 66 00 48 20 61 00 2e 02 00"),
        (MaxKey(), "f0"),
    ],
)
def test_bytes(value: object, key: str) -> None:
    assert encode(value).hex() == key.replace(" ", "")


def test_descending_components_are_inverted() -> None:
    assert encode_compound([1, "a"], [True, False]) == bytes.fromhex("d1fd406100")
    assert invert(invert(NAN_KEY)) == NAN_KEY
