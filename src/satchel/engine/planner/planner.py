"""Choosing a plan: among the indexes that find every matching document, the one that reads least.

The planner looks instead of guessing: it counts the keys in each candidate's ranges, up to a thousand.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from satchel.engine.catalog import CollectionEntry, IndexEntry
from satchel.engine.planner.bounds import predicates
from satchel.engine.planner.candidates import Candidate, candidate, shown_bounds
from satchel.engine.planner.indexes import usable_indexes
from satchel.engine.planner.intervals import End, point
from satchel.engine.planner.lookup import lookup_index, lookup_key
from satchel.engine.planner.narrowing import narrow
from satchel.engine.planner.solution import (
    Access,
    CanonicalQuery,
    CollScan,
    Empty,
    IndexUnion,
    IxScan,
    QuerySolution,
)
from satchel.errors import ErrorCode, ServerError
from satchel.mql.match import MatchExpression
from satchel.mql.match.comparison import Eq
from satchel.mql.match.tree import AlwaysFalse, AlwaysTrue, And, Or
from satchel.storage.interface import KeyRange, Reader
from satchel.values import key_string
from satchel.values.bson_types import PLAIN_CLASSES, Document
from satchel.values.compare import equal
from satchel.values.key_string import successor

COUNT_LIMIT: Final = 1000
"""How far the keys of a candidate are counted."""

_FEW_RANGES: Final = 4
_FEW_RECORDS: Final = 20
"""So few records are matched sooner than the storage understands what to look for."""


def plan(query: CanonicalQuery, entry: CollectionEntry, reader: Reader) -> QuerySolution:
    """Return the plan of a query.

    Raises:
        ServerError: BadValue (2) for a hint that names no index; NoQueryExecutionPlans (291) for one that cannot be
            used; Location51173 and 51174 for `min` and `max` without a fitting hint.
    """
    solution = _choose(query, entry, reader)
    if solution.residual is None or finds_few(solution.access, entry, reader):
        return solution
    return replace(solution, predicate=narrow(solution.residual))


def finds_few(access: Access, entry: CollectionEntry, reader: Reader) -> bool:
    """Tell whether an access path leads to so few records that it is not worth telling the storage more about them."""
    return (
        isinstance(access, IxScan)
        and len(access.ranges) <= _FEW_RANGES
        and _count(access, entry, reader, _FEW_RECORDS + 1) <= _FEW_RECORDS
    )


def _choose(query: CanonicalQuery, entry: CollectionEntry, reader: Reader) -> QuerySolution:
    if (single := _single_lookup(query, entry)) is not None:
        return single
    if query.minimum is not None or query.maximum is not None:
        return _plan_min_max(query, entry)
    if query.hint is not None:
        return _plan_hinted(query, entry, reader)
    if isinstance(query.filter, AlwaysFalse):
        return QuerySolution(Empty(), None, sorted=True)
    if query.natural:
        return _collection_scan(query)
    candidates = _candidates(query, query.filter, entry)
    union = _union(query, entry, reader)
    best = _best(query, candidates, entry, reader)
    if union is not None and (best is None or not best.is_bounded):
        return QuerySolution(union, query.filter, sorted=False, rejected=tuple(each.scan for each in candidates))
    if best is None:
        return _collection_scan(query)
    rejected = tuple(each.scan for each in candidates if each is not best)
    return _solution(query, best, rejected)


def lookup(query: CanonicalQuery, entry: CollectionEntry) -> tuple[IndexEntry, bytes] | None:
    """Return, for an equality that one index alone answers, that index and the key in it."""
    filter_ = query.filter
    if not isinstance(filter_, Eq) or isinstance(filter_.value, dict | list | None):
        return None
    index = lookup_index(entry, filter_.path)
    if index is None or (query.sort is not None and not index.is_id) or not _is_free(query, entry):
        return None
    return index, lookup_key(entry, index, filter_.value)


def demanded_id(query: CanonicalQuery, entry: CollectionEntry) -> bytes | None:
    """Return the key of the `_id` that a document must have to match, if a filter says that among other things."""
    if isinstance(query.filter, And) and _is_free(query, entry):
        for child in query.filter.children:
            if isinstance(child, Eq) and child.path == "_id":
                return (
                    key_string.encode(child.value, query.collation) if child.value.__class__ in PLAIN_CLASSES else None
                )
    return None


def _is_free(query: CanonicalQuery, entry: CollectionEntry) -> bool:
    """Tell whether the planner may choose as it likes, and indexes of the collection's collation serve the query."""
    is_told = query.hint is not None or query.natural or query.minimum is not None or query.maximum is not None
    return not is_told and query.collation == entry.collation


def _single_lookup(query: CanonicalQuery, entry: CollectionEntry) -> QuerySolution | None:
    """Return the plan of a lookup at once."""
    found = lookup(query, entry)
    if found is None:
        return None
    index, key = found
    assert isinstance(query.filter, Eq)
    shown = partial(shown_bounds, (query.filter.path,), ((point(key, End(query.filter.value)),),))
    scan = IxScan(index, (KeyRange(key, successor(key)),), backward=False, shown=shown)
    return QuerySolution(scan, None, sorted=True)


def _collection_scan(query: CanonicalQuery) -> QuerySolution:
    return QuerySolution(CollScan(query.natural < 0), _residual(query.filter), sorted=query.sort is None)


