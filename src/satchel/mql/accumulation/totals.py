"""`$sum`, `$avg` and `$count`: totals in MongoDB's number types, exact beyond a double's precision."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from bson import Decimal128, Int64

from satchel.mql.accumulation.accumulator import Accumulator
from satchel.values.bson_types import INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, Field
from satchel.values.numbers import DECIMAL_CONTEXT, from_decimal

_INT, _LONG, _DOUBLE, _DECIMAL = range(4)
_RANKS: Final[dict[type, int]] = {int: _INT, Int64: _LONG, float: _DOUBLE, Decimal128: _DECIMAL}
_INTEGERS: Final = frozenset({int, Int64})
_ZERO: Final = Decimal(0)
_HALF: Final = 1 << 32


class Total(Accumulator):
    """The sum of numbers, and how many there were; what is not a number does not count.

    Integers add up exactly. From the first double on, the sum is a double and a compensation (Knuth's two-sum in
    the same steps as MongoDB's, so that the last bit agrees). Decimals add up beside.
    """

    __slots__ = ("_addend", "_decimal", "_has_doubles", "_integers", "_rank", "_special", "_sum", "count")

    def __init__(self) -> None:
        self.count = 0
        self._rank = _INT
        self._integers = 0
        self._has_doubles = False
        self._sum = 0.0
        self._addend = 0.0
        self._special = 0.0
        self._decimal = _ZERO

    def add(self, value: Field) -> None:
        """Add a number."""
        rank = _RANKS.get(value.__class__)
        if rank is None:
            return
        self.count += 1
        self._rank = max(self._rank, rank)
        if rank == _DECIMAL:
            self.add_decimal(value.to_decimal())  # type: ignore[attr-defined]
        elif rank == _DOUBLE:
            self.add_doubles((value,))  # type: ignore[arg-type]
        elif self._has_doubles:
            self.add_doubles(_split(value))  # type: ignore[arg-type]
        else:
            self._integers += value  # type: ignore[operator]

    def add_many(self, values: Iterable[Field]) -> None:
        """Add numbers, in one go when they are of one kind."""
        values = values if isinstance(values, list) else list(values)
        classes = set(map(type, values))
        if classes <= _INTEGERS and not self._has_doubles:
            self.count += len(values)
            self._integers += sum(values)
            if Int64 in classes and self._rank < _LONG:
                self._rank = _LONG
        elif classes == {float}:
            self.count += len(values)
            self._rank = max(self._rank, _DOUBLE)
            self.add_doubles(values)  # type: ignore[arg-type]
        else:
            for value in values:
                self.add(value)

    def add_decimal(self, value: Decimal) -> None:
        """Add a decimal, whatever kind of number that makes the result."""
        self._decimal = DECIMAL_CONTEXT.add(self._decimal, value)

    def add_doubles(self, values: Iterable[float]) -> None:
        """Add doubles, whatever kind of number that makes the result."""
        if not self._has_doubles:
            self.start_doubles()
        total, addend, special = self._sum, self._addend, self._special
        for number in values:
            special += number
            rounded = number + addend
            part = rounded - number
            addend = (number - (rounded - part)) + (addend - part)
            number = rounded  # noqa: PLW2901 - the algorithm's name for it
            rounded = total + number
            part = rounded - total
            addend += (total - (rounded - part)) + (number - part)
            total = rounded
        self._sum, self._addend, self._special = total, addend, special

    def start_doubles(self) -> None:
        """Go on in doubles from what the integers came to."""
        self._has_doubles = True
        self._sum = self._special = float(self._integers)
        self._addend = float(self._integers - int(self._sum))

    def merge(self, other: Total) -> None:
        """Add another total."""
        self.count += other.count
        self._rank = max(self._rank, other._rank)
        self._decimal = DECIMAL_CONTEXT.add(self._decimal, other._decimal)
        if other._has_doubles:
            self.add_doubles((other._addend, other._sum))
        elif self._has_doubles:
            self.add_doubles(_split(Int64(other._integers)))
        else:
            self._integers += other._integers

    def as_double(self) -> float:
        """Return the total without decimals as a double."""
        if not self._has_doubles:
            return float(self._integers)
        total = self._sum
        return total if total == total else self._special  # noqa: PLR0124 - only NaN is not itself

    def as_decimal(self) -> Decimal:
        """Return the total as a decimal."""
        if self._has_doubles:
            total = self.as_double()
            addend = self._addend if total == self._sum and abs(total) != float("inf") else 0.0
            binary = DECIMAL_CONTEXT.add(DECIMAL_CONTEXT.plus(Decimal(total)), DECIMAL_CONTEXT.plus(Decimal(addend)))
        else:
            binary = DECIMAL_CONTEXT.plus(Decimal(self._integers))
        return DECIMAL_CONTEXT.add(self._decimal, binary)


def _split(number: int) -> tuple[float, ...]:
    """Return exact doubles that add up to an integer, in the order in which MongoDB adds them."""
    if number.__class__ is int:
        return (float(number),)
    low = abs(number) % _HALF
    low = -low if number < 0 else low
    return (float(low), float(number - low))


class Sum(Total):
    """`$sum`: int, long, double or decimal, as wide as the widest number met; 0 for no number.

    An integer total beyond int32 is a long, one beyond int64 a double.
    """

    __slots__ = ()

    def result(self) -> Field:
        """Return the sum."""
        rank = self._rank
        if rank == _DECIMAL:
            return from_decimal(self.as_decimal())
        if rank == _DOUBLE or not INT64_MIN <= self._integers <= INT64_MAX:
            return self.as_double()
        if rank == _INT and INT32_MIN <= self._integers <= INT32_MAX:
            return int(self._integers)
        return Int64(self._integers)


class Average(Total):
    """`$avg`: a double, or a decimal when one was met; null for no number."""

    __slots__ = ()

    def result(self) -> Field:
        """Return the mean."""
        if not self.count:
            return None
        if self._rank == _DECIMAL:
            return from_decimal(DECIMAL_CONTEXT.divide(self.as_decimal(), Decimal(self.count)))
        return self.as_double() / self.count


class Count(Accumulator):
    """`$count`: how many values there were, whatever they are."""

    __slots__ = ("count",)

    is_removable = True

    def __init__(self) -> None:
        self.count = 0

    def add(self, value: Field) -> None:
        """Count one."""
        self.count += 1

    def add_many(self, values: Iterable[Field]) -> None:
        """Count all."""
        self.count += len(values) if isinstance(values, list) else sum(1 for _ in values)

    def merge(self, other: Count) -> None:
        """Count the other's too."""
        self.count += other.count

    def remove(self, value: Field) -> None:
        """Count one less."""
        self.count -= 1

    def result(self) -> Field:
        """Return the number: an int, or a long beyond int32."""
        return self.count if self.count <= INT32_MAX else Int64(self.count)
