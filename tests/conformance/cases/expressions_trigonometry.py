"""The trigonometric operators on numbers of every type; decimals, whose last digit MongoDB does not round, are few."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64

from ..case import Case
from ..expression_cases import ExpressionCases

_NAN = float("nan")
_INFINITY = float("inf")
_NUMBERS: list[Any] = [
    0, 1, -1, 2, 42, Int64(1), Int64(2**62), 0.0, -0.0, 0.5, -0.5, 0.1, 1.0, 1.5, -7.5, 100.0, 1e-10, 1e10, 1e300,
    710.5, -710.5, _NAN, _INFINITY, -_INFINITY, 3.141592653589793, 1.5707963267948966, -1.0000000000000002,
    1.0000000000000002,
]  # fmt: skip
_DECIMALS = [
    Decimal128(text)
    for text in ("0", "-0", "0.00", "1", "-1", "2", "0.25", "-0.75", "30", "NaN", "Infinity", "-Infinity")
]
_OPERATORS = (
    "$sin $cos $tan $asin $acos $atan $sinh $cosh $tanh $asinh $acosh $atanh $degreesToRadians $radiansToDegrees"
).split()


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    for operator in _OPERATORS:
        yield from make.unary(operator)
        yield from make.each_in({operator: "$v"}, [{"v": number} for number in [*_NUMBERS, *_DECIMALS]])
    numbers = [number for number in _NUMBERS if number not in (1e300, 710.5, -710.5)]
    yield make.all_pairs("$atan2", numbers, numbers)
    yield from make.pairs(
        "$atan2", _DECIMALS, [Decimal128("0"), Decimal128("-0"), Decimal128("1"), -1, _NAN, -_INFINITY]
    )
    others: list[Any] = [3, None, "a", {}, [1], True]
    yield from make.pairs("$atan2", others, others)
    yield from make.pairs("$atan2", ["a", None, 1], ["a", None, 2.5], constant=True)
    yield from make.each_of(*({"$atan2": operands} for operands in ([], [1], [1, 2, 3], 1, ["$missing", 1])))
