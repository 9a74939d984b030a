"""The proleptic Gregorian calendar against Python's, and beyond its ends."""

from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies as st

from satchel.mql.expressions import gregorian
from satchel.values.bson_types import INT64_MAX, INT64_MIN

_EPOCH = datetime.date(1970, 1, 1)
_DAYS = st.integers(INT64_MIN // gregorian.MS_PER_DAY, INT64_MAX // gregorian.MS_PER_DAY)


@given(st.dates())
def test_agrees_with_python_between_the_years_1_and_9999(date: datetime.date) -> None:
    days = (date - _EPOCH).days
    assert gregorian.day_number(date.year, date.month, date.day) == days
    assert gregorian.date_of_day(days) == (date.year, date.month, date.day)
    assert gregorian.iso_date(days) == tuple(date.isocalendar())
    assert gregorian.iso_weekday(days) == date.isoweekday()
    assert gregorian.sunday_weekday(days) == date.isoweekday() % 7 + 1
    assert gregorian.day_of_year(days) == date.timetuple().tm_yday
    assert gregorian.sunday_week(days) == int(date.strftime("%U"))


@given(_DAYS)
def test_a_day_survives_the_way_to_its_date_and_back(days: int) -> None:
    assert gregorian.day_number(*gregorian.date_of_day(days)) == days
    assert gregorian.day_number_of_iso_date(*gregorian.iso_date(days)) == days


@given(_DAYS)
def test_the_calendar_repeats_every_400_years(days: int) -> None:
    year, month, day = gregorian.date_of_day(days)
    later = days + gregorian.DAYS_PER_CYCLE
    assert gregorian.date_of_day(later) == (year + gregorian.YEARS_PER_CYCLE, month, day)
    assert gregorian.iso_weekday(later) == gregorian.iso_weekday(days)


@given(st.integers(INT64_MIN, INT64_MAX))
def test_milliseconds_survive_the_way_to_parts_and_back(ms: int) -> None:
    parts = gregorian.parts_of(ms)
    assert gregorian.ms_of(parts) == ms
    assert 1 <= parts.month <= 12
    assert 1 <= parts.day <= gregorian.days_in_month(parts.year, parts.month)


def test_months_and_days_carry_over() -> None:
    assert gregorian.day_number(2020, 13, 1) == gregorian.day_number(2021, 1, 1)
    assert gregorian.day_number(2020, 0, 1) == gregorian.day_number(2019, 12, 1)
    assert gregorian.day_number(2020, 1, 0) == gregorian.day_number(2019, 12, 31)
    assert gregorian.day_number_of_iso_date(2020, 54, 1) == gregorian.day_number_of_iso_date(2021, 1, 1)
