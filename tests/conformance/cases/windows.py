"""$setWindowFields: windows and window functions."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64
from bson.datetime_ms import DatetimeMS

from satchel.values.bson_types import BsonValue, Document

from ..case import Case
from ..pipelines import pipeline, stage

_DAY = 86_400_000
_SIX = [
    {
        "_id": i,
        "k": i,
        "p": i % 2,
        "q": i // 2,
        "v": v,
        "w": w,
        "s": s,
        "a": a,
        "o": {"x": i, f"y{i}": 1},
        "t": DatetimeMS(i * _DAY),
    }
    for i, (v, w, s, a) in enumerate(
        zip(
            [3, None, 1, 7.5, 2, 5],
            [1, 2, Decimal128("4"), "x", 5, 7],
            ["b", "a", "c", "a", "B", "d"],
            [[1], [2], [], [1, 3], [2], [4]],
            strict=True,
        )
    )
]
_SHOWN = {"$project": {"r": 1}}
_MIXED = [1, 2.5, Int64(3), Decimal128("4"), 5, 6, "x", 7, None, 8.25, 9, Int64(2**31), 10, 2**31 - 1, 11, 12]
_SPECIAL = [1, float("inf"), 2, float("-inf"), 3, float("nan"), 4, Decimal128("Infinity"), 5, Decimal128("NaN"), 6, 7]
_HUGE = [1e308, 1e308, 1.0, 2, Int64(2**63 - 1), Int64(2**63 - 1), Int64(-5), 1, 2]
_ROUGH = [
    62.29016948897019,
    79519.35655656966,
    290.05228283614736,
    0.7759585674357169,
    0.0648974553136,
    1132.05964653144,
]
_ROUGH += [
    868.4454578650952,
    543760.8592359304,
    0.24933071444268662,
    0.040815105497451404,
    916.3453718085519,
    0.0015960421,
]
_EQUAL = [1, 1.0, Int64(1), Decimal128("1"), 2, 2.0, 1.0, 1, "a", None]
_WINDOWS: dict[str, Document] = {
    "all": {"documents": ["unbounded", "unbounded"]},
    "until": {"documents": ["unbounded", "current"]},
    "until-before": {"documents": ["unbounded", -1]},
    "from": {"documents": ["current", "unbounded"]},
    "two": {"documents": [-1, 0]},
    "three": {"documents": [-1, 1]},
    "self": {"documents": [0, 0]},
    "ahead": {"documents": [2, 3]},
    "behind": {"documents": [-4, -3]},
    "far": {"documents": [-100, 100]},
}
_ACCUMULATORS: dict[str, BsonValue] = {
    "sum": {"$sum": "$v"},
    "avg": {"$avg": "$v"},
    "stdDevPop": {"$stdDevPop": "$v"},
    "stdDevSamp": {"$stdDevSamp": "$v"},
    "min": {"$min": "$v"},
    "max": {"$max": "$v"},
    "count": {"$count": {}},
    "first": {"$first": "$v"},
    "last": {"$last": "$v"},
    "firstN": {"$firstN": {"n": 2, "input": "$v"}},
    "lastN": {"$lastN": {"n": 2, "input": "$v"}},
    "minN": {"$minN": {"n": 2, "input": "$v"}},
    "maxN": {"$maxN": {"n": 2, "input": "$v"}},
    "push": {"$push": "$v"},
    "top": {"$top": {"sortBy": {"v": 1, "_id": 1}, "output": "$_id"}},
    "bottom": {"$bottom": {"sortBy": {"v": 1, "_id": 1}, "output": "$_id"}},
    "topN": {"$topN": {"n": 2, "sortBy": {"v": 1, "_id": 1}, "output": "$_id"}},
    "bottomN": {"$bottomN": {"n": 2, "sortBy": {"v": 1, "_id": 1}, "output": "$_id"}},
    "median": {"$median": {"input": "$v", "method": "approximate"}},
    "percentile": {"$percentile": {"input": "$v", "p": [0.2, 0.5, 0.9], "method": "approximate"}},
    "covariancePop": {"$covariancePop": ["$k", "$v"]},
    "covarianceSamp": {"$covarianceSamp": ["$k", "$v"]},
}


def cases() -> Iterator[Case]:
    yield from _malformed()
    yield from _bounds()
    yield from _accumulators()
    yield from _ranks()
    yield from _shift()
    yield from _moving_average()
    yield from _calculus()
    yield from _covariance()
    yield from _filling()
    yield from _scaling()
    yield from _partitions()


def _function(
    name: str, function: BsonValue, sort: BsonValue = None, documents: BsonValue = None, **extra: BsonValue
) -> Case:
    spec: Document = {"output": {"r": {**function, **extra}}}  # type: ignore[dict-item]
    sort = {"k": 1} if sort is None else sort
    if sort:
        spec["sortBy"] = sort
    return pipeline(name, [{"$setWindowFields": spec}, _SHOWN], documents or _SIX)  # type: ignore[arg-type]


def _rows(values: list[BsonValue]) -> list[Document]:
    return [{"_id": i, "k": i, "v": value} for i, value in enumerate(values)]


def _malformed() -> Iterator[Case]:
    total = {"$sum": "$v"}
    operands: list[BsonValue] = [5, None, [], {}, {"sortBy": {"k": 1}}, {"output": {"r": total}, "z": 1}]
    outputs: list[BsonValue] = [
        5,
        None,
        {},
        {"r": 5},
        {"r": {}},
        {"r": {"$foo": 1}},
        {"r": {"window": {}}},
        {"$a": total},
    ]
    outputs += [{"": total}, {"a.b": total}, {"_id": total}, {"v": total}, {"v.x": total}, {"a": total, "a.b": total}]
    outputs += [{"a.b": total, "a": total}, {"a.b": total, "a.c": total}, {"r": {**total, "z": 1}}, {"a.x": total}]
    outputs += [{"r": {**total, "$avg": "$v"}}, {"r": {"$sum": {"$foo": 1}}}, {"r": {"$sum": "$$foo"}}, {"o.x": total}]
    outputs += [{"r": {"$accumulator": {}}}, {"r": {"$count": 5}}, {"r": {"$count": {"a": 1}}}, {"r": {"$add": [1, 2]}}]
    outputs += [
        {"r": {"$push": ["$v"]}},
        {"r": {"$sum": ["$v", "$k"]}},
        {"r": {"$first": ["$v", "$k"]}},
        {"a..b": total},
    ]
    for n in ("$k", 0, -1, 1.5, "a", {"$add": [1, 1]}, None, 2.0):
        outputs += [{"r": {"$firstN": {"n": n, "input": "$v"}}}, {"r": {"$minN": {"n": n, "input": "$v"}}}]
        outputs += [{"r": {"$topN": {"n": n, "sortBy": {"k": 1}, "output": "$v"}}}]
    outputs += [{"r": {"$firstN": 5}}, {"r": {"$top": {"output": 1}}}, {"r": {"$median": 5}}, {"r": {"$percentile": 5}}]
    outputs += [{"r": {"$concatArrays": "$v"}}, {"r": {"$setUnion": "$v"}}, {"r": {"$mergeObjects": "$v"}}]
    operands += [{"output": output} for output in outputs]
    operands += [{"output": {"r": total}, "sortBy": sort} for sort in (5, None, {}, {"k": 5}, {"$k": 1}, {"": 1})]
    partitions: list[BsonValue] = [5, None, "p", {"$foo": 1}, ["$p"], {"$literal": [1]}, "$$foo", "$a", {}, {"x": "$p"}]
    operands += [{"output": {"r": total}, "partitionBy": partition} for partition in partitions]
    yield from stage("$setWindowFields", operands, _SIX, label="malformed")


def _bounds() -> Iterator[Case]:
    windows: list[BsonValue] = [5, None, [], {}, {"z": 1}, {"unit": "day"}, {"documents": [0, 1], "range": [0, 1]}]
    ends: list[BsonValue] = [
        5,
        None,
        [],
        [1],
        [1, 2, 3],
        ["foo", 1],
        [1, "foo"],
        [1.5, 2],
        [None, 1],
        [True, 1],
        {},
        "current",
    ]
    ends += [[1, -1], [1.0, 2], [Int64(-1), Decimal128("1")], ["current", "current"], ["unbounded", "current"], [-1, 1]]
    ends += [
        ["unbounded", "unbounded"],
        ["current", "unbounded"],
        [-3, -2],
        ["unbounded", -1],
        [2, "unbounded"],
        [2**40, 2**41],
    ]
    windows += [{"documents": end} for end in ends]
    windows += [{"range": end} for end in ends]
    windows += [{"range": end} for end in ([-1.5, 0], [Decimal128("-1"), 0.5], [-0.5, 0.5], [1e300, 2e300])]
    windows += [{"documents": [0, 1], "unit": "day"}, {"range": [0, 1], "z": 1}, {"documents": [0, 1], "z": 1}]
    windows += [{"range": [-1, 1], "unit": unit} for unit in ("day", "foo", 5, None)]
    for number, window in enumerate(windows):
        yield _function(f"window-{number}", {"$push": "$_id"}, window=window)
    dated: list[BsonValue] = [
        {"range": [-1, 0], "unit": "day"},
        {"range": [-36, 0], "unit": "hour"},
        {"range": [-1, 1]},
    ]
    dated += [{"range": ["unbounded", "current"], "unit": "day"}, {"range": ["unbounded", "current"]}]
    dated += [
        {"range": [-1.5, 0], "unit": "day"},
        {"range": [-1, 0], "unit": "month"},
        {"range": [1, 2], "unit": "week"},
    ]
    dated += [{"range": [-2 * _DAY, 0], "unit": "millisecond"}, {"range": ["current", "unbounded"], "unit": "year"}]
    for number, window in enumerate(dated):
        yield _function(f"window-dated-{number}", {"$push": "$_id"}, {"t": 1}, window=window)
    sorts: dict[str, BsonValue] = {"none": {}, "two": {"k": 1, "v": 1}, "down": {"k": -1}, "tied": {"q": 1, "_id": 1}}
    sorts |= {"one-tied": {"q": 1}, "nulls": {"v": 1}, "missing": {"zz": 1}, "strings": {"s": 1}, "arrays": {"a": 1}}
    for name, sort in sorts.items():
        for number, window in enumerate(
            [
                {"documents": [-1, 0]},
                {"range": [-1, 0]},
                {"range": ["unbounded", "current"]},
                _WINDOWS["all"],
                {"range": ["unbounded", "unbounded"]},
            ]
        ):
            yield _function(f"window-sorted-{name}-{number}", {"$sum": "$_id"}, sort, window=window)
    uneven = [
        {"_id": i, "k": k, "v": i} for i, k in enumerate([0, 0.5, 1, Decimal128("1.5"), Int64(2), 2, 7, 7.25, 100])
    ]
    for number, ends_ in enumerate(
        [[-1, 0], [-0.5, 0.5], ["current", 5], ["unbounded", -1], [1, "unbounded"], [0, 0], [3, 4]]
    ):
        yield _function(f"window-uneven-{number}", {"$push": "$v"}, None, uneven, window={"range": ends_})


def _accumulators() -> Iterator[Case]:
    columns = {"mixed": _MIXED, "special": _SPECIAL, "huge": _HUGE, "rough": _ROUGH, "few": [3, None, 1, 7.5, 2, 5]}
    for column, values in columns.items():
        rows = _rows(values)
        for name, accumulator in _ACCUMULATORS.items():
            if column != "few" and name in ("push", "first", "last", "count", "firstN", "lastN"):
                continue
            for window_name, window in _WINDOWS.items():
                if not _is_lossy(name, column, window_name):
                    yield _function(f"{name}-{column}-{window_name}", accumulator, None, rows, window=window)
    yield from _more_accumulators()


def _more_accumulators() -> Iterator[Case]:
    for name in ("min", "max"):
        for window_name, window in _WINDOWS.items():
            yield _function(f"{name}-equal-{window_name}", _ACCUMULATORS[name], None, _rows(_EQUAL), window=window)
            yield _function(f"{name}-strings-{window_name}", {f"${name}": "$s"}, window=window)
    for window_name, window in _WINDOWS.items():
        yield _function(f"mergeObjects-{window_name}", {"$mergeObjects": "$o"}, window=window)
        yield _function(f"concatArrays-{window_name}", {"$concatArrays": "$a"}, window=window)
        for name, operand in {"setUnion": "$a", "addToSet": "$v"}.items():
            spec = {"sortBy": {"k": 1}, "output": {"r": {f"${name}": operand, "window": window}}}
            ordered = {"$set": {"r": {"$sortArray": {"input": "$r", "sortBy": 1}}}}
            yield pipeline(f"{name}-{window_name}", [{"$setWindowFields": spec}, _SHOWN, ordered], _SIX)
    missing = [{"_id": i, "k": i, **({"v": i} if i % 2 else {})} for i in range(5)]
    for name, accumulator in _ACCUMULATORS.items():
        yield _function(f"{name}-no-window", accumulator)
        yield _function(f"{name}-unsorted", accumulator, {})
        yield _function(f"{name}-missing", accumulator, None, missing, window=_WINDOWS["two"])
        yield _function(f"{name}-range", accumulator, window={"range": [-1, 1]})


def _is_lossy(name: str, column: str, window: str) -> bool:
    """Tell whether MongoDB's sliding sums never recover from an overflow."""
    sums = ("sum", "avg", "covariancePop", "covarianceSamp")
    return column == "huge" and name in sums and not window.startswith(("all", "until"))


