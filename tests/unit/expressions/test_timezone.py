"""Time zones: names, offsets, and wall clocks that are skipped or come twice."""

from __future__ import annotations

import datetime
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import ServerError
from satchel.mql.expressions.timezone import time_zone, time_zone_operand
from satchel.values.bson_types import MISSING

_ZONES = (
    "Europe/London",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Europe/Dublin",
)


def _ms(*parts: int) -> int:
    return int(datetime.datetime(*parts, tzinfo=datetime.UTC).timestamp()) * 1000  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "seconds"), [("+05:30", 19800), ("-0330", -12600), ("+05", 18000), ("+99:99", 362340)]
)
def test_fixed_offsets(name: str, seconds: int) -> None:
    zone = time_zone(name)
    assert zone.offset_at(0) == seconds
    assert zone.to_utc(zone.to_local(12345)) == 12345


@pytest.mark.parametrize(
    "name", ["", "Z", "utc", "+5", "+5:30", "05:30", "No/Where", "EDT", "localtime", "posix/UTC", "../UTC", "Europe"]
)
def test_unknown_zones(name: str) -> None:
    with pytest.raises(ServerError) as caught:
        time_zone(name)
    assert caught.value.code == 40485


def test_operands() -> None:
    assert time_zone_operand(None) is None
    assert time_zone_operand(MISSING) is None
    with pytest.raises(ServerError) as caught:
        time_zone_operand(1)
    assert caught.value.code == 40517


def test_only_utc_itself_is_utc() -> None:
    assert [time_zone(name).is_utc for name in ("UTC", "+00:00", "GMT", "Etc/UTC")] == [True, True, False, False]


@given(st.sampled_from(_ZONES), st.integers(-62_000_000_000, 253_000_000_000))
def test_offsets_are_those_of_zoneinfo(name: str, second: int) -> None:
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=second)
    expected = moment.astimezone(zoneinfo.ZoneInfo(name)).utcoffset()
    assert expected is not None
    assert time_zone(name).offset_at(second) == int(expected.total_seconds())


@given(st.sampled_from(_ZONES), st.integers(-(2**53), 2**53))
def test_a_moment_survives_the_way_to_the_wall_clock_and_back(name: str, second: int) -> None:
    zone = time_zone(name)
    local = zone.to_local(second * 1000)
    back = zone.to_utc(local, dst=zone.is_dst_at(second))
    assert zone.to_local(back) == local
    assert abs(back - second * 1000) <= 2 * 3_600_000  # another moment only where the clock shows it twice


def test_skipped_wall_clocks_count_on_from_before_the_gap() -> None:
    zone = time_zone("America/New_York")
    assert zone.to_utc(_ms(2020, 3, 8, 2, 30)) == _ms(2020, 3, 8, 7, 30)
    assert time_zone("Europe/Berlin").to_utc(_ms(2020, 3, 29, 2, 30)) == _ms(2020, 3, 29, 1, 30)


def test_repeated_wall_clocks() -> None:
    zone = time_zone("America/New_York")
    assert zone.to_utc(_ms(2020, 11, 1, 1, 30)) == _ms(2020, 11, 1, 6, 30)
    assert zone.to_utc(_ms(2020, 11, 1, 1, 30), dst=True) == _ms(2020, 11, 1, 5, 30)


def test_rules_go_on_beyond_what_datetime_can_say() -> None:
    zone = time_zone("America/New_York")
    assert zone.offset_at(-(2**62) // 1000) == -17762
    assert {zone.offset_at((2**63 - 1) // 1000 - month * 2_629_746) for month in range(12)} == {-14400, -18000}
