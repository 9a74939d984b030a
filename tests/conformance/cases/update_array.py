"""`$push`, `$addToSet`, `$pop`, `$pull`, `$pullAll`."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64, Regex

from ..case import Case

_NUMBERS = [3, 1, 2]
_MIXED = [
    3,
    1,
    2,
    1.0,
    [1],
    None,
    "ab",
    {"x": 1},
    {"x": 1, "y": 2},
    {"y": 2, "x": 1},
    {"x": [1, 5]},
    {},
    Regex("^a"),
    True,
    float("nan"),
]
_FIELDS = {
    "array": {"a": _NUMBERS},
    "missing": {},
    "empty": {"a": []},
    "null": {"a": None},
    "int": {"a": 1},
    "string": {"a": "x"},
    "object": {"a": {}},
    "object-numbers": {"a": {"0": 1}},
}
_PUSHES = {
    "int": 4,
    "null": None,
    "array": [4, 5],
    "object": {"b": 1},
    "empty-object": {},
    "dollar-object": {"$ref": 1},
    "slice-alone": {"$slice": 1},
    "each": {"$each": [4, 5]},
    "each-none": {"$each": []},
    "each-nested": {"$each": [[4], {"$a": 5}]},
    "each-int": {"$each": 4},
    "each-null": {"$each": None},
    "unknown-clause": {"$each": [4], "$nope": 1},
    "plain-clause": {"$each": [4], "nope": 1},
    "plain-clause-first": {"nope": 1, "$each": [4]},
    "clause-before-each": {"$slice": 2, "$each": [4]},
    "everything": {"$position": 0, "$each": [7, 8], "$sort": 1, "$slice": -3},
}
_INTEGERS = {
    "one": 1,
    "two": 2,
    "zero": 0,
    "minus-one": -1,
    "minus-two": -2,
    "far": 10,
    "minus-far": -10,
    "double": 1.0,
    "fraction": 1.5,
    "long": Int64(2),
    "decimal": Decimal128("2"),
    "decimal-fraction": Decimal128("1.5"),
    "huge": 2**40,
    "minus-huge": -(2**40),
    "min-long": -(2**63),
    "nan": float("nan"),
    "infinity": float("inf"),
    "large-double": 1e300,
    "negative-zero": -0.0,
    "string": "1",
    "null": None,
    "bool": True,
}
_SORTS = {
    "ascending": 1,
    "descending": -1,
    "double": 1.0,
    "long": Int64(-1),
    "decimal": Decimal128("1"),
    "two": 2,
    "zero": 0,
    "fraction": 1.5,
    "bool": True,
    "string": "x",
    "null": None,
    "array": [1],
    "empty": {},
    "field": {"x": 1},
    "field-descending": {"x": -1},
    "two-fields": {"x": 1, "y": -1},
    "dotted": {"x.y": 1},
    "index": {"x.0": 1},
    "missing-field": {"nope": 1},
    "field-two": {"x": 2},
    "field-string": {"x": "a"},
    "field-bool": {"x": True},
    "field-object": {"x": {"y": 1}},
    "empty-field": {"": 1},
    "empty-step": {"x.": 1},
    "dollar-field": {"$x": 1},
}
_SORTED = {
    "numbers": [3, 1.0, Int64(2), 1, Decimal128("1")],
    "mixed": _MIXED,
    "documents": [{"x": 2, "y": 1}, {"x": 1, "y": 1}, {"x": 2, "y": 3}, {"y": 0}, {"x": None}, 5],
    "deep": [{"x": {"y": 2}}, {"x": [{"y": 1}]}, {"x": {"y": 1}}, {"x": [3, 1]}, {"x": [2, 5]}, {"x": []}],
    "arrays": [[1, 2], [1], [0, 9], []],
}
_SET_OPERANDS = {
    "present": 1,
    "present-double": 1.0,
    "present-decimal": Decimal128("3.0"),
    "new": 4,
    "array": [1, 2],
    "null": None,
    "object": {"x": 1},
    "object-double": {"x": 1.0},
    "object-other-order": {"x": 1, "y": 2},
    "nan": float("nan"),
    "each": {"$each": [1, 4, 4, 5]},
    "each-equal": {"$each": [7, 7.0, Int64(7)]},
    "each-none": {"$each": []},
    "each-present": {"$each": [1, 2]},
    "each-int": {"$each": 4},
    "each-null": {"$each": None},
    "each-company": {"$each": [1], "$slice": 1},
    "each-plain-company": {"$each": [1], "x": 1},
    "each-second": {"x": 1, "$each": [1]},
    "dollar-object": {"$nope": 1},
}
_POPS = {
    "last": 1,
    "first": -1,
    "double": 1.0,
    "long": Int64(-1),
    "decimal": Decimal128("1"),
    "two": 2,
    "zero": 0,
    "fraction": 1.5,
    "nan": float("nan"),
    "string": "x",
    "bool": True,
    "null": None,
    "object": {},
}
_PULLS = {
    "int": 1,
    "double": 3.0,
    "array": [1],
    "empty-array": [],
    "null": None,
    "bool": True,
    "nan": float("nan"),
    "object": {"x": 1},
    "object-two": {"x": 1, "y": 2},
    "empty-object": {},
    "nothing-equal": 77,
    "regex": Regex("^a"),
    "gt": {"$gt": 1},
    "range": {"$gt": 1, "$lt": 3},
    "in": {"$in": [1, "ab"]},
    "in-regex": {"$in": [Regex("b$")]},
    "in-nothing": {"$in": []},
    "nin": {"$nin": [1]},
    "eq": {"$eq": 1},
    "eq-null": {"$eq": None},
    "ne": {"$ne": 1},
    "type": {"$type": "string"},
    "exists": {"$exists": True},
    "exists-not": {"$exists": False},
    "size": {"$size": 1},
    "mod": {"$mod": [2, 1]},
    "all": {"$all": [1]},
    "bits": {"$bitsAllSet": 1},
    "elem-match": {"$elemMatch": {"$eq": 1}},
    "elem-match-object": {"$elemMatch": {"x": 1}},
    "regex-operator": {"$regex": "^A", "$options": "i"},
    "regex-bad-options": {"$regex": "a", "$options": "q"},
    "options-alone": {"$options": "i"},
    "field-gt": {"x": {"$gt": 2}},
    "field-null": {"x": None},
    "field-exists-not": {"x": {"$exists": False}},
    "field-index": {"x.0": 1},
    "field-object": {"x": {"a": 1}},
    "fields": {"x": {"$gte": 1}, "y": 2},
    "or": {"$or": [{"x": 1}, {"y": 2}]},
    "and": {"$and": [{"x": 1}]},
    "nor": {"$nor": [{"x": 1}]},
    "or-nothing": {"$or": []},
    "not": {"$not": {"$gt": 1}},
    "expr": {"$expr": True},
    "expr-inside": {"$and": [{"$expr": True}]},
    "json-schema": {"$jsonSchema": {}},
    "text": {"$text": {"$search": "a"}},
    "where": {"$where": "1"},
    "comment": {"$comment": "a"},
    "sample-rate": {"$sampleRate": 1.0},
    "rand": {"$rand": {}},
    "dbref": {"$ref": "c"},
    "unknown": {"$nope": 1},
    "unknown-in-field": {"x": {"$nope": 1}},
    "operator-and-field": {"$gt": 1, "x": 1},
    "field-and-operator": {"x": 1, "$gt": 1},
    "operator-and-unknown": {"$gt": 1, "$nope": 1},
}
_PULL_ALLS = {
    "one": [1],
    "equal": [1.0, Int64(3)],
    "none": [],
    "missing": [77],
    "object": [{"x": 1}],
    "object-order": [{"x": 1, "y": 2}],
    "null": [None],
    "array": [[1]],
    "regex": [Regex("^a")],
    "nan": [float("nan")],
    "operators": [{"$gt": 1}],
    "int": 1,
    "null-operand": None,
    "object-operand": {"x": 1},
}
_PATHS = {
    "dotted": ("a.b", {"a": {"b": [1, 2]}}),
    "dotted-missing": ("a.b.c", {"a": {}}),
    "through-scalar": ("a.b", {"a": 1}),
    "through-null": ("a.b", {"a": None}),
    "through-array": ("a.b", {"a": [{"b": [1]}]}),
    "element": ("a.0", {"a": [[1, 2], [1]]}),
    "element-scalar": ("a.0", {"a": [1]}),
    "element-far": ("a.3", {"a": [[1]]}),
    "element-far-deep": ("a.2.b", {"a": []}),
    "element-field": ("a.0.b", {"a": [{"b": [1, 2]}]}),
    "all": ("a.$[]", {"a": [[1, 2], [1], []]}),
    "all-fields": ("a.$[].b", {"a": [{"b": [1]}, {}]}),
    "all-scalars": ("a.$[]", {"a": [[1], 2]}),
}
_EN = {"locale": "en", "strength": 2}


def _update(operator: str, path: str, operand: object, **options: object) -> dict:
    return {"update": "$coll", "updates": [{"q": {}, "u": {operator: {path: operand}}, **options}]}


def cases() -> Iterator[Case]:
    operands = {"$push": _PUSHES, "$addToSet": _SET_OPERANDS, "$pop": _POPS, "$pull": _PULLS, "$pullAll": _PULL_ALLS}
    plain = {"$push": 1, "$addToSet": 1, "$pop": 1, "$pull": 1, "$pullAll": [1]}
    for operator, specs in operands.items():
        name = operator[1:]
        for operand_name, operand in specs.items():
            yield Case(f"{name}-{operand_name}", _update(operator, "a", operand), [{"a": _NUMBERS}])
            yield Case(f"{name}-{operand_name}-mixed", _update(operator, "a", operand), [{"a": _MIXED}])
            yield Case(f"{name}-{operand_name}-missing", _update(operator, "a", operand), [{"b": 1}])
        for field_name, document in _FIELDS.items():
            yield Case(f"{name}-on-{field_name}", _update(operator, "a", plain[operator]), [document])
        for path_name, (path, document) in _PATHS.items():
            yield Case(f"{name}-path-{path_name}", _update(operator, path, plain[operator]), [document])
        yield Case(f"{name}-id", _update(operator, "_id", plain[operator]), [{"a": 1}])
        yield Case(f"{name}-upsert", _update(operator, "a", plain[operator], upsert=True), [])
        yield Case(f"{name}-every-value", _update(operator, "v.a", plain[operator], multi=True), "few values")
    yield from _push_clauses()
    yield from _collations()


def _push_clauses() -> Iterator[Case]:
    for clause in ("$slice", "$position"):
        for name, number in _INTEGERS.items():
            operand = {"$each": [9, 8], clause: number}
            yield Case(f"push{clause[1:]}-{name}", _update("$push", "a", operand), [{"a": _NUMBERS}])
            operand = {"$each": [], clause: number}
            yield Case(f"push{clause[1:]}-{name}-none", _update("$push", "a", operand), [{"a": _NUMBERS}])
    for name, sort in _SORTS.items():
        for array_name, array in _SORTED.items():
            operand = {"$each": array[:2], "$sort": sort}
            yield Case(f"push-sort-{name}-{array_name}", _update("$push", "a", operand), [{"a": array[2:]}])
    operand = {"$each": [], "$sort": 1}
    for name, array in {"sorted": [1, 2], "unsorted": [2, 1], "empty": []}.items():
        yield Case(f"push-sort-only-{name}", _update("$push", "a", operand), [{"a": array}])
    for name, array in {"same": [1, 1], "kept": [1, 2], "empty": []}.items():
        operand = {"$each": [1], "$slice": 2}
        yield Case(f"push-slice-back-{name}", _update("$push", "a", operand), [{"a": array}])


def _collations() -> Iterator[Case]:
    for name, operator, operand in (
        ("add-to-set", "$addToSet", "A"),
        ("add-to-set-each", "$addToSet", {"$each": ["A", "c", "C"]}),
        ("pull", "$pull", "A"),
        ("pull-in", "$pull", {"$in": ["A"]}),
        ("pull-gt", "$pull", {"$gt": "A"}),
        ("pull-all", "$pullAll", ["B", "x"]),
        ("push-sort", "$push", {"$each": ["C", "B"], "$sort": 1}),
        ("push-sort-fields", "$push", {"$each": [{"x": "B"}, {"x": "a"}], "$sort": {"x": 1}}),
    ):
        yield Case(f"collation-{name}", _update(operator, "a", operand, collation=_EN), [{"a": ["a", "b"]}])
