"""Points in time that can be read again: read concern "snapshot" outside transactions."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from bson import Timestamp

from satchel.engine.reaper import Reaper
from satchel.errors import ErrorCode, ServerError
from satchel.settings import MAX_SNAPSHOTS

if TYPE_CHECKING:
    from satchel.engine.engine import Engine, PinnedEngine


class PinnedSnapshot:
    """The file as it was at a point in time."""

    def __init__(self, engine: Engine, history: SnapshotHistory, at: Timestamp) -> None:
        self.at = at
        self.expires_at = time.monotonic() + engine.limits.snapshot_history_seconds
        self._history = history
        self._transaction = engine.storage.begin()
        self.engine: PinnedEngine = engine.pinned(self._transaction)
        with self.engine.read():
            pass  # whose snapshot it is from now on

    def expire(self) -> None:
        """Let go of it."""
        self._history.forget(self)

    def release(self) -> None:
        """Give its connection back."""
        self._transaction.rollback()


class SnapshotHistory:
    """The points in time that were read with read concern "snapshot", for five minutes each.

    Args:
        engine: The engine.
        reaper: What ends those that are too old.
    """

    def __init__(self, engine: Engine, reaper: Reaper) -> None:
        self._engine = engine
        self._reaper = reaper
        self._pinned: dict[Timestamp, PinnedSnapshot] = {}
        self._lock = threading.Lock()

    def take(self, at: Timestamp) -> PinnedEngine:
        """Return the engine as it is now, to be found again as the time `at`."""
        snapshot = PinnedSnapshot(self._engine, self, at)
        self._reaper.watch(snapshot)
        with self._lock:
            self._pinned[at] = snapshot
            oldest = min(self._pinned) if len(self._pinned) > MAX_SNAPSHOTS else None
        if oldest is not None:
            self.forget(self._pinned[oldest])
        return snapshot.engine

    def find(self, at: Timestamp) -> PinnedEngine:
        """Return the engine as it was.

        Raises:
            ServerError: SnapshotTooOld (239) when nobody has read that point in time, or it was too long ago.
        """
        snapshot = self._pinned.get(at)
        if snapshot is None:
            raise ServerError(
                ErrorCode.SnapshotTooOld, f"Read timestamp {at} is older than the oldest available timestamp."
            )
        return snapshot.engine

    def forget(self, snapshot: PinnedSnapshot) -> None:
        """Let go of a point in time."""
        self._reaper.forget(snapshot)
        with self._lock:
            self._pinned.pop(snapshot.at, None)
        snapshot.release()

    def clear(self) -> None:
        """Let go of all."""
        for snapshot in list(self._pinned.values()):
            self.forget(snapshot)
