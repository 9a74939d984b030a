"""Paths of updates: positions, `$`, `$[]`, `$[id]`, conflicts, order, bad updates."""

from __future__ import annotations

from collections.abc import Iterator

from ..case import Case

_DOCUMENT = {
    "_id": 1,
    "a": [{"x": 1, "y": [1, 2, 3]}, {"x": 2, "y": [4, 5]}, {"x": 3}],
    "n": [1, 2, 3],
    "m": [[1, 2], [3, 4]],
    "e": [],
    "s": 1,
    "o": {"p": [5, 6], "0": 1},
}
_ALL = {
    "set": {"$set": {"n.$[]": 5}},
    "set-same": {"$set": {"e.$[]": 5}},
    "inc": {"$inc": {"n.$[]": 1}},
    "field": {"$set": {"a.$[].x": 5}},
    "new-field": {"$set": {"a.$[].z": 5}},
    "nested": {"$set": {"m.$[].$[]": 5}},
    "nested-missing": {"$set": {"a.$[].y.$[]": 5}},
    "unset": {"$unset": {"n.$[]": 1}},
    "unset-field": {"$unset": {"a.$[].y": 1}},
    "then-index": {"$set": {"m.$[].0": 5}},
    "then-far-index": {"$set": {"m.$[].3": 5}},
    "below-index": {"$set": {"a.0.y.$[]": 5}},
    "below-object": {"$inc": {"o.p.$[]": 5}},
    "scalar": {"$set": {"s.$[]": 5}},
    "object": {"$set": {"o.$[]": 5}},
    "missing": {"$set": {"z.$[]": 5}},
    "missing-deep": {"$set": {"z.x.$[]": 5}},
    "missing-below-scalar": {"$set": {"s.x.$[]": 5}},
    "missing-below-array": {"$set": {"n.x.$[]": 5}},
    "missing-far": {"$set": {"n.7.$[]": 5}},
    "unset-missing": {"$unset": {"z.$[]": 5}},
    "pull-missing": {"$pull": {"z.$[]": 5}},
    "set-on-insert-missing": {"$setOnInsert": {"z.$[]": 5}},
    "first": {"$set": {"$[]": 5}},
    "and-index": {"$set": {"a.$[].z": 5, "a.0.w": 6}},
    "and-whole": {"$set": {"a.$[].z": 5, "a": 6}},
    "twice": {"$set": {"a.$[].z": 5}, "$inc": {"a.$[].x": 6}},
    "conflict": {"$set": {"a.$[].z": 5}, "$inc": {"a.$[].z": 6}},
    "not-quite": {"$set": {"o.$[]x": 5}},
    "unclosed": {"$set": {"o.$[": 5}},
    "unclosed-on-array": {"$set": {"n.$[": 5}},
}
_FILTERED = {
    "range": ({"$set": {"n.$[i]": 5}}, [{"i": {"$gt": 1}}]),
    "equal": ({"$set": {"n.$[i]": 5}}, [{"i": 2}]),
    "none-match": ({"$set": {"n.$[i]": 5}}, [{"i": 9}]),
    "same-value": ({"$set": {"n.$[i]": 1}}, [{"i": 1}]),
    "field": ({"$set": {"a.$[i].z": 5}}, [{"i.x": 1}]),
    "two-conditions": ({"$set": {"a.$[i].z": 5}}, [{"i.x": 1, "i.y": 2}]),
    "or": ({"$set": {"a.$[i].z": 5}}, [{"$or": [{"i.x": 1}, {"i.x": 3}]}]),
    "and": ({"$set": {"n.$[i]": 5}}, [{"$and": [{"i": {"$gt": 1}}, {"i": {"$lt": 3}}]}]),
    "nor": ({"$set": {"n.$[i]": 5}}, [{"$nor": [{"i": 2}]}]),
    "not": ({"$set": {"n.$[i]": 5}}, [{"i": {"$not": {"$gt": 1}}}]),
    "elem-match": ({"$set": {"a.$[i].z": 5}}, [{"i.y": {"$elemMatch": {"$gt": 4}}}]),
    "exists": ({"$unset": {"a.$[i].y": 5}}, [{"i.y": {"$exists": True}}]),
    "whole-object": ({"$set": {"a.$[i].z": 5}}, [{"i": {"x": 3}}]),
    "inner-array": ({"$set": {"m.$[i]": 5}}, [{"i": 3}]),
    "nested": ({"$set": {"a.$[i].y.$[j]": 9}}, [{"i.x": {"$lt": 3}}, {"j": {"$gt": 2}}]),
    "nested-same": ({"$set": {"m.$[i].$[i]": 9}}, [{"i": 3}]),
    "with-all": ({"$set": {"m.$[].$[i]": 9}}, [{"i": {"$gte": 3}}]),
    "camel-case": ({"$set": {"n.$[iJ9]": 5}}, [{"iJ9": 1}]),
    "comment": ({"$set": {"n.$[i]": 5}}, [{"i": 1, "$comment": "x"}]),
    "replace-element": ({"$set": {"a.$[i]": {"q": 1}}}, [{"i.x": 1}]),
    "push": ({"$push": {"a.$[i].y": 9}}, [{"i.x": {"$lt": 3}}]),
    "pull": ({"$pull": {"a.$[i].y": {"$lt": 3}}}, [{"i.y": {"$exists": True}}]),
    "unset": ({"$unset": {"n.$[i]": 1}}, [{"i": 2}]),
    "order": ({"$set": {"a.$[i].z": 5, "a.$[j].w": 6}}, [{"i.x": 1}, {"j.x": {"$lte": 2}}]),
    "apart": ({"$set": {"a.$[i].z": 5, "a.$[j].z": 6}}, [{"i.x": 1}, {"j.x": 2}]),
    "clash": ({"$set": {"a.$[i].z": 5, "a.$[j].z": 6}}, [{"i.x": 1}, {"j.x": {"$lte": 2}}]),
    "clash-below": ({"$set": {"a.$[i]": 5, "a.$[j].z": 6}}, [{"i.x": 1}, {"j.x": {"$lte": 2}}]),
    "clash-with-all": ({"$set": {"a.$[].z": 5, "a.$[j]": 6}}, [{"j.x": {"$lte": 2}}]),
    "beside-all": ({"$set": {"a.$[].z": 5, "a.$[j].w": 6}}, [{"j.x": {"$lte": 2}}]),
    "below-beside-all": ({"$set": {"a.$[].y.0": 5, "a.$[j].y.1": 6}}, [{"j.x": {"$lte": 1}}]),
    "missing-array": ({"$set": {"z.$[i]": 5}}, [{"i": 1}]),
    "not-an-array": ({"$set": {"s.$[i]": 5}}, [{"i": 1}]),
    "no-filters": ({"$set": {"n.$[i]": 5}}, None),
    "empty-filters": ({"$set": {"n.$[i]": 5}}, []),
    "other-filter": ({"$set": {"n.$[i]": 5}}, [{"j": 1}]),
    "unused-filter": ({"$set": {"n.$[i]": 5}}, [{"i": 1}, {"j": 1}]),
    "unused-only": ({"$set": {"s": 5}}, [{"j": 1}]),
    "unused-beside-all": ({"$set": {"n.$[]": 5}}, [{"j": 1}]),
    "duplicate": ({"$set": {"n.$[i]": 5}}, [{"i": 1}, {"i": 2}]),
    "two-names": ({"$set": {"n.$[i]": 5}}, [{"i": 1, "j": 2}]),
    "two-names-in-or": ({"$set": {"n.$[i]": 5}}, [{"$or": [{"i": 1}, {"j": 2}]}]),
    "upper-case": ({"$set": {"n.$[I]": 5}}, [{"I": 1}]),
    "digit": ({"$set": {"n.$[1]": 5}}, [{"1": 1}]),
    "underscore": ({"$set": {"n.$[i_]": 5}}, [{"i_": 1}]),
    "empty-name": ({"$set": {"n.$[i]": 5}}, [{"": 1}]),
    "empty-object": ({"$set": {"n.$[i]": 5}}, [{}]),
    "comment-alone": ({"$set": {"n.$[i]": 5}}, [{"$comment": "x"}]),
    "expr": ({"$set": {"n.$[i]": 5}}, [{"$expr": True}]),
    "json-schema": ({"$set": {"n.$[i]": 5}}, [{"$jsonSchema": {}}]),
    "where": ({"$set": {"n.$[i]": 5}}, [{"$where": "1"}]),
    "text": ({"$set": {"n.$[i]": 5}}, [{"$text": {"$search": "x"}}]),
    "unknown-operator": ({"$set": {"n.$[i]": 5}}, [{"i": {"$nope": 1}}]),
    "unknown-top-operator": ({"$set": {"n.$[i]": 5}}, [{"$nope": 1}]),
    "empty-and": ({"$set": {"n.$[i]": 5}}, [{"$and": []}]),
    "first-step": ({"$set": {"$[i]": 5}}, [{"i": 1}]),
    "blank": ({"$set": {"n.$[ ]": 5}}, []),
    "replacement": ({"s": 1}, [{"i": 1}]),
    "replacement-bad-filter": ({"s": 1}, [{"i": {"$nope": 1}}]),
    "pipeline": ([{"$set": {"s": 2}}], [{"i": 1}]),
    "pipeline-empty": ([{"$set": {"s": 2}}], []),
}
_POSITIONAL = {
    "equal": ({"$set": {"n.$": 9}}, {"n": 2}),
    "range": ({"$set": {"n.$": 9}}, {"n": {"$gt": 1}}),
    "elem-match": ({"$set": {"n.$": 9}}, {"n": {"$elemMatch": {"$gt": 1}}}),
    "field": ({"$set": {"a.$.z": 9}}, {"a.x": 2}),
    "element": ({"$set": {"a.$": 9}}, {"a.x": 2}),
    "dotted": ({"$set": {"o.p.$": 9}}, {"o.p": 6}),
    "inner": ({"$set": {"a.$.y.0": 9}}, {"a.x": 2}),
    "inner-all": ({"$set": {"a.$.y.$[]": 9}}, {"a.x": 2}),
    "all-inner": ({"$set": {"a.$[].y.$": 9}}, {"a.x": 2}),
    "inner-match": ({"$set": {"a.$.z": 9}}, {"a.y": 5}),
    "other-array": ({"$set": {"n.$": 9}}, {"a.x": 3}),
    "two-arrays": ({"$set": {"n.$": 9}}, {"n": {"$gt": 1}, "a.x": 3}),
    "on-scalar": ({"$set": {"s.$": 9}}, {"n": 2}),
    "on-object": ({"$set": {"o.$": 9}}, {"n": 2}),
    "on-empty": ({"$set": {"e.$.q": 9}}, {"n": 2}),
    "on-missing": ({"$set": {"z.$.q": 9}}, {"n": 2}),
    "unset": ({"$unset": {"n.$": 9}}, {"n": 2}),
    "inc": ({"$inc": {"n.$": 9}}, {"n": 2}),
    "pull": ({"$pull": {"a.$.y": 4}}, {"a.x": 2}),
    "beside-index": ({"$set": {"n.$": 9, "n.0": 8}}, {"n": 2}),
    "clash-with-index": ({"$set": {"n.$": 9, "n.1": 8}}, {"n": 2}),
    "merged-with-index": ({"$set": {"a.$.q": 9, "a.1.r": 8}}, {"a.x": 2}),
    "clash-below-index": ({"$set": {"a.$.q": 9, "a.1.q": 8}}, {"a.x": 2}),
    "clash-whole-element": ({"$set": {"a.$.q": 9, "a.1": 8}}, {"a.x": 2}),
    "beside-all": ({"$set": {"a.$": 5, "a.$[]": 3}}, {"a.x": 2}),
    "two-fields": ({"$set": {"a.$.q": 9}, "$inc": {"a.$.x": 1}}, {"a.x": 2}),
    "no-condition": ({"$set": {"n.$": 9}}, {}),
    "no-array-condition": ({"$set": {"n.$": 9}}, {"s": 1}),
    "whole-array": ({"$set": {"n.$": 9}}, {"n": [1, 2, 3]}),
    "negated": ({"$set": {"n.$": 9}}, {"n": {"$ne": 7}}),
    "or": ({"$set": {"n.$": 9}}, {"$or": [{"n": {"$gt": 2}}, {"s": 7}]}),
    "or-single": ({"$set": {"n.$": 9}}, {"$or": [{"n": 3}]}),
    "and": ({"$set": {"n.$": 9}}, {"$and": [{"n": 1}, {"n": 3}]}),
    "missing-without-position": ({"$set": {"z.$": 9}}, {}),
    "unset-without-position": ({"$unset": {"z.$": 9}}, {}),
    "scalar-without-position": ({"$set": {"s.x.$": 9}}, {}),
    "first": ({"$set": {"$": 9}}, {"n": 2}),
    "first-dotted": ({"$set": {"$.a": 9}}, {"n": 2}),
    "twice": ({"$set": {"a.$.y.$": 9}}, {"a.x": 2}),
    "expr": ({"$set": {"n.$": 9}}, {"n": 2, "$expr": {"$eq": ["$s", 1]}}),
}
_CONFLICTS = {
    "same": {"$set": {"s": 1}, "$inc": {"s": 1}},
    "parent-first": {"$set": {"o": 1, "o.p": 1}},
    "child-first": {"$set": {"o.p": 1, "o": 1}},
    "deep": {"$set": {"o.q.r": 1}, "$unset": {"o.q": 1}},
    "siblings": {"$set": {"o.q": 1}, "$inc": {"o.r": 1}},
    "index-and-whole": {"$set": {"n.0": 1}, "$push": {"n": 1}},
    "two-indexes": {"$set": {"n.0": 7, "n.2": 8}},
    "far-indexes": {"$set": {"n.6": 7, "n.10": 8, "n.9": 9}},
    "index-and-name": {"$set": {"o.0": 1, "o.x": 2}},
    "index-and-name-on-array": {"$set": {"n.0": 1, "n.x": 2}},
    "prefix-names": {"$set": {"s": 2, "sx": 3}},
}
_BAD = {
    "unknown": {"$nope": {"s": 1}},
    "unknown-after": {"$set": {"s": 1}, "$nope": {"t": 1}},
    "plain-after": {"$set": {"s": 1}, "s": 1},
    "plain-before": {"s": 1, "$set": {"s": 1}},
    "push-all": {"$pushAll": {"n": [1]}},
    "isolated": {"$isolated": 1, "$set": {"s": 1}},
    "operand-int": {"$set": 1},
    "operand-null": {"$set": None},
    "operand-array": {"$unset": []},
    "operand-string": {"$inc": "s"},
    "all-empty": {"$set": {}, "$inc": {}, "$push": {}},
    "dollar": {"$": {"s": 1}},
    "list-of-int": [5],
    "list-of-list": [[]],
}


