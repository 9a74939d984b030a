"""$dateToString and $dateFromString: formats, and dates in any form."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from bson.datetime_ms import DatetimeMS

from ..case import Case
from ..expression_cases import ExpressionCases
from .expressions_date import DATES, ZONES

_DAY = datetime.datetime(2020, 1, 2, 3, 4, 5, 6000, datetime.UTC)
_TEXTS = [
    "2017-07-04", "2017-07-04 +1 day", "2017-07-04 tomorrow", "2017-07-04 noon", "2017-07-04 midnight", "tomorrow",
    "now", "@1500000000", "@1500000000.5", "Tue 2017-07-04", "Tuesday 2017-07-04", "Monday 2017-07-04",
    "2017-07-04 Monday", "first day of 2017-07-04", "last day of 2017-07-04", "2017-07-04 last day of next month",
    "2017-07-04 next month", "2017-07-04 first monday of", "2017-07-04 1 week ago", "2017-07-04 10:20",
    "2017-07-04 10:20:30", "2017-07-04 10:20:30.123456", "2017-07-04T10:20:30.1Z", "2017-07-04T10:20:30+05:30",
    "2017-07-04 10:20 PM", "2017-07-04 10pm", "2017-07-04 10.20", "2017-07-04 10:20 EST", "2017-07-04 EST",
    "2017-07-04Z", "July 4, 2017", "July 4 2017", "4 July 2017", "4-Jul-2017", "Jul-04-2017", "2017-Jul-04",
    "07/04/2017", "7/4/17", "2017/07/04", "2017.07.04", "04.07.2017", "04.07.17", "04-07-2017", "20170704",
    "20170704T102030", "20170704t1020", "2017-185", "2017185", "2017.185", "2017W27", "2017-W27-2", "2017W272",
    "17-07-04", "2017-7-4", "10/Oct/2000:13:55:36 -0700", "2017:07:04 10:20:30", "Jul 4", "July 2017", "2017 July",
    "2017", "2017-07", "Tue, 04 Jul 2017 10:20:30 GMT", "Tue, 04 Jul 2017 10:20:30 +0200",
    "Tue Jul  4 10:20:30 2017", "Tue Jul 4 10:20:30 EDT 2017", "Tuesday, 04-Jul-17 10:20:30 UTC", "2017-07-04T10:20",
    "2017-07-04T10", "2017-07-04 10", "2017-07-04T24:00", "2017-07-04T23:59:60", "2017-02-30", "2017-13-01",
    "2017-07-32", "-2017-07-04", "+2017-07-04", "+12017-07-04", "12017-07-04", "0000-00-00", "0001-01-01",
    "2017-07-04T10:20:30.123456789Z", "2017-07-04T10:20:30,5Z", " 2017-07-04 ", "2017-07-04\n", "2017-07-04 \t10:00",
    "2017-07-04x", "2017-07-04 (PST)", "2017-07-04 A", "2017-07-04 J", "2017-07-04 Europe/London", "2017-07-04 UTC",
    "2017-07-04 GMT", "2017-07-04 GMT+2", "2017-07-04 UTC+2", "2017-07-04 +2", "2017-07-04+0200", "2017-07-04-0200",
    "2017-07-04 10:00 +02:00", "2017-07-04 10:00-3", "2017-07-04 10:00 CEST", "2017-07-04 10:20:30 2017-07-05",
    "2017-07-04 10:20 10:21", "2017-07-04 EST EDT", "1st July 2017", "2nd July 2017", "July 3rd, 2017", "4 VII 2017",
    "back of 7pm 2017-07-04", "front of 5am 2017-07-04", "2017-07-04 yesterday", "2017-07-04 this week",
    "2017-07-04 weekdays", "2017-07-04 +5 weekdays", "2017-07-04 second", "2017-07-04 sec", "2017-07-04 third",
    "eighth of july 2017", "2017-07-04 00:00:00 +1 month", "2017-01-31 +1 month", "2017-07-04 12", "1/2/2017 3:04pm",
    "3:04pm 1/2/2017", "3:04 p.m. 1/2/2017", "2017-07-04 3:4:5", "2017-07-04 030405", "2017-07-04 0304",
    "20170704 030405", "20170704030405", "201707040304", "2017-07-04T10:20:30 -1 hour", "1 month ago 2017-07-04",
    "2017-07-04 -1 day ago", "2017-07-04T10:20:30z", "2017-07-04t10:20:30Z", "2017-07-04, 10:20",
    "2017-07-04. 10:20", "2017-07-04; 10:20", "2017-07-04 at 10:20", "Jul. 4, 2017", "Sept 4, 2017", "4. July 2017",
    "2017-07-04 10:20:30:123", "2017-07-04 10:20:30:123 PM", "10:20:30:123 PM 2017-07-04", "2017-07-04\u00002",
    "5 2017-07-04", "2017-07-04 5", "2017-07-04 10:00 +02:00:30", "2017-07-04 10:00 +020030",
    "2017-07-04 10:00 +0200305", "@-1.5", "@1.123456", "@1.5 +1 day", "2017-07-04 @5", "@5 2017-07-04", "@5 10:00",
    "@5 EST", "@-5", "@9223372036854775", "@99999999999999999999", "2017-07-04 (est", "2017-07-04 est)",
    "2017-07-04 acwst", "2017-07-04 CHADT", "2017-07-04 easst", "2017-07-04 abcdefg",
    "2017-07-04 America/Argentina/Buenos_Aires", "2017-07-04 Foo_Bar", "2017-07-04 1200", "2017-07-04 1200 2018",
    "1200 2018-07-04", "2017-07-04 noon 10:00", "2017-07-04 10:00 noon", "2017-07-04 10:00 midnight",
    "2017-07-04 10:00 tomorrow", "2017-07-04 tomorrow 10:00", "2017-07-04 monday 10:00", "2017-07-04 10:00 monday",
    "2017-07-04 10:00 +1 monday", "2017-07-04 next monday", "2017-07-04 last monday", "2017-07-04 this monday",
    "2017-07-04 this tuesday", "2017-07-04 next tuesday", "2017-07-04 last tuesday", "2017-07-04 tuesday",
    "2017-07-04 third friday of", "2017-07-04 last friday of", "2017-07-04 last friday of next month",
    "2017-07-04 next week", "2017-07-04 last week", "2017-07-04 monday next week", "2017-07-04 sunday this week",
    "2017-07-09 this week", "2017-07-04 sunday", "2017-07-04 -5 weekdays", "2017-07-08 +1 weekday",
    "2017-07-08 +5 weekdays", "2017-07-09 -1 weekday", "2017-07-04 +90 sec", "2017-07-04 +90 secs 5 mins ago",
    "2017-07-04 +1 fortnight", "2017-07-04 2 weeks", "2017-07-04 +1 week 2 days", "2017-07-04 + 1 day",
    "2017-07-04 ++1 day", "2017-07-04 --1 day", "2017-07-04 -+1 day", "2017-07-04 +1day", "2017-07-04 first day",
    "2017-07-04 first month", "2017-07-04 next year", "2017-07-04 sixth day", "2017-07-04 eight day",
    "2017-07-04 +100 ms", "2017-07-04 +5 usec", "2017-07-04 +1500 msec", "first day of next month 2017-07-04 10:00",
    "2017-07-04 last day of", "2017-07-04 Jul", "2017-07-04 july", "Jul", "july 2017-07-04", "4jul2017", "4jul17",
    "jul-4-17", "17-jul-04", "2017jul4", "2017jul", "jul2017", "III 4, 2017", "iii 4, 2017", "4 iii 2017",
    "4 Xii 2017", "4.7.2017", "4-7-2017", "4/7/2017", "4.7.17", "4.7.17 10:00", "10.07.17", "4\t7.2017",
    "31.12.2017", "0.7.2017", "4.0.2017", "2017/7/4", "2017/07/04/", "2017/7/4/", "2017-07-4", "17-7-4", "117-07-04",
    "1-2-3", "70-01-01", "69-01-01", "00-01-01", "99-1-1", "2017-07-04T10:20:30.5+01:00",
    "2017-07-04T10:20:30.5 +01:00", "20170704T10:20:30", "20170704t10:20:30", "20170704t102030", "2017-7-4T1:2:3",
    "2017-07-04T1:2:3", "2017:7:4 10:20:30", "2017-07-04 10:20:30 AM", "2017-07-04 12:20 AM", "2017-07-04 12:20 PM",
    "2017-07-04 13:20 PM", "2017-07-04 0:20 AM", "2017-07-04 10:20 a.m.", "2017-07-04 10:20am.", "2017-07-04 10 a",
    "2017-07-04 10:20amx", "4 July 10:20", "4 July 10:20 2017", "July 4 10:20 2017", "July 4 10:20pm 2017",
    "July 4 10:20:30.5 2017", "July 4 10:20:30 EST 2017", "Jul 4 2017 10:20", "Jul 4th 2017", "Jul 4st, 2017",
    "4rd July, 2017", "4th of July 2017", "eve", "2017-07-04\u000b", "\f2017-07-04", "2017-07-04\r\n10:00",
    "2017-07-04\n10:00", "2017W01", "2017W53", "2017W54", "2017W00", "2017W018", "2017W010", "2017-W01-0",
    "2017-w01", "W01 2017", "2017-007", "2017.007", "2017007", "2017-031", "2017-032", "2017-366", "back of 7",
    "back of 7 2017-07-04", "2017-07-04 back of 7", "2017-07-04 front of 0", "2017-07-04 back of 12am",
    "2000-10-10T13:55:36 -0700", "1/Jan/2000:00:00:00 +0000", "32/Jan/2000:00:00:00 +0000",
    "1/JAN/2000:00:00:00 GMT+1", "2017-07-04 Z EST", "2017-07-04T10:00ZZ", "2017-07-04T10:00Zulu",
    "+2017-07-04 10:00", "-0001-01-01", "+99999-01-01", "-99999-01-01", "+1234567890123456789-01-01",
    "2017-07-04 this day", "2017-07-04 previous month", "2017-07-04 this", "2017-07-04 last", "2017-07-04 10:20:3",
    "2017-07-04 1:2", "2017-07-04 01:2", "2017-07-04 t1", "2017-07-04 t10:20", "2017-07-04 T1020",
    "2017-07-04T102030.5", "2017-07-04T10:20:30.", "2017-07-04 10:20.", "2017-07-04,", "2017-07-04 .",
    ". 2017-07-04", "-- 2017-07-04", "/2017-07-04", "2017-07-04 ago", "2017-07-04 day", "2017-07-04 year",
    "2017-07-04 days", "2017-07-04 week", "2017-07-04 sat", "sat, 2017-07-04", "2017-07-04 weekday",
    "2017-07-04 +1 weekday ago", "2017-07-04 mon tue", "2017-07-04 monday tuesday", "7/4th/2017", "7/4th",
    "4th.7.2017", "4th-7-2017", "2017-7-4th", "2017-07-04th", "2017/7/4th", "2017/07/04th", "17-07-04th",
    "4th July 2017", "4thJuly2017", "July 4th 2017", "July 4th, 2017", "July 4th 10:00 2017", "4th.7.17",
    "20170704th", "4st/Oct/2000:13:55:36 -0700", "Jul-04th-2017", "2017-07-04TH", "2017-07-04stT10:00",
    "2017-07-04th10:00", "2017-07-4thT10:00:00", "July 4thth 2017", "July 4th", "@1.5 10:00", "@-1.5 10:00",
    "@1.5 10:00 ago", "@1.5 noon", "@1.5 1200", "2017-07-04 10:00 next weekday", "2017-07-04 10:00 +2 weekdays",
    "2017-07-04 10:00 next monday", "2017-07-04 10:00 first monday of", "2017-07-04 10:00 this week",
    "+100 ms @1.5 ago", "@1.5 +100 ms", "+100 ms @1.5",
]  # fmt: skip
_FORMATTED = [
    ("2017-02-08", "%Y-%m-%d"), ("2017-2-8", "%Y-%m-%d"), ("17-02-08", "%Y-%m-%d"), ("02017-02-08", "%Y-%m-%d"),
    ("2017-02-08 ", "%Y-%m-%d"), (" 2017-02-08", "%Y-%m-%d"), ("2017-13-08", "%Y-%m-%d"), ("2017-02-30", "%Y-%m-%d"),
    ("2017-02-32", "%Y-%m-%d"), ("2017-02-08T12:10:40", "%Y-%m-%dT%H:%M:%S"),
    ("2017-02-08T12:10:40.787", "%Y-%m-%dT%H:%M:%S.%L"), ("2017-02-08T12:10:40.7", "%Y-%m-%dT%H:%M:%S.%L"),
    ("2017-02-08T12:10:40.7876", "%Y-%m-%dT%H:%M:%S.%L"), ("2017-02-08 12", "%Y-%m-%d %H"),
    ("2017-02-08 1", "%Y-%m-%d %H"), ("2017-02-08 25", "%Y-%m-%d %H"), ("2017-02-08 24", "%Y-%m-%d %H"),
    ("2017-02-08 12:60", "%Y-%m-%d %H:%M"), ("2017-02-08 12:10:60", "%Y-%m-%d %H:%M:%S"),
    ("2017-02-08 12:10:61", "%Y-%m-%d %H:%M:%S"), ("2017", "%Y"), ("2017-02", "%Y-%m"), ("2017 039", "%Y %j"),
    ("2017 39", "%Y %j"), ("2017 366", "%Y %j"), ("2016 366", "%Y %j"), ("2017 0", "%Y %j"), ("2017 400", "%Y %j"),
    ("2017-39 02", "%Y-%j %m"), ("2017 6 3", "%G %V %u"), ("2017 06 3", "%G %V %u"), ("2017-53-1", "%G-%V-%u"),
    ("2020-53-7", "%G-%V-%u"), ("2017-0-1", "%G-%V-%u"), ("2017-54-1", "%G-%V-%u"), ("2017-06-8", "%G-%V-%u"),
    ("2017-06-0", "%G-%V-%u"), ("2017-06", "%G-%V"), ("2017", "%G"), ("2017-06-3 12", "%G-%V-%u %H"),
    ("2017-02 2017-06-3", "%Y-%m %G-%V-%u"), ("2017-02-08+0100", "%Y-%m-%d%z"), ("2017-02-08 +01:00", "%Y-%m-%d %z"),
    ("2017-02-08 Z", "%Y-%m-%d %z"), ("2017-02-08 EST", "%Y-%m-%d %z"),
    ("2017-02-08 America/New_York", "%Y-%m-%d %z"), ("2017-02-08 +01", "%Y-%m-%d %z"),
    ("2017-02-08 +60", "%Y-%m-%d %Z"), ("2017-02-08 -60", "%Y-%m-%d %Z"), ("2017-02-08 60", "%Y-%m-%d %Z"),
    ("2017-02-08 +600", "%Y-%m-%d %Z"), ("2017-02-08 +6000", "%Y-%m-%d %Z"), ("2017-02-08 UTC", "%Y-%m-%d %Z"),
    ("2017-02-08 GMT+1", "%Y-%m-%d %z"), ("2017-02-08 utc", "%Y-%m-%d %z"), ("2017-02-08 +1", "%Y-%m-%d %z"),
    ("2017-02-08 +1:30", "%Y-%m-%d %z"), ("2017-02-08 +013", "%Y-%m-%d %z"), ("2017-02-08 +25:00", "%Y-%m-%d %z"),
    ("2017-02-08 -", "%Y-%m-%d %z"), ("2017-02-08 ", "%Y-%m-%d %z"), ("2017-02-08 (EST)", "%Y-%m-%d %z"),
    ("8 Feb 2017", "%d %b %Y"), ("8 February 2017", "%d %b %Y"), ("8 feb 2017", "%d %b %Y"),
    ("8 FEB 2017", "%d %B %Y"), ("8 February 2017", "%d %B %Y"), ("8 Febr 2017", "%d %b %Y"),
    ("8 sept 2017", "%d %b %Y"), ("8 II 2017", "%d %b %Y"), ("8 Foo 2017", "%d %b %Y"), ("8. Feb", "%d. %b"),
    ("100% 2017-02-08", "100%% %Y-%m-%d"), ("2017-02-08x", "%Y-%m-%d"), ("2017-02-08", "%Y-%m-%dx"),
    ("x2017-02-08", "x%Y-%m-%d"), ("X2017-02-08", "x%Y-%m-%d"), ("2017  02", "%Y %m"), ("", "%Y"),
    ("2017-02-08", ""), ("", ""), ("2017/02/08", "%Y-%m-%d"), ("2017-02-08 2018", "%Y-%m-%d %Y"),
    ("20170208", "%Y%m%d"), ("2017020", "%Y%m%d"), ("12017", "%Y"), ("-2017-01-01", "%Y-%m-%d"),
    ("0000-01-01", "%Y-%m-%d"), ("9999-12-31", "%Y-%m-%d"), ("10", "%H"), ("2017-02-08 10:11", "%Y-%m-%d %M:%H"),
    ("2017-02-08 5", "%Y-%m-%d %w"), ("2017-02-08 5", "%Y-%m-%d %u"), ("2017-02-08 5", "%Y-%m-%d %U"), ("a", "%a"),
    ("é2017-02-08", "é%Y-%m-%d"), ("2017-02-08\t", "%Y-%m-%d"), ("2017-00-08", "%Y-%m-%d"),
    ("2017-01-00", "%Y-%m-%d"), ("2017-02-08 12:10", "%Y-%m-%d %H:%M"), ("2017-02-08 :10", "%Y-%m-%d :%M"),
    ("2017-02-08 10", "%Y-%m-%d %S"), ("2017-02-08 100", "%Y-%m-%d %L"), ("2017-02-08 1:5", "%Y-%m-%d %H:%M"),
    ("2017-02-08 01:05:7", "%Y-%m-%d %H:%M:%S"), (":020-W1-2", "%G-W%V-%u"), ("+5 2020", "%V %G"),
    ("10 may 0001-05:430", "%d %B %Y%z"), ("2017 x326", "%Y %j"),
]  # fmt: skip
_FORMATS: list[Any] = ["%", "a%", "%%", "%%%", "%Y%%%m", "", "\0%Y", "é%Y", "%-d", 1, None, [], {"a": 1}]
_DIRECTIVES = "aAbBcCdDeFgGhHIjkLlmMnpqsSuUvVwWxXyYzZ%"


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    yield from _to_string(make)
    yield from _from_string(make)
    for operator, name in (("$dateToString", "date"), ("$dateFromString", "dateString")):
        for value in ("$one", "$missing", "x", None, _DAY, "2020-01-01"):
            for format_ in (None, "$missing", "$one", "%Y", ()):
                for zone in (None, "$missing", "$one", "UTC", ()):
                    given = {name: value, "format": format_, "timezone": zone, "onNull": "N"}
                    yield make.of({operator: {key: item for key, item in given.items() if item != ()}}, {"one": 1})
        lazy = {"$divide": [1, "$zero"]}
        yield from make.each_of(
            {operator: {name: None, "onNull": lazy}}, {operator: {name: _DAY, "onNull": lazy}}, {operator: {name:
            "2020-01-01", "onNull": lazy}}, {operator: {name: None, "onNull": "$missing"}}, document={"zero": 0},
        )  # fmt: skip


def _to_string(make: ExpressionCases) -> Iterator[Case]:
    for directive in _DIRECTIVES:
        format_ = {"date": "$d", "format": f"<%{directive}>", "timezone": "Asia/Kolkata"}
        if directive in "GY":
            yield from make.each_in({"$dateToString": format_}, [{"d": date} for date in DATES])
        else:
            yield make.of({"$dateToString": format_}, *({"d": date} for date in DATES))
    yield from make.each_in({"$dateToString": {"date": "$d"}}, [{"d": date} for date in DATES])
    yield from make.each_in({"$dateToString": {"date": _DAY, "format": "$v"}}, [{"v": value} for value in _FORMATS])
    for format_ in ({}, {"format": "%H:%M %z %Z"}):
        given = {"date": _DAY, "timezone": "$v", **format_}
        yield from make.each_in({"$dateToString": given}, [{"v": zone} for zone in ZONES])
    yield from make.each_in({"$dateToString": {"date": "$v"}}, "few values")
    yield from make.each_in({"$dateToString": {"date": _DAY, "timezone": "$v"}}, "few values")
    yield from make.each_in({"$dateToString": {"date": None, "onNull": "$v"}}, "few values")
    bad: list[Any] = [
        1, "a", None, [], {}, {"format": "%Y"}, {"date": _DAY, "x": 1}, _DAY, {"date": "$missing", "timezone": "zz"},
        {"date": "$missing", "format": "%Q"}, {"date": "$missing", "format": 1},
    ]  # fmt: skip
    yield from make.each_of(*({"$dateToString": operand} for operand in bad))


def _from_string(make: ExpressionCases) -> Iterator[Case]:
    texts = [{"v": text} for text in _TEXTS]
    yield make.of({"$dateFromString": {"dateString": "$v", "onError": "E"}}, *(
        text for text in texts if "123456789" not in text["v"] and text["v"] != "@9223372036854775"))  # fmt: skip
    yield from make.each_in({"$dateFromString": {"dateString": "$v"}}, texts)
    for zone in ("America/New_York", "+01:00", "GMT", "-00:00"):
        given = {"dateString": "$v", "timezone": zone, "onError": "E"}
        yield make.of({"$dateFromString": given},
        *(text for text in texts if "999999999" not in text["v"] and "@9" not in
            text["v"] and "123456789" not in text["v"]))  # fmt: skip
    for text, format_ in _FORMATTED:
        yield make.of({"$dateFromString": {"dateString": "$v", "format": format_}}, {"v": text})
        given = {"dateString": "$v", "format": format_, "timezone": "Europe/London", "onError": "E"}
        yield make.of({"$dateFromString": given}, {"v": text})
    for name in ("dateString", "format", "timezone"):
        given = {"dateString": "2020-01-01", name: "$v"}
        yield from make.each_in({"$dateFromString": given}, "few values")
        yield from make.each_in({"$dateFromString": {**given, "onError": "E", "onNull": "N"}}, "few values")
    yield from make.each_in({"$dateFromString": {"dateString": "x", "onError": "$v"}}, "few values")
    bad: list[Any] = [
        1, "a", None, [], {}, {"format": "%Y"}, {"dateString": _DAY}, {"dateString": "x", "x": 1}, {"dateString": "x",
        "format": 1, "onError": 5}, {"dateString": "x", "format": "%Q", "onError": 5}, {"dateString": "x", "timezone":
        "zz", "onError": 5}, {"dateString": DatetimeMS(2**62)}, {"dateString": "$missing", "timezone": "zz"},
        {"dateString": "+1234567890123456789-01-01", "onError": 5}, {"dateString": "x", "onError": "$missing"},
    ]  # fmt: skip
    yield from make.each_of(*({"$dateFromString": operand} for operand in bad))
