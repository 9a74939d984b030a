"""$dateAdd $dateSubtract $dateDiff $dateTrunc: all units, time zones with their jumps, edges of the range."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64, ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS

from ..case import Case
from ..expression_cases import ExpressionCases

UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
_WEEKDAYS: list[Any] = ["sunday", "Monday", "TUE", "wed", "thursday", "fri", "Sat", "tues", "", "x", 1, None]


def _date(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime.datetime:
    return datetime.datetime(year, month, day, hour, minute, tzinfo=datetime.UTC)


_DAY = _date(2020, 1, 31, 3, 4)
_LATER = _date(2021, 5, 6, 7, 8)
_EDGES: list[Any] = [DatetimeMS(2**63 - 1), DatetimeMS(-(2**63)), DatetimeMS(-(2**63) + 1000), DatetimeMS(0)]
_AMOUNTS: list[Any] = [
    0, 1, -1, 13, 1.0, 1.5, Decimal128("3"), Decimal128("3.5"), float("nan"), float("inf"), "1", None, True, [],
    2**31 - 1, Int64(2**40), Int64(2**62), Int64(2**63 - 1), Int64(-(2**63)), Int64(300_000_000), Int64(16_000_000_000),
    Int64(153_000_000_000), Int64(400_000_000_000),
]  # fmt: skip
_NOT_DATES: list[Any] = [1, "2020-01-01", 1.5, True, {}, Timestamp(5, 1), ObjectId("5f0000000000000000000000"), None]
# Around the hours that clocks skip and repeat.
_JUMPS: list[tuple[str, datetime.datetime]] = [
    ("America/New_York", _date(2020, 3, 7, 7, 30)), ("America/New_York", _date(2020, 10, 31, 5, 30)),
    ("America/New_York", _date(2020, 11, 2, 6, 30)), ("Europe/London", _date(2020, 3, 28, 1, 30)),
    ("Europe/London", _date(2020, 10, 24, 0, 30)), ("Europe/London", _date(2020, 10, 26, 1, 30)),
    ("Australia/Lord_Howe", _date(2020, 4, 4, 14, 45)), ("Australia/Lord_Howe", _date(2020, 10, 3, 15, 45)),
    ("America/Santiago", _date(2020, 4, 4, 2, 30)), ("Pacific/Apia", _date(2011, 12, 29, 12, 0)),
]  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    yield from _sums(make)
    yield from _differences(make)
    yield from _truncation(make)


def _sums(make: ExpressionCases) -> Iterator[Case]:
    ends_of_months = [{"d": _date(year, month, day)} for year, month, day in (
        (2020, 1, 31), (2020, 3, 31), (2020, 2, 29), (2019, 12, 31), (2020, 8, 30))]  # fmt: skip
    for operator in ("$dateAdd", "$dateSubtract"):
        for unit in UNITS:
            for amount in (1, -1, 13, 48):
                yield make.of({operator: {"startDate": "$d", "unit": unit, "amount": amount}}, *ends_of_months)
            given = {"startDate": _DAY, "unit": unit, "amount": "$v"}
            yield from make.each_in({operator: given}, [{"v": amount} for amount in _AMOUNTS])
            edges = [{"d": edge, "n": n} for edge in _EDGES for n in (-1, 0, 1)]
            yield from make.each_in({operator: {"startDate": "$d", "unit": unit, "amount": "$n"}}, edges)
            for zone, start in _JUMPS:
                moved = {"startDate": start, "unit": unit, "amount": "$n", "timezone": zone}
                yield make.of({operator: moved}, *({"n": n} for n in (-2, -1, 1, 2, 24)))
        for name in ("startDate", "unit", "amount", "timezone"):
            arguments: dict[str, Any] = {"startDate": _DAY, "unit": "day", "amount": 1, name: "$v"}
            yield from make.each_in(
                {operator: arguments}, [{"v": value} for value in [*_NOT_DATES, "UTC", "week", "zz"]]
            )
        bad: list[Any] = [
            1, [1], {}, {"x": 1}, {"startDate": _DAY, "unit": "day"}, {"startDate": _DAY, "unit": "day", "amount": 1,
            "x": 1}, {"startDate": "$missing", "unit": "bad", "amount": 1}, {"startDate": "$missing", "unit": "day",
            "amount": 1, "timezone": "zz"}, {"startDate": "x", "unit": "bad", "amount": "x"}, {"startDate": None,
            "unit":
            "bad", "amount": 1}, {"startDate": "$missing", "unit": None, "amount": 1, "timezone": "zz"}, {"startDate":
            "x", "unit": "day", "amount": "x", "timezone": "zz"}, {"startDate": "$missing", "unit": "day",
            "amount": "x"},
        ]  # fmt: skip
        yield from make.each_of(*({operator: operand} for operand in bad))


def _differences(make: ExpressionCases) -> Iterator[Case]:
    pairs = [{"a": a, "b": b} for a, b in (
        (_DAY, _LATER), (_LATER, _DAY), (_date(2020, 12, 31, 23, 59), _date(2021, 1, 1)), (_DAY, _DAY),
        (_date(1969, 12, 31), _date(1970, 1, 1)), (_date(2020, 3, 8, 3), _date(2020, 3, 8, 10, 29)),
        (_date(2020, 3, 8, 3), _date(2020, 3, 8, 10, 30)), (_date(2020, 11, 1), _date(2020, 11, 2)),
        (_date(1, 1, 1), _date(2021, 1, 1)), (_date(1971, 1, 1), _date(1973, 1, 1)))]  # fmt: skip
    for unit in UNITS:
        for zone in ("UTC", "America/New_York", "Asia/Kathmandu", "-03:15", "Africa/Monrovia", "Australia/Lord_Howe"):
            difference = {"startDate": "$a", "endDate": "$b", "unit": unit, "timezone": zone}
            yield make.of({"$dateDiff": difference}, *pairs)
        yield from make.each_in(
            {"$dateDiff": {"startDate": "$a", "endDate": "$b", "unit": unit}},
            [{"a": a, "b": b} for a in _EDGES for b in _EDGES],
        )
    for weekday in _WEEKDAYS:
        weeks = {"startDate": "$a", "endDate": "$b", "unit": "week", "startOfWeek": weekday}
        yield make.of({"$dateDiff": weeks}, *pairs)
        days = {"startDate": _DAY, "endDate": _LATER, "unit": "day", "startOfWeek": weekday}
        yield make.of({"$dateDiff": days})
    for name in ("startDate", "endDate", "unit", "timezone", "startOfWeek"):
        arguments = {"startDate": _DAY, "endDate": _LATER, "unit": "week", name: "$v"}
        yield from make.each_in(
            {"$dateDiff": arguments}, [{"v": value} for value in [*_NOT_DATES, "UTC", "year", "mon"]]
        )
    bad: list[Any] = [
        1, [1], {}, {"x": 1}, {"startDate": 1}, {"startDate": 1, "endDate": 1}, {"startDate": "$missing", "endDate":
        "$missing", "unit": "zz"}, {"startDate": "$missing", "endDate": 1, "unit": "day", "timezone": "zz"},
        {"startDate":
        "$missing", "endDate": 1, "unit": "day", "startOfWeek": "zz"}, {"startDate": "x", "endDate": "$missing", "unit":
        "week", "timezone": "zz", "startOfWeek": "zz"}, {"startDate": "$missing", "endDate": 1, "unit": "day",
        "timezone": None, "startOfWeek": 1}, {"startDate": "x", "endDate": "y", "unit": "$missing", "timezone": None},
    ]  # fmt: skip
    yield from make.each_of(*({"$dateDiff": operand} for operand in bad))


def _truncation(make: ExpressionCases) -> Iterator[Case]:
    dates = [{"d": date} for date in (
        _DAY, _LATER, _date(1999, 12, 31, 23, 59), _date(2000, 1, 1), _date(1921, 7, 14, 13, 37), _date(2020, 3, 8, 7),
        _date(2020, 11, 1, 6), _date(1, 1, 1), DatetimeMS(1626269849123), DatetimeMS(-1))]  # fmt: skip
    for unit in UNITS:
        for zone in ("UTC", "America/New_York", "Australia/Lord_Howe", "+05:30"):
            for size in (1, 7, 24):
                truncated = {"date": "$d", "unit": unit, "binSize": size, "timezone": zone}
                yield make.of({"$dateTrunc": truncated}, *dates)
        yield from make.each_in({"$dateTrunc": {"date": "$d", "unit": unit}}, [{"d": edge} for edge in _EDGES])
        sizes: list[Any] = [
            0, -1, 1.0, 1.5, "1", None, True, Decimal128("2"), Int64(10**11), Int64(10**11 + 1), Int64(10**13),
            Int64(10**18), Int64(2**62), 2**31 - 1, {},
        ]  # fmt: skip
        binned = {"$dateTrunc": {"date": _LATER, "unit": unit, "binSize": "$v"}}
        yield from make.each_in(binned, [{"v": size} for size in sizes])
    for weekday in _WEEKDAYS:
        yield make.of({"$dateTrunc": {"date": "$d", "unit": "week", "startOfWeek": weekday}}, *dates)
        yield make.of({"$dateTrunc": {"date": _DAY, "unit": "day", "startOfWeek": weekday}})
    for name in ("date", "unit", "timezone", "startOfWeek"):
        arguments: dict[str, Any] = {"date": _DAY, "unit": "week", name: "$v"}
        yield from make.each_in(
            {"$dateTrunc": arguments}, [{"v": value} for value in [*_NOT_DATES, "UTC", "year", "mon"]]
        )
    bad: list[Any] = [
        1, [1], {}, {"x": 1}, {"date": 1}, {"date": 1, "unit": "day"}, {"date": "$missing", "unit": "zz"}, {"date":
        "$missing", "unit": "day", "binSize": -1}, {"date": "$missing", "unit": "day", "startOfWeek": "zz"}, {"date":
        "$missing", "unit": "week", "timezone": "zz"}, {"date": "$missing", "unit": None, "binSize": 0}, {"date":
        "$missing", "unit": "day", "binSize": 0, "timezone": "zz"}, {"date": _DAY, "unit": None, "binSize": "x"},
        {"date":
        _DAY, "unit": 1, "binSize": 0, "timezone": "zz", "startOfWeek": "zz"}, {"date": "$missing", "unit": "day",
        "startOfWeek": None, "binSize": 0}, {"date": "x", "unit": "bad", "binSize": None},
    ]  # fmt: skip
    yield from make.each_of(*({"$dateTrunc": operand} for operand in bad))
