"""$sum $avg $min $max $stdDevPop $stdDevSamp $median $percentile as expressions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64

from ..case import Case
from ..expression_cases import ExpressionCases

_LONG = Int64(2**63 - 1)
_INFINITY = float("inf")
_NAN = float("nan")
_OPERANDS: list[Any] = [
    [], 1, "a", None, [[]], [1, 2], [1, "a", None, 2.5], [[1, 2, 3]], [[1, 2], 3], [[1, [2]]], ["$missing"],
    [["$missing"]], [[None]], [Decimal128("1"), 2], [_LONG, 1], [_LONG, _LONG], [1, Int64(2)], [0.1, 0.2, 0.3], [["a",
    "b"]], [{"$literal": [1, 2]}], {"a": 1}, [{"a": 1}], [[1, 2], [3]], [_INFINITY, -_INFINITY], [_NAN, 1], [True], [1,
    True], [1e308, 1e308], [1e308, 1e308, -1e308], [Decimal128("NaN"), 1], [0.1] * 10, [0.1, Decimal128("1.5")], [_LONG,
    0.5], [-0.0], [-0.0, -0.0], [2**31 - 1, 1], [2**31 - 1, 1, -5], ["$a", "$i"], ["$a", "$missing", 7], "$a", ["$a"],
    "$o.x", ["$o.x", 1], [{"$divide": [1, 0]}],
]  # fmt: skip
_DOCUMENT: dict[str, Any] = {"a": [3, 1.5, 10, None, "x"], "i": 4, "o": [{"x": 1}, {"x": 2}, {}]}
_INPUTS: list[Any] = [
    [1, 2, 3], "$a", 5, "a", [], ["a"], [1, 2, 3, 4], [1, Decimal128("2"), Int64(3), "a", None], [_NAN, 1], None, [[1,
    2], 3], ["$missing", 3, 4], "$missing", [_INFINITY, -_INFINITY, 1, 2], [-0.0, 0.0], "$o.x", [Decimal128("1E+400"),
    1],
]  # fmt: skip
_FRACTIONS: list[Any] = [
    [0.5], [], [2], 0.5, ["a"], ["$a"], "$a", [0, 0.25, 0.5, 0.75, 1], [{"$add": [0.2, 0.3]}], None, [None], [-0.1],
    [Decimal128("0.5")], [Int64(1)], "$$undefined", [0.9, 0.1, 0.9], [[0.5]],
]  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    for operator in ("$sum", "$avg", "$min", "$max", "$stdDevPop", "$stdDevSamp"):
        yield from make.each_of(*({operator: operand} for operand in _OPERANDS), document=_DOCUMENT)
        yield make.over({operator: "$v"}, "every value")
        yield make.over({operator: ["$v", 2]}, "every value")
        yield make.over({operator: ["$v", "$v", "b"]}, "every value")
    texts = {"a": ["b", "A", "a", "B"]}
    for operator in ("$min", "$max"):
        yield make.of({operator: "$a"}, texts, collation={"locale": "en"})
    for value in _INPUTS:
        yield make.of({"$median": {"input": value, "method": "approximate"}}, _DOCUMENT)
        yield make.of({"$percentile": {"input": value, "p": [0.1, 0.5, 0.99], "method": "approximate"}}, _DOCUMENT)
    for fractions in _FRACTIONS:
        yield make.of({"$percentile": {"input": [1, 2, 3, 4], "p": fractions, "method": "approximate"}}, _DOCUMENT)
    bad: list[Any] = [
        {}, 5, [], {"input": 1}, {"method": "approximate"}, {"method": 5}, {"input": 1, "method": 5}, {"input": 1,
        "method": "exact"}, {"input": 1, "p": [0.5], "method": "approximate", "x": 1}, {"input": 1, "method":
        "approximate", "x": 1}, {"p": [0.5]}, {"input": {"$unknown": 1}, "p": [0.5], "method": "approximate"}, {"input":
        1, "p": [0.5], "method": "discrete"}, {"input": {"$divide": [1, 0]}, "p": [0.5], "method": "approximate"},
    ]  # fmt: skip
    for operand in bad:
        yield from make.each_of({"$median": operand}, {"$percentile": operand})
    yield make.of(
        {"$percentile": {"input": list(range(200)), "p": [0.01, 0.1, 0.333, 0.5, 0.9, 0.99], "method": "approximate"}}
    )
