"""Accumulators for windows that slide: they take back the oldest value in about the time that adding one takes.

Doubles go through the same steps as in MongoDB, so that what rounding leaves behind is the same too. The sums narrow to
int where a plain `$sum` would stay long, as MongoDB's do.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from decimal import Decimal
from typing import TypeAlias

from bson import Decimal128

from satchel.mql.accumulation.accumulator import Accumulator
from satchel.mql.accumulation.totals import Sum
from satchel.values import numbers
from satchel.values.bson_types import INT64_MAX, INT64_MIN, MISSING, Field
from satchel.values.collation import Collation
from satchel.values.compare import compare
from satchel.values.key_string import encode
from satchel.values.numbers import Number, is_bson_number


class Removable(Accumulator):
    """An accumulator that takes values back; it is never spilled."""

    __slots__ = ()

    is_removable = True

    def merge(self, other: Accumulator) -> None:
        """Refuse: windows do not merge.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("windows do not merge")


class RemovableSum(Removable):
    """`$sum` over a sliding window; what is not a number does not count."""

    __slots__ = (
        "_decimals",
        "_doubles",
        "_infinities",
        "_integers",
        "_nans",
        "_negative_infinities",
        "_saw_decimals",
        "_total",
        "count",
    )

    def __init__(self) -> None:
        self.count = 0
        self._integers = 0
        self._doubles = 0
        self._decimals = 0
        self._saw_decimals = False
        self._nans = 0
        self._infinities = 0
        self._negative_infinities = 0
        self._total = Sum()
        self._total.start_doubles()

    def add(self, value: Field) -> None:
        """Add a number."""
        if is_bson_number(value):
            self._update(value, 1)

    def remove(self, value: Field) -> None:
        """Take a number back."""
        if is_bson_number(value):
            self._update(value, -1)

    def _update(self, value: Number, sign: int) -> None:
        self.count += sign
        if isinstance(value, Decimal128):
            self._decimals += sign
            self._saw_decimals = True
            decimal = value.to_decimal()
            if decimal.is_finite():
                self._total.add_decimal(decimal if sign > 0 else decimal.copy_negate())
            else:
                self._note_special(float(decimal), sign)
        elif isinstance(value, float):
            self._doubles += sign
            if math.isfinite(value):
                self._total.add_doubles((value * sign,))
            else:
                self._note_special(value, sign)
        else:
            self._integers += sign * value
            self._total.add(value if sign > 0 else type(value)(-value))

    def _note_special(self, value: float, sign: int) -> None:
        if math.isnan(value):
            self._nans += sign
        elif value > 0:
            self._infinities += sign
        else:
            self._negative_infinities += sign

    def result(self) -> Number:
        """Return the sum: as wide as the widest number in the window; an integer is an int if it fits."""
        special = self._special()
        if special is not None:
            return numbers.from_decimal(Decimal(special)) if self._decimals else special
        if self._decimals:
            return numbers.from_decimal(self._total.as_decimal())
        if self._doubles and self._saw_decimals:
            return float(self._total.as_decimal())
        if self._doubles or not INT64_MIN <= self._integers <= INT64_MAX:
            return self._total.as_double()
        return numbers.narrow(self._integers)

    def _special(self) -> float | None:
        if self._nans or (self._infinities and self._negative_infinities):
            return math.nan
        if self._infinities:
            return math.inf
        return -math.inf if self._negative_infinities else None


class RemovableAverage(Removable):
    """`$avg` over a sliding window; what is not a number does not count."""

    __slots__ = ("_sum",)

    def __init__(self) -> None:
        self._sum = RemovableSum()

    def add(self, value: Field) -> None:
        """Add a number."""
        self._sum.add(value)

    def remove(self, value: Field) -> None:
        """Take a number back."""
        self._sum.remove(value)

    def result(self) -> Field:
        """Return the mean, or null for no number."""
        return numbers.divide(self._sum.result(), self._sum.count) if self._sum.count else None


