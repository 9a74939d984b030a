"""`$stdDevPop`, `$stdDevSamp`, `$median`, `$percentile` and the covariances."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Sequence

from bson import Decimal128

from satchel.mql.accumulation.accumulator import Accumulator
from satchel.values.bson_types import Field, is_number


def as_double(value: Field) -> float:
    """Return a BSON number as a double."""
    if isinstance(value, Decimal128):
        return float(value.to_decimal())
    return float(value)  # type: ignore[arg-type]


class StandardDeviation(Accumulator):
    """`$stdDevPop` and `$stdDevSamp` by Welford's method; what is not a number does not count.

    Args:
        is_sample: Whether the values are a sample of the population.
    """

    __slots__ = ("_count", "_is_sample", "_m2", "_mean", "_non_finite")

    def __init__(self, *, is_sample: bool) -> None:
        self._is_sample = is_sample
        self._count = 0
        self._mean = 0.0
        self._m2 = 0.0
        self._non_finite = 0

    def add(self, value: Field) -> None:
        """Take a number in."""
        if not is_number(value):
            return
        self._count += 1
        number = as_double(value)
        if not math.isfinite(number):
            self._non_finite += 1
            return
        delta = number - self._mean
        if delta:
            self._mean += delta / (self._count - self._non_finite)
            self._m2 += delta * (number - self._mean)

    def merge(self, other: StandardDeviation) -> None:
        """Combine the moments of both."""
        self._non_finite += other._non_finite
        ours, theirs = self._count - self._non_finite + other._non_finite, other._count - other._non_finite
        self._count += other._count
        if not theirs:
            return
        delta = other._mean - self._mean
        total = ours + theirs
        self._mean = (ours * self._mean + theirs * other._mean) / total
        self._m2 += other._m2 + delta * delta * ours * theirs / total

    def result(self) -> Field:
        """Return the deviation; null for too few numbers, NaN when one was not finite."""
        divisor = self._count - 1 if self._is_sample else self._count
        if divisor <= 0:
            return None
        return math.nan if self._non_finite or self._m2 < 0 else math.sqrt(self._m2 / divisor)


class Percentiles(Accumulator):
    """`$percentile`: the values below which fractions of all numbers lie; NaN and what is no number do not count.

    MongoDB approximates with a t-digest; this is the exact discrete percentile, which a t-digest gives too as long
    as there are few values.

    Args:
        fractions: The fractions, each from 0 to 1.
    """

    __slots__ = ("_fractions", "_is_sorted", "_numbers")

    is_removable = True

    def __init__(self, fractions: Sequence[float]) -> None:
        self._fractions = tuple(fractions)
        self._numbers: list[float] = []
        self._is_sorted = False

    def add(self, value: Field) -> None:
        """Take a number in."""
        number = _finite_or_infinite(value)
        if number is not None:
            if self._is_sorted:
                insort(self._numbers, number)
            else:
                self._numbers.append(number)

    def remove(self, value: Field) -> None:
        """Take a number back."""
        number = _finite_or_infinite(value)
        if number is not None:
            self._sort()
            del self._numbers[bisect_left(self._numbers, number)]

    def _sort(self) -> None:
        if not self._is_sorted:
            self._numbers.sort()
            self._is_sorted = True

    def merge(self, other: Percentiles) -> None:
        """Take the other's numbers in."""
        self._numbers.extend(other._numbers)
        self._is_sorted = False

    def result(self) -> Field:
        """Return one double per fraction, or nulls for no number."""
        return list(self._percentiles())

    def _percentiles(self) -> list[float | None]:
        self._sort()
        numbers = self._numbers
        count = len(numbers)
        if not count:
            return [None] * len(self._fractions)
        return [numbers[max(0, math.ceil(fraction * count) - 1)] for fraction in self._fractions]


def _finite_or_infinite(value: Field) -> float | None:
    if not is_number(value):
        return None
    number = as_double(value)
    return None if math.isnan(number) else number


class Median(Percentiles):
    """`$median`: the percentile of one half, by itself."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__((0.5,))

    def result(self) -> Field:
        """Return the median as a double, or null for no number."""
        return self._percentiles()[0]
