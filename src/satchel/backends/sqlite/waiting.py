"""Waiting for other writers: those of this process at a lock, those of others at SQLite's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final

from satchel.settings import BUSY_TIMEOUT_SECONDS

Check = Callable[[], None]
"""Called now and then while something waits; what it raises ends the waiting."""

_SECONDS_BETWEEN_CHECKS: Final = 0.1
_LONGEST_SLEEP_SECONDS: Final = 0.05


class WriteLock:
    """Lets one writer of this process in: a write that runs, or a transaction that stays open between commands.

    No thread owns it, because the commands of a transaction may run in different ones.

    Attributes:
        holder: The open transaction that has it; None while nobody or a write that runs does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.holder: object | None = None
        self.release = self._lock.release

    def acquire(self, check: Check | None = None) -> None:
        """Take the lock, however long that takes."""
        if self._lock.acquire(False):
            return
        while not self._lock.acquire(timeout=_SECONDS_BETWEEN_CHECKS):
            if check is not None:
                check()

    def acquire_within(self, seconds: float) -> bool:
        """Take the lock and tell whether that was possible within a time."""
        return self._lock.acquire(timeout=seconds)

    def hold(self, transaction: object, seconds: float, check: Check | None = None) -> bool:
        """Take the lock for a transaction that keeps it, and tell whether that was possible.

        A write that runs is waited for; it ends by itself. Another transaction may wait for this one's client.

        Args:
            transaction: Who keeps it.
            seconds: How long to wait for another transaction.
            check: Called while others have it.
        """
        while not self._lock.acquire(timeout=seconds):
            if check is not None:
                check()
            if self.holder is not None:
                return False
        self.holder = transaction
        return True

    def let_go(self) -> None:
        """Give back what `hold` has taken."""
        self.holder = None
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class BusyHandler:
    """Waits while another process writes: SQLite calls it.

    Attributes:
        check: Ends the waiting by raising.
    """

    def __init__(self) -> None:
        self.check: Check | None = None
        self._gives_up_at = 0.0

    def __call__(self, attempts: int) -> bool:
        """Sleep a little and tell whether SQLite shall try again.

        Args:
            attempts: How often it has tried since it first found the file busy.
        """
        now = time.monotonic()
        if not attempts:
            self._gives_up_at = now + BUSY_TIMEOUT_SECONDS
        if self.check is not None:
            self.check()
        if now >= self._gives_up_at:
            return False
        time.sleep(min(0.0005 * 2 ** min(attempts, 10), _LONGEST_SLEEP_SECONDS))
        return True
