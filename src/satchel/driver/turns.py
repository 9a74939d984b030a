"""The turns of an event loop, which short calls on its own thread must not make long."""

from __future__ import annotations

import asyncio
import time
from typing import Final

_LONGEST_SECONDS: Final = 0.001


class LoopTurn:
    """Knows how long calls have been holding an event loop since it last went round.

    A coroutine that never has to wait never lets others in: a row of short calls would hold the loop as one long one.
    """

    def __init__(self) -> None:
        self._began: float | None = None

    async def enter(self) -> None:
        """Let the loop go round if it has been held for long; a call of microseconds may follow."""
        if self._began is not None and time.perf_counter() - self._began > _LONGEST_SECONDS:
            await asyncio.sleep(0)
        if self._began is None:
            self._began = time.perf_counter()
            asyncio.get_running_loop().call_soon(self._end)

    def _end(self) -> None:
        self._began = None
