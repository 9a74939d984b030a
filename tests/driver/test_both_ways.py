"""Short cut = command, over every method: the conformance cases that a method expresses, by both ways.

The same call is made on a client that takes short cuts and on one that goes PyMongo's way, on the same documents.
Compared are results and exceptions, what the call has left in the caller's own objects and in the collections, and what
the service has counted.
"""

from __future__ import annotations

import logging
from functools import cache

import pytest

from tests.conformance import language
from tests.conformance.case import RECORDED, RecordedCase, recorded_cases
from tests.driver.both_ways import open_ways
from tests.driver.method_calls import MethodCall, NoMethodError, method_calls

SHOWN_FAILURES = 10

# The language does not depend on the way, and most cases are about it: of those, for these methods, one in so many.
LANGUAGE_STRIDE = {"aggregate": 8, "find": 4}
ASYNC_STRIDE = 12

FLOORS = {
    "find": (1700, 1700),
    "find_one": (6300, 6300),
    "aggregate": (2900, 2900),
    "count_documents": (170, 170),
    "estimated_document_count": (20, 20),
    "distinct": (110, 110),
    "insert_one": (510, 510),
    "insert_many": (550, 520),
    "update_one": (3400, 3400),
    "update_many": (50, 50),
    "replace_one": (220, 220),
    "delete_one": (50, 50),
    "delete_many": (12, 12),
    "bulk_write": (7, 0),
    "find_one_and_update": (160, 160),
    "find_one_and_replace": (19, 19),
    "find_one_and_delete": (12, 12),
}
"""How many calls of a method there are at least, and how many of them need no message."""

ASYNC_FLOORS = (1300, 1250)

Calls = list[tuple[RecordedCase, MethodCall]]


@cache
def calls_by_method() -> dict[str, Calls]:
    found: dict[str, Calls] = {method: [] for method in FLOORS}
    for file in sorted(path.stem for path in RECORDED.glob("*.jsonl")):
        for method, calls in calls_of(file).items():
            stride = 1 if file in language.ENGINE_FILES else LANGUAGE_STRIDE.get(method, 1)
            found[method] += calls[::stride]
    return found


def calls_of(file: str) -> dict[str, Calls]:
    found: dict[str, Calls] = {}
    for case in recorded_cases(file):
        try:
            for call in method_calls(case.command):
                found.setdefault(call.method, []).append((case, call))
        except NoMethodError:
            continue
    return found


def compare(calls: Calls, *, is_async: bool = False) -> tuple[int, int]:
    """Make the calls by both ways; return how many there were, and how many have taken a short cut."""
    problems, short_cuts = [], 0
    with open_ways(is_async=is_async) as (short, long):
        for case, call in calls:
            found, is_short = short.run(case, call)
            expected, _ = long.run(case, call)
            short_cuts += is_short
            if difference := found.difference(expected):
                problems.append(f"{case.id} {call}{difference}"[:2000])
    if problems:
        pytest.fail(
            f"{len(problems)} of {len(calls)} calls:\n\n" + "\n\n".join(problems[:SHOWN_FAILURES]), pytrace=False
        )
    return len(calls), short_cuts


def check_floors(found: tuple[int, int], floors: tuple[int, int]) -> None:
    """Check that the test has not become one of nothing."""
    assert all(one >= floor for one, floor in zip(found, floors, strict=True)), found


@pytest.mark.parametrize("method", FLOORS)
def test_recorded_cases(method: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="satchel")
    check_floors(compare(calls_by_method()[method]), FLOORS[method])


def test_recorded_cases_async(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="satchel")
    calls = [pair for calls in calls_by_method().values() for pair in calls[::ASYNC_STRIDE]]
    check_floors(compare(calls, is_async=True), ASYNC_FLOORS)
