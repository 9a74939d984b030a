"""Transactions through PyMongo's sessions: from threads, from an event loop, and around short cuts."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.client_session import ClientSession

from satchel import AsyncMongoClient, MongoClient

Document = dict[str, Any]
_TIMES = 10


@pytest.fixture(params=["file", "memory"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return ":memory:" if request.param == "memory" else str(tmp_path / "app.db")


def test_threads_lose_no_update(path: str) -> None:
    with MongoClient[Document](path) as client:
        counters = client.shop.counters
        counters.insert_one({"_id": 0, "n": 0})

        def count(session: ClientSession) -> None:
            found = counters.find_one({"_id": 0}, session=session)
            assert found is not None
            counters.update_one({"_id": 0}, {"$set": {"n": found["n"] + 1}}, session=session)
            client.log.steps.insert_one({"_id": found["n"]}, session=session)

        def work() -> None:
            with client.start_session() as session:
                for _ in range(_TIMES):
                    session.with_transaction(count)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counters.find_one() == {"_id": 0, "n": 3 * _TIMES}
        assert client.log.steps.distinct("_id") == list(range(3 * _TIMES))


async def test_tasks_lose_no_update(path: str) -> None:
    client = AsyncMongoClient[Document](path)
    counters = client.shop.counters
    await counters.insert_one({"_id": 0, "n": 0})

    async def count(session: AsyncClientSession) -> None:
        found = await counters.find_one({"_id": 0}, session=session)
        assert found is not None
        await counters.update_one({"_id": 0}, {"$set": {"n": found["n"] + 1}}, session=session)

    async def work() -> None:
        async with client.start_session() as session:
            for _ in range(_TIMES):
                await session.with_transaction(count)

    await asyncio.gather(work(), work(), work())
    assert await counters.find_one() == {"_id": 0, "n": 3 * _TIMES}
    await client.close()


def test_short_cuts_read_beside_a_transaction_of_the_same_thread(path: str) -> None:
    with MongoClient[Document](path) as client, client.start_session() as session:
        things = client.shop.things
        things.insert_one({"_id": 1})
        with session.start_transaction():
            things.insert_one({"_id": 2}, session=session)
            assert things.find_one({"_id": 2}) is None
            assert things.find_one({"_id": 2}, session=session) == {"_id": 2}
            assert things.count_documents({}) == 1
            assert things.count_documents({}, session=session) == 2
        assert things.find_one({"_id": 2}) == {"_id": 2}


def test_a_cursor_of_a_short_cut_goes_on_the_long_way(path: str) -> None:
    with MongoClient[Document](path) as client:
        client.shop.things.insert_many([{"_id": number} for number in range(10)])
        cursor = client.shop.things.find(batch_size=2)
        assert next(cursor) == {"_id": 0}
        with pymongo.timeout(600):  # which needs a session of PyMongo's
            assert [document["_id"] for document in cursor] == list(range(1, 10))


def test_a_session_with_a_snapshot(path: str) -> None:
    with MongoClient[Document](path) as client, client.start_session(snapshot=True) as session:
        things = client.shop.things
        things.insert_many([{"_id": number} for number in range(5)])
        assert things.count_documents({}, session=session) == 5
        things.delete_many({"_id": {"$gt": 1}})
        assert [document["_id"] for document in things.find(session=session, batch_size=2)] == list(range(5))
        assert things.distinct("_id", session=session) == list(range(5))
        assert things.count_documents({}) == 2
