"""$and $or $nor $not $alwaysTrue $alwaysFalse $comment, nested, empty and malformed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64, Regex

from ..case import Case
from ..slug import Slugs

_WRONG: list[Any] = [
    1, "a", None, True, {}, {"a": 1}, [], [1], [None], [{"a": 1}, 1], [{"$gt": 1}], [[{"a": 1}]], [{"$nope": 1}],
    [{"a": {"$nope": 1}}],
    Regex("a"),
]  # fmt: skip
_PARTS: list[list[Any]] = [
    [{}],
    [{"a": 1}],
    [{"a": 1}, {"a": 3}],
    [{"a": {"$gt": 1}}, {"b": {"$exists": True}}],
    [{"a": 1, "b": 1}, {"a.b": 1}],
    [{"a.b": 1}, {"a.c": 2}],
    [{"a": None}, {"b": None}],
    [{"$comment": "x"}],
    [{"$alwaysTrue": 1}, {"a": 1}],
    [{"$alwaysFalse": 1}, {"a": 1}],
    [{"$and": [{"a": 1}]}, {"$or": [{"b": 1}, {"a": 3}]}],
    [{"$nor": [{"a": 1}, {"b": 1}]}, {"a": {"$exists": 1}}],
    [{"a": Regex("t")}, {"a": 1}],
    [{"a": {"$eq": Regex("t")}}, {"a": 1}],
    [{"a": {"$in": []}}, {"b": 1}],
    [{"a": {"$size": 3}}, {"b": 1}, {"a": {"$elemMatch": {"b": 1}}}],
    [{"$expr": {"$eq": ["$a", 1]}}, {"b": 1}],
    [{"a": 1}, {"a": 1}],
    [{"a.0": 5}, {"a.b.0": 1}],
]
_NEGATED: list[Any] = [
    {"$gt": 1},
    {"$gt": 1, "$lt": 6},
    {"$eq": None},
    {"$ne": 1},
    {"$in": [1, None]},
    {"$nin": [1]},
    {"$exists": True},
    {"$exists": False},
    {"$type": "array"},
    {"$size": 3},
    {"$all": [1, 2]},
    {"$elemMatch": {"b": 1}},
    {"$elemMatch": {"$gt": 1}},
    {"$not": {"$gt": 1}},
    {"$not": Regex("t")},
    {"$regex": "T", "$options": "i"},
    {"$mod": [2, 1]},
    {"$bitsAllSet": 1},
    Regex("t"),
    {},
    {"a": 1},
    {"$gt": 1, "b": 1},
    1,
    "a",
    None,
    [],
    [{"$gt": 1}],
    {"$nope": 1},
    {"$options": "i"},
    {"$ref": "c", "$id": 1},
    {"$and": []},
]


def cases() -> Iterator[Case]:
    slug = Slugs()

    def find(name: str, spec: dict[str, Any]) -> Case:
        command = {"find": "$coll", "filter": spec, "projection": {"_id": 1}}
        return Case(name, command, "shapes")

    for operator in ("$and", "$or", "$nor"):
        for parts in _PARTS:
            yield find(slug(operator, parts), {operator: parts})
            yield find(slug(operator, parts, "and-b"), {"b": {"$ne": 7}, operator: parts})
        for wrong in _WRONG:
            yield find(slug(operator, "wrong", wrong), {operator: wrong})
        yield find(slug(operator, "under a path"), {"a": {operator: [{"b": 1}]}})
    for negated in _NEGATED:
        yield find(slug("$not", negated), {"a": {"$not": negated}})
        yield find(slug("$not", "a.b", negated), {"a.b": {"$not": negated}})
    yield find("not-top-level", {"$not": {"a": 1}})
    for operator in ("$alwaysTrue", "$alwaysFalse"):
        for value in (1, 1.0, Int64(1), Decimal128("1"), 0, 2, -1, 1.5, True, "1", None, [], {}, float("nan"), 1e30):
            yield find(slug(operator, value), {operator: value})
        yield find(slug(operator, "field"), {"a": {operator: 1}})
    for value in ("x", 1, None, {"$gt": 1}, [1]):
        yield find(slug("$comment", value), {"a": 1, "$comment": value})
    yield find("comment-field", {"a": {"$eq": 1, "$comment": "x"}})
    yield find("nested-20", _nested(20))


def _nested(depth: int) -> dict[str, Any]:
    spec: dict[str, Any] = {"a": 1}
    for _ in range(depth):
        spec = {"$and": [spec, {"b": {"$ne": 9}}]}
    return spec
