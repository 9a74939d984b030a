"""Plans that are known from filters of the same shape: the same conditions on the same paths, with other values.

A filter of a few comparisons with plain values is planned once, if there is nothing to choose. What its plan depends on
beside the values is the catalog entry (indexes, whether they met arrays, collation), the order, and the classes of the
values; for others of the same shape only the ends of the key range are made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, TypeAlias

from bson import Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from satchel.engine.catalog import CollectionEntry, IndexEntry
from satchel.engine.planner.bounds import comparable_bounds
from satchel.engine.planner.indexes import usable_indexes
from satchel.engine.planner.solution import Access, CollScan, IxScan, QuerySolution
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
class _Whole:
    """A plan without conditions: a collection, or an index for its order."""

    access: Access
    is_exact: ClassVar[bool] = True

    def access_to(self, values: Sequence[BsonValue]) -> Access:
        """Return the scan."""
        return self.access


@dataclass(frozen=True, slots=True)
class _Range:
    """An index scan whose range is still to be made.

    Attributes:
        is_exact: Whether every document in the range matches.
        equal: Where the values of the leading components are.
        lower, upper: Where the value of an end of the next component's range is, and its operator; None for no end.
    """

    index: IndexEntry
    backward: bool
    is_exact: bool
    equal: tuple[int, ...]
    lower: tuple[int, str] | None
    upper: tuple[int, str] | None

    def access_to(self, values: Sequence[BsonValue]) -> IxScan | None:
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


@dataclass(frozen=True, slots=True)
class KnownPlan:
    """A plan for certain values.

    Attributes:
        access: Where the documents come from, in order.
        is_exact: Whether they all match; else the filter is to be asked.
    """

    access: Access
    is_exact: bool


_plans: dict[Question, _Whole | _Range | None] = {}


def question(entry: CollectionEntry, filter_: Document, sort: Document) -> Asked | None:
    """Return what a filter and an order ask for, and the filter's values; None when it is not as plain as that."""
    shape: list[tuple[str, str, type]] = []
    values: list[BsonValue] = []
    for path, condition in filter_.items():
        conditions = condition if condition.__class__ is dict else {"$eq": condition}
        if path[:1] == "$" or not conditions:
            return None
        for operator, value in conditions.items():
            if operator not in _OPERATORS or value.__class__ not in _CLASSES:
                return None
            shape.append((path, operator, value.__class__))
            values.append(value)
    order = tuple(sort.items())
    if any(direction.__class__ is not int for _, direction in order):
        return None
    return Question(entry, tuple(shape), order), values


def known_plan(asked: Question, values: Sequence[BsonValue]) -> KnownPlan | None:
    """Return the plan of what is asked for; None when it is not known."""
    plan = _plans.get(asked)
    access = None if plan is None else plan.access_to(values)
    return None if plan is None or access is None else KnownPlan(access, plan.is_exact)


def remember(asked: Question, values: Sequence[BsonValue], solution: QuerySolution) -> None:
    """Keep a plan for others of the same shape, if it does not depend on the values."""
    if asked in _plans:
        return
    plan = _plan_of(asked, solution)
    is_right = plan is not None and _is_same(plan.access_to(values), solution.access)
    if len(_plans) >= _MOST_PLANS:
        _plans.clear()
    _plans[asked] = plan if is_right else None


def _is_same(access: Access | None, other: Access) -> bool:
    if not isinstance(access, IxScan) or not isinstance(other, IxScan):
        return access is other
    return (access.index, access.ranges, access.backward) == (other.index, other.ranges, other.backward)


def _plan_of(asked: Question, solution: QuerySolution) -> _Whole | _Range | None:
    access = solution.access
    if solution.rejected or not solution.sorted:
        return None
    if not asked.shape and solution.residual is None and isinstance(access, IxScan | CollScan):
        return _Whole(access)
    return _range_of(asked, access, is_exact=solution.residual is None) if isinstance(access, IxScan) else None


def _range_of(asked: Question, access: IxScan, *, is_exact: bool) -> _Range | None:
    if any(index.kind != "btree" or index.partial_filter is not None for index in usable_indexes(asked.entry)):
        return None  # whether such an index holds everything depends on the values
    found: dict[str, dict[str, int]] = {}
    for position, (path, operator, _) in enumerate(asked.shape):
        if operator in found.setdefault(path, {}):
            return None
        found[path][operator] = position
    equal: list[int] = []
    for path, descending in zip(access.index.paths, access.index.descending, strict=True):
        said = found.get(path, {})
        if descending and said:
            return None
        if said.keys() != {"$eq"}:
            return _with_last(access, equal, said, is_exact=is_exact)
        equal.append(said["$eq"])
    return _with_last(access, equal, {}, is_exact=is_exact)


def _with_last(access: IxScan, equal: list[int], last: dict[str, int], *, is_exact: bool) -> _Range | None:
    """Return the plan with what is said of the component after those that are equal to something."""
    lower = [(last[operator], operator) for operator in _LOWER if operator in last]
    upper = [(last[operator], operator) for operator in _UPPER if operator in last]
    if "$eq" in last or len(lower) > 1 or len(upper) > 1:
        return None
    if not equal and not last:
        return None
    ends = next(iter(lower), None), next(iter(upper), None)
    return _Range(access.index, access.backward, is_exact, tuple(equal), *ends)
