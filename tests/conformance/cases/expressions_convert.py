"""$convert between every pair of types, with all options, and its short forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Binary, Decimal128, Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from ..case import Case
from ..expression_cases import ExpressionCases
from ..providers import ALL_VALUES

_TARGETS: list[Any] = [
    "double", "string", "object", "array", "binData", "objectId", "bool", "date", "int", "long", "decimal", "regex",
    "timestamp", "null", "missing", "minKey",
]  # fmt: skip
_TYPE_ARGUMENTS: list[Any] = [
    "bad", "", "number", "uuid", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, -1, 127, 128,
    1.0,
    1.5, Int64(16), Decimal128("16"), Decimal128("16.5"), float("nan"), Int64(2**40), True, None, [], {},
    ObjectId("507f1f77bcf86cd799439011"),
    {"type": "int"}, {"type": "int", "subtype": 3}, {"type": "int", "subtype": "x"}, {"type": "int", "x": 1},
    {"subtype": 3}, {"type": None}, {"type": "bad"}, {"type": 1.5}, {"type": 16}, {"a": 1},
]  # fmt: skip
_NUMBERS = [
    "1", "-1", "+1", " 1", "1 ", "01", "0x1F", "0b11", "1e3", "1E3", "1.", ".5", "1.5.2", "1,000", "", "-", "+", "--1",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "2147483648", "-2147483648", "1e400",
    "1e-400",
    "4e-324", "2e-324", "inf", "Infinity", "-infinity", "nan", "-NaN", "0x1.8p3", "-0x1F", "-0x1p5000", "-0x1p-2000",
    "1_000", "1\0", "1f", "1e", "-0", "-0.0", "0x", "12345678901234567890123456789012355", "1E+6144", "1E+6145",
    "12345678901234567890123456789012359", "1.0000000000000000000000000000000001", "1E-6176", "1E-6177", "1.5E-6176",
    "10E-6177", "0E-7000", "0E+7000", "9.99999999999999999999999999999999999E+6144", "nan(1)", "infinit", "0e0", "1e5",
    "1.50", "\t1", "1\n", ".", "e5", "1e5.5", "1.8e308", "1E99999999999", "0E99999999999", "1E-99999999999",
]  # fmt: skip
_IN_BASES = [
    "101", "1F", "-1f", "+1F", "017", "9", "7fffffff", "80000000", "-80000000", "ffffffffffffffff", "7fffffffffffffff",
    "-8000000000000000", "-8000000000000001", "+0x1", "0x1", "z", "", "1.5", "1e3",
]  # fmt: skip
_INTEGERS: list[Any] = [
    5, -5, 0, Int64(2**40), Int64(-(2**63)), 255.0, 255.5, -255.0, 1e20, 2.0**31, 2.0**31 - 1, -0.0, Decimal128("255"),
    Decimal128("255.5"), Decimal128("-255"), Decimal128("1E+3"), Decimal128("1E+30"), float("nan"), True, "x",
]  # fmt: skip
_ENCODED = [
    "aGVsbG8=", "aGVsbG8", "aGVs bG8=", "--__", "++//", "68656C6c6f", "6865f", "zz", "é", "", "a===", "aGVsbG9=", "YQ",
    "YQ=", "YQ==", "YR==", "=", "==", "====", "a", "abc", "abcd", "ab=c", "YWJj==", "YWJj====", "_w==", "\n", "é=",
    "867dee52-c331-484e-92d1-c56479b8e67e", "867DEE52-C331-484E-92D1-C56479B8E67E", "867dee52c331484e92d1c56479b8e67e",
    "{867dee52-c331-484e-92d1-c56479b8e67e}",
]  # fmt: skip
_FORMATS: list[Any] = ["base64", "base64url", "hex", "utf8", "uuid", "auto"]
_JSON = [
    "[]", "{}", '[1, 2.5, "a", null, true]', '{"a": {"$oid": "507f1f77bcf86cd799439011"}}', "[1,]", "{a: 1}",
    "{'a': 1}",
    '"x"', "1", "null", " [1] ", "[1] x", '{"": 1}', '{"a.b": 1, "$c": 2}', "[NaN]", "[Infinity]", "[/*c*/1]",
    '["\\u00e9\\n\\ud83d\\ude00"]', '["\\ud83d"]', '["a\nb"]', "[01]", "[+1]", "[.5]", "[1.]", '{"a": [{"b": []}]}', "",
    "[tru]", '{"a": 1 "b": 2}', '["\\x"]', "[2147483648, -2147483649, 2147483647]", "[0.1, 1E5, 1e-7, -0.0, -0, 1e3]",
    '["\\u0000"]', '{"a\\u0000b": 1}', "[\t1\r\n]", "[9223372036854775807, 9223372036854775808]", "[1e400]",
    "\ufeff[1]",
    "[1]\0", "[1]\0x", "[1\0]", "[12345678901234567890123]", "[" * 90 + "]" * 90,
]  # fmt: skip
_ARRAYS: list[list[Any]] = [
    [], [1], [1, 2], [1.0, 2.5], [True, False, True], [1, 2.0], [Int64(1)], [300], [127, -128], [128], [1, True],
    [None],
    ["a"], [Decimal128("1")], [True] * 9, [1.5, 1e300], [float("nan"), 1], [[1]], [1.0], [2, True], [0.5, True], [2,
    1.5],
    [300.0, 1], [-0.0], [1.5, 300], [128, "a"], ["a", 300], [1, Int64(2)],
]  # fmt: skip
_VECTORS = [
    b"\x10\x00", b"\x03\x00\x01\xff", b"\x27\x00\x00\x00\x80\x3f", b"\x10\x03\xa7", b"\x10\x07\xa0", b"\x10\x08\xa0",
    b"",
    b"\x03", b"\x99\x00\x01", b"\x27\x00\x00\x00\x80", b"\x27\x01\x00\x00\x80\x3f", b"\x03\x01\x01", b"\x10\x01",
]  # fmt: skip
_DOUBLES = [
    0.1 + 0.2, 1 / 3, 123456789012345678.0, 1e23, 2.2250738585072014e-308, 100.0, 1234567890123456.0, 1e15, 1e16,
    1.5e-5,
    0.0001, -2147483648.9, 2147483647.9, 9223372036854774784.0, -0.9,
]  # fmt: skip
_DECIMALS = [
    "1E-310", "4.9E-324", "1.7976931348623157E+308", "1.7976931348623159E+308", "1.8E+308", "0E-400", "0E+6000",
    "2.2250738585072011E-308", "-2147483648.9", "9223372036854775807.9", "-9223372036854775808.9", "2.5", "-0.5",
    "0E+3",
]  # fmt: skip
_SHORT_FORMS = (
    "$toArray", "$toBool", "$toDate", "$toDecimal", "$toDouble", "$toInt", "$toLong", "$toObject", "$toObjectId",
    "$toString", "$toUUID",
)  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    yield from _pairs(make)
    yield from _text_and_numbers(make)
    yield from _binary(make)
    yield from _documents(make)
    yield from _arguments(make)


def _pairs(make: ExpressionCases) -> Iterator[Case]:
    values = [{"v": value} for value in ALL_VALUES]
    for target in _TARGETS:
        if target == "string":  # dates beyond the year 9999 and binary data fail whatever onError says
            yield from make.each_in({"$convert": {"input": "$v", "to": target, "onError": "E", "onNull": "N"}}, values)
        elif target == "binData":
            given = {"input": "$v", "to": target, "format": "utf8", "onError": "E", "onNull": "N"}
            yield make.over({"$convert": given}, "every value")
        else:
            yield make.over({"$convert": {"input": "$v", "to": target, "onError": "E", "onNull": "N"}}, "every value")
        yield from make.each_in({"$convert": {"input": "$v", "to": target}}, "few values")
    for operator in _SHORT_FORMS:
        yield from make.each_in({operator: "$v"}, "few values")
        yield from make.each_of({operator: []}, {operator: [1, 2]}, {operator: [[1]]}, {operator: [1]}, {operator: {}})


def _text_and_numbers(make: ExpressionCases) -> Iterator[Case]:
    for target in ("int", "long", "double", "decimal"):
        given = {"input": "$v", "to": target}
        yield from make.each_in({"$convert": given}, [{"v": text} for text in _NUMBERS])
        for base in (2, 8, 10, 16):
            for text in (_IN_BASES, _NUMBERS):
                yield make.of({"$convert": {**given, "base": base, "onError": "E"}}, *({"v": one} for one in text))
    for base in (2, 8, 10, 16):
        given = {"input": "$v", "to": "string", "base": base, "onError": "E"}
        yield make.of({"$convert": given}, *({"v": number} for number in _INTEGERS))
    for target in ("string", "decimal", "int", "long", "date", "double"):
        given = {"input": "$v", "to": target, "onError": "E"}
        yield make.of({"$convert": given}, *({"v": number} for number in _DOUBLES))
        yield make.of({"$convert": given}, *({"v": Decimal128(number)} for number in _DECIMALS))
    for text in ("507f1f77bcf86cd799439011", "507F1F77BCF86CD799439011", "507f1f77bcf86cd79943901g", "x", "", " " * 24):
        yield make.of({"$toObjectId": "$v"}, {"v": text})


def _binary(make: ExpressionCases) -> Iterator[Case]:
    raws: list[Any] = [
        b"hello", b"", b"\xff\xfe", b"\xfb\xff\xfe", Binary(b"0123456789abcdef", 4), Binary(b"0123456789abcdef", 3),
        Binary(b"abc", 4), Binary(b"x", 128), b"\xf0\x9f\x98\x80", b"a\0b",
    ]  # fmt: skip
    for format_ in _FORMATS:
        yield from make.each_in(
            {"$convert": {"input": "$v", "to": "string", "format": format_}}, [{"v": raw} for raw in raws]
        )
        given = {"input": "$v", "to": "binData", "format": format_, "onError": "E"}
        yield make.of({"$convert": given}, *({"v": text} for text in _ENCODED))
        given["to"] = {"type": "binData", "subtype": 4}
        yield make.of({"$convert": given}, *({"v": text} for text in _ENCODED))
    subtypes: list[Any] = [
        0, 1, 3, 4, 5, 6, 8, 9, 10, 127, 128, 255, 256, -1, 1.0, 1.5, "x", None, "$missing", Int64(4), True,
    ]  # fmt: skip
    for subtype in subtypes:
        for value in ("aGVs", b"hel", 1, Binary(b"x", 5)):
            to = {"type": "binData", "subtype": subtype}
            yield make.of({"$convert": {"input": "$v", "to": to, "format": "base64"}}, {"v": value})
    for order in ("big", "little"):
        raws = [bytes(range(200, 200 + length)) for length in range(10)]
        for target in ("int", "long", "double"):
            given = {"input": "$v", "to": target, "byteOrder": order, "onError": "E"}
            yield make.of({"$convert": given}, *({"v": raw} for raw in raws))
        numbers: list[Any] = [1, -2, Int64(2**40), Int64(-1), 1.5, float("inf"), {"a": 1}, True, Decimal128("1")]
        given = {"input": "$v", "to": "binData", "byteOrder": order, "onError": "E"}
        yield make.of({"$convert": given}, *({"v": number} for number in numbers))
        yield from make.each_in({"$convert": {**given, "onError": "E"}}, [{"v": array} for array in _ARRAYS])
        given = {"input": "$v", "to": "array", "byteOrder": order}
        yield from make.each_in({"$convert": given}, [{"v": Binary(raw, 9)} for raw in _VECTORS])


def _documents(make: ExpressionCases) -> Iterator[Case]:
    for target in ("array", "object"):
        yield make.of({"$convert": {"input": "$v", "to": target, "onError": "E"}}, *({"v": text} for text in _JSON))
    few = [{"v": [value, {"x": value}]} for value in ALL_VALUES if not isinstance(value, DatetimeMS)]
    yield make.of({"$toString": "$v"}, *few)
    yield make.of({"$toString": "$v"}, {"v": {"a": {"b": [1, {"c": 'x"\\\n\t\x01/é\u2028<>&\x7f'}]}}})
    yield make.of({"$toString": "$v"}, {"v": {"": 1, "$x": 2, "a.b": 3}})
    yield make.of({"$toString": "$v"}, {"v": {"a": DatetimeMS(2**62)}})
    for depth in (199, 200, 201):
        yield make.of({"$type": {"$toArray": "$v"}}, {"v": "[" * depth + "]" * depth})
        yield make.of({"$type": {"$toObject": "$v"}}, {"v": '{"a":' * depth + "1" + "}" * depth})


def _arguments(make: ExpressionCases) -> Iterator[Case]:
    for to in _TYPE_ARGUMENTS:
        yield make.of({"$convert": {"input": 1, "to": {"$literal": to}}})
    for name, value in (("format", b"a"), ("base", "1"), ("byteOrder", b"a")):
        target = "string" if name == "format" else "int"
        yield from make.each_in({"$convert": {"input": value, "to": target, name: "$v"}}, "few values")
        for word in ("hex", "big", "BIG", "", 2, 3, 36, 16.0, 2.5, Int64(8)):
            yield make.of({"$convert": {"input": value, "to": target, name: "$v", "onError": "E"}}, {"v": word})
    lazy = {"$divide": [1, "$zero"]}
    operands: list[Any] = [
        1, "a", None, [], {}, {"input": 1}, {"to": 1}, {"input": 1, "to": 1, "x": 1}, {"input": 1, "to": []},
        {"input": 1,
        "to": {"a": 1}}, {"input": 1, "to": "$missing", "onNull": 5}, {"input": "x", "to": "bad", "format": "bad"},
        {"input": "x", "to": "int", "format": "bad", "base": 3}, {"input": None, "to": "bad", "format": "bad"},
        {"input":
        None, "to": "int", "format": "bad", "onNull": 1}, {"input": "x", "to": "int", "onError": lazy}, {"input": "1",
        "to": "int", "onError": lazy, "onNull": lazy}, {"input": None, "to": "int", "onNull": lazy}, {"input": "1",
        "to":
        "int", "onError": {"$divide": [1, 0]}}, {"input": "x", "to": "int", "onError": "$missing"}, {"input": None,
        "to":
        "int", "onNull": "$missing"}, {"input": None, "to": None, "onNull": "N"}, {"input": 1, "to": None,
        "onNull": "N"},
        {"input": "@9999999999999999", "to": "date", "onError": "E"}, {"input": Binary(b"\x03", 9), "to": "array",
        "onError": "E"}, {"input": b"a", "to": "string", "onError": "E"}, {"input": "a", "to": "binData",
        "onError": "E"},
        {"input": "x", "to": "int", "byteOrder": "bad", "base": 3}, {"input": 1, "to": {"type": "$missing"}},
    ]  # fmt: skip
    yield from make.each_of(*({"$convert": operand} for operand in operands), document={"zero": 0})
