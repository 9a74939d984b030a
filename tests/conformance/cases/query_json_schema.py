"""$jsonSchema: every keyword with every kind of value, on every kind of value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64, MinKey, Regex

from ..case import Case
from ..providers import ALL_VALUES, NUMBERS
from ..slug import Slugs

_KEYWORDS = (
    "additionalItems additionalProperties allOf anyOf bsonType dependencies description enum exclusiveMaximum "
    "exclusiveMinimum items maxItems maxLength maxProperties maximum minItems minLength minProperties minimum "
    "multipleOf not oneOf pattern patternProperties properties required title type uniqueItems $ref $schema "
    "default definitions format id const if nope"
).split()
_REFUSED = ("$ref", "$schema", "default", "definitions", "format", "id", "const", "if", "nope")
_OPERANDS: list[Any] = [
    1, -1, 1.5, 2.0, Int64(3), Decimal128("1"), Decimal128("1.5"), float("nan"), "x", "", "(", "string", "int",
    "integer", None, True,
    [], [1], ["a"], ["a", "a"], [{}], [{"bsonType": "string"}], [{"nope": 1}], ["string", "number"], {}, {"a": 1},
    {"a": {}}, {"a": []},
    {"a": ["b"]}, {"a": ["b", "b"]}, {"a": {"bsonType": "string"}}, {"(": {}}, {"nope": 1}, {"bsonType": "int"},
    Regex("a"), MinKey(),
]  # fmt: skip
_SCHEMAS: list[dict[str, Any]] = [
    *(
        {"bsonType": kind}
        for kind in ("double", "string", "object", "array", "binData", "undefined", "objectId", "bool", "date", "null")
    ),
    *(
        {"bsonType": kind}
        for kind in ("regex", "javascript", "javascriptWithScope", "int", "timestamp", "long", "decimal", "minKey")
    ),
    *({"bsonType": kind} for kind in ("maxKey", "number", ["int", "null"], ["number", "object"])),
    *({"type": kind} for kind in ("object", "array", "number", "boolean", "string", "null", ["array", "null"])),
    *({"multipleOf": number} for number in (1, 2, 2.5, 0.1, Decimal128("0.1"), 7, Int64(42), Decimal128("0.5"), 1e300)),
    *(
        {"enum": [value]}
        for value in (1, "a", None, {}, {"a": 1}, {"b": 2, "a": 1}, [], [1, 2], True, float("nan"), -0.0)
    ),
    {"enum": [1, "a", None]},
    *({"minLength": count} for count in (0, 1, 2, 4)),
    *({"maxLength": count} for count in (0, 1, 2)),
    *({"pattern": text} for text in ("^a", "b$", "", "é")),
    *({"minItems": count} for count in (0, 1, 3)),
    *({"maxItems": count} for count in (0, 1)),
    {"uniqueItems": True},
    {"uniqueItems": False},
    {"items": {"bsonType": "int"}},
    {"items": [{"bsonType": "int"}, {"bsonType": "string"}]},
    {"items": [{"bsonType": "int"}], "additionalItems": False},
    {"items": [{}], "additionalItems": {"bsonType": "int"}},
    {"additionalItems": False},
    {"items": {}, "additionalItems": False},
    {"items": [], "additionalItems": False},
    {"required": ["a"]},
    {"required": ["a", "b"]},
    *({"minProperties": count} for count in (0, 1, 2)),
    *({"maxProperties": count} for count in (0, 1)),
    {"properties": {"a": {"bsonType": "int"}}},
    {"properties": {"a": {"bsonType": "object"}}},
    {"properties": {"a": {}}, "additionalProperties": False},
    {"additionalProperties": False},
    {"additionalProperties": {"bsonType": "int"}},
    {"patternProperties": {"a": {"bsonType": "int"}}},
    {"patternProperties": {"^a": {}}, "additionalProperties": False},
    {"dependencies": {"a": ["b"]}},
    {"dependencies": {"b": ["a"]}},
    {"dependencies": {"a": {"maxProperties": 1}}},
    {"allOf": [{"bsonType": "int"}, {"minimum": 2}]},
    {"anyOf": [{"bsonType": "int"}, {"bsonType": "string"}]},
    {"oneOf": [{"bsonType": "int"}, {"minimum": 2}]},
    {"not": {"bsonType": "int"}},
    {"not": {"required": ["a"]}},
    {"not": {}},
    {},
]
_BOUNDS: list[dict[str, Any]] = [
    schema
    for number in NUMBERS[::3]
    for schema in ({"minimum": number}, {"maximum": number}, {"minimum": number, "exclusiveMinimum": True})
]
_MIXED: list[dict[str, Any]] = [
    {"bsonType": "object", "type": "object"},
    {"type": 1, "nope": 1},
    {"minimum": 1, "exclusiveMinimum": 1},
    {"maximum": 1, "exclusiveMaximum": None},
    {"exclusiveMaximum": True},
    {"properties": {"a": {"properties": {"b": {"nope": 1}}}}},
    {"allOf": [{"pattern": "("}]},
    {"properties": {"v": {"pattern": "("}}},
    {"properties": {"v": {"multipleOf": float("nan")}}},
    {"properties": {"v": {"multipleOf": float("inf")}}},
    {"title": "t", "description": "d"},
    {"bsonType": "string"},
    {"bsonType": ["object", "string"]},
    {
        "required": ["v"],
        "properties": {"v": {"bsonType": "array", "items": {"anyOf": [{"bsonType": "int"}, {"enum": ["a"]}]}}},
    },
]


def cases() -> Iterator[Case]:
    slug = Slugs()

    def find(name: str, schema: dict[str, Any], documents: str) -> Case:
        command = {"find": "$coll", "filter": {"$jsonSchema": schema}, "projection": {"_id": 1}}
        return Case(name, command, documents)

    for keyword in _KEYWORDS:
        for operand in _OPERANDS if keyword not in _REFUSED else _OPERANDS[:3]:
            name = slug("keyword", keyword.replace("$", "D"), operand)
            yield find(name, {"properties": {"v": {keyword: operand}}}, "few values")
        for operand in _OPERANDS[::4]:
            yield find(slug("root", keyword.replace("$", "D"), operand), {keyword: operand}, "shapes")
    for schema in [*_SCHEMAS, *_BOUNDS]:
        yield find(slug("value", schema), {"properties": {"v": schema}}, "every value")
        yield find(slug("items", schema), {"properties": {"v": {"items": schema}}}, "few values in arrays")
        yield find(slug("root", schema), schema, "shapes")
    for schema in _MIXED:
        yield find(slug("mixed", schema), schema, "few values in arrays")
    for value in ALL_VALUES[::4]:
        if not isinstance(value, dict):
            command = {"find": "$coll", "filter": {"$jsonSchema": value}, "projection": {"_id": 1}}
            yield Case(slug("operand", value), command, "few values")
    spec = {"v": {"$elemMatch": {"$jsonSchema": {"required": ["w"]}}}}
    yield Case("elem-match", {"find": "$coll", "filter": spec, "projection": {"_id": 1}}, "few values in objects")
    nested = {"$or": [{"$jsonSchema": {"required": ["b"]}}, {"$nor": [{"$jsonSchema": {"required": ["a"]}}]}]}
    yield Case("nested", {"find": "$coll", "filter": nested, "projection": {"_id": 1}}, "shapes")
