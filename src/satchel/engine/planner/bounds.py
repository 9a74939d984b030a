"""Index bounds: for each kind of filter, the index keys that a matching document must have one of.

A rule may give more keys than match (the filter is then checked again), never fewer: a lost document is the worst bug.
Every node of the filter language has a rule here or stands in `HAS_NONE`; a test sees to it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from bson import MaxKey, MinKey

from satchel.engine.planner.intervals import FULL, End, Interval, null_interval, point, union
from satchel.mql.match.array import ElemMatchObject, ElemMatchValue, Size
from satchel.mql.match.bitwise import BitsAllClear, BitsAllSet, BitsAnyClear, BitsAnySet
from satchel.mql.match.comparison import Comparison, Eq, Gt, Gte, In, Lt, Lte
from satchel.mql.match.element import Exists, Type
from satchel.mql.match.evaluation import Expr, Mod, Regex, SampleRate
from satchel.mql.match.json_schema import JsonSchema
from satchel.mql.match.tree import AlwaysFalse, AlwaysTrue, And, MatchExpression, Nor, Not, Or
from satchel.values import key_string
from satchel.values.bson_types import BsonValue, is_number
from satchel.values.collation import Collation
from satchel.values.key_string import bracket_bounds, successor
from satchel.values.numbers import is_nan

_PREFIX_END: Final = re.compile(r"[\\.^$*+?()[\]{}|]")
_QUANTIFIERS: Final = "*?{"


@dataclass(frozen=True, slots=True)
class Predicate:
    """What one part of a filter says of one path.

    Attributes:
        path: The dotted path.
        intervals: The keys of which a matching document has at least one; they include those of null and of missing
            fields, if such match.
        is_exact: Whether every document that has such a key matches.
        matches_missing: Whether documents without the field may match (a sparse index does not hold them).
        group: Predicates of one `$elemMatch` share a number: they are about the same array element.
    """

    path: str
    intervals: tuple[Interval, ...]
    is_exact: bool = False
    matches_missing: bool = False
    group: int = 0


Rule: TypeAlias = "Callable[[MatchExpression, Collation | None], tuple[Predicate, ...]]"


def _comparison(node: MatchExpression, collation: Collation | None) -> tuple[Predicate, ...]:
    assert isinstance(node, Comparison)
    value = node.value
    if value is None:
        if isinstance(node, Eq | Lte | Gte):
            return (Predicate(node.path, (null_interval(),), matches_missing=True),)
        return ()
    if isinstance(node, Eq):
        return (Predicate(node.path, _equal_to(value, collation), is_exact=_is_plain(value)),)
    if isinstance(value, MinKey | MaxKey | list) or is_nan(value):
        return ()
    return (Predicate(node.path, (_range(node, value, collation),), is_exact=_is_plain(value)),)


def _is_plain(value: BsonValue) -> bool:
    return not isinstance(value, list | dict)


def _equal_to(value: BsonValue, collation: Collation | None) -> tuple[Interval, ...]:
    whole = point(key_string.encode(value, collation), End(value))
    if not isinstance(value, list):
        return (whole,)
    if not value:
        return union((whole, point(key_string.UNDEFINED_KEY, End(None, text="undefined"))))
    first = value[0]
    return union((whole, *(_equal_to(first, collation) if first is not None else (null_interval(),))))


_ABOVE_NAN: Final = successor(key_string.encode(math.nan))


def comparable_bounds(value: BsonValue) -> tuple[bytes, bytes]:
    """Return the bounds of the keys of what is less or greater than some value of the type bracket of `value`.

    NaN is the least number in an index, and less than nothing in a filter.
    """
    low, high = bracket_bounds(value)
    return (_ABOVE_NAN if is_number(value) else low), high


def _range(node: Comparison, value: BsonValue, collation: Collation | None) -> Interval:
    key = key_string.encode(value, collation)
    low, high = comparable_bounds(value)
    if isinstance(node, Gt):
        return Interval(successor(key), high, End(value, is_inside=False), _upper_end(value))
    if isinstance(node, Gte):
        return Interval(key, high, End(value), _upper_end(value))
    if isinstance(node, Lt):
        return Interval(low, key, _lower_end(value), End(value, is_inside=False))
    assert isinstance(node, Lte)
    return Interval(low, successor(key), _lower_end(value), End(value))


_UPPER_ENDS: Final = {str: End({}, is_inside=False), bool: End(True), dict: End([], is_inside=False)}
_LOWER_ENDS: Final = {str: End(""), bool: End(False), dict: End({})}


def _upper_end(value: BsonValue) -> End:
    if is_number(value):
        return End(None, text="inf")
    return _UPPER_ENDS.get(value.__class__) or End(None, text="max")


def _lower_end(value: BsonValue) -> End:
    if is_number(value):
        return End(None, text="-inf")
    return _LOWER_ENDS.get(value.__class__) or End(None, text="min")


def _in(node: MatchExpression, collation: Collation | None) -> tuple[Predicate, ...]:
    assert isinstance(node, In)
    intervals: list[Interval] = []
    for value in node.values:
        intervals.extend((null_interval(),) if value is None else _equal_to(value, collation))
    for regex in node.regexes:
        if collation is not None:
            return ()
        intervals.extend(_regex_intervals(regex.pattern, regex.flags))
    exact = not node.regexes and all(value is not None and _is_plain(value) for value in node.values)
    has_null = any(value is None for value in node.values)
    return (Predicate(node.path, union(intervals), is_exact=exact, matches_missing=has_null),)


def _regex(node: MatchExpression, collation: Collation | None) -> tuple[Predicate, ...]:
    assert isinstance(node, Regex)
    if collation is not None:
        return ()
    flags = sum(_FLAGS.get(letter, 0) for letter in node.options)
    return (Predicate(node.path, _regex_intervals(node.pattern, flags)),)


_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "x": re.VERBOSE, "s": re.DOTALL}


def _regex_intervals(pattern: str, flags: int) -> tuple[Interval, ...]:
    """Return the strings that may match a pattern, and all regexes: a regex matches itself."""
    shown = End(None, text=f"/{pattern}/")
    regexes = Interval(key_string.REGEX, successor(key_string.REGEX), shown, shown)
    prefix = _literal_prefix(pattern, flags)
    if prefix:
        key = key_string.string_prefix(prefix)
        lower = End(None, text=f'"{prefix}"')
        upper = End(None, is_inside=False, text=f'"{prefix[:-1]}{chr(ord(prefix[-1]) + 1)}"')
        return Interval(key, successor(key), lower, upper), regexes
    return Interval(key_string.STRING, successor(key_string.STRING), _LOWER_ENDS[str], _UPPER_ENDS[str]), regexes


def _literal_prefix(pattern: str, flags: int) -> str:
    r"""Return the text that every match begins with, as far as it is plain to see: `^abc.*` → `abc`."""
    if flags & (re.IGNORECASE | re.MULTILINE | re.VERBOSE) or "|" in pattern:
        return ""
    if pattern.startswith("^"):
        rest = pattern[1:]
    elif pattern.startswith(r"\A"):
        rest = pattern[2:]
    else:
        return ""
    end = _PREFIX_END.search(rest)
    prefix = rest if end is None else rest[: end.start()]
    if end is not None and end.group() in _QUANTIFIERS:
        prefix = prefix[:-1]
    return "" if prefix and prefix[-1] >= "\ud7ff" else prefix


def _exists(node: MatchExpression, collation: Collation | None) -> tuple[Predicate, ...]:
    """A field that is there may have any key (which a sparse index makes worth knowing), one that is not has null's."""
    assert isinstance(node, Exists)
    return (Predicate(node.path, (FULL,)),)