def _ranks() -> Iterator[Case]:
    for name in ("rank", "denseRank", "documentNumber"):
        sorts: list[BsonValue] = [
            {"k": 1},
            {"q": 1},
            {"q": -1},
            {},
            {"q": 1, "p": 1},
            {"w": 1},
            {"v": 1},
            {"zz": 1},
            {"a": 1},
        ]
        for number, sort in enumerate(sorts):
            yield _function(f"{name}-{number}", {f"${name}": {}}, sort)
        for number, operand in enumerate([5, None, {"a": 1}, [], "$v"]):
            yield _function(f"{name}-malformed-{number}", {f"${name}": operand})
        yield _function(f"{name}-window", {f"${name}": {}}, window=_WINDOWS["two"])
        tied = _rows([1, 1.0, None, 1, Decimal128("1"), "a", None, 2])
        yield _function(f"{name}-tied", {f"${name}": {}}, {"v": 1}, tied)
        absent = [{"_id": 0, "v": None}, {"_id": 1}, {"_id": 2, "v": []}, {"_id": 3, "v": [1, 5]}, {"_id": 4, "v": 1}]
        yield _function(f"{name}-absent", {f"${name}": {}}, {"v": 1}, absent)
        yield _function(f"{name}-absent-descending", {f"${name}": {}}, {"v": -1}, absent)


