"""`$min`, `$max`, `$first`, `$last`, `$top`, `$bottom` and their forms for several values."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, TypeAlias

from bson import Int64

from satchel.mql.accumulation.accumulator import Accumulator
from satchel.values.bson_types import MISSING, Field
from satchel.values.collation import Collation
from satchel.values.compare import compare
from satchel.values.key_string import encode

_INTEGERS: Final = frozenset({int, Int64})
_SLACK: Final = 64

Ranked: TypeAlias = tuple[bytes, Field]
"""A sort key and the value that it stands for."""


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
        values = values if isinstance(values, list) else list(values)
        classes = set(map(type, values))
        if values and (classes <= _INTEGERS or (classes == {str} and self._collation is None)):
            self.add(min(values) if self._sign > 0 else max(values))
        else:
            for value in values:
                self.add(value)

    def merge(self, other: Extremum) -> None:
        """Take the other's best value in."""
        self.add(other._best)

    def result(self) -> Field:
        """Return the value, or null for none."""
        return None if self._best is MISSING else self._best


class First(Accumulator):
    """`$first`: the first value, null where it is missing."""

    __slots__ = ("_value",)

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
        self._value: Field = MISSING

    def add(self, value: Field) -> None:
        """Take a value in."""
        self._value = value

    def add_many(self, values: Iterable[Field]) -> None:
        """Take values in."""
        for value in values if not isinstance(values, list) else values[-1:]:
            self._value = value

    def merge(self, other: Last) -> None:
        """The other's values are later ones."""
        self._value = other._value

    def result(self) -> Field:
        """Return the value."""
        return _present(self._value)


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

    __slots__ = ("_collation", "_greatest", "_n", "_ranked")

    def __init__(self, n: int, collation: Collation | None = None, *, greatest: bool) -> None:
        self._n = n
        self._collation = collation
        self._greatest = greatest
        self._ranked: list[Ranked] = []

    def add(self, value: Field) -> None:
        """Take a value in."""
        if value is None or value is MISSING:
            return
        self._ranked.append((encode(value, self._collation), value))
        if len(self._ranked) > 2 * self._n + _SLACK:
            self._prune()

    def _prune(self) -> None:
        self._ranked.sort(key=_rank, reverse=self._greatest)
        del self._ranked[self._n :]

    def merge(self, other: ExtremumN) -> None:
        """Take the other's values in."""
        self._ranked.extend(other._ranked)
        self._prune()

    def result(self) -> Field:
        """Return the array."""
        self._prune()
        return [value for _, value in self._ranked]


class TopN(Accumulator):
    """`$topN`, `$bottomN`, `$top`, `$bottom`: outputs of the documents that come first (last) in an order.

    Values are pairs of the document's sort key and its output. Of equal documents the earlier ones are kept.

    Args:
        n: How many; None for the one output by itself, not in an array.
        from_bottom: Whether to keep the last ones.
    """

    __slots__ = ("_from_bottom", "_is_single", "_n", "_ranked")

    def __init__(self, n: int | None, *, from_bottom: bool) -> None:
        self._n = 1 if n is None else n
        self._is_single = n is None
        self._from_bottom = from_bottom
        self._ranked: list[Ranked] = []

    def add(self, value: Field) -> None:
        """Take a pair in."""
        self._ranked.append(value)  # type: ignore[arg-type]
        if len(self._ranked) > 2 * self._n + _SLACK:
            self._prune()

    def _prune(self) -> None:
        self._ranked.sort(key=_rank, reverse=self._from_bottom)
        del self._ranked[self._n :]

    def merge(self, other: TopN) -> None:
        """Take the other's pairs in."""
        self._ranked.extend(other._ranked)
        self._prune()

    def result(self) -> Field:
        """Return the outputs in order."""
        self._prune()
        kept = sorted(self._ranked, key=_rank) if self._from_bottom else self._ranked
        outputs = [_present(output) for _, output in kept]
        if self._is_single:
            return outputs[0] if outputs else None
        return outputs


def _rank(ranked: Ranked) -> bytes:
    return ranked[0]
