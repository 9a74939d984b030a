"""Short cuts of asynchronous clients: like those of synchronous ones, but commands run in threads."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final

from pymongo.errors import AutoReconnect

from satchel.driver.direct import DirectConnection, NotDirectError, Reply, may_be_direct
from satchel.driver.exchange import LOOP_BATCH_SIZE
from satchel.driver.private import ClientOptions, Response
from satchel.driver.workers import Workers
from satchel.wire.messages import Request
from satchel.wire.service import ConnectionState, DirectService, ShortCutRefusedError

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
        self._workers = workers
        self._turns = asyncio.Semaphore(int(min(self.opts.max_pool_size, _UNLIMITED)))
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
        reply = await self._send_away(self._operation_request(operation))
        return self._operation_response(operation, cursor, reply)

    async def _send_away(self, request: Request) -> Reply:
        """Have a thread run a command.

        When the task is cancelled the service notices; whether the command was carried out is then unknown, as with any
        server.
        """
        async with self._turns:
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
