"""Guessing passwords takes time: every failed login doubles the wait before the next one."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from satchel.wire.service import UserName

FREE_FAILURES: Final = 3
FIRST_DELAY_SECONDS: Final = 0.25
MAX_DELAY_SECONDS: Final = 8.0
FORGET_AFTER_SECONDS: Final = 600.0
MAX_TRACKED: Final = 10_000


@dataclass(slots=True)
class _Failures:
    count: int = 0
    next_attempt: float = 0.0
    seen: float = 0.0


class Throttle:
    """Says how long a login has to wait. It does not wait itself, and holds no lock while somebody does.

    The failures of one user are counted by where they come from, so that nobody can lock a user out from elsewhere.
    What waits takes its turn: logins that are tried side by side are as slow as one after the other.

    Args:
        clock: Tells the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: OrderedDict[tuple[UserName, str], _Failures] = OrderedDict()

    def delay(self, user: UserName, source: str) -> float | None:
        """Return the seconds to wait before a login is looked at; None when too many wait already: refuse it."""
        with self._lock:
            failures = self._failures.get((user, source))
            if failures is None:
                return 0.0
            now = self._clock()
            wait = failures.next_attempt - now
            if wait > MAX_DELAY_SECONDS:
                return None
            if failures.count >= FREE_FAILURES:
                failures.next_attempt = max(now, failures.next_attempt) + _delay_after(failures.count)
            return max(wait, 0.0)

    def failed(self, user: UserName, source: str) -> None:
        """Note a failed login."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            failures = self._failures.setdefault((user, source), _Failures())
            self._failures.move_to_end((user, source))
            failures.count += 1
            failures.seen = now
            failures.next_attempt = max(failures.next_attempt, now + _delay_after(failures.count))

    def succeeded(self, user: UserName, source: str) -> None:
        """Forget the failures before a login that succeeded."""
        with self._lock:
            self._failures.pop((user, source), None)

    def _forget(self, now: float) -> None:
        """Let go of what is long past, and of the oldest when there is too much."""
        while self._failures:
            oldest = next(iter(self._failures.values()))
            if now - oldest.seen < FORGET_AFTER_SECONDS and len(self._failures) < MAX_TRACKED:
                return
            self._failures.popitem(last=False)


def _delay_after(failures: int) -> float:
    if failures < FREE_FAILURES:
        return 0.0
    return min(FIRST_DELAY_SECONDS * 2.0 ** min(failures - FREE_FAILURES, 30), MAX_DELAY_SECONDS)
