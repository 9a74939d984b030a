"""Replacements, upserts, pipelines."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Binary, Decimal128, Int64, Regex, Timestamp

from .. import providers
from ..case import Case

_REPLACEMENTS = {
    "other": {"b": 2},
    "same": {"a": 1, "b": {"c": 2}},
    "same-with-id": {"_id": 1, "a": 1, "b": {"c": 2}},
    "same-other-type": {"_id": 1, "a": 1.0, "b": {"c": 2}},
    "same-other-order": {"_id": 1, "b": {"c": 2}, "a": 1},
    "empty": {},
    "id-last": {"b": 2, "_id": 1},
    "id-other": {"_id": 2},
    "id-other-type": {"_id": 1.0, "b": 2},
    "id-null": {"_id": None},
    "id-array": {"_id": [1]},
    "dollar-name": {"b": 2, "$c": 1},
    "dollar-name-first": {"$c": 1, "b": 1},
    "dollar-name-below": {"b": {"$c": 1}},
    "dotted-name": {"b.c": 1},
    "empty-name": {"": 1},
    "dbref": {"a": 1, "$ref": "c", "$id": 1},
    "dbref-alone": {"a": 1, "$ref": "c"},
    "dbref-id": {"a": 1, "$id": 1},
    "zero-timestamp": {"t": Timestamp(0, 0), "u": {"t": Timestamp(0, 0)}, "v": [Timestamp(0, 0)]},
    "inner-id": {"b": {"_id": 5}},
}
_UPSERT_FILTERS = {
    "nothing": {},
    "equal": {"a": 1},
    "eq": {"a": {"$eq": 1}},
    "eq-regex": {"a": {"$eq": Regex("a")}},
    "regex": {"a": Regex("a")},
    "null": {"a": None},
    "array": {"a": [1, 2]},
    "object": {"a": {"b": 1}},
    "empty-object": {"a": {}},
    "dotted": {"a.b": 1},
    "dotted-deep": {"a.b.c": 1},
    "dotted-index": {"a.0": 1},
    "empty-step": {"a..b": 1},
    "last-empty-step": {"a.": 1},
    "empty-path": {"": 1},
    "in-one": {"a": {"$in": [1]}},
    "in-same": {"a": {"$in": [1, 1]}},
    "in-two": {"a": {"$in": [1, 2]}},
    "in-null": {"a": {"$in": [None]}},
    "in-array": {"a": {"$in": [[1]]}},
    "in-regex": {"a": {"$in": [Regex("a")]}},
    "all-one": {"a": {"$all": [1]}},
    "all-two": {"a": {"$all": [1, 2]}},
    "gt": {"a": {"$gt": 1}},
    "eq-and-gt": {"a": {"$eq": 1, "$gt": 0}},
    "range-of-one": {"a": {"$gte": 1, "$lte": 1}},
    "exists": {"a": {"$exists": True}},
    "ne": {"a": {"$ne": 1}},
    "nin": {"a": {"$nin": [1]}},
    "not": {"a": {"$not": {"$eq": 1}}},
    "not-ne": {"a": {"$not": {"$ne": 1}}},
    "elem-match": {"a": {"$elemMatch": {"b": 1}}},
    "size": {"a": {"$size": 1}},
    "type": {"a": {"$type": "int"}},
    "or-one": {"$or": [{"a": 1}]},
    "or-two": {"$or": [{"a": 1}, {"a": 2}]},
    "or-other": {"$or": [{"a": 1}, {"b": 2}]},
    "nor": {"$nor": [{"a": 1}]},
    "and-one": {"$and": [{"a": 1}]},
    "and-and": {"$and": [{"$and": [{"a": 1}]}]},
    "and-same": {"$and": [{"a": 1}, {"a": 1}]},
    "and-two": {"$and": [{"a": 1}, {"a": 2}]},
    "parent-and-child": {"a": 1, "a.b": 1},
    "child-and-parent": {"a.c": 1, "a": {"b": 1}},
    "expr": {"$expr": {"$eq": ["$a", 1]}},
    "expr-inside": {"$and": [{"a": 1}, {"$expr": {"$eq": ["$a", 1]}}]},
    "comment": {"$comment": "x", "a": 1},
    "dollar-value": {"a": {"$eq": {"$b": 1}}},
    "dotted-value": {"a": {"$eq": {"b.c": 1}}},
    "id": {"_id": 5},
    "id-in": {"_id": {"$in": [5]}},
    "id-gt": {"_id": {"$gt": 5}},
    "id-null": {"_id": None},
    "id-object": {"_id": {"a": 1}},
    "id-array": {"_id": [1]},
    "id-regex": {"_id": Regex("a")},
    "id-dotted": {"_id.a": 1},
    "id-twice": {"$and": [{"_id": 1}, {"_id": 1}]},
    "id-or": {"$or": [{"_id": 1}]},
    "id-uuid": {"_id": Binary(b"0123456789abcdef", 4)},
    "id-and-other": {"a": 1, "_id": 5},
    "decimal": {"a": Decimal128("1.0")},
    "long": {"a": Int64(1)},
}
_UPSERT_UPDATES = {
    "set": {"$set": {"x": 1}},
    "replacement": {"x": 1},
    "pipeline": [{"$set": {"x": 1}}],
}
_UPSERTS = {
    "set-same": ({"a": 1}, {"$set": {"a": 2}}),
    "set-below": ({"a": 1}, {"$set": {"a.b": 2}}),
    "set-beside": ({"a.b": 1}, {"$set": {"a.c": 2}}),
    "inc": ({"a": 1}, {"$inc": {"a": 2}}),
    "inc-new": ({"a": 1}, {"$inc": {"b": 2}}),
    "unset": ({"a": 1}, {"$unset": {"a": 2}}),
    "push": ({"a": [1]}, {"$push": {"a": 2}}),
    "push-on-scalar": ({"a": 1}, {"$push": {"a": 2}}),
    "add-to-set": ({"a": 1}, {"$addToSet": {"b": 2}}),
    "pull": ({"a": [1, 2]}, {"$pull": {"a": 1}}),
    "rename": ({"a": 1}, {"$rename": {"a": "b"}}),
    "rename-missing": ({"a": 1}, {"$rename": {"c": "b"}}),
    "min": ({"a": 1}, {"$min": {"a": 0}}),
    "bit": ({"a": 5}, {"$bit": {"a": {"and": 4}}}),
    "current-date": ({"a": 5}, {"$currentDate": {"b": True}}),
    "positional": ({"a": 1}, {"$set": {"b.$": 2}}),
    "all-missing": ({"a": 1}, {"$set": {"b.$[]": 2}}),
    "all": ({"b": [1]}, {"$set": {"b.$[]": 2}}),
    "nothing": ({"a": 1}, {"$set": {}}),
    "id-set": ({"a": 1}, {"$set": {"_id": 7}}),
    "id-set-on-insert": ({"a": 1}, {"$setOnInsert": {"_id": 7}}),
    "id-set-same": ({"_id": 8}, {"$set": {"_id": 8}}),
    "id-set-other": ({"_id": 8}, {"$set": {"_id": 9}}),
    "id-set-other-type": ({"_id": 8}, {"$set": {"_id": 8.0}}),
    "id-set-below": ({"a": 1}, {"$set": {"_id.a": 1}}),
    "id-set-below-same": ({"_id.a": 1}, {"$set": {"_id.a": 1}}),
    "id-set-below-other": ({"_id.a": 1}, {"$set": {"_id.b": 1}}),
    "id-set-array": ({"a": 1}, {"$set": {"_id": [1]}}),
    "id-set-regex": ({"a": 1}, {"$set": {"_id": Regex("a")}}),
    "id-set-dollar": ({"a": 1}, {"$set": {"_id": {"$a": 1}}}),
    "id-set-dollar-below": ({"a": 1}, {"$set": {"_id": {"a": {"$b": 1}}}}),
    "id-unset": ({"_id": 8}, {"$unset": {"_id": 1}}),
    "dollar-name": ({"a": 1}, {"$set": {"$b": 1}}),
    "replacement-id": ({"a": 1}, {"_id": 7, "b": 1}),
    "replacement-id-last": ({"a": 1}, {"b": 1, "_id": 7}),
    "replacement-id-same": ({"_id": 8}, {"b": 1, "_id": 8}),
    "replacement-id-other": ({"_id": 8}, {"b": 1, "_id": 9}),
    "replacement-id-other-type": ({"_id": 8}, {"b": 1, "_id": 8.0}),
    "replacement-id-dotted": ({"_id.a": 1}, {"_id": {"a": 1}}),
    "replacement-id-array": ({"a": 1}, {"_id": [1]}),
    "replacement-id-regex": ({"a": 1}, {"_id": Regex("a")}),
    "replacement-id-dollar": ({"a": 1}, {"_id": {"$a": 1}}),
    "replacement-id-dbref": ({"a": 1}, {"_id": {"$ref": "c", "$id": 1}}),
    "replacement-dollar": ({"a": 1}, {"b": 1, "$c": 1}),
    "replacement-empty": ({"a": 1}, {}),
    "replacement-timestamp": ({"a": 1}, {"_id": Timestamp(0, 0), "b": Timestamp(0, 0)}),
    "pipeline-filter-field": ({"a": 1}, [{"$set": {"b": "$a"}}]),
    "pipeline-replace": ({"_id": 8}, [{"$replaceWith": {"b": 1}}]),
    "pipeline-replace-id": ({"a": 1}, [{"$replaceWith": {"_id": 7, "b": "$a"}}]),
    "pipeline-id-other": ({"_id": 8}, [{"$set": {"_id": 9}}]),
    "pipeline-id-other-type": ({"_id": 8}, [{"$set": {"_id": 8.0}}]),
    "pipeline-unset-id": ({"_id": 8}, [{"$unset": "_id"}]),
    "pipeline-id-array": ({"a": 1}, [{"$set": {"_id": [1]}}]),
}
_PIPELINES = {
    "set": [{"$set": {"x": "$a"}}],
    "set-same": [{"$set": {"a": 1}}],
    "set-other-type": [{"$set": {"a": 1.0}}],
    "add-fields": [{"$addFields": {"b.d": {"$add": ["$a", 1]}}}],
    "set-below-scalar": [{"$set": {"a.b": 1}}],
    "set-object": [{"$set": {"b": {"e": 5}}}],
    "unset": [{"$unset": "a"}],
    "unset-list": [{"$unset": ["a", "b.c"]}],
    "project": [{"$project": {"a": 1}}],
    "project-without-id": [{"$project": {"_id": 0, "a": 1}}],
    "project-all": [{"$project": {"_id": 0}}],
    "replace-with": [{"$replaceWith": "$b"}],
    "replace-root": [{"$replaceRoot": {"newRoot": "$b"}}],
    "replace-same": [{"$replaceWith": {"_id": 1, "a": 1, "b": {"c": 2}}}],
    "replace-id-last": [{"$replaceWith": {"a": 1, "_id": 1}}],
    "replace-id-other": [{"$replaceWith": {"_id": 2}}],
    "replace-scalar": [{"$replaceWith": "$a"}],
    "replace-missing": [{"$replaceWith": "$nope"}],
    "replace-dollar": [{"$replaceWith": {"$literal": {"$b": 1}}}],
    "replace-root-scalar": [{"$replaceRoot": {"newRoot": 1}}],
    "replace-root-empty": [{"$replaceRoot": {}}],
    "several": [{"$set": {"x": 1}}, {"$unset": "a"}, {"$set": {"y": {"$add": ["$x", 1]}}}],
    "sees-old": [{"$set": {"x": 1, "y": "$x"}}],
    "remove": [{"$set": {"x": "$$REMOVE", "a": "$$REMOVE"}}],
    "literal-dollar": [{"$set": {"x": {"$literal": {"$b": 1}}}}],
    "zero-timestamp": [{"$set": {"t": Timestamp(0, 0)}}],
    "id-other": [{"$set": {"_id": 2}}],
    "id-other-type": [{"$set": {"_id": 1.0}}],
    "id-unset": [{"$unset": "_id"}],
    "empty": [],
    "empty-set": [{"$set": {}}],
    "empty-stage": [{}],
    "two-in-a-stage": [{"$set": {"x": 1}, "$unset": "a"}],
    "empty-unset": [{"$unset": []}],
    "bad-unset": [{"$unset": {"a": 1}}],
    "bad-set": [{"$set": 1}],
    "dollar-name": [{"$set": {"$a": 1}}],
    "positional": [{"$set": {"b.$": 1}}],
    "undefined-variable": [{"$set": {"x": "$$nope"}}],
    "failing": [{"$set": {"x": {"$divide": ["$a", 0]}}}],
    "match": [{"$match": {"a": 1}}],
    "group": [{"$group": {"_id": 1}}],
    "limit": [{"$limit": 1}],
    "unknown": [{"$nope": 1}],
}


def _update(filter_: object, update: object, **options: object) -> dict:
    return {"update": "$coll", "updates": [{"q": filter_, "u": update, **options}]}


def cases() -> Iterator[Case]:
    document = {"_id": 1, "a": 1, "b": {"c": 2}}
    for name, update in _REPLACEMENTS.items():
        yield Case(f"replace-{name}", _update({}, update), [document])
    for index, shape in enumerate(providers.SETS["shapes"]):
        yield Case(f"replace-with-shape-{index}", _update({}, shape), [document])
        yield Case(f"replace-shape-{index}-by-itself", _update({}, shape), [shape])
    yield Case("replace-by-id-only", _update({}, {"_id": 1}), [{"_id": 1}])
    yield Case("replace-empty-by-empty", _update({}, {}), [{"_id": 1}])
    yield Case("replace-multi", _update({}, {"b": 1}, multi=True), [document])
    for name, filter_ in _UPSERT_FILTERS.items():
        for update_name, update in _UPSERT_UPDATES.items():
            yield Case(f"upsert-by-{name}-{update_name}", _update(filter_, update, upsert=True), [])
    for name, (filter_, update) in _UPSERTS.items():
        yield Case(f"upsert-{name}", _update(filter_, update, upsert=True), [])
    for name, pipeline in _PIPELINES.items():
        yield Case(f"pipeline-{name}", _update({}, pipeline), [document])
    constants = _update({}, [{"$set": {"x": "$$q"}}], c={"q": 7})
    yield Case("pipeline-constants", constants, [document])
    yield Case("pipeline-multi", _update({}, [{"$set": {"x": "$v"}}], multi=True), "few values")
    yield Case("pipeline-now", _update({}, [{"$set": {"x": "$$NOW"}}]), [document])
