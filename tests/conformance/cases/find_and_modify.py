"""findAndModify in all its forms."""

from __future__ import annotations

from collections.abc import Iterator

from ..case import Case
from ..wrong_types import WRONG, given

_SIX = [{"_id": i, "a": i % 3, "b": [{"c": i}, {"c": i + 1}], "s": "aAbBcC"[i]} for i in range(6)]


def _modify(**parameters: object) -> dict:
    return {"findAndModify": "$coll", **parameters}


def cases() -> Iterator[Case]:
    yield from _forms()
    yield from _errors()


def _forms() -> Iterator[Case]:
    updates = {
        "set": {"$set": {"x": 1}},
        "inc": {"$inc": {"a": 10}},
        "nothing": {"$set": {"a": 1}},
        "replacement": {"x": 1},
        "empty-replacement": {},
        "pipeline": [{"$set": {"x": {"$add": ["$a", 1]}}}],
        "unset": {"$unset": {"b": 1}},
        "positional": {"$set": {"b.$.c": 99}},
    }
    for name, update in updates.items():
        for new in (False, True):
            query = {"a": 1, "b.c": {"$gt": 1}}
            yield Case(f"{name}-new-{new}", _modify(query=query, update=update, new=new), _SIX)
            sorted_ = _modify(query=query, sort={"_id": -1}, update=update, new=new, fields={"b": 0})
            yield Case(f"{name}-new-{new}-sorted", sorted_, _SIX)
            if name != "positional":
                upsert = _modify(query={"a": 9}, update=update, new=new, upsert=True)
                yield Case(f"{name}-new-{new}-upsert", upsert, _SIX)
                yield Case(f"{name}-new-{new}-missing", _modify(query={"a": 9}, update=update, new=new), _SIX)
    yield Case("remove", _modify(query={"a": 1}, remove=True), _SIX)
    yield Case("remove-sorted", _modify(query={"a": 1}, sort={"_id": -1}, remove=True), _SIX)
    yield Case("remove-fields", _modify(query={"a": 1}, remove=True, fields={"a": 1}), _SIX)
    yield Case("remove-missing", _modify(query={"a": 9}, remove=True), _SIX)
    yield Case("remove-no-query", _modify(remove=True), _SIX)
    yield Case("lower-case", {"findandmodify": "$coll", "query": {"_id": 1}, "remove": True}, _SIX)
    yield Case("no-collection", _modify(query={"a": 1}, remove=True))
    yield Case("no-collection-update", _modify(query={"a": 1}, update={"$set": {"a": 1}}))
    yield Case("no-collection-upsert", _modify(query={"_id": 1}, update={"$set": {"a": 1}}, upsert=True, new=True))
    yield Case("upsert-id-in-update", _modify(query={"a": 9}, update={"$set": {"_id": 77}}, upsert=True), _SIX)
    yield Case("upsert-set-on-insert", _modify(query={"_id": 8}, update={"$setOnInsert": {"a": 1}}, upsert=True), _SIX)
    filters = _modify(query={"_id": 1}, update={"$set": {"b.$[e].c": 0}}, arrayFilters=[{"e.c": 2}], new=True)
    yield Case("array-filters", filters, _SIX)
    yield Case("fields-positional", _modify(query={"b.c": 3}, update={"$set": {"x": 1}}, fields={"b.$": 1}), _SIX)
    slice_ = _modify(query={"_id": 3}, update={"$set": {"x": 1}}, fields={"b": {"$slice": 1}}, new=True)
    yield Case("fields-slice", slice_, _SIX)
    collation = {"locale": "en", "strength": 2}
    collated = _modify(query={"s": "A"}, sort={"_id": 1}, update={"$set": {"x": 1}}, collation=collation)
    yield Case("collation", collated, _SIX)
    let = _modify(query={"$expr": {"$eq": ["$_id", "$$i"]}}, update=[{"$set": {"x": "$$i"}}], let={"i": 4}, new=True)
    yield Case("let", let, _SIX)
    yield Case("hint", _modify(query={"a": 1}, update={"$set": {"x": 1}}, hint={"_id": 1}), _SIX)
    yield Case("bypass", _modify(query={"a": 1}, update={"$set": {"x": 1}}, bypassDocumentValidation=True), _SIX)


def _errors() -> Iterator[Case]:
    one = {"$set": {"x": 1}}
    yield Case("neither", _modify(query={"a": 1}), _SIX)
    yield Case("remove-and-update", _modify(query={"a": 1}, remove=True, update=one), _SIX)
    yield Case("remove-and-new", _modify(query={"a": 1}, remove=True, new=True), _SIX)
    yield Case("remove-and-upsert", _modify(query={"a": 1}, remove=True, upsert=True), _SIX)
    yield Case("remove-and-array-filters", _modify(query={"a": 1}, remove=True, arrayFilters=[{"e": 1}]), _SIX)
    yield Case("array-filters-and-replacement", _modify(query={}, update={"x": 1}, arrayFilters=[{"e": 1}]), _SIX)
    yield Case("array-filters-and-pipeline", _modify(query={}, update=[{"$set": {"x": 1}}], arrayFilters=[]), _SIX)
    yield Case("immutable-id", _modify(query={"_id": 1}, update={"$set": {"_id": 2}}), _SIX)
    yield Case("immutable-id-replacement", _modify(query={"_id": 1}, update={"_id": 2}), _SIX)
    yield Case("unknown-operator", _modify(query={"_id": 1}, update={"$nope": {"a": 1}}), _SIX)
    yield Case("mixed", _modify(query={"_id": 1}, update={"$set": {"x": 1}, "y": 1}), _SIX)
    yield Case("inc-string", _modify(query={"_id": 1}, update={"$inc": {"s": 1}}), _SIX)
    yield Case("bad-query", _modify(query={"a": {"$nope": 1}}, update=one), _SIX)
    yield Case("bad-query-missing", _modify(query={"a": {"$nope": 1}}, update=one))
    yield Case("bad-sort", _modify(query={}, sort={"a": 2}, update=one), _SIX)
    yield Case("bad-fields", _modify(query={}, fields={"a": 1, "b": 0}, update=one), _SIX)
    yield Case("hint-unknown", _modify(query={}, update=one, hint="nope"), _SIX)
    yield Case("unknown-field", _modify(query={}, update=one, nope=1), _SIX)
    unique = [{"createIndexes": "$coll", "indexes": [{"key": {"s": 1}, "name": "s_1", "unique": True}]}]
    yield Case("duplicate-key", _modify(query={"_id": 1}, update={"$set": {"s": "c"}}), _SIX, setup=unique)
    upsert = _modify(query={"_id": 17}, update={"$set": {"s": "c"}}, upsert=True)
    yield Case("duplicate-key-upsert", upsert, _SIX, setup=unique)
    for kind, value in WRONG.items():
        for parameter in (
            "findAndModify query sort remove update new fields upsert bypassDocumentValidation writeConcern maxTimeMS "
            "collation arrayFilters hint comment let"
        ).split():
            yield Case(
                f"{parameter}-{kind}",
                _modify(**{"query": {"_id": 1}, "update": one, parameter: given(parameter, value)}),
                _SIX,
            )
