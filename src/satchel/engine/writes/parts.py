"""Many documents, some at a time: as many as pay to go through each step together, and little memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

Item = TypeVar("Item")

MOST_BYTES: Final = 4 * 1024 * 1024
MOST_ITEMS: Final = 200
"""More would live long enough for Python's garbage collector to go through them several times."""


def parts(items: Iterable[Item], size_of: Callable[[Any], int] = len) -> Iterator[list[Item]]:
    """Divide items.

    Args:
        items: What to divide.
        size_of: How many bytes an item has.
    """
    part: list[Item] = []
    size_bytes = 0
    for item in items:
        part.append(item)
        size_bytes += size_of(item)
        if size_bytes >= MOST_BYTES or len(part) == MOST_ITEMS:
            yield part
            part, size_bytes = [], 0
    if part:
        yield part
