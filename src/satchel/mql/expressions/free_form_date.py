"""Dates in any of the forms that MongoDB accepts without a format: ISO 8601, RFC 2822, `July 4, 2017`, `+1 day`.

The text is cut into the longest piece that one of the rules matches, the first rule winning a tie; each piece fills
some parts of a `ParsedDate`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from satchel.mql.expressions.date_format import MONTH_NAMES
from satchel.mql.expressions.gregorian import day_number, day_number_of_iso_date
from satchel.mql.expressions.parsed_date import (
    DateTextError,
    MonthEdge,
    ParsedDate,
)
from satchel.mql.expressions.zone_text import ZoneText, read_zone

_ISO_8601: Final = re.compile(
    r"([0-9]{4})-(0[0-9]|1[0-2])-([0-2][0-9]|3[01])"
    r"(?:[T ]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]+))?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_WHITESPACE: Final = " \t\n\v\f\r"
_PADDING: Final = "\0\0"
_LARGEST_NUMBER: Final = 2**63

MONTH_NUMBERS: Final = {
    **{name.lower(): number for number, name in enumerate(MONTH_NAMES, start=1)},
    **{name[:3].lower(): number for number, name in enumerate(MONTH_NAMES, start=1)},
    "sept": 9,
    **{
        roman.lower(): number
        for number, roman in enumerate("I II III IV V VI VII VIII IX X XI XII".split(), start=1)  # noqa: SIM905
    },
}
"""Months by their English names, first three letters and Roman numerals, in lower case."""

_WEEKDAY_NAMES: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_WEEKDAY_NUMBERS: Final = {
    spelling: number for number, name in enumerate(_WEEKDAY_NAMES) for spelling in (name, name + "s", name[:3])
} | {"weekday": 1, "weekdays": 1}

_ORDINALS: Final = {
    "next": 1,
    "last": -1,
    "previous": -1,
    "this": 0,
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eight": 8,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
    "eleventh": 11,
    "twelfth": 12,
}

_SECONDS_PER_UNIT: Final = {"sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3600}
_MICROSECONDS_PER_UNIT: Final = {
    "ms": 1000,
    "msec": 1000,
    "millisecond": 1000,
    "µs": 1,
    "usec": 1,
    "microsecond": 1,
}
_DAYS_PER_UNIT: Final = {"day": 1, "week": 7, "fortnight": 14, "forthnight": 14}

# The vocabulary of the rules; a longer alternative stands before a shorter one, since Python takes the first.
_WORDS: Final = {
    "HOUR24": "(?:2[0-4]|[01]?[0-9])",
    "HOUR24LZ": "(?:2[0-4]|[01][0-9])",
    "HOUR12": "(?:1[0-2]|0?[1-9])",
    "MINUTE": "[0-5]?[0-9]",
    "MINUTELZ": "[0-5][0-9]",
    "SECOND": "(?:60|[0-5]?[0-9])",
    "SECONDLZ": "(?:60|[0-5][0-9])",
    "SPACE": r"[ \t]",
    "MERIDIAN": r"[AaPp]\.?[Mm]\.?[\0\t ]",
    "ZONE": (
        r"(?:(?:GMT)?[+-](?:{HOUR24LZ}:[0-5][0-9]:(?:60|[0-5][0-9])|{HOUR24LZ}[0-5][0-9](?:60|[0-5][0-9])|{HOUR24}:?[0-5]?[0-9]|"
        r"{HOUR24})|[A-Z][a-z]+(?:[_/-][A-Za-z]+)+|\(?[A-Za-z]{1,6}\)?)"
    ),
    "MONTH": "(?:1[0-2]|0?[0-9])",
    "MONTHLZ": "(?:1[0-2]|0[0-9])",
    "DAY": "(?:3[01]|[0-2]?[0-9])",
    "DAYLZ": "(?:3[01]|[0-2][0-9])",
    "DAYSUFFIX": "(?:st|nd|rd|th)",
    "DAYOFYEAR": "(?:36[0-6]|3[0-5][0-9]|[1-2][0-9][0-9]|0[1-9][0-9]|00[1-9])",
    "WEEKOFYEAR": "(?:5[0-3]|[1-4][0-9]|0[1-9])",
    "MONTHFULL": f"(?i:{'|'.join(MONTH_NAMES)})",
    "MONTHABBR": "(?i:sept|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    "MONTHROMAN": "(?:VIII|VII|III|XII|XI|IX|IV|VI|II|X|V|I)",
    "WEEKDAY": "(?i:(?:sun|mon|tues|wednes|thurs|fri|satur)days?|sun|mon|tue|wed|thu|fri|sat)",
    "ORDINAL": (
        "(?i:first|second|third|fourth|fifth|sixth|seventh|eighth?|ninth|tenth|eleventh|twelfth"
        "|next|last|previous|this)"
    ),
    "UNIT": (
        "(?i:(?:msec|millisecond|microsecond|usec|second|sec|minute|min|hour|day|fortnight|forthnight|month|year)s?"
        "|ms|µs|weeks|{WEEKDAY}|weekdays?)"
    ),
}


_WORD: Final = re.compile(r"\{([A-Z]\w*)\}")


def _rule(pattern: str) -> re.Pattern[str]:
    """Compile a rule after putting the vocabulary in, where `{WORD}` stands for it."""
    while found := _WORD.search(pattern):
        pattern = pattern[: found.start()] + _WORDS[found[1]] + pattern[found.end() :]
    return re.compile(pattern)


def parse_free_form(text: str) -> ParsedDate:
    """Read a date in any form.

    Raises:
        DateTextError: The text is not a date.
    """
    if match := _ISO_8601.fullmatch(text):  # what most texts are, without the detour of all rules
        return _iso_8601_date(match)
    stripped = text.strip(_WHITESPACE)
    if not stripped:
        raise DateTextError("Empty string", 0, "\0")
    return _Scanner(stripped + _PADDING).scan()


def _iso_8601_date(match: re.Match[str]) -> ParsedDate:
    year, month, day, hour, minute, second = (None if part is None else int(part) for part in match.groups()[:6])
    zone = read_zone(match[8])[0] if match[8] else None
    microsecond = int(((match[7] or "") + "000000")[:6])
    date = ParsedDate(year, month, day, hour, minute, second, microsecond, zone)
    date.check_ranges(date=True, time=hour is not None)
    return date


@dataclass(slots=True)
class _Scanner:
    """One reading of a text.

    Attributes:
        text: The text, with NULs behind it that some rules match.
        times: How many times of day were read.
    """

    text: str
    position: int = 0
    times: int = 0
    has_date: bool = False
    has_zone: bool = False
    date: ParsedDate = field(default_factory=ParsedDate)

    def scan(self) -> ParsedDate:
        """Read the whole text."""
        end = len(self.text) - len(_PADDING)
        while self.position < end:
            if self.text[self.position] in "\0\n":
                self.position += 1
                continue
            match, action = self._longest()
            if match is not None and action is not None:
                action(self, match)
                self.position = match.end()
            elif self.text[self.position] in " .,\t":
                self.position += 1
            else:
                raise self.error("Unexpected character")
        self.date.check_ranges(date=self.has_date, time=self.times > 0)
        return self.date

    def _longest(self) -> tuple[re.Match[str] | None, Callable[[_Scanner, re.Match[str]], None] | None]:
        best: re.Match[str] | None = None
        best_action = None
        for pattern, action in _rules():
            match = pattern.match(self.text, self.position)
            if match is not None and (best is None or match.end() > best.end()):
                best, best_action = match, action
        return best, best_action

    def error(self, message: str) -> DateTextError:
        """Return an error at the present position."""
        return DateTextError(message, self.position, self.text[self.position])

    def set_date(self, year: str | None, month: int | None, day: int | None) -> None:
        """Set the date; a year of two digits is of 1970 to 2069."""
        if self.has_date:
            raise self.error("Double date specification")
        self.has_date = True
        self.date.month, self.date.day = month, day
        if year is not None:
            number = int(year)
            if len(year) < 4 and number < 100:
                number += 2000 if number < 70 else 1900
            self.date.year = number

    def set_time(self, hour: int, minute: int = 0, second: int = 0, fraction: str | None = None) -> None:
        """Set the time of day; `fraction` are the digits of a fraction of a second."""
        if self.times:
            raise self.error("Double time specification")
        self.times = 1
        self.date.hour, self.date.minute, self.date.second = hour, minute, second
        self.date.microsecond = int(((fraction or "") + "000000")[:6])

    def reset_time(self) -> None:
        """Go back to midnight."""
        self.times = 0
        self.date.hour = self.date.minute = self.date.second = self.date.microsecond = 0

    def set_zone(self, text: str | None) -> None:
        """Set the time zone, if there is one."""
        if not text:
            return
        zone, _ = read_zone(text)
        if zone is None:
            raise self.error("passing a time zone identifier as part of the string is not allowed")
        self.date.zone = zone

    def move(self, amount: int, unit: str, behavior: int) -> None:
        """Add `amount` of a unit, or go to a weekday."""
        moves = self.date.relative
        unit = unit.lower()
        singular = unit.removesuffix("s") if unit not in ("ms", "µs") else unit
        if singular in _MICROSECONDS_PER_UNIT:
            moves.microseconds += amount * _MICROSECONDS_PER_UNIT[singular]
        elif singular in _SECONDS_PER_UNIT:
            moves.seconds += amount * _SECONDS_PER_UNIT[singular]
        elif singular in _DAYS_PER_UNIT:
            moves.days += amount * _DAYS_PER_UNIT[singular]
        elif singular == "month":
            moves.months += amount
        elif singular == "year":
            moves.years += amount
        elif singular == "weekday":
            moves.weekdays, moves.weekday_of_month = amount, None
        else:
            moves.days += (amount - 1 if amount > 0 else amount) * 7
            moves.weekday, moves.weekday_behavior = _WEEKDAY_NUMBERS[unit], behavior


def _meridian_hour(hour: int, meridian: str | None) -> int:
    """Return the hour of 24 for an hour of 12; unchanged without am or pm."""
    if not meridian:
        return hour
    return hour % 12 + (12 if meridian[0] in "pP" else 0)


def _month(text: str) -> int:
    return int(text) if text.isdigit() else MONTH_NUMBERS[text.lower()]


def _number(text: str | None) -> int:
    return int(text) if text else 0


def _on_yesterday(scanner: _Scanner, match: re.Match[str]) -> None:
    scanner.reset_time()
    scanner.date.relative.days = -1 if match[0].lower() == "yesterday" else 1


def _on_now(_scanner: _Scanner, _match: re.Match[str]) -> None:
    """`now` is what a date begins with anyway."""


def _on_noon(scanner: _Scanner, _match: re.Match[str]) -> None:
    scanner.reset_time()
    scanner.set_time(12)


def _on_midnight(scanner: _Scanner, _match: re.Match[str]) -> None:
    scanner.reset_time()


def _on_timestamp(scanner: _Scanner, match: re.Match[str]) -> None:
    seconds = int(match["seconds"])
    if abs(seconds) >= _LARGEST_NUMBER:
        raise scanner.error("Number out of range")
    if scanner.has_zone:
        raise scanner.error("Double timezone specification")
    scanner.has_zone, scanner.has_date = True, False
    scanner.reset_time()
    date = scanner.date
    date.zone = ZoneText(0)
    date.year, date.month, date.day = 1970, 1, 1
    date.relative.seconds += seconds
    microseconds = int(((match["fraction"] or "") + "000000")[:6])
    date.relative.microseconds = -microseconds if match["seconds"][0] == "-" else microseconds


def _on_month_edge(scanner: _Scanner, match: re.Match[str]) -> None:
    scanner.reset_time()
    scanner.date.relative.month_edge = MonthEdge(match["edge"].lower())


def _on_back_of(scanner: _Scanner, match: re.Match[str]) -> None:
    is_back = match["which"].lower() == "back"
    scanner.reset_time()
    hour = int(match["hour"]) if is_back else int(match["hour"]) - 1
    scanner.set_time(_meridian_hour(hour, match["meridian"]), 15 if is_back else 45)


def _on_weekday_of(scanner: _Scanner, match: re.Match[str]) -> None:
    scanner.reset_time()
    amount = _ORDINALS[match["ordinal"].lower()]
    scanner.date.relative.weekday_of_month = amount <= 0
    scanner.date.relative.weekdays = None
    scanner.move(amount, match["weekday"], 1 if amount > 0 else 0)


def _on_time(scanner: _Scanner, match: re.Match[str]) -> None:
    parts = match.groupdict()
    hour = _meridian_hour(int(parts["hour"]), parts.get("meridian"))
    scanner.set_time(hour, _number(parts.get("minute")), _number(parts.get("second")), parts.get("fraction"))


def _on_time_without_colon(scanner: _Scanner, match: re.Match[str]) -> None:
    digits = match[0].lstrip("tT")
    if scanner.times == 0:
        scanner.date.hour, scanner.date.minute, scanner.date.second = int(digits[:2]), int(digits[2:]), 0
        scanner.times = 1
    elif scanner.times == 1:
        scanner.date.year = int(digits)
        scanner.times = 2
    else:
        raise scanner.error("Double time specification")


def _on_date(scanner: _Scanner, match: re.Match[str]) -> None:
    parts = match.groupdict()
    scanner.set_date(parts.get("year"), _month(parts["month"]), int(parts.get("day") or 1))


def _on_textual_date(scanner: _Scanner, match: re.Match[str]) -> None:
    scanner.date.year = None
    _on_date(scanner, match)


def _on_date_and_time(scanner: _Scanner, match: re.Match[str]) -> None:
    _on_time(scanner, match)
    _on_date(scanner, match)
    scanner.set_zone(match.groupdict().get("zone"))


def _on_day_of_year(scanner: _Scanner, match: re.Match[str]) -> None:
    scanner.set_date(match["year"], 1, int(match["day"]))


def _on_iso_week(scanner: _Scanner, match: re.Match[str]) -> None:
    year, weekday = int(match["year"]), match.groupdict().get("weekday")
    scanner.set_date(match["year"], 1, 1)
    day = day_number_of_iso_date(year, int(match["week"]), int(weekday or 1))
    scanner.date.relative.days = day - day_number(year, 1, 1)


def _on_year(scanner: _Scanner, match: re.Match[str]) -> None:
    scanner.date.year = int(match[0])


def _on_ago(scanner: _Scanner, _match: re.Match[str]) -> None:
    scanner.date.relative.reverse()


def _on_weekday(scanner: _Scanner, match: re.Match[str]) -> None:
    scanner.reset_time()
    moves = scanner.date.relative
    moves.weekday = _WEEKDAY_NUMBERS[match[0].lower()]
    if moves.weekday_behavior != 2:
        moves.weekday_behavior = 1


def _on_relative_week(scanner: _Scanner, match: re.Match[str]) -> None:
    scanner.move(_ORDINALS[match["ordinal"].lower()], "week", 0)
    moves = scanner.date.relative
    moves.weekday_behavior = 2
    if moves.weekday is None:
        moves.weekday = 1


def _on_relative_text(scanner: _Scanner, match: re.Match[str]) -> None:
    ordinal = match["ordinal"].lower()
    if match["unit"].lower() in _WEEKDAY_NUMBERS:
        scanner.reset_time()
    scanner.move(_ORDINALS[ordinal], match["unit"], 1 if ordinal == "this" else 0)


def _on_month(scanner: _Scanner, match: re.Match[str]) -> None:
    scanner.set_date(None, _month(match[0]), scanner.date.day)


def _on_zone(scanner: _Scanner, match: re.Match[str]) -> None:
    if scanner.has_zone:  # only zones that stand alone are counted
        raise scanner.error("Double timezone specification")
    scanner.has_zone = True
    scanner.set_zone(match[0])


def _on_month_day_time(scanner: _Scanner, match: re.Match[str]) -> None:
    scanner.set_date(None, _month(match["month"]), int(match["day"]))
    _on_time(scanner, match)
    scanner.set_zone(match.groupdict().get("zone"))


def _on_relative(scanner: _Scanner, match: re.Match[str]) -> None:
    sign = -1 if match["signs"].count("-") % 2 else 1
    scanner.move(sign * int(match["number"]), match["unit"], 1)


_MONTH_NAME: Final = "(?P<month>{MONTHFULL}|{MONTHABBR}|{MONTHROMAN})"
_NO_YEAR: Final = _MONTH_NAME + r"[ .\t-]*(?P<day>{DAY})[,.stndrh\t ]+"
_NO_YEAR_AT_END: Final = _MONTH_NAME + r"[ .\t-]*(?P<day>{DAY})\0"
_ISO_DATE: Final = "(?P<year>[0-9]{4})-(?P<month>{MONTHLZ})-(?P<day>{DAYLZ})"
_CLOCK: Final = "(?P<hour>{HOUR24}):(?P<minute>{MINUTELZ}):(?P<second>{SECONDLZ})"
_SHORT12: Final = "(?P<hour>{HOUR12})[:.](?P<minute>{MINUTELZ}){SPACE}*(?P<meridian>{MERIDIAN})"
_LONG12: Final = "(?P<hour>{HOUR12})[:.](?P<minute>{MINUTE})[:.](?P<second>{SECONDLZ}){SPACE}*(?P<meridian>{MERIDIAN})"
_SHORT24: Final = "(?i:t)?(?P<hour>{HOUR24})[:.](?P<minute>{MINUTE})"
_LONG24: Final = _SHORT24 + "[:.](?P<second>{SECOND})"

_SOURCES: Final[list[tuple[Callable[[_Scanner, re.Match[str]], None], list[str]]]] = [
    (_on_yesterday, ["(?i:yesterday)"]),
    (_on_now, ["(?i:now)"]),
    (_on_noon, ["(?i:noon)"]),
    (_on_midnight, ["(?i:midnight|today)"]),
    (_on_yesterday, ["(?i:tomorrow)"]),
    (_on_timestamp, [r"@(?P<seconds>-?[0-9]+)(?:\.(?P<fraction>[0-9]{0,6}))?"]),
    (_on_month_edge, [r"(?i:(?P<edge>first|last) day of)"]),
    (_on_back_of, [r"(?i:(?P<which>back|front) of )(?P<hour>{HOUR24})(?:{SPACE}*(?P<meridian>{MERIDIAN}))?"]),
    (_on_weekday_of, ["(?P<ordinal>{ORDINAL}){SPACE}+(?P<weekday>{WEEKDAY}){SPACE}+(?i:of)"]),
    (_on_time, ["(?P<hour>{HOUR12}){SPACE}*(?P<meridian>{MERIDIAN})", _SHORT12, _LONG12]),
    (
        _on_time,
        [
            "(?P<hour>{HOUR12}):(?P<minute>{MINUTELZ}):(?P<second>{SECONDLZ})[:.](?P<fraction>[0-9]+)(?P<meridian>{MERIDIAN})",
        ],
    ),
    (_on_time, ["(?i:t)(?P<hour>{HOUR24})", _SHORT24, _LONG24, _LONG24 + r"\.(?P<fraction>[0-9]+)"]),
    (_on_time_without_colon, ["(?i:t)?{HOUR24LZ}{MINUTELZ}"]),
    (_on_time, ["(?i:t)?(?P<hour>{HOUR24LZ})(?P<minute>{MINUTELZ})(?P<second>{SECONDLZ})"]),
    (
        _on_date,
        ["(?P<month>{MONTH})/(?P<day>{DAY}){DAYSUFFIX}?", "(?P<month>{MONTH})/(?P<day>{DAY})/(?P<year>[0-9]{1,4})"],
    ),
    (
        _on_date,
        [
            "(?P<year>[+-]?[0-9]{4})-(?P<month>{MONTHLZ})-(?P<day>{DAYLZ})",
            "(?P<year>[0-9]{4})/(?P<month>{MONTHLZ})/(?P<day>{DAYLZ})/?",
            "(?P<year>[0-9]{4})/(?P<month>{MONTH})/(?P<day>{DAY}){DAYSUFFIX}?",
        ],
    ),
    (_on_date, ["(?P<year>[0-9]{2})-(?P<month>{MONTHLZ})-(?P<day>{DAYLZ})"]),
    (_on_date, ["(?P<year>[+-][0-9]{5,19})-(?P<month>{MONTHLZ})-(?P<day>{DAYLZ})"]),
    (_on_date, ["(?P<year>[0-9]{4})-(?P<month>{MONTH})"]),
    (_on_date, ["(?P<year>[0-9]{1,4})-(?P<month>{MONTH})-(?P<day>{DAY}){DAYSUFFIX}?"]),
    (_on_date, [rf"(?P<day>{{DAY}}){{DAYSUFFIX}}?[ \t.-]*{_MONTH_NAME}[ \t.-]*(?P<year>[0-9]{{1,4}})"]),
    (_on_date, [r"(?P<day>{DAY}){DAYSUFFIX}?[.\t-](?P<month>{MONTH})[.-](?P<year>[0-9]{4})"]),
    (_on_date, [r"(?P<day>{DAY}){DAYSUFFIX}?[.\t](?P<month>{MONTH})\.(?P<year>[0-9]{2})"]),
    (_on_date, [rf"{_MONTH_NAME}[ .\t-]*(?P<year>[0-9]{{4}})"]),
    (_on_date, [rf"(?P<year>[0-9]{{4}})[ .\t-]*{_MONTH_NAME}"]),
    (_on_textual_date, [_NO_YEAR + "(?P<year>[0-9]{1,4})", _NO_YEAR, _NO_YEAR_AT_END]),
    (_on_date, [rf"(?P<day>{{DAY}}){{DAYSUFFIX}}?[ .\t-]*{_MONTH_NAME}"]),
    (_on_date, ["(?P<year>[0-9]{4})(?P<month>{MONTHLZ})(?P<day>{DAYLZ})"]),
    (
        _on_date_and_time,
        [
            f"(?P<year>[0-9]{{4}})(?P<month>{{MONTHLZ}})(?P<day>{{DAYLZ}})T{_CLOCK}",
            "(?P<year>[0-9]{4})(?P<month>{MONTHLZ})(?P<day>{DAYLZ})(?i:t)"
            "(?P<hour>{HOUR24})(?P<minute>{MINUTELZ})(?P<second>{SECONDLZ})",
            _ISO_DATE + "T(?P<hour>{HOUR24LZ}):(?P<minute>{MINUTELZ}):(?P<second>{SECONDLZ})"
            r"\.(?P<fraction>[0-9]+)(?P<zone>(?:GMT)?[+-]{HOUR24}:?(?:{MINUTE})?)?",
            "(?P<year>[0-9]{4})-(?P<month>{MONTH})-(?P<day>{DAY}){DAYSUFFIX}?T(?P<hour>{HOUR24}):(?P<minute>{MINUTE}):(?P<second>{SECOND})",
            "(?P<year>[0-9]{4}):(?P<month>{MONTHLZ}):(?P<day>{DAYLZ})"
            r" (?P<hour>{HOUR24LZ}):(?P<minute>{MINUTELZ}):(?P<second>{SECONDLZ})",
        ],
    ),
    (_on_day_of_year, ["(?P<year>[0-9]{4})[.-]?(?P<day>{DAYOFYEAR})"]),
    (_on_iso_week, ["(?P<year>[0-9]{4})-?W(?P<week>{WEEKOFYEAR})-?(?P<weekday>[0-7])"]),
    (_on_iso_week, ["(?P<year>[0-9]{4})-?W(?P<week>{WEEKOFYEAR})"]),
    (_on_date, ["(?P<month>{MONTHABBR})-(?P<day>{DAYLZ})-(?P<year>[0-9]{1,4})"]),
    (_on_date, ["(?P<year>[0-9]{1,4})-(?P<month>{MONTHABBR})-(?P<day>{DAYLZ})"]),
    (
        _on_date_and_time,
        [
            "(?P<day>{DAY})/(?P<month>{MONTHABBR})/(?P<year>[0-9]{4}):(?P<hour>{HOUR24LZ}):(?P<minute>{MINUTELZ})"
            ":(?P<second>{SECONDLZ}){SPACE}+(?P<zone>(?:GMT)?[+-]{HOUR24}:?(?:{MINUTE})?)",
        ],
    ),
    (_on_year, ["[0-9]{4}"]),
    (_on_ago, ["(?i:ago)"]),
    (_on_weekday, ["{WEEKDAY}", "(?i:weekdays?)"]),
    (_on_relative_week, ["(?P<ordinal>(?i:next|last|previous|this)){SPACE}+(?i:week)"]),
    (_on_relative_text, ["(?P<ordinal>{ORDINAL}){SPACE}+(?P<unit>{UNIT})"]),
    (_on_month, ["{MONTHFULL}|{MONTHABBR}"]),
    (_on_zone, ["{ZONE}"]),
    (
        _on_month_day_time,
        [
            prefix + time
            for prefix in (_NO_YEAR, _NO_YEAR_AT_END)
            for time in (
                _SHORT12,
                _LONG12,
                _SHORT24,
                _LONG24,
                "(?i:t)?(?P<hour>{HOUR24})[:.](?P<minute>{MINUTE})[:.](?P<second>{SECONDLZ}){SPACE}*(?P<zone>{ZONE})",
            )
        ],
    ),
    (_on_relative, [r"(?P<signs>[+-]*){SPACE}*(?P<number>[0-9]{1,13}){SPACE}*(?P<unit>{UNIT}|(?i:week))"]),
]


@cache
def _rules() -> list[tuple[re.Pattern[str], Callable[[_Scanner, re.Match[str]], None]]]:
    """Compile the rules when the first text is read."""
    return [(_rule(source), action) for action, sources in _SOURCES for source in sources]
