"""find: skip, limit, batches, hints, and what it says to parameters of the wrong type or value."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64

from ..case import Case
from ..providers import NUMBERS
from ..wrong_types import WRONG, given

_TWENTY = [{"_id": i, "a": i % 5, "b": str(i)} for i in range(20)]
_WRONG = {kind: value for kind, value in WRONG.items() if kind != "int"}


def cases() -> Iterator[Case]:
    yield from _windows()
    yield from _numbers_as_parameters()
    yield from _wrong_types()
    yield from _batches()
    yield from _hints()
    yield from _unknown_and_missing()


def _windows() -> Iterator[Case]:
    for skip in (0, 1, 19, 20, 100):
        for limit in (0, 1, 3, 100):
            command = {"find": "$coll", "sort": {"_id": 1}, "skip": skip, "limit": limit, "projection": {"_id": 1}}
            yield Case(f"skip-{skip}-limit-{limit}", command, _TWENTY)
    ordered = {"find": "$coll", "filter": {"a": {"$gt": 1}}, "sort": {"a": -1, "_id": 1}, "projection": {"_id": 1}}
    yield Case("filter-sort-skip-limit", {**ordered, "skip": 2, "limit": 4}, _TWENTY)
    yield Case("skip-without-sort", {"find": "$coll", "skip": 17}, _TWENTY)
    yield Case("limit-without-sort", {"find": "$coll", "limit": 2}, _TWENTY)
    yield Case("no-collection", {"find": "$coll"})
    yield Case("no-collection-sort-skip-limit", {"find": "$coll", "sort": {"a": 1}, "skip": 1, "limit": 1})
    yield Case("empty-collection", {"find": "$coll"}, [])
    yield Case("natural", {"find": "$coll", "sort": {"$natural": 1}, "limit": 3}, _TWENTY)
    yield Case("natural-reverse", {"find": "$coll", "sort": {"$natural": -1}, "limit": 3}, _TWENTY)
    yield Case("hint-natural-reverse", {"find": "$coll", "hint": {"$natural": -1}, "limit": 3}, _TWENTY)
    yield Case("min-max-without-hint", {"find": "$coll", "min": {"_id": 3}, "max": {"_id": 5}}, _TWENTY)
    yield Case("min-max", {"find": "$coll", "min": {"_id": 3}, "max": {"_id": 5}, "hint": {"_id": 1}}, _TWENTY)
    yield Case("return-key", {"find": "$coll", "filter": {"_id": {"$gt": 17}}, "returnKey": True}, _TWENTY)
    yield Case("let", {"find": "$coll", "filter": {"$expr": {"$eq": ["$a", "$$x"]}}, "let": {"x": 3}}, _TWENTY)
    yield Case(
        "let-undefined", {"find": "$coll", "filter": {"$expr": {"$eq": ["$a", "$$y"]}}, "let": {"x": 3}}, _TWENTY
    )
    yield Case("let-bad-name", {"find": "$coll", "let": {"X": 3}}, _TWENTY)
    yield Case("let-field-path", {"find": "$coll", "let": {"x": "$a"}}, _TWENTY)
    yield Case("comment", {"find": "$coll", "limit": 1, "comment": {"any": ["thing"]}}, _TWENTY)
    yield Case("max-time", {"find": "$coll", "limit": 1, "maxTimeMS": 60_000}, _TWENTY)
    collated = {"find": "$coll", "filter": {"b": "É"}, "collation": {"locale": "en", "strength": 1}}
    yield Case("collation", collated, [{"b": "e"}, {"b": "É"}, {"b": "f"}])


def _numbers_as_parameters() -> Iterator[Case]:
    for name in ("limit", "skip", "batchSize"):
        for i, number in enumerate(NUMBERS):
            yield Case(f"{name}-number-{i}", {"find": "$coll", name: number, "singleBatch": True}, _TWENTY[:4])
    for number in (-1, -3, Int64(-2), -2.0, Decimal128("-2")):
        name = f"negative-{type(number).__name__}-{number}"
        for parameter in ("limit", "skip", "batchSize", "maxTimeMS"):
            yield Case(f"{name}-{parameter}", {"find": "$coll", parameter: number}, _TWENTY[:4])


def _wrong_types() -> Iterator[Case]:
    parameters = (
        "filter projection sort hint skip limit batchSize singleBatch comment maxTimeMS readConcern max min returnKey "
        "showRecordId tailable noCursorTimeout awaitData allowPartialResults collation allowDiskUse let find"
    ).split()
    for parameter in parameters:
        for kind, value in _WRONG.items():
            yield Case(f"{parameter}-{kind}", {"find": "$coll", parameter: given(parameter, value)}, _TWENTY[:4])
    yield Case("sort-empty", {"find": "$coll", "sort": {}}, _TWENTY[:4])
    for kind, direction in {"2": 2, "0": 0, "string": "asc", "1.5": 1.5, "null": None, "true": True}.items():
        yield Case(f"sort-direction-{kind}", {"find": "$coll", "sort": {"a": direction}}, _TWENTY[:4])
    for path in ("", ".", "a.", ".a", "a..b", "$a", "a.$b", "_id"):
        yield Case(f"sort-path-{path.replace('$', 'dollar-')}", {"find": "$coll", "sort": {path: 1}}, _TWENTY[:4])
    yield Case("sort-natural-and-more", {"find": "$coll", "sort": {"$natural": 1, "a": 1}}, _TWENTY[:4])
    yield Case("sort-natural-2", {"find": "$coll", "sort": {"$natural": 2}}, _TWENTY[:4])
    yield Case("sort-parallel-arrays", {"find": "$coll", "sort": {"a": 1, "b": 1}}, [{"a": [1, 2], "b": [1, 2]}])
    yield Case("sort-many", {"find": "$coll", "sort": {f"f{i}": 1 for i in range(33)}}, _TWENTY[:4])


def _batches() -> Iterator[Case]:
    for size in (0, 1, 3, 7, 20, 21):
        yield Case(f"batches-of-{size}", {"find": "$coll", "sort": {"_id": 1}, "batchSize": size}, _TWENTY[:7])
        yield Case(f"batches-of-{size}-limit-5", {"find": "$coll", "batchSize": size, "limit": 5}, _TWENTY[:7])
    yield Case("single-batch", {"find": "$coll", "batchSize": 3, "singleBatch": True}, _TWENTY)
    yield Case("default-batch-101", {"find": "$coll", "projection": {"_id": 1}}, [{"a": 1}] * 150)
    yield Case("tailable-not-capped", {"find": "$coll", "tailable": True}, _TWENTY)
    yield Case("await-data-not-tailable", {"find": "$coll", "awaitData": True}, _TWENTY)
    yield Case("getmore-unknown", {"getMore": Int64(123456), "collection": "$coll"}, _TWENTY)
    yield Case("getmore-int32", {"getMore": 123456, "collection": "$coll"}, _TWENTY)
    yield Case("getmore-no-collection", {"getMore": Int64(123456)}, _TWENTY)
    yield Case("getmore-batch-negative", {"getMore": Int64(1), "collection": "$coll", "batchSize": -1}, _TWENTY)
    yield Case("kill-cursors-unknown", {"killCursors": "$coll", "cursors": [Int64(123456)]}, _TWENTY)
    yield Case("kill-cursors-empty", {"killCursors": "$coll", "cursors": []}, _TWENTY)
    yield Case("kill-cursors-string", {"killCursors": "$coll", "cursors": ["a"]}, _TWENTY)


def _hints() -> Iterator[Case]:
    setup = [{"createIndexes": "$coll", "indexes": [{"key": {"a": 1}, "name": "by_a"}]}]
    hints = {
        "name": "by_a",
        "pattern": {"a": 1},
        "double": {"a": 1.0},
        "reverse": {"a": -1},
        "unknown-name": "nope",
        "unknown-pattern": {"b": 1},
        "id": "_id_",
        "empty": {},
        "natural": {"$natural": 1},
        "natural-string": "$natural",
        "natural-0": {"$natural": 0},
        "natural-and-more": {"$natural": 1, "a": 1},
    }
    for name, hint in hints.items():
        command = {"find": "$coll", "filter": {"a": {"$gte": 3}}, "hint": hint, "projection": {"_id": 1}}
        yield Case(f"hinted-{name}", command, _TWENTY, setup=setup, unordered=True)
    bounded = {"find": "$coll", "hint": "by_a", "projection": {"_id": 1}}
    bounds = {
        "both": {"min": {"a": 1}, "max": {"a": 3}},
        "min-only": {"min": {"a": 3}},
        "max-only": {"max": {"a": 1}},
        "other-field": {"min": {"b": 1}},
        "other-fields": {"min": {"a": 1}, "max": {"b": 1}},
        "turned": {"min": {"a": 3}, "max": {"a": 1}},
        "same": {"min": {"a": 3}, "max": {"a": 3}},
        "too-many": {"min": {"a": 3, "b": 1}},
    }
    for name, bound in bounds.items():
        yield Case(f"bounds-{name}", {**bounded, **bound}, _TWENTY, setup=setup)
    by_a = {"find": "$coll", "filter": {"a": {"$gte": 3}}, "hint": "by_a", "returnKey": True}
    yield Case("return-key-of-index", by_a, _TWENTY, setup=setup)
    yield Case("sort-by-index", {"find": "$coll", "sort": {"a": -1}, "hint": "by_a"}, _TWENTY[:6], setup=setup)


def _unknown_and_missing() -> Iterator[Case]:
    yield Case("unknown-field", {"find": "$coll", "nope": 1}, _TWENTY[:1])
    yield Case("unknown-command", {"nope": "$coll"}, _TWENTY[:1])
    yield Case("name-empty", {"find": ""}, _TWENTY[:1])
    yield Case("name-dollar", {"find": "a$b"})
    yield Case("name-nul", {"find": "a\x00b"})
    yield Case("name-system", {"find": "system.nope"})
    yield Case("name-leading-dot", {"find": ".a"})
    yield Case("name-long", {"find": "x" * 300})
    yield Case("read-concern-majority", {"find": "$coll", "readConcern": {"level": "majority"}}, _TWENTY[:1])
    yield Case("read-concern-unknown", {"find": "$coll", "readConcern": {"level": "nope"}}, _TWENTY[:1])
    yield Case("read-concern-unknown-field", {"find": "$coll", "readConcern": {"nope": 1}}, _TWENTY[:1])
