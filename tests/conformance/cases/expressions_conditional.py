"""$cond $ifNull $switch: forms, short circuits, constants that fail, malformed operands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..case import Case
from ..expression_cases import ExpressionCases

_FAILS = {"$divide": [1, 0]}
_FAILS_LATER = {"$divide": [1, "$zero"]}
_COND: list[Any] = [
    [True, 1, 2], [False, 1, 2], ["$v", 1, 2], ["$missing", 1, 2], [None, 1, 2], [0, 1, 2], ["a", "$v", 2], [], [1, 2],
    [1, 2, 3, 4], 1, "a", {"if": True, "then": 1, "else": 2}, {"if": "$zero", "then": 1, "else": "$v"}, {"if": 1,
    "then": 2}, {"if": 1, "else": 2}, {"then": 1, "else": 2}, {}, {"if": 1, "then": 2, "else": 3, "x": 4}, {"then": 1,
    "else": 2, "if": False}, [False, _FAILS, 1], [True, 1, _FAILS], ["$v", 1, _FAILS], ["$v", 1, _FAILS_LATER],
    ["$zero", 1, _FAILS_LATER], ["$v", "$missing", 1], ["$v", "$$REMOVE", 1], [_FAILS, 1, 2], [{"$eq": ["$v", 3]}, "y",
    "n"], [["$v"], 1, 2], [{}, 1, 2], [[], 1, 2], {"$cond": [1, 2, 3]}, [1, {"$unknown": 1}, 2],
]  # fmt: skip
_IF_NULL: list[Any] = [
    ["$v", 1], ["$missing", 1], [None, 1], [1, 2], ["$missing", None], ["$missing", "$missing"], ["$missing", None, 5],
    ["$missing", "$v", 5], [1, _FAILS], [None, _FAILS], ["$v", _FAILS], ["$v", _FAILS_LATER], ["$missing",
    _FAILS_LATER], [], [1], 1, None, "$v", ["$null", "x"], [None, None, None], ["$missing", "$$REMOVE"], ["$a.b",
    "none"], [[], 1], [{}, 1], [False, 1], [0, 1], ["", 1], {"a": 1}, [None, 0, "$v"], [0, "$v", None],
]  # fmt: skip
_BRANCH = {"case": "$v", "then": "yes"}
_SWITCH: list[Any] = [
    {"branches": [_BRANCH]}, {"branches": [_BRANCH], "default": "no"}, {"branches": [{"case": "$zero", "then": 1}]},
    {"branches": [{"case": "$zero", "then": 1}], "default": "no"}, {"branches": [{"case": False, "then": 1}]},
    {"branches": [{"case": False, "then": 1}], "default": 2}, {"branches": [{"case": True, "then": 1}]}, {"branches":
    [{"case": "$zero", "then": 1}, {"case": "$v", "then": 2}, {"case": "$v", "then": 3}]}, {"branches": [{"case":
    "$zero", "then": 1}, {"case": True, "then": 2}, {"case": "$v", "then": 3}]}, {"branches": [_BRANCH, {"case": True,
    "then": _FAILS}]}, {"branches": [{"case": "$zero", "then": _FAILS}], "default": 1}, {"branches": [_BRANCH, {"case":
    _FAILS_LATER, "then": 1}]}, {"branches": [_BRANCH], "default": _FAILS_LATER}, {"branches": [{"case": "$zero",
    "then": _FAILS_LATER}], "default": 1}, {"branches": [_BRANCH], "default": _FAILS}, {"branches": [{"case":
    "$missing", "then": 1}], "default": "$missing"}, {"branches": []}, {"branches": [], "default": 1}, {}, {"default":
    1}, 1, [], {"branches": 1}, {"branches": [1]}, {"branches": [{}]}, {"branches": [{"case": 1}]}, {"branches":
    [{"then": 1}]}, {"branches": [{"case": 1, "then": 1, "x": 1}]}, {"branches": [_BRANCH], "x": 1}, {"branches":
    [{"case": {"$unknown": 1}, "then": 1}]}, {"branches": [_BRANCH], "default": {"$unknown": 1}}, {"branches": {"case":
    1, "then": 1}}, {"default": "no", "branches": [{"case": "$zero", "then": 1}]},
]  # fmt: skip
_DOCUMENT = {"v": 3, "zero": 0, "null": None, "a": {"b": None}}


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    for operator, operands in {"$cond": _COND, "$ifNull": _IF_NULL, "$switch": _SWITCH}.items():
        for operand in operands:
            yield make.of({operator: operand}, _DOCUMENT)
        for operand in operands[:30]:
            yield make.of({"$divide": [12, {operator: operand}]}, _DOCUMENT)
    yield make.over({"$cond": ["$v", "true", "false"]}, "every value")
    yield make.over({"$cond": {"if": {"$gt": ["$v", 1]}, "then": "$v", "else": "$$REMOVE"}}, "every value")
    yield make.over({"$ifNull": ["$v", "nothing"]}, "every value")
    yield make.over({"$ifNull": ["$v.a", "$v", "nothing"]}, "every value")
    yield make.over({"$switch": {"branches": [{"case": "$v", "then": "$v"}], "default": ["$v"]}}, "every value")
    yield make.over(
        {"$switch": {"branches": [{"case": {"$eq": ["$v", n]}, "then": n} for n in (1, "a", 2.5)], "default": -1}},
        "every value",
    )
    nested = {"$cond": ["$v", {"$cond": ["$zero", 1, {"$ifNull": ["$missing", "deep"]}]}, {"$divide": ["$v", "$zero"]}]}
    yield make.of(nested, _DOCUMENT)
    yield make.of([{"$cond": ["$v", 1, 2]}, {"a": {"$ifNull": ["$missing", 3]}}], _DOCUMENT)
