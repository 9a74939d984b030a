"""Where the scans of a query find their snapshot.

A query can outlive the command that began it: a cursor goes on with the next getMore. Nothing may keep a snapshot open
in between (it would hold a connection, and the log could not shrink), so scans are generators that remember their
position and look for it anew in the snapshot of the command that runs now.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from satchel.engine.units import ReadUnit


class ReadSlot:
    """Holds the snapshot that scans read, for as long as a command runs.

    Attributes:
        current: The snapshot and its catalog; None between commands, when no scan may run.
        generation: Counts the snapshots; a scan that sees another number than before has to look for its place again.
    """

    __slots__ = ("current", "generation")

    def __init__(self) -> None:
        self.current: ReadUnit | None = None
        self.generation = 0

    @contextmanager
    def attached(self, unit: ReadUnit) -> Iterator[None]:
        """Let scans read the snapshot of `unit` during the block."""
        self.current = unit
        self.generation += 1
        try:
            yield
        finally:
            self.current = None
            self.generation += 1

    @property
    def unit(self) -> ReadUnit:
        """The snapshot of the command that runs."""
        assert self.current is not None, "a scan ran outside a command"
        return self.current
