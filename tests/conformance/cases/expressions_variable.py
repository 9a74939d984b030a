"""Field paths, system variables, $let, the command's let, $literal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Code, MaxKey, MinKey, Regex, Timestamp

from ..case import Case
from ..expression_cases import ExpressionCases

_FAILS = {"$divide": [1, 0]}
_DOCUMENT: dict[str, Any] = {"_id": 1, "a": {"b": 1}, "v": 3, "zero": 0, "l": [{"z": 1}, {"z": 2}, 3, [{"z": 4}]]}
_PATHS: list[Any] = [
    "$v", "$a.b", "$a", "$missing", "$a.x", "$a.b.c", "$l.z", "$l.0", "$l.0.z", "$", "$$", "$a.", "$.a", "$a..b",
    "$a.$b", "$a\x00b", "$$ROOT", "$$CURRENT", "$$ROOT.a.b", "$$CURRENT.a.b", "$$REMOVE", "$$REMOVE.a", "$$NOW.a",
    "$$USER_ROLES", "$$USER_ROLES.a", "$$undefined", "$$Undefined", "$$_a", "$$9a", "$$a b", "$$a-b", "$$é", "$$.a",
    "$$a.", "$$ROOT.", "$$ROOT..a", "$$ROOT.$a", "$$this", "$$value", "$$DESCEND", "$$KEEP", "$$PRUNE", "$$NEW",
    "$$IDX", "$$SEARCH_META", "$$root", "$$current", "$$$a", "text", "", "a$b", " $v", {"$type": "$$NOW"}, {"$lt":
    ["$$NOW", 5]}, {"$eq": ["$$NOW", "$$NOW"]}, {"$gt": [{"$subtract": ["$$NOW", 1]}, 5]}, "$" + ".".join("a" * 199),
    "$" + ".".join("a" * 200), {"$isArray": "$$USER_ROLES"}, ["$$REMOVE", "$$ROOT._id"], {"r": "$$REMOVE"}, "$_id",
    "$ v", "$v ", "$v-w", "$é",
]  # fmt: skip
_LET: list[Any] = [
    {}, 1, [], {"vars": {}, "in": 1}, {"vars": 1, "in": 1}, {"vars": [], "in": 1}, {"vars": None, "in": 1}, {"in": 1},
    {"vars": {}}, {"vars": {}, "in": 1, "x": 1}, {"vars": {"": 1}, "in": 1}, {"vars": {"A": 1}, "in": 1}, {"vars":
    {"a.b": 1}, "in": 1}, {"vars": {"é": 1}, "in": "$$é"}, {"vars": {"_a": 1}, "in": 1}, {"vars": {"a b": 1}, "in": 1},
    {"vars": {"$a": 1}, "in": 1}, {"vars": {"aB_9": "$v"}, "in": "$$aB_9"}, {"vars": {"CURRENT": {"z": 5}}, "in": "$z"},
    {"vars": {"CURRENT": "$a"}, "in": ["$b", "$$CURRENT.b", "$$ROOT.v"]}, {"vars": {"CURRENT": "$missing"}, "in":
    ["$b"]}, {"vars": {"CURRENT": "$l"}, "in": "$z"}, {"vars": {"CURRENT": 3}, "in": "$$CURRENT"}, {"vars": {"ROOT": 1},
    "in": 1}, {"vars": {"NOW": 1}, "in": 1}, {"vars": {"x": "$v", "y": "$$x"}, "in": 1}, {"vars": {"x": "$l"}, "in":
    "$$x.z"}, {"vars": {"x": "$missing"}, "in": ["$$x"]}, {"vars": {"x": "$missing"}, "in": "$$x"}, {"vars": {"x":
    "$$REMOVE"}, "in": {"a": "$$x"}}, {"vars": {"x": "$v"}, "in": {"$let": {"vars": {"x": 2, "y": "$$x"}, "in": ["$$x",
    "$$y"]}}}, {"vars": {"x": 1}, "in": {"$divide": ["$$x", 0]}}, {"vars": {"x": 0}, "in": {"$divide": ["$v", "$$x"]}},
    {"vars": {"x": _FAILS}, "in": 1}, {"vars": {"x": "$v"}, "in": _FAILS}, {"vars": {"x": {"$add": [1, 2]}}, "in":
    {"$multiply": ["$$x", "$v"]}}, {"vars": {"x": {"$divide": [1, "$zero"]}}, "in": 1}, {"vars": {"x": {"$divide": [1,
    "$zero"]}}, "in": "$$x"}, {"vars": {"x": {"y": {"z": 1}}}, "in": "$$x.y.z"}, {"vars": {"x": "$$ROOT"}, "in":
    "$$x.a.b"}, {"vars": {"x": 1}, "in": "$$X"}, {"vars": {"x": {"$unknown": 1}}, "in": 1}, {"vars": {"x": 1}, "in":
    {"$unknown": 1}}, {"vars": {"this": 1}, "in": "$$this"}, {"vars": ["$v"], "in": 1}, {"vars": {"x": {"$divide": [1,
    "$zero"]}, "y": "$v"}, "in": {"$cond": [True, "$$y", "$$x"]}}, {"vars": {"x": {"$divide": [1, "$zero"]}}, "in":
    {"$cond": ["$zero", "$$x", 1]}}, {"vars": {"x": [1, "$v"]}, "in": {"$map": {"input": "$$x", "as": "x", "in":
    {"$add": ["$$x", 1]}}}}, {"vars": {"x": "$v"}, "in": {"$map": {"input": [1, 2], "in": {"$add": ["$$x",
    "$$this"]}}}},
]  # fmt: skip
_LITERALS: list[Any] = [
    {"$literal": value}
    for value in (
        "$a",
        "$$REMOVE",
        {"$add": 1},
        [1, "$a"],
        {"$literal": 1},
        None,
        1,
        True,
        {},
        [],
        MinKey(),
        Regex("a"),
        Code("x"),
    )
]
_CONSTANTS: list[Any] = [
    {"$const": "$a"}, {"$const": {"a": "$b"}}, MinKey(), MaxKey(), Regex("a", "i"), Code("x"), Timestamp(1, 2), b"x",
]  # fmt: skip
_COMMAND_LET: list[tuple[Any, Any]] = [
    ({"x": 5}, "$$x"), ({"x": {"a": [{"b": 1}]}}, "$$x.a.b"), ({"x": {"$add": [1, 2]}}, {"$multiply": ["$$x", "$v"]}),
    ({"x": _FAILS}, 1), ({"x": 0}, {"$divide": [1, "$$x"]}), ({"x": 1, "y": {"$add": ["$$x", 1]}}, "$$y"), ({"x":
    "$$y"}, 1), ({"x": "$v"}, 1), ({"X": 1}, 1), ({"": 1}, 1), ({"x": 1}, {"$let": {"vars": {"x": 2}, "in": "$$x"}}),
    ({"x": 1}, "$$y"), ({"x": {"$literal": "$v"}}, "$$x"), ({"x": "$$REMOVE"}, {"a": "$$x"}), ({"this": 7}, {"$map":
    {"input": [1], "in": "$$this"}}), ({"x": None}, {"$ifNull": ["$$x", "none"]}), ({}, 1),
]  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    yield from make.each_of(*_PATHS, document=_DOCUMENT)
    yield from make.each_of(*({"$let": operand} for operand in _LET), document=_DOCUMENT)
    yield from make.each_of(*_LITERALS, *_CONSTANTS, document=_DOCUMENT)
    for variables, expression in _COMMAND_LET:
        yield make.of(expression, _DOCUMENT, let=variables)
    for path in ("$a", "$a.b", "$a.b.c", "$a.b.c.d", "$a.0", "$a.0.b", "$$ROOT.a.b", "$$CURRENT.a", "$b.c", "$$ROOT"):
        yield make.over(path, "shapes")
        yield make.over([path], "shapes")
        yield make.over({"$let": {"vars": {"CURRENT": "$a"}, "in": path}}, "shapes")
        yield make.over({"$let": {"vars": {"x": path}, "in": ["$$x", "$$x.b", "$$x.b.c"]}}, "shapes")
    yield make.over("$v", "every value")
