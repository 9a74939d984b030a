"""`$dateAdd`, `$dateSubtract`, `$dateDiff`, `$dateTrunc`: dates and units of time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from bson import Int64
from bson.datetime_ms import DatetimeMS

from satchel.errors import ServerError
from satchel.mql.expressions.date_arguments import (
    as_date,
    date_operator,
    unit_argument,
    weekday_argument,
    wrapped_zone_argument,
    zone_argument,
)
from satchel.mql.expressions.date_arithmetic import SUNDAY, TimeUnit, add_to_date, date_difference, truncate_date
from satchel.mql.expressions.expression import is_nullish
from satchel.mql.expressions.registry import ABSENT, Absent, Signature
from satchel.mql.expressions.timezone import time_zone_operand
from satchel.mql.expressions.value_text import value_text
from satchel.values.bson_types import INT64_MIN, Field, type_name
from satchel.values.numbers import exact_int64

_NOT_A_DATE: Final = 5166307


def _sum_signature(name: str) -> Signature:
    missing = {"startDate": 5166402, "unit": 5166402, "amount": 5166402}
    return Signature(name, missing, ("timezone",), 5166400, 5166401)


def _sum_checks(name: str) -> dict[str, Callable[[Field], object]]:
    return {"unit": partial(unit_argument, name), "timezone": time_zone_operand}


@date_operator(_sum_signature("$dateAdd"), _sum_checks("$dateAdd"), null_wins=True)
def date_add(start: Field, unit: Field, amount: Field, timezone: Field) -> Field:
    """Return a date some units of time later; null when an argument is null or missing.

    Raises:
        ServerError: location 5166403, 5166405, 5439013, FailedToParse (9) for bad arguments, location 5976500, 5166406,
            DurationOverflow (159) when the sum is no date.

    Reference:
        MongoDB manual, "$dateAdd".
    """
    return _moved("$dateAdd", start, unit, amount, timezone)


@date_operator(_sum_signature("$dateSubtract"), _sum_checks("$dateSubtract"), null_wins=True)
def date_subtract(start: Field, unit: Field, amount: Field, timezone: Field) -> Field:
    """Return a date some units of time earlier; null when an argument is null or missing.

    Raises:
        ServerError: location 5166403, 5166405, 5439013, 6045000, FailedToParse (9) for bad arguments, location 5976500,
            5166406, DurationOverflow (159) when the difference is no date.

    Reference:
        MongoDB manual, "$dateSubtract".
    """
    return _moved("$dateSubtract", start, unit, amount, timezone)


def _moved(name: str, start: Field, unit: Field, amount: Field, timezone: Field) -> DatetimeMS | None:
    if is_nullish(start):
        return None
    parsed_unit = unit_argument(name, unit)
    if parsed_unit is None or is_nullish(amount):
        return None
    zone = zone_argument(timezone)
    if zone is None:
        return None
    ms = as_date(start)
    if ms is None:
        raise ServerError(5166403, f"{name} requires startDate to be convertible to a date")
    number = exact_int64(amount)
    if number is None:
        raise ServerError(5166405, f"{name} expects integer amount of time units")
    if name == "$dateSubtract":
        if number == INT64_MIN:
            raise ServerError(6045000, f"invalid {name} 'amount' parameter value: {number}")
        number = -number
    return DatetimeMS(add_to_date(ms, parsed_unit, number, zone))


@date_operator(
    Signature(
        "$dateDiff",
        {"startDate": 5166303, "endDate": 5166304, "unit": 5166305},
        ("timezone", "startOfWeek"),
        5166301,
        5166302,
    ),
    {
        "unit": partial(unit_argument, "$dateDiff"),
        "startOfWeek": partial(weekday_argument, "$dateDiff"),
        "timezone": partial(wrapped_zone_argument, "$dateDiff"),
    },
    null_wins=True,
)
def date_diff(start: Field, end: Field, unit: Field, timezone: Field, start_of_week: Field) -> Field:
    """Return how many units of time begin between two dates, as a long; null when an argument is null or missing.

    Raises:
        ServerError: location 5166307, 5439013, 5439015, 5439016, FailedToParse (9) for bad arguments, location 5166308
            when the difference does not fit 64 bits.

    Reference:
        MongoDB manual, "$dateDiff".
    """
    name = "$dateDiff"
    if is_nullish(start) or is_nullish(end):
        return None
    parsed_unit = unit_argument(name, unit)
    if parsed_unit is None:
        return None
    first_weekday = _week_start(name, parsed_unit, start_of_week)
    if first_weekday is None:
        return None
    zone = wrapped_zone_argument(name, timezone)
    if zone is None:
        return None
    first, last = _date_argument(name, "startDate", start), _date_argument(name, "endDate", end)
    return Int64(date_difference(first, last, parsed_unit, zone, first_weekday))


@date_operator(
    Signature(
        "$dateTrunc", {"date": 5439009, "unit": 5439010}, ("binSize", "timezone", "startOfWeek"), 5439007, 5439008
    ),
    {
        "unit": partial(unit_argument, "$dateTrunc"),
        "startOfWeek": partial(weekday_argument, "$dateTrunc"),
        "timezone": partial(wrapped_zone_argument, "$dateTrunc"),
        "binSize": lambda value: _bin_size("$dateTrunc", value),
    },
    null_wins=True,
)
def date_trunc(date: Field, unit: Field, bin_size: Field, timezone: Field, start_of_week: Field) -> Field:
    """Return the beginning of the unit of time, or of the bin of several, that holds a date; null for null.

    Raises:
        ServerError: location 5166307, 5439013 to 5439018, FailedToParse (9) for bad arguments, location 5439000,
            5439002, 5439006, 5166406 when the bin is out of range.

    Reference:
        MongoDB manual, "$dateTrunc".
    """
    name = "$dateTrunc"
    if is_nullish(date):
        return None
    size = _bin_size(name, bin_size)
    parsed_unit = unit_argument(name, unit) if size is not None else None
    if size is None or parsed_unit is None:
        return None
    first_weekday = _week_start(name, parsed_unit, start_of_week)
    zone = wrapped_zone_argument(name, timezone) if first_weekday is not None else None
    if first_weekday is None or zone is None:
        return None
    return DatetimeMS(truncate_date(_date_argument(name, "date", date), parsed_unit, size, zone, first_weekday))


def _week_start(name: str, unit: TimeUnit, value: Field) -> int | None:
    return weekday_argument(name, value) if unit is TimeUnit.WEEK else SUNDAY


def _bin_size(name: str, value: Field | Absent) -> int | None:
    if value is ABSENT:
        return 1
    if is_nullish(value):
        return None
    size = exact_int64(value)
    if size is None:
        found = f"got value '{value_text(value)}' of type {type_name(value)}"
        raise ServerError(5439017, f"{name} requires 'binSize' to be a 64-bit integer, but {found}")
    if size <= 0:
        raise ServerError(5439018, f"{name} requires 'binSize' to be greater than 0, but got value {size}")
    return size


def _date_argument(name: str, argument: str, value: Field) -> int:
    ms = as_date(value)
    if ms is None:
        raise ServerError(_NOT_A_DATE, f"{name} requires '{argument}' to be a date, but got {type_name(value)}")
    return ms
