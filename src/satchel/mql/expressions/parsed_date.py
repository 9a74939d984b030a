"""What the text of a date says: a date and a time with gaps, a time zone, and moves relative to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.gregorian import (
    MS_PER_SECOND,
    date_of_day,
    day_number,
    days_in_month,
    sunday_weekday,
)
from satchel.mql.expressions.timezone import TimeZone
from satchel.mql.expressions.zone_text import ZoneText
from satchel.values.bson_types import INT64_MAX, INT64_MIN

_UNSET_MICROSECOND: Final = -9_999_999  # what MongoDB's library takes them for after a time like "1020"


class DateTextError(Exception):
    """The text is not a date.

    Args:
        message: What is wrong.
        position: Where in the text, counted from 0.
        found: The character that stands there.
    """

    def __init__(self, message: str, position: int = 0, found: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.found = found


class MonthEdge(Enum):
    """`first day of` and `last day of`."""

    FIRST = "first"
    LAST = "last"


@dataclass(slots=True)
class RelativeMoves:
    """How far a date is moved from what its other words say.

    Attributes:
        weekday: The day of the week to go to, 0 (Sunday) to 6; negative when `ago` turned it round. None for none.
        weekday_behavior: 0 when today's weekday is meant to be a week ahead, 1 when it is today, 2 for "this week".
        weekdays: How many working days to go.
        weekday_of_month: Whether a weekday is counted from the first (False) or the last (True) day of the month.
        month_edge: `first day of` or `last day of`.
    """

    years: int = 0
    months: int = 0
    days: int = 0
    seconds: int = 0
    microseconds: int = 0
    weekday: int | None = None
    weekday_behavior: int = 0
    weekdays: int | None = None
    weekday_of_month: bool | None = None
    month_edge: MonthEdge | None = None

    def reverse(self) -> None:
        """Go the other way (`ago`), save for fractions of a second, which MongoDB's library forgets."""
        self.years, self.months, self.days = -self.years, -self.months, -self.days
        self.seconds = -self.seconds
        if self.weekday is not None:
            self.weekday = -7 if self.weekday == 0 else -self.weekday
        if self.weekdays is not None:
            self.weekdays = -self.weekdays


@dataclass(slots=True)
class ParsedDate:
    """The parts that a text gave; None for those it did not."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    microsecond: int | None = None
    zone: ZoneText | None = None
    relative: RelativeMoves = field(default_factory=RelativeMoves)

    def check_ranges(self, *, date: bool, time: bool) -> None:
        """Check that the parts are a day of the calendar and a time of the day.

        Raises:
            DateTextError: They are not.
        """
        if time and not (0 <= (self.hour or 0) < 24 and 0 <= (self.minute or 0) < 60 and 0 <= (self.second or 0) < 60):
            raise DateTextError("The parsed time was invalid")
        if date and self.month is not None and self.day is not None:
            is_month = 1 <= self.month <= 12
            if not is_month or not 1 <= self.day <= days_in_month(self.year or 0, self.month):
                raise DateTextError("The parsed date was invalid")

    def is_complete(self) -> bool:
        """Tell whether there is a whole date, and a whole time or none."""
        time = (self.hour, self.minute, self.second)
        whole_time = None not in time or time == (None, None, None)
        return whole_time and None not in (self.year, self.month, self.day)

    def resolve(self, zone: TimeZone) -> int:
        """Return the point in time, in milliseconds since 1970.

        Args:
            zone: The time zone where the text names none.

        Raises:
            ServerError: DurationOverflow (159) when its microseconds do not fit 64 bits.
        """
        days, microsecond_of_day = divmod(self._microseconds(), 86_400 * 1_000_000)
        day = self._day() + days
        if self.relative.weekdays is not None:
            day = _after_working_days(day, self.relative.weekdays)
        second_of_day, microsecond = divmod(microsecond_of_day, 1_000_000)
        seconds = day * 86_400 + second_of_day
        if self.zone is not None:
            seconds -= self.zone.offset
        else:
            seconds = zone.to_utc(seconds * MS_PER_SECOND) // MS_PER_SECOND
        microseconds = seconds * 1_000_000 + microsecond
        if not INT64_MIN <= microseconds <= INT64_MAX:
            message = "Overflow casting from a lower-precision duration to a higher-precision duration"
            raise ServerError(ErrorCode.DurationOverflow, message)
        return -(-microseconds // 1000) if microseconds < 0 else microseconds // 1000

    def _microseconds(self) -> int:
        """Return the time of day after all moves of less than a day."""
        seconds = (self.hour or 0) * 3600 + (self.minute or 0) * 60 + (self.second or 0) + self.relative.seconds
        microsecond = self.microsecond
        if microsecond is None:
            microsecond = 0 if self.hour is None else _UNSET_MICROSECOND
        return seconds * 1_000_000 + microsecond + self.relative.microseconds

    def _day(self) -> int:
        """Return the day number after all moves of days, months and years."""
        relative = self.relative
        year, month, day = self.year or 0, self.month or 0, self.day or 0
        months = relative.months
        if relative.weekday_of_month is not None:
            month, day, months = month + months + relative.weekday_of_month, 1, 0
        month, day = self._at_month_edge(month, day)
        year, month, day = date_of_day(day_number(year, month, day))
        if relative.weekday is not None:
            day += self._days_to_weekday(sunday_weekday(day_number(year, month, day)) - 1)
            year, month, day = date_of_day(day_number(year, month, day))
        month, day = self._at_month_edge(month + months, day + relative.days)
        return day_number(year + relative.years, month, day)

    def _at_month_edge(self, month: int, day: int) -> tuple[int, int]:
        if self.relative.month_edge is MonthEdge.FIRST:
            return month, 1
        if self.relative.month_edge is MonthEdge.LAST:
            return month + 1, 0
        return month, day

    def _days_to_weekday(self, today: int) -> int:
        weekday, behavior = self.relative.weekday, self.relative.weekday_behavior
        assert weekday is not None
        if behavior == 2:
            if today == 0 and weekday != 0:
                weekday -= 7
            elif weekday == 0 and today != 0:
                weekday = 7
            return weekday - today
        if weekday < 0:
            return -(7 - (abs(weekday) - today))
        difference = weekday - today
        backwards = self.relative.days < 0
        if (backwards and difference < 0) or (not backwards and difference <= -behavior):
            difference += 7
        return difference


def _after_working_days(day: int, count: int) -> int:
    """Return the day number `count` working days (Monday to Friday) after `day`; none after a weekend is Monday."""
    step = 1 if count > 0 else -1
    weeks, rest = divmod(abs(count), 5)
    day += step * weeks * 7
    if rest == 0:
        while sunday_weekday(day) in (1, 7):
            day -= step
    for _ in range(rest):
        day += step
        while sunday_weekday(day) in (1, 7):
            day += step
    return day
