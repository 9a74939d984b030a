"""`$min`, `$max`, `$first`, `$last`, `$top`, `$bottom` and their forms for several values."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Final, TypeAlias

from bson import Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from satchel.mql.accumulation.accumulator import Accumulator
from satchel.values.bson_types import MISSING, BsonValue, Field
from satchel.values.collation import Collation
from satchel.values.compare import compare
from satchel.values.key_string import encode

_SLACK: Final = 64

_NUMBERS: Final = frozenset({int, Int64, float})
_NATIVE_KEYS: Final[dict[type, Callable[[Any], Any]]] = {
    DatetimeMS: int,
    ObjectId: attrgetter("binary"),
    bool: bool,
}

Ranked: TypeAlias = tuple[bytes, Field]
"""A sort key and the value that it stands for."""


def _itself(value: Any) -> Any:
    return value


def _native_key(values: list[Field], collation: Collation | None) -> Callable[[Any], Any] | None:
    """Return a key by which Python compares the values as MongoDB does, None where there is none for all of them."""
    classes = set(map(type, values))
    if classes <= _NUMBERS:
        return None if float in classes and any(value != value for value in values) else _itself  # noqa: PLR0124 - NaN
    if classes == {str}:
        return _itself if collation is None else None
    return _NATIVE_KEYS.get(classes.pop()) if len(classes) == 1 else None


class Extremum(Accumulator):
    """`$min` and `$max`: the first of the least (greatest) values; null and missing do not count.

    Args:
        collation: How strings compare.
        greatest: Whether to look for the greatest value.
    """

    __slots__ = ("_best", "_collation", "_sign")

    def __init__(self, collation: Collation | None = None, *, greatest: bool) -> None:
        self._collation = collation
        self._sign = -1 if greatest else 1
        self._best: Field = MISSING

    def add(self, value: Field) -> None:
        """Take a value in."""
        if value is None or value is MISSING:
            return
        if self._best is MISSING or compare(value, self._best, self._collation) * self._sign < 0:
            self._best = value

    def add_many(self, values: Iterable[Field]) -> None:
        """Take values in; those that Python compares alike, in one go."""
        there = [value for value in values if value is not None and value is not MISSING]
        key = _native_key(there, self._collation)
        if key is None:
            for value in there:
                self.add(value)
        elif there:
            self.add(min(there, key=key) if self._sign > 0 else max(there, key=key))

    def merge(self, other: Extremum) -> None:
        """Take the other's best value in."""
        self.add(other._best)

    def result(self) -> Field:
        """Return the value, or null for none."""
        return None if self._best is MISSING else self._best


class First(Accumulator):
    """`$first`: the first value, null where it is missing."""

    __slots__ = ("_value",)

    @property
    def wants_more(self) -> bool:
        """Whether there is no value yet."""
        return not self._value

    def __init__(self) -> None:
        self._value: list[Field] = []

    def add(self, value: Field) -> None:
        """Take a value in."""
        if not self._value:
            self._value.append(value)

    def add_many(self, values: Iterable[Field]) -> None:
        """Take values in."""
        if not self._value:
            self._value.extend(list(values)[:1])

    def merge(self, other: First) -> None:
        """The other's values are later ones."""
        if not self._value:
            self._value = other._value

    def result(self) -> Field:
        """Return the value."""
        return _present(self._value[0]) if self._value else None


class Last(Accumulator):
    """`$last`: the last value, null where it is missing."""

    __slots__ = ("_value",)

    def __init__(self) -> None:
        self._value: list[Field] = []

    def add(self, value: Field) -> None:
        """Take a value in."""
        self._value = [value]

    def add_many(self, values: Iterable[Field]) -> None:
        """Take values in."""
        self._value = list(values)[-1:] or self._value

    def merge(self, other: Last) -> None:
        """The other's values are later ones."""
        self._value = other._value or self._value

    def result(self) -> Field:
        """Return the value."""
        return _present(self._value[0]) if self._value else None


def _present(value: Field) -> Field:
    return None if value is MISSING else value


class FirstN(Accumulator):
    """`$firstN`: the first values, nulls where they are missing.

    Args:
        n: How many.
    """

    __slots__ = ("_n", "_values")

    def __init__(self, n: int) -> None:
        self._n = n
        self._values: list[Field] = []

    @property
    def wants_more(self) -> bool:
        """Whether there are fewer values than asked for."""
        return len(self._values) < self._n

    def add(self, value: Field) -> None:
        """Take a value in."""
        if len(self._values) < self._n:
            self._values.append(_present(value))

    def merge(self, other: FirstN) -> None:
        """Take the other's values in."""
        self.add_many(other._values)

    def result(self) -> Field:
        """Return the array."""
        return list(self._values)


class LastN(Accumulator):
    """`$lastN`: the last values, nulls where they are missing.

    Args:
        n: How many.
    """

    __slots__ = ("_n", "_values")

    def __init__(self, n: int) -> None:
        self._n = n
        self._values: deque[Field] = deque()

    def add(self, value: Field) -> None:
        """Take a value in."""
        self._values.append(_present(value))
        if len(self._values) > self._n:
            self._values.popleft()

    def merge(self, other: LastN) -> None:
        """Take the other's values in."""
        self.add_many(other._values)

    def result(self) -> Field:
        """Return the array."""
        return list(self._values)


