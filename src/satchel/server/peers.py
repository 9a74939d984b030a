"""Whether somebody is still at the other end of a socket that nobody reads."""

from __future__ import annotations

import select
from typing import Final

_GONE: Final = getattr(select, "POLLRDHUP", 0) | getattr(select, "POLLHUP", 0) | getattr(select, "POLLERR", 0)


def is_gone(descriptor: int) -> bool:
    """Tell whether the peer has closed or lost the connection; where the system cannot tell, it has not."""
    if descriptor < 0 or not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(descriptor, _GONE)
    return any(events & _GONE for _, events in poll.poll(0))
