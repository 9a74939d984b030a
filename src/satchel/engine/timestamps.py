"""Timestamps that this process makes."""

from __future__ import annotations

import itertools
import time

from bson import Timestamp

_increments = itertools.count(1)


def current_timestamp() -> Timestamp:
    """Return a timestamp of now that differs from every other one of this process."""
    return Timestamp(int(time.time()), next(_increments) & 0x7FFFFFFF)
