"""Waiting for other writers: those of this process at a lock, those of others at SQLite's."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final

import apsw

from satchel.settings import BUSY_TIMEOUT_SECONDS
from satchel.storage.patience import before_waiting, may_wait

Check = Callable[[], None]
"""Called now and then while something waits; what it raises ends the waiting."""

_SECONDS_BETWEEN_CHECKS: Final = 0.1
_PAGES_BETWEEN_CHECKPOINTS: Final = 1000
"""As SQLite has it."""

_LONGEST_SLEEP_SECONDS: Final = 0.005
"""Who sleeps longer seldom finds the file free while others write without a pause: with two such processes a third one
waited 0.67 s for its turn when this was 50 ms, 0.07 s now, and all three wrote as much."""


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
        """Take the lock, however long that takes.

        Raises:
            WouldWaitError: Somebody has it, and this thread must not wait.
        """
        if self._lock.acquire(False):
            return
        before_waiting()
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


class Checkpoints:
    """Brings the log into the file when it has become long: what SQLite does by itself, but not while a loop waits."""

    def __init__(self) -> None:
        self._is_due = False

    def before_writing(self) -> None:
        """Let nobody write who must not wait when it is time for a checkpoint: who writes next makes it.

        Raises:
            WouldWaitError: It is time.
        """
        if self._is_due:
            before_waiting()

    def after_commit(self, connection: apsw.Connection, schema: str, pages: int) -> int:
        """Make a checkpoint if it is time and there is time: SQLite calls it with the length of its log."""
        self._is_due = pages >= _PAGES_BETWEEN_CHECKPOINTS
        if self._is_due and may_wait():
            self._is_due = False
            with contextlib.suppress(apsw.Error):  # the commit has succeeded; the next one tries again
                connection.wal_checkpoint(schema, apsw.SQLITE_CHECKPOINT_PASSIVE)
        return apsw.SQLITE_OK


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
        if not may_wait():
            return False
        now = time.monotonic()
        if not attempts:
            self._gives_up_at = now + BUSY_TIMEOUT_SECONDS
        if self.check is not None:
            self.check()
        if now >= self._gives_up_at:
            return False
        time.sleep(min(0.0005 * 2 ** min(attempts, 10), _LONGEST_SLEEP_SECONDS))
        return True
