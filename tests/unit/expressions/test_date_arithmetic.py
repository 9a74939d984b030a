"""Sums, differences and truncation of dates."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.date_arithmetic import (
    TimeUnit,
    add_to_date,
    date_difference,
    parse_time_unit,
    parse_weekday,
    truncate_date,
)
from satchel.mql.expressions.timezone import UTC_ZONE, time_zone

_UNITS = st.sampled_from(list(TimeUnit))
_NEAR = st.integers(-(10**13), 10**13)


def _ms(*parts: int) -> int:
    return int(datetime.datetime(*parts, tzinfo=datetime.UTC).timestamp()) * 1000  # type: ignore[misc]


@pytest.mark.parametrize(
    ("start", "unit", "amount", "expected"),
    [
        ((2020, 1, 31), "month", 1, (2020, 2, 29)),
        ((2020, 1, 31), "month", 13, (2021, 2, 28)),
        ((2020, 3, 31), "quarter", -1, (2019, 12, 31)),
        ((2020, 2, 29), "year", 1, (2021, 2, 28)),
        ((2020, 2, 29), "year", -4, (2016, 2, 29)),
        ((2020, 2, 28), "week", 1, (2020, 3, 6)),
    ],
)
def test_sums(start: tuple[int, ...], unit: str, amount: int, expected: tuple[int, ...]) -> None:
    assert add_to_date(_ms(*start), parse_time_unit(unit), amount, UTC_ZONE) == _ms(*expected)


def test_days_move_the_wall_clock_and_hours_do_not() -> None:
    zone = time_zone("America/New_York")
    start = _ms(2020, 3, 7, 17)  # noon in New York, the day before clocks go forward
    assert add_to_date(start, TimeUnit.DAY, 1, zone) == _ms(2020, 3, 8, 16)
    assert add_to_date(start, TimeUnit.HOUR, 24, zone) == _ms(2020, 3, 8, 17)


@given(_NEAR, _UNITS, st.integers(-500, 500))
def test_an_amount_of_units_begins_between_a_date_and_their_sum(start: int, unit: TimeUnit, amount: int) -> None:
    end = add_to_date(start, unit, amount, UTC_ZONE)
    assert date_difference(start, end, unit, UTC_ZONE) == amount


@given(_NEAR, _UNITS, st.integers(1, 1000), st.integers(1, 7))
def test_truncation(ms: int, unit: TimeUnit, size: int, weekday: int) -> None:
    start = truncate_date(ms, unit, size, UTC_ZONE, weekday)
    assert start <= ms
    assert truncate_date(start, unit, size, UTC_ZONE, weekday) == start
    assert add_to_date(start, unit, size, UTC_ZONE) > ms


@given(_NEAR, _NEAR, _UNITS)
def test_differences_are_antisymmetric(start: int, end: int, unit: TimeUnit) -> None:
    zone = time_zone("Europe/Amsterdam")
    there = date_difference(start, end, unit, zone)
    assert there == -date_difference(end, start, unit, zone)
    assert there >= 0 or end < start


def test_overflow() -> None:
    with pytest.raises(ServerError) as caught:
        add_to_date(2**63 - 1, TimeUnit.MILLISECOND, 1, UTC_ZONE)
    assert caught.value.code == ErrorCode.DurationOverflow
    with pytest.raises(ServerError) as caught:
        add_to_date(2**63 - 1, TimeUnit.DAY, 1, UTC_ZONE)
    assert caught.value.code == 5166406
    with pytest.raises(ServerError) as caught:
        add_to_date(0, TimeUnit.YEAR, 10**12, UTC_ZONE)
    assert caught.value.code == 5976500


def test_weekdays() -> None:
    assert [parse_weekday(name) for name in ("monday", "Sun", "FRIDAY", "tues", "")] == [1, 7, 5, None, None]