def _shift() -> Iterator[Case]:
    base = {"output": "$v", "by": 1}
    operands: list[BsonValue] = [
        5,
        None,
        [],
        {},
        base,
        {"output": "$v"},
        {"by": 1},
        {**base, "z": 1},
        {**base, "output": "$zz"},
    ]
    operands += [
        {**base, "by": by} for by in (-1, 0, 3, -3, 100, 1.5, 1.0, "a", None, 2**40, Int64(2), Decimal128("-2"))
    ]
    operands += [{**base, "default": default} for default in ("d", "$v", {"$add": [1, 2]}, None, [1], "$$REMOVE")]
    operands += [
        {**base, "output": {"$add": ["$k", 1]}},
        {**base, "output": {"$foo": 1}},
        {**base, "output": ["$k", "$v"]},
    ]
    for number, operand in enumerate(operands):
        yield _function(f"shift-{number}", {"$shift": operand})
    yield _function("shift-unsorted", {"$shift": base}, {})
    yield _function("shift-window", {"$shift": base}, window=_WINDOWS["two"])
    yield _function("shift-two", {"$shift": base}, {"q": 1, "_id": -1})


def _moving_average() -> Iterator[Case]:
    operands: list[BsonValue] = [5, None, {}, [], {"input": "$k"}, {"N": 3}, {"input": "$k", "N": 3, "alpha": 0.5}]
    operands += [{"input": "$k", "N": n} for n in (1, 2, 3, 10, 0, -1, 1.5, 2.0, "a", None, Int64(4), Decimal128("2"))]
    operands += [{"input": "$k", "alpha": alpha} for alpha in (0.5, 0.1, 0, 1, 1.5, -0.5, "a", None, Decimal128("0.3"))]
    operands += [{"input": "$k", "N": 3, "z": 1}, {"input": {"$foo": 1}, "N": 2}, {"input": "$zz", "N": 2}]
    operands += [{"input": value, "N": 2} for value in ("$v", "$w", {"$toDecimal": "$k"}, "$s", {"$divide": ["$k", 3]})]
    for number, operand in enumerate(operands):
        yield _function(f"expMovingAvg-{number}", {"$expMovingAvg": operand})
    for column, values in {"mixed": _MIXED, "special": _SPECIAL, "rough": _ROUGH}.items():
        yield _function(f"expMovingAvg-{column}-n", {"$expMovingAvg": {"input": "$v", "N": 3}}, None, _rows(values))
        yield _function(
            f"expMovingAvg-{column}-alpha", {"$expMovingAvg": {"input": "$v", "alpha": 0.7}}, None, _rows(values)
        )
    yield _function("expMovingAvg-unsorted", {"$expMovingAvg": {"input": "$k", "N": 3}}, {})
    yield _function("expMovingAvg-window", {"$expMovingAvg": {"input": "$k", "N": 3}}, window=_WINDOWS["two"])
    yield _function("expMovingAvg-two", {"$expMovingAvg": {"input": "$k", "N": 3}}, {"q": 1, "_id": -1})