def _not(node: MatchExpression, collation: Collation | None) -> tuple[Predicate, ...]:
    """The absence of a field is the negation of its presence."""
    assert isinstance(node, Not)
    if isinstance(node.child, Exists):
        return (Predicate(node.child.path, (null_interval(),), matches_missing=True),)
    return ()


def _elem_match_object(node: MatchExpression, collation: Collation | None) -> tuple[Predicate, ...]:
    """What holds of an array's element holds of one of the keys under the array's path."""
    assert isinstance(node, ElemMatchObject)
    return tuple(
        Predicate(f"{node.path}.{inner.path}", inner.intervals, matches_missing=inner.matches_missing, group=id(node))
        for inner in predicates(node.child, collation)
    )


def _elem_match_value(node: MatchExpression, collation: Collation | None) -> tuple[Predicate, ...]:
    """Each condition is about the same element, which is one key; the first that has bounds is enough."""
    assert isinstance(node, ElemMatchValue)
    found = [inner for child in node.children for inner in predicates(child, collation)]
    return tuple(Predicate(node.path, inner.intervals, group=id(node)) for inner in found if not inner.matches_missing)


RULES: Final[dict[type[MatchExpression], Rule]] = {
    Eq: _comparison,
    Lt: _comparison,
    Lte: _comparison,
    Gt: _comparison,
    Gte: _comparison,
    In: _in,
    Regex: _regex,
    Exists: _exists,
    Not: _not,
    ElemMatchObject: _elem_match_object,
    ElemMatchValue: _elem_match_value,
}

HAS_NONE: Final[frozenset[type[MatchExpression]]] = frozenset(
    {
        AlwaysFalse, AlwaysTrue, And, BitsAllClear, BitsAllSet, BitsAnyClear, BitsAnySet, Expr, JsonSchema, Mod,
        Nor, Or, SampleRate, Size, Type,
    }
)  # fmt: skip
"""Nodes without a rule of their own. `And` gives its children's; `Or` is planned branch by branch."""


def predicates(node: MatchExpression, collation: Collation | None) -> tuple[Predicate, ...]:
    """Return what a filter says of index keys; a document that matches satisfies every one of them.

    Args:
        node: The filter.
        collation: The collation of the index whose keys are meant.
    """
    if isinstance(node, And):
        return tuple(found for child in node.children for found in predicates(child, collation))
    rule = RULES.get(type(node))
    found = rule(node, collation) if rule is not None else ()
    return tuple(predicate for predicate in found if not (predicate.matches_missing and _has_position(predicate.path)))


def _has_position(path: str) -> bool:
    """Tell whether a step of `path` may be an array position.

    Such a path matches null in `[{}]` by way of the element that lacks a field "0", but the index holds the element.
    """
    return any(step.isdigit() for step in path.split("."))
