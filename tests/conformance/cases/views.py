"""Reading views, and what cannot be done to them."""

from __future__ import annotations

from collections.abc import Iterator

from ..case import Case

_SOME = [{"_id": i, "a": i % 3, "b": {"c": i * 10}, "s": "aAbB"[i % 4]} for i in range(8)]


def _view(name: str, source: str, *pipeline: dict, **options: object) -> dict:
    return {"create": name, "viewOn": source, "pipeline": list(pipeline), **options}


_MATCH = _view("$coll.v", "$coll", {"$match": {"a": {"$gt": 0}}})
_PROJECT = _view("$coll.v", "$coll", {"$project": {"a": 1, "c": "$b.c"}})
_GROUP = _view("$coll.v", "$coll", {"$group": {"_id": "$a", "n": {"$sum": 1}}}, {"$sort": {"_id": 1}})
_COLLATED = _view("$coll.v", "$coll", collation={"locale": "en", "strength": 2})
_NESTED = [_MATCH, _view("$coll.w", "$coll.v", {"$match": {"a": 2}})]


def cases() -> Iterator[Case]:
    for name, setup in {
        "match": [_MATCH],
        "project": [_PROJECT],
        "group": [_GROUP],
        "empty": [_view("$coll.v", "$coll")],
    }.items():
        for reading, command in _READS.items():
            yield Case(f"{name}-{reading}", {**command}, _SOME, setup=setup, unordered=reading == "distinct")
    yield Case("nested", {"find": "$coll.w"}, _SOME, setup=_NESTED)
    yield Case("of-missing", {"find": "$coll.v"}, setup=[_MATCH])
    yield Case("chain-broken", {"find": "$coll.w"}, _SOME, setup=_NESTED[1:])
    yield Case("lookup-in-view", {"aggregate": "$coll.v", "pipeline": [], "cursor": {}}, _SOME, setup=[_LOOKUP])
    yield Case("count-field", {"count": "$coll.v", "query": {"a": 1}, "limit": 2}, _SOME, setup=[_MATCH])
    for name, find in {
        "same": {"collation": {"locale": "en", "strength": 2}},
        "other": {"collation": {"locale": "fr"}},
        "none": {},
    }.items():
        yield Case(f"collation-{name}", {"find": "$coll.v", "filter": {"s": "a"}, **find}, _SOME, setup=[_COLLATED])
    for name, command in _REFUSED.items():
        yield Case(f"refused-{name}", command, _SOME, setup=[_MATCH])
    yield Case("create-cycle", _view("$coll.v", "$coll.v"))
    yield Case("insert-through-source", {"insert": "$coll", "documents": [{"_id": 99, "a": 1}]}, _SOME, setup=[_MATCH])


_LOOKUP = _view("$coll.v", "$coll", {"$lookup": {"from": "$coll", "localField": "a", "foreignField": "_id", "as": "x"}})
_READS: dict[str, dict] = {
    "find": {"find": "$coll.v"},
    "find-filter": {"find": "$coll.v", "filter": {"a": 1}},
    "find-sort-limit": {"find": "$coll.v", "sort": {"_id": -1}, "skip": 1, "limit": 2},
    "find-projection": {"find": "$coll.v", "projection": {"a": 1, "_id": 0}},
    "find-slice": {"find": "$coll.v", "projection": {"b": {"$slice": 1}}},
    "find-elem-match": {"find": "$coll.v", "projection": {"b": {"$elemMatch": {"c": 1}}}},
    "find-positional": {"find": "$coll.v", "filter": {"b": 1}, "projection": {"b.$": 1}},
    "find-batch": {"find": "$coll.v", "batchSize": 2},
    "find-natural": {"find": "$coll.v", "sort": {"$natural": -1}},
    "find-tailable": {"find": "$coll.v", "tailable": True},
    "find-return-key": {"find": "$coll.v", "returnKey": True},
    "count": {"count": "$coll.v"},
    "count-query": {"count": "$coll.v", "query": {"a": 1}},
    "distinct": {"distinct": "$coll.v", "key": "a"},
    "aggregate": {"aggregate": "$coll.v", "pipeline": [{"$match": {"a": 1}}], "cursor": {}},
    "aggregate-count": {"aggregate": "$coll.v", "pipeline": [{"$count": "n"}], "cursor": {}},
    "bad-filter": {"find": "$coll.v", "filter": {"a": {"$nope": 1}}},
}
_REFUSED: dict[str, dict] = {
    "insert": {"insert": "$coll.v", "documents": [{"_id": 1}]},
    "update": {"update": "$coll.v", "updates": [{"q": {}, "u": {"$set": {"x": 1}}}]},
    "delete": {"delete": "$coll.v", "deletes": [{"q": {}, "limit": 0}]},
    "find-and-modify": {"findAndModify": "$coll.v", "query": {}, "remove": True},
    "create-indexes": {"createIndexes": "$coll.v", "indexes": [{"key": {"a": 1}, "name": "a_1"}]},
    "list-indexes": {"listIndexes": "$coll.v"},
    "drop-indexes": {"dropIndexes": "$coll.v", "index": "*"},
    "out": {"aggregate": "$coll", "pipeline": [{"$out": "$coll.v"}], "cursor": {}},
    "merge": {"aggregate": "$coll", "pipeline": [{"$merge": "$coll.v"}], "cursor": {}},
    "coll-stats": {"collStats": "$coll.v"},
    "validate": {"validate": "$coll.v"},
}
