"""The array operators: positions, search, slices, conversions, iteration, selection, sorting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64

from ..case import Case
from ..expression_cases import ExpressionCases

_NAN = float("nan")
_FAILS = {"$divide": [1, 0]}
_DOCUMENT: dict[str, Any] = {
    "_id": 1, "a": [10, 20, 30, 20], "e": [], "n": None, "i": 2, "s": "text", "d": {"x": 1, "y": [1, 2]},
    "o": [{"k": 3, "v": {"w": 1}}, {"k": 1}, {"v": 5}, 7],
}  # fmt: skip
_NUMBERS: list[Any] = [
    0, 1, 2, -1, -4, -5, 9, 1.0, 1.5, Int64(1), Int64(2**40), Decimal128("1"), Decimal128("1.5"), _NAN, float("inf"),
    "1", None, True, [1], {},
]  # fmt: skip
_PLAIN: dict[str, list[Any]] = {
    "$arrayElemAt": [["$a", number] for number in _NUMBERS] + [["$e", 0], ["$n", 0], ["$missing", "x"], ["$s", 0], [ [1,
    2], 0], ["$a"], 1, ["$a", 1, 2], ["$a", "$i"], ["$missing", 0], [{"$literal": "x"}, "$missing"]], "$slice": [["$a",
    number] for number in _NUMBERS] + [["$a", 1, number] for number in _NUMBERS] + [["$a", number, 2] for number in
    _NUMBERS] + [["$e", 1], ["$n", "x"], ["$missing", 1], ["$s", 1], ["$a"], 1, ["$a", 1, 2, 3], [[1, 2, 3], 1, 1],
    ["$s", None]], "$in": [[20, "$a"], [21, "$a"], [20.0, "$a"], ["$i", [1, 2]], ["$missing", "$a"], ["$missing", [None,
    1]], [1, "$n"], [1, "$missing"], [1, 2], ["$x", 2], [1], [1, "$a", 3], [{"$literal": {"k": 1}}, "$o"], ["a", ["A"]],
    [_NAN, [_NAN]], [None, [None]], [[1], [[1]]], [1, [[1]]], 1], "$indexOfArray": [["$a", 20], ["$a", 20, 2], ["$a",
    20, 2, 3], ["$a", 20, 9], ["$a", 20, 3, 1], ["$a", 21], ["$a", 20.0], ["$e", 1], ["$n", 1], ["$missing", 1], ["$s",
    1], [[1, 2], 2], ["$a"], ["$a", 1, 1, 1, 1], [{"$literal": 1}, "$missing"], [{"$literal": 1}, 1], [None,
    "$missing"], ["$a", "$missing"], *(["$a", 20, number] for number in _NUMBERS), *(["$a", 20, 0, number] for number in
    _NUMBERS)], "$concatArrays": [[], ["$a"], "$a", ["$a", "$e"], ["$a", [1, "$i"]], ["$a", "$n"], ["$a", "$missing"],
    ["$a", "$s"], ["$n", "$s"], ["$s", "$n"], [1, 2, "$missing"], ["$missing", 1], [1, "$missing"], ["$missing", [1],
    [2], "$a"], [[1], [2], [[3]]], 1, None, "x"], "$range": [[0, 3], [0, 10, 3], [10, 0, -3], [3, 0], [0, 0], [0, 3, 0],
    [0, 3, -1], [0, "$i"], [0], [0, 1, 2, 3], 5, ["$missing", 3], [0, "$missing"], [0, 100000000], *([0, number] for
    number in _NUMBERS), *([number, 3] for number in _NUMBERS), *([0, 4, number] for number in _NUMBERS)],
}  # fmt: skip
_ZIP: list[Any] = [
    {"inputs": ["$a", [1, 2]]}, {"inputs": ["$a", [1, 2]], "useLongestLength": True}, {"inputs": ["$a", [1, 2]],
    "useLongestLength": True, "defaults": [0, "none"]}, {"inputs": ["$a"]}, {"inputs": ["$a", "$n"]}, {"inputs": ["$a",
    "$missing"]}, {"inputs": ["$a", "$s"]}, {"inputs": ["$n", "$s"]}, {"inputs": []}, {}, 1, {"inputs": "$a"},
    {"inputs": ["$a"], "x": 1}, {"inputs": ["$a"], "useLongestLength": 1}, {"inputs": ["$a"], "defaults": [1]},
    {"inputs": ["$a"], "defaults": 1, "useLongestLength": True}, {"inputs": ["$a"], "defaults": [], "useLongestLength":
    False}, {"inputs": [[1, 2], [3]]}, {"inputs": [[], [1]]}, {"inputs": ["$a", ["$missing"]], "useLongestLength": True,
    "defaults": ["$missing", "$i"]}, {"defaults": [1]}, {"inputs": ["$a", 1], "useLongestLength": True, "defaults": [1,
    2, 3]}, {"inputs": [[[1, 2], 3], [[4]]]}, {"inputs": ["$a"], "defaults": None, "useLongestLength": None}, {"inputs":
    [_FAILS, "$a"]}, *({"inputs": ["$a", [1]], "defaults": defaults, "useLongestLength": True} for defaults in ( 5,
    "$a", "$missing", None, [], [1], {"a": 1}, {"$literal": [1, 2]}, {"$literal": []}, {"$divide": [1, "$i"]}, [_FAILS,
    1], )), {"inputs": [[1], [2]], "defaults": {"$divide": [1, "$n"]}, "useLongestLength": True}, {"inputs": ["$a"],
    "defaults": 5},
]  # fmt: skip
_TO_OBJECT: list[Any] = [
    [["a", 1], ["b", 2]], [{"k": "a", "v": 1}, {"k": "b", "v": 2}], [["a", 1], ["a", 2]], [], None, 1, "x", {}, [1],
    [[1, 2]], [["a"]], [["a", 1, 2]], [["a", 1], {"k": "b", "v": 1}], [{"k": "a", "v": 1}, ["b", 1]], [{"k": "a"}],
    [{"v": 1}], [{"k": 1, "v": 1}], [{"k": "a", "v": 1, "x": 1}], [{"k": "a", "x": 1}], [["", 1]], [["$x", 1], ["a.b",
    2]], [["a\x00", 1]], [{"k": "a\x00", "v": 1}], [[None, 1]], [["b", {"a": 1}], ["a", [1]]], [["a", None]], [None],
    [{"k": "b", "v": 1}, {"k": "a", "v": 1}, {"k": "b", "v": 2}],
]  # fmt: skip
_ITERATION: list[Any] = [
    {"$map": {"input": "$a", "in": {"$add": ["$$this", 1]}}}, {"$map": {"input": "$a", "as": "x", "in": "$$x"}},
    {"$map": {"input": "$a", "in": "$$IDX"}}, {"$map": {"input": "$a", "in": ["$$i", "$$this"], "arrayIndexAs": "i"}},
    {"$map": {"input": "$a", "in": ["$$IDX", "$$i"], "arrayIndexAs": "i"}}, {"$map": {"input": "$o", "in":
    "$$this.v.w"}}, {"$map": {"input": "$a", "in": "$missing"}}, {"$map": {"input": "$a", "in": "$i"}}, {"$map":
    {"input": "$n", "in": 1}}, {"$map": {"input": "$missing", "in": 1}}, {"$map": {"input": "$s", "in": 1}}, {"$map":
    {"input": "x", "in": 1}}, {"$map": {"input": [], "in": {"$divide": ["$$this", 0]}}}, {"$map": {"input": [1], "in":
    {"$divide": ["$$this", 0]}}}, {"$map": {"input": "$e", "in": _FAILS}}, {"$map": {"input": "$a", "in": "$$this",
    "as": 1}}, {"$map": {"input": "$a", "in": "$$this", "as": None}}, {"$map": {"input": "$a", "in": 1, "as": ""}},
    {"$map": {"input": "$a", "in": 1, "as": "A"}}, {"$map": {"input": "$a", "in": 1, "as": "a.b"}}, {"$map": {"input":
    "$o", "in": "$k", "as": "CURRENT"}}, {"$map": {"input": "$a", "in": 1, "arrayIndexAs": "IDX"}}, {"$map": {"input":
    "$a", "in": "$$this", "as": "this", "arrayIndexAs": "this"}}, {"$map": {"input": "$a"}}, {"$map": {"in": 1}},
    {"$map": {}}, {"$map": 1}, {"$map": []}, {"$map": {"input": "$a", "in": 1, "x": 1}}, {"$map": {"input": "$a", "in":
    "$$x"}}, {"$map": {"input": "$a", "in": {"$map": {"input": [1, 2], "in": "$$this"}}}}, {"$map": {"input": "$a",
    "as": "x", "in": {"$map": {"input": "$a", "as": "y", "in": {"$subtract": ["$$x", "$$y"]}}}}}, {"$map": {"input":
    "$a", "in": {"$map": {"input": ["$$IDX"], "in": ["$$IDX", "$$this"]}}}}, {"$map": {"input": "$$this", "in": 1}},
    {"$map": {"input": "$a", "in": "$$ROOT.i"}}, {"$filter": {"input": "$a", "cond": {"$gt": ["$$this", 15]}}},
    {"$filter": {"input": "$a", "cond": "$$IDX"}}, {"$filter": {"input": "$a", "as": "x", "cond": {"$eq": ["$$x",
    20]}}}, {"$filter": {"input": "$o", "cond": "$$this.v"}}, {"$filter": {"input": "$a", "cond": 1, "limit": 2}},
    {"$filter": {"input": "$a", "cond": "$$i", "arrayIndexAs": "i"}}, {"$filter": {"input": "$n", "cond": 1}},
    {"$filter": {"input": "$missing", "cond": 1}}, {"$filter": {}}, {"$filter": {"input": "$s", "cond": 1}}, {"$filter":
    {"input": "$e", "cond": 1, "limit": 0}}, {"$filter": 1}, {"$filter": {"input": "$n", "cond": 1, "limit": 0}},
    {"$filter": {"input": "$a"}}, {"$filter": {"cond": 1}}, {"$filter": {"input": "$a", "cond": 1, "x": 1}}, {"$filter":
    {"input": "$a", "cond": _FAILS}}, {"$filter": {"input": "$a", "cond": {"$divide": ["$$this", 0]}}}, {"$filter":
    {"input": "$a", "cond": 1, "as": 5}}, {"$filter": {"input": [1, None, 0, "x", False, [], {}], "cond": "$$this"}},
    *({"$filter": {"input": "$a", "cond": 1, "limit": number}} for number in _NUMBERS), {"$reduce": {"input": "$a",
    "initialValue": 0, "in": {"$add": ["$$value", "$$this"]}}}, {"$reduce": {"input": "$a", "initialValue": [], "in":
    {"$concatArrays": [["$$this"], "$$value"]}}}, {"$reduce": {"input": "$a", "initialValue": 0, "in": ["$$IDX",
    "$$value", "$$this"]}}, {"$reduce": {"input": "$a", "initialValue": 0, "in": ["$$i", "$$v", "$$t"], "as": "t",
    "valueAs": "v", "arrayIndexAs": "i"}}, {"$reduce": {"input": "$n", "initialValue": 0, "in": 1}}, {"$reduce":
    {"input": "$missing", "initialValue": 0, "in": 1}}, {"$reduce": {"input": "$s", "initialValue": 0, "in": 1}},
    {"$reduce": {"input": "$e", "initialValue": "$i", "in": 1}}, {"$reduce": {"input": [], "initialValue": "$missing",
    "in": 1}}, {"$reduce": {"input": "$a", "initialValue": 0}}, {"$reduce": {"input": "$a", "initialValue": "$missing",
    "in": ["$$value"]}}, {"$reduce": {"input": "$a", "in": 1}}, {"$reduce": {"initialValue": 1, "in": 1}}, {"$reduce":
    {}}, {"$reduce": 1}, {"$reduce": {"input": "$a", "initialValue": 0, "in": 1, "x": 1}}, {"$reduce": {"input": "$a",
    "initialValue": 1, "in": "$z"}}, {"$reduce": {"input": "$e", "initialValue": 0, "in": _FAILS}}, {"$reduce":
    {"input": "$a", "initialValue": "$$this", "in": 1}}, {"$reduce": {"input": "$a", "initialValue": 0, "in": 1,
    "valueAs": "this"}}, {"$reduce": {"input": "$a", "initialValue": 0, "in": 1, "as": "value"}}, {"$reduce": {"input":
    "$a", "initialValue": 0, "in": 1, "valueAs": 1}}, {"$reduce": {"input": "$a", "initialValue": {"s": 0, "p": 1},
    "in": {"s": {"$add": ["$$value.s", "$$this"]}, "p": { "$multiply": ["$$value.p", "$$this"]}}}},
]  # fmt: skip
_SORT: list[Any] = [
    {"input": "$a", "sortBy": 1}, {"input": "$a", "sortBy": -1}, {"input": "$o", "sortBy": {"k": 1}}, {"input": "$o",
    "sortBy": {"k": -1}}, {"input": "$o", "sortBy": {"v.w": 1}}, {"input": "$o", "sortBy": {"v.w": -1, "k": 1}},
    {"input": "$n", "sortBy": 1}, {"input": "$missing", "sortBy": 1}, {"input": "$s", "sortBy": 1}, {"input": "$e",
    "sortBy": 1}, {"input": [{"a": [2, 1]}, {"a": [1, 5]}, {"a": []}, {"a": 3}, {}, {"a": None}, 5, "x", [{"a": 0}]],
    "sortBy": {"a": 1}}, {"input": [{"a": [2, 1]}, {"a": [1, 5]}, {"a": []}, {"a": 3}, {}, {"a": None}, 5, "x", [{"a":
    0}]], "sortBy": {"a": -1}}, {"input": [{"a": [2, 1]}, {"a": [1, 5]}], "sortBy": {"a.0": 1}}, {"input": [{"a": [2,
    1]}, {"a": [1, 5]}], "sortBy": {"a.1": 1}}, {"input": [1, 1.0, Int64(1), True, 0], "sortBy": 1}, {"input": [1, 1.0,
    Int64(1), True, 0], "sortBy": -1}, {"input": [{"a": 1, "b": 2}, {"a": 1, "b": 1}, {"a": 0, "b": 5}], "sortBy": {"a":
    1, "b": 1}}, {"input": ["b", "A", "a", "B", None, 3], "sortBy": 1}, {"input": "$a"}, {"sortBy": 1}, {}, 1, {"input":
    "$a", "sortBy": 1, "x": 1}, *({"input": "$a", "sortBy": by} for by in ( 1.0, Int64(-1), Decimal128("1"), 2, 0, 1.5,
    True, "a", None, "$i", [], {}, {"a": 2}, {"a": "x"}, {"a": True}, {"$a": 1}, {"a..b": 1}, {"": 1}, {"a": 1.0}, {"a":
    None}, {"a.": 1}, {".a": 1}, {"a": {"$meta": "textScore"}}, {"a": []}, )),
]  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    for operator, operands in _PLAIN.items():
        yield from make.each_of(*({operator: operand} for operand in operands), document=_DOCUMENT)
        yield from make.each_in({operator: ["$v", 1]}, "few values")
    for operator in ("$isArray", "$size", "$first", "$last", "$reverseArray", "$objectToArray", "$arrayToObject"):
        yield from make.unary(operator)
        yield from make.each_of(
            *({operator: operand} for operand in ("$a", "$e", "$n", "$d", "$o", ["$a"], [[1, 2]], [[]], "$missing")),
            document=_DOCUMENT,
        )
    yield from make.each_in({"$arrayToObject": "$v"}, [{"v": value} for value in _TO_OBJECT])
    yield make.over({"$isArray": "$v"}, "every value")
    yield from make.each_of(*({"$zip": operand} for operand in _ZIP), document=_DOCUMENT)
    yield from make.each_of(*_ITERATION, document=_DOCUMENT)
    yield from make.each_of(*({"$sortArray": operand} for operand in _SORT), document=_DOCUMENT)
    yield make.of({"$sortArray": {"input": ["b", "A", "a", "B"], "sortBy": 1}}, collation={"locale": "en"})
    yield make.of({"$in": ["A", ["b", "a"]]}, collation={"locale": "en", "strength": 2})
    yield make.of({"$indexOfArray": [["b", "a"], "A"]}, collation={"locale": "en", "strength": 2})
    for operator in ("$firstN", "$lastN", "$minN", "$maxN"):
        operands: list[Any] = [
            {"n": number, "input": "$a"}
            for number in [*_NUMBERS, 2**31, Int64(2**62), 1e300, Decimal128("1E+30"), "$i", 3]
        ]
        operands += [
            {"n": 2, "input": value} for value in ("$n", "$missing", "$s", "$e", "$o", [3, None, "$missing", 1], 1)
        ]
        operands += [
            1,
            {},
            {"n": 1},
            {"input": "$a"},
            {"n": 1, "input": "$a", "x": 1},
            {"n": _FAILS, "input": "$a"},
            "x",
            [],
        ]
        yield from make.each_of(*({operator: operand} for operand in operands), document=_DOCUMENT)
