"""Cluster time: the clock of replies, and the order of changes in the log."""

from __future__ import annotations

import time
from typing import Final

from bson import Timestamp

_INCREMENT_BITS: Final = 31
_MAX_INCREMENT: Final = (1 << _INCREMENT_BITS) - 1
_FIRST_INCREMENT: Final = 2
_LAG_SECONDS: Final = 1
"""How long a change may take from its place in the log to its commit, while replies tell times that lie before it."""


def position_of(timestamp: Timestamp) -> int:
    """Return a cluster time as a position in the change log."""
    return timestamp.time << _INCREMENT_BITS | min(timestamp.inc, _MAX_INCREMENT)


def timestamp_of(position: int) -> Timestamp:
    """Return a position in the change log as a cluster time."""
    return Timestamp(position >> _INCREMENT_BITS, position & _MAX_INCREMENT)


def start_of_second(seconds: int) -> int:
    """Return the first position that a change can have in a second since 1970."""
    return seconds << _INCREMENT_BITS | _FIRST_INCREMENT


class ClusterClock:
    """The cluster time of one file, as far as this process knows it.

    What it tells to clients (`now`) is never later than a change that is yet to be committed, in whichever process; so
    a change stream that starts at the operationTime of a reply misses nothing that came after the reply. All processes
    that have a file open share a machine, and so a clock.
    """

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> Timestamp:
        """Return the time for a reply: that of the last change that is known, or the clock's."""
        self._last = max(self._last, (int(time.time()) - _LAG_SECONDS) << _INCREMENT_BITS | 1)
        return timestamp_of(self._last)

    def reached(self, position: int) -> None:
        """Take notice of a change that has been committed."""
        self._last = max(self._last, position)

    def next_position(self, last: int) -> int:
        """Return the position for the next change, given that of the last one in the file."""
        return max(last + 1, self._last + 1, start_of_second(int(time.time())))
