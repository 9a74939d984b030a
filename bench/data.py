"""The documents that every peer stores: about 300 bytes, eleven fields, the same in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

START = datetime(2026, 1, 1)
CITIES = tuple(f"city-{number:02d}" for number in range(50))
TAGS = tuple(f"tag-{number:02d}" for number in range(20))
DAYS = 365


def documents(count: int) -> Iterator[dict[str, Any]]:
    """Yield `count` documents with `_id` from 0."""
    chance = random.Random(7)
    for number in range(count):
        yield {
            "_id": number,
            "name": f"user-{number:07d}",
            "email": f"user-{number:07d}@example.com",
            "age": chance.randrange(18, 90),
            "city": chance.choice(CITIES),
            "score": chance.random() * 100,
            "created": START + timedelta(seconds=chance.randrange(DAYS * 86400)),
            "tags": chance.sample(TAGS, 3),
            "address": {"street": f"{chance.randrange(1000)} Long Street", "zip": chance.randrange(10_000, 99_999)},
            "active": chance.random() < 0.5,
            "rank": number % 100,
        }


def created_range(count: int) -> tuple[datetime, datetime]:
    """Return the dates between which about one document in fifty was created."""
    return START + timedelta(days=100), START + timedelta(days=107)
