"""Waiting for data: no announcement is missed, however it falls between looking and waiting."""

from __future__ import annotations

import threading
import time

from satchel.backends.sqlite import SqliteStorage
from satchel.engine.waiting import DataWatch

ROUNDS = 2000
PATIENCE_SECONDS = 30.0


def test_no_announcement_is_missed() -> None:
    """A waiter follows a counter that another thread moves before it announces, each as fast as it can."""
    storage = SqliteStorage(":memory:")
    watch = DataWatch(storage)
    moved, followed = [0], [0]

    def follow() -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while followed[0] < ROUNDS and time.monotonic() < until:
            seen = watch.announcements
            if followed[0] == moved[0]:
                watch.wait(seen, until, lambda: False)
            followed[0] = moved[0]

    waiters = [threading.Thread(target=follow) for _ in range(2)]
    for waiter in waiters:
        waiter.start()
    for number in range(1, ROUNDS + 1):
        moved[0] = number
        watch.announce()
        if number % 2:
            time.sleep(0)
    for waiter in waiters:
        waiter.join(PATIENCE_SECONDS)
    storage.close()
    assert followed[0] == ROUNDS
    assert not any(waiter.is_alive() for waiter in waiters)


def test_a_wait_ends_without_an_announcement_when_its_time_is_over() -> None:
    storage = SqliteStorage(":memory:")
    watch = DataWatch(storage)
    began = time.monotonic()
    watch.wait(watch.announcements, began + 0.05, lambda: False)
    storage.close()
    assert time.monotonic() - began >= 0.05


def test_who_has_not_seen_an_announcement_does_not_wait() -> None:
    storage = SqliteStorage(":memory:")
    watch = DataWatch(storage)
    seen = watch.announcements
    watch.announce()
    began = time.monotonic()
    watch.wait(seen, began + PATIENCE_SECONDS, lambda: False)
    storage.close()
    assert time.monotonic() - began < PATIENCE_SECONDS
