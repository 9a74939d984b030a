"""Dates in the form that a `%` format of `$dateFromString` says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from satchel.mql.expressions.date_format import check_format
from satchel.mql.expressions.free_form_date import MONTH_NUMBERS
from satchel.mql.expressions.gregorian import date_of_day, day_number, day_number_of_iso_date
from satchel.mql.expressions.parsed_date import DateTextError, ParsedDate
from satchel.mql.expressions.zone_text import ZoneText, read_zone

_NUMBERS: Final = {
    (least, most): re.compile(f"[0-9]{{{least},{most}}}") for least, most in ((1, 2), (1, 3), (1, 4), (2, 2))
}
_NUMBERS_AHEAD: Final = {most: re.compile(f"[^0-9]*([0-9]{{1,{most}}})") for most in (1, 2, 4)}
_MINUTES: Final = re.compile(r"([+-])([0-9]+)")
_LETTERS: Final = re.compile("[A-Za-z]*")


def parse_with_format(text: str, format_: str) -> ParsedDate:
    """Read a date in the form that a format says.

    Raises:
        DateTextError: The text is not of that form.
        ServerError: location 18535 or 18536 for a bad format.
    """
    check_input_format(format_)
    return _Reader(text).read(format_)


@lru_cache(maxsize=256)
def check_input_format(format_: str) -> None:
    """Check a format of `$dateFromString`.

    Raises:
        ServerError: location 18535 or 18536.
    """
    check_format(format_, "".join(_DIRECTIVES) + "%")


@dataclass(slots=True)
class _Reader:
    """One reading of a text.

    Attributes:
        iso: The ISO week date's year, week and weekday, as far as they were given.
    """

    text: str
    position: int = 0
    date: ParsedDate = field(default_factory=ParsedDate)
    has_fraction: bool = False
    iso: dict[str, int] = field(default_factory=dict)

    def read(self, format_: str) -> ParsedDate:
        """Read the whole text."""
        index = 0
        while index < len(format_):
            if self.position >= len(self.text):
                raise DateTextError("Not enough data available to satisfy format", self.position, "\0")
            character = format_[index]
            index += 1
            if character == "%":
                character = format_[index]
                index += 1
                if character != "%":
                    _DIRECTIVES[character](self)
                    continue
            if self.text[self.position] != character:
                raise self.error("Format literal not found")
            self.position += 1
        if self.position < len(self.text):
            raise self.error("Trailing data")
        self._finish()
        return self.date

    def error(self, message: str) -> DateTextError:
        """Return an error at the present position."""
        return DateTextError(message, self.position, self.text[self.position : self.position + 1] or "\0")

    def number(self, most_digits: int, *, least_digits: int = 1) -> int:
        """Read a number of so many digits."""
        match = _NUMBERS[least_digits, most_digits].match(self.text, self.position)
        if match is None:
            raise self.error("Unexpected data found.")
        self.position = match.end()
        return int(match[0])

    def number_ahead(self, most_digits: int) -> int:
        """Read the next number, whatever stands before it."""
        match = _NUMBERS_AHEAD[most_digits].match(self.text, self.position)
        if match is None:
            raise self.error("Unexpected data found.")
        self.position = match.end()
        return int(match[1])

    def _finish(self) -> None:
        date = self.date
        has_time = self.has_fraction or not (date.hour is None and date.minute is None and date.second is None)
        if has_time:
            date.hour, date.minute, date.second = date.hour or 0, date.minute or 0, date.second or 0
            date.microsecond = date.microsecond or 0
        if self.iso:
            if not (date.year is None and date.month is None and date.day is None):
                raise self.error("Mixing of ISO dates with natural dates is not allowed")
            self._set_iso_date()
        date.check_ranges(date=date.year is not None, time=has_time)

    def _set_iso_date(self) -> None:
        if "year" in self.iso:
            day = day_number_of_iso_date(self.iso["year"], self.iso.get("week", 1), self.iso.get("weekday", 1))
            self.date.year, self.date.month, self.date.day = date_of_day(day)


def _year(reader: _Reader) -> None:
    reader.date.year = reader.number(4)


def _month(reader: _Reader) -> None:
    reader.date.month = reader.number(2)


def _day(reader: _Reader) -> None:
    reader.date.day = reader.number(2)


def _hour(reader: _Reader) -> None:
    reader.date.hour = reader.number(2)


def _minute(reader: _Reader) -> None:
    reader.date.minute = reader.number(2, least_digits=2)


def _second(reader: _Reader) -> None:
    reader.date.second = reader.number(2, least_digits=2)


def _millisecond(reader: _Reader) -> None:
    start = reader.position
    number = reader.number(3)
    reader.date.microsecond = number * 10 ** (6 - (reader.position - start))
    reader.has_fraction = True


def _day_of_year(reader: _Reader) -> None:
    days = reader.number(3)
    if reader.date.year is None:
        raise reader.error("A 'day of year' can only come after a year has been found")
    # MongoDB counts from 0 here, although %j counts from 1 when it writes.
    reader.date.year, reader.date.month, reader.date.day = date_of_day(day_number(reader.date.year, 1, 1) + days)


def _month_name(reader: _Reader) -> None:
    match = _LETTERS.match(reader.text, reader.position)
    month = MONTH_NUMBERS.get(match[0].lower()) if match is not None else None
    if match is None or month is None:
        raise reader.error("A textual month could not be found")
    reader.position = match.end()
    reader.date.month = month


def _iso_year(reader: _Reader) -> None:
    reader.iso["year"] = reader.number_ahead(4)


def _iso_week(reader: _Reader) -> None:
    reader.iso["week"] = reader.number_ahead(2)
    if not 1 <= reader.iso["week"] <= 53:
        raise reader.error("ISO Week must be between 1 and 53")


def _iso_weekday(reader: _Reader) -> None:
    reader.iso["weekday"] = reader.number_ahead(1)
    if not 1 <= reader.iso["weekday"] <= 7:
        raise reader.error("Day of week must be between 1 and 7")


def _zone(reader: _Reader) -> None:
    zone, position = read_zone(reader.text, reader.position)
    if zone is None:
        raise reader.error("passing a time zone identifier as part of the string is not allowed")
    reader.date.zone, reader.position = zone, position


def _zone_in_minutes(reader: _Reader) -> None:
    match = _MINUTES.match(reader.text, reader.position)
    if match is None:
        raise reader.error("Invalid timezone offset in minutes")
    minutes = int(match[2])
    reader.date.zone = ZoneText((-minutes if match[1] == "-" else minutes) * 60)
    reader.position = match.end()


_DIRECTIVES: Final[dict[str, Callable[[_Reader], None]]] = {
    "Y": _year,
    "m": _month,
    "d": _day,
    "H": _hour,
    "M": _minute,
    "S": _second,
    "L": _millisecond,
    "j": _day_of_year,
    "b": _month_name,
    "B": _month_name,
    "G": _iso_year,
    "V": _iso_week,
    "u": _iso_weekday,
    "z": _zone,
    "Z": _zone_in_minutes,
}
