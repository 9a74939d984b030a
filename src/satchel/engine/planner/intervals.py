"""Intervals of index keys: the values of one component of an index, as ranges of bytes, and as explain prints them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from satchel.values import key_string
from satchel.values.key_string import invert, successor


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The ascending keys of one component from `low`, inclusive, to `high`, exclusive.

    Attributes:
        low: The least key or prefix of keys; empty for no lower end.
        high: The upper end, or None for none.
        text: What explain shows: `[1, 5)`.
        is_point: Whether one value alone lies in it, so that what follows in a compound key is in order.
    """

    low: bytes
    high: bytes | None
    text: str
    is_point: bool = False

    def descending(self) -> Interval:
        """Return the same values in an index that holds the component in descending order."""
        low = b"" if self.high is None else successor(invert(self.high))
        high = successor(invert(self.low)) if self.low else None
        return Interval(low, high, _reversed_text(self.text), self.is_point)


def _reversed_text(text: str) -> str:
    opening, closing = text[0], text[-1]
    low, separator, high = text[1:-1].partition(", ")
    if not separator:
        return text
    left = "[" if closing == "]" else "("
    right = "]" if opening == "[" else ")"
    return f"{left}{high}, {low}{right}"


FULL = Interval(b"", None, "[MinKey, MaxKey]")


def point(key: bytes, text: str) -> Interval:
    """Return the interval of one value."""
    return Interval(key, successor(key), f"[{text}, {text}]", is_point=True)


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
    text = lower.text[: _comma(lower.text)] + upper.text[_comma(upper.text) :]
    return Interval(lower.low, upper.high, text, one.is_point or other.is_point)


def _comma(text: str) -> int:
    """Return where the upper end begins in an interval's text."""
    depth = 0
    in_string = False
    for position, letter in enumerate(text[1:-1], 1):
        if letter == '"' and text[position - 1] != "\\":
            in_string = not in_string
        elif not in_string:
            depth += (letter in "{[(") - (letter in "}])")
            if letter == "," and not depth:
                return position
    return len(text)


def _end(interval: Interval) -> tuple[bool, bytes]:
    return interval.high is None, interval.high or b""


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the intervals in order, those that overlap made one."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=lambda each: (each.low, _end(each))):
        last = merged[-1] if merged else None
        if last is None or (last.high is not None and interval.low >= last.high):
            merged.append(interval)
        elif _end(interval) > _end(last):
            text = last.text[: _comma(last.text)] + interval.text[_comma(interval.text) :]
            merged[-1] = Interval(last.low, interval.high, text)
    return tuple(merged)


def null_interval() -> Interval:
    """Return the keys of what a filter for null may match: null itself, no field, and (undefined) an empty array."""
    return Interval(key_string.UNDEFINED_KEY, successor(key_string.NULL_KEY), "[undefined, null]")
