"""The pytest plugin: fixtures that give a test a fresh database in memory.

pytest loads this module wherever Satchel is installed, so PyMongo and the engine are imported when a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from satchel import AsyncMongoClient, MongoClient


@pytest.fixture
def satchel_client() -> Iterator[MongoClient[dict[str, Any]]]:
    """A `pymongo.MongoClient` on an empty database in memory, of this test alone."""
    from satchel import MongoClient  # noqa: PLC0415

    with MongoClient[dict[str, Any]](":memory:") as client:
        yield client  # type: ignore[misc]


@pytest.fixture
def async_satchel_client() -> Iterator[AsyncMongoClient[dict[str, Any]]]:
    """A `pymongo.AsyncMongoClient` on an empty database in memory, of this test alone.

    The fixture itself is synchronous: it works with pytest-asyncio, with anyio on asyncio, and with a plain
    `asyncio.run` in the test.
    """
    from satchel import AsyncMongoClient  # noqa: PLC0415

    client = AsyncMongoClient[dict[str, Any]](":memory:")
    try:
        yield client
    finally:
        client.abandon()