def _calculus() -> Iterator[Case]:
    rows = [
        {"_id": i, "k": k, "v": v, "t": DatetimeMS(int(k * _DAY))}
        for i, (k, v) in enumerate(zip(_uneven(), _ROUGH, strict=False))
    ]
    typed = [
        {"_id": i, "k": k, "v": v}
        for i, (k, v) in enumerate(
            [(1, 2), (2.5, Int64(5)), (Int64(4), 1.5), (Decimal128("6"), 7), (8, Decimal128("0.1")), (9, 3)]
        )
    ]
    odd = [{"_id": i, "k": i, "v": v} for i, v in enumerate([1, float("nan"), 2, float("inf"), 3, 4])]
    for name in ("derivative", "integral"):
        operands: list[BsonValue] = [
            5,
            None,
            [],
            {},
            {"input": "$v"},
            {"input": "$k"},
            {"input": "$k", "z": 1},
            {"unit": "day"},
        ]
        operands += [{"input": "$k", "unit": unit} for unit in ("day", "foo", "month", 5, None, "quarter")]
        operands += [
            {"input": "$w"},
            {"input": "$s"},
            {"input": "$t"},
            {"input": {"$foo": 1}},
            {"input": "$zz"},
            {"input": "$t", "unit": "day"},
        ]
        for number, operand in enumerate(operands):
            yield _function(f"{name}-{number}", {f"${name}": operand})
            yield _function(f"{name}-window-{number}", {f"${name}": operand}, window=_WINDOWS["two"])
            yield _function(f"{name}-dated-{number}", {f"${name}": operand}, {"t": 1}, window=_WINDOWS["two"])
        for unit in ("millisecond", "second", "minute", "hour", "day", "week"):
            operand = {f"${name}": {"input": "$v", "unit": unit}}
            yield _function(f"{name}-unit-{unit}", operand, {"t": 1}, rows, window=_WINDOWS["three"])
            yield _function(
                f"{name}-unit-{unit}-range", operand, {"t": 1}, rows, window={"range": [-2, 0], "unit": "day"}
            )
        for window_name, window in _WINDOWS.items():
            yield _function(f"{name}-rough-{window_name}", {f"${name}": {"input": "$v"}}, None, rows, window=window)
            yield _function(f"{name}-typed-{window_name}", {f"${name}": {"input": "$v"}}, None, typed, window=window)
            yield _function(f"{name}-odd-{window_name}", {f"${name}": {"input": "$v"}}, None, odd, window=window)
        for number, sort in enumerate([{}, {"k": 1, "v": 1}, {"k": -1}, {"v": 1}, {"q": 1}, {"s": 1}]):
            yield _function(f"{name}-sorted-{number}", {f"${name}": {"input": "$k"}}, sort, window=_WINDOWS["two"])


