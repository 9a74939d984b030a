"""$eq $ne $gt $gte $lt $lte $in $nin: every operand against every value, alone, in arrays and in objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from ..case import Case
from ..providers import ALL_VALUES
from ..slug import Slugs

_RELATIONS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
_OPERANDS: list[Any] = [
    0,
    1,
    Int64(42),
    2.5,
    -0.0,
    float("nan"),
    float("inf"),
    Int64(2**53 + 1),
    float(2**53),
    Decimal128("42.00"),
    Decimal128("0.1"),
    Decimal128("NaN"),
    "a",
    "",
    "é",
    {},
    {"a": 1},
    {"b": 2, "a": 1},
    [],
    [1, 2],
    [[1, 2]],
    b"abc",
    ObjectId("65e0a3c00000000000000001"),
    True,
    False,
    DatetimeMS(0),
    Timestamp(1, 1),
    Regex("abc", ""),
    Code("x"),
    Code("x", {}),
    None,
    MinKey(),
    MaxKey(),
    {"$gt": 1},
    {"$ref": "c", "$id": 1},
]
_LISTS: list[Any] = [
    [],
    [1],
    [1, 1.0, Int64(1)],
    [1, "a", None],
    [None],
    [[]],
    [[1, 2]],
    [[1, 2], 3],
    [{}],
    [{"a": 1}],
    [{"a": 1.0}, b"abc"],
    [float("nan")],
    [float("nan"), 1],
    [Decimal128("42"), 0],
    [True],
    [0, 1],
    [Regex("^a")],
    [Regex("^A", "i"), 1],
    [Regex("abc")],
    [Regex("b", "x"), Regex("c")],
    [MinKey(), MaxKey()],
    [Timestamp(1, 1), DatetimeMS(0)],
    [ObjectId("65e0a3c00000000000000001"), ObjectId("65e0a3c00000000000000002")],
    [Code("x"), Code("x", {})],
    [{"$ref": "c", "$id": 1}],
    [2.5, 2.5, 0.5],
    ["", "a", "é"],
]
_WRONG_LISTS: list[Any] = [
    1,
    "a",
    None,
    {},
    {"a": 1},
    Regex("a"),
    [{"$gt": 1}],
    [{"$ref": 1}],
    [Regex("(")],
    [{"$x": 1}],
]


def cases() -> Iterator[Case]:
    slug = Slugs()
    for relation in _RELATIONS:
        for operand in _OPERANDS:
            yield from _everywhere(slug, relation, operand)
    for operand in ALL_VALUES:
        if not isinstance(operand, Regex):
            yield _find(slug("implicit", operand), {"v": operand}, "every value")
    for operator in ("$in", "$nin"):
        for members in _LISTS:
            yield from _everywhere(slug, operator, members)
        for members in _WRONG_LISTS:
            yield _find(slug(operator, "wrong", members), {"v": {operator: members}}, "few values in arrays")
    for operand in _OPERANDS:
        yield _find(slug("not-gte", operand), {"v": {"$not": {"$gte": operand}}}, "few values in arrays")
        yield _find(slug("elem-match-lte", operand), {"v": {"$elemMatch": {"$lte": operand}}}, "few values in arrays")
    yield from _collated(slug)


def _find(name: str, spec: dict[str, Any], documents: str) -> Case:
    return Case(name, {"find": "$coll", "filter": spec, "projection": {"_id": 1}}, documents)


def _everywhere(slug: Slugs, operator: str, operand: Any) -> Iterator[Case]:
    name = slug(operator, operand)
    yield _find(name, {"v": {operator: operand}}, "every value")
    yield _find(f"{name}-in-arrays", {"v": {operator: operand}}, "few values in arrays")
    yield _find(f"{name}-in-objects", {"v.w": {operator: operand}}, "few values in objects")


def _collated(slug: Slugs) -> Iterator[Case]:
    specs: list[dict[str, Any]] = [
        {"v": "a"},
        {"v": {"$ne": "A"}},
        {"v": {"$in": ["ABC", "é"]}},
        {"v": {"$gt": "a"}},
        {"v": {"$lte": "B"}},
        {"v": Regex("^a")},
        {"v": {"$in": [Regex("^A"), "ab"]}},
        {"v": {"$eq": ["A"]}},
        {"v": {"$in": [["A"], "b"]}},
        {"v": {"$eq": {"a": "X"}}},
        {"v": {"$elemMatch": {"$eq": "A"}}},
        {"v": {"$all": ["A", "b"]}},
        {"v": {"$not": {"$eq": "A"}}},
        {"$or": [{"v": "A"}, {"v": "AB"}]},
    ]
    documents = [
        {"v": v} for v in ("a", "A", "ab", "aB", "b", "ABC", "é", "e", ["a", "B"], ["A"], {"a": "x"}, 1, "10", "9")
    ]
    for spec in specs:
        for collation in ({"locale": "en", "strength": 2}, {"locale": "en", "strength": 1}, {"locale": "simple"}):
            command = {"find": "$coll", "filter": spec, "projection": {"_id": 1}, "collation": collation}
            yield Case(slug("collation", str(collation.get("strength", 0)), spec), command, documents)
    numeric = {"find": "$coll", "filter": {"v": {"$gt": "9"}}, "projection": {"_id": 1}}
    yield Case("collation-numeric", {**numeric, "collation": {"locale": "en", "numericOrdering": True}}, documents)
