"""How long somebody who guesses has to wait."""

from __future__ import annotations

import pytest

from satchel.access.throttle import (
    FIRST_DELAY_SECONDS,
    FORGET_AFTER_SECONDS,
    FREE_FAILURES,
    MAX_DELAY_SECONDS,
    MAX_TRACKED,
    Throttle,
)
from satchel.wire.service import UserName

USER = UserName("admin", "user")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def attempt(throttle: Throttle, clock: Clock, source: str = "1.2.3.4") -> float:
    """Fail once, after the wait, and return how long that was."""
    wait = throttle.delay(USER, source)
    assert wait is not None
    clock.now += wait
    throttle.failed(USER, source)
    return wait


def test_waits_double_up_to_a_bound(clock: Clock) -> None:
    throttle = Throttle(clock)
    waits = [attempt(throttle, clock) for _ in range(FREE_FAILURES + 8)]
    assert waits[:FREE_FAILURES] == [0.0] * FREE_FAILURES
    assert waits[FREE_FAILURES : FREE_FAILURES + 3] == pytest.approx([FIRST_DELAY_SECONDS * 2**n for n in range(3)])
    assert waits == sorted(waits)
    assert max(waits) == pytest.approx(MAX_DELAY_SECONDS)


def test_only_the_same_user_from_the_same_place_waits(clock: Clock) -> None:
    throttle = Throttle(clock)
    for _ in range(FREE_FAILURES + 2):
        attempt(throttle, clock)
    assert throttle.delay(USER, "5.6.7.8") == 0.0
    assert throttle.delay(UserName("admin", "other"), "1.2.3.4") == 0.0
    assert throttle.delay(USER, "1.2.3.4")


def test_side_by_side_is_as_slow_as_one_after_the_other(clock: Clock) -> None:
    throttle = Throttle(clock)
    for _ in range(FREE_FAILURES):
        attempt(throttle, clock)
    waits = [throttle.delay(USER, "1.2.3.4") for _ in range(100)]
    allowed = [wait for wait in waits if wait is not None]
    assert allowed == sorted(set(allowed))
    assert waits[-1] is None, "a queue without end would be as good as no wait"
    assert len(allowed) * FIRST_DELAY_SECONDS <= MAX_DELAY_SECONDS + FIRST_DELAY_SECONDS


def test_success_and_time_make_forget(clock: Clock) -> None:
    throttle = Throttle(clock)
    for _ in range(FREE_FAILURES + 2):
        attempt(throttle, clock)
    throttle.succeeded(USER, "1.2.3.4")
    assert throttle.delay(USER, "1.2.3.4") == 0.0
    for _ in range(FREE_FAILURES + 2):
        attempt(throttle, clock)
    clock.now += FORGET_AFTER_SECONDS + 1
    throttle.failed(UserName("admin", "other"), "1.2.3.4")
    assert attempt(throttle, clock) == 0.0


def test_memory_is_bounded(clock: Clock) -> None:
    throttle = Throttle(clock)
    for number in range(MAX_TRACKED + 10):
        throttle.failed(UserName("admin", str(number)), "1.2.3.4")
    assert len(throttle._failures) <= MAX_TRACKED
