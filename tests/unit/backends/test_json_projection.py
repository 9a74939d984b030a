"""The `doc` column: faithful, or absent."""

from __future__ import annotations

import json
import math
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from hypothesis import given
from hypothesis.strategies import dictionaries, integers

from satchel.backends.sqlite.json_projection import MAX_STRING_CHARACTERS, _is_suspect, date_text, project
from satchel.testing.strategies import documents, doubles, field_names, int32s
from satchel.values.bson_types import BsonValue, Document, decode_document, encode_document


def _projected(document: Document) -> Any:
    text = project(document, encode_document(document))
    return None if text is None else json.loads(text)


IDENTIFIER = ObjectId("65a1b2c3d4e5f60718293a4b")
UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (Int64(2**62), 2**62),
        (1.5, 1.5),
        ("text ünï", "text ünï"),
        ([1, [2, {"b": "x"}]], [1, [2, {"b": "x"}]]),
        (IDENTIFIER, {"$oid": str(IDENTIFIER)}),
        (DatetimeMS(1_795_248_000_123), {"$date": "2026-11-21T08:00:00.123Z"}),
        (DatetimeMS(-62_135_596_800_000), {"$date": "0001-01-01T00:00:00.000Z"}),
        (b"abc", {"$binary": {"length": 3, "subType": 0}}),
        (Binary(b"abc", 5), {"$binary": {"length": 3, "subType": 5}}),
        (Binary.from_uuid(UUID), {"$uuid": str(UUID)}),
        (Decimal128("1.50"), {"$numberDecimal": "1.50"}),
        (Timestamp(7, 8), {"$timestamp": {"t": 7, "i": 8}}),
        (Regex("a.b", "im"), {"$regularExpression": {"pattern": "a.b", "options": "im"}}),
        (Code("f()"), {"$code": "f()"}),
        (Code("f()", {"x": 1}), {"$code": "f()", "$scope": {"x": 1}}),
        (MinKey(), {"$minKey": 1}),
        (MaxKey(), {"$maxKey": 1}),
        ("y" * (MAX_STRING_CHARACTERS + 1), {"$prefix": "y" * MAX_STRING_CHARACTERS}),
    ],
    ids=repr,
)
def test_every_type_has_its_form(value: object, expected: object) -> None:
    assert _projected({"a": value}) == {"a": expected}


@given(integers(-62_135_596_800_000, 253_402_300_799_999))
def test_dates_are_in_iso_8601(milliseconds: int) -> None:
    text = (datetime(1970, 1, 1) + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")
    assert date_text(DatetimeMS(milliseconds)) == f"{text}Z"


def test_a_whole_double_stays_a_real() -> None:
    assert project({"a": 1.0, "b": 1e300, "c": -0.0}, b"") == b'{"a":1.0,"b":1e+300,"c":-0.0}'


@pytest.mark.parametrize(
    "document",
    [
        {"a": math.nan},
        {"a": [math.inf]},
        {"a": {"b": -math.inf}},
        {"a": "x\0y"},
        {"a": {"$date": 5}},
        {"$a": 1},
        {"a": [{"b": {"$oid": "x"}}]},
        {"a": DatetimeMS(2**62)},
        {"a": DatetimeMS(-(2**62))},
        {"big": "x" * 2000, "a": math.nan},
    ],
    ids=repr,
)
def test_what_json_cannot_say_is_left_out_whole(document: Document) -> None:
    assert _projected(document) is None


@pytest.mark.parametrize("size", [*range(30, 60), 0x7F, 0xFF, 0x124, 0x17F])
@pytest.mark.parametrize("odd", [{"$date": 1}, math.nan, math.inf, -math.inf], ids=str)
def test_whatever_the_length_is_an_odd_document_has_no_projection(size: int, odd: BsonValue) -> None:
    """The bytes of a document's length look like those that are searched for."""
    bare = len(encode_document({"a": {"b": odd}, "c": ""}))
    bson = encode_document({"a": {"b": odd}, "c": "x" * max(size - bare, 0)})
    assert project(decode_document(bson), bson) is None


@given(documents)
def test_the_quick_look_misses_nothing(document: Document) -> None:
    """A document whose BSON is long is looked at value by value."""
    bson = encode_document(document)
    assert project(document, bson) == project(document, bson + bytes(MAX_STRING_CHARACTERS))


@given(field_names, doubles, dictionaries(field_names, int32s, max_size=2))
def test_the_quick_look_finds_doubles_that_are_not_finite(name: str, value: float, others: Document) -> None:
    for document in ({**others, name: value}, {name: value, **others}, {"a": [value, others]}):
        bson = encode_document(document)
        assert project(document, bson) == project(document, bson + bytes(MAX_STRING_CHARACTERS))
        is_odd = any(not math.isfinite(each) for each in document.values() if isinstance(each, float))
        assert not is_odd or project(document, bson) is None


@pytest.mark.parametrize("value", [-1, -5, -(2**31), Int64(-1), Int64(-(2**40)), 1e300, -1e-300, DatetimeMS(-1)])
def test_negative_numbers_are_not_suspect(value: BsonValue) -> None:
    document: Document = {"_id": 1, "n": 5, "value": value, "z": "text"}
    assert not _is_suspect(encode_document(document))
