"""The proleptic Gregorian calendar on plain integers: every date that fits 64-bit milliseconds since 1970.

That is years ±292 million; Python's own `datetime` ends at the years 1 and 9999. A *day number* counts days since
1970-01-01.
"""

from __future__ import annotations

from typing import Final, NamedTuple

MS_PER_SECOND: Final = 1_000
MS_PER_MINUTE: Final = 60_000
MS_PER_HOUR: Final = 3_600_000
MS_PER_DAY: Final = 86_400_000
MS_PER_WEEK: Final = 7 * MS_PER_DAY

DAYS_PER_CYCLE: Final = 146_097
"""Days in 400 years, after which the calendar repeats, weekdays included."""

YEARS_PER_CYCLE: Final = 400
_DAYS_FROM_MARCH_OF_YEAR_0: Final = 719_468
_MONDAY_SHIFT: Final = 3  # 1970-01-01 was a Thursday


class DateParts(NamedTuple):
    """A point in time on the calendar and the clock."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    millisecond: int


class IsoDate(NamedTuple):
    """A day in ISO 8601's week calendar; `weekday` runs from 1 (Monday) to 7."""

    year: int
    week: int
    weekday: int


def day_number(year: int, month: int, day: int) -> int:
    """Return the day number of a date.

    Args:
        year: The astronomical year (0 is 1 BC).
        month: The month; any integer: 13 is January of the next year, 0 December of the year before.
        day: The day of the month; any integer, counted on from the month's first.
    """
    year += (month - 1) // 12
    month = (month - 1) % 12 + 1
    if month <= 2:
        year -= 1
    cycle, year_of_cycle = divmod(year, YEARS_PER_CYCLE)
    # The year begins in March, so that the leap day is its last.
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    day_of_cycle = year_of_cycle * 365 + year_of_cycle // 4 - year_of_cycle // 100 + day_of_year
    return cycle * DAYS_PER_CYCLE + day_of_cycle - _DAYS_FROM_MARCH_OF_YEAR_0


def date_of_day(days: int) -> tuple[int, int, int]:
    """Return the year, month and day of the month of a day number."""
    cycle, day_of_cycle = divmod(days + _DAYS_FROM_MARCH_OF_YEAR_0, DAYS_PER_CYCLE)
    year_of_cycle = (day_of_cycle - day_of_cycle // 1460 + day_of_cycle // 36_524 - day_of_cycle // 146_096) // 365
    day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle // 4 - year_of_cycle // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return cycle * YEARS_PER_CYCLE + year_of_cycle + (month <= 2), month, day


def days_in_month(year: int, month: int) -> int:
    """Return how many days the month (1 to 12) has."""
    if month == 2:
        return 29 if is_leap_year(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def is_leap_year(year: int) -> bool:
    """Tell whether the year has a 29th of February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def parts_of(ms: int) -> DateParts:
    """Return the calendar and clock parts of milliseconds since 1970, without any time zone."""
    days, rest = divmod(ms, MS_PER_DAY)
    hour, rest = divmod(rest, MS_PER_HOUR)
    minute, rest = divmod(rest, MS_PER_MINUTE)
    second, millisecond = divmod(rest, MS_PER_SECOND)
    return DateParts(*date_of_day(days), hour, minute, second, millisecond)


def ms_of(parts: DateParts) -> int:
    """Return the milliseconds since 1970 of parts, each of which may be any integer and carries over."""
    return (
        day_number(parts.year, parts.month, parts.day) * MS_PER_DAY
        + parts.hour * MS_PER_HOUR
        + parts.minute * MS_PER_MINUTE
        + parts.second * MS_PER_SECOND
        + parts.millisecond
    )


def iso_weekday(days: int) -> int:
    """Return the day of the week of a day number, 1 (Monday) to 7."""
    return (days + _MONDAY_SHIFT) % 7 + 1


def sunday_weekday(days: int) -> int:
    """Return the day of the week of a day number, 1 (Sunday) to 7."""
    return (days + _MONDAY_SHIFT + 1) % 7 + 1


def day_of_year(days: int) -> int:
    """Return which day of its year a day number is, from 1."""
    return days - day_number(date_of_day(days)[0], 1, 1) + 1


def sunday_week(days: int) -> int:
    """Return the week of the year by Sundays: days before the year's first Sunday are in week 0."""
    return (day_of_year(days) - sunday_weekday(days) + 7) // 7


def iso_date(days: int) -> IsoDate:
    """Return a day number in ISO 8601's week calendar: week 1 is the one with the year's first Thursday."""
    weekday = iso_weekday(days)
    thursday = days - weekday + 4
    year = date_of_day(thursday)[0]
    return IsoDate(year, (thursday - day_number(year, 1, 1)) // 7 + 1, weekday)


def day_number_of_iso_date(year: int, week: int, weekday: int) -> int:
    """Return the day number of a date in the ISO week calendar; week and weekday may be any integer and carry over."""
    fourth_of_january = day_number(year, 1, 4)
    first_monday = fourth_of_january - iso_weekday(fourth_of_january) + 1
    return first_monday + (week - 1) * 7 + weekday - 1
