"""The stages that look at one document at a time: $match $limit $skip $count $unset $unwind $replaceRoot and so on."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64

from ..case import Case
from ..pipelines import pipeline, stage

_TWO = [{"_id": 1, "a": 1}, {"_id": 2, "a": [1, 2]}]
_UNWINDABLE = [
    {"_id": 1, "a": [1, 2]},
    {"_id": 2, "a": []},
    {"_id": 3, "a": None},
    {"_id": 4},
    {"_id": 5, "a": 5},
    {"_id": 6, "a": {"b": [1, [2]]}},
    {"_id": 7, "a": {"b": []}},
    {"_id": 8, "a": [{"b": [1, 2]}]},
    {"_id": 9, "a": {}},
    {"_id": 10, "a": {"b": None}},
    {"_id": 11, "a": {"b": 3, "c": 4}},
    {"_id": 12, "b": 1, "a": [None, {"x": 1}], "c": 2},
]
_NUMBERS = [
    1,
    2,
    Int64(1),
    1.0,
    1.5,
    0,
    -1,
    "1",
    None,
    True,
    [],
    {},
    Decimal128("1"),
    Decimal128("1.5"),
    Decimal128("NaN"),
    float("nan"),
    float("inf"),
    1e300,
    2**62,
    -0.0,
    Decimal128("1E+40"),
]
_DOLLARS = ["a", "", "$a", "a.b", "a.$b", "a..b", ".a", "a.", "$", "_id", "_id.x"]


def cases() -> Iterator[Case]:
    yield from stage("$limit", _NUMBERS, _TWO)
    yield from stage("$skip", _NUMBERS, _TWO)
    yield from stage("$match", [5, None, [], {}, {"a": {"$foo": 1}}, {"$foo": 1}, {"a": 1}, {"$expr": "$a"}], _TWO)
    yield from stage("$count", [*_DOLLARS, 5, None, [], {}, True, "a$"], _TWO)
    yield pipeline("count-nothing", [{"$match": {"a": 9}}, {"$count": "n"}], _TWO)
    yield from _sample()
    yield from _unset()
    yield from _unwind()
    yield from _replace_root()
    yield from _project()
    yield from _sort()
    yield from _pipelines()


def _sample() -> Iterator[Case]:
    wrong = [{"size": value} for value in ("1", None, True, [], {}, 0, -1, float("nan"), -0.0, Decimal128("0.4"))]
    right = [{"size": value} for value in (5, Int64(2), 2.5, Decimal128("2"), float("inf"), 1e300, 2**62)]
    others = [5, None, [], {}, {"size": 1, "x": 1}, {"x": 1}]
    yield from stage("$sample", [*wrong, *right, *others], _TWO, unordered=True)
    yield pipeline("sample-one", [{"$sample": {"size": 1}}, {"$count": "n"}], _TWO)


def _unset() -> Iterator[Case]:
    documents = [{"_id": 1, "a": {"b": 1, "c": 2}, "d": [{"b": 1, "c": 2}, 3]}, {"_id": 2, "a": 1}]
    operands = [["a", "d"], ["a.b", "d.b"], [], 5, None, ["a", 5], [""], ["a", "a.b"], ["a", "a"], {"a": 1}, ["$a"]]
    yield from stage("$unset", [*_DOLLARS, *operands], documents)


def _unwind() -> Iterator[Case]:
    paths = ["$" + path for path in _DOLLARS]
    yield from stage("$unwind", [*paths, "a", "", 5, None, {}, [], "$$ROOT", "$a.0", "$a.b.c"], _UNWINDABLE)
    for number, path in enumerate(["$a", "$a.b", "$zz", "$_id"]):
        for keeps in (False, True):
            for index in (None, "i", "i.j", "a", "a.i", "_id", "c"):
                operand = {"path": path, "preserveNullAndEmptyArrays": keeps}
                if index is not None:
                    operand["includeArrayIndex"] = index
                yield pipeline(f"unwind-options-{number}-{keeps}-{index}", [{"$unwind": operand}], _UNWINDABLE)
    wrong = [
        {"path": "a"},
        {"path": "$"},
        {"path": 5},
        {"path": "$a", "x": 1},
        {"path": "$a", "preserveNullAndEmptyArrays": 5},
        {"path": "$a", "preserveNullAndEmptyArrays": None},
        {"path": "$a", "includeArrayIndex": 5},
        {"path": "$a", "includeArrayIndex": ""},
        {"path": "$a", "includeArrayIndex": "$x"},
        {"path": "$a", "includeArrayIndex": None},
        {"path": "$a", "includeArrayIndex": "a..b"},
        {"path": "$$ROOT"},
        {"includeArrayIndex": "x"},
    ]
    yield from stage("$unwind", wrong, _UNWINDABLE, label="unwind-wrong")


def _replace_root() -> Iterator[Case]:
    documents = [{"_id": 1, "a": {"x": 1}, "b": 2}, {"_id": 2, "a": {"y": 2}}]
    roots = ["$a", {"x": "$b"}, {}, "$$ROOT", {"$mergeObjects": ["$$ROOT", "$a"]}, {"$literal": {"z": "$b"}}]
    wrong = [5, None, "$zz", "$b", "a", [], {"$add": [1, 2]}, {"$foo": 1}, {"a.b": 1}, "$$REMOVE", True]
    yield from stage("$replaceWith", [*roots, *wrong], documents)
    yield from stage("$replaceRoot", [{"newRoot": root} for root in [*roots, *wrong]], documents)
    malformed = [5, None, {}, [], "$a", {"newRoot": "$a", "x": 1}, {"x": 1}]
    yield from stage("$replaceRoot", malformed, documents, label="replaceRoot-malformed")


def _project() -> Iterator[Case]:
    documents = [{"_id": 1, "a": 1, "b": {"c": 2, "d": [{"e": 3}, 4]}}, {"_id": 2, "a": [1, 2], "b": 5}]
    specs = [
        5,
        None,
        {},
        [],
        {"a": 1},
        {"a": 1, "_id": 0},
        {"_id": 0},
        {"a": 0},
        {"a": 1, "b": 0},
        {"b.c": 1},
        {"b": {"c": 1}},
        {"b.d.e": 1, "x": "$a"},
        {"x": {"y": "$a", "z": 1}},
        {"a": "$b.c", "b": "$a"},
        {"x": ["$a", "$zz"]},
        {"x": "$$REMOVE", "a": 1},
        {"a": {"$foo": 1}},
        {"a": 1, "a.b": 1},
        {"a": {"$literal": 1}},
        {"a": True, "b": 1.5},
        {"": 1},
        {"$a": 1},
        {"a": ""},
    ]
    yield from stage("$project", specs, documents)
    added = [5, None, {}, [], {"a": 5}, {"b.c": 9, "n.m": 1}, {"a": 1, "a.b": 0}, {"x": {"$foo": 1}}, {"a.b": "$_id"}]
    more = [{"b": {"z": "$a"}}, {"a": "$$REMOVE"}, {"_id": 5}, {"x": {"$literal": {"$a": 1}}}, {"b.d.e": 1}, {"$a": 1}]
    yield from stage("$set", [*added, *more], documents)
    yield from stage("$addFields", [*added, *more], documents)


def _sort() -> Iterator[Case]:
    documents = [
        {"_id": 1, "a": [{"b": 1, "c": 5}, {"b": 2, "c": 1}]},
        {"_id": 2, "a": [{"b": 1, "c": 3}]},
        {"_id": 3, "a": {"b": 0}},
        {"_id": 4, "a": []},
        {"_id": 5, "a": None},
        {"_id": 6},
        {"_id": 7, "a": [[1, 2], 3]},
        {"_id": 8, "a": "x"},
    ]
    specs = [
        {"a.b": 1, "a.c": 1},
        {"a.b": 1, "a.c": -1, "_id": 1},
        {"a.c": 1, "a.b": 1, "_id": 1},
        {"a": 1, "_id": -1},
        {"a": -1, "_id": 1},
        {"a.0": 1, "_id": 1},
        {"a.b": -1, "_id": 1},
        {},
        {"a": 2},
        {"a": "x"},
        {"a": 0},
        {"_id": 1.5},
        {"_id": Decimal128("-1")},
        {"a": True},
        {"a": None},
        {"a": []},
        {"a": {"x": 1}},
        {"a": {"$meta": "textScore"}},
        {"a": {"$meta": "foo"}},
        {"a": {"$meta": 5}},
        {"a": {"$meta": "textScore", "x": 1}},
        {"a..b": 1},
        {"$a": 1},
        {"": 1},
        {"a.": 1},
        {"a.$b": 1},
        {"$natural": 1},
        {"_id": 1, "_id.x": 1},
        5,
        None,
        {str(number): 1 for number in range(33)},
    ]
    yield from stage("$sort", specs, documents)
    parallel = [{"_id": 1, "a": {"b": [0, 1], "c": [1]}}]
    yield pipeline("sort-parallel", [{"$sort": {"a.b": 1, "a.c": 1}}], parallel)


def _pipelines() -> Iterator[Case]:
    wrong = [
        5,
        {},
        None,
        [5],
        [{}],
        [[]],
        [{"$match": {}, "$sort": {"a": 1}}],
        [{"$foo": 1}],
        [{"match": {}}],
        [{"": 1}],
    ]
    for number, specs in enumerate(wrong):
        yield pipeline(f"pipeline-{number}", specs, _TWO)
    yield pipeline("pipeline-empty", [], _TWO)
    yield pipeline("pipeline-no-collection", [{"$match": {}}], None)
    first = {"$documents": [{"x": 1}]}
    for number, specs in enumerate([[{"$match": {}}], [], [first], [first, first], [{"$limit": 1}, first]]):
        yield pipeline(f"pipeline-database-{number}", specs, None, collection=1)