class RemovableDeviation(Removable):
    """`$stdDevPop` and `$stdDevSamp` over a sliding window.

    Args:
        is_sample: Whether the values are a sample of the population.
    """

    __slots__ = ("_count", "_is_sample", "_non_finite", "_squares", "_sum")

    def __init__(self, *, is_sample: bool) -> None:
        self._is_sample = is_sample
        self._count = 0
        self._non_finite = 0
        self._sum = Sum()
        self._squares = Sum()

    def add(self, value: Field) -> None:
        """Add a number."""
        if is_bson_number(value):
            self._update(numbers.to_double(value), 1)

    def remove(self, value: Field) -> None:
        """Take a number back."""
        if is_bson_number(value):
            self._update(numbers.to_double(value), -1)

    def _update(self, value: float, sign: int) -> None:
        if not math.isfinite(value):
            self._non_finite += sign
            return
        before = self._count
        self._count += sign
        if not self._count:
            self._sum, self._squares = Sum(), Sum()
            return
        deviation = before * value - self._sum.as_double()
        self._sum.add_doubles((value * sign,))
        if before:
            self._squares.add_doubles((deviation * deviation * sign / (self._count * before),))

    def result(self) -> Field:
        """Return the deviation: null for too few numbers or one that is not finite."""
        divisor = self._count - 1 if self._is_sample else self._count
        if self._non_finite or divisor <= 0:
            return None
        squares = self._squares.as_double()
        if squares < 0 or (self._count == 1 and not self._is_sample):
            self._squares = Sum()
            return 0
        return math.sqrt(squares / divisor)


class Covariance(Removable):
    """`$covariancePop` and `$covarianceSamp` of pairs of numbers; anything else does not count.

    Args:
        is_sample: Whether the pairs are a sample of the population.
    """

    __slots__ = ("_count", "_is_sample", "_products", "_x", "_y")

    def __init__(self, *, is_sample: bool) -> None:
        self._is_sample = is_sample
        self._reset()

    def _reset(self) -> None:
        self._count = 0
        self._x = RemovableSum()
        self._y = RemovableSum()
        self._products = RemovableSum()

    def add(self, value: Field) -> None:
        """Add a pair."""
        pair = _pair(value)
        if pair is None:
            return
        x, y = pair
        if not _is_finite(pair):
            self._products.add(_special_product(x, y))
            return
        mean_x = _mean(self._x, self._count)
        self._count += 1
        self._x.add(x)
        self._y.add(y)
        if self._count > 1:
            mean_y = _mean(self._y, self._count)
            self._products.add(numbers.multiply(numbers.subtract(x, mean_x), numbers.subtract(y, mean_y)))

    def remove(self, value: Field) -> None:
        """Take a pair back."""
        pair = _pair(value)
        if pair is None:
            return
        x, y = pair
        if not _is_finite(pair):
            self._products.remove(_special_product(x, y))
            return
        if self._count == 1:
            self._reset()
            return
        mean_y = _mean(self._y, self._count)
        self._count -= 1
        self._x.remove(x)
        self._y.remove(y)
        mean_x = _mean(self._x, self._count)
        self._products.remove(numbers.multiply(numbers.subtract(x, mean_x), numbers.subtract(y, mean_y)))

    def result(self) -> Field:
        """Return the covariance, or null for too few pairs."""
        if self._count == 1 and not self._is_sample:
            return 0.0
        divisor = self._count - 1 if self._is_sample else self._count
        return numbers.divide(self._products.result(), float(divisor)) if divisor > 0 else None


def _pair(value: Field) -> tuple[Number, Number] | None:
    if isinstance(value, list) and len(value) == 2 and is_bson_number(value[0]) and is_bson_number(value[1]):
        return value[0], value[1]
    return None


def _is_finite(pair: tuple[Number, Number]) -> bool:
    return all(math.isfinite(numbers.to_decimal(member)) for member in pair)


def _special_product(x: Number, y: Number) -> Number:
    return math.nan if numbers.is_nan(x) or numbers.is_nan(y) else numbers.multiply(x, y)


def _mean(total: RemovableSum, count: int) -> Number:
    return numbers.divide(total.result(), count) if count else 0.0


