"""$cmp $eq $ne $gt $gte $lt $lte on values of all types, $and $or $not, and what counts as true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64, MinKey

from ..case import Case
from ..expression_cases import ExpressionCases
from ..providers import SETS

_FEW = [document.get("v", None) for document in SETS["few values"]]
_OPERATORS = ("$cmp", "$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
_TEXTS: list[Any] = ["a", "A", "b", "ab", "é", "", 1]
_CONSTANTS: list[Any] = [
    1, Int64(1), 1.0, Decimal128("1"), float("nan"), "b", None, True, [], {}, {"a": 1}, MinKey(), "$missing", b"x",
]  # fmt: skip
_CONDITIONS: list[Any] = [
    [], True, False, None, 0, 1, "a", "", [], [[]], [True], [True, False], [True, True], [1, 2], [0, 1], [None,
    "$missing"], ["$missing"], ["$v", True], ["$v", False], [True, "$v"], [False, "$v"], ["$v", "$v"], ["$v",
    "$missing", 1], [0, {"$divide": [1, 0]}], [1, {"$divide": [1, 0]}], ["$v", {"$divide": [1, 0]}], ["$v", {"$divide":
    [1, "$zero"]}], ["$zero", {"$divide": [1, "$zero"]}], [{"$eq": ["$v", 3]}, {"$gt": ["$v", 1]}], {"$eq": [1, 1]},
    {"a": 0},
]  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    for operator in _OPERATORS:
        yield make.all_pairs(operator, _FEW, _FEW)
        yield from make.each_of(*({operator: operands} for operands in ([], [1], [1, 2, 3], 1, "$a", {})))
        for constant in _CONSTANTS:
            operand = constant if constant == "$missing" else {"$literal": constant}
            yield make.over({operator: ["$v", operand]}, "every value")
            yield make.over({operator: [operand, "$v"]}, "few values")
        for shape in ("$a", "$a.b", "$a.b.c"):
            yield make.over({operator: [shape, "$b"]}, "shapes")
            yield make.over({operator: [shape, 1]}, "shapes")
        texts = [{"a": a, "b": b} for a in _TEXTS for b in _TEXTS]
        for collation in ({"locale": "en", "strength": 2}, {"locale": "en", "strength": 1}):
            yield make.of({operator: ["$a", "$b"]}, *texts, collation=collation)
            yield make.of({operator: ["$a", "A"]}, *texts, collation=collation)
    for operator in ("$and", "$or"):
        yield make.over({operator: "$v"}, "every value")
        for condition in _CONDITIONS:
            yield make.of({operator: condition}, {"v": 3, "zero": 0})
            yield make.of({"$divide": [1, {operator: condition}]}, {"v": 3, "zero": 0})
    yield from make.unary("$not")
    yield make.over({"$not": "$v"}, "every value")
    yield make.over({"$not": ["$v"]}, "every value")
    yield make.over({"$and": ["$v", {"$not": {"$eq": ["$v", 1]}}]}, "every value")
