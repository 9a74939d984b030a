"""Waiting for data: awaitData cursors and change streams sleep here until somebody writes."""

from __future__ import annotations

import itertools
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Final

from satchel.errors import StorageError
from satchel.settings import FILE_POLL_SECONDS
from satchel.storage.interface import Storage

_WATCHES: Final[weakref.WeakSet[DataWatch]] = weakref.WeakSet()


class DataWatch:
    """Wakes those who wait for data: at once for writes of this process, soon for those of others.

    One of those who wait, the scout, looks at the file every now and then on behalf of them all.

    Args:
        storage: The file.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._version: int | None = None
        self._start()
        _WATCHES.add(self)

    def _start(self) -> None:
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._announcements = 0
        self._waiting = 0
        self._has_scout = False

    @property
    def announcements(self) -> int:
        """A number that every announcement changes; to be asked before one looks for data and then waits."""
        return self._announcements

    def announce(self) -> None:
        """Wake everybody who waits: there is data, or somebody is to look whether he still has to wait."""
        # No lock is needed to see that nobody waits: who waits says so first and then looks at the number again.
        self._announcements = next(self._numbers)
        if self._waiting:
            with self._changed:
                self._changed.notify_all()

    def wait(self, seen: int, until: float, is_over: Callable[[], bool]) -> None:
        """Wait for an announcement.

        Args:
            seen: What `announcements` was before the caller looked for data.
            until: When to stop waiting at the latest (`time.monotonic()`).
            is_over: Whether there is nothing to wait for any more; asked before waiting, and whoever changes it
                announces that.
        """
        is_scout = False
        with self._changed:
            self._waiting += 1
        try:
            while True:
                with self._changed:
                    left = until - time.monotonic()
                    if self._announcements != seen or left <= 0 or is_over():
                        return
                    if not self._has_scout:
                        is_scout = self._has_scout = True
                    self._changed.wait(min(left, FILE_POLL_SECONDS) if is_scout else left)
                if is_scout:
                    self._look()
        finally:
            with self._changed:
                self._waiting -= 1
                if is_scout:
                    self._has_scout = False
                if not self._has_scout:
                    self._changed.notify()

    def _look(self) -> None:
        try:
            version = self._storage.version()
        except StorageError:
            return  # The file is being closed, which is announced as well.
        if version != self._version:
            self._version = version
            self.announce()


def _start_anew() -> None:
    """In a forked child no thread waits, and none holds a lock."""
    for watch in list(_WATCHES):
        watch._start()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