def _uneven() -> list[float]:
    return [0, 0.5, 1, 3, 3.25, 7, 7.5, 8, 20, 21, 22, 30]


def _covariance() -> Iterator[Case]:
    pairs = [{"_id": i, "k": i, "x": x, "y": y} for i, (x, y) in enumerate(zip(_ROUGH, reversed(_ROUGH), strict=True))]
    typed = [{"_id": i, "k": i, "x": x, "y": y} for i, (x, y) in enumerate(zip(_MIXED, reversed(_MIXED), strict=True))]
    for name in ("covariancePop", "covarianceSamp"):
        operands: list[BsonValue] = [
            ["$k", "$v"],
            ["$k", "$w"],
            ["$k", "$k"],
            ["$k"],
            ["$k", "$v", "$w"],
            "$k",
            5,
            {},
            [1, 2],
            None,
        ]
        operands += [{"$literal": [1, 2]}, "$a", [], ["$k", {"$foo": 1}]]
        for number, operand in enumerate(operands):
            yield _function(f"{name}-{number}", {f"${name}": operand})
            yield _function(f"{name}-window-{number}", {f"${name}": operand}, window=_WINDOWS["two"])
        for window_name, window in _WINDOWS.items():
            yield _function(f"{name}-rough-pairs-{window_name}", {f"${name}": ["$x", "$y"]}, None, pairs, window=window)
            yield _function(f"{name}-typed-pairs-{window_name}", {f"${name}": ["$x", "$y"]}, None, typed, window=window)
        odd = [{"_id": i, "k": i, "x": x, "y": i} for i, x in enumerate(_SPECIAL[:7])]
        yield _function(f"{name}-odd", {f"${name}": ["$x", "$y"]}, None, odd, window=_WINDOWS["two"])


