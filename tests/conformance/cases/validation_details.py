"""What errInfo says of a document that does not pass its validator: every operator and every schema keyword."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64, Regex

from ..case import Case
from ..slug import Slugs

_NAN, _INF = float("nan"), float("inf")
_PAIRS: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    (
        {"$jsonSchema": {"properties": {"a": {"bsonType": ["int", "string"], "enum": [1, 2], "minimum": 0}}}},
        [{"a": 3}, {"a": -1}, {"a": True}],
    ),
    ({"$jsonSchema": {"properties": {"a": {"multipleOf": 5}}}}, [{"a": 3}]),
    ({"$jsonSchema": {"properties": {"a": {"pattern": "^x", "maxLength": 2}}}}, [{"a": "yyy"}]),
    ({"$jsonSchema": {"properties": {"a": {"minimum": 5, "exclusiveMinimum": True}}}}, [{"a": 5}]),
    ({"$jsonSchema": {"properties": {"a": {"maximum": 5, "exclusiveMaximum": True}}}}, [{"a": 5}]),
    ({"$jsonSchema": {"properties": {"a": {"maximum": 5, "exclusiveMaximum": False}}}}, [{"a": 6}]),
    (
        {
            "$jsonSchema": {
                "properties": {"a": {"minItems": 2, "maxItems": 1, "uniqueItems": True, "items": {"type": "string"}}}
            }
        },
        [{"a": [1]}, {"a": ["x", "x"]}, {"a": ["x", 1, "y", 2]}],
    ),
    (
        {
            "$jsonSchema": {
                "properties": {"a": {"items": [{"type": "string"}, {"type": "number"}], "additionalItems": False}}
            }
        },
        [{"a": [1, "x"]}, {"a": ["x", 1, 3, 4]}],
    ),
    (
        {
            "$jsonSchema": {
                "properties": {
                    "a": {"items": [{"type": "string"}], "additionalItems": {"type": "number", "description": "dd"}}
                }
            }
        },
        [{"a": ["x", "y", 1, "z"]}],
    ),
    (
        {"$jsonSchema": {"properties": {"a": {"additionalProperties": {"type": "string"}}}}},
        [{"a": {"x": 1, "y": "s", "z": 2}}],
    ),
    ({"$jsonSchema": {"additionalProperties": False, "properties": {"_id": {}}}}, [{"a": 1, "b": 2}]),
    ({"$jsonSchema": {"additionalProperties": {"type": "string"}, "properties": {"_id": {}}}}, [{"a": 1, "b": 2}]),
    (
        {"$jsonSchema": {"properties": {"a": {"dependencies": {"x": ["y", "z"], "q": {"required": ["r"]}}}}}},
        [{"a": {"x": 1, "y": 1}}, {"a": {"q": 1}}],
    ),
    (
        {
            "$jsonSchema": {
                "dependencies": {"x": ["y", "z"], "q": {"required": ["r"], "properties": {"q": {"type": "string"}}}}
            }
        },
        [{"x": 1, "y": 1}, {"q": 1}, {"x": 1, "q": 1}],
    ),
    ({"$jsonSchema": {"properties": {"a": {"allOf": [{"type": "string"}, {"minimum": 3}]}}}}, [{"a": 1}]),
    (
        {"$jsonSchema": {"properties": {"a": {"anyOf": [{"type": "string"}, {"minimum": 3, "description": "foo"}]}}}},
        [{"a": 1}],
    ),
    ({"$jsonSchema": {"properties": {"a": {"oneOf": [{"type": "string"}, {"minimum": 3}]}}}}, [{"a": 1}]),
    ({"$jsonSchema": {"properties": {"a": {"oneOf": [{"type": "number"}, {"minimum": 3}]}}}}, [{"a": 5}]),
    ({"$jsonSchema": {"properties": {"a": {"not": {"type": "number"}}}}}, [{"a": 5}]),
    ({"$jsonSchema": {"properties": {"a": {"not": {"type": "number", "minimum": 3}}}}}, [{"a": 5}]),
    ({"$jsonSchema": {"not": {"required": ["a"]}}}, [{"a": 1}]),
    ({"$jsonSchema": {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}}, [{"c": 1}]),
    ({"$jsonSchema": {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}}, [{"a": 1, "b": 1}, {"c": 1}]),
    ({"$jsonSchema": {"minProperties": 5, "maxProperties": 1}}, [{"c": 1}]),
    ({"$jsonSchema": {"enum": [{"a": 1}]}}, [{"c": 1}]),
    ({"$jsonSchema": {"bsonType": "string"}}, [{"c": 1}]),
    ({"$jsonSchema": {"type": "object", "minProperties": 9}}, [{"c": 1}]),
    (
        {
            "$jsonSchema": {
                "properties": {"a": {"properties": {"b": {"properties": {"c": {"type": "string", "title": "deep"}}}}}}
            }
        },
        [{"a": {"b": {"c": 1}}}],
    ),
    ({"$jsonSchema": {"not": {"not": {"required": ["a"]}}}}, [{"b": 1}]),
    ({"$jsonSchema": {"not": {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}}}, [{"a": 1}]),
    ({"$jsonSchema": {"not": {"dependencies": {"a": ["b"]}}}}, [{"a": 1, "b": 1}, {}]),
    ({"$jsonSchema": {"not": {"properties": {"a": {"enum": [1]}}}}}, [{"a": 1}]),
    ({"$jsonSchema": {"not": {"minProperties": 1, "maxProperties": 9}}}, [{"a": 1}]),
    ({"$jsonSchema": {"not": {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}}}, [{"a": 1}]),
    ({"$jsonSchema": {"not": {"allOf": [{"required": ["a"]}, {"required": ["_id"]}]}}}, [{"a": 1}]),
    ({"$jsonSchema": {"not": {"properties": {"a": {"minimum": 1, "maximum": 3, "multipleOf": 1}}}}}, [{"a": 1}]),
    ({"$jsonSchema": {"not": {"properties": {"a": {"minLength": 1, "maxLength": 3, "pattern": "x"}}}}}, [{"a": "x"}]),
    (
        {
            "$jsonSchema": {
                "properties": {"a": {"minimum": 3}, "b": {"minimum": 3}, "c": {"type": "string"}},
                "required": ["z", "y"],
                "minProperties": 9,
                "dependencies": {"a": ["q"]},
                "additionalProperties": False,
                "anyOf": [{"required": ["k"]}],
                "enum": [1],
            }
        },
        [{"a": 1, "b": 1, "c": "x", "d": 1}],
    ),
    ({"$jsonSchema": {"properties": {"a": {"pattern": "^x", "maxLength": 2, "minLength": 9}}}}, [{"a": "yyy"}]),
    ({"$jsonSchema": {"properties": {"a": {"minimum": 9, "maximum": 2, "multipleOf": 4}}}}, [{"a": 5}]),
    (
        {
            "$jsonSchema": {
                "properties": {
                    "a": {
                        "minItems": 9,
                        "maxItems": 1,
                        "uniqueItems": True,
                        "items": [{"type": "string"}],
                        "additionalItems": False,
                    }
                }
            }
        },
        [{"a": [1, 1]}],
    ),
    (
        {
            "$jsonSchema": {
                "properties": {"a": {"minItems": 9, "maxItems": 1, "uniqueItems": True, "items": {"type": "string"}}}
            }
        },
        [{"a": [1, 1]}],
    ),
    (
        {
            "$jsonSchema": {
                "properties": {
                    "a": {
                        "minProperties": 9,
                        "maxProperties": 0,
                        "required": ["x", "y"],
                        "properties": {"x": {"type": "string"}},
                        "additionalProperties": False,
                        "patternProperties": {"^p": {"bsonType": "int"}},
                        "dependencies": {"q": ["r"]},
                    }
                }
            }
        },
        [{"a": {"x": 1, "q": 1, "pp": "s"}}],
    ),
    (
        {
            "$jsonSchema": {
                "properties": {
                    "a": {"patternProperties": {"^p": {"bsonType": "int", "title": "tt"}, "z$": {"minimum": 3}}}
                }
            }
        },
        [{"a": {"pz": 1, "p": "x"}}],
    ),
    (
        {
            "$jsonSchema": {
                "patternProperties": {"^p": {"bsonType": "int", "title": "tt"}, "z$": {"minimum": 3}},
                "additionalProperties": {"title": "ap", "type": "object"},
                "title": "X",
            }
        },
        [{"pz": 1, "p": "x"}, {"_id": {}, "pz": "s", "p": "q"}],
    ),
    ({"$jsonSchema": {"not": {"title": "nt", "required": ["a"]}}}, [{"a": 1}]),
    (
        {
            "$jsonSchema": {
                "allOf": [{"title": "t0", "required": ["z"]}],
                "anyOf": [{"title": "t1", "required": ["z"]}],
                "oneOf": [{"title": "t2", "required": ["z"]}],
                "not": {"title": "t3"},
                "enum": [{"a": 1}],
            }
        },
        [{"a": 1}],
    ),
    (
        {
            "$jsonSchema": {
                "properties": {"a": {"items": {"title": "it", "type": "string"}, "title": "at", "description": "ad"}}
            }
        },
        [{"a": [1]}],
    ),
    ({"$jsonSchema": {"properties": {"a": {"items": [{"title": "it", "type": "string"}]}}}}, [{"a": [1]}]),
    ({"$jsonSchema": {"dependencies": {"a": {"title": "dt", "required": ["z"]}}}}, [{"a": 1}]),
    ({"$jsonSchema": {"properties": {"a": {"title": "", "minimum": 3}}}}, [{"a": 1}]),
    ({"$jsonSchema": {"properties": {"a": {"not": {}}}}}, [{"a": 1}]),
    ({"$jsonSchema": {"properties": {"a": {"anyOf": [{}]}}}}, [{"a": 1}]),
    ({"$jsonSchema": {"properties": {"a": {"enum": [{"x": 1, "y": 2}]}}}}, [{"a": {"y": 2, "x": 1}}]),
    (
        {"$jsonSchema": {"properties": {"a": {"uniqueItems": True}}}},
        [{"a": [{"x": 1, "y": 2}, {"y": 2, "x": 1}]}, {"a": [1, 1.0]}],
    ),
    ({"$jsonSchema": {"properties": {"a": {"minimum": _NAN}}}}, [{"a": 1}, {"a": _NAN}]),
    ({"$jsonSchema": {"properties": {"a": {"maximum": 3}}}}, [{"a": _NAN}]),
    ({"$jsonSchema": {"properties": {"a": {"multipleOf": 0.1}}}}, [{"a": 0.3}, {"a": 0.35}, {"a": _INF}, {"a": _NAN}]),
    ({"$jsonSchema": {"properties": {"a": {"multipleOf": Decimal128("0.1")}}}}, [{"a": 0.3}, {"a": Int64(3)}]),
    ({"$jsonSchema": {"properties": {"a": {"minLength": 2}}}}, [{"a": "é"}, {"a": "😀"}, {"a": "éé"}]),
    (
        {"$jsonSchema": {"properties": {"a": {"bsonType": "string"}}, "minimum": 3, "items": {}, "minLength": 4}},
        [{"a": 1}],
    ),
    ({"$jsonSchema": {"properties": {"a": {"bsonType": "number"}}}}, [{"a": "x"}]),
    ({"$jsonSchema": {"properties": {"a": {"bsonType": ["number", "null"]}}}}, [{"a": "x"}]),
    ({"$jsonSchema": {"properties": {"a": {"type": ["object", "array"]}}}}, [{"a": "x"}]),
    ({"$jsonSchema": {"properties": {"a": {"type": "object", "properties": {"b": {}}}}}}, [{"a": "x"}]),
    (
        {"$jsonSchema": {"properties": {"a.b": {"type": "string"}, "a": {"type": "object"}}}},
        [{"a": {"b": 1}}, {"a": 1}],
    ),
    ({"$jsonSchema": {"required": ["a.b"]}}, [{"a": {"b": 1}}]),
    ({"a": {"$gt": 5}, "b": {"$type": "string"}}, [{"a": 1, "b": 1}, {"a": 9, "b": 1}]),
    ({"$and": [{"a": 1}, {"b": 2}]}, [{"a": 2, "b": 2}, {"a": 3}]),
    ({"$or": [{"a": 1}, {"b": 2}]}, [{"a": 2}]),
    ({"$nor": [{"a": 1}, {"b": 2}]}, [{"a": 1, "b": 2}, {"a": 1}]),
    ({"a": {"$not": {"$gt": 5}}}, [{"a": 9}, {"a": [1, 9]}]),
    ({"a": {"$not": {"$gt": 5, "$lt": 9}}}, [{"a": 7}]),
    ({"a": {"$gt": 5, "$lt": 9}}, [{"a": 10}, {"a": 1}, {}]),
    ({"a": {"$type": "string"}}, [{"a": 1}, {}, {"a": [1, 2]}]),
    ({"a": {"$type": ["string", "int"]}}, [{"a": 1.5}]),
    ({"a": {"$not": {"$type": "int"}}}, [{"a": 1}]),
    ({"a": {"$size": 2}}, [{"a": [1]}, {"a": 1}, {}]),
    ({"a": {"$not": {"$size": 2}}}, [{"a": [1, 2]}]),
    ({"a": {"$all": [1, 2]}}, [{"a": [1]}, {"a": 1}, {}]),
    ({"a": {"$not": {"$all": [1, 2]}}}, [{"a": [1, 2]}]),
    ({"a": {"$elemMatch": {"b": 1}}}, [{"a": [{"b": 2}]}, {"a": 1}, {}, {"a": []}]),
    ({"a": {"$elemMatch": {"$gt": 1}}}, [{"a": [1]}, {"a": 1}]),
    ({"a": {"$not": {"$elemMatch": {"$gt": 1}}}}, [{"a": [2]}]),
    ({"a": {"$mod": [2, 0]}}, [{"a": 1}, {"a": "x"}, {}]),
    ({"a": {"$not": {"$mod": [2, 1]}}}, [{"a": 1}]),
    ({"a": {"$regex": "x"}}, [{"a": "y"}, {"a": 1}, {}]),
    ({"a": Regex("x", "i")}, [{"a": "y"}]),
    ({"a": {"$regex": "x", "$options": "i"}}, [{"a": "y"}]),
    ({"a": {"$not": Regex("x")}}, [{"a": "x"}]),
    ({"a": {"$not": {"$regex": "x"}}}, [{"a": "x"}]),
    ({"a": {"$bitsAllSet": 3}}, [{"a": 1}, {"a": "x"}, {}]),
    ({"a": {"$not": {"$bitsAllSet": 1}}}, [{"a": 1}]),
    ({"a": {"$bitsAnyClear": [1]}}, [{"a": 2}]),
    ({"$expr": {"$gt": ["$a", 5]}}, [{"a": 1}]),
    ({"$expr": {"$and": [{"$gt": ["$a", 5]}]}}, [{"a": 1}]),
    ({"$nor": [{"$expr": {"$gt": ["$a", 5]}}]}, [{"a": 9}]),
    ({"$expr": False}, [{"a": 1}]),
    ({"$jsonSchema": {"required": ["a"]}, "b": 2}, [{"b": 1}, {"b": 2}, {"a": 1}]),
    ({"$or": [{"$jsonSchema": {"required": ["a"]}}, {"b": 2}]}, [{"b": 1}]),
    ({"$nor": [{"$jsonSchema": {"required": ["a"]}}]}, [{"a": 1}]),
    ({"$comment": "x", "a": 1}, [{"a": 2}]),
    (
        {"a.b": {"$gt": 5}},
        [{"a": {"b": 1}}, {"a": 1}, {}, {"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {}]}, {"a": [1]}],
    ),
    ({"a": {"$in": [1, Regex("x")]}}, [{"a": "y"}, {"a": [5, 6]}]),
    ({"a": {"$nin": [1, 2]}}, [{"a": [1, 2, 3]}]),
    ({"a": {"$ne": 1}}, [{"a": [1, 2]}]),
    ({"a": None}, [{"a": 1}]),
    ({"a": {"$eq": None}}, [{"a": 1}]),
    ({"a": {"$ne": None}}, [{}, {"a": None}]),
    ({"a": {"$not": {"$not": {"$gt": 5}}}}, [{"a": 1}]),
    ({"$nor": [{"a": {"$not": {"$gt": 5}}}]}, [{"a": 1}]),
    ({"$and": [{"$or": [{"a": 1}, {"b": 1}]}, {"c": 1}]}, [{"a": 2}]),
    ({"$nor": [{"$and": [{"a": 1}, {"b": 1}]}]}, [{"a": 1, "b": 1}]),
    ({"$nor": [{"$or": [{"a": 1}, {"b": 1}]}]}, [{"a": 1}]),
    ({"$or": [{"a": 1, "b": 2}, {"c": 3}]}, [{"a": 1}]),
    ({"a": {"$exists": True}, "b": {"$exists": False}}, [{"b": 1}]),
    ({"a": {"$not": {"$exists": True}}}, [{"a": 1}]),
    ({"a": {"$not": {"$exists": False}}}, [{"b": 1}]),
    ({"a": {"$not": {"$ne": 5}}}, [{"a": 4}]),
    ({"a": {"$not": {"$in": [5]}}}, [{"a": 5}]),
    ({"a": {"$not": {"$nin": [5]}}}, [{"a": 4}]),
    ({"a": {"$lte": 5, "$gte": 3, "$ne": 4, "$exists": True}}, [{"a": 4}]),
    ({"a": {"$in": []}}, [{"a": 4}]),
    ({"a": {"$in": [5]}}, [{"a": 4}]),
    ({"$or": [{"a": 1}]}, [{"a": 4}]),
    ({"$and": [{"a": 1}]}, [{"a": 4}]),
    ({"$or": [{"a": 1}, {"a": 2}]}, [{"a": 4}]),
    ({"a": {"$all": [{"$elemMatch": {"b": 1}}]}}, [{"a": [{"b": 2}]}]),
    ({"a": {"$ref": "c", "$id": 1}}, [{"a": 1}]),
    ({"a": {"$all": []}}, [{"a": 1}]),
    ({"a": {"$elemMatch": {"b": 1, "c": 2}}}, [{"a": [{"b": 1}]}]),
    ({"a": {"$all": [Regex("x"), 1]}}, [{"a": ["y"]}]),
    ({"$sampleRate": 0.0}, [{"a": 1}]),
    ({}, [{"a": 1}]),
    ({"a": {"$gt": 5}}, [{"a": []}]),
    ({"a": {"$gt": 5, "$lt": 9}, "b": 1}, [{"a": 10}]),
    ({"$and": [{"a": {"$gt": 5, "$lt": 9}}, {"b": 1}]}, [{"a": 10}]),
    ({"a": {"$gt": 5}}, [{"a": [1]}, {"a": [[1], 2]}]),
    ({"a.b": {"$gt": 5}}, [{"a": [{"b": [1, 2]}, {"b": 3}]}, {"a": {"b": [1]}}, {"a": []}]),
    ({"a": {"$mod": [2, 0]}}, [{"a": ["x", "y"]}, {"a": ["x", 1]}, {"a": []}, {"a": _NAN}]),
    ({"a": {"$regex": "x"}}, [{"a": [1, "y"]}, {"a": [1, 2]}, {"a": Regex("y")}]),
    (
        {"a.b": {"$size": 2}},
        [{"a": [{"b": [1]}, {"b": [3]}]}, {"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {"b": [1]}]}],
    ),
    ({"a": {"$type": "string"}}, [{"a": [1, 2.5]}, {"a": []}, {"a": [1]}]),
    ({"a.b": {"$type": "string"}}, [{"a": [{"b": 1}, {"b": 2.5}]}, {"a": [{"b": 1}, {"b": [2.5, None]}]}]),
    ({"a": {"$bitsAllSet": 1}}, [{"a": ["x", 2]}, {"a": 1.5}]),
    ({"a": {"$elemMatch": {"b": 1}}}, [{"a": [{"b": [2]}, 5]}]),
    ({"a.b": {"$all": [1]}}, [{"a": [{"b": 2}, {"b": 3}]}]),
    ({"a": {"$all": [1]}}, [{"a": 5}]),
    ({"a": {"$not": {"$regex": "x", "$gt": "a"}}}, [{"a": "xx"}]),
    ({"a": {"$gte": 5, "$regex": "x", "$options": "i"}}, [{"a": "y"}]),
    ({"$nor": [{"a": {"$gt": 1, "$lt": 5}}, {"b": {"$exists": True}}]}, [{"a": 3, "b": 1}]),
    ({"$nor": [{"a": 1, "b": 2}]}, [{"a": 1, "b": 2}]),
    ({"a": {"$not": {"$eq": None}}}, [{}]),
    ({"$nor": [{"a": {"$exists": False}}]}, [{}]),
    ({"$nor": [{"a": None}]}, [{}, {"a": None}]),
    ({"$nor": [{"a": {"$ne": 3}}]}, [{"a": 1}, {}]),
    ({"$nor": [{"a": {"$in": [1, None]}}]}, [{}]),
    ({"$expr": "$a"}, [{"a": 0}, {}]),
    ({"$nor": [{"$expr": "$a"}]}, [{"a": 5}]),
    ({"$expr": {"$add": ["$a", 0]}}, [{"a": 0}]),
    ({"$expr": {"$divide": [1, "$a"]}}, [{"a": 0}]),
    ({"$or": [{"$expr": False}, {"a": 1}]}, [{"a": 2}]),
    ({"$or": [{"$and": [{"a": 1}, {"b": 2}]}, {"$nor": [{"c": 1}]}]}, [{"c": 1}]),
    ({"$nor": [{"$nor": [{"a": 1}]}]}, [{"a": 2}]),
    ({"$and": [{"$and": [{"a": 1}, {"b": 1}]}, {"c": 1}]}, [{"a": 2}]),
    ({"$and": [{"$comment": "x"}, {"a": 1}]}, [{"a": 2}]),
    ({"$or": [{"a": {"$not": {"$gt": 1}}}, {"b": 1}]}, [{"a": 2}]),
    ({"$jsonSchema": {"required": ["z"]}, "$or": [{"a": 1}, {"a": 2}]}, [{"a": 3}]),
    (
        {
            "$nor": [
                {"a": {"$all": [1]}},
                {"a": {"$elemMatch": {"$gt": 0}}},
                {"a": {"$size": 1}},
                {"a": {"$type": "array"}},
            ]
        },
        [{"a": [1]}],
    ),
    ({"a": {"$ne": 5, "$nin": [5]}}, [{"a": 5}]),
    ({"a": {"$not": {"$type": "int"}}}, [{"a": [1, "x"]}]),
    ({"a": {"$exists": False}}, [{"a": [1]}]),
    ({"$and": [{}]}, [{"a": 1}]),
    ({"$nor": [{}]}, [{"a": 1}]),
    ({"a": {"$not": {"$all": []}}}, [{"a": 1}]),
    ({"a": {"$nin": []}}, [{"a": 1}]),
    ({"$nor": [{"a": {"$nin": []}}]}, [{"a": 1}]),
    ({"$jsonSchema": {}, "a": 1}, [{"a": 2}]),
    ({"a": {"$elemMatch": {"$in": []}}}, [{"a": [1]}]),
]
"""Validators, and documents to insert."""


def cases() -> Iterator[Case]:
    slug = Slugs()
    for validator, documents in _PAIRS:
        setup = [{"create": "$coll", "validator": validator}]
        for document in documents:
            command = {"insert": "$coll", "documents": [{"_id": 99, **document}]}
            yield Case(slug(validator, document), command, setup=setup)
