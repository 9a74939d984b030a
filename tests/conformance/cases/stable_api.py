"""`apiStrict`: commands, fields, stages, operators and metadata that are in version 1 of the Stable API, and others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Int64

from ..case import Case

_STRICT = {"apiVersion": "1", "apiStrict": True}
_DOCUMENTS = [{"_id": 1, "a": 1}, {"_id": 2, "a": [1, 2]}]

_COMMANDS: dict[str, dict[str, Any]] = {
    "count": {"count": "$coll"},
    "distinct": {"distinct": "$coll", "key": "a"},
    "coll-stats": {"collStats": "$coll"},
    "db-stats": {"dbStats": 1},
    "validate": {"validate": "$coll"},
    "ping": {"ping": 1},
    "list-indexes": {"listIndexes": "$coll"},
    "rename": {"renameCollection": "$db.$coll", "to": "$db.$coll.other", "$admin": True},
    "server-status": {"serverStatus": 1},
    "build-info": {"buildInfo": 1},
}

_FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "find": (
        {"find": "$coll", "sort": {"_id": 1}},
        {
            "filter": {"a": 1},
            "projection": {"_id": 1},
            "limit": 1,
            "returnKey": False,
            "showRecordId": False,
            "noCursorTimeout": True,
            "min": {"_id": 1},
            "max": {"_id": 2},
            "hint": {"_id": 1},
            "collation": {"locale": "en"},
            "tailable": False,
            "awaitData": False,
            "oplogReplay": True,
            "allowPartialResults": True,
            "let": {"x": 1},
            "term": Int64(1),
        },
    ),
    "aggregate": (
        {"aggregate": "$coll", "pipeline": [{"$sort": {"_id": 1}}], "cursor": {}},
        {"explain": False, "allowDiskUse": True, "hint": {"_id": 1}, "isMapReduceCommand": False, "let": {"x": 1}},
    ),
    "count": ({"count": "$coll"}, {"query": {}, "limit": 1, "fields": {}}),
    "create": (
        {"create": "$coll.other"},
        {
            "size": 4096,
            "max": 4,
            "capped": False,
            "validator": {"a": 1},
            "storageEngine": {},
            "indexOptionDefaults": {},
            "changeStreamPreAndPostImages": {"enabled": False},
            "collation": {"locale": "en"},
        },
    ),
    "create-indexes": (
        {"createIndexes": "$coll", "indexes": [{"key": {"a": 1}, "name": "a_1"}]},
        {"ignoreUnknownIndexOptions": True},
    ),
}

_STAGES: dict[str, dict[str, Any]] = {
    "add-fields": {"$addFields": {"b": 1}},
    "bucket-auto": {"$bucketAuto": {"groupBy": "$_id", "buckets": 2}},
    "coll-stats": {"$collStats": {"storageStats": {}}},
    "densify": {"$densify": {"field": "_id", "range": {"step": 1, "bounds": "full"}}},
    "facet": {"$facet": {"x": [{"$limit": 1}]}},
    "fill": {"$fill": {"output": {"b": {"value": 1}}}},
    "fill-in-facet": {"$facet": {"x": [{"$fill": {"output": {"b": {"value": 1}}}}]}},
    "fill-in-lookup": {
        "$lookup": {"from": "$coll", "pipeline": [{"$fill": {"output": {"b": {"value": 1}}}}], "as": "x"}
    },
    "index-stats": {"$indexStats": {}},
    "plan-cache-stats": {"$planCacheStats": {}},
    "search": {"$search": {}},
    "vector-search": {"$vectorSearch": {}},
    "search-meta": {"$searchMeta": {}},
    "min-max-scaler": {
        "$setWindowFields": {"sortBy": {"_id": 1}, "output": {"x": {"$minMaxScaler": {"input": "$_id"}}}}
    },
    "rank": {"$setWindowFields": {"sortBy": {"_id": 1}, "output": {"x": {"$rank": {}}}}},
    "create-uuid": {"$set": {"x": {"$createUUID": {}}}},
    "sigmoid": {"$set": {"x": {"$sigmoid": 1}}},
    "sigmoid-in-group": {"$group": {"_id": {"$sigmoid": 1}}},
    "meta-text-score": {"$set": {"x": {"$meta": "textScore"}}},
    "meta-search-score": {"$set": {"x": {"$meta": "searchScore"}}},
    "meta-index-key": {"$set": {"x": {"$meta": "indexKey"}}},
    "median": {"$group": {"_id": 1, "x": {"$median": {"input": "$_id", "method": "approximate"}}}},
}

_WRITES: dict[str, dict[str, Any]] = {
    "update-pipeline": {"update": "$coll", "updates": [{"q": {}, "u": [{"$set": {"b": {"$createUUID": {}}}}]}]},
    "update": {"update": "$coll", "updates": [{"q": {"_id": 1}, "u": {"$set": {"b": 1}}}]},
    "delete-expr": {"delete": "$coll", "deletes": [{"q": {"$expr": {"$sigmoid": 1}}, "limit": 0}]},
    "create-view": {
        "create": "$coll.other",
        "viewOn": "$coll",
        "pipeline": [{"$fill": {"output": {"b": {"value": 1}}}}],
    },
    "create-validator": {"create": "$coll.other", "validator": {"$expr": {"$sigmoid": 1}}},
    "text-index": {"createIndexes": "$coll", "indexes": [{"key": {"a": "text"}, "name": "t"}]},
}


def cases() -> Iterator[Case]:
    """Yield a strict command each."""
    for name, command in _COMMANDS.items():
        yield Case(f"command-{name}", {**command, **_STRICT}, _DOCUMENTS)
    for name, (command, fields) in _FIELDS.items():
        for field, value in fields.items():
            yield Case(f"field-{name}-{field}", {**command, field: value, **_STRICT}, _DOCUMENTS)
    for name, stage in _STAGES.items():
        yield Case(f"stage-{name}", {"aggregate": "$coll", "pipeline": [stage], "cursor": {}, **_STRICT}, _DOCUMENTS)
    for name, command in _WRITES.items():
        yield Case(f"write-{name}", {**command, **_STRICT}, _DOCUMENTS)
    for kind in ("textScore", "indexKey", "recordId"):
        command = {"find": "$coll", "projection": {"_id": 1, "x": {"$meta": kind}}, "limit": 0}
        yield Case(f"projection-{kind}", {**command, **_STRICT}, None)
    view = {"create": "$coll.v", "viewOn": "$coll", "pipeline": [_STAGES["fill"]]}
    yield Case("read-unstable-view", {"find": "$coll.v", **_STRICT}, _DOCUMENTS, setup=[view])
