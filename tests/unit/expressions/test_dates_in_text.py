"""Dates from text and to text, without the operators around them."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.date_format import format_date, iso_string
from satchel.mql.expressions.date_text import parse_date
from satchel.mql.expressions.timezone import UTC_ZONE, time_zone
from satchel.mql.expressions.zone_text import read_zone

_MS = st.integers(-62_135_596_800_000, 253_402_300_799_999)


@given(_MS)
def test_iso_dates_survive(ms: int) -> None:
    assert parse_date(iso_string(ms)) == ms


@given(_MS, st.sampled_from(["%Y-%m-%dT%H:%M:%S.%L%z", "%G-W%V-%u %H:%M:%S.%L%z", "%d %B %Y, %H %M %S %L %z"]))
def test_dates_survive_a_format(ms: int, format_: str) -> None:
    zone = time_zone("+05:30")
    if 0 <= ms < 253_370_764_800_000:  # the ISO year, or the local one, may be beyond 9999
        assert parse_date(format_date(ms, format_, zone), UTC_ZONE, format_) == ms


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_a_conversion_failure(text: str) -> None:
    code = None
    try:
        parse_date(text)
    except ServerError as error:
        code = error.code
    assert code in (None, ErrorCode.ConversionFailure, ErrorCode.DurationOverflow)


@given(st.text("0123456789-+:/.TZ WJulydamnext@", max_size=30))
def test_texts_that_look_like_dates(text: str) -> None:
    test_any_text_is_a_date_or_a_conversion_failure.hypothesis.inner_test(text)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2017-07-04", (2017, 7, 4)),
        ("July 4th, 2017 10:20 pm", (2017, 7, 4, 22, 20)),
        ("4-Jul-2017 EST", (2017, 7, 4, 5)),
        ("2017W27-2", (2017, 7, 4)),
        ("2017-07-04 +1 week 2 days", (2017, 7, 13)),
        ("last day of february 2016", (2016, 2, 29)),
        ("2017-07-04 third friday of", (2017, 7, 21)),
        ("10/Oct/2000:13:55:36 -0700", (2000, 10, 10, 20, 55, 36)),
    ],
)
def test_free_forms(text: str, expected: tuple[int, ...]) -> None:
    moment = datetime.datetime(*expected, tzinfo=datetime.UTC)  # type: ignore[misc]
    assert parse_date(text) == moment.timestamp() * 1000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("Z", 0), ("EST", -18000), ("(cet)", 3600), ("+1", 3600), ("-05:30", -19800), ("+0530", 19800), ("GMT+2", 7200)],
)
def test_zones_in_text(text: str, seconds: int) -> None:
    zone, position = read_zone(text)
    assert zone is not None
    assert (zone.offset, position) == (seconds, len(text))


@pytest.mark.parametrize("text", ["Europe/London", "", "+123456789", "nowhere"])
def test_no_zone_in_text(text: str) -> None:
    assert read_zone(text)[0] is None
