"""$add $subtract $multiply $divide $mod $abs $ceil $floor $exp $ln $log $log10 $pow $sqrt $round $trunc $sigmoid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64, Timestamp
from bson.datetime_ms import DatetimeMS

from ..case import Case
from ..expression_cases import ExpressionCases

_INT = 2**31 - 1
_LONG = Int64(2**63 - 1)
_LEAST = Int64(-(2**63))
_NAN = float("nan")
_INFINITY = float("inf")
_DATE = DatetimeMS(1704067200000)
_NUMBERS: list[Any] = [
    0, 1, -7, _INT, Int64(2), _LONG, _LEAST, 0.0, -0.0, 0.5, -2.5, 1e300, _NAN, _INFINITY, -_INFINITY,
    Decimal128("0"), Decimal128("-0.0"), Decimal128("0.1"), Decimal128("-7.50"), Decimal128("1E+6000"),
    Decimal128("NaN"), Decimal128("Infinity"),
]  # fmt: skip
_EXACT: list[Any] = [number for number in _NUMBERS if not isinstance(number, Decimal128)]
_DECIMALS: list[Any] = [number for number in _NUMBERS if isinstance(number, Decimal128)]
_ZEROS: list[Any] = [0, Int64(0), 0.0, -0.0, Decimal128("0"), Decimal128("-0.0"), Decimal128("0E+10")]
_OTHERS: list[Any] = [3, None, "a", "", [], [1], {}, {"a": 1}, True, False, _DATE, Timestamp(1, 2), b"x"]

_ADD: list[Any] = [
    [], 1, None, [1], [Int64(5)], [True], ["$missing", 1], [1, "$missing", "a"], [1, "a", "$missing"], [_INT, 1],
    [_INT, _INT, -_INT], [_LONG, 1], [_LONG, 1, -5], [_LONG, _LONG, _LEAST], [1e308, 1e308, -1e308], [0.1, 0.2, 0.3],
    [1e16, 1, -1e16], [0.1] * 10, [Decimal128("1.1"), 0.1], [0.1, 0.2, Decimal128("1")],
    [Int64(2**53 + 1), Int64(1), 0.5],
    [_LONG, 1, Decimal128("1")], [_DATE, 1], [1, _DATE], [_DATE, _DATE], [_DATE, 1.5], [_DATE, 2.5], [_DATE, -0.5],
    [_DATE, Decimal128("2.5")], [_DATE, _LONG], [_DATE, 1e300], [_DATE, _NAN], [_DATE, Decimal128("NaN")],
    [_DATE, 0.5, 0.5], [0.5, _DATE, 0.5], [_DATE, None], [_DATE, "a"], [_DATE], [DatetimeMS(2**63 - 1), 1],
    [-0.0], [-0.0, -0.0], [Decimal128("-0")], [Decimal128("1.00")], [Decimal128("1.00"), 1], ["a", "b", "$missing"],
    ["a", "$missing"], ["$missing", "a", "b"], ["$missing", {"$add": ["a", "b"]}], ["$missing", {"$divide": [1, 0]}],
    {}, [[1, 2]], [[1], [2]],
]  # fmt: skip
_MULTIPLY: list[Any] = [
    [], 1, None, [5], [_INT, _INT], [_INT, 2, 0], [_INT, _INT, _INT], [_LONG, 2], [_LONG, 2, 2], [_LONG, _LONG, 0],
    [_LONG, 2, 0.5], [_LONG, 2, Decimal128("0.5")], [Int64(2**62), -2], [Int64(2**62), -2, -1], [0.1, 3],
    [0.1, Decimal128("3")], ["a", 1], [1, "a"], [None, "a"], ["a", None], [_DATE, 1], ["a", "$missing"],
    ["a", "b", "$missing"],
    ["$missing", "a", "b"], [-1, 0.0], [-1, 0], [True, 2], {}, [[1, 2]],
]  # fmt: skip
_PLACES: list[Any] = [
    2.5, 3.5, -2.5, [2.567, 2], [2.565, 2], [2.675, 2], [1.005, 2], [0.15, 1], [0.25, 1], [0.35, 1], [1234.5678, -2],
    [1250, -2], [1350, -2], [1250.0, -2], [_INT, -1], [_INT, -9], [_INT, -10], [-_INT - 1, -1], [_LONG, -1],
    [_LONG, -18], [_LONG, -19], [_LONG, -20], [_LEAST, -1], [Int64(1250), -2], [5, 2], [Int64(5), 2], [5, -1],
    [15, -1], [25, -1], [Decimal128("2.5"), 0], Decimal128("2.5"), Decimal128("-2.5"), [Decimal128("2.567"), 2],
    [Decimal128("2.565"), 2], [Decimal128("1234.5"), -2], [Decimal128("1E+10"), 2], [Decimal128("NaN"), 2],
    [Decimal128("Infinity"), 2], [_NAN, 2], [_INFINITY, 2], [-_INFINITY, -2], [1e300, 2], [1e300, -5], [1e15 + 0.5, 0],
    [1e-10, 5], [1e-10, 20], [5e-324, 100], [1.5, 100], [1.5, 101], [1.5, -20], [1.5, -21], [15, 100], [15, 101],
    [1.5, 1.5], [1.5, 1.0], [1.5, Int64(1)], [1.5, Decimal128("1")], [1.5, Decimal128("1.5")], [1.5, "a"], [1.5, None],
    ["a", 1], [None, "a"], ["a", None], [None, 1], [1.5, "$missing"], [1.5, True], [1.5, Int64(2**40)], [1.5, _NAN],
    [], [1, 2, 3], -0.4, [-0.4, 0], [0.5], [1.5], [-1.5], [-0.5], [1e22, -20], [123456789.123456789, 5],
    [Decimal128("1.234567890123456789012345678901234"), 33], [Decimal128("1234567890123456789012345678901234"), 2],
    [Decimal128("9.9E+6144"), -20], [Decimal128("0.5"), -1], [Decimal128("5"), -1], [Decimal128("15"), -1], [9.995, 2],
    [0.045, 2], [8.345, 2], [2.0**53 + 2, -1], [Decimal128("1.0"), 5], [Decimal128("1.0"), 40], [-2.567, 2], [1.1, 1],
    [1e16 + 2, 1], [0.1 + 0.2, 16], [0.1 + 0.2, 17],
]  # fmt: skip
_POWERS: list[Any] = [
    [2, 3], [2, 31], [2, 62], [2, 63], [-2, 63], [2, -1], [0, -1], [0.0, -1], [0, 0], [1, -5], [-1, -5], [2, 0.5],
    [-2, 0.5], [2, Decimal128("0.5")], [Decimal128("-2"), Decimal128("0.5")], [Decimal128("0"), -1], [10, 20], [3, 39],
    [3, 40], [-3, 39], [2, 1e300], [0, -1.5], [0, Decimal128("-1")], [1, Int64(2**62)], [-1, Int64(2**62 + 1)],
    [2.0, 3], [5, -2], [Int64(5), -2], [_INT, 2], [_NAN, 0], [1, _NAN], [2, 1023.0], [2, 100], [2, Decimal128("10")],
    [Decimal128("1.5"), 2], [-8.0, 1001], [-8.0, 1000], [Decimal128("-Infinity"), Decimal128("0.5")],
]  # fmt: skip
_LOGARITHMS: list[Any] = [
    [100, 10], [8, 2], [1000, 10], [0, 10], [-1, 10], [10, 1], [10, 0], [10, -2], ["a", 10], [10, "a"], [None, "a"],
    ["a", None], [Decimal128("100"), 10], [100, Decimal128("10")], [Decimal128("8"), 2], [_NAN, 2], [2, _NAN],
    [10, Decimal128("1")], [2, 0.5], [_INFINITY, 2], [2, _INFINITY], [Decimal128("NaN"), 2], [2, Decimal128("NaN")],
    [1, 10], [Decimal128("1"), 2], [Decimal128("1E-6176"), 0], [Decimal128("1E-6176"), 2],
]  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    for operator, operands in {
        "$add": _ADD,
        "$multiply": _MULTIPLY,
        "$round": _PLACES,
        "$trunc": _PLACES,
        "$pow": _POWERS,
        "$log": _LOGARITHMS,
    }.items():
        yield from make.each_of(*({operator: operand} for operand in operands))
    for operator in ("$add", "$subtract", "$multiply"):
        yield make.all_pairs(operator, _NUMBERS, _NUMBERS)
    for operator in ("$divide", "$mod"):
        yield make.all_pairs(operator, _NUMBERS, (number for number in _NUMBERS if number not in _ZEROS))
        yield from make.pairs(operator, [7, 0, Int64(7), 7.5, Decimal128("7.5"), _NAN], _ZEROS)
    yield make.all_pairs("$pow", [number for number in _EXACT if number != 0], _EXACT)
    yield from make.pairs("$pow", _ZEROS, [*_EXACT, *_ZEROS])
    yield from make.pairs("$pow", [2, -1.5, Decimal128("-7.50"), _INFINITY], _DECIMALS)
    yield from make.pairs("$pow", _DECIMALS, [3, -1, 0.5, -_INFINITY, _NAN])
    for operator in ("$add", "$subtract", "$multiply", "$divide", "$mod", "$pow"):
        yield from make.pairs(operator, [3, _DATE, None, "a"], _OTHERS)
        yield from make.pairs(operator, _OTHERS, [3])
        yield from make.pairs(operator, [7, Decimal128("7.5"), "a", None], [2, 0, -2.5, None], constant=True)
        yield from make.each_of(*({operator: operands} for operands in ([], [1], [1, 2, 3], 1)))
        yield make.of({operator: ["$v", 3]}, *({"v": number} for number in (7, Int64(7), 7.5, Decimal128("7.5"))))
    yield from make.pairs("$log", [2, 1.5, "a", None, _INT, Int64(8)], [2, 10.0, "a", None, Int64(4)])
    for operator in ("$abs", "$ceil", "$floor", "$exp", "$round", "$trunc"):
        yield from make.unary(operator, "whole" if operator != "$abs" else "each")
    for operator in ("$ln", "$log10", "$sqrt"):
        yield from make.unary(operator, "each")
    yield from make.unary("$sigmoid", "whole")
    yield from make.each_of(*({"$sigmoid": value} for value in (0, 1, -1000, 1000, Int64(3), True, _NAN, "$missing")))
    yield make.of({"$round": ["$v", "$p"]}, *({"v": 1234.5678, "p": place} for place in range(-4, 5)))
    yield make.of(
        {"$add": [{"$multiply": ["$a", "$b.c"]}, {"$subtract": ["$a", 1]}]}, {"a": 2, "b": {"c": 3.5}}, {"a": 1}
    )
