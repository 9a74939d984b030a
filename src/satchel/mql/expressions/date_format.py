"""Dates as text: the `%` formats of `$dateToString`, and ISO 8601."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from satchel.errors import ServerError
from satchel.mql.expressions.gregorian import (
    MS_PER_DAY,
    MS_PER_SECOND,
    DateParts,
    day_of_year,
    iso_date,
    iso_weekday,
    parts_of,
    sunday_week,
    sunday_weekday,
)
from satchel.mql.expressions.timezone import UTC_ZONE, TimeZone

MONTH_NAMES: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

ISO_FORMAT_LOCAL: Final = "%Y-%m-%dT%H:%M:%S.%L"
"""What a date looks like by default in a time zone that is not UTC."""

_UNMATCHED_PERCENT: Final = 18535
_INVALID_CHARACTER: Final = 18536
_YEAR_OUT_OF_RANGE: Final = 18537


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A date as its time zone shows it.

    Attributes:
        parts: The wall clock.
        day: The day number of the wall clock.
        offset: Seconds east of Greenwich.
    """

    parts: DateParts
    day: int
    offset: int


def local_time(ms: int, zone: TimeZone) -> LocalTime:
    """Return what the calendar and the clocks of `zone` show."""
    offset = zone.offset_at(ms // MS_PER_SECOND)
    local = ms + offset * MS_PER_SECOND
    return LocalTime(parts_of(local), local // MS_PER_DAY, offset)


def format_date(ms: int, format_: str, zone: TimeZone = UTC_ZONE) -> str:
    """Return a date as the format says.

    Raises:
        ServerError: location 18535 or 18536 for a bad format, location 18537 for a year outside 0 to 9999.
    """
    time = local_time(ms, zone)
    return "".join([piece if isinstance(piece, str) else piece(time) for piece in _compile(format_)])


def iso_string(ms: int) -> str:
    """Return a date in ISO 8601, in UTC and with milliseconds.

    Raises:
        ServerError: location 18537 for a year outside 0 to 9999.
    """
    parts = parts_of(ms)
    _checked_year(parts.year)
    return "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}.{:03d}Z".format(*parts)


def check_output_format(format_: str) -> None:
    """Check a format of `$dateToString`.

    Raises:
        ServerError: location 18535 or 18536.
    """
    _compile(format_)


def check_format(format_: str, directives: str) -> None:
    """Check that each `%` of a format is followed by one of `directives`.

    Raises:
        ServerError: location 18535 for a `%` at the end, location 18536 for another character.
    """
    position = 0
    while (position := format_.find("%", position)) >= 0:
        character = format_[position + 1 : position + 2]
        if not character:
            raise ServerError(_UNMATCHED_PERCENT, "Unmatched '%' at end of format string")
        if character not in directives:
            raise ServerError(_INVALID_CHARACTER, f"Invalid format character '%{character}' in format string")
        position += 2


def offset_minutes(offset: int) -> int:
    """Return seconds east of Greenwich in whole minutes, rounded towards zero."""
    return -(-offset // 60) if offset < 0 else offset // 60


_Piece = Callable[[LocalTime], str]


@lru_cache(maxsize=256)
def _compile(format_: str) -> tuple[str | _Piece, ...]:
    check_format(format_, "".join(_DIRECTIVES) + "%")
    pieces: list[str | _Piece] = []
    literal = ""
    position = 0
    while position < len(format_):
        character = format_[position]
        if character != "%" or format_[position + 1] == "%":
            literal += character
            position += 1 + (character == "%")
            continue
        pieces += [literal, _DIRECTIVES[format_[position + 1]]]
        literal = ""
        position += 2
    return (*pieces, literal)


def _checked_year(year: int) -> int:
    if not 0 <= year <= 9999:
        raise ServerError(
            _YEAR_OUT_OF_RANGE,
            f"Could not convert date to string: date component was outside the supported range of 0-9999: {year}",
        )
    return year


def _basic_offset(time: LocalTime) -> str:
    minutes = offset_minutes(time.offset)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if time.offset < 0 else '+'}{hours:02d}{rest:02d}"


_DIRECTIVES: Final[dict[str, _Piece]] = {
    "Y": lambda time: f"{_checked_year(time.parts.year):04d}",
    "m": lambda time: f"{time.parts.month:02d}",
    "d": lambda time: f"{time.parts.day:02d}",
    "H": lambda time: f"{time.parts.hour:02d}",
    "M": lambda time: f"{time.parts.minute:02d}",
    "S": lambda time: f"{time.parts.second:02d}",
    "L": lambda time: f"{time.parts.millisecond:03d}",
    "j": lambda time: f"{day_of_year(time.day):03d}",
    "w": lambda time: f"{sunday_weekday(time.day)}",
    "u": lambda time: f"{iso_weekday(time.day)}",
    "U": lambda time: f"{sunday_week(time.day):02d}",
    "V": lambda time: f"{iso_date(time.day).week:02d}",
    "G": lambda time: f"{_checked_year(iso_date(time.day).year):04d}",
    "b": lambda time: MONTH_NAMES[time.parts.month - 1][:3],
    "B": lambda time: MONTH_NAMES[time.parts.month - 1],
    "z": _basic_offset,
    "Z": lambda time: f"{offset_minutes(time.offset)}",
}
