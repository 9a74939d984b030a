"""Sums, differences and truncation of dates by calendar units, on milliseconds since 1970."""

from __future__ import annotations

from enum import Enum
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.gregorian import (
    MS_PER_DAY,
    MS_PER_HOUR,
    MS_PER_MINUTE,
    MS_PER_SECOND,
    date_of_day,
    day_number,
    days_in_month,
    iso_weekday,
)
from satchel.mql.expressions.timezone import TimeZone
from satchel.values.bson_types import INT64_MAX, INT64_MIN

_ADD_OVERFLOW: Final = 5166406
_DIFFERENCE_OVERFLOW: Final = 5166308
_INVALID_AMOUNT: Final = 5976500
_BIN_DISTANCE_OVERFLOW: Final = 5439000
_BIN_SIZE_OVERFLOW: Final = 5439002
_UNSUPPORTED_BIN_SIZE: Final = 5439006


class TimeUnit(Enum):
    """A unit of time; the value is MongoDB's name."""

    MILLISECOND = "millisecond"
    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_MS_PER_UNIT: Final = {
    TimeUnit.MILLISECOND: 1,
    TimeUnit.SECOND: MS_PER_SECOND,
    TimeUnit.MINUTE: MS_PER_MINUTE,
    TimeUnit.HOUR: MS_PER_HOUR,
}
_MONTHS_PER_UNIT: Final = {TimeUnit.MONTH: 1, TimeUnit.QUARTER: 3, TimeUnit.YEAR: 12}
_DAYS_PER_UNIT: Final = {TimeUnit.DAY: 1, TimeUnit.WEEK: 7}

# The largest amount of each unit between any two dates, rounded up to a whole year or day.
_MOST_YEARS: Final = 584_942_417
_MOST_DAYS: Final = 213_503_982_334
_LARGEST_AMOUNT: Final = {
    TimeUnit.MILLISECOND: 2**63,
    TimeUnit.SECOND: (_MOST_DAYS + 1) * 86_400 - 1,
    TimeUnit.MINUTE: (_MOST_DAYS + 1) * 1_440 - 1,
    TimeUnit.HOUR: (_MOST_DAYS + 1) * 24 - 1,
    TimeUnit.DAY: _MOST_DAYS,
    TimeUnit.WEEK: _MOST_DAYS // 7,
    TimeUnit.MONTH: (_MOST_YEARS + 1) * 12 - 1,
    TimeUnit.QUARTER: (_MOST_YEARS + 1) * 4 - 1,
    TimeUnit.YEAR: _MOST_YEARS,
}

_LARGEST_CALENDAR_BIN: Final = 100_000_000_000
_BIN_ORIGIN_DAY: Final = 10_957  # 2000-01-01, a Saturday: bins are counted from here
_BIN_ORIGIN_MONTH: Final = 2000 * 12

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY_NUMBERS: Final = {name: number for number, day in enumerate(_WEEKDAYS, start=1) for name in (day, day[:3])}
SUNDAY: Final = 7


def parse_time_unit(name: str) -> TimeUnit:
    """Return the unit of MongoDB's name.

    Raises:
        ServerError: FailedToParse (9) when there is no such unit.
    """
    try:
        return TimeUnit(name)
    except ValueError:
        raise ServerError(ErrorCode.FailedToParse, f"unknown time unit value: {name}") from None


def parse_weekday(name: str) -> int | None:
    """Return the number of a day of the week, 1 (Monday) to 7, by its name or first three letters; None if unknown."""
    return _WEEKDAY_NUMBERS.get(name.lower())


def add_to_date(ms: int, unit: TimeUnit, amount: int, zone: TimeZone) -> int:
    """Return a date plus an amount of units.

    Units up to the hour are spans of time; longer ones move the wall clock of `zone`, and a day that the month does
    not have becomes the month's last.

    Raises:
        ServerError: location 5976500 when no two dates are that far apart, location 5166406 or DurationOverflow (159)
            when the sum is not a date.
    """
    if unit is TimeUnit.MILLISECOND:
        total = ms + amount
        if not INT64_MIN <= total <= INT64_MAX:
            raise ServerError(ErrorCode.DurationOverflow, f"Overflow while adding {amount}ms to {ms}ms")
        return total
    if abs(amount) > _LARGEST_AMOUNT[unit]:
        raise ServerError(_INVALID_AMOUNT, f"invalid dateAdd 'amount' parameter value: {amount} {unit.value}")
    span = _MS_PER_UNIT.get(unit)
    total = _add_on_the_wall_clock(ms, unit, amount, zone) if span is None else ms + amount * span
    if not _is_date_of_whole_seconds(total):
        raise ServerError(_ADD_OVERFLOW, "dateAdd overflowed")
    return total


