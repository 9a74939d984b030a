"""$type $isNumber $subtype $binarySize $bsonSize $tsSecond $tsIncrement $hash $hexHash and Extended JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Binary, Decimal128, Int64, Timestamp
from bson.datetime_ms import DatetimeMS

from ..case import Case
from ..expression_cases import ExpressionCases
from ..providers import ALL_VALUES, SETS

_ID = "507f1f77bcf86cd799439011"
_WRITTEN: list[Any] = [
    {"$numberInt": "1"}, {"$numberInt": 1}, {"$numberInt": "x"}, {"$numberInt": "2147483648"}, {"$numberInt": ""},
    {"$numberInt": " 1"}, {"$numberInt": "010"}, {"$numberInt": "09"}, {"$numberInt": "-0x1F"}, {"$numberInt": "1.0"},
    {"$numberLong": "5"}, {"$numberLong": 5}, {"$numberLong": "9223372036854775808"}, {"$numberLong": "+5"},
    {"$numberDouble": "1.5"}, {"$numberDouble": "NaN"}, {"$numberDouble": "nan"}, {"$numberDouble": "-Infinity"},
    {"$numberDouble": "inf"}, {"$numberDouble": "1e400"}, {"$numberDouble": "0x1"}, {"$numberDouble": "1 "},
    {"$numberDouble": 1.5}, {"$numberDecimal": "1.5"}, {"$numberDecimal": "x"}, {"$numberDecimal": "1e9999"},
    {"$numberDecimal": "NaN"}, {"$numberDecimal": "1E-6177"}, {"$numberDecimal": "12345678901234567890123456789012355"},
    {"$oid": _ID}, {"$oid": _ID.upper()}, {"$oid": "x"}, {"$oid": 5}, {"$oid": _ID, "x": 1}, {"x": 1, "$oid": _ID},
    {"$date": "2020-01-02T03:04:05Z"}, {"$date": {"$numberLong": "5"}}, {"$date": 5}, {"$date": "x"}, {"$date": {}},
    {"$date": "2020-01-02"}, {"$date": "2020-01-02T03:04Z"}, {"$date": "2020-01-02T03:04:05.12+01:00"}, {"$date":
    "2020-02-30T03:04:05Z"}, {"$date": "1969-12-31T00:00:00Z"}, {"$date": "1970-01-01T00:00:00+01:00"}, {"$date":
    "2020-01-02T03:04:05-0000"}, {"$date": "2020-01-02T24:00:00Z"}, {"$date": "2020-01-02T03:04:05.1234Z"}, {"$date":
    {"$numberInt": "5"}}, {"$date": {"$numberLong": "5", "x": 1}}, {"$binary": {"base64": "aGVs", "subType": "0"}},
    {"$binary": {"base64": "aGVs", "subType": "80"}}, {"$binary": {"base64": "aGVs"}}, {"$binary": "aGVs"}, {"$binary":
    {"base64": "x", "subType": "0"}}, {"$binary": {"base64": "aGVs", "subType": "100"}}, {"$binary": {"subType": "5",
    "base64": ""}}, {"$binary": {"base64": "aGVs", "subType": "0", "x": 1}}, {"$uuid":
    "867DEE52-C331-484E-92D1-C56479B8E67E"}, {"$uuid": "x"}, {"$uuid": 1}, {"$regularExpression": {"pattern": "a",
    "options": "mi"}}, {"$regularExpression": {"pattern": "a"}}, {"$regularExpression": "a"}, {"$regularExpression":
    {"pattern": "(", "options": "z"}}, {"$timestamp": {"t": 1, "i": 2}}, {"$timestamp": {"t": 1}}, {"$timestamp": {"t":
    -1, "i": 2}}, {"$timestamp": {"t": 1.0, "i": 1}}, {"$timestamp": 1}, {"$timestamp": {"i": 1, "t": 2, "x": 3}},
    {"$minKey": 1}, {"$minKey": 2}, {"$minKey": 1.0}, {"$maxKey": 1}, {"$maxKey": Int64(1)}, {"$code": "f"}, {"$code":
    "f", "$scope": {"x": {"$numberInt": "1"}}}, {"$scope": {}, "$code": "f"}, {"$code": "f", "x": 1}, {"$code": 1},
    {"$code": "f", "$scope": 1}, {"$scope": {}}, {"$undefined": True}, {"$undefined": False}, {"$symbol": "a"},
    {"$ref": "a", "$id": 1}, {"$id": 1}, {"a": 1, "$ref": 1}, {"$foo": 1}, {"$regex": "a"}, {"$numberInt": "1",
    "$numberLong": "1"}, {"a": {"$numberInt": "1"}, "b": [{"$oid": _ID}]}, {"a": {"$numberInt": {"x": 1}}}, [{"a":
    [{"$numberInt": "x"}]}], {"a": DatetimeMS(0)}, {"$date": DatetimeMS(0)}, {"": 1}, {"$": 1},
]  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    for operator in ("$type", "$isNumber"):
        yield make.over({operator: "$v"}, "every value")
        yield from make.each_of({operator: []}, {operator: [1, 2]}, {operator: [[1]]}, {operator: {"a": 1}})
    for operator in ("$subtype", "$binarySize", "$bsonSize", "$tsSecond", "$tsIncrement"):
        yield from make.each_in({operator: "$v"}, "few values")
        yield from make.each_of({operator: []}, {operator: [1, 2]}, {operator: [[1]]}, {operator: {"a": 1}})
    raws: list[Any] = [
        b"",
        b"abc",
        *(Binary(b"abcdabcdabcdabcd", subtype) for subtype in (1, 3, 4, 5, 6, 8, 9, 128, 255)),
    ]
    yield make.of({"a": {"$subtype": "$v"}, "b": {"$binarySize": "$v"}}, *({"v": raw} for raw in [*raws, None]))
    yield make.of({"$binarySize": "$v"}, *({"v": text} for text in ("", "abc", "é", "日本😀", "a\0b")))
    yield make.of({"$bsonSize": "$$ROOT"}, *SETS["shapes"][:20])
    times = [Timestamp(0, 1), Timestamp(1, 2), Timestamp(2**32 - 1, 2**32 - 1)]
    yield make.of({"a": {"$tsSecond": "$v"}, "b": {"$tsIncrement": "$v"}}, *({"v": time} for time in times))
    yield from _hashes(make)
    yield from _extended_json(make)


def _hashes(make: ExpressionCases) -> Iterator[Case]:
    raws = [bytes((i * 37 + length) % 256 for i in range(length)) for length in (*range(80), 100, 1000)]
    for operator in ("$hash", "$hexHash"):
        yield from make.each_in({operator: {"input": "$v", "algorithm": "md5"}}, "few values")
        for algorithm in ("md5", "sha256", "xxh64"):
            hashed = {operator: {"input": "$v", "algorithm": algorithm}}
            yield make.of(hashed, *({"v": raw} for raw in raws))
            yield make.of(hashed, *({"v": text} for text in ("", "a", "é", "abc" * 50)))
        bad: list[Any] = [
            1, [], {}, {"input": "a"}, {"algorithm": "md5"}, {"input": "a", "algorithm": "md5", "x": 1}, {"input": "a",
            "algorithm": "MD5"}, {"input": "a", "algorithm": 1}, {"input": "a", "algorithm": None}, {"input": None,
            "algorithm": "bad"}, {"input": 1, "algorithm": "bad"}, {"input": "$missing", "algorithm": "$missing"},
        ]  # fmt: skip
        yield from make.each_of(*({operator: operand} for operand in bad))


def _extended_json(make: ExpressionCases) -> Iterator[Case]:
    values = [{"v": value} for value in ALL_VALUES]
    for relaxed in (True, False):
        yield make.of({"$serializeEJSON": {"input": "$v", "relaxed": relaxed}}, *values)
        given = {"input": {"$serializeEJSON": {"input": {"x": ["$v"]}, "relaxed": relaxed}}}
        yield make.of({"$deserializeEJSON": given}, *values)
    yield from make.each_in({"$deserializeEJSON": {"input": "$v"}}, [{"v": value} for value in _WRITTEN])
    yield make.of({"$deserializeEJSON": {"input": "$v", "onError": "E"}}, *({"v": value} for value in _WRITTEN))
    yield make.of({"$deserializeEJSON": {"input": "$v", "onError": "E"}}, *values)
    yield from make.each_in({"$serializeEJSON": {"input": 1, "relaxed": "$v"}}, "few values")
    for operator in ("$serializeEJSON", "$deserializeEJSON"):
        bad: list[Any] = [
            1, [], {}, {"x": 1}, {"input": 1, "x": 1}, {"input": 1, "onError": 5}, {"input": "$missing"},
            {"onError": 1},
            {"input": Decimal128("1"), "relaxed": "x", "onError": 4}, {"input": Decimal128("1"), "onError": "$missing"},
        ]  # fmt: skip
        yield from make.each_of(*({operator: operand} for operand in bad))
