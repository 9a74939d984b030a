"""Plans that are known from filters of the same shape: the same conditions on the same paths, with other values.

A filter of a few comparisons with plain values, which one index answers alone, is planned once. What its plan depends
on beside the values is the catalog entry (indexes, whether they met arrays, collation), the order, and the classes of
the values; for others of the same shape only the ends of the key range are made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from bson import Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from satchel.engine.catalog import CollectionEntry, IndexEntry
from satchel.engine.planner.bounds import comparable_bounds
from satchel.engine.planner.indexes import usable_indexes
from satchel.engine.planner.solution import IxScan, QuerySolution
from satchel.storage.interface import KeyRange
from satchel.values import key_string
from satchel.values.bson_types import BsonValue, Document
from satchel.values.key_string import successor

_CLASSES: Final = frozenset({str, int, Int64, ObjectId, DatetimeMS, bool})
"""Classes of which every value is planned like every other; NaN, null, arrays and documents have rules of their own."""

_LOWER: Final = ("$gt", "$gte")
_UPPER: Final = ("$lt", "$lte")
_OPERATORS: Final = frozenset({"$eq", *_LOWER, *_UPPER})
_MOST_PLANS: Final = 1024

Shape: TypeAlias = tuple[tuple[str, str, type], ...]
"""Path, operator and the value's class of each condition."""


class Question(NamedTuple):
    """What is asked for, without the values.

    Attributes:
        entry: The collection as it is; a changed one is another.
        shape: The filter's shape.
        order: The sort pattern's members.
    """

    entry: CollectionEntry
    shape: Shape
    order: tuple[tuple[str, BsonValue], ...]


Asked: TypeAlias = tuple[Question, list[BsonValue]]
"""A question and the values that belong to it."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """An index scan whose range is still to be made.

    Attributes:
        equal: Where the values of the leading components are.
        lower, upper: Where the value of an end of the next component's range is, and its operator; None for no end.
    """

    index: IndexEntry
    backward: bool
    equal: tuple[int, ...]
    lower: tuple[int, str] | None
    upper: tuple[int, str] | None

    def access(self, values: Sequence[BsonValue]) -> IxScan | None:
        """Return the scan for other values, None where the range is empty."""
        collation = self.index.collation
        keys = [key_string.encode(values[position], collation) for position in self.equal]
        if self.lower is None and self.upper is None:
            prefix = b"".join(keys[:-1])
            bounds = KeyRange(prefix + keys[-1], prefix + successor(keys[-1]))
        else:
            low, high = self._ends(values)
            if low >= high:
                return None
            prefix = b"".join(keys)
            bounds = KeyRange(prefix + low, prefix + high)
        return IxScan(self.index, (bounds,), self.backward, _unshown)

    def _ends(self, values: Sequence[BsonValue]) -> tuple[bytes, bytes]:
        position, _ = self.lower or self.upper or (0, "")
        low, high = comparable_bounds(values[position])
        if self.lower is not None:
            low = key_string.encode(values[self.lower[0]], self.index.collation)
            low = successor(low) if self.lower[1] == "$gt" else low
        if self.upper is not None:
            high = key_string.encode(values[self.upper[0]], self.index.collation)
            high = successor(high) if self.upper[1] == "$lte" else high
        return low, high


def _unshown() -> Document:
    """Explain makes its plans itself."""
    return {}


_plans: dict[Question, _Plan | None] = {}


def question(entry: CollectionEntry, filter_: Document, sort: Document) -> Asked | None:
    """Return what a filter and an order ask for, and the filter's values; None when it is not as plain as that."""
    shape: list[tuple[str, str, type]] = []
    values: list[BsonValue] = []
    for path, condition in filter_.items():
        if path[:1] == "$":
            return None
        for operator, value in condition.items() if condition.__class__ is dict else (("$eq", condition),):
            if operator not in _OPERATORS or value.__class__ not in _CLASSES:
                return None
            shape.append((path, operator, value.__class__))
            values.append(value)
    order = tuple(sort.items())
    if not shape or any(direction.__class__ is not int for _, direction in order):
        return None
    return Question(entry, tuple(shape), order), values


def known_access(asked: Question, values: Sequence[BsonValue]) -> IxScan | None:
    """Return the scan that finds exactly what is asked for, in order; None when it is not known."""
    plan = _plans.get(asked)
    return None if plan is None else plan.access(values)


def remember(asked: Question, values: Sequence[BsonValue], solution: QuerySolution) -> None:
    """Keep a plan for others of the same shape, if it does not depend on the values."""
    if asked in _plans:
        return
    plan = _plan_of(asked, solution)
    access = None if plan is None else plan.access(values)
    assert isinstance(solution.access, IxScan) or access is None
    is_right = access is not None and access.ranges == solution.access.ranges  # type: ignore[union-attr]
    if len(_plans) >= _MOST_PLANS:
        _plans.clear()
    _plans[asked] = plan if is_right else None


def _plan_of(asked: Question, solution: QuerySolution) -> _Plan | None:
    access = solution.access
    if not isinstance(access, IxScan) or solution.residual is not None or solution.rejected or not solution.sorted:
        return None
    if any(index.kind != "btree" or index.partial_filter is not None for index in usable_indexes(asked.entry)):
        return None  # whether such an index holds everything depends on the values
    paths = access.index.paths
    found: dict[str, dict[str, int]] = {}
    for position, (path, operator, _) in enumerate(asked.shape):
        if operator in found.setdefault(path, {}):
            return None
        found[path][operator] = position
    used = paths[: len(found)]
    if set(used) != found.keys() or any(access.index.descending[: len(used)]):
        return None
    if any(found[path].keys() != {"$eq"} for path, _ in pairwise(used)):
        return None
    return _with_last(access, [found[path]["$eq"] for path in used[:-1]], found[used[-1]])


def _with_last(access: IxScan, equal: list[int], last: dict[str, int]) -> _Plan | None:
    """Return the plan with what is said of the last component."""
    if last.keys() == {"$eq"}:
        return _Plan(access.index, access.backward, (*equal, last["$eq"]), None, None)
    lower = [(last[operator], operator) for operator in _LOWER if operator in last]
    upper = [(last[operator], operator) for operator in _UPPER if operator in last]
    if "$eq" in last or len(lower) > 1 or len(upper) > 1:
        return None
    return _Plan(access.index, access.backward, tuple(equal), next(iter(lower), None), next(iter(upper), None))
