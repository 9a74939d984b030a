"""$group, $bucket, $bucketAuto, $sortByCount, $facet."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64

from ..case import Case
from ..pipelines import pipeline, stage

_FOUR = [{"_id": i, "g": i % 2, "x": i, "s": ["a", "A", "b"][i % 3], "d": {"k": i % 2}} for i in range(4)]
_SIX = [{"_id": i, "x": i, "g": "ab"[i % 2]} for i in range(6)]
_BY_FIRST = {"$sort": {"c.0": 1}}


def cases() -> Iterator[Case]:
    yield from _group()
    yield from _bucket()
    yield from _bucket_auto()
    yield from _sort_by_count()
    yield from _facet()


def _group() -> Iterator[Case]:
    wrong = [
        5,
        None,
        {},
        [],
        {"a": {"$sum": 1}},
        {"_id": None, "a": 5},
        {"_id": None, "a": {}},
        {"_id": None, "a": None},
        {"_id": None, "a": [1]},
        {"_id": None, "a": {"$sum": 1, "$avg": 1}},
        {"_id": None, "a": {"$foo": 1}},
        {"_id": None, "a": {"$foo": []}},
        {"_id": None, "a.b": {"$sum": 1}},
        {"_id": None, "$a": {"$sum": 1}},
        {"_id": None, "": {"$sum": 1}},
        {"_id": None, "a": {"sum": 1}},
        {"_id": None, "a": {"$add": 1}},
        {"_id": {"$foo": 1}},
        {"_id": {"a": {"$foo": 1}}},
        {"_id": {"a.b": 1}},
        {"_id": {"a": {"b.c": 1}}},
        {"_id": {"": 1}},
        {"_id": "$$foo"},
        {"_id": None, "a": {"$sum": {"$foo": 1}}},
        {"_id": None, "a": {"$rank": {}}},
        {"_id": None, "a": {"$expMovingAvg": {}}},
        {"_id": None, "a": {"$locf": "$x"}},
        {"_id": None, "a": {"$covariancePop": ["$x", "$x"]}},
        {"_id": None, "a": {"$shift": "$x"}},
    ]
    yield from stage("$group", wrong, _FOUR, label="group-wrong")
    ids = [
        None,
        5,
        "$g",
        "$zz",
        "$d",
        "$d.k",
        "$s",
        "text",
        {},
        {"a": "$g"},
        {"a": "$zz"},
        {"a": "$zz", "g": "$g"},
        {"a": None},
        {"x": {"y": "$g"}},
        {"x": {"y": "$zz"}},
        {"x": {"$add": ["$g", 1]}},
        {"a": "$g", "b": "$s"},
        ["$g", "$zz"],
        {"$literal": 5},
        {"$literal": {"a": "$g"}},
        {"$mod": ["$x", 3]},
        "$$ROOT",
        "$$NOW.x",
        "$$REMOVE",
        {"a": "$$REMOVE"},
        Int64(5),
        True,
        [],
    ]
    for number, id_ in enumerate(ids):
        specs = [{"$group": {"_id": id_, "c": {"$push": "$_id"}, "n": {"$sum": 1}}}, _BY_FIRST]
        yield pipeline(f"group-id-{number}", specs, _FOUR)
    for name in ("every value", "numbers", "shapes", "few values in objects", "few values in arrays"):
        slug = name.replace(" ", "-")
        for number, id_ in enumerate(["$v", {"v": "$v"}, ["$v"], "$v.w", "$v.0", {"v": {"w": "$v"}}]):
            specs = [{"$group": {"_id": id_, "c": {"$push": "$_id"}}}, _BY_FIRST]
            yield pipeline(f"group-{slug}-{number}", specs, name)
    collation = {"collation": {"locale": "en", "strength": 2}}
    yield pipeline(
        "group-collation", [{"$group": {"_id": "$s", "c": {"$push": "$_id"}}}, _BY_FIRST], _FOUR, options=collation
    )
    yield pipeline("group-merging", [{"$group": {"_id": "$g", "$doingMerge": True}}], _FOUR, unordered=True)
    yield pipeline("group-let", [{"$group": {"_id": "$$v", "n": {"$sum": "$$v"}}}], _FOUR, options={"let": {"v": 3}})
    yield pipeline("group-nothing", [{"$match": {"x": 99}}, {"$group": {"_id": None, "n": {"$sum": 1}}}], _FOUR)
    yield pipeline("group-id-after", [{"$group": {"n": {"$sum": 1}, "_id": None}}], _FOUR)


def _bucket() -> Iterator[Case]:
    base = {"groupBy": "$x", "boundaries": [0, 3, 6]}
    operands = [
        5,
        None,
        {},
        base,
        {**base, "default": "o"},
        {**base, "default": 3},
        {**base, "default": 0},
        {**base, "default": 6},
        {**base, "default": -1},
        {**base, "default": None},
        {**base, "default": "$x"},
        {**base, "default": {"$add": [9, 9]}},
        {**base, "output": {}},
        {**base, "output": 5},
        {**base, "output": {"n": {"$sum": "$x"}, "all": {"$push": "$_id"}}},
        {**base, "output": {"n": 5}},
        {**base, "output": {"a.b": {"$sum": 1}}},
        {**base, "output": {"_id": {"$sum": 1}}},
        {**base, "z": 1},
        {"groupBy": "$x"},
        {"boundaries": [1, 2]},
        {"groupBy": "x", "boundaries": [1, 2]},
        {"groupBy": 5, "boundaries": [1, 2]},
        {"groupBy": {"a": 1}, "boundaries": [1, 2]},
        {"groupBy": {}, "boundaries": [1, 2]},
        {"groupBy": "$x", "boundaries": 5},
        {"groupBy": "$x", "boundaries": []},
        {"groupBy": "$x", "boundaries": [1]},
        {"groupBy": "$x", "boundaries": [1, "a"]},
        {"groupBy": "$x", "boundaries": [None, 1]},
        {"groupBy": "$x", "boundaries": [2, 1]},
        {"groupBy": "$x", "boundaries": [1, 1.0]},
        {"groupBy": "$x", "boundaries": [0, 1.5, Int64(9)]},
        {"groupBy": "$x", "boundaries": [0, Decimal128("2.5"), 9.5]},
        {"groupBy": "$x", "boundaries": [{"$add": [0, 0]}, 9]},
        {"groupBy": "$x", "boundaries": ["$x", 9]},
        {"groupBy": "$x", "boundaries": [1, 2]},
        {"groupBy": "$x", "boundaries": [1, 2], "default": 0},
        {"groupBy": "$x", "boundaries": [1, 2], "default": "z"},
        {"groupBy": "$g", "boundaries": ["a", "b", "c"]},
        {"groupBy": "$zz", "boundaries": [0, 1], "default": -5},
        {"groupBy": {"$multiply": ["$x", 2]}, "boundaries": [0, 5, 20]},
    ]
    yield from stage("$bucket", operands, _SIX)
    wide = {"groupBy": "$v", "boundaries": [-1, 0, 1, 10, 1e18], "default": "x", "output": {"c": {"$push": "$_id"}}}
    yield pipeline("bucket-every-value", [{"$bucket": wide}], "every value")


def _bucket_auto() -> Iterator[Case]:
    base = {"groupBy": "$x", "buckets": 2}
    operands = [
        5,
        None,
        {},
        base,
        {**base, "output": {"n": {"$sum": 1}, "all": {"$push": "$_id"}}},
        {**base, "output": {}},
        {**base, "output": 5},
        {**base, "output": {"a.b": {"$sum": 1}}},
        {**base, "z": 1},
        {"groupBy": "$x"},
        {"buckets": 2},
        {"groupBy": "x", "buckets": 2},
        {"groupBy": 5, "buckets": 2},
        {"groupBy": {"a": "$x"}, "buckets": 2},
        {"groupBy": "$x", "buckets": 0},
        {"groupBy": "$x", "buckets": -1},
        {"groupBy": "$x", "buckets": 1.5},
        {"groupBy": "$x", "buckets": 2.0},
        {"groupBy": "$x", "buckets": Decimal128("3")},
        {"groupBy": "$x", "buckets": "a"},
        {"groupBy": "$x", "buckets": None},
        {"groupBy": "$x", "buckets": 2**40},
        {**base, "granularity": "foo"},
        {**base, "granularity": 5},
        {"groupBy": "$g", "buckets": 2, "granularity": "R5"},
        {"groupBy": "$zz", "buckets": 2, "granularity": "R5"},
        {"groupBy": "$zz", "buckets": 2},
        {"groupBy": "$g", "buckets": 2},
        {"groupBy": "$g", "buckets": 3},
        {"groupBy": {"$subtract": ["$x", 5]}, "buckets": 2, "granularity": "R5"},
        {"groupBy": {"$subtract": ["$x", float("nan")]}, "buckets": 2, "granularity": "R5"},
        {**base, "output": {"_id": {"$sum": 1}}},
        {**base, "output": {"n": 5}},
    ]
    yield from stage("$bucketAuto", operands, _SIX)
    for count in (1, 2, 3, 4, 5, 6, 7, 100):
        for name, documents in {
            "few": _SIX,
            "same": [{"x": 1}] * 5,
            "skewed": [{"x": x} for x in (1, 1, 1, 1, 2, 3, 3, 9)],
            "mixed": [{"x": x} for x in (None, "a", 1, 2.5, [1], True)],
        }.items():
            yield pipeline(
                f"bucketAuto-{name}-{count}", [{"$bucketAuto": {"groupBy": "$x", "buckets": count}}], documents
            )
    series = "R5 R10 R20 R40 R80 1-2-5 E6 E12 E24 E48 E96 E192 POWERSOF2".split()
    sets = {
        "ints": [{"x": x} for x in (0, 1, 2, 3, 7, 15, 16, 100, 1000, 12345)],
        "zeros": [{"x": x} for x in (0, 0, 0, 0, 5, 6, 7)],
        "doubles": [{"x": x} for x in (0.0, 0.001, 0.17, 0.5, 1.0, 3.14, 99.9, 1e6, 2.5e10)],
        "longs": [{"x": Int64(x)} for x in (1, 5, 9, 2**31, 2**40)],
        "decimals": [{"x": Decimal128(x)} for x in ("0.001", "0.5", "1", "2.5", "10", "63", "1E+10")],
        "mixed": [{"x": x} for x in (1, 2.0, Int64(4), Decimal128("8"), 16, 32.5)],
    }
    for granularity in series:
        for name, documents in sets.items():
            for count in (1, 3, 10):
                operand = {"groupBy": "$x", "buckets": count, "granularity": granularity}
                yield pipeline(f"bucketAuto-{granularity}-{name}-{count}", [{"$bucketAuto": operand}], documents)
        dense = [{"x": float(x)} for x in range(90, 1100, 3)]
        operand = {"groupBy": "$x", "buckets": 300, "granularity": granularity}
        yield pipeline(f"bucketAuto-{granularity}-dense", [{"$bucketAuto": operand}], dense)


def _sort_by_count() -> Iterator[Case]:
    documents = [{"_id": i, "t": t} for i, t in enumerate(["a", "b", "a", None, "a", "b", [1], {}, 1, 1.0])]
    operands = ["$t", "t", "", 5, {}, None, {"$add": [1, 1]}, {"a": 1}, {"$literal": 1}, "$$ROOT", [], {"$type": "$t"}]
    yield from stage("$sortByCount", operands, documents, unordered=True)


def _facet() -> Iterator[Case]:
    join = {"$lookup": {"from": "$coll", "as": "r", "localField": "x", "foreignField": "_id"}}
    operands = [
        5,
        None,
        {},
        [],
        {"a": 5},
        {"a": {}},
        {"a": []},
        {"a": [{"$match": {"x": 1}}], "b": [{"$count": "n"}]},
        {"a": [{"$match": {"x": 99}}], "b": [{"$limit": 2}, {"$project": {"x": 1}}]},
        {"a.b": []},
        {"$a": []},
        {"": []},
        {"a": [5]},
        {"a": [{}]},
        {"a": [{"$foo": 1}]},
        {"a": [{"$facet": {"x": []}}]},
        {"a": [{"$out": "x"}]},
        {"a": [{"$merge": "x"}]},
        {"a": [{"$collStats": {}}]},
        {"a": [{"$indexStats": {}}]},
        {"a": [{"$documents": []}]},
        {"a": [{"$sort": {"x": -1}}, {"$limit": 1}], "b": [{"$group": {"_id": None, "s": {"$sum": "$x"}}}]},
        {"a": [{"$unwind": "$x"}, {"$skip": 4}], "_id": [{"$limit": 1}]},
        {"a": [join, {"$limit": 2}]},
        {"a": [{"$unionWith": "$coll"}, {"$count": "n"}]},
        {"a": [{"$sample": {"size": 10}}, {"$count": "n"}]},
        {"a": [{"$bucket": {"groupBy": "$x", "boundaries": [0, 9]}}], "b": [{"$sortByCount": "$g"}, {"$count": "n"}]},
    ]
    yield from stage("$facet", operands, _SIX)
    yield pipeline("facet-nothing", [{"$match": {"x": 99}}, {"$facet": {"a": [], "b": [{"$count": "n"}]}}], _SIX)
    yield pipeline("facet-after", [{"$facet": {"a": []}}, {"$unwind": "$a"}, {"$match": {"a.x": 3}}], _SIX)
