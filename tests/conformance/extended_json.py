"""Type-faithful JSON for recorded results: canonical Extended JSON made shorter.

An int32 is a JSON integer, a finite double a JSON number with a point or an exponent; every other type that JSON lacks
is tagged as in Extended JSON. Two values have the same text if and only if they have the same BSON (types and field
order included; every NaN is one NaN).
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.values.bson_types import INT32_MAX, INT32_MIN, MISSING, BsonValue

_TAG_NAMES = (
    "numberLong numberDouble numberDecimal binary oid date regularExpression code timestamp minKey maxKey missing "
    "document wideInt"
)
_TAGS = frozenset(f"${name}" for name in _TAG_NAMES.split())
_REGEX_FLAGS = {"i": 2, "l": 4, "m": 8, "s": 16, "u": 32, "x": 64}


def dumps(value: BsonValue) -> str:
    """Return the text of a BSON value."""
    return json.dumps(tag(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def loads(text: str) -> BsonValue:
    """Return the value of a text that `dumps` made."""
    return untag(json.loads(text))


def tag(value: BsonValue) -> object:
    """Return what stands for `value` in JSON."""
    if value is None or type(value) in (str, bool):
        return value
    if isinstance(value, dict):
        return _tag_document(value)
    if isinstance(value, list | tuple):
        return [tag(item) for item in value]
    return _TAGGERS[type(value)](value)


def untag(value: object) -> BsonValue:
    """Return the BSON value for which a JSON value stands."""
    if isinstance(value, list):
        return [untag(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value:
        first = next(iter(value))
        if first in _TAGS:
            return _UNTAGGERS[first](value)
    return {name: untag(item) for name, item in value.items()}


def _tag_document(document: dict[str, BsonValue]) -> object:
    if _TAGS.isdisjoint(document):
        return {name: tag(item) for name, item in document.items()}
    return {"$document": [[name, tag(item)] for name, item in document.items()]}


def _tag_int(value: int) -> object:
    # An int that is not an int32 must not exist in the engine; its tag makes the comparison fail visibly.
    return value if INT32_MIN <= value <= INT32_MAX else {"$wideInt": str(value)}


def _tag_double(value: float) -> object:
    if math.isfinite(value):
        return value
    return {"$numberDouble": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}


def _tag_binary(value: bytes) -> object:
    subtype = value.subtype if isinstance(value, Binary) else 0
    return {"$binary": {"base64": base64.b64encode(value).decode(), "subType": f"{subtype:02x}"}}


def _tag_regex(value: Regex) -> object:
    options = "".join(letter for letter, flag in _REGEX_FLAGS.items() if value.flags & flag)
    return {"$regularExpression": {"pattern": value.pattern, "options": options}}


def _tag_code(value: Code) -> object:
    return {"$code": str(value)} if value.scope is None else {"$code": str(value), "$scope": tag(dict(value.scope))}


_TAGGERS: dict[type, Callable[..., object]] = {
    int: _tag_int,
    float: _tag_double,
    Int64: lambda value: {"$numberLong": str(int(value))},
    Decimal128: lambda value: {"$numberDecimal": str(value)},
    bytes: _tag_binary,
    Binary: _tag_binary,
    ObjectId: lambda value: {"$oid": str(value)},
    DatetimeMS: lambda value: {"$date": int(value)},
    Regex: _tag_regex,
    Code: _tag_code,
    Timestamp: lambda value: {"$timestamp": {"t": value.time, "i": value.inc}},
    MinKey: lambda _: {"$minKey": 1},
    MaxKey: lambda _: {"$maxKey": 1},
    type(MISSING): lambda _: {"$missing": True},
}


def _untag_binary(value: dict) -> bytes:
    data, subtype = base64.b64decode(value["$binary"]["base64"]), int(value["$binary"]["subType"], 16)
    return Binary(data, subtype) if subtype else data


def _untag_regex(value: dict) -> Regex:
    parts = value["$regularExpression"]
    return Regex(parts["pattern"], sum(_REGEX_FLAGS[letter] for letter in parts["options"]))


def _untag_code(value: dict) -> Code:
    return Code(value["$code"], untag(value["$scope"]) if "$scope" in value else None)


_UNTAGGERS: dict[str, Callable[[dict], BsonValue]] = {
    "$numberLong": lambda value: Int64(value["$numberLong"]),
    "$numberDouble": lambda value: float(value["$numberDouble"]),
    "$numberDecimal": lambda value: Decimal128(value["$numberDecimal"]),
    "$binary": _untag_binary,
    "$oid": lambda value: ObjectId(value["$oid"]),
    "$date": lambda value: DatetimeMS(value["$date"]),
    "$regularExpression": _untag_regex,
    "$code": _untag_code,
    "$timestamp": lambda value: Timestamp(value["$timestamp"]["t"], value["$timestamp"]["i"]),
    "$minKey": lambda _: MinKey(),
    "$maxKey": lambda _: MaxKey(),
    "$missing": lambda _: MISSING,
    "$wideInt": lambda value: int(value["$wideInt"]),
    "$document": lambda value: {name: untag(item) for name, item in value["$document"]},
}
