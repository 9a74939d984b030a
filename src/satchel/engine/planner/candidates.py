"""Candidates: what an index can do for a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from satchel.engine.catalog import IndexEntry
from satchel.engine.indexes.keys import hashed_value
from satchel.engine.indexes.wildcard import WildcardPaths
from satchel.engine.planner.bounds import Predicate
from satchel.engine.planner.implication import implies
from satchel.engine.planner.intervals import FULL, Interval, intersect
from satchel.engine.planner.solution import CanonicalQuery, IxScan
from satchel.mql.context import Context
from satchel.mql.match import MatchExpression, parse_filter
from satchel.mql.match.comparison import Eq, In
from satchel.mql.match.tree import AlwaysTrue, And
from satchel.mql.sort import SortPattern
from satchel.storage.interface import KeyRange
from satchel.values import key_string
from satchel.values.bson_types import BsonValue, Document
from satchel.values.key_string import successor
from satchel.values.shell_text import shell_text

MAX_RANGES = 2000
"""How many ranges one scan may have; beyond that, fewer components of the index are bounded."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An index scan that would find every document of a query.

    Attributes:
        is_bounded: Whether it reads less than the whole index.
        is_sorted: Whether it meets the documents in the wanted order.
        is_exact: Whether every document it meets matches.
        points: How many leading components are single values, a tie breaker.
    """

    scan: IxScan
    is_bounded: bool
    is_sorted: bool
    is_exact: bool
    points: int


def candidate(
    query: CanonicalQuery,
    filter_: MatchExpression,
    said: tuple[Predicate, ...],
    index: IndexEntry,
    *,
    is_hinted: bool = False,
) -> Candidate | None:
    """Return what an index can do for a filter and order, or None when it might lose documents or does nothing.

    Args:
        query: The query (its order and collation count).
        filter_: The filter, which may be a part of the query's (a branch of an `$or`).
        said: What that filter says of index keys, with the query's collation.
        index: The index.
        is_hinted: Whether the user asked for this index: then a sparse or partial one may leave documents out, as
            in MongoDB.
    """
    if not _same_collation(query, index) or not (is_hinted or _holds_all(filter_, index)):
        return None
    if index.kind == "wildcard":
        return _wildcard_candidate(filter_, said, index)
    if index.kind == "hashed":
        return _hashed_candidate(filter_, index, is_hinted=is_hinted)
    return _btree_candidate(query, filter_, said, index, is_hinted=is_hinted)


def _same_collation(query: CanonicalQuery, index: IndexEntry) -> bool:
    return index.collation == query.collation


def _holds_all(filter_: MatchExpression, index: IndexEntry) -> bool:
    return index.partial_filter is None or implies(filter_, _partial_expression(index))


@lru_cache(maxsize=1024)
def _partial_expression(index: IndexEntry) -> MatchExpression:
    return parse_filter(index.partial_filter or {}, Context(collation=index.collation))


def _btree_candidate(
    query: CanonicalQuery, filter_: MatchExpression, found: tuple[Predicate, ...], index: IndexEntry, *, is_hinted: bool
) -> Candidate | None:
    if not is_hinted and not _begins_with(index.paths[0], found, query.sort):
        return None
    chosen, used = _components(found, index)
    if index.sparse and not is_hinted and not _excludes_missing(used, index):
        return None
    is_bounded = any(intervals != (FULL,) for intervals in chosen) or (index.sparse and bool(used))
    points = 0
    for intervals in chosen:
        if len(intervals) != 1 or not intervals[0].is_point:
            break
        points += 1
    order = _sort_direction(query.sort, index, chosen, points)
    if not is_bounded and order is None and not is_hinted:
        return None
    scan = IxScan(index, _ranges(chosen), order == -1, partial(shown_bounds, index.paths, chosen))
    exact = _is_exact(filter_, found, used, index)
    return Candidate(scan, is_bounded, order is not None, exact, points)


def _begins_with(path: str, found: tuple[Predicate, ...], sort: SortPattern | None) -> bool:
    """Tell whether something is said of a path, or it is the first to sort by; an index is of no use otherwise."""
    return any(each.path == path for each in found) or (sort is not None and sort.parts[0].path == path)


def shown_bounds(paths: Sequence[str], chosen: Sequence[tuple[Interval, ...]]) -> Document:
    """Return bounds as explain shows them; components beyond those chosen are not bounded."""
    components = [*chosen, *[(FULL,)] * (len(paths) - len(chosen))]
    return {path: [interval.text for interval in intervals] for path, intervals in zip(paths, components, strict=True)}


def _components(found: tuple[Predicate, ...], index: IndexEntry) -> tuple[list[tuple[Interval, ...]], list[Predicate]]:
    """Choose the intervals of the leading components of an index, and tell which predicates they come from."""
    chosen: list[tuple[Interval, ...]] = []
    used: list[Predicate] = []
    ranges = 1
    for path, descending in zip(index.paths, index.descending, strict=True):
        usable = [predicate for predicate in found if predicate.path == path]
        if index.multikey:
            usable = _for_multikey(usable, used, path)
        intervals: tuple[Interval, ...] = (FULL,)
        for predicate in usable:
            intervals = intersect(intervals, predicate.intervals)
        ranges *= max(len(intervals), 1)
        if not usable or ranges > MAX_RANGES:
            break
        if descending:
            intervals = tuple(sorted(interval.descending() for interval in intervals))
        chosen.append(intervals)
        used.extend(usable)
        if not all(interval.is_point for interval in intervals):
            break
    return chosen, used


def _for_multikey(usable: list[Predicate], used: list[Predicate], path: str) -> list[Predicate]:
    """Choose predicates that one key of a document must satisfy together.

    Where arrays are met, two predicates may be satisfied by different elements, and so by different keys. One predicate
    of a path is safe; so are several paths as long as they do not go through the same array.
    """
    if not usable:
        return []
    root = path.split(".", 1)[0]
    if any(earlier.path.split(".", 1)[0] == root for earlier in used):
        return []
    best = min(usable, key=lambda each: (not all(one.is_point for one in each.intervals), each.intervals == (FULL,)))
    if best.group:
        return [predicate for predicate in usable if predicate.group == best.group and predicate.path == best.path]
    return [best]


def _excludes_missing(used: list[Predicate], index: IndexEntry) -> bool:
    """Tell whether documents without any of a sparse index's fields cannot match."""
    return any(not predicate.matches_missing for predicate in used)


