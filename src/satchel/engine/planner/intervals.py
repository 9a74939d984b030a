"""Intervals of index keys: the values of one component of an index, as ranges of bytes, and as explain prints them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from satchel.values import key_string
from satchel.values.bson_types import BsonValue
from satchel.values.key_string import invert, successor
from satchel.values.shell_text import shell_text


class End(NamedTuple):
    """An end of an interval as explain shows it; the text of a value is made only then.

    Attributes:
        value: The value there.
        is_inside: Whether it belongs to the interval.
        text: What is shown instead of a value, where there is none that is one.
    """

    value: BsonValue
    is_inside: bool = True
    text: str = ""

    def __str__(self) -> str:
        return self.text or shell_text(self.value)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The ascending keys of one component from `low`, inclusive, to `high`, exclusive.

    Attributes:
        low: The least key or prefix of keys; empty for no lower end.
        high: The upper end, or None for none.
        lower, upper: What explain shows for the ends.
        is_point: Whether one value alone lies in it, so that what follows in a compound key is in order.
    """

    low: bytes
    high: bytes | None
    lower: End = field(compare=False)
    upper: End = field(compare=False)
    is_point: bool = False

    @property
    def text(self) -> str:
        """What explain shows: `[1, 5)`."""
        return f"{'[' if self.lower.is_inside else '('}{self.lower}, {self.upper}{']' if self.upper.is_inside else ')'}"

    def descending(self) -> Interval:
        """Return the same values in an index that holds the component in descending order."""
        low = b"" if self.high is None else successor(invert(self.high))
        high = successor(invert(self.low)) if self.low else None
        return Interval(low, high, self.upper, self.lower, self.is_point)


FULL = Interval(b"", None, End(None, text="MinKey"), End(None, text="MaxKey"))


def point(key: bytes, shown: End) -> Interval:
    """Return the interval of one value."""
    return Interval(key, successor(key), shown, shown, is_point=True)


def intersect(left: Iterable[Interval], right: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the values that lie in both of two sets of intervals."""
    found = [both for one in left for other in right if (both := _both(one, other)) is not None]
    return union(found)


def _both(one: Interval, other: Interval) -> Interval | None:
    lower = one if one.low >= other.low else other
    upper = one if _end(one) <= _end(other) else other
    if upper.high is not None and lower.low >= upper.high:
        return None
    if lower is upper:
        return lower
    return Interval(lower.low, upper.high, lower.lower, upper.upper, one.is_point or other.is_point)


def _end(interval: Interval) -> tuple[bool, bytes]:
    return interval.high is None, interval.high or b""


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the intervals in order, those that overlap made one."""
    merged: list[Interval] = []
    intervals = tuple(intervals)
    if len(intervals) == 1:
        return intervals
    for interval in sorted(intervals, key=lambda each: (each.low, _end(each))):
        last = merged[-1] if merged else None
        if last is None or (last.high is not None and interval.low >= last.high):
            merged.append(interval)
        elif _end(interval) > _end(last):
            merged[-1] = Interval(last.low, interval.high, last.lower, interval.upper)
    return tuple(merged)


def null_interval() -> Interval:
    """Return the keys of what a filter for null may match: null itself, no field, and (undefined) an empty array."""
    return Interval(key_string.UNDEFINED_KEY, successor(key_string.NULL_KEY), End(None, text="undefined"), End(None))
