"""Threads that must not wait: those of event loops, while they do themselves what takes microseconds."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Final

MOST_AT_ONCE_BYTES: Final = 16 * 1024
"""Larger documents take longer than an event loop should stand still."""


class WouldWaitError(Exception):
    """A thread that must not wait would have to, or do what takes long. Nothing has happened."""


class _State(threading.local):
    is_impatient = False


_state: Final = _State()


class NoWaiting:
    """A block in which the thread does not wait: what would take long raises `WouldWaitError`."""

    def __enter__(self) -> None:
        _state.is_impatient = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _state.is_impatient = False


def may_wait() -> bool:
    """Tell whether this thread may wait."""
    return not _state.is_impatient


def before_waiting() -> None:
    """Raise when this thread must not wait.

    Raises:
        WouldWaitError: It must not.
    """
    if _state.is_impatient:
        raise WouldWaitError


def before_handling(size_bytes: int) -> None:
    """Raise when this thread must not wait and a document is too large to be handled at once.

    Raises:
        WouldWaitError: So it is.
    """
    if size_bytes > MOST_AT_ONCE_BYTES and _state.is_impatient:
        raise WouldWaitError
