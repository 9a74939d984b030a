"""Where bulk writes are divided: large documents go in small batches, small ones in large batches."""

from __future__ import annotations

from typing import Any

import bson
import pytest
from pymongo.errors import BulkWriteError
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from satchel import AsyncMongoClient, MongoClient
from tests.driver.fake_service import FakeService


def sizes(service: FakeService) -> list[int]:
    """Have the service note the sizes of inserts, in MiB rounded down."""
    noted: list[int] = []
    handle = service.handle

    def noting(message: Any, connection: Any) -> Any:
        if b"insert" in message[:64]:
            noted.append(len(message) >> 20)
        return handle(message, connection)

    service.handle = noting  # type: ignore[method-assign]
    return noted


def chunks(count: int) -> list[dict[str, Any]]:
    return [{"n": number, "data": bytes(255 * 1024)} for number in range(count)]


def test_large_documents_go_in_small_batches(client: MongoClient[dict[str, Any]], service: FakeService) -> None:
    noted = sizes(service)
    client.shop.files.insert_many(chunks(150))
    client.shop.files.insert_one({})
    client.shop.files.insert_many(chunks(20))
    assert noted[0] == 16
    assert max(noted[1:]) == 3
    assert len(service.collections["shop", "files"]) == 171


def test_small_documents_go_in_large_batches_again(client: MongoClient[dict[str, Any]], service: FakeService) -> None:
    client.shop.files.insert_many(chunks(70))
    noted = sizes(service)
    client.shop.files.insert_many([{"_id": number} for number in range(5000)])
    assert len(noted) < 10
    client.shop.files.insert_many([{"_id": number} for number in range(5000)])
    assert len(noted) < 12
    assert len(service.collections["shop", "files"]) == 10_070


class Sizes(CommandListener):
    """Notes how many documents insert, find and getMore carry, and their bytes."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.read: list[tuple[int, int]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "insert":
            self.written.append(len(event.command["documents"]))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.command_name in ("find", "getMore", "aggregate"):
            cursor = event.reply["cursor"]
            batch = cursor.get("nextBatch", cursor.get("firstBatch"))
            self.read.append((len(batch), sum(len(bson.encode(document)) for document in batch)))

    def failed(self, event: CommandFailedEvent) -> None:
        pass


@pytest.mark.parametrize("size", [100, 2_000, 300_000], ids=["small", "middling", "large"])
async def test_an_event_loop_handles_a_little_at_a_time(size: int) -> None:
    listener, count = Sizes(), max(10, 1_000_000 // size)
    async with AsyncMongoClient[dict[str, Any]](":memory:", event_listeners=[listener]) as client:
        things = client.shop.things
        await things.insert_many([{"n": number, "data": bytes(size)} for number in range(count)])
        found = await things.find().to_list()
        assert [document["n"] for document in found] == list(range(count))
        assert len(await (await things.aggregate([{"$match": {"n": {"$gte": 0}}}])).to_list()) == count
    assert sum(listener.written) == count
    assert max(listener.written) <= 500
    assert all(documents <= 4 or total <= 128 * 1024 for documents, total in listener.read)
    assert len(listener.read) > 4


async def test_asynchronously(async_client: AsyncMongoClient[dict[str, Any]], service: FakeService) -> None:
    noted = sizes(service)
    await async_client.shop.files.insert_many(chunks(150))
    assert max(noted[1:]) <= 3
    assert len(service.collections["shop", "files"]) == 150


@pytest.mark.parametrize("ordered", [True, False])
def test_positions_of_errors(ordered: bool) -> None:
    with MongoClient[dict[str, Any]](":memory:") as client:
        client.shop.files.insert_one({"_id": 120})
        documents = [{"_id": number, "data": bytes(255 * 1024)} for number in range(150)]
        with pytest.raises(BulkWriteError) as caught:
            client.shop.files.insert_many(documents, ordered=ordered)
        assert [error["index"] for error in caught.value.details["writeErrors"]] == [120]
        assert client.shop.files.count_documents({}) == (121 if ordered else 150)


@pytest.mark.parametrize("size", [16 * 1024 * 1024 - 100, 9 * 1024 * 1024])
def test_the_largest_documents(size: int) -> None:
    with MongoClient[dict[str, Any]](":memory:") as client:
        client.shop.files.insert_many([{"_id": number, "data": bytes(size)} for number in range(3)])
        assert [len(document["data"]) for document in client.shop.files.find()] == [size] * 3
