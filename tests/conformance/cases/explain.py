"""explain: the tree of stages of the winning plan."""

from __future__ import annotations

from collections.abc import Iterator

from ..case import Case

_SOME = [{"_id": i, "a": i % 10, "b": i % 7, "c": [i, i + 1], "s": f"s{i % 5}", "h": i} for i in range(60)]


def _index(key: dict, **options: object) -> dict:
    name = "_".join(f"{path}_{kind}" for path, kind in key.items())
    return {"createIndexes": "$coll", "indexes": [{"key": key, "name": name, **options}]}


_SETUP = [
    _index({"a": 1}),
    _index({"b": 1, "s": -1}),
    _index({"c": 1}),
    _index({"h": "hashed"}),
    _index({"s": 1}, hidden=True),
]


def cases() -> Iterator[Case]:
    for name, find in _FINDS.items():
        yield Case(
            f"find-{name}", {"explain": {"find": "$coll", **find}, "verbosity": "queryPlanner"}, _SOME, setup=_SETUP
        )
    for name, command in _OTHERS.items():
        yield Case(name, {"explain": command, "verbosity": "queryPlanner"}, _SOME, setup=_SETUP)
    find = {"find": "$coll", "filter": {"a": 1}}
    yield Case("no-collection", {"explain": find, "verbosity": "queryPlanner"})
    for verbosity in ("executionStats", "allPlansExecution", "nope", "", 1, None):
        yield Case(f"verbosity-{verbosity}", {"explain": find, "verbosity": verbosity}, _SOME, setup=_SETUP)
    yield Case("no-verbosity", {"explain": find}, _SOME, setup=_SETUP)
    yield Case("bad-command", {"explain": {"nope": 1}}, _SOME, setup=_SETUP)
    yield Case("empty", {"explain": {}}, _SOME, setup=_SETUP)
    yield Case("string", {"explain": "x"}, _SOME, setup=_SETUP)
    yield Case("insert", {"explain": {"insert": "$coll", "documents": [{}]}}, _SOME, setup=_SETUP)
    yield Case("bad-filter", {"explain": {"find": "$coll", "filter": {"a": {"$nope": 1}}}}, _SOME, setup=_SETUP)
    yield Case("unknown-field", {"explain": find, "nope": 1}, _SOME, setup=_SETUP)


