"""Ends what has been open for too long, in a thread that runs only while something is open."""

from __future__ import annotations

import threading
import time
from typing import Final, Protocol

_TICK_SECONDS: Final = 0.25
_IDLE_TICKS: Final = 20


class Expiring(Protocol):
    """Something that may be open until a point in time."""

    @property
    def expires_at(self) -> float:
        """The point, as `time.monotonic()` has it."""

    def expire(self) -> None:
        """End it; called in the reaper's thread."""


class Reaper:
    """Looks every now and then at what is open."""

    def __init__(self) -> None:
        self._open: set[Expiring] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, item: Expiring) -> None:
        """End `item` when its time is over, unless it is forgotten before."""
        with self._lock:
            self._open.add(item)
            # A thread of the parent process counts as dead in a forked child.
            if (self._thread is None or not self._thread.is_alive()) and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="satchel-reaper", daemon=True)
                self._thread.start()

    def forget(self, item: Expiring) -> None:
        """Watch `item` no longer."""
        with self._lock:
            self._open.discard(item)

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join()

    def reap(self) -> None:
        """End what is past its time now."""
        now = time.monotonic()
        with self._lock:
            due = [item for item in self._open if item.expires_at <= now]
            self._open.difference_update(due)
        for item in due:
            item.expire()

    def _run(self) -> None:
        idle = 0
        while not self._stop.wait(_TICK_SECONDS):
            self.reap()
            with self._lock:
                idle = 0 if self._open else idle + 1
                if idle >= _IDLE_TICKS:
                    self._thread = None
                    return
