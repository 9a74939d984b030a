"""`$set`, `$unset`, `$rename`, `$setOnInsert`, `$currentDate`."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Code, Decimal128, Int64, Regex, Timestamp

from .. import providers
from ..case import Case

_SET_PATHS = {
    "top": {"a": 9},
    "dotted": {"a.b": 9},
    "dotted-deep": {"a.b.c": 9},
    "index": {"a.0": 9},
    "index-far": {"a.5": 9},
    "index-deep": {"a.1.b": 9},
    "index-far-deep": {"a.3.b.c": 9},
    "index-leading-zero": {"a.03": 9},
    "negative-index": {"a.-1": 9},
    "huge-index": {"a.99999999999999999999": 9},
    "several": {"a.b": 1, "a.c": 2, "d": 3},
    "whole-and-other": {"b": 1, "a": {"b": 1}},
}
_SET_SPECS = {
    "order": {"b": 1, "a": 1, "_z": 3, "10": 1, "9": 1, "Z": 1, "a10": 1, "a9": 1, "é": 1},
    "order-nested": {"x.b": 1, "x.a": 1, "x.10": 1, "x.9": 1, "x.100": 1},
    "existing-keeps-place": {"c": 1, "a": 2, "z": 3},
    "nothing": {},
    "empty-path": {"": 1},
    "empty-first-step": {".a": 1},
    "empty-last-step": {"a.": 1},
    "empty-middle-step": {"a..b": 1},
    "dollar-name": {"$a": 1},
    "dollar-name-deep": {"$x.b": 1},
    "dollar-name-below": {"a.$b": 1},
    "dollar-name-in-value": {"v": {"$b": 1}},
    "dollar-name-deep-in-value": {"v": {"b": [{"$c": 1}]}},
    "dotted-name-in-value": {"v": {"b.c": 1}},
    "empty-name-in-value": {"v": {"": 1}},
    "dbref-value": {"v": {"$ref": "c", "$id": 1}},
    "dbref-top-ref": {"$ref": "c"},
    "dbref-top-id": {"$id": 1},
    "dbref-top-db": {"$db": "d"},
    "dbref-top-ref-number": {"$ref": 1},
    "zero-timestamp": {"t": Timestamp(0, 0)},
    "odd-names": {"a b": 1, "a-b": 2, "日本": 3},
    "id-same": {"_id": 0},
    "id-same-and-other": {"_id": 0, "a": 5},
    "id-other": {"_id": 1},
    "id-other-type": {"_id": 0.0},
    "id-below": {"_id.x": 1},
    "literal-operator": {"v": {"$add": [1, 2]}},
}
_IDENTICAL = {
    "int-to-double": (1, 1.0),
    "int-to-long": (1, Int64(1)),
    "int-to-decimal": (1, Decimal128("1")),
    "same-int": (1, 1),
    "zero-sign": (0.0, -0.0),
    "same-nan": (float("nan"), float("nan")),
    "decimal-trailing-zero": (Decimal128("1"), Decimal128("1.0")),
    "same-decimal": (Decimal128("1.0"), Decimal128("1.0")),
    "field-order": ({"b": 1, "c": 2}, {"c": 2, "b": 1}),
    "same-object": ({"b": 1, "c": [1, {"d": 2.0}]}, {"b": 1, "c": [1, {"d": 2.0}]}),
    "same-array": ([1, "a", None], [1, "a", None]),
    "longer-array": ([1], [1, 1]),
    "same-regex": (Regex("a", "i"), Regex("a", "i")),
    "other-regex": (Regex("a", "i"), Regex("a", "m")),
    "other-scope": (Code("x", {"a": 1}), Code("x", {"a": 1.0})),
    "null-to-false": (None, False),
    "true-to-one": (True, 1),
}
_RENAMES = {
    "simple": {"a": "b"},
    "over-existing": {"a": "c"},
    "into-document": {"a": "d.new"},
    "into-new-document": {"a": "new.b.c"},
    "within-document": {"d.x": "d.z"},
    "out-of-document": {"d.x": "new"},
    "last-field-of-document": {"e.f": "g"},
    "array-itself": {"l": "k"},
    "null": {"n": "new"},
    "missing": {"nope": "new"},
    "missing-over-existing": {"nope": "c"},
    "missing-deep": {"nope.x.y": "new"},
    "missing-onto-scalar": {"nope": "a.b"},
    "through-scalar": {"a.b": "new"},
    "through-null": {"n.b": "new"},
    "onto-scalar": {"a": "c.b"},
    "element": {"l.0": "new"},
    "element-field": {"m.0.x": "new"},
    "element-missing": {"m.0.nope": "new"},
    "element-far": {"m.9.x": "new"},
    "array-as-document": {"m.x": "new"},
    "to-element": {"a": "l.0"},
    "to-element-field": {"a": "m.0.y"},
    "to-array-as-document": {"a": "m.y"},
    "several": {"a": "x", "c": "y"},
    "chain": {"a": "b", "b": "c"},
    "swap": {"a": "c", "c": "a"},
    "same-target": {"a": "x", "c": "x"},
    "itself": {"a": "a"},
    "into-itself": {"a": "a.b"},
    "onto-parent": {"d.x": "d"},
    "to-number": {"a": 1},
    "to-null": {"a": None},
    "to-empty": {"a": ""},
    "to-empty-step": {"a": "b."},
    "from-empty": {"": "b"},
    "to-dollar": {"a": "$b"},
    "to-dollar-below": {"a": "b.$c"},
    "from-positional": {"l.$": "b"},
    "to-positional": {"a": "l.$"},
    "from-all": {"l.$[]": "b"},
    "to-all": {"a": "l.$[]"},
    "id": {"_id": "b"},
    "to-id": {"a": "_id"},
    "nothing": {},
}
_RENAMED = [
    {
        "_id": 1,
        "a": 5,
        "c": 7,
        "d": {"x": 1, "y": 2},
        "e": {"f": 1},
        "l": [1, 2],
        "m": [{"x": 1}, {"x": 2}],
        "n": None,
    }
]
_DATES = {
    "true": True,
    "false": False,
    "date": {"$type": "date"},
    "timestamp": {"$type": "timestamp"},
    "other-type": {"$type": "int"},
    "type-number": {"$type": 9},
    "no-type": {},
    "unknown-option": {"$type": "date", "x": 1},
    "wrong-option": {"type": "date"},
    "number": 1,
    "string": "date",
    "null": None,
}


def _update(update: object, **options: object) -> dict:
    return {"update": "$coll", "updates": [{"q": {}, "u": update, **options}]}


def cases() -> Iterator[Case]:
    for name, spec in _SET_PATHS.items():
        for index, shape in enumerate(providers.SETS["shapes"]):
            yield Case(f"set-{name}-shape-{index}", _update({"$set": spec}), [shape])
    for name, spec in _SET_SPECS.items():
        yield Case(f"set-{name}", _update({"$set": spec}), [{"a": 1, "b": {"c": 1}, "c": 3}])
    for name, (old, new) in _IDENTICAL.items():
        yield Case(f"set-identical-{name}", _update({"$set": {"v": new}}), [{"v": old}])
        yield Case(f"set-identical-{name}-element", _update({"$set": {"v.$[]": new}}), [{"v": [old, 2]}])
    yield Case("set-same-on-every-value", _update({"$set": {"v": 42}}, multi=True), "every value")
    yield from _unset()
    for name, spec in _RENAMES.items():
        yield Case(f"rename-{name}", _update({"$rename": spec}), _RENAMED)
    yield Case("rename-and-set", _update({"$rename": {"a": "b"}, "$set": {"aa": 1, "c": 2}}), _RENAMED)
    yield Case("rename-and-set-target", _update({"$rename": {"a": "b"}, "$set": {"b": 1}}), _RENAMED)
    yield Case("rename-and-unset-source", _update({"$rename": {"a": "b"}, "$unset": {"a": 1}}), _RENAMED)
    yield Case("rename-beside-set", _update({"$rename": {"d.x": "b"}, "$set": {"d.w": 1}}), _RENAMED)
    yield from _set_on_insert()
    for name, operand in _DATES.items():
        yield Case(f"current-date-{name}", _update({"$currentDate": {"a": operand}}), [{"a": 1}])
        yield Case(f"current-date-{name}-new", _update({"$currentDate": {"b.c": operand}}), [{"a": 1}])
    yield Case("current-date-id", _update({"$currentDate": {"_id": True}}), [{"a": 1}])
    yield Case("current-date-elements", _update({"$currentDate": {"a.$[]": True}}), [{"a": [1, 2]}])


def _unset() -> Iterator[Case]:
    for name, path in {"top": "a", "dotted": "a.b", "deep": "a.b.c", "index": "a.0", "index-deep": "a.1.b"}.items():
        yield Case(f"unset-{name}", _update({"$unset": {path: ""}}, multi=True), "shapes")
    specs = {
        "missing": {"nope": 1},
        "several": {"a": 1, "c": 1},
        "all": {"a": 1, "b": 1, "c": 1},
        "operand-null": {"a": None},
        "operand-false": {"a": False},
        "id": {"_id": 1},
        "below-id": {"_id.x": 1},
        "nothing": {},
        "dollar": {"$a": 1},
        "empty": {"": 1},
    }
    for name, spec in specs.items():
        yield Case(f"unset-{name}", _update({"$unset": spec}), [{"a": 1, "b": [1, 2, None], "c": 3, "$a": 5}])
    yield Case("unset-null-element", _update({"$unset": {"b.2": 1}}), [{"b": [1, 2, None]}])
    yield Case("unset-elements", _update({"$unset": {"b.$[].x": 1}}), [{"b": [{"x": 1}, {}, 5]}])
    yield Case("unset-beside-set", _update({"$unset": {"a": 1}, "$set": {"b": 1}}), [{"a": 1}])


def _set_on_insert() -> Iterator[Case]:
    specs = {
        "other": {"$setOnInsert": {"b": 2}},
        "same": {"$setOnInsert": {"a": 2}},
        "dotted": {"$setOnInsert": {"a.b": 2}},
        "with-set": {"$setOnInsert": {"b": 2}, "$set": {"c": 3}},
        "conflict": {"$setOnInsert": {"c": 2}, "$set": {"c": 3}},
        "id": {"$setOnInsert": {"_id": 7}},
        "dollar": {"$setOnInsert": {"$b": 7}},
        "elements": {"$setOnInsert": {"x.$[]": 7}},
        "nothing": {"$setOnInsert": {}},
    }
    for name, update in specs.items():
        yield Case(f"set-on-insert-{name}", _update(update, upsert=True), [{"a": 1}])
        command = {"update": "$coll", "updates": [{"q": {"a": 5}, "u": update, "upsert": True}]}
        yield Case(f"set-on-insert-{name}-upsert", command, [{"a": 1}])
