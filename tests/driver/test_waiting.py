"""Cursors that wait for documents hold up nobody."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

import pytest
from pymongo import CursorType
from pymongo.errors import PyMongoError

from satchel import AsyncMongoClient, MongoClient


async def test_waiting_cursors_and_other_commands(tmp_path: Path) -> None:
    async with AsyncMongoClient(tmp_path / "app.db") as client:
        events = await client.shop.create_collection("events", capped=True, size=100_000)
        await events.insert_one({"_id": 0})
        cursors = [events.find(cursor_type=CursorType.TAILABLE_AWAIT).max_await_time_ms(20_000) for _ in range(8)]
        for cursor in cursors:
            assert await cursor.next() == {"_id": 0}
        waiting = [asyncio.create_task(cursor.next()) for cursor in cursors]
        await asyncio.sleep(0.05)
        for number in range(1, 20):
            await client.shop.others.insert_one({"_id": number})
            assert await client.shop.others.find_one({"_id": number}) == {"_id": number}
        assert not any(task.done() for task in waiting)
        await events.insert_one({"_id": 1})
        assert await asyncio.gather(*waiting) == [{"_id": 1}] * 8


async def test_cancelled_waits_end(tmp_path: Path) -> None:
    async with AsyncMongoClient(tmp_path / "app.db") as client:
        events = await client.shop.create_collection("events", capped=True, size=100_000)
        await events.insert_one({"_id": 0})
        cursor = events.find(cursor_type=CursorType.TAILABLE_AWAIT).max_await_time_ms(600_000)
        assert await cursor.next() == {"_id": 0}
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await cursor.next()
        async with asyncio.timeout(30):
            while any(thread.name == "satchel-worker" and _is_waiting(thread) for thread in threading.enumerate()):
                await asyncio.sleep(0.01)
        assert await events.find_one() == {"_id": 0}


def _is_waiting(thread: threading.Thread) -> bool:
    """Tell whether a worker is inside the service."""

    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        if frame.f_code.co_name == "handle":
            return True
        frame = frame.f_back
    return False


def test_waiting_in_a_thread(tmp_path: Path) -> None:
    with MongoClient(tmp_path / "app.db") as client:
        events = client.shop.create_collection("events", capped=True, size=100_000)
        events.insert_one({"_id": 0})
        cursor = events.find(cursor_type=CursorType.TAILABLE_AWAIT).max_await_time_ms(20_000)
        assert cursor.next() == {"_id": 0}
        found = []
        thread = threading.Thread(target=lambda: found.append(cursor.next()))
        thread.start()
        client.shop.others.insert_one({"_id": 1})
        assert client.shop.others.find_one() == {"_id": 1}
        events.insert_one({"_id": 1})
        thread.join()
        assert found == [{"_id": 1}]


def test_close_ends_a_wait(tmp_path: Path) -> None:
    client = MongoClient(tmp_path / "app.db")
    events = client.shop.create_collection("events", capped=True, size=100_000)
    events.insert_one({"_id": 0})
    cursor = events.find(cursor_type=CursorType.TAILABLE_AWAIT).max_await_time_ms(600_000)
    assert cursor.next() == {"_id": 0}
    outcome: list[object] = []

    def wait() -> None:
        try:
            outcome.append(cursor.next())
        except (PyMongoError, StopIteration) as error:
            outcome.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join(0.2)
    client.close()
    thread.join(60)
    assert not thread.is_alive()
    assert isinstance(outcome[0], PyMongoError | StopIteration)
