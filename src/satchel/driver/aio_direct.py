"""Short cuts of asynchronous clients: like those of synchronous ones, but commands run in threads.

What takes microseconds and does not have to wait runs on the event loop's own thread, as the way to another one and
back takes longer (`docs/decisions/0010-what-an-event-loop-does-itself.md`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from bson.codec_options import CodecOptions
from pymongo.errors import AutoReconnect

from satchel.driver.direct import (
    DirectConnection,
    NotDirectError,
    Reply,
    done,
    encode,
    encode_inner,
    may_be_direct,
    plain_filter,
    plain_find,
    update_reply,
)
from satchel.driver.exchange import LOOP_BATCH_SIZE
from satchel.driver.private import ClientOptions, Response
from satchel.driver.turns import LoopTurn
from satchel.driver.workers import Workers
from satchel.storage.patience import MOST_AT_ONCE_BYTES, NoWaiting, WouldWaitError
from satchel.values.bson_types import BsonValue
from satchel.values.namespace import Namespace
from satchel.wire.messages import Request
from satchel.wire.service import ConnectionState, DirectService, Images, ShortCutRefusedError

Result = TypeVar("Result")

_UNLIMITED: Final = 2**31


def may_be_direct_and_wait(options: ClientOptions) -> bool:
    """Tell whether an asynchronous client with these options can take short cuts at all."""
    return may_be_direct(options) and options.pool_options.wait_queue_timeout is None


class AsyncDirectConnection(DirectConnection):
    """Stands where PyMongo's functions are given a connection, for any number of commands at once.

    As many run as PyMongo would have connections for; the others wait for their turn.

    Args:
        service: What runs the commands.
        workers: The threads that they run in.
        options: The client's options.
    """

    def __init__(self, service: DirectService, workers: Workers, options: ClientOptions) -> None:
        super().__init__(service, options)
        self._state.batch_size = LOOP_BATCH_SIZE
        self._workers = workers
        self._turn = LoopTurn()
        self._places = asyncio.Semaphore(int(min(self.opts.max_pool_size or _UNLIMITED, _UNLIMITED)))
        self._idle: list[ConnectionState] = []
        self._busy: set[ConnectionState] = set()

    def close(self) -> None:
        """Say that the client has gone."""
        super().close()
        for state in list(self._busy):
            state.close()

    async def command(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """Run a command, as PyMongo's `AsyncConnection.command` does."""
        request, finish = self._prepared(*args, **kwargs)
        return finish(await self._send_away(request))

    async def run_operation(self, operation: Any, cursor: Any) -> Response:  # type: ignore[override]
        """Run a cursor's find or getMore, as PyMongo's `_run_with_conn` does."""
        find = plain_find(operation)
        reply: Reply | None = None
        if find is not None:
            reply = await self._at_once(partial(self._service.find, find, self._state))
        if reply is None:
            reply = await self._send_away(self._operation_request(operation))
        elif self._state.closed:
            raise AutoReconnect("the connection was closed")
        return self._operation_response(operation, cursor, reply)

    async def find_equal(self, namespace: Namespace, path: str, value: BsonValue) -> bytes | None:  # type: ignore[override]
        """Return the BSON of the first document that has a value at a path, or None."""
        return await self._at_once(partial(super().find_equal, namespace, path, value))

    async def count(  # type: ignore[override]
        self, namespace: Namespace, filter_: Mapping[str, Any], options: CodecOptions[Any], command: str
    ) -> int:
        """Return how many documents match a filter."""
        return await self._at_once(partial(super().count, namespace, filter_, options, command))

    async def insert_one(  # type: ignore[override]
        self, namespace: Namespace, document: Mapping[str, Any], options: CodecOptions[Any]
    ) -> None:
        """Insert a document."""
        encoded = encode(document, options)
        done(await self._at_once(partial(self._writes.insert, namespace, encoded), len(encoded)))

    async def update_one(  # type: ignore[override]
        self,
        namespace: Namespace,
        filter_: Mapping[str, Any],
        update: Mapping[str, Any],
        options: CodecOptions[Any],
        upsert: bool,
    ) -> dict[str, Any]:
        """Update or replace the first document that matches, and return the reply."""
        encoded = encode_inner(update, options)
        update_ = partial(self._writes.update, namespace, plain_filter(filter_, options), encoded, upsert=upsert)
        return update_reply(await self._at_once(update_, len(encoded)))

    async def delete_one(  # type: ignore[override]
        self, namespace: Namespace, filter_: Mapping[str, Any], options: CodecOptions[Any]
    ) -> dict[str, Any]:
        """Delete the first document that matches, and return the reply."""
        return done(await self._at_once(partial(self._writes.delete, namespace, plain_filter(filter_, options))))

    async def find_and_modify(  # type: ignore[override]
        self,
        namespace: Namespace,
        filter_: Mapping[str, Any],
        update: Mapping[str, Any] | None,
        options: CodecOptions[Any],
    ) -> Images:
        """Update or, without an update, delete the first document that matches, and return it before and after."""
        encoded = None if update is None else encode_inner(update, options)
        change = partial(self._writes.find_and_modify, namespace, plain_filter(filter_, options), encoded)
        return done(await self._at_once(change, len(encoded or b"")))

    async def _at_once(self, call: Callable[[], Result], size_bytes: int = 0) -> Result:
        """Call what takes microseconds on the loop's own thread; where it had to wait, or takes longer, in another."""
        if size_bytes <= MOST_AT_ONCE_BYTES:
            await self._turn.enter()
            try:
                with NoWaiting():
                    return call()
            except WouldWaitError:
                pass
        async with self._places:
            return await self._workers.run(call)

    async def _send_away(self, request: Request) -> Reply:
        """Have a thread run a command.

        When the task is cancelled the service notices; whether the command was carried out is then unknown, as with any
        server.
        """
        async with self._places:
            state = self._idle.pop() if self._idle else self._new_state()
            self._busy.add(state)
            try:
                reply = await self._workers.run(partial(self._service.run, request, state))
            except ShortCutRefusedError as error:
                raise NotDirectError from error
            except BaseException:
                state.close()
                raise
            finally:
                self._busy.discard(state)
                if not state.closed:
                    self._idle.append(state)
        if state.closed:
            raise AutoReconnect("the connection was closed")
        return reply

    def _new_state(self) -> ConnectionState:
        state = ConnectionState()
        state.takes_short_cuts = True
        state.batch_size = LOOP_BATCH_SIZE
        return state