def date_difference(start: int, end: int, unit: TimeUnit, zone: TimeZone, start_of_week: int = SUNDAY) -> int:
    """Return how many times a new unit begins between two dates; negative when `end` is before `start`.

    Args:
        start: Milliseconds since 1970.
        end: Milliseconds since 1970.
        unit: What is counted.
        zone: Whose wall clock tells when a unit begins.
        start_of_week: The first day of a week, 1 (Monday) to 7.

    Raises:
        ServerError: location 5166308 when the difference does not fit 64 bits.
    """
    if unit is TimeUnit.MILLISECOND:
        difference = end - start
        if not INT64_MIN <= difference <= INT64_MAX:
            raise ServerError(_DIFFERENCE_OVERFLOW, "dateDiff overflowed")
        return difference
    local_start, local_end = zone.to_local(start), zone.to_local(end)
    if unit in _MS_PER_UNIT:
        size = _MS_PER_UNIT[unit]
        shift = (local_end - end) - (local_start - start)
        return local_end // size - local_start // size - _truncated_quotient(shift, size)
    first_day, last_day = local_start // MS_PER_DAY, local_end // MS_PER_DAY
    if unit is TimeUnit.DAY:
        return last_day - first_day
    if unit is TimeUnit.WEEK:
        return _week_number(last_day, start_of_week) - _week_number(first_day, start_of_week)
    months = _MONTHS_PER_UNIT[unit]
    return _month_number(last_day) // months - _month_number(first_day) // months


def truncate_date(ms: int, unit: TimeUnit, bin_size: int, zone: TimeZone, start_of_week: int = SUNDAY) -> int:
    """Return the beginning of the bin that holds a date; bins are counted from 2000-01-01T00:00 in `zone`.

    Args:
        ms: Milliseconds since 1970.
        unit: The unit of a bin.
        bin_size: How many units a bin has; positive.
        zone: Whose wall clock tells when a unit begins.
        start_of_week: The first day of a week, 1 (Monday) to 7.

    Raises:
        ServerError: location 5439000, 5439002, 5439006 or 5166406 when the bin or its beginning is out of range.
    """
    if unit in _MS_PER_UNIT:
        return _truncate_span(ms, bin_size * _MS_PER_UNIT[unit], zone)
    if bin_size > _LARGEST_CALENDAR_BIN:
        raise ServerError(_UNSUPPORTED_BIN_SIZE, "dateTrunc unsupported binSize value")
    origin_day = _BIN_ORIGIN_DAY
    day = zone.to_local(ms) // MS_PER_DAY
    if unit in _DAYS_PER_UNIT:
        if unit is TimeUnit.WEEK:
            origin_day += (start_of_week - iso_weekday(origin_day)) % 7
        distance = (day - origin_day) // _DAYS_PER_UNIT[unit]
    else:
        distance = (_month_number(day) - _BIN_ORIGIN_MONTH) // _MONTHS_PER_UNIT[unit]
    origin = zone.to_utc(origin_day * MS_PER_DAY)
    return add_to_date(origin, unit, distance // bin_size * bin_size, zone)


def _truncate_span(ms: int, bin_ms: int, zone: TimeZone) -> int:
    if bin_ms > INT64_MAX:
        raise ServerError(_BIN_SIZE_OVERFLOW, "dateTrunc overflowed")
    origin = zone.to_utc(_BIN_ORIGIN_DAY * MS_PER_DAY)
    distance = ms - origin
    result = origin + distance // bin_ms * bin_ms
    if distance < INT64_MIN or result < INT64_MIN:
        raise ServerError(_BIN_DISTANCE_OVERFLOW, "dateTrunc overflowed")
    return result


def _add_on_the_wall_clock(ms: int, unit: TimeUnit, amount: int, zone: TimeZone) -> int:
    local = zone.to_local(ms)
    if unit in _DAYS_PER_UNIT:
        moved = local + amount * _DAYS_PER_UNIT[unit] * MS_PER_DAY
    else:
        day, time_of_day = divmod(local, MS_PER_DAY)
        moved = _add_months(day, amount * _MONTHS_PER_UNIT[unit]) * MS_PER_DAY + time_of_day
    return zone.to_utc(moved, dst=zone.is_dst_at(ms // MS_PER_SECOND))


def _add_months(day: int, months: int) -> int:
    year, month, day_of_month = date_of_day(day)
    year, month = divmod(year * 12 + month - 1 + months, 12)
    return day_number(year, month + 1, min(day_of_month, days_in_month(year, month + 1)))


def _month_number(day: int) -> int:
    year, month, _ = date_of_day(day)
    return year * 12 + month - 1


def _week_number(day: int, start_of_week: int) -> int:
    return (day - _BIN_ORIGIN_DAY + iso_weekday(_BIN_ORIGIN_DAY) - start_of_week) // 7


def _truncated_quotient(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor) if dividend < 0 else dividend // divisor


def _is_date_of_whole_seconds(ms: int) -> bool:
    """Tell whether the date fits 64 bits when its seconds are multiplied first, as MongoDB's library does."""
    return ms // MS_PER_SECOND * MS_PER_SECOND >= INT64_MIN and ms <= INT64_MAX