_FINDS: dict[str, dict] = {
    "all": {},
    "id": {"filter": {"_id": 5}},
    "id-in": {"filter": {"_id": {"$in": [5, 6]}}},
    "id-range": {"filter": {"_id": {"$gt": 5}}},
    "id-and-more": {"filter": {"_id": 5, "a": 5}},
    "no-index": {"filter": {"z": 1}},
    "single": {"filter": {"a": 5}},
    "single-range": {"filter": {"a": {"$gt": 2, "$lt": 5}}},
    "single-in": {"filter": {"a": {"$in": [1, 2]}}},
    "single-null": {"filter": {"a": None}},
    "single-exists": {"filter": {"a": {"$exists": True}}},
    "single-ne": {"filter": {"a": {"$ne": 5}}},
    "single-regex": {"filter": {"b": 1, "s": {"$regex": "^s"}}},
    "compound": {"filter": {"b": 1, "s": "s1"}},
    "compound-prefix": {"filter": {"b": 1}},
    "compound-suffix": {"filter": {"s": "s1"}},
    "multikey": {"filter": {"c": 5}},
    "multikey-elem-match": {"filter": {"c": {"$elemMatch": {"$gt": 1, "$lt": 3}}}},
    "hashed": {"filter": {"h": 5}},
    "hashed-range": {"filter": {"h": {"$gt": 5}}},
    "hashed-in": {"filter": {"h": {"$in": [5, 6]}}},
    "hidden": {"filter": {"s": "s1"}},
    "or-indexed": {"filter": {"$or": [{"a": 1}, {"c": 5}]}},
    "or-half": {"filter": {"$or": [{"a": 1}, {"z": 5}]}},
    "or-same": {"filter": {"$or": [{"a": 1}, {"a": 5}]}},
    "filter-and-index": {"filter": {"a": 5, "z": 1}},
    "sort-index": {"sort": {"a": 1}},
    "sort-index-reverse": {"sort": {"a": -1}},
    "sort-id": {"sort": {"_id": 1}},
    "sort-id-reverse": {"sort": {"_id": -1}},
    "sort-compound": {"sort": {"b": 1, "s": -1}},
    "sort-compound-reverse": {"sort": {"b": -1, "s": 1}},
    "sort-compound-mismatch": {"sort": {"b": 1, "s": 1}},
    "sort-no-index": {"sort": {"z": 1}},
    "sort-limit": {"sort": {"z": 1}, "limit": 3},
    "sort-after-equality": {"filter": {"b": 1}, "sort": {"s": -1}},
    "sort-after-equality-reverse": {"filter": {"b": 1}, "sort": {"s": 1}},
    "sort-hashed": {"sort": {"h": 1}},
    "sort-natural": {"sort": {"$natural": -1}},
    "limit": {"limit": 3},
    "skip": {"skip": 3},
    "skip-limit": {"filter": {"a": 5}, "skip": 3, "limit": 2},
    "projection": {"projection": {"a": 1}},
    "projection-default": {"filter": {"a": 5}, "projection": {"a": 1, "z": {"$add": ["$a", 1]}}},
    "projection-covered": {"filter": {"a": 5}, "projection": {"a": 1, "_id": 0}},
    "projection-covered-compound": {"filter": {"b": 5}, "projection": {"s": 1, "_id": 0}},
    "projection-multikey": {"filter": {"c": 5}, "projection": {"c": 1, "_id": 0}},
    "hint": {"filter": {"a": 5}, "hint": {"_id": 1}},
    "hint-name": {"filter": {"a": 5}, "hint": "a_1"},
    "hint-natural": {"filter": {"a": 5}, "hint": {"$natural": 1}},
    "hint-hidden": {"filter": {"s": "s1"}, "hint": {"s": 1}},
    "impossible": {"filter": {"a": {"$in": []}}},
    "always-false": {"filter": {"$alwaysFalse": 1}},
    "contradiction": {"filter": {"$and": [{"a": 1}, {"a": 2}]}},
}
_OTHERS: dict[str, dict] = {
    "count-all": {"count": "$coll"},
    "count-index": {"count": "$coll", "query": {"a": 5}},
    "count-range": {"count": "$coll", "query": {"a": {"$gt": 5}}},
    "count-filter": {"count": "$coll", "query": {"z": 5}},
    "count-multikey": {"count": "$coll", "query": {"c": 5}},
    "distinct-index": {"distinct": "$coll", "key": "a"},
    "distinct-no-index": {"distinct": "$coll", "key": "z"},
    "distinct-query": {"distinct": "$coll", "key": "a", "query": {"a": {"$gt": 5}}},
    "update": {"update": "$coll", "updates": [{"q": {"a": 5}, "u": {"$set": {"x": 1}}}]},
    "update-id": {"update": "$coll", "updates": [{"q": {"_id": 5}, "u": {"$set": {"x": 1}}}]},
    "update-many-scan": {"update": "$coll", "updates": [{"q": {"z": 5}, "u": {"$set": {"x": 1}}, "multi": True}]},
    "delete": {"delete": "$coll", "deletes": [{"q": {"a": 5}, "limit": 1}]},
    "delete-scan": {"delete": "$coll", "deletes": [{"q": {}, "limit": 0}]},
    "modify": {"findAndModify": "$coll", "query": {"a": 5}, "update": {"$set": {"x": 1}}},
    "modify-remove": {"findAndModify": "$coll", "query": {"a": 5}, "remove": True},
    "modify-sort": {"findAndModify": "$coll", "query": {}, "sort": {"z": 1}, "remove": True},
    "aggregate-match": {"aggregate": "$coll", "pipeline": [{"$match": {"a": 5}}], "cursor": {}},
    "aggregate-sort": {"aggregate": "$coll", "pipeline": [{"$sort": {"a": 1}}], "cursor": {}},
    "aggregate-empty": {"aggregate": "$coll", "pipeline": [], "cursor": {}},
    "aggregate-project": {
        "aggregate": "$coll",
        "pipeline": [{"$match": {"a": 5}}, {"$project": {"a": 1}}],
        "cursor": {},
    },
}
