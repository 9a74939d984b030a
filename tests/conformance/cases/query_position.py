"""Which array element the positional operator stands for, by the filter that matched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Regex

from ..case import Case
from ..slug import Slugs

_DOCUMENTS: list[dict[str, Any]] = [
    {"a": [1, 2, 3]},
    {"a": [{"b": 1}, {"b": 2}]},
    {"a": [{"b": [5, 6]}, {"b": [7, 8]}]},
    {"a": {"b": [1, 2]}},
    {"a": [[1, 2], [3, 4]]},
    {"a": [{"b": {"c": [1, 2]}}, {"b": {"c": [3]}}]},
    {"a": [{"b": [{"c": 1}, {"c": 2}]}, {"b": [{"c": 3}]}], "z": [4, 5, 6]},
    {"a": [1, 2, 3], "z": [3, 2, 1]},
    {"a": [9, 9, {"b": [0, {"c": 1}]}]},
    {"a": [5, [2, 3], None, "x", "yx"]},
    {"a": []},
]
_FILTERS: list[dict[str, Any]] = [
    {"a": 2},
    {"a": 3, "z": 2},
    {"z": 2, "a": 3},
    {"a": {"$gt": 1}, "z": {"$lt": 2}},
    {"z": {"$gt": 1}, "a": {"$lt": 9}},
    {"a": {"$gte": 2, "$lte": 1}},
    {"a": {"$gte": 1, "$lte": 2}},
    {"a": {"$in": [3, 2]}},
    {"a": {"$in": [[2, 3], 5]}},
    {"a": [1, 2, 3]},
    {"a": [3, 4]},
    {"a": {"$ne": 100}},
    {"a": {"$not": {"$gt": 100}}},
    {"a": {"$not": {"$not": {"$eq": 2}}}},
    {"a": {"$size": 3}},
    {"a": {"$exists": True}},
    {"a": {"$type": "array"}},
    {"a": {"$type": "object"}},
    {"a": {"$mod": [2, 0]}},
    {"a": {"$bitsAllSet": 2}},
    {"a": Regex("^y")},
    {"a": None},
    {"a": {"$all": [2, 3]}},
    {"a": {"$all": [3, 2]}},
    {"a": {"$elemMatch": {"$gt": 1, "$lt": 3}}},
    {"a": {"$elemMatch": {"b": 2}}},
    {"a": {"$elemMatch": {"b.c": 3}}},
    {"a": {"$elemMatch": {"$elemMatch": {"$eq": 3}}}},
    {"a": {"$all": [{"$elemMatch": {"b": 2}}, {"$elemMatch": {"b": 1}}]}},
    {"a": {"$elemMatch": {"$gt": 1}}, "z": {"$exists": True}},
    {"a.0": 1},
    {"a.1": 2, "a": 3},
    {"a.1": [3, 4]},
    {"a.1.0": 3},
    {"a.b": 2},
    {"a.b": 8},
    {"a.b": [7, 8]},
    {"a.b": None},
    {"a.b": {"$exists": True}},
    {"a.b": {"$size": 2}},
    {"a.b": {"$type": "array"}},
    {"a.b": {"$ne": 100}},
    {"a.b": {"$elemMatch": {"$eq": 8}}},
    {"a.b": {"$elemMatch": {"c": 2}}},
    {"a.b.0": 7},
    {"a.1.b": 8},
    {"a.1.b": {"$elemMatch": {"c": 3}}},
    {"a.2.b.c": 1},
    {"a.b.c": 3},
    {"a.b.c": None},
    {"a.b.c": {"$exists": False}},
    {"z": 6, "a.b.c": 1},
    {"a.b.c": 3, "z": 5},
    {"$and": [{"a": 3}, {"a": 2}]},
    {"$and": [{"a": 2}, {"a": 3}]},
    {"$or": [{"a": 3}, {"a": 2}]},
    {"$or": [{"z": 5}, {"a.b.c": 1}]},
    {"$or": [{"z": 5, "a.b.c": 1}, {"a.b": 8}]},
    {"$nor": [{"a": 100}]},
    {"$nor": [{"a": {"$not": {"$eq": 2}}}]},
    {"$expr": True, "a": 3},
    {"$jsonSchema": {}, "a": 3},
    {},
]


def cases() -> Iterator[Case]:
    slug = Slugs()
    for spec in _FILTERS:
        for i, document in enumerate(_DOCUMENTS):
            for target in ("a", "z", "a.b"):
                command = {"update": "$coll", "updates": [{"q": spec, "u": {"$set": {f"{target}.$": "here"}}}]}
                documents = [document]
                if _has_array(document, target):
                    yield Case(slug(spec, str(i), target.replace(".", "_")), command, documents)


def _has_array(document: dict[str, Any], path: str) -> bool:
    value: Any = document
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return isinstance(value, list)
