"""Short cut = command, for generated calls: every kind of collection, index, argument, codec, concern and session."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest
from bson import CodecOptions
from bson.raw_bson import RawBSONDocument
from bson.son import SON
from hypothesis import HealthCheck, given, settings
from pymongo.errors import OperationFailure

from satchel import AsyncMongoClient, MongoClient
from satchel.values.bson_types import decode_document
from tests.conformance.replay import open_client
from tests.driver.both_ways import commands_counted
from tests.driver.generated_calls import Call, OwnDict, Scene, scenes
from tests.driver.outcomes import Outcome, outcome

RAW: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument)
NUMBERS = itertools.count()


@dataclass(frozen=True)
class Way:
    """A client to make calls on, and one on the same service that makes and shows collections."""

    client: Any
    keeper: MongoClient[Any]
    loop: asyncio.Runner

    def call(self, method: str, collection: Any, passed: list[Any], options: dict[str, Any]) -> object:
        return self.loop.run(awaited(lambda: getattr(collection, method)(*passed[0], **passed[1], **options)))


async def awaited(call: Callable[[], Any]) -> object:
    result = call()
    if inspect.isawaitable(result):
        result = await result
    if not hasattr(result, "to_list"):
        return result
    found = result.to_list()
    return await found if inspect.isawaitable(found) else found


@pytest.fixture(scope="module")
def ways() -> Iterator[list[Way]]:
    """The sync client's short cuts and PyMongo's way; then the same of the asynchronous client."""
    with ExitStack() as stack:
        loop = stack.enter_context(asyncio.Runner())
        keepers = [stack.enter_context(open_client(way)) for way in ("command", "message")]
        clients = [open_async_client(keeper) for keeper in keepers]
        for client in clients:
            stack.callback(lambda client=client: loop.run(client.close()))
        yield [Way(client, keeper, loop) for client, keeper in zip(keepers + clients, keepers * 2, strict=True)]


def open_async_client(keeper: MongoClient[Any]) -> AsyncMongoClient[Any]:
    listeners = keeper.options.event_listeners
    return AsyncMongoClient(":memory:", event_listeners=listeners, _lease=keeper._lease.share())


def copied(value: Any) -> Any:
    """Return an argument anew, for a client may change it."""
    if type(value) in (dict, SON, OwnDict):
        return type(value)((name, copied(inner)) for name, inner in value.items())
    return [copied(inner) for inner in value] if type(value) is list else value


def made(way: Way, scene: Scene, name: str) -> Any:
    """Make a scene's collection, as far as it can be made, and return it for calls."""
    database = way.keeper.generated
    options: dict[str, Any] = {
        "capped": {"capped": True, "size": 8192, "max": 2},
        "validated": {"validator": {"a": {"$in": [1, 2, "a", None]}}},
        "warned": {"validator": {"a": 1}, "validationAction": "warn"},
        "view": {"viewOn": f"{name}.base", "pipeline": [{"$match": {"a": {"$ne": 3}}}]},
        "collated": {"collation": {"locale": "en", "strength": 2}},
    }.get(scene.kind, {})
    if scene.kind != "missing":
        collection = database.create_collection(name, **options)
        fill(database[f"{name}.base"] if scene.kind == "view" else collection, scene)
    if scene.kind == "dropped":
        database[name].find_one({"a": 1})
        database.drop_collection(name)
    return way.client.generated[name].with_options(**scene.options)


def fill(collection: Any, scene: Scene) -> None:
    command = {"insert": collection.name, "documents": scene.documents, "bypassDocumentValidation": True}
    if scene.documents:
        collection.database.command(command)
    for keys, options in scene.indexes:
        try:
            collection.create_index(keys, **options)
        except OperationFailure:
            continue


def shown(way: Way, scene: Scene, name: str) -> list[Outcome]:
    """Play a scene, and return all that can be seen of it."""
    collection = made(way, scene, name)
    seen = []
    with ExitStack() as stack:
        options = session_options(way, scene, stack)
        for call in scene.calls:
            seen += shown_call(way, collection, call, options)
            if scene.session != "transaction":
                seen.append(stored(way, name))
        if scene.session == "transaction":
            seen.append(outcome(options["session"].commit_transaction))
    return [*seen, stored(way, name)]


def session_options(way: Way, scene: Scene, stack: ExitStack) -> dict[str, Any]:
    if scene.session == "none":
        return {}
    session = stack.enter_context(way.client.start_session())
    if scene.session == "bound":
        stack.enter_context(session.bind())
        return {}
    if scene.session == "transaction":
        session.start_transaction()
    return {"session": session}


def shown_call(way: Way, collection: Any, call: Call, options: dict[str, Any]) -> list[Outcome]:
    counters = way.keeper._lease.service.engine.opcounters
    passed = copied([list(call.arguments), dict(call.options)])
    before = Counter(commands_counted(counters))
    result = outcome(lambda: way.call(call.method, collection, passed, options))
    return [result, Outcome.of(passed), Outcome.of(Counter(commands_counted(counters)) - before)]


def stored(way: Way, name: str) -> Outcome:
    database = way.keeper.get_database("generated", RAW)
    names = (name, f"{name}.base")
    return Outcome.of([decode_document(document.raw) for each in names for document in database[each].find()])


def compare(one: Way, other: Way, scene: Scene) -> None:
    logging.getLogger("satchel").setLevel(logging.CRITICAL)
    name = f"c{next(NUMBERS)}"
    short, long = shown(one, scene, name), shown(other, scene, name)
    for way in (one, other):
        way.keeper.generated.drop_collection(name)
        way.keeper.generated.drop_collection(f"{name}.base")
    for found, expected in zip(short, long, strict=True):
        assert found.resembles(expected), f"\n{found}\n{expected}"


@given(scene=scenes)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_generated_calls(scene: Scene, ways: list[Way]) -> None:
    compare(*ways[:2], scene)


@given(scene=scenes)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_generated_calls_async(scene: Scene, ways: list[Way]) -> None:
    compare(*ways[2:], replace(scene, session="none"))
