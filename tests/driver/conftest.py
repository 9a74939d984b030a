"""Clients on the fake service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from satchel import AsyncMongoClient, MongoClient
from satchel.driver.lease import Lease
from tests.driver.fake_service import FakeService


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def client(service: FakeService) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient("fake.db", _lease=Lease(service)) as client:
        yield client


@pytest.fixture
async def async_client(service: FakeService) -> AsyncIterator[AsyncMongoClient[dict[str, Any]]]:
    async with AsyncMongoClient("fake.db", _lease=Lease(service)) as client:
        yield client
