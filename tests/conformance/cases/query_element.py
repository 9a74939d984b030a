"""$exists and $type, and how paths reach into documents and arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64, MinKey, Regex

from satchel.values.bson_types import TYPE_NUMBERS

from ..case import Case
from ..slug import Slugs

_PATHS = (
    "a b x a.b a.c a.b.c a.b.d a.0 a.1 a.3 a.0.b a.1.b a.2.b a.0.0 a.0.1 a.1.0 a.b.0 a.b.1 a.b.0.c a.b.c.1.d "
    "a.0.b.c a.0.b.0.c a. .a a..b a.00 a.-1 a.$ a.b.$ b.c b.0"
).split()
_CONDITIONS: list[Any] = [
    1,
    None,
    3,
    [1, 2],
    {},
    {"$exists": True},
    {"$exists": False},
    {"$ne": None},
    {"$ne": 1},
    {"$gt": 1},
    {"$gte": None},
    {"$gt": MinKey()},
    {"$in": [1, None]},
    {"$nin": [1, 2]},
    {"$type": "array"},
    {"$type": "object"},
    {"$type": "number"},
    {"$size": 2},
    {"$size": 0},
    {"$elemMatch": {"$gte": 1}},
    {"$elemMatch": {"b": 1}},
    {"$elemMatch": {"c": {"$exists": True}}},
    {"$all": [1, 2]},
    {"$mod": [2, 1]},
    Regex("t"),
]
_TYPES: list[Any] = [
    *TYPE_NUMBERS,
    *TYPE_NUMBERS.values(),
    "number",
    ["int", "number"],
    ["string", 1],
    [2, 2],
    [1.0, Int64(2), Decimal128("3")],
    [],
    0,
    20,
    -2,
    126,
    255,
    1.5,
    2.0,
    Int64(16),
    Decimal128("19"),
    float("nan"),
    float("inf"),
    1e10,
    "x",
    "",
    "missing",
    "Int",
    "boolean",
    "integer",
    ["x"],
    [None],
    [[1]],
    [1, "x"],
    None,
    True,
    {},
    Regex("a"),
]


def cases() -> Iterator[Case]:
    slug = Slugs()

    def find(name: str, spec: dict[str, Any], documents: str) -> Case:
        command = {"find": "$coll", "filter": spec, "projection": {"_id": 1}}
        return Case(name, command, documents)

    for kind in _TYPES:
        yield find(slug("$type", kind), {"v": {"$type": kind}}, "every value")
        yield find(slug("$type", kind, "in-arrays"), {"v": {"$type": kind}}, "few values in arrays")
    for operand in (True, False, 1, 0, 0.0, None, "", "x", [], {}, Decimal128("0"), Int64(0), float("nan"), -1):
        yield find(slug("$exists", operand), {"v": {"$exists": operand}}, "few values")
        yield find(slug("$exists", operand, "v.w"), {"v.w": {"$exists": operand}}, "few values in objects")
    for path in _PATHS:
        for condition in _CONDITIONS:
            yield find(slug("path", path.replace(".", "_"), condition), {path: condition}, "shapes")
    for path in ("$", "$a", "$a.b", "", "a.$b", "$ref", "$id", "$db", "a.$ref", "a.$id"):
        yield find(slug("dollar", path.replace("$", "D")), {path: 1}, "shapes")
