"""Short cut = command for asynchronous clients: the cases of `test_direct`, and what threads and event loops add."""

from __future__ import annotations

import asyncio
import dis
import inspect
import logging
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pymongo
import pytest
from bson.errors import BSONError
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import AutoReconnect, PyMongoError

from satchel import AsyncMongoClient
from satchel.driver.aio_direct import AsyncDirectConnection
from satchel.driver.direct import Reply
from satchel.wire.messages import Request
from tests.driver import test_direct
from tests.driver.test_direct import READS, WRITES, Listener, ids, plain

Client = AsyncMongoClient[dict[str, Any]]

NOT_FOR_BOTH = {name for name, value in vars(test_direct).items() if inspect.isfunction(value) and name != "ids"}
NOT_FOR_BOTH |= {"list", "type", "create_collection"}
"""What cases use that are written for synchronous collections."""


def is_for_both(call: Callable[..., object]) -> bool:
    """Tell whether a case is one call of a method, whose result may have to be awaited."""
    takes_items = any(each.opname in {"BINARY_SUBSCR", "BINARY_SLICE"} for each in dis.get_instructions(call))
    makes_functions = any(each.opname == "MAKE_FUNCTION" for each in dis.get_instructions(call))
    is_lambda = call.__name__ == "<lambda>"
    return is_lambda and not takes_items and not makes_functions and not NOT_FOR_BOTH & set(call.__code__.co_names)


CASES = {
    **{name: call for name, call in READS.items() if is_for_both(call)},
    **{f"write_{name}": call for name, call in WRITES.items() if is_for_both(call)},
}


async def fill(client: Client) -> AsyncCollection[Any]:
    collection = client.shop.c
    await collection.insert_many(
        [{"_id": ids(i), "n": i, "name": f"Name {i}", "tags": ["a", i % 3]} for i in range(20)]
    )
    await collection.create_index("n", unique=True)
    await collection.create_index([("name", 1)])
    return collection


@pytest.fixture
async def direct() -> AsyncIterator[Client]:
    async with AsyncMongoClient[dict[str, Any]](":memory:") as client:
        yield client


@pytest.fixture
async def indirect() -> AsyncIterator[Client]:
    async with AsyncMongoClient[dict[str, Any]](":memory:", event_listeners=[Listener()]) as client:
        yield client


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that took a short cut."""
    names: list[str] = []
    send_away = AsyncDirectConnection._send_away

    async def noted(self: AsyncDirectConnection, request: Request) -> Reply:
        names.append(next(iter(request.command)))
        return await send_away(self, request)

    monkeypatch.setattr(AsyncDirectConnection, "_send_away", noted)
    return names


async def result_of(call: Callable[[Any], object], collection: object) -> object:
    result = call(collection)
    while inspect.isawaitable(result):
        result = await result
    return plain(await result.to_list()) if hasattr(result, "to_list") else plain(result)


async def outcome(call: Callable[[Any], object], collection: object) -> tuple[object, ...]:
    try:
        result = await result_of(call, collection)
    except PyMongoError as error:
        details = plain(getattr(error, "details", None))
        return type(error), str(error).partition(", full error")[0], details, getattr(error, "_error_labels", None)
    except (BSONError, TypeError, ValueError) as error:
        return type(error), str(error).partition("(")[0]
    return type(result), repr(result)


@pytest.mark.parametrize("name", CASES)
async def test_cases(direct: Client, indirect: Client, name: str) -> None:
    collections = [await fill(client) for client in (direct, indirect)]
    for _ in range(1 if name.startswith("write_") else 2):
        short, long = [await outcome(CASES[name], collection) for collection in collections]
        assert short == long
    first, second = [await collection.find().sort("_id", 1).to_list() for collection in collections]
    assert plain(first) == plain(second)


def test_most_cases_are_for_both() -> None:
    assert len(CASES) > 100


async def test_short_cuts_are_taken(direct: Client, sent: list[str]) -> None:
    collection = await fill(direct)
    sent.clear()
    assert await collection.find_one({"tags": "a"}, {"n": 1})
    assert len(await collection.find(batch_size=7).to_list()) == 20
    await (await collection.aggregate([])).to_list()
    await collection.distinct("n")
    await collection.update_many({"n": 1}, {"$set": {"a": 1}})
    await collection.find_one_and_delete({"n": 1}, sort=[("n", 1)])
    assert set(sent) == {"find", "getMore", "aggregate", "distinct", "update", "findAndModify"}


async def test_no_short_cuts_where_somebody_looks(
    direct: Client, sent: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    collection = await fill(direct)
    sent.clear()
    async with direct.start_session() as session:
        await collection.find_one({"tags": 1}, session=session)
        await collection.find({}, session=session, batch_size=3).to_list()
    with pymongo.timeout(30):
        await collection.find_one({"tags": 1})
    with caplog.at_level(logging.DEBUG, logger="pymongo.command"):
        await collection.find_one({"tags": 1})
    assert not sent
    assert caplog.records


async def test_a_cursor_begun_short_goes_on_in_a_session(direct: Client) -> None:
    collection = await fill(direct)
    cursor = collection.find(batch_size=2)
    found = [await anext(cursor)]
    with pymongo.timeout(30):
        found += await cursor.to_list()
    assert len(found) == 20


async def test_cancelled_commands_are_interrupted(direct: Client) -> None:
    collection = await fill(direct)
    await direct.shop.many.insert_many([{"_id": i} for i in range(20_000)])
    engine: Any = direct._lease.service.engine  # type: ignore[union-attr]
    slow = [{"$lookup": {"from": "many", "pipeline": [{"$match": {"$expr": {"$gt": [{"$rand": {}}, 2]}}}], "as": "x"}}]
    task = asyncio.create_task(direct.shop.many.aggregate(slow))
    await until(lambda: any(each.command == "aggregate" for each in list(engine.operations.values())))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not engine.operations)
    assert await collection.find_one({"n": 1}, {"n": 1})


async def test_no_more_threads_than_connections() -> None:
    async with AsyncMongoClient[dict[str, Any]](":memory:", maxPoolSize=3) as client:
        collection = await fill(client)
        before = {thread.ident for thread in threading.enumerate()}
        found = await asyncio.gather(*(collection.find({"n": i}).to_list() for i in range(20)))
        assert [each[0]["n"] for each in found] == list(range(20))
        added = [thread for thread in threading.enumerate() if thread.ident not in before]
        assert len(added) <= 3


async def test_closing_ends_what_waits() -> None:
    client = AsyncMongoClient[dict[str, Any]](":memory:")
    collection = await client.shop.create_collection("tailed", capped=True, size=4096)
    await collection.insert_one({"_id": 1})
    cursor = collection.find(cursor_type=pymongo.CursorType.TAILABLE_AWAIT).max_await_time_ms(60_000)
    assert await anext(cursor) == {"_id": 1}
    waiting = asyncio.create_task(anext(cursor))
    await asyncio.sleep(0.1)
    await client.close()
    with pytest.raises((AutoReconnect, pymongo.errors.OperationFailure, pymongo.errors.InvalidOperation)):
        await waiting


def test_another_loop_is_refused() -> None:
    client = AsyncMongoClient[dict[str, Any]](":memory:")
    asyncio.run(fill(client))  # type: ignore[arg-type]

    async def elsewhere() -> object:
        return await client.shop.c.find_one({"tags": 1})

    with pytest.raises(RuntimeError, match="different event loop"):
        asyncio.run(elsewhere())
    client.abandon()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)