def _filling() -> Iterator[Case]:
    gaps = [
        {"_id": i, "k": k, "v": v}
        for i, (k, v) in enumerate(
            [
                (0, None),
                (1, 1),
                (2, None),
                (4, None),
                (5, 7.5),
                (6, Int64(9)),
                (7.5, None),
                (8, Decimal128("1")),
                (9, None),
            ]
        )
    ]
    for name in ("linearFill", "locf"):
        for number, operand in enumerate(["$v", "$w", 5, {}, "$zz", None, [], "$s", {"$foo": 1}, {"$add": ["$v", 1]}]):
            yield _function(f"{name}-{number}", {f"${name}": operand})
        for number, sort in enumerate(
            [{}, {"t": 1}, {"k": 1, "p": 1}, {"q": 1}, {"w": 1}, {"k": -1}, {"zz": 1}, {"v": 1}]
        ):
            yield _function(f"{name}-sorted-{number}", {f"${name}": "$v"}, sort)
        yield _function(f"{name}-window", {f"${name}": "$v"}, window=_WINDOWS["two"])
        yield _function(f"{name}-gaps", {f"${name}": "$v"}, None, gaps)
        yield _function(f"{name}-gaps-descending", {f"${name}": "$v"}, {"k": -1}, gaps)


def _scaling() -> Iterator[Case]:
    base = {"input": "$k"}
    operands: list[BsonValue] = [
        5,
        None,
        [],
        {},
        base,
        {**base, "min": 5, "max": 10},
        {**base, "min": 5},
        {**base, "max": 5},
    ]
    operands += [
        {**base, "z": 1},
        {**base, "min": 5, "max": 5},
        {**base, "min": 5, "max": 1},
        {**base, "min": "a", "max": "b"},
    ]
    operands += [
        {**base, "min": "$k", "max": 10},
        {**base, "min": 0, "max": "$k"},
        {**base, "min": Decimal128("0"), "max": 10},
    ]
    operands += [
        {**base, "min": -1.5, "max": Int64(2)},
        {**base, "min": {"$add": [1, 1]}, "max": 10},
        {"min": 1, "max": 2},
    ]
    inputs: list[BsonValue] = [
        "$v",
        "$s",
        "$zz",
        5,
        {"$toDecimal": "$k"},
        {"$toLong": "$k"},
        {"$foo": 1},
        {"$divide": ["$k", 7]},
    ]
    operands += [{"input": value} for value in inputs]
    for number, operand in enumerate(operands):
        yield _function(f"minMaxScaler-{number}", {"$minMaxScaler": operand})
    numbers_ = [{"_id": i, "k": i, "v": v} for i, v in enumerate([3, 1.5, Int64(7), Decimal128("2"), 2, 2, 9])]
    for name, window in _WINDOWS.items():
        yield _function(f"minMaxScaler-{name}", {"$minMaxScaler": base}, window=window)
        yield _function(
            f"minMaxScaler-typed-{name}",
            {"$minMaxScaler": {"input": "$v", "min": 1, "max": 3}},
            None,
            numbers_,
            window=window,
        )
    yield _function("minMaxScaler-unsorted", {"$minMaxScaler": base}, {})
    yield _function("minMaxScaler-range", {"$minMaxScaler": base}, window={"range": [-2, 0]})
    yield _function("minMaxScaler-range-ahead", {"$minMaxScaler": base}, window={"range": [0.5, 2]})


