"""The documents that every peer stores: about 300 bytes, eleven fields, the same in every run."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

Document = dict[str, Any]

START = datetime(2026, 1, 1)
CITIES = tuple(f"city-{number:02d}" for number in range(50))
TAGS = tuple(f"tag-{number:02d}" for number in range(20))
DAYS = 365
BATCH = 10_000
RANGE = START + timedelta(days=100), START + timedelta(days=107)
"""Between these dates about one document in fifty was created."""


class Clock:
    """Counts seconds of real time and of processors' time (of this process and of those it started and that ended)."""

    def __init__(self) -> None:
        self._start = _now()

    def seconds(self) -> tuple[float, float]:
        """Return the real time and the processors' time that have passed."""
        (real, processor), (real_start, processor_start) = _now(), self._start
        return real - real_start, processor - processor_start

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Leave out the time of the block."""
        before = _now()
        try:
            yield
        finally:
            after = _now()
            self._start = (self._start[0] + after[0] - before[0], self._start[1] + after[1] - before[1])


def _now() -> tuple[float, float]:
    times = os.times()
    return time.perf_counter(), time.process_time() + times.children_user + times.children_system


class Dataset:
    """The documents, made in batches as they are wanted; the clock does not count that.

    Args:
        count: How many there are, with `_id` from 0.
        lookups: How many single operations a workload of such does.
    """

    def __init__(self, count: int, lookups: int) -> None:
        self.count = count
        self.lookups = lookups
        self.clock = Clock()

    def batches(self, count: int | None = None) -> Iterator[list[Document]]:
        """Yield the documents, or the first of them."""
        source = documents(count or self.count)
        while True:
            with self.clock.standing_still():
                batch = list(islice(source, BATCH))
            if not batch:
                return
            yield batch

    def some(self) -> Iterator[int]:
        """Yield the `_id`s of single operations, all over the data."""
        step = self.count // self.lookups
        return (number * step for number in range(self.lookups))


def name(number: int) -> str:
    """Return the name in the document with an `_id`."""
    return f"user-{number:07d}"


def documents(count: int) -> Iterator[Document]:
    """Yield `count` documents with `_id` from 0."""
    chance = random.Random(7)
    for number in range(count):
        yield {
            "_id": number,
            "name": name(number),
            "email": f"{name(number)}@example.com",
            "age": chance.randrange(18, 90),
            "city": chance.choice(CITIES),
            "score": chance.random() * 100,
            "created": START + timedelta(seconds=chance.randrange(DAYS * 86400)),
            "tags": chance.sample(TAGS, 3),
            "address": {"street": f"{chance.randrange(1000)} Long Street", "zip": chance.randrange(10_000, 99_999)},
            "active": chance.random() < 0.5,
            "rank": number % 100,
        }
