"""`$dateFromParts` and `$dateToParts`: between a date and a document of its parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from bson.datetime_ms import DatetimeMS

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.date_arguments import (
    check_constants,
    coerce_to_date,
    date_operator,
    named_expression,
    zone_argument,
)
from satchel.mql.expressions.date_format import local_time
from satchel.mql.expressions.expression import Expression, is_nullish
from satchel.mql.expressions.gregorian import (
    MS_PER_DAY,
    MS_PER_HOUR,
    MS_PER_MINUTE,
    MS_PER_SECOND,
    day_number,
    day_number_of_iso_date,
    iso_date,
)
from satchel.mql.expressions.registry import ABSENT, Absent, Parser, Signature, syntax
from satchel.mql.expressions.timezone import time_zone_operand
from satchel.mql.expressions.value_text import value_text
from satchel.values.bson_types import INT64_MAX, BsonValue, Field, type_name
from satchel.values.numbers import exact_int64

_NOT_AN_INTEGER: Final = 40515
_OUT_OF_RANGE: Final = 31034
_LARGEST_PART: Final = 2**15
_BOUNDED: Final = frozenset({"month", "day", "isoWeek", "isoDayOfWeek", "hour", "minute"})
_DATE_DEFAULTS: Final = (1970, 1, 1)
_CLOCK_DEFAULTS: Final = (0, 0, 0, 0)

_TIME: Final = ("hour", "minute", "second", "millisecond", "timezone")
_FROM_CALENDAR: Final = Signature("$dateFromParts", {}, ("year", "month", "day", *_TIME), 40519, 40518)
_FROM_ISO: Final = Signature("$dateFromParts", {}, ("isoWeekYear", "isoWeek", "isoDayOfWeek", *_TIME), 40519, 40518)
_ALL: Final = Signature(
    "$dateFromParts", {}, ("year", "month", "day", "isoWeekYear", "isoWeek", "isoDayOfWeek", *_TIME), 40519, 40518
)


@syntax("$dateFromParts")
def date_from_parts(operand: BsonValue, parser: Parser) -> Expression:
    """Return the date of a year and further parts, or of an ISO year, week and weekday; parts carry over.

    Raises:
        ServerError: location 40515 to 40525, 31034, 31095 for bad arguments, DurationOverflow (159) beyond all dates.

    Reference:
        MongoDB manual, "$dateFromParts".
    """
    given = parser.named(_ALL, operand)
    if "year" not in given and "isoWeekYear" not in given:
        raise ServerError(40516, "$dateFromParts requires either 'year' or 'isoWeekYear' to be present")
    if "year" in given:
        if not given.keys().isdisjoint(("isoWeekYear", "isoWeek", "isoDayOfWeek")):
            raise ServerError(40489, "$dateFromParts does not allow mixing natural dates with ISO dates")
        expression = named_expression(_from_calendar, _FROM_CALENDAR, given)
        return check_constants(expression, given, {"timezone": time_zone_operand})
    if not given.keys().isdisjoint(("month", "day")):
        raise ServerError(40525, "$dateFromParts does not allow mixing ISO dates with natural dates")
    return check_constants(named_expression(_from_iso, _FROM_ISO, given), given, {"timezone": time_zone_operand})


def _from_calendar(*arguments: Field) -> Field:
    return _from_parts(_FROM_CALENDAR.arguments, arguments, day_number)


def _from_iso(*arguments: Field) -> Field:
    return _from_parts(_FROM_ISO.arguments, arguments, day_number_of_iso_date)


def _from_parts(
    names: Sequence[str], arguments: Sequence[Field], to_day: Callable[[int, int, int], int]
) -> DatetimeMS | None:
    """Compute a date from year, month, day (or their ISO pendants), hour, minute, second, millisecond, time zone."""
    clock = _integers(names[3:7], arguments[3:7], _CLOCK_DEFAULTS)
    if clock is None:
        return None
    zone = zone_argument(arguments[7])
    if zone is None:
        return None
    date = _integers(names[:3], arguments[:3], _DATE_DEFAULTS)
    if date is None:
        return None
    _check_year(names[0], date[0])
    ms = to_day(*date) * MS_PER_DAY + _clock_ms(*clock)
    _check_overflow(ms)
    return DatetimeMS(zone.to_utc(ms))


def _check_overflow(number: int) -> None:
    if abs(number) > INT64_MAX:
        message = "Overflow casting from a lower-precision duration to a higher-precision duration"
        raise ServerError(ErrorCode.DurationOverflow, message)


def _clock_ms(hour: int, minute: int, second: int, millisecond: int) -> int:
    _check_overflow(millisecond * MS_PER_SECOND)  # MongoDB's library counts microseconds here
    return hour * MS_PER_HOUR + minute * MS_PER_MINUTE + second * MS_PER_SECOND + millisecond


def _integers(names: Sequence[str], values: Sequence[Field], defaults: Sequence[int]) -> list[int] | None:
    """Return the integers that arguments hold, or None as soon as one is null or missing."""
    numbers: list[int] = []
    for name, value, default in zip(names, values, defaults, strict=True):
        number = _integer(name, value, default)
        if number is None:
            return None
        numbers.append(number)
    return numbers


def _integer(name: str, value: Field | Absent, default: int) -> int | None:
    if value is ABSENT:
        return default
    if is_nullish(value):
        return None
    number = exact_int64(value)
    if number is None:
        found = f"found {type_name(value)} with value {value_text(value)}"
        raise ServerError(_NOT_AN_INTEGER, f"'{name}' must evaluate to an integer, {found}")
    if name in _BOUNDED and not -_LARGEST_PART <= number < _LARGEST_PART:
        limits = f"[{-_LARGEST_PART}, {_LARGEST_PART - 1}]"
        message = f"'{name}' must evaluate to a value in the range {limits}; value {number} is not in range"
        raise ServerError(_OUT_OF_RANGE, message)
    return number


def _check_year(name: str, year: int) -> None:
    if not 1 <= year <= 9999:
        code = 40523 if name == "year" else 31095
        raise ServerError(code, f"'{name}' must evaluate to an integer in the range 1 to 9999, found {year}")


@date_operator(
    Signature("$dateToParts", {"date": 40522}, ("timezone", "iso8601"), 40524, 40520), {"timezone": time_zone_operand}
)
def date_to_parts(date: Field, timezone: Field, iso8601: Field) -> Field:
    """Return a date as a document of its parts; with `iso8601`, by ISO week.

    Raises:
        ServerError: location 40521 when `iso8601` is not a boolean, location 16006 for what is not a date.

    Reference:
        MongoDB manual, "$dateToParts".
    """
    zone = zone_argument(timezone)
    if zone is None or is_nullish(iso8601):
        return None
    if iso8601 is not ABSENT and not isinstance(iso8601, bool):
        raise ServerError(40521, f"iso8601 must evaluate to a bool, found {type_name(iso8601)}")
    if is_nullish(date):
        return None
    time = local_time(coerce_to_date(date), zone)
    clock = dict(zip(_TIME, time.parts[3:], strict=False))
    if iso8601 is True:
        iso = iso_date(time.day)
        return {"isoWeekYear": iso.year, "isoWeek": iso.week, "isoDayOfWeek": iso.weekday, **clock}
    return {"year": time.parts.year, "month": time.parts.month, "day": time.parts.day, **clock}
