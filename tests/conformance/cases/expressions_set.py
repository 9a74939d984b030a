"""$setUnion $setIntersection $setDifference $setEquals $setIsSubset $allElementsTrue $anyElementTrue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64

from ..case import Case
from ..expression_cases import ExpressionCases

_SETS: list[Any] = [
    [], [1], [1, 2, 3], [3, 2, 1, 1], [2.0, Int64(1), Decimal128("3")], ["b", "a"], [None], [[1], [1, 2]], [1, "a",
    True, None], [{"a": 1, "b": 2}, {"b": 2, "a": 1}], [float("nan"), 0.0, -0.0], [[]], [True, 1],
]  # fmt: skip
_OPERANDS: list[Any] = [
    [], 1, None, [None], [[]], [[1, 2]], [[3, 1, 1.0, 2], [2, Int64(1)]], [[3, 1, 2], None], [None, [1]], ["$missing",
    [1]], [[1], "$missing"], [[1], 1], [1, [1]], [[1], [2], [3]], [["b", "a", "c"], ["a", "B"]], [[5, 4, 3, 2, 1], [9,
    3, 4]], [["$missing", None, 1], [None]], [[1, 2], [2, 1], [1, 1, 2]], [[0, 1, None]], [[[]]], [None, 1], [1, None],
    [[1, 1.0, 2, 2], [2.0]], [[2.0], [2, 1]], [1, None, [1]], ["$missing", 1], [1, "$missing"], [1, 2, "$missing"],
    ["$missing", [1], [2]], ["$s", "$s"], ["$s", [3, 1]], [[3, 1], "$s"], ["$s", ["$v"]], "$s", ["$s"], {}, "x",
]  # fmt: skip
_TEXTS = [{"a": ["b", "A"], "b": ["a", "B", "c"]}, {"a": ["a", "A"], "b": ["A"]}, {"a": [], "b": ["x", "X"]}]


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    binary = ("$setUnion", "$setIntersection", "$setDifference", "$setEquals", "$setIsSubset")
    for operator in binary:
        yield make.all_pairs(operator, _SETS, _SETS)
        yield from make.each_in({operator: ["$v", [1, 2]]}, "few values")
        yield from make.each_in({operator: [[1, 2], "$v"]}, "few values")
        for collation in ({"locale": "en", "strength": 2}, {"locale": "simple"}):
            yield make.of({operator: ["$a", "$b"]}, *_TEXTS, collation=collation)
    for operator in (*binary, "$allElementsTrue", "$anyElementTrue"):
        yield from make.each_of(*({operator: operands} for operands in _OPERANDS), document={"s": [1, 3, 2, 3], "v": 3})
    for operator in ("$allElementsTrue", "$anyElementTrue"):
        yield from make.unary(operator)
        yield make.of({operator: "$v"}, *({"v": values} for values in _SETS))
        yield make.of(
            {operator: [["$v"]]}, *({"v": value} for value in (0, 1, None, "", False, 0.0, Decimal128("0"), [])), {}
        )
