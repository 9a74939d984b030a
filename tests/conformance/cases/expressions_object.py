"""$mergeObjects $getField $setField $unsetField, documents and arrays of expressions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..case import Case
from ..expression_cases import ExpressionCases

_FAILS = {"$divide": [1, 0]}
_DOCUMENT: dict[str, Any] = {
    "_id": 1, "a": {"b": 1, "c": [1, 2]}, "n": None, "s": "a", "arr": [{"x": 1}, None, {"y": 2, "x": 3}], "a.b": 7,
    "$d": 8,
}  # fmt: skip
_MERGE: list[Any] = [
    [], {"a": 1}, [{"a": 1}, None, "$missing", {"a": 2, "b": 1}], [None], 5, [{"b": 1, "a": 2}, {"a": 3, "b": 4}],
    "$$ROOT", "$a", ["$a"], ["$a", {"b": 2}], "$arr", ["$arr"], ["$arr", {}], ["$a", "$s"], "$s", "$n", "$missing",
    ["$n", "$s"], [[]], [[{"a": 1}, {"b": 2}]], [[{"a": 1}, 5]], [{"x": "$a.b"}, {"x": {"$add": ["$a.b", 1]}}], [{"a":
    {"x": 1}}, {"a": {"y": 1}}], ["$missing", 1], [{"a": "$missing"}, {"b": "$$REMOVE"}], [_FAILS, "$a"],
]  # fmt: skip
_GET: list[Any] = [
    "a", "$a", "$s", {"$literal": "$d"}, {"$literal": "a.b"}, "a.b", "$missing", 5, None, ["a", "b"], ["a"], {},
    {"field": "a"}, {"input": {}}, {"field": "b", "input": "$a"}, {"field": "x", "input": "$a"}, {"field": "$s",
    "input": "$$ROOT"}, {"field": "a.b", "input": {"$literal": {"a.b": 5}}}, {"field": "a", "input": None}, {"field":
    "a", "input": "$missing"}, {"field": "a", "input": 5}, {"field": "x", "input": "$arr"}, {"field": 5, "input": {}},
    {"field": None, "input": "$a"}, {"field": "$a", "input": "$a"}, {"field": "$missing", "input": "$a"}, {"field": "a",
    "x": 1}, {"field": "a", "input": "$n"}, {"field": "b", "input": _FAILS}, {"field": _FAILS, "input": {}}, {"field":
    {"$literal": 5}, "input": {}}, {"field": "a\x00b", "input": {}}, {"field": "$$REMOVE", "input": {}}, {"field": "a",
    "input": "$$REMOVE"}, {"field": {"$cond": [True, "b", "c"]}, "input": "$a"}, {"$cond": [False, "a", "s"]},
    {"$literal": 5}, True, {"field": "c", "input": {"$mergeObjects": ["$a", {"c": 9}]}},
]  # fmt: skip
_SET: list[Any] = [
    {}, 5, {"field": "x", "input": {}, "value": 1}, {"field": "b", "input": "$a", "value": 9}, {"field": "b", "input":
    "$a", "value": "$$REMOVE"}, {"field": "b", "input": "$a", "value": "$missing"}, {"field": "b", "input": "$n",
    "value": 1}, {"field": "b", "input": "$missing", "value": 1}, {"field": "b", "input": "$s", "value": 1}, {"field":
    "b", "input": "$arr", "value": 1}, {"field": "b.c", "input": "$a", "value": 1}, {"field": {"$literal": "$x"},
    "input": "$a", "value": "$s"}, {"field": {"$const": "x"}, "input": "$a", "value": {"y": "$s"}}, {"field": "$s",
    "input": {}, "value": 1}, {"field": "$$ROOT", "input": {}, "value": 1}, {"field": {"$cond": [1, "a", "b"]}, "input":
    {}, "value": 1}, {"field": 5, "input": {}, "value": 1}, {"field": None, "input": {}, "value": 1}, {"field":
    {"$literal": 5}, "input": {}, "value": 1}, {"field": ["a"], "input": {}, "value": 1}, {"field": {"a": 1}, "input":
    {}, "value": 1}, {"field": "a", "input": {}}, {"field": "a", "value": 1}, {"value": 1, "input": {}}, {"field": "a"},
    {"field": "a", "input": {}, "value": 1, "x": 1}, {"field": "", "input": {}, "value": 1}, {"field": "_id", "input":
    "$$ROOT", "value": 5}, {"field": "x", "input": "$a", "value": _FAILS}, {"field": "x", "input": "$missing", "value":
    _FAILS}, {"field": "x", "input": _FAILS, "value": 1}, {"field": "x", "input": {"$setField": {"field": "y", "input":
    "$a", "value": 1}}, "value": 2}, [], "x", {"field": {}, "input": {}, "value": 1}, {"field": True, "input": {},
    "value": 1},
]  # fmt: skip
_UNSET: list[Any] = [
    {"field": "b", "input": "$a"}, {"field": "x", "input": "$a"}, {"field": "b"}, {"input": {}}, 5, {}, {"field": "a",
    "input": 5}, {"field": "a", "input": None}, {"field": "a", "input": "$missing"}, {"field": "a", "input": {},
    "value": 1}, {"field": "$a", "input": {}}, {"field": 5, "input": {}}, {"field": {"$literal": "$d"}, "input":
    "$$ROOT"}, {"field": "a.b", "input": "$$ROOT"}, {"field": "b", "input": "$arr"}, {"field": "b", "input": "$s"}, [],
    "x", {"field": "a", "input": _FAILS}, {"field": "b", "input": {"b": 1, "c": "$s"}}, {"field": "", "input": {"a":
    1}},
]  # fmt: skip
_LITERALS: list[Any] = [
    {}, [], {"a": 1}, {"a": "$s"}, {"a": "$missing"}, {"a": "$$REMOVE"}, ["$s", "$missing", "$$REMOVE", None], {"a":
    {"b": {"c": "$a.b"}}}, {"a": {"b": "$missing"}}, {"a": [{"b": "$missing"}]}, {"a": []}, {"a": {}}, {"a.b": 1}, {"a":
    {"b.c": 1}}, {"a": 1, "$add": 1}, {"$add": 1, "a": 1}, {"$abs": 1, "$add": 1}, {"": 1}, {"a": {"": 1}}, {"a":
    {"$add": 1, "b": 1}}, {"$unknown": 1}, {"$": 1}, {"a": {"$unknown": 1}}, [{"$unknown": 1}], {"_id": 0}, {"a": True},
    {"a": {"$literal": {"$add": 1}}}, {"a": _FAILS}, [_FAILS], {"b": "$a", "c": "$arr.x"}, [[["$s"]]], {"a": None, "b":
    0}, {"x y": 1}, {"é": "$s"}, {"a": {"x": "$s", "y": ["$a.c", 1]}}, {"$a.b": 1}, {"a$": 1},
]  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    for operator, operands in {
        "$mergeObjects": _MERGE,
        "$getField": _GET,
        "$setField": _SET,
        "$unsetField": _UNSET,
    }.items():
        yield from make.each_of(*({operator: operand} for operand in operands), document=_DOCUMENT)
    yield from make.each_of(*_LITERALS, document=_DOCUMENT)
    yield from make.unary("$mergeObjects")
    yield from make.each_in({"$mergeObjects": ["$v", {"x": 1}]}, "few values")
    yield from make.each_in({"$getField": {"field": "$v", "input": {"a": 1}}}, "few values")
    yield from make.each_in({"$getField": {"field": "a", "input": "$v"}}, "few values")
    yield from make.each_in({"$setField": {"field": "a", "input": "$v", "value": 1}}, "few values")
    yield from make.each_in({"$setField": {"field": "a", "input": {"b": 1}, "value": "$v"}}, "few values")
    yield from make.each_in({"$unsetField": {"field": "a", "input": "$v"}}, "few values")
    yield make.over({"a": "$v", "b": ["$v"]}, "every value")
