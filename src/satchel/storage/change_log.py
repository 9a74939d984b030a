"""Protocols of the change log: entries by position, in the same transactions as the changes that they tell of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol


class LogEntry(NamedTuple):
    """An entry: its position, which only grows, and BSON that the engine alone reads."""

    position: int
    entry: bytes


class LogState(NamedTuple):
    """What is known of a log beside its entries.

    Attributes:
        lost: Up to where (inclusive) nothing is known: before it began, or taken away since.
        watched_at: When somebody last read it, in seconds since 1970.
    """

    lost: int
    watched_at: int


class ChangeLogReader(Protocol):
    """The change log in one snapshot."""

    def is_kept(self) -> bool:
        """Tell whether changes are being logged. That turns with the catalog's version."""

    def state(self) -> LogState | None:
        """Return what is known of the log; None when there never was one."""

    def entries(self, after: int) -> Iterator[LogEntry]:
        """Yield the entries beyond a position, in order."""

    def get(self, position: int) -> bytes | None:
        """Return one entry."""

    def last_position(self) -> int:
        """Return the position of the newest entry; that up to which all is lost when there is none."""


class ChangeLogWriter(ChangeLogReader, Protocol):
    """The change log in a write transaction."""

    def start(self, position: int, now: int) -> None:
        """Begin to log; all before `position`, inclusive, is lost. `now` is in seconds since 1970."""

    def append(self, entries: Iterable[LogEntry]) -> None:
        """Add entries at the end."""

    def shift(self, first: int, distance: int) -> None:
        """Move the entries from `first` on to later positions."""

    def note_watched(self, now: int) -> None:
        """Remember that somebody reads the log, at `now` in seconds since 1970."""

    def trim(self, before: int, max_bytes: int) -> None:
        """Take entries away, oldest first: those before a position, and more until the rest has not too many bytes."""

    def stop(self) -> None:
        """Log no longer, and take all entries away."""
