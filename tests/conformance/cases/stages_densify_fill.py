"""$densify and $fill."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64
from bson.datetime_ms import DatetimeMS

from satchel.values.bson_types import BsonValue, Document

from ..case import Case
from ..pipelines import pipeline, stage

_DAY = 86_400_000
_JANUARY = 1_704_067_200_000  # 2024-01-01
_NUMBERS = [{"_id": 1, "n": 1}, {"_id": 2, "n": 4}, {"_id": 3, "n": 9, "p": "x"}, {"_id": 4, "n": 5, "p": "x"}]
_FULL = {"step": 2, "bounds": "full"}
_UNITS = {
    "millisecond": 5,
    "second": 5000,
    "minute": 300_000,
    "hour": 18_000_000,
    "day": 5 * _DAY,
    "week": 35 * _DAY,
    "month": 150 * _DAY,
    "quarter": 500 * _DAY,
    "year": 2000 * _DAY,
}


def cases() -> Iterator[Case]:
    yield from _densify_malformed()
    yield from _densify()
    yield from _densify_partitions()
    yield from _densify_dates()
    yield from _fill_malformed()
    yield from _fill()


def _dated(*days: float) -> list[Document]:
    return [{"_id": i, "n": DatetimeMS(_JANUARY + int(day * _DAY))} for i, day in enumerate(days)]


def _densify_malformed() -> Iterator[Case]:
    operands: list[BsonValue] = [
        5,
        None,
        [],
        {},
        {"field": "n"},
        {"range": _FULL},
        {"field": "n", "range": _FULL, "z": 1},
    ]
    operands += [{"field": field, "range": _FULL} for field in (5, "", "$n", "n..m", "n.", None, "zz", "n.m", "_id")]
    operands += [{"field": "n", "range": range_} for range_ in (5, {}, {"step": 2}, {"bounds": "full"}, None, [])]
    steps = (0, -1, "a", None, 1.5, 2.0, Decimal128("2"), Int64(2), float("inf"), Decimal128("-1"), True)
    operands += [{"field": "n", "range": {**_FULL, "step": step}} for step in steps]
    units = ("day", "foo", 5, None)
    operands += [{"field": "n", "range": {**_FULL, "unit": unit}} for unit in units]
    bounds: list[BsonValue] = ["foo", 5, None, [], [1], [1, 2, 3], [5, 1], [1, 1], ["a", "b"], [None, 5], "partition"]
    bounds += [[1, DatetimeMS(5)], [DatetimeMS(1), 5], [DatetimeMS(1), DatetimeMS(5)], [1, "a"], [1, None]]
    bounds += [[1.5, 20], [0, Int64(5)], [0.0, 5.0], [0, 20], [2, 6], [100, 106], [-10, -4], [3, 4]]
    operands += [{"field": "n", "range": {**_FULL, "bounds": bound}} for bound in bounds]
    operands += [{"field": "n", "range": {**_FULL, "unit": "day", "bounds": [1, 5]}}]
    operands += [{"field": "n", "range": {**_FULL, "unit": "day", "step": 1.5}}]
    operands += [{"field": "n", "range": {**_FULL, "z": 1}}]
    partitions: list[BsonValue] = ["p", [5], ["n"], ["$p"], [], None, ["p", ""], ["_id"]]
    operands += [{"field": "n", "range": _FULL, "partitionByFields": fields} for fields in partitions]
    yield from stage("$densify", operands, _NUMBERS, label="densify-malformed", unordered=True)


def _densify() -> Iterator[Case]:
    sets: dict[str, list[Document]] = {
        "strings": [{"_id": 1, "n": "a"}],
        "nulls": [{"_id": 1, "n": None}, {"_id": 2}],
        "nulls-and-numbers": [{"_id": 1, "n": None}, {"_id": 2}, {"_id": 3, "n": 1}, {"_id": 4, "n": 4}],
        "types": [{"_id": 1, "n": 1.5}, {"_id": 2, "n": Decimal128("4")}, {"_id": 3, "n": Int64(7)}],
        "arrays": [{"_id": 1, "n": [1, 2]}],
        "repeated": [{"_id": i, "n": n} for i, n in enumerate([1, 1, 2.5, 4, 4.0, 4, 6])],
        "overflow": [{"_id": 1, "n": 2**31 - 1}, {"_id": 2, "n": Int64(2**31 + 1)}],
        "number-and-date": [{"_id": 1, "n": 1}, {"_id": 2, "n": DatetimeMS(0)}],
        "one": [{"_id": 1, "n": 3}],
        "empty": [],
    }
    ranges: list[Document] = [
        {"step": 1, "bounds": "full"},
        {"step": 1.5, "bounds": "full"},
        {"step": Decimal128("1.5"), "bounds": "full"},
        {"step": Int64(1), "bounds": "full"},
        {"step": 1, "bounds": [0, 5]},
        {"step": 0.5, "bounds": [0.0, 3.0]},
        {"step": 3, "bounds": [2, 12]},
    ]
    for name, documents in sets.items():
        for number, range_ in enumerate(ranges):
            yield pipeline(f"densify-{name}-{number}", [{"$densify": {"field": "n", "range": range_}}], documents)
    nested = [
        {"_id": 1, "n": {"m": 1, "x": 1}},
        {"_id": 2, "n": {"m": 4}},
        {"_id": 3, "n": [{"m": 2}]},
        {"_id": 4, "n": 5},
    ]
    yield pipeline("densify-nested", [{"$densify": {"field": "n.m", "range": {"step": 1, "bounds": "full"}}}], nested)
    after = [{"$densify": {"field": "n", "range": {"step": 1, "bounds": [0, 12]}}}, {"$match": {"n": {"$gt": 7}}}]
    yield pipeline("densify-matched", after, _NUMBERS)


def _densify_partitions() -> Iterator[Case]:
    documents = [
        {"_id": 1, "n": 0, "p": {"q": 1}, "r": "a"},
        {"_id": 2, "n": 3, "p": {"q": 1}, "r": "b"},
        {"_id": 3, "n": None, "p": {"q": 2}},
        {"_id": 4, "n": 3, "p": {"q": None}},
        {"_id": 5, "n": 5},
        {"_id": 6, "n": 6, "p": {"q": 1.0}, "r": "a"},
        {"_id": 7, "n": 2, "p": [1]},
        {"_id": 8, "n": 4, "p": [1]},
    ]
    for number, fields in enumerate([["p.q"], ["p"], ["r"], ["r", "p.q"], ["p.q", "zz"]]):
        for bounds in ("full", "partition", [2, 6], [0, 4], [7, 9]):
            range_ = {"step": 1, "bounds": bounds}
            operand = {"field": "n", "partitionByFields": fields, "range": range_}
            name = f"densify-partition-{number}-{bounds if isinstance(bounds, str) else bounds[0]}"
            yield pipeline(name, [{"$densify": operand}], documents, unordered=True)
    ordered = {"field": "n", "partitionByFields": ["r"], "range": {"step": 1, "bounds": "partition"}}
    yield pipeline("densify-partition-ordered", [{"$densify": ordered}], documents[:6])


def _densify_dates() -> Iterator[Case]:
    for unit, span in _UNITS.items():
        bounds = [DatetimeMS(_JANUARY), DatetimeMS(_JANUARY + span)]
        for step in (1, 2):
            operand = {"field": "n", "range": {"step": step, "unit": unit, "bounds": bounds}}
            if span // step < 6_000_000 or unit not in ("millisecond", "second"):
                yield pipeline(f"densify-{unit}-{step}", [{"$densify": operand}], _dated(0, 0.3))
    full = {"step": 1, "unit": "month", "bounds": "full"}
    yield pipeline("densify-month-end", [{"$densify": {"field": "n", "range": full}}], _dated(30, 152))
    for step in (1.0, Int64(36), Decimal128("12"), 7):
        operand = {"field": "n", "range": {"step": step, "unit": "hour", "bounds": "full"}}
        yield pipeline(f"densify-hours-{step}", [{"$densify": operand}], _dated(0, 1, 2.1))
    yield pipeline("densify-dates-no-unit", [{"$densify": {"field": "n", "range": _FULL}}], _dated(0, 1))


def _fill_malformed() -> Iterator[Case]:
    documents = [{"_id": 1, "k": 1, "v": 1}, {"_id": 2, "k": 2, "v": None}, {"_id": 3, "k": 3, "v": 9}]
    value, locf, linear = ({"output": {"v": spec}} for spec in ({"value": 0}, {"method": "locf"}, {"method": "linear"}))
    operands: list[BsonValue] = [5, None, [], {}, value, locf, linear, {"sortBy": {"k": 1}}, {**value, "z": 1}]
    outputs: list[BsonValue] = [
        5,
        {},
        {"v": 5},
        {"v": {}},
        {"v": {"value": 0, "method": "locf"}},
        {"v": {"method": "foo"}},
    ]
    outputs += [
        {"v": {"method": 5}},
        {"v": {"z": 5}},
        {"$a": {"value": 1}},
        {"": {"value": 1}},
        {"$a": {"method": "locf"}},
    ]
    outputs += [{"v": {"value": {"$foo": 1}}}, {"v": {"value": "$$foo"}}, None]
    operands += [{"output": output} for output in outputs]
    operands += [{**locf, "sortBy": sort} for sort in (5, {}, {"k": 5}, None)]
    operands += [{**linear, "sortBy": sort} for sort in ({"k": 1, "v": 1}, {"zz": 1}, {"k": -1})]
    operands += [{**locf, "partitionBy": partition} for partition in (5, "p", ["$p"], None, {"$foo": 1}, "$k")]
    operands += [{**locf, "partitionByFields": fields} for fields in ("p", [5], ["$p"], [], None, ["k"], [""])]
    operands += [{**locf, "partitionByFields": ["k"], "partitionBy": "$k"}]
    yield from stage("$fill", operands, documents, label="fill-malformed")


def _fill() -> Iterator[Case]:
    documents = [
        {"_id": 1, "k": 1, "v": 1, "p": "a", "o": {"x": 1}},
        {"_id": 2, "k": 2, "v": None, "p": "b"},
        {"_id": 3, "k": 4, "p": "a", "o": {"x": None}},
        {"_id": 4, "k": 5, "v": 7, "p": "b", "o": {}},
        {"_id": 5, "k": 7.5, "v": None, "p": "a", "o": [{"x": 5}]},
        {"_id": 6, "k": 9, "v": Decimal128("2"), "p": "a"},
        {"_id": 7, "k": 10},
    ]
    outputs: list[Document] = [
        {"v": {"value": 0}},
        {"v": {"value": "$k"}},
        {"v": {"value": None}},
        {"v": {"value": "$$REMOVE"}},
        {"v": {"value": {"$add": ["$k", 1]}}},
        {"_id": {"value": 1}, "w": {"value": "$v"}},
        {"v": {"method": "locf"}},
        {"v": {"method": "linear"}},
        {"v": {"method": "locf"}, "w": {"value": "$v"}},
        {"o.x": {"method": "locf"}},
        {"o.x": {"value": 9}},
        {"p": {"method": "locf"}, "v": {"method": "linear"}},
        {"v": {}},
    ]
    for number, output in enumerate(outputs):
        for name, extra in {
            "sorted": {"sortBy": {"k": 1}},
            "descending": {"sortBy": {"k": -1}},
            "partition": {"sortBy": {"k": 1}, "partitionBy": "$p"},
            "expression": {"sortBy": {"k": 1}, "partitionBy": {"p": "$p"}},
            "fields": {"sortBy": {"k": 1}, "partitionByFields": ["p", "zz"]},
            "nested-fields": {"sortBy": {"k": 1}, "partitionByFields": ["o.y"]},
        }.items():
            yield pipeline(f"fill-{number}-{name}", [{"$fill": {"output": output, **extra}}], documents)
    dated = [
        {"_id": i, "t": DatetimeMS(i * i * 1000), "v": v} for i, v in enumerate([1, None, None, 4.5, None, Int64(9)])
    ]
    linear = {"output": {"v": {"method": "linear"}}, "sortBy": {"t": 1}}
    yield pipeline("fill-dates", [{"$fill": linear}], dated)
