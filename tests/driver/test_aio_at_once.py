"""What an event loop does itself: only what is a matter of microseconds, and never while it would have to wait."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest
from pymongo.asynchronous.collection import AsyncCollection

from satchel import AsyncMongoClient
from satchel.driver.workers import Workers
from satchel.storage.patience import MOST_AT_ONCE_BYTES

Client = AsyncMongoClient[dict[str, Any]]
Calls = dict[str, Callable[[AsyncCollection[Any]], Any]]

PLAIN: Calls = {
    "find_one": lambda c: c.find_one({"_id": 1}),
    "find_one_by_index": lambda c: c.find_one({"n": 1}),
    "find_one_none": lambda c: c.find_one({"_id": 99}),
    "insert_one": lambda c: c.insert_one({"a": 1}),
    "update_one": lambda c: c.update_one({"_id": 1}, {"$inc": {"a": 1}}),
    "update_one_none": lambda c: c.update_one({"_id": 99}, {"$inc": {"a": 1}}),
    "replace_one": lambda c: c.replace_one({"n": 2}, {"n": 2, "b": 1}),
    "delete_one": lambda c: c.delete_one({"_id": 3}),
    "find_one_and_update": lambda c: c.find_one_and_update({"_id": 1}, {"$inc": {"a": 1}}),
    "find_one_and_delete": lambda c: c.find_one_and_delete({"_id": 4}),
}
LONG: Calls = {
    "find_one_scan": lambda c: c.find_one({"a": 7}),
    "insert_one_large": lambda c: c.insert_one({"a": "x" * MOST_AT_ONCE_BYTES}),
    "update_one_scan": lambda c: c.update_one({"a": 7}, {"$inc": {"a": 1}}),
    "update_one_range": lambda c: c.update_one({"n": {"$gt": 3}}, {"$inc": {"a": 1}}),
    "update_one_of_a_large": lambda c: c.update_one({"_id": "large"}, {"$inc": {"a": 1}}),
    "update_one_with_a_large": lambda c: c.update_one({"_id": 1}, {"$set": {"a": "x" * MOST_AT_ONCE_BYTES}}),
    "delete_one_scan": lambda c: c.delete_one({"a": 7}),
    "delete_one_of_a_large": lambda c: c.delete_one({"_id": "large"}),
    "find": lambda c: c.find({"_id": 1}).to_list(),
}
KINDS = ("file", "memory")


@asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[AsyncCollection[Any]]:
    async with AsyncMongoClient[dict[str, Any]](folder / "a.db" if kind == "file" else ":memory:") as client:
        collection = client.shop.c
        await collection.insert_many([{"_id": i, "n": i, "a": 1} for i in range(10)])
        await collection.insert_one({"_id": "large", "filling": "x" * MOST_AT_ONCE_BYTES})
        await collection.create_index("n")
        yield collection


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The calls that were left to threads."""
    calls: list[object] = []
    run = Workers.run

    def noted(self: Workers, call: Callable[[], Any]) -> asyncio.Future[Any]:
        calls.append(call)
        return run(self, call)

    monkeypatch.setattr(Workers, "run", noted)
    return calls


@pytest.mark.parametrize("kind", KINDS)
async def test_plain_calls_need_no_thread(kind: str, tmp_path: Path, handed_over: list[object]) -> None:
    async with opened(kind, tmp_path) as collection:
        await collection.find_one({"_id": 1})
        handed_over.clear()
        for name, call in PLAIN.items():
            await call(collection)
            assert not handed_over, name


KNOWN: Calls = {
    "find": lambda c: c.find({"n": 1}).to_list(),
    "find_range": lambda c: c.find({"n": {"$gte": 1, "$lt": 5}}).sort("n", -1).to_list(),
    "find_one_with_fields": lambda c: c.find_one({"_id": 1}, {"n": 1}),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", KNOWN)
async def test_finds_whose_plan_is_known_need_no_thread(
    kind: str, name: str, tmp_path: Path, handed_over: list[object]
) -> None:
    async with opened(kind, tmp_path) as collection:
        found = await KNOWN[name](collection)
        handed_over.clear()
        assert await KNOWN[name](collection) == found
        assert found
        assert not handed_over


@pytest.mark.parametrize("kind", KINDS)
async def test_long_finds_are_left_to_threads(kind: str, tmp_path: Path, handed_over: list[object]) -> None:
    async with opened(kind, tmp_path) as collection:
        for _ in range(2):
            handed_over.clear()
            assert await collection.find_one({"_id": "large"}, {"n": 1}) == {"_id": "large"}
            assert handed_over
        assert await collection.find({"n": 1}, skip=5000).to_list() == []
        handed_over.clear()
        assert await collection.find({"n": 1}, skip=5000).to_list() == []
        assert handed_over


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LONG)
async def test_what_may_take_long_is_left_to_threads(
    kind: str, name: str, tmp_path: Path, handed_over: list[object]
) -> None:
    async with opened(kind, tmp_path) as collection:
        handed_over.clear()
        await LONG[name](collection)
        assert handed_over