def _ranges(chosen: list[tuple[Interval, ...]]) -> tuple[KeyRange, ...]:
    """Return the key ranges of intervals side by side: points first, then one component of any kind."""
    prefixes = [b""]
    for intervals in chosen[:-1]:
        prefixes = [prefix + interval.low for prefix in prefixes for interval in intervals]
    if not chosen:
        return (KeyRange(),)
    return tuple(_range(prefix, interval) for prefix in prefixes for interval in chosen[-1])


def _range(prefix: bytes, interval: Interval) -> KeyRange:
    low = prefix + interval.low
    if interval.high is not None:
        return KeyRange(low or None, prefix + interval.high)
    return KeyRange(low or None, successor(prefix) if prefix else None)


def _sort_direction(
    sort: SortPattern | None, index: IndexEntry, chosen: list[tuple[Interval, ...]], points: int
) -> int | None:
    """Return 1 or -1 when reading the index forward or backward gives the wanted order, None when neither does.

    Components that are fixed to one value may stand anywhere in the order.
    """
    if sort is None or sort.is_random or index.kind != "btree" or len(chosen) > points + 1:
        return None
    if index.multikey and chosen:
        return None
    if any(len(intervals) > 1 for intervals in chosen[:points]):
        return None
    fixed = set(index.paths[:points])
    remaining = list(zip(index.paths, index.descending, strict=True))[points:]
    wanted = [(path, descending) for path, descending in sort.parts if path not in fixed]
    if len(wanted) > len(remaining):
        return None
    direction = 0
    for (path, descending), (indexed_path, indexed_descending) in zip(wanted, remaining, strict=False):
        if path != indexed_path:
            return None
        needed = 1 if descending == indexed_descending else -1
        if direction and needed != direction:
            return None
        direction = needed
    return direction or 1


