"""$year … $millisecond, weeks and weekdays, $dateToParts $dateFromParts."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64, ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS

from ..case import Case
from ..expression_cases import ExpressionCases

PARTS = (
    "$year", "$month", "$dayOfMonth", "$hour", "$minute", "$second", "$millisecond", "$dayOfYear", "$dayOfWeek",
    "$week",
    "$isoDayOfWeek", "$isoWeek", "$isoWeekYear",
)  # fmt: skip
_DAY = datetime.datetime(2020, 1, 2, 3, 4, 5, 6000, datetime.UTC)
DATES: list[Any] = [
    _DAY, DatetimeMS(0), DatetimeMS(-1), DatetimeMS(999), DatetimeMS(-999), DatetimeMS(2**63 - 1), DatetimeMS(-(2**63)),
    DatetimeMS(-62135596800000), DatetimeMS(-62135596800001), DatetimeMS(-62167219200001), DatetimeMS(253402300799999),
    DatetimeMS(253402300800000), Timestamp(1577934245, 7), ObjectId("507f1f77bcf86cd799439011"),
    ObjectId("ffffffff0000000000000000"), *(datetime.datetime(year, month, day, 12, tzinfo=datetime.UTC) for year,
    month,
    day in ((2016, 12, 31), (2017, 1, 1), (2017, 1, 2), (2018, 12, 31), (2020, 2, 29), (2021, 1, 3), (2020, 12, 31),
    (2000, 12, 31), (1900, 2, 28), (1582, 10, 15), (4, 2, 29))),
]  # fmt: skip
ZONES: list[Any] = [
    "UTC", "GMT", "+05:30", "-0330", "+05", "-00:00", "+99:99", "America/New_York", "Europe/London", "Asia/Kolkata",
    "Australia/Lord_Howe", "Etc/GMT+5", "EST", "Z", "utc", "+5", "+5:30", "", " UTC", "No/Where", "EDT", "+053",
    "US/Pacific",
]  # fmt: skip
_NUMBERS: list[Any] = [
    1, 0, -1, 14, 400, 1.0, 1.5, "1", None, Int64(5), 2**31 - 1, Int64(2**40), Decimal128("2"), Decimal128("2.5"), True,
    32767, 32768, -32768, -32769, float("nan"), [], Int64(2**62), DatetimeMS(0),
]  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    documents = [{"d": date} for date in DATES]
    for operator in PARTS:
        yield make.of({operator: "$d"}, *documents)
        for zone in ("America/New_York", "+05:30", "Australia/Lord_Howe"):
            yield make.of({operator: {"date": "$d", "timezone": zone}}, *documents)
        yield from make.each_in({operator: "$v"}, "few values")
        operands: list[Any] = [
            [], [_DAY], [_DAY, _DAY], 1, {}, {"date": _DAY, "x": 1}, {"timezone": 1}, {"date": [_DAY]}, {"date": _DAY},
            {"$literal": _DAY}, {"a": 1}, {"date": _DAY, "timezone": "$missing"}, {"date": "x", "timezone": "$missing"},
            [{"date": _DAY}], {"date": "$missing", "timezone": "zz"}, {"date": "$one", "timezone": None}, None,
            {"date": "$missing", "timezone": 1}, {"date": None, "timezone": "$one"},
        ]  # fmt: skip
        yield from make.each_of(*({operator: operand} for operand in operands), document={"one": 1})
    yield from make.each_in({"$hour": {"date": _DAY, "timezone": "$v"}}, [{"v": zone} for zone in ZONES])
    yield from make.each_in({"$hour": {"date": _DAY, "timezone": "$v"}}, "few values")
    yield from _to_parts(make)
    yield from _from_parts(make)


def _to_parts(make: ExpressionCases) -> Iterator[Case]:
    documents = [{"d": date} for date in DATES]
    for options in ({}, {"iso8601": True}, {"timezone": "America/St_Johns"}, {"timezone": "+10", "iso8601": True}):
        yield make.of({"$dateToParts": {"date": "$d", **options}}, *documents)
    yield from make.each_in({"$dateToParts": {"date": "$v"}}, "few values")
    yield from make.each_in({"$dateToParts": {"date": _DAY, "timezone": "$v"}}, "few values")
    yield from make.each_in({"$dateToParts": {"date": _DAY, "iso8601": "$v"}}, "few values")
    operands: list[Any] = [
        1, {}, {"x": 1}, {"timezone": "x"}, {"date": None, "iso8601": "x"}, {"date": "x", "iso8601": 1}, _DAY, [],
        {"date": "x", "timezone": "zz"}, {"date": _DAY, "timezone": None, "iso8601": "x"}, {"date": "$one", "timezone":
        "$missing", "iso8601": "$one"}, {"date": "$missing", "timezone": "zz"},
    ]  # fmt: skip
    yield from make.each_of(*({"$dateToParts": operand} for operand in operands), document={"one": 1})


def _from_parts(make: ExpressionCases) -> Iterator[Case]:
    clock = ("hour", "minute", "second", "millisecond")
    for year, names in (("year", ("month", "day", *clock)), ("isoWeekYear", ("isoWeek", "isoDayOfWeek", *clock))):
        numbers = [{"v": number} for number in _NUMBERS]
        yield from make.each_in({"$dateFromParts": {year: "$v"}}, [*numbers, {"v": 9999}, {"v": 10000}, {}])
        for name in names:
            yield from make.each_in({"$dateFromParts": {year: 2020, name: "$v"}}, [*numbers, {}])
    yield from make.each_in({"$dateFromParts": {"year": 2020, "timezone": "$v"}}, [{"v": zone} for zone in ZONES])
    yield from make.each_in({"$dateFromParts": {"year": 2020, "timezone": "$v"}}, "few values")
    for zone, month, day in (
        ("America/New_York", 3, 8), ("America/New_York", 11, 1), ("Europe/London", 3, 29), ("Europe/London", 10, 25),
        ("Australia/Sydney", 4, 5), ("Australia/Sydney", 10, 4), ("Australia/Lord_Howe", 4, 5), ("Europe/Dublin", 10,
        25),
        ("Australia/Lord_Howe", 10, 4), ("America/Santiago", 4, 4), ("America/Santiago", 9, 6),
    ):  # fmt: skip
        parts = {"year": 2020, "month": month, "day": day, "minute": "$m", "timezone": zone}
        yield make.of({"$dateFromParts": parts}, *({"m": minute} for minute in range(0, 1470, 15)))
    operands: list[Any] = [
        1, "a", None, [], {}, {"x": 1}, {"month": 1}, {"year": 2020, "isoWeek": 1}, {"isoWeekYear": 2020, "month": 1},
        {"year": 2020, "isoWeekYear": 2020}, {"isoWeekYear": 2020, "day": 1}, {"year": 2020, "hour": 25, "minute": -1,
        "second": 61, "millisecond": 1001}, {"year": 9999, "month": 13}, {"isoWeekYear": 2020, "isoWeek": 53,
        "isoDayOfWeek": 7}, {"isoWeekYear": 2020, "isoWeek": 100, "isoDayOfWeek": -3}, {"year": "x", "timezone": "zz"},
        {"year": "$x", "month": "$x", "timezone": "zz"}, {"year": "$x", "hour": "$x", "timezone": "$zz"}, {"year": "$x",
        "timezone": None}, {"year": "$missing", "timezone": "zz"}, {"year": 2020, "second": Int64(9223372036854775)},
        {"year": 1970, "second": Int64(9223372036854775)}, {"year": 2020, "hour": "$missing", "timezone": "$zz"},
    ]  # fmt: skip
    yield from make.each_of(*({"$dateFromParts": operand} for operand in operands), document={"x": "x", "zz": "zz"})
