"""The asynchronous client on the fake service: the event loop goes on whatever the service does."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import pymongo
import pytest
from bson.raw_bson import RawBSONDocument
from pymongo.errors import AutoReconnect, InvalidOperation, NetworkTimeout, OperationFailure
from pymongo.write_concern import WriteConcern

from satchel import AsyncMongoClient
from satchel.driver.lease import Lease
from satchel.driver.workers import Workers
from tests.driver.fake_service import FakeService

Client = AsyncMongoClient[dict[str, Any]]


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "satchel-worker"]


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def test_it_is_pymongos(async_client: Client) -> None:
    assert isinstance(async_client, pymongo.AsyncMongoClient)
    assert type(async_client).__name__ == "AsyncMongoClient"
    assert repr(async_client).startswith("AsyncMongoClient(host='fake.db', ")


async def test_documents_come_and_go(async_client: Client) -> None:
    collection = async_client.shop.users
    await collection.insert_many([{"_id": number} for number in range(250)])
    assert await collection.find_one({"_id": 7}) == {"_id": 7}
    assert [document["_id"] async for document in collection.find()] == list(range(250))
    assert (await collection.delete_many({})).deleted_count == 250


async def test_options_are_pymongos(service: FakeService) -> None:
    options: dict[str, Any] = {"w": 1, "document_class": RawBSONDocument, "tz_aware": True}
    async with AsyncMongoClient("fake.db", _lease=Lease(service), **options) as client:
        assert client.write_concern == WriteConcern(w=1)
        await client.shop.users.insert_one({"a": 1})
        assert isinstance(await client.shop.users.find_one(), RawBSONDocument)


async def test_commands_run_in_threads(async_client: Client, service: FakeService) -> None:
    await async_client.admin.command("ping")
    assert service.threads == {threading.get_ident()}, "hello and ping touch no data"
    service.threads.clear()
    await async_client.shop.users.insert_one({})
    assert threading.get_ident() not in service.threads
    assert len(workers()) == 1
    for _ in range(20):
        await async_client.shop.users.find_one()
    assert len(workers()) <= 2


async def test_the_loop_goes_on(async_client: Client) -> None:
    slow = [asyncio.create_task(async_client.admin.command("sleep", 0.3)) for _ in range(5)]
    await asyncio.sleep(0.05)
    await async_client.shop.users.insert_one({"_id": 1})
    assert await async_client.shop.users.find_one() == {"_id": 1}
    assert not any(task.done() for task in slow)
    assert [reply["closed"] for reply in await asyncio.gather(*slow)] == [False] * 5


async def test_cancelled_commands_are_let_go(async_client: Client, service: FakeService) -> None:
    task = asyncio.create_task(async_client.admin.command("sleep", 60))
    await until(lambda: "sleep" in service.commands)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sum(state.closed for state in service.states) == 1
    await async_client.shop.users.insert_one({"_id": 1})
    assert await async_client.shop.users.find_one() == {"_id": 1}


async def test_cancelled_at_any_point(async_client: Client) -> None:
    for turns in range(40):
        task = asyncio.create_task(async_client.shop.users.insert_one({"_id": turns}))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    found = [document["_id"] async for document in async_client.shop.users.find()]
    assert len(found) == len(set(found))
    await async_client.shop.users.insert_one({"_id": "last"})
    assert await async_client.shop.users.find_one({"_id": "last"})


async def test_timeouts_cancel(async_client: Client, service: FakeService) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await async_client.admin.command("sleep", 60)
    assert sum(state.closed for state in service.states) == 1


async def test_exhaust_cursors_are_streams(service: FakeService) -> None:
    options: dict[str, Any] = {"maxPoolSize": 1, "waitQueueTimeoutMS": 1000}
    async with AsyncMongoClient[dict[str, Any]]("fake.db", _lease=Lease(service), **options) as client:
        await client.shop.users.insert_many([{"_id": number} for number in range(10)])
        exhaust = pymongo.CursorType.EXHAUST
        found = [each["_id"] async for each in client.shop.users.find(cursor_type=exhaust, batch_size=3)]
        assert found == list(range(10))
        assert service.commands.count("getMore") == 3
        for _ in range(3):
            cursor = client.shop.users.find(cursor_type=exhaust, batch_size=3)
            assert [(await anext(cursor))["_id"] for _ in range(5)] == list(range(5))
            del cursor  # its connection is given back, and the batches that would come from there are not wanted
            gc.collect()
        await client.shop.users.find(cursor_type=exhaust).to_list()
        assert not service.cursors


async def test_time_limits_of_the_network_end_commands(service: FakeService) -> None:
    async with AsyncMongoClient[dict[str, Any]]("fake.db", _lease=Lease(service), socketTimeoutMS=50) as client:
        with pytest.raises(NetworkTimeout, match="timed out"):
            await client.admin.command("sleep", 30)
        assert any(state.closed for state in service.states)


async def test_pools_without_a_limit(tmp_path: Path) -> None:
    for limit in (0, None):
        async with AsyncMongoClient[dict[str, Any]](tmp_path / "a.db", maxPoolSize=limit) as client:
            await client.shop.users.insert_one({})
            found = await asyncio.gather(*(client.shop.users.find_one() for _ in range(20)))
            assert all(found)


async def test_errors(async_client: Client, service: FakeService) -> None:
    with pytest.raises(OperationFailure):
        await async_client.admin.command("unheardOf")

    def fail(name: str) -> None:
        if name == "find":
            raise RuntimeError("broken")

    service.fail = fail
    with pytest.raises(AutoReconnect, match="broken"):
        await async_client.shop.users.find_one()
    service.fail = lambda _name: None
    assert await async_client.shop.users.find_one() is None


async def test_close(service: FakeService) -> None:
    before = len(workers())
    client = AsyncMongoClient("fake.db", _lease=Lease(service))
    await client.shop.users.insert_one({})
    await client.close()
    await client.aclose()
    assert service.released == 1
    assert all(state.closed for state in service.states)
    await until(lambda: len(workers()) <= before)
    with pytest.raises(InvalidOperation):
        await client.shop.users.find_one()


async def test_close_without_use(service: FakeService) -> None:
    await AsyncMongoClient("fake.db", _lease=Lease(service)).close()
    assert service.released == 1


async def test_garbage_collection(service: FakeService) -> None:
    before = len(workers())
    client = AsyncMongoClient("fake.db", _lease=Lease(service))
    await client.shop.users.insert_one({})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        del client
        gc.collect()
    assert service.released == 1
    assert all(state.closed for state in service.states)
    await until(lambda: len(workers()) <= before)


async def test_cursors_are_dropped(async_client: Client, service: FakeService) -> None:
    await async_client.shop.users.insert_many([{} for _ in range(10)])
    cursor = async_client.shop.users.find(batch_size=2)
    await cursor.next()
    assert len(service.cursors) == 1
    del cursor
    gc.collect()
    assert service.cursors == {}


async def test_duplicates_share_the_service(service: FakeService) -> None:
    client = AsyncMongoClient(":memory:", _lease=Lease(service))
    duplicate = client._duplicate()
    await client.close()
    assert service.released == 0
    await duplicate.shop.users.insert_one({})
    await duplicate.close()
    assert service.released == 1


async def test_a_loop_per_client(service: FakeService) -> None:
    def elsewhere() -> None:
        async def use() -> None:
            async with AsyncMongoClient("fake.db", _lease=Lease(FakeService())) as client:
                await client.shop.users.insert_one({})

        asyncio.run(use())

    await asyncio.gather(*(asyncio.to_thread(elsewhere) for _ in range(4)))
    async with AsyncMongoClient("fake.db", _lease=Lease(service)) as client:
        await client.shop.users.insert_one({})


def test_a_loop_that_ends_first(service: FakeService) -> None:
    async def leave() -> Client:
        client = AsyncMongoClient[dict[str, Any]]("fake.db", _lease=Lease(service))
        await client.shop.users.insert_one({})
        task = asyncio.create_task(client.admin.command("sleep", 0.2))
        await until(lambda: "sleep" in service.commands)
        task.cancel()
        return client

    client = asyncio.run(leave())
    client._closed = True  # PyMongo cannot close it without its loop; keeps it from warning
    del client
    gc.collect()
    assert service.released == 1


async def test_workers_deliver_and_raise() -> None:
    crew = Workers()
    assert await crew.run(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        await crew.run(lambda: 1 / 0)
    future = crew.run(lambda: time.sleep(0.05))
    future.cancel()
    assert await crew.run(lambda: 6) == 6
    crew.close()
    crew.close()