def _update(update: object, filter_: object = None, **options: object) -> dict:
    return {"update": "$coll", "updates": [{"q": filter_ or {}, "u": update, **options}]}


def _nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def cases() -> Iterator[Case]:
    for group, updates in {"all": _ALL, "conflict": _CONFLICTS, "bad": _BAD}.items():
        for name, update in updates.items():
            yield Case(f"{group}-{name}", _update(update), [_DOCUMENT])
    for name, (update, filters) in _FILTERED.items():
        options = {} if filters is None else {"arrayFilters": filters}
        yield Case(f"filter-{name}", _update(update, **options), [_DOCUMENT])
    for name, (update, filter_) in _POSITIONAL.items():
        yield Case(f"positional-{name}", _update(update, filter_), [_DOCUMENT])
    yield Case(
        "positional-multi",
        _update({"$set": {"n.$": 9}}, {"n": {"$gt": 1}}, multi=True),
        [_DOCUMENT, {"_id": 2, "n": [0, 7]}],
    )
    collation = {"locale": "en", "strength": 2}
    update = _update({"$set": {"t.$[i]": "X"}}, arrayFilters=[{"i": "a"}], collation=collation)
    yield Case("filter-collation", update, [{"t": ["a", "A", "b"]}])
    for levels in (178, 179, 180, 181):
        yield Case(f"depth-set-{levels}", _update({"$set": {"x": _nested(levels)}}), [{}])
        yield Case(f"depth-path-{levels}", _update({"$set": {".".join("a" * levels): 1}}), [{}])
        yield Case(f"depth-push-{levels}", _update({"$push": {"x": _nested(levels)}}), [{}])
        yield Case(
            f"depth-rename-{levels}", _update({"$rename": {"x": "y.z.w"}}), [{"x": _nested(min(levels, 179) - 1)}]
        )
    yield Case("padding-too-much", _update({"$set": {"n.1500004": 1}}), [_DOCUMENT])
    yield Case("padding-far-too-much", _update({"$set": {"n.2147483648": 1}}), [_DOCUMENT])
    for name, spec in {"number": 5, "string": "x", "null": None}.items():
        yield Case(f"update-{name}", _update(spec), [_DOCUMENT])