class SlidingExtremum(Removable):
    """`$min` and `$max` over a sliding window; null and missing do not count.

    Of equal values `$min` takes the oldest, `$max` the newest.

    Args:
        collation: How strings compare.
        greatest: Whether to look for the greatest value.
    """

    __slots__ = ("_added", "_candidates", "_collation", "_greatest", "_removed")

    def __init__(self, collation: Collation | None = None, *, greatest: bool) -> None:
        self._collation = collation
        self._greatest = greatest
        self._added = 0
        self._removed = 0
        self._candidates: deque[tuple[int, Field]] = deque()

    def add(self, value: Field) -> None:
        """Add a value; those that it beats can never win again."""
        self._added += 1
        if value is None or value is MISSING:
            return
        candidates = self._candidates
        while candidates and self._beats(value, candidates[-1][1]):
            candidates.pop()
        candidates.append((self._added, value))

    def _beats(self, value: Field, other: Field) -> bool:
        order = compare(value, other, self._collation)
        return order >= 0 if self._greatest else order < 0

    def remove(self, value: Field) -> None:
        """Drop the oldest value."""
        self._removed += 1
        if self._candidates and self._candidates[0][0] == self._removed:
            self._candidates.popleft()

    def result(self) -> Field:
        """Return the value, or null for none."""
        return self._candidates[0][1] if self._candidates else None


Entry: TypeAlias = tuple[bytes, int, Field]
"""A sort key, when it came, and the value."""


class _SortedWindow(Removable):
    """The values of a window in order, equal ones as they came."""

    __slots__ = ("_added", "_entries", "_removed")

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._added = 0
        self._removed = 0

    def _insert(self, key: bytes, value: Field) -> None:
        self._added += 1
        insort(self._entries, (key, self._added, value), key=_place)

    def _drop(self, key: bytes) -> None:
        self._removed += 1
        del self._entries[bisect_left(self._entries, (key, self._removed), key=_place)]


def _place(entry: Entry) -> tuple[bytes, int]:
    return entry[:2]


class SlidingExtremumN(_SortedWindow):
    """`$minN` and `$maxN` over a sliding window; null and missing do not count.

    Args:
        n: How many.
        collation: How strings compare.
        greatest: Whether to look for the greatest values.
    """

    __slots__ = ("_collation", "_greatest", "_n")

    def __init__(self, n: int, collation: Collation | None = None, *, greatest: bool) -> None:
        super().__init__()
        self._n = n
        self._collation = collation
        self._greatest = greatest

    def add(self, value: Field) -> None:
        """Add a value."""
        if value is not None and value is not MISSING:
            self._insert(encode(value, self._collation), value)

    def remove(self, value: Field) -> None:
        """Drop the oldest value."""
        if value is not None and value is not MISSING:
            self._drop(encode(value, self._collation))

    def result(self) -> Field:
        """Return the best values, the best first; of equal ones `$maxN` puts the newest first."""
        entries = self._entries[: -self._n - 1 : -1] if self._greatest else self._entries[: self._n]
        return [value for _, _, value in entries]


class SlidingTopN(_SortedWindow):
    """`$topN`, `$bottomN`, `$top`, `$bottom` over a sliding window; values are pairs of a sort key and an output.

    Args:
        n: How many; None for the one output by itself, not in an array.
        from_bottom: Whether to take the last ones.
    """

    __slots__ = ("_from_bottom", "_is_single", "_n")

    def __init__(self, n: int | None, *, from_bottom: bool) -> None:
        super().__init__()
        self._n = 1 if n is None else n
        self._is_single = n is None
        self._from_bottom = from_bottom

    def add(self, value: Field) -> None:
        """Add a pair."""
        self._insert(*value)  # type: ignore[misc]

    def remove(self, value: Field) -> None:
        """Drop the oldest pair."""
        self._drop(value[0])  # type: ignore[index]

    def result(self) -> Field:
        """Return the outputs in order."""
        entries = self._entries[-self._n :] if self._from_bottom else self._entries[: self._n]
        outputs = [None if output is MISSING else output for _, _, output in entries]
        if self._is_single:
            return outputs[0] if outputs else None
        return outputs