class ExtremumN(Accumulator):
    """`$minN` and `$maxN`: the least (greatest) values in order; null and missing do not count.

    Args:
        n: How many.
        collation: How strings compare.
        greatest: Whether to look for the greatest values.
    """

    __slots__ = ("_collation", "_heap", "_n")

    def __init__(self, n: int, collation: Collation | None = None, *, greatest: bool) -> None:
        self._n = n
        self._collation = collation
        self._heap = WorstFirstHeap(greatest=greatest)

    def add(self, value: Field) -> None:
        """Take a value in."""
        if value is not None and value is not MISSING:
            self._insert((encode(value, self._collation), value))

    def _insert(self, ranked: Ranked) -> None:
        heap = self._heap
        if len(heap) < self._n:
            heap.push(ranked)
        elif heap.is_better(ranked):
            heap.pop()
            heap.push(ranked)

    def merge(self, other: ExtremumN) -> None:
        """Take the other's values in."""
        for ranked in other._heap.ranked:
            self._insert(ranked)

    def result(self) -> list[BsonValue]:
        """Return the array."""
        return [value for _, value in self._heap.sorted()]


class WorstFirstHeap:
    """A binary heap with the worst of the kept values on top.

    Values can be equal and of different types, and MongoDB's heap decides which of them come out, in which order:
    this one takes the same steps.

    Args:
        greatest: Whether great values are the good ones.
    """

    __slots__ = ("_greatest", "ranked")

    def __init__(self, *, greatest: bool) -> None:
        self._greatest = greatest
        self.ranked: list[Ranked] = []

    def __len__(self) -> int:
        return len(self.ranked)

    def _before(self, left: Ranked, right: Ranked) -> bool:
        return left[0] > right[0] if self._greatest else left[0] < right[0]

    def is_better(self, ranked: Ranked) -> bool:
        """Tell whether a value is better than the worst one."""
        return self._before(ranked, self.ranked[0])

    def push(self, ranked: Ranked) -> None:
        """Put a value in."""
        self.ranked.append(ranked)
        self._rise(self.ranked, len(self.ranked) - 1, ranked)

    def pop(self) -> None:
        """Drop the worst value."""
        self._sink_top(self.ranked, len(self.ranked) - 1)
        self.ranked.pop()

    def sorted(self) -> list[Ranked]:
        """Return the values, the best first."""
        heap = list(self.ranked)
        for last in range(len(heap) - 1, 0, -1):
            self._sink_top(heap, last)
        return heap

    def _rise(self, heap: list[Ranked], hole: int, ranked: Ranked) -> None:
        """Move the hole up to where `ranked` belongs."""
        while hole > 0:
            parent = (hole - 1) // 2
            if not self._before(heap[parent], ranked):
                break
            heap[hole] = heap[parent]
            hole = parent
        heap[hole] = ranked

    def _sink_top(self, heap: list[Ranked], last: int) -> None:
        """Swap the top to position `last`, and make a heap of what is before it."""
        moved, heap[last] = heap[last], heap[0]
        hole = 0
        child = 2
        while child < last:
            if self._before(heap[child], heap[child - 1]):
                child -= 1
            heap[hole] = heap[child]
            hole, child = child, 2 * child + 2
        if child == last:
            heap[hole] = heap[child - 1]
            hole = child - 1
        self._rise(heap, hole, moved)


class TopN(Accumulator):
    """`$topN`, `$bottomN`, `$top`, `$bottom`: outputs of the documents that come first (last) in an order.

    Values are pairs of the document's sort key and its output. A document that equals the worst one kept stays out;
    of several worst ones the latest (from the bottom the earliest) makes room for a better one.

    Args:
        n: How many; None for the one output by itself, not in an array.
        from_bottom: Whether to keep the last ones.
    """

    __slots__ = ("_count", "_from_bottom", "_is_single", "_n", "_ranked")

    def __init__(self, n: int | None, *, from_bottom: bool) -> None:
        self._n = 1 if n is None else n
        self._is_single = n is None
        self._from_bottom = from_bottom
        self._count = 0
        self._ranked: list[tuple[bytes, int, Field]] = []

    def add(self, value: Field) -> None:
        """Take a pair in."""
        self._insert(*value)  # type: ignore[misc]

    def _insert(self, key: bytes, output: Field) -> None:
        self._count += 1
        ranked = self._ranked
        if not self._from_bottom:
            ranked.append((key, self._count, output))
            if len(ranked) > 2 * self._n + _SLACK:
                self._prune()
        elif len(ranked) < self._n:
            heapq.heappush(ranked, (key, self._count, output))
        elif key > ranked[0][0]:
            heapq.heapreplace(ranked, (key, self._count, output))

    def _prune(self) -> None:
        self._ranked.sort(key=_place)
        del self._ranked[self._n :]

    def merge(self, other: TopN) -> None:
        """Take the other's pairs in."""
        for key, _, output in sorted(other._ranked, key=lambda entry: entry[1]):
            self._insert(key, output)

    def result(self) -> Field:
        """Return the outputs in order."""
        kept = sorted(self._ranked, key=_place)[: self._n]
        outputs = [_present(output) for _, _, output in kept]
        if self._is_single:
            return outputs[0] if outputs else None
        return outputs


def _place(ranked: tuple[bytes, int, Field]) -> tuple[bytes, int]:
    return ranked[:2]