def _is_exact(filter_: MatchExpression, found: tuple[Predicate, ...], used: list[Predicate], index: IndexEntry) -> bool:
    """Tell whether the bounds say all that the filter says."""
    leaves = filter_.children if isinstance(filter_, And) else () if isinstance(filter_, AlwaysTrue) else (filter_,)
    if len(leaves) != len(found) or len(found) != len(used):
        return False
    if index.multikey and len(used) > 1:
        return False
    plain = all(not part.isdigit() for predicate in used for part in predicate.path.split("."))
    return plain and all(predicate.is_exact for predicate in used)


def _hashed_candidate(filter_: MatchExpression, index: IndexEntry, *, is_hinted: bool) -> Candidate | None:
    """A hashed component answers equality alone, with one value or several."""
    keys = [b""]
    bounds: Document = {}
    for (path, direction), descending in zip(index.key_pattern.items(), index.descending, strict=True):
        values = _equal_values(filter_, path)
        if values is None or len(keys) * len(values) > MAX_RANGES:
            break
        parts = [
            key_string.encode(hashed_value(value) if direction == "hashed" else value, index.collation)
            for value in values
        ]
        keys = [key + (key_string.invert(part) if descending else part) for key in keys for part in parts]
        bounds[path] = [f"[{shell_text(value)}, {shell_text(value)}]" for value in values]
    if not bounds:
        scan = IxScan(index, (KeyRange(),), False, partial(shown_bounds, index.paths, ()))
        return Candidate(scan, False, is_sorted=False, is_exact=False, points=0) if is_hinted else None
    ranges = tuple(KeyRange(key, successor(key)) for key in sorted(set(keys)))
    scan = IxScan(index, ranges, False, lambda: bounds)
    return Candidate(scan, True, is_sorted=False, is_exact=False, points=len(bounds))


def _equal_values(filter_: MatchExpression, path: str) -> tuple[BsonValue, ...] | None:
    """Return the scalars one of which a field has to equal, or None when the filter does not say so."""
    for leaf in filter_.children if isinstance(filter_, And) else (filter_,):
        if isinstance(leaf, Eq | In) and leaf.path == path:
            values = leaf.values if isinstance(leaf, In) else (leaf.value,)
            if not (isinstance(leaf, In) and leaf.regexes) and not any(isinstance(each, list) for each in values):
                return values
    return None


def _wildcard_candidate(filter_: MatchExpression, said: tuple[Predicate, ...], index: IndexEntry) -> Candidate | None:
    """A wildcard index answers one predicate on one path that it holds for every document that has the field."""
    if len(index.paths) != 1:
        return None
    wildcard = WildcardPaths(index)
    best: Candidate | None = None
    for predicate in said:
        parts = predicate.path.split(".")
        if predicate.matches_missing or not wildcard.holds(predicate.path) or any(part.isdigit() for part in parts):
            continue
        if not _has_wildcard_keys(filter_, predicate.path):
            continue
        path_key = key_string.encode(predicate.path)
        ranges = tuple(_range(path_key, interval) for interval in predicate.intervals)
        shown = partial(shown_bounds, (predicate.path,), (predicate.intervals,))
        points = int(all(interval.is_point for interval in predicate.intervals))
        found = Candidate(IxScan(index, ranges, False, shown), True, False, False, points)
        if best is None or found.points > best.points:
            best = found
    return best


def _has_wildcard_keys(filter_: MatchExpression, path: str) -> bool:
    """Tell whether what is asked of `path` is a scalar: whole documents and arrays have no key of their own."""
    leaves = filter_.children if isinstance(filter_, And) else (filter_,)
    for leaf in leaves:
        if getattr(leaf, "path", None) != path:
            continue
        values = leaf.values if isinstance(leaf, In) else (getattr(leaf, "value", None),)
        return not any(isinstance(value, list | dict) or value is None for value in values)
    return False
