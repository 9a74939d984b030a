"""Threads in which an asynchronous client's commands run, so that they never hold its event loop.

`concurrent.futures` would do; this costs two thirds of it per command, starts only as many threads as run at once
(PyMongo's `maxPoolSize` limits those), survives a fork, and stops when garbage collection says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import NamedTuple, TypeVar

_Result = TypeVar("_Result")


class _Job(NamedTuple):
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[object]
    call: Callable[[], object]


class _Crew:
    """What threads and their owner share; it does not refer to the owner, so that he can be collected."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        # One entry per thread that waits; deques change atomically.
        self.idle: deque[None] = deque()

    def stop(self) -> None:
        """Have every thread end after its job. Safe in the garbage collector: SimpleQueue.put is reentrant."""
        self.jobs.put(None)


class Workers:
    """Threads that run calls for an event loop."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._crew = _Crew()
        self.close = weakref.finalize(self, self._crew.stop)

    def run(self, call: Callable[[], _Result]) -> asyncio.Future[_Result]:
        """Run `call` in a thread; cancelling the future leaves it running, and its result unseen."""
        if self._crew.pid != os.getpid():
            # The threads stayed in the parent process.
            self.close.detach()
            self._start()
        crew = self._crew
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Result] = loop.create_future()
        crew.jobs.put(_Job(loop, future, call))  # type: ignore[arg-type]
        try:
            crew.idle.pop()
        except IndexError:
            threading.Thread(target=_work, args=(crew,), name="satchel-worker", daemon=True).start()
        return future


def _work(crew: _Crew) -> None:
    while (job := crew.jobs.get()) is not None:
        result, error = None, None
        try:
            result = job.call()
        except BaseException as failure:
            error = failure
        crew.idle.append(None)
        # The loop may have been closed meanwhile; then nobody waits.
        with contextlib.suppress(RuntimeError):
            job.loop.call_soon_threadsafe(_finish, job.future, result, error)
        del job, result, error
    crew.jobs.put(None)


def _finish(future: asyncio.Future[object], result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
