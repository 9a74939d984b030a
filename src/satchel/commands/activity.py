"""What commands do and have done: which run, how often, how long they took, which were slow."""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final

from satchel.commands.profiler import Profiler
from satchel.engine.engine import Engine
from satchel.engine.operation import Operation
from satchel.errors import ServerError
from satchel.logs import LOGGER, event

BUCKETS_SECONDS: Final = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""The upper bounds of the latency histograms."""

USAGES: Final[Mapping[str, str]] = {
    "aggregate": "queries",
    "count": "queries",
    "delete": "remove",
    "distinct": "queries",
    "find": "queries",
    "getMore": "getmore",
    "insert": "insert",
    "update": "update",
}
"""What `top` calls the use of a collection by each command; all others are its `commands`."""

_MAX_NAMESPACES: Final = 10_000


@dataclass(slots=True)
class Timing:
    """How often something was done, how often in vain, and how long it took.

    Attributes:
        buckets: The histogram: as many as took up to each of `BUCKETS_SECONDS`, and longer.
    """

    count: int = 0
    failed: int = 0
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_SECONDS) + 1))

    def add(self, seconds: float, *, failed: bool = False) -> None:
        """Count one."""
        self.count += 1
        self.failed += failed
        self.seconds += seconds
        self.buckets[bisect_left(BUCKETS_SECONDS, seconds)] += 1


def _by_usage() -> dict[str, Timing]:
    return defaultdict(Timing)


class Activity:
    """The record of one service.

    Args:
        engine: Whose operations it is about.
    """

    def __init__(self, engine: Engine) -> None:
        self.profiler = Profiler(engine)
        self._engine = engine
        self._lock = threading.Lock()
        self._commands: dict[str, Timing] = defaultdict(Timing)
        self._namespaces: dict[str, dict[str, Timing]] = defaultdict(_by_usage)

    def running(self, operation: Operation, *, is_write: bool) -> _Run:
        """Have an operation listed while the block runs, and counted at its end."""
        return _Run(self, operation, is_write=is_write)

    def began(self, operation: Operation) -> None:
        """List an operation."""
        self._engine.opcounters[operation.command] += 1
        self._engine.operations[operation.id] = operation

    def ended(self, operation: Operation, error: BaseException | None, *, is_write: bool) -> None:
        """Count an operation that is over, and log or profile a slow one."""
        self._engine.operations.pop(operation.id, None)
        seconds = time.monotonic() - operation.started
        namespace = operation.namespace_text
        usage = USAGES.get(operation.command, "commands")
        with self._lock:
            self._commands[operation.command].add(seconds, failed=error is not None)
            if "." in namespace:
                if len(self._namespaces) >= _MAX_NAMESPACES:
                    self._namespaces.clear()
                timings = self._namespaces[namespace]
                timings[usage].add(seconds)
                timings["writeLock" if is_write else "readLock"].add(seconds)
        if seconds * 1000 >= self.profiler.slow_ms:
            _log_slow(operation, namespace, seconds, error)
        if self.profiler.is_active:
            self.profiler.consider(operation, namespace, seconds, error)

    def commands(self) -> dict[str, Timing]:
        """Return the timings of each command, as they are now."""
        with self._lock:
            return {name: _copy(timing) for name, timing in self._commands.items()}

    def namespaces(self) -> dict[str, dict[str, Timing]]:
        """Return the timings of each use of each collection, as they are now."""
        with self._lock:
            return {
                namespace: {usage: _copy(timing) for usage, timing in timings.items()}
                for namespace, timings in self._namespaces.items()
            }


def _copy(timing: Timing) -> Timing:
    return Timing(timing.count, timing.failed, timing.seconds, list(timing.buckets))


class _Run:
    """An operation while it runs."""

    __slots__ = ("_activity", "_is_write", "_operation")

    def __init__(self, activity: Activity, operation: Operation, *, is_write: bool) -> None:
        self._activity = activity
        self._operation = operation
        self._is_write = is_write

    def __enter__(self) -> None:
        self._activity.began(self._operation)

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._activity.ended(self._operation, error, is_write=self._is_write)


def _log_slow(operation: Operation, namespace: str, seconds: float, error: BaseException | None) -> None:
    """Log a slow command: what it was, without the contents that are secret."""
    if not LOGGER.isEnabledFor(logging.INFO):
        return
    client = operation.client
    event(
        LOGGER, logging.INFO, "slow command",
        id=client.id if client is not None else 0, command=operation.command, ns=namespace,
        ms=round(seconds * 1000), **dict(_circumstances(operation, error)),
    )  # fmt: skip


def _circumstances(operation: Operation, error: BaseException | None) -> Iterator[tuple[str, object]]:
    client = operation.client
    if client is not None and client.peer is not None:
        yield "client", str(client.peer)
    if client is not None and client.app_name:
        yield "appName", client.app_name
    if operation.user is not None:
        yield "user", str(operation.user)
    if isinstance(error, ServerError):
        yield "error", error.code_name
