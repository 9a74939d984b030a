"""Conversions that have to agree with each other."""

from __future__ import annotations

import math
import struct

import pytest
from bson import Binary, Decimal128, Int64, Regex
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.expressions import parse_expression
from satchel.mql.expressions.conversion import ConversionOptions
from satchel.mql.expressions.convert import convert_value
from satchel.mql.expressions.value_text import value_text
from satchel.values.bson_types import BsonValue

_PLAIN = ConversionOptions()
_LONGS = st.integers(-(2**63), 2**63 - 1)


@given(_LONGS, st.sampled_from([None, 2, 8, 10, 16]))
def test_integers_survive_the_way_through_text(number: int, base: int | None) -> None:
    options = ConversionOptions(base=base)
    text = convert_value(Int64(number), "string", options)
    assert convert_value(text, "long", options) == number


@given(st.floats(allow_nan=False))
def test_doubles_survive_the_way_through_text(number: float) -> None:
    back = convert_value(convert_value(number, "string", _PLAIN), "double", _PLAIN)
    assert struct.pack("<d", back) == struct.pack("<d", number)


@given(st.binary(), st.sampled_from(["base64", "base64url", "hex"]), st.sampled_from([0, 5, 128]))
def test_binary_data_survives_the_way_through_text(raw: bytes, format_: str, subtype: int) -> None:
    value = Binary(raw, subtype) if subtype else raw
    options = ConversionOptions(format=format_, subtype=subtype)
    text = convert_value(value, "string", options)
    assert convert_value(text, "binData", options) == value


@given(st.one_of(_LONGS.map(Int64), st.integers(-(2**31), 2**31 - 1), st.floats(allow_nan=False)), st.booleans())
def test_numbers_survive_the_way_through_binary_data(number: BsonValue, big_endian: bool) -> None:
    options = ConversionOptions(big_endian=big_endian)
    target = {Int64: "long", int: "int", float: "double"}[type(number)]
    assert convert_value(convert_value(number, "binData", options), target, options) == number


@given(st.lists(st.booleans()) | st.lists(st.integers(-128, 127)) | st.lists(st.floats(width=32, allow_nan=False)))
def test_arrays_survive_the_way_through_vectors(values: list[BsonValue]) -> None:
    vector = convert_value(values, "binData", _PLAIN)
    assert convert_value(vector, "array", _PLAIN) == values


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | _LONGS.map(Int64) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(_JSON, max_size=4))
def test_arrays_survive_the_way_through_json(values: list[BsonValue]) -> None:
    if "\0" not in str(values) and "\\x00" not in repr(values):
        assert convert_value(convert_value(values, "string", _PLAIN), "array", _PLAIN) == values


@given(
    st.text(max_size=20), st.sampled_from(["int", "long", "double", "decimal", "date", "objectId", "array", "object"])
)
def test_any_text_converts_or_fails_as_a_conversion(text: str, target: str) -> None:
    code = None
    try:
        convert_value(text, target, _PLAIN)
    except ServerError as error:
        code = error.code
    assert code in (None, ErrorCode.ConversionFailure, ErrorCode.DurationOverflow)


def test_nan() -> None:
    assert math.isnan(convert_value("nan", "double", _PLAIN))  # type: ignore[arg-type]
    assert convert_value(math.nan, "string", _PLAIN) == "NaN"
    assert convert_value(math.nan, "bool", _PLAIN) is True


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, 2.5, "x"]}, '{a: [1, 2.5, "x"]}'),
        (Regex("a", "mi"), "/a/im"),
        (b"\x01\xff", 'BinData(0, "01FF")'),
        (Decimal128("1.50"), "1.50"),
        (1e10, "1e+10"),
    ],
)
def test_values_in_messages(value: BsonValue, text: str) -> None:
    assert value_text(value) == text


def test_on_error_is_evaluated_only_when_needed() -> None:
    expression = parse_expression(
        {"$convert": {"input": "$a", "to": "int", "onError": {"$divide": [1, "$b"]}}}, Context()
    )
    assert expression.evaluate({"a": "1", "b": 0}, {}) == 1
    assert expression.evaluate({"a": "x", "b": 2}, {}) == 0.5


def test_bad_constants_fail_before_any_document() -> None:
    for spec, code in (
        ({"$hour": {"date": "$d", "timezone": "No/Where"}}, 40485),
        ({"$dateAdd": {"startDate": "$d", "unit": "eon", "amount": 1}}, 9),
        ({"$dateTrunc": {"date": "$d", "unit": "day", "binSize": 0}}, 5439018),
    ):
        with pytest.raises(ServerError) as caught:
            parse_expression(spec, Context())
        assert caught.value.code == code
