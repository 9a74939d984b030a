"""$bitAnd $bitOr $bitXor $bitNot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64

from ..case import Case
from ..expression_cases import ExpressionCases

_INTEGERS: list[Any] = [
    0, 1, -1, 42, -43, 2**31 - 1, -(2**31), Int64(0), Int64(1), Int64(-1), Int64(2**40), Int64(2**63 - 1),
    Int64(-(2**63)),
]  # fmt: skip
_OPERANDS: list[Any] = [
    [], 5, [5], [Int64(5)], None, [None], "a", ["a"], [1.0], [True], [Decimal128("1")], ["$missing"], [1, None],
    [1, "a", None], [1, None, "a"], ["$missing", "a"], ["a", "$missing"], ["a", "b", "$missing"], [1, 2, "$missing"],
    [7, 14, 28],
    [7, Int64(14), 28], [1, 1.5], [[1, 2]], [[1], [2]], {}, [1, {"$bitOr": ["a", "b"]}],
]  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    for operator in ("$bitAnd", "$bitOr", "$bitXor"):
        yield from make.each_of(*({operator: operands} for operands in _OPERANDS))
        yield make.all_pairs(operator, _INTEGERS, _INTEGERS)
        yield from make.each_in({operator: "$v"}, "few values")
        yield from make.each_in({operator: ["$v", 6]}, "few values")
        yield from make.each_in({operator: ["$v", {"$literal": Int64(6)}]}, "few values")
    yield from make.unary("$bitNot", "each")