def _residual(filter_: MatchExpression) -> MatchExpression | None:
    return None if isinstance(filter_, AlwaysTrue) or (isinstance(filter_, And) and not filter_.children) else filter_


def _solution(query: CanonicalQuery, chosen: Candidate, rejected: tuple[IxScan, ...] = ()) -> QuerySolution:
    residual = None if chosen.is_exact else _residual(query.filter)
    return QuerySolution(chosen.scan, residual, query.sort is None or chosen.is_sorted, rejected)


def _candidates(query: CanonicalQuery, filter_: MatchExpression, entry: CollectionEntry) -> list[Candidate]:
    said = predicates(filter_, query.collation)
    found = (candidate(query, filter_, said, index) for index in usable_indexes(entry))
    return [each for each in found if each is not None]


def _best(
    query: CanonicalQuery, candidates: list[Candidate], entry: CollectionEntry, reader: Reader
) -> Candidate | None:
    if len(candidates) <= 1:
        return candidates[0] if candidates else None
    return min(candidates, key=lambda each: _cost(query, each, entry, reader))


def _cost(
    query: CanonicalQuery, each: Candidate, entry: CollectionEntry, reader: Reader
) -> tuple[bool, float, bool, int]:
    """Return what candidates are compared by: bounds, documents to read, sorting, and how much the bounds pin down."""
    needs_sort = query.sort is not None and not each.is_sorted
    keys: float = _count(each.scan, entry, reader) if each.is_bounded else COUNT_LIMIT
    if not needs_sort and query.limit is not None and each.is_exact:
        keys = min(keys, query.limit)
    elif not needs_sort and query.limit is not None and keys >= COUNT_LIMIT:
        keys = COUNT_LIMIT - 1
    return not each.is_bounded and not (query.limit and each.is_sorted), keys, needs_sort, -each.points


def _count(scan: IxScan, entry: CollectionEntry, reader: Reader, limit: int = COUNT_LIMIT) -> int:
    total = 0
    for bounds in scan.ranges:
        left = limit - total
        if left <= 0:
            break
        if scan.index.is_id:
            total += reader.count_ids(entry.table, bounds, left)
        else:
            total += reader.count_keys(scan.index.table, bounds, left)
    return total


def _union(query: CanonicalQuery, entry: CollectionEntry, reader: Reader) -> IndexUnion | None:
    """Return the union of one bounded scan for each branch of an `$or`, or None when a branch has none."""
    conditions = query.filter.children if isinstance(query.filter, And) else (query.filter,)
    unsorted = replace(query, sort=None, limit=None)
    for condition in conditions:
        if not isinstance(condition, Or):
            continue
        children = []
        for branch in condition.children:
            bounded = [each for each in _candidates(unsorted, branch, entry) if each.is_bounded]
            best = _best(unsorted, bounded, entry, reader)
            if best is None:
                break
            children.append(best.scan)
        else:
            return IndexUnion(tuple(children))
    return None


def _plan_hinted(query: CanonicalQuery, entry: CollectionEntry, reader: Reader) -> QuerySolution:
    index = _hinted_index(query, entry)
    said = predicates(query.filter, query.collation)
    chosen = candidate(query, query.filter, said, index, is_hinted=True)
    if chosen is None:
        raise ServerError(
            ErrorCode.NoQueryExecutionPlans,
            f"error processing query: ns={entry.namespace} planner returned error :: caused by :: "
            "hint provided does not correspond to an index that can answer the query",
        )
    return _solution(query, chosen)


def _hinted_index(query: CanonicalQuery, entry: CollectionEntry) -> IndexEntry:
    hint = query.hint
    for index in entry.indexes:
        if isinstance(hint, str):
            if index.name == hint and not index.hidden:
                return index
        elif hint is not None and _same_pattern(index, hint) and not index.hidden:
            return index
    raise ServerError(
        ErrorCode.BadValue,
        "error processing query: planner returned error :: caused by :: hint provided does not correspond to an "
        "existing index",
    )


def _same_pattern(index: IndexEntry, pattern: Document) -> bool:
    return list(pattern) == list(index.paths) and equal(dict(index.key_pattern), pattern)


def _plan_min_max(query: CanonicalQuery, entry: CollectionEntry) -> QuerySolution:
    """Plan a find with `min` and `max`: the hinted index between two keys."""
    if query.hint is None:
        raise ServerError(
            ErrorCode.NoQueryExecutionPlans, "When using min()/max() a hint of which index to use must be provided"
        )
    index = _hinted_index(query, entry)
    if query.minimum and query.maximum and list(query.minimum) != list(query.maximum):
        raise ServerError(51176, "min() and max() must have the same fields in the same order")
    low = _bound(query.minimum, index, "min")
    high = _bound(query.maximum, index, "max")
    if low is not None and high is not None and low >= high:
        raise ServerError(51175, "min() must be less than max()")
    sort = query.sort
    scan = IxScan(index, (KeyRange(low, high),), False, lambda: {path: ["[min, max)"] for path in index.paths})
    return QuerySolution(scan, _residual(query.filter), sorted=sort is None)


def _bound(values: Document | None, index: IndexEntry, name: str) -> bytes | None:
    if values is None:
        return None
    if list(values) != list(index.paths):
        raise ServerError(51174, f"{name}() must have the same fields as the hinted index's key pattern, in its order")
    return key_string.encode_compound(list(values.values()), index.descending, index.collation)
