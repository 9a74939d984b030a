"""Random values of every BSON type, and documents of a loosely typed collection.

Most values of a field have its kind, so that most expressions on it succeed; some are missing, null or anything.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Final

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp

from satchel.values.bson_types import BsonValue, Document

from .draw import Draw

EDGE_NUMBERS: Final[list[BsonValue]] = [
    2**31 - 1,
    -(2**31),
    Int64(2**31),
    Int64(-(2**31) - 1),
    Int64(2**53 + 1),
    Int64(2**63 - 1),
    Int64(-(2**63)),
    -0.0,
    0.1,
    1e-300,
    float(2**53),
    float(2**63),
    1.7976931348623157e308,
    float("inf"),
    float("-inf"),
    float("nan"),
    Decimal128("0.1"),
    Decimal128("1.0"),
    Decimal128("-0"),
    Decimal128("9223372036854775808"),
    Decimal128("1234567890123456789012345678901234"),
    Decimal128("1E+6144"),
    Decimal128("Infinity"),
    Decimal128("NaN"),
]
STRINGS: Final = [
    "",
    "a",
    "A",
    "ab",
    "abc",
    "b",
    "B c",
    " a ",
    "10",
    "-2.5",
    "é",
    "ß",
    "日本",
    "😀",
    "a,b,c",
    "true",
    "n",
]
WORDS: Final = ["a", "b", "c", "ab"]
DATES: Final = [
    datetime.datetime(2024, 2, 29, 13, 45, 59, 123000, datetime.UTC),
    datetime.datetime(2023, 12, 31, 23, 59, 59, 999000, datetime.UTC),
    datetime.datetime(2024, 3, 31, 1, 30, tzinfo=datetime.UTC),
    datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
    datetime.datetime(1969, 12, 31, 23, 59, 59, 1000, datetime.UTC),
    datetime.datetime(2000, 6, 15, 12, tzinfo=datetime.UTC),
]
OTHERS: Final[list[BsonValue]] = [
    None,
    True,
    False,
    b"",
    b"abc",
    Binary(b"abc", 128),
    Binary(bytes(range(16)), 4),
    ObjectId("65e0a3c00000000000000001"),
    ObjectId("65e0a3c00000000000000002"),
    Timestamp(1, 1),
    Timestamp(2**32 - 1, 5),
    Regex("^a", "i"),
    Regex("b", ""),
    Code("function() {}"),
    Code("x", {"a": 1}),
    MinKey(),
    MaxKey(),
]
_START: Final = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)


def small(draw: Draw) -> BsonValue:
    """Return a small number of any type."""
    whole = draw.whole(-3, 5)
    return draw.one([whole, whole, Int64(whole), float(whole), whole + 0.5, Decimal128(f"{whole}"), Decimal128("2.50")])


def number(draw: Draw) -> BsonValue:
    return draw.one(EDGE_NUMBERS) if draw.chance(0.15) else small(draw)


def string(draw: Draw) -> BsonValue:
    return draw.one(STRINGS)


def date(draw: Draw) -> BsonValue:
    return draw.one(DATES)


def boolean(draw: Draw) -> BsonValue:
    return draw.chance(0.5)


def key(draw: Draw) -> BsonValue:
    """Return one of a few values on which collections are joined and grouped."""
    return draw.one([0, 1, 2, 3, Int64(1), 2.0, "a", "b", None])


def numbers(draw: Draw) -> BsonValue:
    return draw.many(lambda: number(draw), 0, 4)


def strings(draw: Draw) -> BsonValue:
    return draw.many(lambda: draw.one(WORDS), 0, 4)


def element(draw: Draw) -> Document:
    """Return a document like those in the field `r`."""
    return _with_gaps(draw, {"n": number, "s": string, "k": key}, 0.1)


def elements(draw: Draw) -> BsonValue:
    return draw.many(lambda: element(draw), 0, 3)


def nested(draw: Draw) -> BsonValue:
    """Return a document like those in the field `o`."""
    return _with_gaps(draw, {"n": number, "s": string, "p": element, "a": numbers}, 0.1)


def scalar(draw: Draw) -> BsonValue:
    return draw.one((number, number, string, string, date, _other))(draw)


def anything(draw: Draw, depth: int = 2) -> BsonValue:
    """Return a value of any type."""
    if depth and draw.chance(0.25):
        return draw.many(lambda: anything(draw, depth - 1), 0, 3)
    if depth and draw.chance(0.25):
        names = draw.some(["n", "s", "b", "a", "0", "x"], 0, 3)
        return {name: anything(draw, depth - 1) for name in names}
    return scalar(draw)


def _other(draw: Draw) -> BsonValue:
    return draw.one(OTHERS)


def _with_gaps(draw: Draw, makers: dict[str, Callable[[Draw], BsonValue]], gaps: float) -> Document:
    """Make a document some of whose fields are missing or null."""
    return {name: None if draw.chance(gaps) else make(draw) for name, make in makers.items() if not draw.chance(gaps)}


MAKERS: Final[dict[str, Callable[[Draw], BsonValue]]] = {
    "number": number,
    "string": string,
    "date": date,
    "bool": boolean,
    "key": key,
    "numbers": numbers,
    "strings": strings,
    "objects": elements,
    "object": nested,
    "element": element,
    "any": anything,
}
"""How to make a value of a kind."""
KINDS: Final = {
    "n": "number",
    "m": "number",
    "s": "string",
    "t": "string",
    "d": "date",
    "b": "bool",
    "k": "key",
    "a": "numbers",
    "w": "strings",
    "r": "objects",
    "o": "object",
    "x": "any",
}
"""The fields of a collection and their kinds; besides there are `_id` (a small int) and `at` (a date), both unique."""


def documents(draw: Draw, least: int = 0, most: int = 8) -> list[Document]:
    """Return the documents of a collection."""
    gaps = draw.one([0.0, 0.1, 0.2])
    mixed = draw.one([0.0, 0.0, 0.05])
    return [_document(draw, i, gaps, mixed) for i in range(draw.whole(least, most))]


def _document(draw: Draw, identity: int, gaps: float, mixed: float) -> Document:
    moment = _START + datetime.timedelta(hours=identity * 7, minutes=draw.whole(0, 300))
    found = _with_gaps(draw, {name: MAKERS[kind] for name, kind in KINDS.items()}, gaps)
    if mixed:
        found = {name: anything(draw) if draw.chance(mixed) else value for name, value in found.items()}
    return {"_id": identity, "at": moment, **found}
