"""Projections of find: inclusion, exclusion, find's own operators, expressions, errors."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64, ObjectId

from ..case import Case

_TREE = [
    {
        "_id": 1,
        "p": [1, 2, 3, 4],
        "a": 1,
        "z": [{"x": 1, "y": 1}, {"x": 2, "y": 2}, {"x": 3, "y": 3}],
        "b": {"n": [1, 2, 3], "o": [{"m": [1, 2]}, {"m": [3, 4]}], "k": 5},
        "e": [],
        "y": "s",
        "m": [1, {"c": 2, "q": 7}, [{"c": 3}], [4], None],
    }
]
_ELEMENT = {"$elemMatch": {"x": 2}}

_INCLUSIONS = {
    "one": {"a": 1},
    "two": {"b": 1, "a": 1},
    "true": {"a": True},
    "long": {"a": Int64(1)},
    "negative": {"a": -1},
    "nan": {"a": float("nan")},
    "decimal-nan": {"a": Decimal128("NaN")},
    "tiny": {"a": 5e-324},
    "no-id": {"a": 1, "_id": 0},
    "only-id": {"_id": 1},
    "dotted": {"a.b": 1},
    "dotted-deep": {"a.b.c": 1},
    "dotted-two": {"a.c": 1, "a.b": 1},
    "dotted-number": {"a.0": 1},
    "dotted-number-deep": {"a.0.b": 1},
    "nested": {"a": {"b": 1}},
    "nested-dotted": {"a": {"b.c": 1, "d": 1}},
    "nested-and-dotted": {"a": {"b": 1}, "a.c": 1},
    "missing": {"nope": 1},
    "missing-dotted": {"b.nope": 1},
    "id-dotted": {"_id.x": 1},
    "id-nested": {"_id": {"x": 1}, "a": 1},
    "dbref-field": {"a.$id": 1},
    "empty": {},
}
_EXCLUSIONS = {
    "one": {"a": 0},
    "false": {"a": False},
    "decimal-zero": {"a": Decimal128("-0.0")},
    "long-zero": {"a": Int64(0)},
    "id": {"_id": 0},
    "id-and-one": {"_id": 0, "a": 0},
    "with-id": {"_id": 1, "a": 0},
    "dotted": {"a.b": 0},
    "dotted-deep": {"a.b.c": 0},
    "dotted-two": {"a.b": 0, "a.c": 0},
    "dotted-number": {"a.0": 0},
    "nested": {"a": {"b": 0}},
    "nested-two": {"a": {"b": 0, "c": 0}, "b": 0},
    "missing": {"nope": 0},
    "id-dotted": {"_id.x": 0},
}
_COMPUTED = {
    "path": {"x": "$a"},
    "path-over-field": {"a": "$b", "b": 1},
    "dotted-path": {"x": "$a.b"},
    "literal-string": {"x": "text"},
    "null": {"x": None},
    "array": {"x": [1, "$a", "$nope"]},
    "empty-array": {"x": []},
    "object-id": {"x": ObjectId("65e0a3c00000000000000001")},
    "literal": {"x": {"$literal": 1}},
    "literal-field-path": {"x": {"$literal": "$a"}},
    "operator": {"x": {"$ifNull": ["$b", "none"]}},
    "into-dotted": {"a.x": "$b"},
    "into-dotted-with-sibling": {"a.b": 1, "a.x": "$b"},
    "into-nested": {"a": {"x": "$b"}},
    "into-nested-deep": {"a": {"x": {"y": "$b"}}, "b": 1},
    "into-missing": {"n.x": "$a"},
    "into-missing-deep": {"n.x.y": "$nope", "n.z": 1},
    "missing-value": {"x": "$nope"},
    "remove": {"a": "$$REMOVE", "b": 1},
    "root": {"x": "$$ROOT"},
    "id": {"_id": "$a"},
    "id-last": {"x": "$a", "_id": "$b"},
    "id-dotted": {"_id.x": "$a"},
    "order": {"w": "$a", "x": "$b", "b": 1, "v": "$a"},
    "order-nested": {"n.b": "$a", "m": "$a", "n.c": "$a"},
    "order-child-first": {"b.c": 1, "x": "$a", "b.z": "$a"},
    "no-id": {"_id": 0, "x": "$a"},
}
_SLICES = {
    "first": 1,
    "last": -1,
    "zero": 0,
    "more": 9,
    "more-from-end": -9,
    "double": 1.7,
    "decimal": Decimal128("2.5"),
    "long": Int64(2),
    "huge": 2**40,
    "huge-negative": -(2**40),
    "nan": float("nan"),
    "infinity": float("inf"),
    "skip": [1, 2],
    "skip-from-end": [-2, 1],
    "skip-far-from-end": [-9, 2],
    "skip-behind": [9, 1],
    "skip-double": [1.5, 2.5],
    "expression": ["$p", 2],
    "expression-skip": ["$p", 1, 2],
    "expression-array": [[1, 2, 3], 2],
    "null-skip": [None, 1],
    "negative-limit": [1, -1],
    "zero-limit": [1, 0],
    "string": "2",
    "null": None,
    "one-in-array": [1],
    "three-numbers": [1, 2, 3],
    "empty": [],
    "object": {},
}
_SLICED = {
    "with-inclusion": {"p": {"$slice": 1}, "a": 1},
    "with-exclusion": {"p": {"$slice": 1}, "a": 0},
    "with-id": {"p": {"$slice": 1}, "_id": 1},
    "without-id": {"p": {"$slice": 1}, "_id": 0},
    "with-expression": {"p": {"$slice": 1}, "x": "$p"},
    "with-elem-match": {"p": {"$slice": 1}, "z": _ELEMENT},
    "two": {"p": {"$slice": 1}, "b.n": {"$slice": -1}},
    "dotted": {"b.n": {"$slice": 1}},
    "dotted-inclusion": {"b.n": {"$slice": 1}, "b.k": 1},
    "dotted-exclusion": {"b.o.m": {"$slice": 1}, "b.k": 0},
    "through-array": {"b.o.m": {"$slice": 1}},
    "nested": {"b": {"o": {"m": {"$slice": -1}}}},
    "not-an-array": {"a": {"$slice": 1}},
    "missing": {"nope": {"$slice": 1}},
    "of-id": {"_id": {"$slice": 1}},
    "collision": {"b.o.m": 1, "b.o": {"$slice": 1}},
    "collision-below": {"b.o": {"$slice": 1}, "b.o.m": 1},
    "with-company": {"p": {"$slice": 1, "x": 1}},
}
_ELEM_MATCHES = {
    "alone": {"z": _ELEMENT},
    "with-inclusion": {"z": _ELEMENT, "a": 1},
    "with-exclusion": {"z": _ELEMENT, "a": 0},
    "with-id": {"z": _ELEMENT, "_id": 1},
    "without-id": {"z": _ELEMENT, "_id": 0},
    "with-expression": {"x": "$a", "z": _ELEMENT, "w": "$y"},
    "two": {"p": {"$elemMatch": {"$gt": 2}}, "z": _ELEMENT},
    "none": {"p": {"$elemMatch": {"$gt": 20}}},
    "empty-condition": {"z": {"$elemMatch": {}}},
    "or": {"z": {"$elemMatch": {"$or": [{"x": 2}, {"x": 3}]}}},
    "in": {"p": {"$elemMatch": {"$in": [3, 4]}}},
    "not": {"p": {"$elemMatch": {"$not": {"$gt": 1}}}},
    "nested-array": {"m": {"$elemMatch": {"$eq": 4}}},
    "position-name": {"m": {"$elemMatch": {"0": 4}}},
    "on-object": {"b": {"$elemMatch": {"n": 2}}},
    "on-scalar": {"a": {"$elemMatch": {"$eq": 1}}},
    "on-empty": {"e": {"$elemMatch": {"x": 1}}},
    "on-missing": {"nope": {"$elemMatch": {"x": 1}}},
    "of-id": {"_id": {"$elemMatch": {}}},
    "dotted": {"b.o": {"$elemMatch": {"m": 1}}},
    "nested": {"b": {"o": {"$elemMatch": {"m": 1}}}},
    "scalar-condition": {"z": {"$elemMatch": 1}},
    "array-condition": {"z": {"$elemMatch": []}},
    "unknown-operator": {"z": {"$elemMatch": {"x": {"$nope": 1}}}},
    "expr": {"z": {"$elemMatch": {"$expr": True}}},
    "with-company": {"z": {"$elemMatch": {"x": 2}, "a": 1}},
    "collision": {"z": _ELEMENT, "z.x": 1},
    "collision-before": {"z.x": 1, "z": _ELEMENT},
}
_POSITIONALS = {
    "equality": ({"p.$": 1}, {"p": 3}),
    "range": ({"p.$": 1}, {"p": {"$gt": 1}}),
    "elem-match": ({"z.$": 1}, {"z": {"$elemMatch": {"x": 2}}}),
    "documents": ({"z.$": 1}, {"z.x": 2}),
    "below": ({"z.x.$": 1}, {"z.x": 2}),
    "below-other-field": ({"z.y.$": 1}, {"z.x": 2}),
    "other-array": ({"p.$": 1}, {"z.x": 2}),
    "last-wins": ({"p.$": 1}, {"p": 3, "z.x": 1}),
    "and": ({"p.$": 1}, {"$and": [{"p": 2}, {"p": 4}]}),
    "in": ({"p.$": 1}, {"p": {"$in": [3, 4]}}),
    "all": ({"p.$": 1}, {"p": {"$all": [2, 3]}}),
    "or-single": ({"p.$": 1}, {"$or": [{"p": 2}]}),
    "or": ({"p.$": 1}, {"$or": [{"p": {"$gt": 2}}, {"a": 9}]}),
    "not": ({"p.$": 1}, {"p": {"$not": {"$gt": 5}}}),
    "whole-array": ({"p.$": 1}, {"p": [1, 2, 3, 4]}),
    "numeric-path": ({"p.$": 1}, {"p.2": 3}),
    "size": ({"p.$": 1}, {"p": {"$size": 4}}),
    "dotted": ({"b.n.$": 1}, {"b.n": 2}),
    "dotted-through": ({"b.o.m.$": 1}, {"b.o.m": 4}),
    "dotted-object": ({"b.$": 1}, {"b.n": 2}),
    "nested": ({"b": {"n.$": 1}}, {"b.n": 2}),
    "with-inclusion": ({"a": 1, "p.$": 1}, {"p": 2}),
    "without-id": ({"_id": 0, "p.$": 1}, {"p": 2}),
    "with-slice": ({"z": {"$slice": 1}, "p.$": 1}, {"p": 2}),
    "with-expression": ({"p.$": 1, "x": "$p"}, {"p": 2}),
    "true": ({"p.$": True}, {"p": 2}),
    "on-scalar": ({"a.$": 1}, {"p": 3}),
    "on-scalar-without-position": ({"a.$": 1}, {"a": 1}),
    "on-missing": ({"nope.$": 1}, {"p": 3}),
    "shorter-array": ({"e.$": 1}, {"p": 3}),
    "no-position": ({"p.$": 1}, {"a": 1}),
    "with-exclusion": ({"a": 0, "p.$": 1}, {"p": 2}),
    "before-exclusion": ({"p.$": 1, "a": 0}, {"p": 2}),
    "exclusion": ({"p.$": 0}, {"p": 2}),
    "expression": ({"p.$": "$a"}, {"p": 2}),
    "object": ({"p.$": {"x": 1}}, {"p": 2}),
    "null": ({"p.$": None}, {"p": 2}),
    "two": ({"p.$": 1, "z.$": 1}, {"p": 2}),
    "with-elem-match": ({"p.$": 1, "z": _ELEMENT}, {"p": 2}),
    "collision": ({"p": 1, "p.$": 1}, {"p": 2}),
    "in-the-middle": ({"z.$.x": 1}, {"z.x": 2}),
    "twice": ({"p.$.$": 1}, {"p": 2}),
    "first": ({"$": 1}, {"p": 2}),
    "alone": ({".$": 1}, {"p": 2}),
    "empty-step": ({"p..$": 1}, {"p": 2}),
    "expr-filter": ({"p.$": 1}, {"p": 2, "$expr": {"$eq": ["$a", 1]}}),
}
_ERRORS = {
    "exclusion-in-inclusion": {"a": 1, "b": 0},
    "inclusion-in-exclusion": {"a": 0, "b": 1},
    "nested-exclusion-in-inclusion": {"a": 1, "b": {"k": 0}},
    "nested-inclusion-in-exclusion": {"a": 0, "b": {"k": 1}},
    "collision": {"b": 1, "b.k": 1},
    "collision-before": {"b.k": 1, "b": 1},
    "collision-deep": {"b.o": 1, "b.n": 1, "b.o.m": 1},
    "collision-nested": {"b": {"k": 1}, "b.k": 1},
    "collision-expression": {"a": "$y", "a.b": 1},
    "collision-exclusion": {"b": 0, "b.k": 0},
    "collision-id": {"_id": 0, "_id.x": 0},
    "collision-id-before": {"_id.x": 0, "_id": 1},
    "expression-in-exclusion": {"a": 0, "x": "$y"},
    "literal-in-exclusion": {"a": 0, "x": "text"},
    "operator-in-exclusion": {"a": 0, "x": {"$add": [1]}},
    "unknown-operator-in-exclusion": {"a": 0, "x": {"$nope": 1}},
    "slice-expression-in-exclusion": {"a": 0, "p": {"$slice": ["$p", 1]}},
    "id-expression-in-exclusion": {"a": 0, "_id": "$y"},
    "exclusion-after-expression": {"x": "$y", "a": 0},
    "empty-object": {"a": {}},
    "empty-object-deep": {"a": {"b": {}}},
    "empty-name": {"": 1},
    "empty-name-nested": {"b": {"": 1}},
    "leading-dot": {".a": 1},
    "trailing-dot": {"a.": 1},
    "two-dots": {"a..b": 1},
    "dollar": {"$a": 1},
    "dollar-below": {"a.$b": 1},
    "dollar-nested-with-company": {"a": {"b": 1, "$c": 1}},
    "unknown-operator": {"a": {"$nope": 1}},
    "unknown-operator-deep": {"a": {"b": {"$nope": 1}}},
    "unknown-operator-inside": {"a": {"$add": [{"$nope": 1}]}},
    "operator-with-company": {"a": {"$add": [1], "b": 1}},
    "undefined-variable": {"x": "$$nope"},
    "bare-dollar": {"x": "$"},
    "bare-dollars": {"x": "$$"},
    "bad-path": {"x": "$a..b"},
    "too-long-path": {".".join("a" * 201): 1},
    "meta-text-score": {"x": {"$meta": "textScore"}},
    "meta-unknown": {"x": {"$meta": "nope"}},
    "meta-number": {"x": {"$meta": 1}},
    "meta-with-company": {"x": {"$meta": "textScore", "y": 1}},
    "bad-constant": {"x": {"$divide": [1, 0]}},
    "bad-constant-and-kind": {"x": {"$divide": [1, 0]}, "a": 0},
}


def _find(projection: object, filter_: object = None) -> dict:
    return {"find": "$coll", "filter": filter_ or {}, "projection": projection}


def cases() -> Iterator[Case]:
    for group, specs in {"inclusion": _INCLUSIONS, "exclusion": _EXCLUSIONS, "computed": _COMPUTED}.items():
        for name, spec in specs.items():
            yield Case(f"{group}-{name}", _find(spec), "shapes")
            yield Case(f"{group}-{name}-tree", _find(spec), _TREE)
    for name, operand in _SLICES.items():
        yield Case(f"slice-{name}", _find({"p": {"$slice": operand}}), _TREE)
    for group, specs in {"slice": _SLICED, "elem-match": _ELEM_MATCHES, "error": _ERRORS}.items():
        for name, spec in specs.items():
            yield Case(f"{group}-{name}", _find(spec), _TREE)
    for name, (spec, filter_) in _POSITIONALS.items():
        yield Case(f"positional-{name}", _find(spec, filter_), _TREE)
    yield Case("slice-shapes", _find({"a": {"$slice": 1}}), "shapes")
    yield Case("slice-shapes-deep", _find({"a.b": {"$slice": -1}}), "shapes")
    yield Case("elem-match-shapes", _find({"a": {"$elemMatch": {"b": {"$exists": True}}}}), "shapes")
    for name, spec in {"string": "a", "number": 1, "array": ["a"]}.items():
        yield Case(f"not-an-object-{name}", _find(spec), _TREE)
    yield Case("elem-match-collation", {**_find({"s": {"$elemMatch": {"$eq": "A"}}}), "collation": _EN}, [{"s": ["a"]}])
    yield Case("index-key-without-index", _find({"x": {"$meta": "indexKey"}}), _TREE)


_EN = {"locale": "en", "strength": 2}

SPECS = {"inclusion": _INCLUSIONS, "exclusion": _EXCLUSIONS, "computed": _COMPUTED, "error": _ERRORS}
FIND_ONLY = {
    "slice": {"a": {"$slice": 1}},
    "slice-numbers": {"a": {"$slice": [1, 2]}},
    "elem-match": {"a": _ELEMENT},
    "positional": {"a.$": 1},
    "positional-in-the-middle": {"a.$.b": 1},
}
