"""Validators at work: actions, levels, bypass, and the errInfo of a refusal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..case import Case

_GOOD = {"_id": 1, "a": 5, "s": "x"}
_BAD = {"_id": 2, "a": -5}

_QUERIES: dict[str, dict] = {
    "eq": {"a": 5},
    "eq-null": {"a": None},
    "gt": {"a": {"$gt": 0}},
    "gt-missing": {"z": {"$gt": 0}},
    "range": {"a": {"$gt": 0, "$lt": 3}},
    "ne": {"a": {"$ne": -5}},
    "in": {"a": {"$in": [1, 2]}},
    "nin": {"a": {"$nin": [-5]}},
    "exists": {"s": {"$exists": True}},
    "exists-false": {"a": {"$exists": False}},
    "type": {"a": {"$type": "string"}},
    "type-several": {"a": {"$type": ["string", "null"]}},
    "mod": {"a": {"$mod": [2, 0]}},
    "regex": {"s": {"$regex": "^y"}},
    "size": {"l": {"$size": 2}},
    "all": {"l": {"$all": [1, 9]}},
    "elem-match": {"l": {"$elemMatch": {"$gt": 5}}},
    "and": {"$and": [{"a": {"$lt": 0}}, {"s": "y"}]},
    "or": {"$or": [{"a": 6}, {"s": "y"}]},
    "nor": {"$nor": [{"a": -5}]},
    "not": {"a": {"$not": {"$lt": 0}}},
    "bits": {"a": {"$bitsAllSet": 8}},
    "expr": {"$expr": {"$gt": ["$a", 0]}},
    "expr-complex": {"$expr": {"$and": [{"$gt": ["$a", 0]}, {"$lt": ["$a", 3]}]}},
    "nested": {"o.p": 1},
    "several": {"a": {"$gt": 0}, "s": "y", "z": {"$exists": True}},
}

_SCHEMAS: dict[str, dict] = {
    "required": {"required": ["z", "a", "y"]},
    "type": {"properties": {"a": {"bsonType": "string"}}},
    "types": {"properties": {"a": {"bsonType": ["string", "bool"]}}},
    "json-type": {"properties": {"a": {"type": "string"}}},
    "minimum": {"properties": {"a": {"minimum": 10}}},
    "maximum-exclusive": {"properties": {"a": {"maximum": -5, "exclusiveMaximum": True}}},
    "multiple": {"properties": {"a": {"multipleOf": 2}}},
    "pattern": {"properties": {"s": {"pattern": "^y"}}},
    "length": {"properties": {"s": {"minLength": 3, "maxLength": 5}}},
    "enum": {"properties": {"a": {"enum": [1, 2]}}},
    "items": {"properties": {"l": {"items": {"bsonType": "string"}}}},
    "items-list": {"properties": {"l": {"items": [{"minimum": 5}], "additionalItems": False}}},
    "items-count": {"properties": {"l": {"minItems": 3, "maxItems": 1}}},
    "unique": {"properties": {"m": {"uniqueItems": True}}},
    "additional": {"properties": {"_id": {}, "a": {}}, "additionalProperties": False},
    "additional-schema": {"properties": {"_id": {}}, "additionalProperties": {"bsonType": "string"}},
    "pattern-properties": {"patternProperties": {"^a": {"bsonType": "string"}}},
    "properties-count": {"minProperties": 20, "maxProperties": 1},
    "dependencies": {"dependencies": {"a": ["z"]}},
    "dependencies-schema": {"dependencies": {"a": {"required": ["z"]}}},
    "all-of": {"allOf": [{"required": ["a"]}, {"required": ["z"]}]},
    "any-of": {"anyOf": [{"required": ["y"]}, {"required": ["z"]}]},
    "one-of": {"oneOf": [{"required": ["a"]}, {"required": ["_id"]}]},
    "not": {"not": {"required": ["a"]}},
    "nested": {"properties": {"o": {"required": ["q"], "properties": {"p": {"bsonType": "int"}}}}},
    "title": {"title": "T", "description": "D", "properties": {"a": {"title": "t", "description": "d", "minimum": 10}}},
    "several": {"required": ["z"], "properties": {"a": {"minimum": 10}, "s": {"bsonType": "int"}}},
}


def cases() -> Iterator[Case]:
    document = {"_id": 9, "a": -5, "s": "x", "l": [1, 2, 3], "m": [1, 1.0], "o": {"p": "q"}}
    for name, query in _QUERIES.items():
        yield Case(f"query-{name}", _insert(document), setup=[_create(query)])
    for name, schema in _SCHEMAS.items():
        yield Case(f"schema-{name}", _insert(document), setup=[_create({"$jsonSchema": schema})])
    mixed = {"$and": [{"$jsonSchema": _SCHEMAS["required"]}, {"a": {"$gt": 0}}]}
    yield Case("query-and-schema", _insert(document), setup=[_create(mixed)])
    yield from _levels()


def _levels() -> Iterator[Case]:
    writes: dict[str, dict] = {
        "insert-good": _insert({"_id": 3, "a": 1}),
        "insert-bad": _insert({"_id": 3, "a": -1}),
        "insert-bulk": _insert({"_id": 3, "a": 1}, {"_id": 4, "a": -1}, {"_id": 5, "a": 1}),
        "insert-bulk-unordered": _insert({"_id": 3, "a": -1}, {"_id": 4, "a": -1}, {"_id": 5, "a": 1}, ordered=False),
        "insert-bypass": _insert({"_id": 3, "a": -1}, bypassDocumentValidation=True),
        "update-good-to-bad": _update({"_id": 1}, {"$set": {"a": -1}}),
        "update-good-to-good": _update({"_id": 1}, {"$set": {"a": 6}}),
        "update-bad-to-bad": _update({"_id": 2}, {"$set": {"b": 1}}),
        "update-bad-to-good": _update({"_id": 2}, {"$set": {"a": 1}}),
        "update-bad-unchanged": _update({"_id": 2}, {"$set": {"a": -5}}),
        "update-bypass": _update({"_id": 1}, {"$set": {"a": -1}}, bypassDocumentValidation=True),
        "replace-bad": _update({"_id": 1}, {"a": -1}),
        "upsert-bad": _update({"_id": 7}, {"$set": {"a": -1}}, upsert=True),
        "upsert-good": _update({"_id": 7}, {"$set": {"a": 1}}, upsert=True),
        "modify-bad": {"findAndModify": "$coll", "query": {"_id": 1}, "update": {"$set": {"a": -1}}},
    }
    options: dict[str, dict] = {
        "error": {},
        "warn": {"validationAction": "warn"},
        "moderate": {"validationLevel": "moderate"},
        "off": {"validationLevel": "off"},
    }
    for mode, option in options.items():
        setup = [{**_create({"a": {"$gt": 0}}), **option}, _insert(_GOOD, _BAD, bypassDocumentValidation=True)]
        for name, command in writes.items():
            yield Case(f"{mode}-{name}", command, setup=setup)


def _create(validator: Mapping[str, object]) -> dict:
    return {"create": "$coll", "validator": validator}


def _insert(*documents: object, **options: object) -> dict:
    return {"insert": "$coll", "documents": list(documents), **options}


def _update(query: dict, update: object, *, upsert: bool = False, **options: object) -> dict:
    return {"update": "$coll", "updates": [{"q": query, "u": update, "upsert": upsert}], **options}
