"""The accumulators of $group."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64, MaxKey, MinKey
from bson.datetime_ms import DatetimeMS

from satchel.values.bson_types import BsonValue

from ..case import Case
from ..pipelines import pipeline

_MISSING = object()
_BIG = 2**63 - 1
_COLUMNS: dict[str, list[BsonValue]] = {
    "ints": [1, 2],
    "int-overflow": [2**31 - 1, 1],
    "long": [Int64(1), 1],
    "long-overflow": [Int64(_BIG), Int64(1)],
    "long-overflow-and-back": [Int64(_BIG), Int64(1), Int64(-5)],
    "long-and-double": [Int64(2**53 + 1), 0.5],
    "int-and-double": [1, 2.0],
    "int-and-decimal": [1, Decimal128("2")],
    "double-and-decimal": [0.1, Decimal128("1")],
    "tenths": [0.1] * 10,
    "double-overflow": [1e308, 1e308, -1e308],
    "infinities": [float("inf"), float("-inf")],
    "infinity": [float("inf"), 1],
    "one-infinity": [float("inf")],
    "nan": [float("nan"), 1],
    "decimal-nan": [Decimal128("NaN"), 1],
    "decimal-negative-nan": [Decimal128("-NaN")],
    "decimal-infinities": [Decimal128("Infinity"), Decimal128("-Infinity")],
    "decimal-infinity": [Decimal128("Infinity"), 1.5],
    "decimal-and-infinity": [Decimal128("1"), float("inf")],
    "decimal-and-nan": [Decimal128("1"), float("nan")],
    "decimal-and-overflow": [Decimal128("1"), 1e308, 1e308],
    "decimal-and-tiny": [Decimal128("1"), 1e-320],
    "decimal-overflow": [Decimal128("9E+6144"), Decimal128("9E+6144")],
    "decimal-exponent": [Decimal128("1E+3")],
    "decimal-scale": [Decimal128("1.10"), Decimal128("2.20")],
    "decimals-thirds": [Decimal128("1"), Decimal128("1"), 0],
    "cancel": [1e100, 1.0, -1e100],
    "cancel-later": [1e300, 1.0, -1e300, 1e-300],
    "cancel-and-flush": [1e20, 1.0, -1e20, 3.0],
    "compensate": [1e16, 1.0, 1.0, 1.0],
    "compensate-longs": [float(2**62), 1.0, Int64(-(2**62) - 2**33 + 1), 0],
    "compensate-ints": [2.0**30, 2.0**-30, -(2**30)],
    "compensate-small-longs": [2.0**30, 2.0**-30, Int64(-(2**30))],
    "many-types": [1, 2, 3, 4.5, Decimal128("2"), Int64(7)],
    "decimals-of-doubles": [0.1, 0.2, 0.3, Decimal128("0.1")],
    "elevens": [1.1, 2.2, 3.3],
    "negative-zero": [-0.0],
    "one": [5],
    "strings": ["b", "a", "B", "10", "9"],
    "no-numbers": ["a", None, _MISSING, [1], {"x": 1}, True],
    "string-and-number": ["a", 1],
    "number-and-string": [1, "a"],
    "missing": [_MISSING],
    "null": [None],
    "missing-first": [_MISSING, 1],
    "missing-last": [1, _MISSING],
    "null-first": [None, 1],
    "null-last": [1, None],
    "both-absent": [None, _MISSING],
    "three": [3, 1, 2],
    "equal-numbers": [1, 1.0, Int64(1), Decimal128("1"), True],
    "equal-in-disorder": [3, 3.0, Int64(3), 2, 2.0, 1, Int64(3), 3, 2.0, Decimal128("2"), 2, 1.0, 3.0, Int64(1), 0, 2],
    "arrays": [[1, 2], [0], [1]],
    "empty-arrays": [[], [1], []],
    "nested-arrays": [[[1]], [2, [3]]],
    "arrays-and-null": [[1], None, [2]],
    "arrays-and-missing": [[1], _MISSING, [1, 2]],
    "arrays-and-number": [[1], 5],
    "documents": [{"a": 1}, {"a": 0}, {"b": 2}],
    "documents-and-null": [None, {"b": 2}, _MISSING, {"a": 3, "b": 1}],
    "documents-and-number": [{"a": 1}, 5],
    "keys": [MinKey(), None, 5, MaxKey()],
    "dates": [DatetimeMS(5), DatetimeMS(-5)],
    "booleans": [True, False, 1, 0],
    "hundred": [float(x * x % 17) for x in range(100)],
}
_UNARY = "sum avg min max first last push stdDevPop stdDevSamp mergeObjects concatArrays".split()
_SETS = "addToSet setUnion".split()


def cases() -> Iterator[Case]:
    for column, values in _COLUMNS.items():
        documents = [{"_id": i} if value is _MISSING else {"_id": i, "x": value} for i, value in enumerate(values)]
        for name in _UNARY:
            yield _grouped(f"{name}-{column}", {f"${name}": "$x"}, documents)
        for name in _SETS:
            yield _set(f"{name}-{column}", {f"${name}": "$x"}, documents)
        yield from _n_values(column, documents)
        yield from _percentiles(column, documents)
        yield _grouped(f"count-{column}", {"$count": {}}, documents)
    yield from _operands()
    yield from _malformed()
    yield from _top()


def _grouped(name: str, accumulator: BsonValue, documents: BsonValue) -> Case:
    return pipeline(name, [{"$group": {"_id": None, "r": accumulator}}], documents)  # type: ignore[arg-type]


def _set(name: str, accumulator: BsonValue, documents: BsonValue) -> Case:
    stages = [
        {"$group": {"_id": None, "r": accumulator}},
        {"$set": {"r": {"$sortArray": {"input": "$r", "sortBy": 1}}}},
    ]
    return pipeline(name, stages, documents)  # type: ignore[arg-type]


def _n_values(column: str, documents: BsonValue) -> Iterator[Case]:
    for name in ("firstN", "lastN", "minN", "maxN"):
        for n in (1, 2, 3, 50):
            yield _grouped(f"{name}-{column}-{n}", {f"${name}": {"n": n, "input": "$x"}}, documents)
    for name in ("topN", "bottomN"):
        for direction in (1, -1):
            operand = {"n": 2, "sortBy": {"x": direction}, "output": ["$_id", "$x"]}
            yield _grouped(f"{name}-{column}-{direction}", {f"${name}": operand}, documents)
    for name in ("top", "bottom"):
        for direction in (1, -1):
            operand = {"sortBy": {"x": direction}, "output": "$x"}
            yield _grouped(f"{name}-{column}-{direction}", {f"${name}": operand}, documents)


def _percentiles(column: str, documents: BsonValue) -> Iterator[Case]:
    yield _grouped(f"median-{column}", {"$median": {"input": "$x", "method": "approximate"}}, documents)
    fractions = [0.1, 0.25, 0.3, 0.5, Decimal128("0.75"), 0.9]  # 0 and 1 are wrong in MongoDB for extreme numbers
    operand = {"input": "$x", "p": fractions, "method": "approximate"}
    yield _grouped(f"percentile-{column}", {"$percentile": operand}, documents)


def _operands() -> Iterator[Case]:
    documents = [{"_id": i, "g": i % 2, "x": x} for i, x in enumerate([5, 3, None, 4, "a", [1], 3, 2.5])]
    operands = [
        1,
        "text",
        None,
        "$$ROOT.x",
        {"$add": ["$_id", 1]},
        {"a": "$x", "b": "$zz"},
        {"$literal": [1, 2]},
        {"$cond": [{"$eq": ["$g", 1]}, "$_id", "$$REMOVE"]},
        "$$REMOVE",
        [],
        ["$x"],
        ["$x", "$g"],
        {"$foo": 1},
        "$$foo",
        {},
        True,
    ]
    for name in [*_UNARY, *_SETS]:
        for number, operand in enumerate(operands):
            accumulator = {f"${name}": operand}
            make = _set if name in _SETS else _grouped
            yield make(f"{name}-operand-{number}", accumulator, documents)
    for number, operand in enumerate([{}, 5, None, [], {"a": 1}, "$x", True]):
        yield _grouped(f"count-operand-{number}", {"$count": operand}, documents)
    for name in ("firstN", "minN"):
        for number, n in enumerate(
            [{"$add": ["$g", 1]}, "$_id.g", {"$add": ["$$ROOT.g", 1]}, "$g", {"$add": ["$_id", 1]}, "$$ROOT"]
        ):
            accumulator = {f"${name}": {"n": n, "input": "$_id"}}
            yield pipeline(
                f"{name}-n-of-group-{number}",
                [{"$group": {"_id": {"g": "$g"}, "r": accumulator}}, {"$sort": {"_id": 1}}],
                documents,
            )
            yield pipeline(
                f"{name}-n-of-scalar-{number}",
                [{"$group": {"_id": "$g", "r": accumulator}}, {"$sort": {"_id": 1}}],
                documents,
            )


def _malformed() -> Iterator[Case]:
    documents = [{"_id": i, "x": i} for i in range(4)]
    wrong_n = [
        0,
        -1,
        1.5,
        "a",
        None,
        "$x",
        "$zz",
        True,
        [],
        1e300,
        2**40,
        2**63 - 1,
        2.0,
        Decimal128("2"),
        float("nan"),
    ]
    wrong = [5, {}, [], "$x", ["$x"], {"n": 2}, {"input": "$x"}, {"n": 2, "input": "$x", "z": 1}, {"z": 1}]
    for name in ("firstN", "lastN", "minN", "maxN"):
        for number, operand in enumerate([*wrong, *({"n": n, "input": "$x"} for n in wrong_n)]):
            yield _grouped(f"{name}-malformed-{number}", {f"${name}": operand}, documents)
    for name in ("top", "bottom", "topN", "bottomN"):
        base = {"output": "$x", "sortBy": {"x": 1}}
        operands: list[BsonValue] = [
            5,
            {},
            [],
            base,
            {**base, "n": 2},
            {**base, "n": 2, "q": 1},
            {"output": "$x", "n": 2},
            {"output": "$x"},
            {"sortBy": {"x": 1}, "n": 2},
            {"sortBy": {"x": 1}},
            {"output": "$x", "sortBy": {}},
            {"output": "$x", "sortBy": {}, "n": 1},
            {"output": "$x", "sortBy": 5},
            {"output": "$x", "sortBy": 5, "n": 1},
            {"output": "$x", "sortBy": {"x": 5}},
            {"output": "$x", "sortBy": {"x": 5}, "n": 1},
            {"output": "$x", "sortBy": {"$meta": "textScore"}},
            {"output": "$foo.$x", "sortBy": {"x": 1}, "n": 1},
            *({**base, "n": n} for n in wrong_n),
        ]
        for number, operand in enumerate(operands):
            yield _grouped(f"{name}-malformed-{number}", {f"${name}": operand}, documents)
    for name in ("median", "percentile"):
        base = {"input": "$x", "method": "approximate", **({"p": [0.5]} if name == "percentile" else {})}
        operands = [5, {}, [], "$x", base, {**base, "method": "foo"}, {**base, "method": 5}, {**base, "z": 1}]
        operands += [{key: value for key, value in base.items() if key != left_out} for left_out in base]
        operands += [{**base, "method": "discrete"}, {**base, "method": "continuous"}, {**base, "input": {"$foo": 1}}]
        fractions: list[BsonValue] = [0.5, [], [2], [-0.1], ["a"], "$x", ["$x"], [None], None, {"$literal": [0.5]}]
        fractions += [[{"$add": [0.1, 0.2]}], [0.9, 0.1], [0, 1], [Decimal128("0.5")], [Int64(1)], {"a": 1}]
        operands += [{**base, "p": p} for p in fractions]
        for number, operand in enumerate(operands):
            yield _grouped(f"{name}-malformed-{number}", {f"${name}": operand}, documents)


def _top() -> Iterator[Case]:
    documents = [{"_id": i, "g": i % 2, "x": x} for i, x in enumerate([5, 3, None, 4, "a", [1, 9], 3, 2.5])]
    orders = [{"x": 1}, {"g": -1, "_id": -1}, {"zz": -1}, {"g": 1, "x": -1}, {"x": -1, "_id": 1}]
    for number, order in enumerate(orders):
        for name in ("top", "bottom"):
            yield _grouped(f"{name}-order-{number}", {f"${name}": {"sortBy": order, "output": "$_id"}}, documents)
        for name in ("topN", "bottomN"):
            for n in (1, 3, 20):
                operand = {"sortBy": order, "output": "$_id", "n": n}
                yield _grouped(f"{name}-order-{number}-{n}", {f"${name}": operand}, documents)
    strings = [{"_id": i, "s": s} for i, s in enumerate(["b", "A", "a", "B", "c"])]
    collation = {"collation": {"locale": "en", "strength": 2}}
    for name in ("min", "max", "first"):
        yield pipeline(
            f"{name}-collation", [{"$group": {"_id": None, "r": {f"${name}": "$s"}}}], strings, options=collation
        )
    for name in ("minN", "maxN"):
        operand = {f"${name}": {"n": 2, "input": "$s"}}
        yield pipeline(f"{name}-collation", [{"$group": {"_id": None, "r": operand}}], strings[:1], options=collation)
    operand = {"$topN": {"n": 3, "sortBy": {"s": 1, "_id": 1}, "output": "$s"}}
    yield pipeline("topN-collation", [{"$group": {"_id": None, "r": operand}}], strings, options=collation)
    stages = [{"$group": {"_id": None, "r": {"$addToSet": "$s"}}}, {"$project": {"n": {"$size": "$r"}}}]
    yield pipeline("addToSet-collation", stages, strings, options=collation)
