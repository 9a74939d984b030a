"""create, drop, renameCollection, listCollections; views, capped collections, validators' options."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64

from ..case import Case
from ..wrong_types import WRONG

_SOME = [{"_id": 1, "a": 1}, {"_id": 2, "a": 2}]
_LISTED = {"listCollections": 1, "filter": {"name": "$coll"}}


def _create(**options: object) -> dict:
    return {"create": "$coll", **options}


def cases() -> Iterator[Case]:
    yield from _creating()
    yield from _listing()
    yield from _dropping()
    yield from _renaming()


_OPTIONS: dict[str, dict] = {
    "plain": {},
    "capped": {"capped": True, "size": 4096},
    "capped-max": {"capped": True, "size": 4096, "max": 3},
    "capped-no-size": {"capped": True},
    "capped-small": {"capped": True, "size": 1},
    "capped-odd": {"capped": True, "size": 5000},
    "capped-double": {"capped": True, "size": 4096.0},
    "capped-decimal": {"capped": True, "size": Decimal128("4096")},
    "capped-negative": {"capped": True, "size": -1},
    "capped-zero": {"capped": True, "size": 0},
    "capped-huge": {"capped": True, "size": Int64(2**60)},
    "capped-max-negative": {"capped": True, "size": 4096, "max": -1},
    "capped-max-huge": {"capped": True, "size": 4096, "max": Int64(2**31)},
    "capped-false-size": {"capped": False, "size": 4096},
    "size-alone": {"size": 4096},
    "max-alone": {"max": 5},
    "validator": {"validator": {"a": {"$gt": 1}}},
    "validator-schema": {"validator": {"$jsonSchema": {"required": ["a"]}}},
    "validator-empty": {"validator": {}},
    "validator-bad": {"validator": {"a": {"$nope": 1}}},
    "validator-bad-schema": {"validator": {"$jsonSchema": {"type": 1}}},
    "validator-where": {"validator": {"$where": "true"}},
    "validator-near": {"validator": {"a": {"$near": [0, 0]}}},
    "validator-text": {"validator": {"$text": {"$search": "a"}}},
    "validator-expr": {"validator": {"$expr": {"$gt": ["$a", 1]}}},
    "level-strict": {"validator": {"a": 1}, "validationLevel": "strict"},
    "level-moderate": {"validator": {"a": 1}, "validationLevel": "moderate"},
    "level-off": {"validator": {"a": 1}, "validationLevel": "off"},
    "level-bad": {"validator": {"a": 1}, "validationLevel": "nope"},
    "level-alone": {"validationLevel": "strict"},
    "action-error": {"validator": {"a": 1}, "validationAction": "error"},
    "action-warn": {"validator": {"a": 1}, "validationAction": "warn"},
    "action-error-and-log": {"validator": {"a": 1}, "validationAction": "errorAndLog"},
    "action-bad": {"validator": {"a": 1}, "validationAction": "nope"},
    "collation": {"collation": {"locale": "en", "strength": 2}},
    "collation-simple": {"collation": {"locale": "simple"}},
    "collation-bad": {"collation": {"locale": "nope"}},
    "view": {"viewOn": "$coll.source", "pipeline": [{"$match": {"a": 1}}]},
    "view-no-pipeline": {"viewOn": "$coll.source"},
    "view-empty": {"viewOn": "", "pipeline": []},
    "view-capped": {"viewOn": "$coll.source", "pipeline": [], "capped": True, "size": 4096},
    "view-validator": {"viewOn": "$coll.source", "pipeline": [], "validator": {"a": 1}},
    "view-bad-stage": {"viewOn": "$coll.source", "pipeline": [{"$nope": 1}]},
    "view-out": {"viewOn": "$coll.source", "pipeline": [{"$out": "x"}]},
    "view-of-itself": {"viewOn": "$coll", "pipeline": []},
    "view-pipeline-object": {"viewOn": "$coll.source", "pipeline": {}},
    "pipeline-alone": {"pipeline": []},
    "view-collation": {"viewOn": "$coll.source", "pipeline": [], "collation": {"locale": "en"}},
    "clustered": {"clusteredIndex": {"key": {"_id": 1}, "unique": True}},
    "clustered-name": {"clusteredIndex": {"key": {"_id": 1}, "unique": True, "name": "x"}},
    "clustered-not-unique": {"clusteredIndex": {"key": {"_id": 1}, "unique": False}},
    "clustered-other-key": {"clusteredIndex": {"key": {"a": 1}, "unique": True}},
    "expire-alone": {"expireAfterSeconds": 5},
    "pre-images": {"changeStreamPreAndPostImages": {"enabled": True}},
    "auto-index-id": {"autoIndexId": True},
    "id-index": {"idIndex": {"key": {"_id": 1}, "name": "_id_"}},
    "id-index-bad": {"idIndex": {"key": {"a": 1}, "name": "a_1"}},
    "index-option-defaults": {"indexOptionDefaults": {}},
    "storage-engine": {"storageEngine": {"wiredTiger": {}}},
    "storage-engine-bad": {"storageEngine": {"nope": {}}},
    "flags": {"flags": 1},
    "unknown": {"nope": 1},
    "comment": {"comment": "x"},
    "temp": {"temp": True},
    "write-concern": {"writeConcern": {"w": 1}},
}


def _creating() -> Iterator[Case]:
    for name, options in _OPTIONS.items():
        yield Case(f"create-with-{name}", _create(**options))
    yield Case("create-again-same", _create(), _SOME)
    yield Case("create-again-other", _create(capped=True, size=4096), _SOME)
    capped = _create(capped=True, size=4096)
    yield Case("create-again-capped", capped, setup=[capped])
    yield Case("create-view-over-collection", _create(viewOn="$coll.source", pipeline=[]), _SOME)
    view = _create(viewOn="$coll.source", pipeline=[])
    yield Case("create-again-view", view, setup=[view])
    yield Case("create-again-view-other", _create(viewOn="$coll.source", pipeline=[{"$limit": 1}]), setup=[view])
    yield Case("create-collection-over-view", _create(), setup=[view])
    names = {
        "empty": "",
        "dollar": "a$b",
        "nul": "a\x00",
        "dot": ".a",
        "dot-end": "a.",
        "long": "x" * 300,
        "system": "system.x",
    }
    for name, collection in names.items():
        yield Case(f"create-name-{name}", {"create": collection})
    for kind, value in WRONG.items():
        for parameter in (
            "create capped size max validator validationLevel validationAction viewOn pipeline collation writeConcern "
            "autoIndexId clusteredIndex expireAfterSeconds storageEngine"
        ).split():
            yield Case(f"create-{parameter}-{kind}", {"create": "$coll", parameter: value})


def _listing() -> Iterator[Case]:
    for name in ("plain", "capped", "capped-max", "validator", "level-moderate", "action-warn", "collation", "view"):
        yield Case(f"listed-{name}", _LISTED, setup=[_create(**_OPTIONS[name])])
        yield Case(f"list-names-{name}", {**_LISTED, "nameOnly": True}, setup=[_create(**_OPTIONS[name])])
    yield Case("list-none", _LISTED)
    yield Case("list-type", {"listCollections": 1, "filter": {"name": "$coll", "type": "view"}}, _SOME)
    yield Case("list-regex", {"listCollections": 1, "filter": {"name": {"$regex": "^$coll$"}}}, _SOME)
    yield Case("list-authorized", {**_LISTED, "nameOnly": True, "authorizedCollections": True}, _SOME)
    yield Case("list-batch", {**_LISTED, "cursor": {"batchSize": 0}}, _SOME)
    yield Case("list-unknown-field", {**_LISTED, "nope": 1}, _SOME)
    yield Case("list-bad-filter", {"listCollections": 1, "filter": {"$nope": 1}}, _SOME)
    for kind, value in WRONG.items():
        for parameter in ("nameOnly", "cursor"):
            yield Case(f"list-{parameter}-{kind}", {**_LISTED, parameter: value}, _SOME)
    for kind in ("string", "array", "double", "int"):
        yield Case(f"list-filter-{kind}", {"listCollections": 1, "filter": WRONG[kind]}, _SOME)


def _dropping() -> Iterator[Case]:
    yield Case("drop", {"drop": "$coll"}, _SOME)
    yield Case("drop-missing", {"drop": "$coll"})
    indexes = [{"createIndexes": "$coll", "indexes": [{"key": {"a": 1}, "name": "a_1"}]}]
    yield Case("drop-with-indexes", {"drop": "$coll"}, _SOME, setup=indexes)
    yield Case("drop-view", {"drop": "$coll"}, setup=[_create(viewOn="$coll.source", pipeline=[])])
    yield Case(
        "drop-source-of-view",
        {"drop": "$coll"},
        _SOME,
        setup=[{"create": "$coll.v", "viewOn": "$coll", "pipeline": []}],
    )
    yield Case("drop-unknown-field", {"drop": "$coll", "nope": 1}, _SOME)
    yield Case("drop-empty-name", {"drop": ""})
    yield Case("drop-bad-name", {"drop": "a$b"})
    for kind, value in WRONG.items():
        if kind != "string":
            yield Case(f"drop-{kind}", {"drop": value}, _SOME)


def _renaming() -> Iterator[Case]:
    def rename(source: object, target: object, **options: object) -> dict:
        return {"renameCollection": source, "to": target, "$admin": True, **options}

    source, target = "$db.$coll", "$db.$coll.new"
    indexes = [{"createIndexes": "$coll", "indexes": [{"key": {"a": 1}, "name": "a_1"}]}]
    shown = ["$coll", "$coll.new"]
    yield Case("rename", rename(source, target), _SOME, setup=indexes, show=shown)
    yield Case("rename-missing", rename(source, target))
    yield Case("rename-existing", rename(source, target), _SOME, others={"new": [{"_id": 9}]}, show=shown)
    yield Case(
        "rename-drop-target", rename(source, target, dropTarget=True), _SOME, others={"new": [{"_id": 9}]}, show=shown
    )
    yield Case("rename-same", rename(source, source), _SOME, show=shown)
    yield Case("rename-no-to", {"renameCollection": source, "$admin": True}, _SOME)
    yield Case("rename-unknown-field", rename(source, target, nope=1), _SOME)
    yield Case("rename-not-admin", {"renameCollection": source, "to": target}, _SOME)
    yield Case("rename-no-database", rename("$coll", target), _SOME)
    yield Case("rename-bad-name", rename(source, "$db.a$b"), _SOME)
    yield Case("rename-empty-name", rename(source, "$db."), _SOME)
    yield Case("rename-system", rename(source, "$db.system.x"), _SOME)
    yield Case("rename-view", rename(source, target), setup=[_create(viewOn="$coll.source", pipeline=[])])
    for kind in ("object", "array", "double", "int", "null"):
        yield Case(f"rename-to-{kind}", rename(source, WRONG[kind]), _SOME)
        yield Case(f"rename-from-{kind}", rename(WRONG[kind], target), _SOME)
    for kind in ("string", "array", "double", "int", "null"):
        yield Case(f"rename-drop-target-{kind}", rename(source, target, dropTarget=WRONG[kind]), _SOME, show=shown)
