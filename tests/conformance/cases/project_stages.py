"""`$project`, `$addFields`, `$set`, `$unset`."""

from __future__ import annotations

from collections.abc import Iterator

from ..case import Case
from . import projection

_ADDITIONS = {
    "number": {"a": 5},
    "zero": {"a": 0},
    "bool": {"a": True},
    "null": {"a": None},
    "string": {"a": "text"},
    "path": {"x": "$a"},
    "path-over-itself": {"a": "$a"},
    "missing-path": {"a": "$nope"},
    "missing-path-new": {"x": "$nope"},
    "remove": {"a": "$$REMOVE"},
    "remove-below": {"a.b": "$$REMOVE"},
    "remove-below-new": {"n.m": "$$REMOVE"},
    "array": {"a": [1, "$b", "$nope"]},
    "empty-array": {"a": []},
    "empty-object": {"a": {}},
    "empty-object-below": {"a.b": {}},
    "literal": {"a": {"$literal": {"$x": 1}}},
    "dotted": {"a.b": 5},
    "dotted-deep": {"a.b.c": "$b"},
    "dotted-number": {"a.0": 5},
    "nested": {"a": {"b": 5}},
    "nested-two": {"a": {"b": 5, "x": "$b"}},
    "nested-and-dotted": {"a": {"b": 5}, "a.x": 6},
    "nested-deep": {"a": {"b": {"c": 5}}},
    "new-deep": {"n.m.k": 5, "n.l": 6},
    "order": {"x": 1, "w": 2, "b": 3, "v": 4},
    "order-mixed": {"x.y": 1, "w": 2, "x.z": 3},
    "id": {"_id": "$a"},
    "id-dotted": {"_id.x": 5},
    "root": {"x": "$$ROOT"},
    "operator": {"a": {"$ifNull": ["$a", "none"]}},
    "operator-below": {"a": {"x": {"$ifNull": ["$b", "none"]}}},
    "dbref-field": {"x.$id": 5},
    "empty": {},
    "collision": {"a": 1, "a.b": 2},
    "collision-before": {"a.b": 1, "a": 2},
    "collision-nested": {"a": {"b": 1}, "a.b": 2},
    "collision-operator": {"a": {"$literal": 1}, "a.b": 1},
    "dotted-in-object": {"a": {"b.c": 1}},
    "dotted-in-deep-object": {"a": {"b": {"c.d": 1}}},
    "operator-with-company": {"a": {"$add": [1, 1], "c": 1}},
    "company-with-operator": {"a": {"c": 1, "$add": [1]}},
    "unknown-operator": {"a": {"$nope": 1}},
    "unknown-operator-below": {"a": {"b": {"$nope": 1}}},
    "elem-match": {"a": {"$elemMatch": {}}},
    "slice-of-find": {"a": {"$slice": 1}},
    "empty-name": {"": 1},
    "empty-name-below": {"a": {"": 1}},
    "two-dots": {"a..b": 1},
    "dollar": {"$a": 1},
    "positional": {"a.$": 1},
    "bad-path-after-bad-operator": {"c": {"$nope": 1}, "a..b": 1},
    "undefined-variable": {"a": "$$nope"},
    "bad-constant": {"a": {"$divide": [1, 0]}},
}
_REMOVALS = {
    "one": "a",
    "dotted": "a.b",
    "dotted-deep": "a.b.c",
    "dotted-number": "a.0",
    "missing": "nope",
    "id": "_id",
    "id-below": "_id.x",
    "list": ["a", "b"],
    "list-dotted": ["a.b", "a.c"],
    "list-of-id": ["_id"],
    "same": ["a", "a"],
    "parent-and-child": ["a", "a.b"],
    "child-and-parent": ["a.b", "a"],
    "empty-list": [],
    "empty-name": "",
    "empty-name-in-list": [""],
    "number": 5,
    "number-in-list": ["a", 5],
    "object": {},
    "two-dots": "a..b",
    "dollar": "$a",
    "positional": "a.$",
}


def _aggregate(*stages: object) -> dict:
    return {"aggregate": "$coll", "pipeline": list(stages), "cursor": {}}


def cases() -> Iterator[Case]:
    for group, specs in projection.SPECS.items():
        for name, spec in specs.items():
            yield Case(f"project-{group}-{name}", _aggregate({"$project": spec}), "shapes")
    for name, spec in projection.FIND_ONLY.items():
        yield Case(f"project-find-{name}", _aggregate({"$project": spec}), "shapes")
    for name, spec in {"string": "a", "number": 1, "array": [], "null": None}.items():
        yield Case(f"project-operand-{name}", _aggregate({"$project": spec}), "shapes")
        yield Case(f"add-operand-{name}", _aggregate({"$addFields": spec}), "shapes")
    for name, spec in _ADDITIONS.items():
        yield Case(f"add-{name}", _aggregate({"$addFields": spec}), "shapes")
    yield Case("set-alias", _aggregate({"$set": {"x": "$a"}}), "shapes")
    yield Case("set-error", _aggregate({"$set": {"a": 1, "a.b": 1}}), "shapes")
    for name, spec in _REMOVALS.items():
        yield Case(f"unset-{name}", _aggregate({"$unset": spec}), "shapes")
    behind = {"$replaceWith": {"a": 1, "_id": "$_id", "b": "$b"}}
    yield Case("project-id-in-the-middle", _aggregate(behind, {"$project": {"b": 1, "x": "$a"}}), "shapes")
    yield Case("add-id-in-the-middle", _aggregate(behind, {"$set": {"b": 1, "x": "$a"}}), "shapes")
    let = {**_aggregate({"$project": {"x": "$$q", "a": {"y": "$$q.r"}}}), "let": {"q": {"r": 5}}}
    yield Case("project-let", let, "shapes")
