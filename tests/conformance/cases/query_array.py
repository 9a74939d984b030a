"""$all $elemMatch $size, with every kind of operand, on arrays of everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64, MaxKey, Regex

from ..case import Case
from ..slug import Slugs

_DOCUMENTS: list[dict[str, Any]] = [
    {"a": v}
    for v in (
        [1, 2, 3], [1, [2, 3]], [], [None], [[]], [{}], [[1, 2]], [[[1]]], 1, None, {}, {"b": 1}, "x", ["x", "Xy", 1],
        [{"b": 1}], [{"b": 1, "c": 2}, {"b": 2}], [{"b": [1, 2]}, {"b": [3]}], [{"b": {"c": 1}}, {"b": {"c": [5, 6]}}],
        [[{"b": 1}]], [1, {"b": 1}, "x", None, [5]], [{"b": None}], [{"0": 1}], [5, 15, 25], [0, 10, 20, 30],
        [True, False],
        [{"$ref": "c", "$id": 1}], {"b": [1, 2, {"c": 3}]}, [1.0, Int64(2), Decimal128("3")], [float("nan")],
        [Regex("x")],
        ["x"], [{"b": 5, "c": [1, 2]}, {"b": 7, "c": [3]}],
    )
] + [{}]  # fmt: skip
_ELEMENT: list[Any] = [
    {"$gt": 1},
    {"$gt": 5, "$lt": 20},
    {"$gte": 1, "$lte": 1},
    {"$eq": 1},
    {"$eq": None},
    {"$eq": [1, 2]},
    {"$ne": 1},
    {"$in": [1, "x"]},
    {"$in": []},
    {"$nin": [1, 2, 3]},
    {"$nin": []},
    {"$not": {"$gt": 1}},
    {"$not": {"$gt": 1, "$lt": 9}},
    {"$not": Regex("x")},
    {"$regex": "x", "$options": "i"},
    {"$options": "i", "$regex": "^X"},
    {"$exists": True},
    {"$exists": False},
    {"$type": "array"},
    {"$type": ["object", "string"]},
    {"$size": 2},
    {"$all": [1, 2]},
    {"$all": [5]},
    {"$mod": [5, 0]},
    {"$bitsAllSet": 1},
    {"$elemMatch": {"$gt": 1}},
    {"$elemMatch": {"b": 1}},
    {"$elemMatch": {"$elemMatch": {"$eq": 1}}},
    {"$elemMatch": {}},
    {},
    {"b": 1},
    {"b": {"$gt": 1}, "c": 2},
    {"b": None},
    {"b": {"$exists": False}},
    {"b": {"$elemMatch": {"$gt": 1}}},
    {"b.c": 1},
    {"b.c": {"$gt": 5}},
    {"0": 1},
    {"1": 2},
    {"$and": [{"b": 1}, {"c": 2}]},
    {"$or": [{"b": 1}, {"b": 7}]},
    {"$nor": [{"b": 1}]},
    {"$or": [{"b": 1, "c": 2}, {"0": 1}], "b": {"$exists": True}},
    {"$comment": "x"},
    {"$alwaysTrue": 1},
    {"$alwaysFalse": 1},
    {"$ref": "c", "$id": 1},
    {"$id": 1},
    {"$ref": "c"},
    {"$id": {"$gt": 0}},
    {"$jsonSchema": {"required": ["b"]}},
    {"": 1},
    {"$gt": 1, "b": 1},
    {"b": 1, "$gt": 1},
    {"$gt": 1, "$nope": 1},
    {"$nope": 1},
    {"$expr": {"$eq": ["$b", 1]}},
    {"$sampleRate": 1},
    {"$comment": "x", "$gt": 1},
    1,
    "x",
    None,
    [],
    [{"b": 1}],
    Regex("x"),
]
_ALL: list[Any] = [
    [],
    [1],
    [1, 2],
    [2, 1, 1],
    [None],
    [[]],
    [[1, 2]],
    [[2, 3], 1],
    [{}],
    [{"b": 1}],
    [{"b": 1, "c": 2}, {"b": 2}],
    ["x", 1],
    [Regex("x")],
    [Regex("^x"), Regex("Y", "i")],
    [Regex("x"), 1],
    [Regex("(")],
    [float("nan")],
    [1.0, Decimal128("2")],
    [MaxKey()],
    [{"$elemMatch": {"b": 1}}],
    [{"$elemMatch": {"b": 1}}, {"$elemMatch": {"b": 2}}],
    [{"$elemMatch": {"$gt": 5, "$lt": 20}}],
    [{"$elemMatch": {"$gt": 1}}, {"$elemMatch": {"$lt": 2}}],
    [{"$elemMatch": {"b": 1}, "$gt": 1}],
    [{"$elemMatch": 1}],
    [{"$elemMatch": {"b": 1}}, 1],
    [1, {"$elemMatch": {"b": 1}}],
    [{"$elemMatch": {"b": 1}}, {"$gt": 1}],
    [{"$gt": 1}],
    [{"x": 1, "$gt": 1}],
    [{"$ref": "c", "$id": 1}],
    [{"$id": 1}],
    1,
    "x",
    None,
    {},
    {"0": 1},
    Regex("x"),
]
_SIZES: list[Any] = [
    0, 1, 2, 3, 4, 1.0, Int64(2), Decimal128("3"), Decimal128("3.0"), -0.0, -1, 1.5, Decimal128("1.5"), float("nan"),
    float("inf"),
    Decimal128("NaN"), Int64(2**31), Int64(2**40), 1e20, "1", None, True, [], [1], {}, {"$gt": 1}, Regex("a"), -2.0,
]  # fmt: skip


def cases() -> Iterator[Case]:
    slug = Slugs()
    for operator, operands in (("$elemMatch", _ELEMENT), ("$all", _ALL), ("$size", _SIZES)):
        for operand in operands:
            for path in ("a", "a.b", "a.0"):
                spec = {path: {operator: operand}}
                command = {"find": "$coll", "filter": spec, "projection": {"_id": 1}}
                yield Case(slug(operator, path.replace(".", "_"), operand), command, _DOCUMENTS)
