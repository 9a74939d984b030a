"""Calls of the same method by two ways, on the same documents, and all that they can be told apart by."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from typing import Any, Final

from bson import CodecOptions
from bson.raw_bson import RawBSONDocument

from satchel import AsyncMongoClient
from satchel.driver.bulk import bulk_operations
from satchel.values.bson_types import Document, decode_document
from tests.conformance.case import RecordedCase
from tests.conformance.replay import open_client
from tests.conformance.server import ServerRunner, is_read, substitute
from tests.driver.method_calls import MethodCall
from tests.driver.outcomes import Outcome, outcome

_DATABASE: Final = "both_ways"
_RAW: Final[CodecOptions[Any]] = CodecOptions(document_class=RawBSONDocument)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a call shows.

    Attributes:
        result: What it returned or raised.
        arguments: What was passed, as it looks afterwards.
        contents: The documents of the collections that it may have changed.
        counted: By how much the service's counters of commands have grown.
    """

    result: Outcome
    arguments: Outcome
    contents: Outcome
    counted: Outcome

    def difference(self, other: Seen) -> str:
        """Return what another way shows that this one does not; empty when there is nothing."""
        pairs = [(each.name, getattr(self, each.name), getattr(other, each.name)) for each in fields(self)]
        return "".join(f"\n {name}\n  {one}\n  {two}" for name, one, two in pairs if not one.resembles(two))


class Way:
    """A client to make calls on, and the collections of the cases that were run on it.

    Args:
        client: The client to fill collections with.
    """

    def __init__(self, client: Any) -> None:
        self.messages = 0
        """How many messages of the wire have come to the service."""
        self._client = client
        self._runner = ServerRunner(client, _DATABASE)
        self._loaded: dict[str, str] = {}
        self._numbers = itertools.count()
        self._count_messages()

    def _count_messages(self) -> None:
        service = self._client._lease.service
        handle = service.handle

        def counted(*arguments: Any) -> Any:
            self.messages += 1
            return handle(*arguments)

        service.handle = counted

    def run(self, case: RecordedCase, call: MethodCall) -> tuple[Seen, bool]:
        """Make a call of a case on the case's collections.

        Returns:
            What it shows, and whether no message was needed.
        """
        name = self._load(case)
        given = {"arguments": list(call.arguments), "options": call.options}
        passed = substitute(given, name, _DATABASE)
        counters, messages = self._counters(), self.messages
        result = outcome(lambda: self._call(call, name, passed), unordered=case.unordered)
        is_short = messages == self.messages
        counted = {command: count - counters[command] for command, count in self._counters().items()}
        seen = Seen(result, Outcome.of(passed), self._contents(case, name), Outcome.of(counted))
        return seen, is_short

    def _load(self, case: RecordedCase) -> str:
        name = self._loaded.get(case.documents_key)
        if name is None:
            name = self._loaded[case.documents_key] = f"zz{next(self._numbers)}zz"
            self._runner.load(case, name)
        return name

    def _call(self, call: MethodCall, name: str, passed: Document) -> object:
        result = self._method(call, name)(*_arguments(call, passed), **passed["options"])
        return result.to_list() if hasattr(result, "to_list") else result

    def _method(self, call: MethodCall, name: str) -> Any:
        database = self.database()
        return getattr(database if call.on_database else database[name].with_options(**call.concerns), call.method)

    def database(self) -> Any:
        """Return the database that calls are made on."""
        return self._client[_DATABASE]

    def _counters(self) -> dict[str, int]:
        return commands_counted(self._client._lease.service.engine.opcounters)

    def _contents(self, case: RecordedCase, name: str) -> Outcome:
        """Return what is in the collections after a write; unless it is what was in them before, they are dropped."""
        if is_read(case.command) and case.show is None:
            return Outcome.of(None)
        shown = [each.replace("$coll", name) for each in case.show or ("$coll",)]
        found = Outcome.of([[decode_document(document.raw) for document in self._raw(each)] for each in shown])
        if case.show is not None or found != Outcome.of([case.documents]):
            self._runner.drop(case, name)
            del self._loaded[case.documents_key]
        return found

    def _raw(self, name: str) -> Iterator[RawBSONDocument]:
        return self._client[_DATABASE].get_collection(name, _RAW).find()


class AsyncWay(Way):
    """Makes the calls on an `AsyncMongoClient`.

    Args:
        client: The client to fill collections with.
        async_client: One on the same service.
        loop: What runs coroutines.
    """

    def __init__(self, client: Any, async_client: AsyncMongoClient[Any], loop: asyncio.Runner) -> None:
        super().__init__(client)
        self._async_client = async_client
        self._loop = loop

    def database(self) -> Any:
        """Return the database that calls are made on."""
        return self._async_client[_DATABASE]

    def _call(self, call: MethodCall, name: str, passed: Document) -> object:
        return self._loop.run(self._awaited(call, name, passed))

    async def _awaited(self, call: MethodCall, name: str, passed: Document) -> object:
        result = self._method(call, name)(*_arguments(call, passed), **passed["options"])
        if not hasattr(result, "to_list"):
            result = await result
        return await result.to_list() if hasattr(result, "to_list") else result


@contextmanager
def open_ways(*, is_async: bool) -> Iterator[tuple[Way, Way]]:
    """Open a way that takes short cuts and one that takes none, each on a service of its own.

    Args:
        is_async: Whether the first is that of an `AsyncMongoClient`.
    """
    with ExitStack() as stack:
        direct, message = (stack.enter_context(open_client(name)) for name in ("command", "message"))
        if not is_async:
            yield Way(direct), Way(message)
            return
        loop = stack.enter_context(asyncio.Runner())
        async_client: AsyncMongoClient[Any] = AsyncMongoClient(":memory:", _lease=direct._lease.share())
        stack.callback(lambda: loop.run(async_client.close()))
        yield AsyncWay(direct, async_client, loop), Way(message)


def _arguments(call: MethodCall, passed: Document) -> list[Any]:
    arguments: list[Any] = passed["arguments"]
    return [bulk_operations(arguments[0])] if call.method == "bulk_write" else arguments


_COMMANDS: Final = "find getMore aggregate count distinct insert update delete findAndModify".split()
"""Commands that both ways run equally often. (PyMongo's also kills cursors that were collected as garbage.)"""


def commands_counted(counters: Mapping[str, int]) -> dict[str, int]:
    """Return how many of the commands that methods send a service has counted."""
    return {name: counters.get(name, 0) for name in _COMMANDS}
