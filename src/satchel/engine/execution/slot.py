"""Where the scans of a query find their snapshot.

A query can outlive the command that began it: a cursor goes on with the next getMore. Nothing may keep a snapshot open
in between (it would hold a connection, and the log could not shrink), so scans are generators that remember their
position and look for it anew in the snapshot of the command that runs now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from satchel.engine.units import ReadUnit, WriteUnit


class ReadSlot:
    """Holds the snapshot that scans read, for as long as a command runs.

    Attributes:
        current: The snapshot and its catalog; None between commands, when no scan may run.
        generation: Counts the snapshots; a scan that sees another number than before has to look for its place again.
    """

    __slots__ = ("_check", "current", "generation")

    def __init__(self) -> None:
        self.current: ReadUnit | None = None
        self.generation = 0
        self._check: Callable[[], None] | None = None

    @contextmanager
    def attached(self, unit: ReadUnit) -> Iterator[None]:
        """Let scans read the snapshot of `unit` during the block."""
        self.current = unit
        self.generation += 1
        self._watch()
        try:
            yield
        finally:
            unit.reader.watch(None)
            self.current = None
            self.generation += 1

    def watch(self, check: Callable[[], None]) -> None:
        """Let `check` end reading, by raising, also while the storage looks for what is next.

        What reads and writes in turns is not watched: a write must not end half-way.
        """
        self._check = check
        self._watch()

    def _watch(self) -> None:
        if self.current is not None and self.is_watched:
            self.current.reader.watch(self._check)

    @property
    def is_watched(self) -> bool:
        """Whether the storage looks by itself whether reading is to end."""
        return not isinstance(self.current, WriteUnit)

    @property
    def unit(self) -> ReadUnit:
        """The snapshot of the command that runs."""
        assert self.current is not None, "a scan ran outside a command"
        return self.current
