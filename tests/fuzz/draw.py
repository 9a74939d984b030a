"""Choices of a seeded generator."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Draw:
    """What generators ask a `random.Random` for.

    Args:
        seed: Anything that `random.Random` takes; equal seeds make equal choices.
    """

    def __init__(self, seed: int | str) -> None:
        self.random = random.Random(seed)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def whole(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    def one(self, items: Sequence[Item]) -> Item:
        return items[self.random.randrange(len(items))]

    def some(self, items: Sequence[Item], least: int, most: int) -> list[Item]:
        """Choose distinct positions of `items`, in random order."""
        return self.random.sample(list(items), min(len(items), self.whole(least, most)))

    def many(self, make: Callable[[], Item], least: int, most: int) -> list[Item]:
        return [make() for _ in range(self.whole(least, most))]
