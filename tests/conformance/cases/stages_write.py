"""$merge and $out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from satchel.values.bson_types import BsonValue, Document

from ..case import Case
from ..pipelines import pipeline

_INPUT = [{"_id": 1, "a": 1, "b": {"c": 1}}, {"_id": 2, "a": 2}, {"_id": 3, "a": 3}]
_TARGET = [{"_id": 1, "x": 1, "b": {"d": 1}}, {"_id": 2, "x": 2}, {"_id": 9}]
_SHOW = ["$coll", "$coll.t"]
_INDEXES = [
    {"key": {"u": 1}, "name": "u", "unique": True, "partialFilterExpression": {"u": {"$exists": True}}},
    {"key": {"x": 1, "y": 1}, "name": "x", "unique": True, "sparse": True},
    {"key": {"v": 1, "w": 1}, "name": "v"},
    {"key": {"x": 1, "b.d": 1}, "name": "xb", "unique": True},
]
_INDEXED = [{"createIndexes": "$coll.t", "indexes": _INDEXES}]


def cases() -> Iterator[Case]:
    yield from _modes()
    yield from _malformed()
    yield from _keys()
    yield from _out()


def _write(name: str, stages: Sequence[Document], *, indexed: bool = False) -> Case:
    return pipeline(name, stages, _INPUT, others={"t": _TARGET}, show=_SHOW, setup=_INDEXED if indexed else ())


def _merge(name: str, operand: BsonValue, *before: Document, indexed: bool = False) -> Case:
    return _write(name, [*before, {"$merge": operand}], indexed=indexed)


def _modes() -> Iterator[Case]:
    pipelines: list[BsonValue] = [
        [],
        [{"$set": {"z": "$$new.a"}}],
        [{"$replaceWith": "$$new"}],
        [{"$set": {"b": {"$mergeObjects": ["$b", "$$new.b"]}}}, {"$unset": "x"}],
        [{"$set": {"_id": 5}}],
        [{"$match": {}}],
        [{"$set": {"z": {"$divide": [1, {"$subtract": ["$_id", 2]}]}}}],
        [{"$foo": 1}],
        [5],
        [{"$set": {"z": "$$q"}}],
        [{"$project": {"x": 1}}],
    ]
    for matched in ("replace", "keepExisting", "merge", "fail"):
        for not_matched in ("insert", "discard", "fail"):
            operand = {"into": "$coll.t", "whenMatched": matched, "whenNotMatched": not_matched}
            yield _merge(f"merge-{matched}-{not_matched}", operand)
    for number, matched in enumerate(pipelines):
        for not_matched in ("insert", "discard", "fail"):
            operand = {"into": "$coll.t", "whenMatched": matched, "whenNotMatched": not_matched}
            yield _merge(f"merge-pipeline-{number}-{not_matched}", operand)
    yield _merge("merge-short", "$coll.t")
    yield _merge("merge-new-collection", "$coll.new")
    yield _merge("merge-itself", {"into": "$coll", "whenMatched": [{"$set": {"n": {"$add": ["$a", "$$new.a"]}}}]})
    yield _merge("merge-itself-new", "$coll", {"$set": {"_id": {"$add": ["$_id", 1]}}})
    let = {
        "into": "$coll.t",
        "whenMatched": [{"$set": {"z": "$$q", "y": "$$new.a"}}],
        "let": {"q": {"$add": ["$a", 10]}},
    }
    yield _merge("merge-let", let)
    yield _merge("merge-dotted", "$coll.t", {"$replaceWith": {"_id": 1, "q": {"$literal": {"$x": 1, "a.b": 2}}}})
    yield _merge("merge-group", "$coll.t", {"$group": {"_id": {"$mod": ["$a", 2]}, "n": {"$sum": 1}}})
    yield _merge("merge-nothing", {"into": "$coll.t", "whenNotMatched": "fail"}, {"$match": {"a": 9}})
    yield _merge("merge-error-before", "$coll.t", {"$set": {"z": {"$divide": [1, {"$subtract": ["$a", 2]}]}}})


def _malformed() -> Iterator[Case]:
    base = {"into": "$coll.t"}
    operands: list[BsonValue] = [
        5,
        None,
        {},
        [],
        "",
        True,
        {"into": 5},
        {"into": ""},
        {"into": None},
        {"into": {"db": "x"}},
        {"into": {"coll": ""}},
        {"into": {"coll": "$coll.t"}},
        {"into": {"db": "", "coll": "$coll.t"}},
        {"into": {"db": 5, "coll": "t"}},
        {"into": {"coll": 5}},
        {"into": {"coll": "t", "z": 1}},
        {"into": "system.foo"},
        {"into": ".a"},
        {**base, "z": 1},
        {**base, "whenMatched": "foo"},
        {**base, "whenMatched": 5},
        {**base, "whenMatched": None},
        {**base, "whenNotMatched": "foo"},
        {**base, "whenNotMatched": 5},
        {**base, "whenNotMatched": None},
        {**base, "let": {"x": 1}},
        {**base, "let": {"x": 1}, "whenMatched": "merge"},
        {**base, "let": {"x": 1}, "whenMatched": "replace"},
        {**base, "let": 5, "whenMatched": []},
        {**base, "let": {}, "whenMatched": "merge"},
        {**base, "let": None, "whenMatched": []},
        {**base, "let": {"new": 1}, "whenMatched": []},
        {**base, "let": {"new": "$$ROOT"}, "whenMatched": []},
        {**base, "let": {"X": 5}, "whenMatched": []},
        {**base, "let": {"x": "$$foo"}, "whenMatched": []},
        {**base, "on": 5},
        {**base, "on": ""},
        {**base, "on": []},
        {**base, "on": None},
        {**base, "on": [5]},
        {**base, "on": "$a"},
        {**base, "on": "a..b"},
        {**base, "on": "_id"},
        {**base, "on": ["_id"]},
        {**base, "on": ["_id", "_id"]},
        {**base, "on": "zz"},
        {**base, "on": ["_id", "zz"]},
    ]
    for number, operand in enumerate(operands):
        yield _merge(f"merge-malformed-{number}", operand)
    yield _write("merge-not-last", [{"$merge": "$coll.t"}, {"$match": {}}])
    yield _write("merge-twice", [{"$merge": "$coll.t"}, {"$merge": "$coll.t"}])


def _keys() -> Iterator[Case]:
    sets: list[Document] = [
        {"x": 1},
        {"x": 1, "y": 5},
        {"x": 1, "y": None},
        {"x": 1, "y": [1]},
        {"x": [1], "y": 1},
        {"x": 1, "b": {"d": 1}},
        {"x": 1, "b": 5},
        {"x": 1, "b": [{"d": 1}]},
        {"x": {"$add": ["$a", 10]}, "y": 1},
    ]
    for number, fields in enumerate(sets):
        before = ({"$set": fields}, {"$unset": "_id"}, {"$limit": 2})
        for name, on in {"xy": ["x", "y"], "yx": ["y", "x"], "xb": ["x", "b.d"], "vw": ["v", "w"], "u": "u"}.items():
            yield _merge(f"merge-on-{name}-{number}", {"into": "$coll.t", "on": on}, *before, indexed=True)
    replaced = {"into": "$coll.t", "on": ["x", "b.d"], "whenMatched": "replace"}
    yield _merge(
        "merge-on-replace", replaced, {"$limit": 1}, {"$set": {"x": 1, "b": {"d": 1}}}, {"$unset": "_id"}, indexed=True
    )
    yield _merge(
        "merge-on-replace-id", replaced, {"$limit": 1}, {"$set": {"_id": 7, "x": 1, "b": {"d": 1}}}, indexed=True
    )
    yield _merge("merge-on-missing-collection", {"into": "$coll.new", "on": "zz"})
    yield _merge("merge-no-id", "$coll.t", {"$limit": 1}, {"$unset": "_id"})
    for number, id_ in enumerate([None, [1], {"a": 1}, "x", {"$literal": {"$a": 1}}]):
        yield _merge(f"merge-id-{number}", "$coll.t", {"$limit": 1}, {"$set": {"_id": id_}}, indexed=number == 4)


def _out() -> Iterator[Case]:
    operands: list[BsonValue] = [
        "$coll.t",
        "$coll.new",
        "$coll",
        5,
        None,
        {},
        [],
        True,
        "",
        {"db": "x"},
        {"coll": "t"},
        {"db": 5, "coll": "t"},
        {"db": "x", "coll": 5},
        {"db": "x", "coll": "t", "z": 1},
        {"db": "", "coll": "t"},
        {"db": "x", "coll": ""},
        {"db": "admin", "coll": "t"},
        {"db": "local", "coll": "t"},
        {"db": "config", "coll": "t"},
        "$x",
        ".a",
        "system.x",
    ]
    for number, operand in enumerate(operands):
        yield _write(f"out-{number}", [{"$out": operand}], indexed=operand == "$x")
    for number, before in enumerate(
        [
            {"$unset": "a"},
            {"$match": {"a": 9}},
            {"$set": {"_id": [1]}},
            {"$set": {"_id": 1}},
            {"$set": {"z": {"$divide": [1, {"$subtract": ["$a", 2]}]}}},
            {"$group": {"_id": None, "n": {"$sum": 1}}},
        ]
    ):
        yield _write(f"out-of-{number}", [before, {"$out": "$coll.t"}], indexed=number == 2)
    yield _write("out-unique", [{"$set": {"x": 1, "b": {"d": 1}}}, {"$out": "$coll.t"}], indexed=True)
    yield _write("out-indexed", [{"$limit": 1}, {"$out": "$coll.t"}], indexed=True)
    yield _write("out-not-last", [{"$out": "$coll.t"}, {"$match": {}}])