@contextmanager
def held_for(seconds: float, take: Callable[[], Callable[[], object]]) -> Iterator[threading.Thread]:
    """Take something in another thread and let go of it after a while."""
    taken = threading.Event()

    def hold() -> None:
        let_go = take()
        taken.set()
        time.sleep(seconds)
        let_go()

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(10)
    yield thread
    thread.join()


async def longest_pause(call: Any) -> tuple[object, float]:
    """Return what a call returns, and for how long at a time it has held the loop."""
    longest, last = 0.0, time.perf_counter()
    task = asyncio.create_task(call)
    while not task.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return await task, longest


def lock_of(collection: AsyncCollection[Any], name: str) -> Callable[[], Callable[[], object]]:
    storage = collection.database.client._lease.service.engine.storage  # type: ignore[attr-defined]

    def take() -> Callable[[], object]:
        lock = getattr(storage, name)
        lock.acquire()
        return lock.release  # type: ignore[no-any-return]

    return take


def file_lock(path: Path) -> Callable[[], Callable[[], object]]:
    def take() -> Callable[[], object]:
        connection = apsw.Connection(str(path))
        connection.execute("BEGIN IMMEDIATE")
        return connection.close

    return take


WRITES = [name for name in PLAIN if not name.startswith("find_one") or "_and_" in name]


@pytest.mark.parametrize("name", WRITES)
async def test_the_loop_goes_on_while_a_thread_writes(name: str, tmp_path: Path) -> None:
    async with opened("file", tmp_path) as collection:
        started = time.perf_counter()
        with held_for(0.3, lock_of(collection, "write_lock")):
            _, pause = await longest_pause(PLAIN[name](collection))
        assert time.perf_counter() - started > 0.25
        assert pause < 0.2


async def test_the_loop_goes_on_while_another_process_writes(tmp_path: Path) -> None:
    async with opened("file", tmp_path) as collection:
        with held_for(0.3, file_lock(tmp_path / "a.db")):
            result, pause = await longest_pause(collection.insert_one({"_id": "late"}))
            assert pause < 0.2
        assert result.inserted_id == "late"  # type: ignore[attr-defined]
        assert await collection.count_documents({"_id": "late"}) == 1


@pytest.mark.parametrize("name", PLAIN)
async def test_the_loop_goes_on_while_the_only_connection_is_busy(name: str, tmp_path: Path) -> None:
    async with opened("memory", tmp_path) as collection:
        with held_for(0.3, lock_of(collection, "_memory_lock")):
            _, pause = await longest_pause(PLAIN[name](collection))
        assert pause < 0.2


async def test_reads_of_a_file_do_not_wait_for_writers(tmp_path: Path, handed_over: list[object]) -> None:
    async with opened("file", tmp_path) as collection:
        handed_over.clear()
        with held_for(0.3, file_lock(tmp_path / "a.db")) as holder:
            assert await collection.find_one({"_id": 1}) == {"_id": 1, "n": 1, "a": 1}
            assert holder.is_alive()
        assert not handed_over


async def test_rows_of_short_calls_let_others_in(tmp_path: Path) -> None:
    async with opened("file", tmp_path) as collection:

        async def read_on() -> None:
            for _ in range(3000):
                await collection.find_one({"_id": 1})

        turns = 0
        task = asyncio.create_task(read_on())
        while not task.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns > 10


async def test_checkpoints_are_left_to_threads(tmp_path: Path, handed_over: list[object]) -> None:
    async with opened("file", tmp_path) as collection:
        handed_over.clear()
        sizes = []
        for i in range(2500):
            await collection.insert_one({"_id": f"long {i}", "filling": "x" * 12_000})
            sizes.append((tmp_path / "a.db-wal").stat().st_size)
        assert 1 <= len(handed_over) < 100
        assert max(sizes) < 30_000_000
        assert await collection.count_documents({}) == 2511
