"""Parameters of update, insert and aggregate; validate; and what a command may not say."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Int64

from ..case import Case
from ..wrong_types import WRONG, given

_SIX = [{"_id": i, "a": i % 3, "s": "aAbBcC"[i]} for i in range(6)]
_SET = {"$set": {"x": 1}}


def cases() -> Iterator[Case]:
    yield from _updates()
    yield from _aggregates()
    yield from _any_command()
    yield from _validate()


def _update(*updates: dict, **options: object) -> dict:
    return {"update": "$coll", "updates": list(updates), **options}


def _updates() -> Iterator[Case]:
    for multi in (False, True):
        for name, query in {"all": {}, "some": {"a": 1}, "none": {"a": 9}, "id": {"_id": 3}}.items():
            yield Case(f"update-{name}-multi-{multi}", _update({"q": query, "u": _SET, "multi": multi}), _SIX)
            upsert = _update({"q": query, "u": _SET, "multi": multi, "upsert": True})
            yield Case(f"update-{name}-multi-{multi}-upsert", upsert, _SIX)
    yield Case("update-no-collection", _update({"q": {}, "u": _SET}))
    yield Case("update-no-collection-upsert", _update({"q": {"_id": 1}, "u": _SET, "upsert": True}))
    yield Case("update-sort", _update({"q": {}, "u": _SET, "sort": {"_id": -1}}), _SIX)
    yield Case("update-sort-multi", _update({"q": {}, "u": _SET, "sort": {"_id": -1}, "multi": True}), _SIX)
    yield Case("update-replace-multi", _update({"q": {}, "u": {"x": 1}, "multi": True}), _SIX)
    yield Case("update-no-q", _update({"u": _SET}), _SIX)
    yield Case("update-no-u", _update({"q": {}}), _SIX)
    yield Case("update-none", {"update": "$coll"}, _SIX)
    yield Case("update-empty", _update(), _SIX)
    yield Case("update-unknown-field", _update({"q": {}, "u": _SET}, nope=1), _SIX)
    yield Case("update-unknown-field-of-update", _update({"q": {}, "u": _SET, "nope": 1}), _SIX)
    yield Case("update-constants", _update({"q": {}, "u": [{"$set": {"x": "$$y"}}], "c": {"y": 7}}), _SIX)
    yield Case("update-constants-modifiers", _update({"q": {}, "u": _SET, "c": {"y": 7}}), _SIX)
    yield Case("update-let", _update({"q": {"$expr": {"$eq": ["$_id", "$$i"]}}, "u": _SET}, let={"i": 4}), _SIX)
    collated = {"q": {"s": "a"}, "u": _SET, "multi": True, "collation": {"locale": "en", "strength": 2}}
    yield Case("update-collation", _update(collated), _SIX)
    yield Case("update-hint", _update({"q": {"a": 1}, "u": _SET, "hint": "_id_"}), _SIX)
    yield Case("update-hint-unknown", _update({"q": {"a": 1}, "u": _SET, "hint": {"z": 1}}), _SIX)
    broken = [{"q": {"_id": 0}, "u": _SET}, {"q": {"_id": 1}, "u": {"$nope": {}}}, {"q": {"_id": 2}, "u": _SET}]
    yield Case("update-error-ordered", _update(*broken), _SIX)
    yield Case("update-error-unordered", _update(*broken, ordered=False), _SIX)
    for kind, value in WRONG.items():
        for parameter in "update ordered bypassDocumentValidation let writeConcern maxTimeMS".split():
            yield Case(
                f"update-{parameter}-{kind}",
                _update({"q": {"_id": 1}, "u": _SET}, **{parameter: given(parameter, value)}),
                _SIX,
            )
        for parameter in "q u multi upsert arrayFilters hint collation c sort".split():
            update = {"q": {"_id": 1}, "u": _SET, parameter: given(parameter, value)}
            yield Case(f"update-{parameter}-{kind}-inside", _update(update), _SIX)


def _aggregate(*pipeline: object, **options: object) -> dict:
    return {"aggregate": "$coll", "pipeline": list(pipeline), "cursor": {}, **options}


def _aggregates() -> Iterator[Case]:
    yield Case("aggregate-empty", _aggregate(), _SIX)
    yield Case("aggregate-no-collection", _aggregate())
    yield Case("aggregate-no-collection-count", _aggregate({"$count": "n"}))
    yield Case("aggregate-no-cursor", {"aggregate": "$coll", "pipeline": []}, _SIX)
    yield Case("aggregate-no-pipeline", {"aggregate": "$coll", "cursor": {}}, _SIX)
    yield Case("aggregate-number", {"aggregate": 1, "pipeline": [{"$match": {}}], "cursor": {}}, _SIX)
    documents = {"aggregate": 1, "pipeline": [{"$documents": [{"a": 1}, {"a": 2}]}, {"$match": {"a": 2}}], "cursor": {}}
    yield Case("aggregate-documents", documents)
    for size in (0, 1, 2, 100, -1, 2.5, Int64(2), "x", None):
        yield Case(f"aggregate-batch-{type(size).__name__}-{size}", _aggregate(cursor={"batchSize": size}), _SIX)
    yield Case("aggregate-cursor-unknown", _aggregate(cursor={"nope": 1}), _SIX)
    yield Case("aggregate-unknown-field", _aggregate(nope=1), _SIX)
    yield Case("aggregate-unknown-stage", _aggregate({"$nope": {}}), _SIX)
    yield Case("aggregate-two-stages-in-one", _aggregate({"$match": {}, "$limit": 1}), _SIX)
    yield Case("aggregate-empty-stage", _aggregate({}), _SIX)
    yield Case("aggregate-number-stage", _aggregate(1), _SIX)
    yield Case("aggregate-hint", _aggregate({"$match": {"a": 1}}, hint="_id_"), _SIX)
    yield Case("aggregate-hint-unknown", _aggregate({"$match": {"a": 1}}, hint="nope"), _SIX)
    yield Case(
        "aggregate-let", _aggregate({"$match": {"$expr": {"$eq": ["$a", "$$x"]}}}, let={"x": {"$add": [1, 1]}}), _SIX
    )
    collation = {"locale": "en", "strength": 2}
    yield Case("aggregate-collation", _aggregate({"$match": {"s": "a"}}, collation=collation), _SIX)
    yield Case("aggregate-explain", {"aggregate": "$coll", "pipeline": [], "explain": True}, _SIX)
    for kind, value in WRONG.items():
        for parameter in (
            "pipeline cursor allowDiskUse maxTimeMS bypassDocumentValidation readConcern collation hint comment "
            "writeConcern let explain"
        ).split():
            yield Case(f"aggregate-{parameter}-{kind}", _aggregate(**{parameter: given(parameter, value)}), _SIX)


def _any_command() -> Iterator[Case]:
    options: dict[str, object] = {
        "ok-comment": {"comment": 1},
        "api-version-1": {"apiVersion": "1"},
        "api-version-2": {"apiVersion": "2"},
        "api-strict": {"apiVersion": "1", "apiStrict": True},
        "api-strict-alone": {"apiStrict": True},
    }
    for name, option in options.items():
        yield Case(f"any-{name}", {"find": "$coll", "limit": 1, **option}, _SIX)
    yield Case("any-api-strict-refused", {"collStats": "$coll", "apiVersion": "1", "apiStrict": True}, _SIX)
    concerns: dict[str, object] = {
        "w-0": {"w": 0},
        "w-1": {"w": 1},
        "w-majority": {"w": "majority"},
        "w-2": {"w": 2},
        "w-51": {"w": 51},
        "w-negative": {"w": -1},
        "w-unknown": {"w": "nope"},
        "w-null": {"w": None},
        "j": {"j": True},
        "fsync": {"fsync": True},
        "j-and-fsync": {"j": True, "fsync": True},
        "timeout": {"w": 1, "wtimeout": 100},
        "timeout-string": {"w": 1, "wtimeout": "x"},
        "unknown": {"nope": 1},
        "empty": {},
    }
    for name, concern in concerns.items():
        insert = {"insert": "$coll", "documents": [{"_id": 9}], "writeConcern": concern}
        if name != "w-0":
            yield Case(f"write-concern-{name}", insert, _SIX)
    for kind, value in WRONG.items():
        yield Case(f"ping-comment-{kind}", {"ping": 1, "comment": value})
    yield Case("distinct-write-concern", {"distinct": "$coll", "key": "a", "writeConcern": {"w": 1}}, _SIX)
    yield Case("insert-read-concern", {"insert": "$coll", "documents": [{}], "readConcern": {"level": "local"}}, _SIX)


_FINE_TOGETHER = ("fixErrors-metadata", "fixErrors-background", "checkBSONConformance-background")


def _validate() -> Iterator[Case]:
    yield Case("validate-missing", {"validate": "$coll"})
    yield Case("validate-empty-name", {"validate": ""})
    for one in ("metadata", "background", "full", "enforceFastCount", "checkBSONConformance", "repair", "fixErrors"):
        for other in ("metadata", "background", "full"):
            if one != other and f"{one}-{other}" not in _FINE_TOGETHER:
                yield Case(f"validate-{one}-{other}", {"validate": "$coll", one: True, other: True})
    for name in ("collStats", "dbStats"):
        yield Case(f"{name}-unknown-field", {name: "$coll", "nope": 1}, _SIX)
    yield Case("coll-stats-scale-0", {"collStats": "$coll", "scale": 0}, _SIX)
    yield Case("coll-stats-scale-string", {"collStats": "$coll", "scale": "x"}, _SIX)
    yield Case("db-stats-scale-0", {"dbStats": 1, "scale": 0}, _SIX)
    yield Case("db-stats-unknown-field", {"dbStats": 1, "nope": 0}, _SIX)
