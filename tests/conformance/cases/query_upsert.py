"""Which fields an upsert takes from its filter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Regex

from ..case import Case
from ..slug import Slugs

_FILTERS: list[dict[str, Any]] = [
    {"_id": 1},
    {"_id": 1, "a": 5},
    {"_id": 1, "a": None},
    {"_id": 1, "a": {"$eq": 5}},
    {"_id": 1, "a": {"$eq": {"b": 1}}},
    {"_id": 1, "a": {"b": 1}},
    {"_id": 1, "a": [1, 2]},
    {"_id": 1, "a.b": 1},
    {"_id": 1, "a.b.c": 1},
    {"_id": 1, "a.0": 1},
    {"_id": 1, "a": {"$in": [5]}},
    {"_id": 1, "a": {"$in": [5, 5.0]}},
    {"_id": 1, "a": {"$in": [5, 6]}},
    {"_id": 1, "a": {"$in": []}},
    {"_id": 1, "a": {"$all": [5]}},
    {"_id": 1, "a": {"$all": [5, 6]}},
    {"_id": 1, "a": {"$all": [5, 5]}},
    {"_id": 1, "a": {"$elemMatch": {"b": 1}}},
    {"_id": 1, "a": {"$all": [{"$elemMatch": {"b": 1}}]}},
    {"_id": 1, "a": {"$gte": 1, "$lte": 1}},
    {"_id": 1, "a": {"$gt": 1}},
    {"_id": 1, "a": {"$exists": True, "$eq": 5}},
    {"_id": 1, "a": {"$ne": 5}},
    {"_id": 1, "a": {"$not": {"$ne": 5}}},
    {"_id": 1, "a": {"$not": {"$not": {"$eq": 5}}}},
    {"_id": 1, "a": Regex("x")},
    {"_id": 1, "a": {"$eq": Regex("x")}},
    {"_id": 1, "a": {"$in": [Regex("x")]}},
    {"_id": 1, "a": {"$type": "int"}},
    {"_id": 1, "$or": [{"a": 5}]},
    {"_id": 1, "$or": [{"a": 5}, {"a": 5}]},
    {"_id": 1, "$or": [{"a": 5}, {"b": 5}]},
    {"_id": 1, "$or": [{"a": 5}, {"$alwaysFalse": 1}]},
    {"_id": 1, "$and": [{"a": 5}]},
    {"_id": 1, "$and": [{"$and": [{"a": 5}]}]},
    {"_id": 1, "$and": [{"a": 5}, {"a": 5}]},
    {"_id": 1, "$and": [{"a": 5}, {"a": 6}]},
    {"_id": 1, "$nor": [{"a": 5}]},
    {"_id": 1, "$nor": [{"a": {"$ne": 5}}]},
    {"_id": 1, "a": 5, "a.b": 1},
    {"_id": 1, "a": {"b": 1}, "a.b": 1},
    {"_id": 1, "a": {"$ref": "c", "$id": 1}},
    {"_id": 1, "a": {"$eq": 5, "$in": [5]}},
    {"_id": 1, "$jsonSchema": {"required": ["a"]}},
    {"_id": 1, "$comment": "x", "a": 5},
    {"_id": 1, "$expr": {"$eq": ["$a", 5]}},
    {"_id": {"$in": [1]}},
    {"_id": {"$eq": 1}},
    {"$and": [{"_id": 1}, {"a": 5}]},
    {"$or": [{"_id": 1}]},
    {"_id": {"$gt": 1}},
    {"_id.x": 1},
    {"_id": 1, "": 5},
    {"_id": 1, "a.": 5},
    {"_id": 1, "$alwaysTrue": 1},
]
_UPDATES: list[dict[str, Any]] = [{"$set": {"n": 1}}, {"n": 1}, {"$set": {"a": 9}}, {"$setOnInsert": {"b": 1}}]


def cases() -> Iterator[Case]:
    slug = Slugs()
    for spec in _FILTERS:
        for update in _UPDATES:
            command = {"update": "$coll", "updates": [{"q": spec, "u": update, "upsert": True}]}
            yield Case(slug(spec, update), command, [])