def _partitions() -> Iterator[Case]:
    output = {"n": {"$documentNumber": {}}, "t": {"$sum": "$k", "window": _WINDOWS["until"]}, "x.y": {"$push": "$_id"}}
    mixed = [
        {"_id": i, "k": -i, "p": p}
        for i, p in enumerate([1, "a", None, 1.0, {"x": 1}, True, {"x": 1.0}, Int64(1), "A", "a"])
    ]
    mixed.append({"_id": 10, "k": 5})
    partitions: list[BsonValue] = [
        "$p",
        {"p": "$p"},
        "$p.x",
        {"$type": "$p"},
        {"$mod": ["$_id", 3]},
        "$zz",
        {"a": "$p.x", "b": "$zz"},
    ]
    for number, partition in enumerate(partitions):
        spec = {"partitionBy": partition, "sortBy": {"k": 1}, "output": output}
        yield pipeline(f"partition-{number}", [{"$setWindowFields": spec}], mixed)
        unsorted = {"partitionBy": partition, "output": {"c": {"$count": {}}}}
        yield pipeline(f"partition-unsorted-{number}", [{"$setWindowFields": unsorted}], mixed)
    collation = {"collation": {"locale": "en", "strength": 2}}
    spec = {"partitionBy": "$p", "sortBy": {"k": 1}, "output": output}
    yield pipeline("partition-collation", [{"$setWindowFields": spec}], mixed, options=collation)
    matched = [{"$setWindowFields": spec}, {"$match": {"p": "a", "n": 2}}]
    yield pipeline("partition-matched", matched, mixed)
    twice = {"output": {"a": {"$first": "$k"}, "b": {"$last": "$k"}, "k": {"$sum": "$k"}}, "sortBy": {"_id": 1}}
    yield pipeline("several-outputs", [{"$setWindowFields": twice}], mixed)
    yield pipeline("no-documents", [{"$match": {"k": 99}}, {"$setWindowFields": spec}], mixed)
    arrays = [
        {"_id": 0, "k": 1, "a": [{"b": 1}, {"b": 2}], "o": 5},
        {"_id": 1, "k": 2, "a": {"b": 1}, "o": {"x": {"y": 1}}},
    ]
    for number, path in enumerate(["a.b", "a.0", "o.x.y", "a", "o.x"]):
        one = {"sortBy": {"k": 1}, "output": {path: {"$sum": "$k"}}}
        yield pipeline(f"output-path-{number}", [{"$setWindowFields": one}], arrays)
