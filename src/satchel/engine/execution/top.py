"""The first documents of a sort without an index, found without reading all the others."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice
from typing import Final

from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.match import Match, matching
from satchel.engine.execution.partial import PartialScan
from satchel.engine.execution.scans import collection_scan
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.execution.sorting import sorted_matches
from satchel.engine.planner.narrowing import plain_path
from satchel.engine.planner.solution import QuerySolution
from satchel.engine.planner.sort_bound import up_to
from satchel.mql.context import Context
from satchel.mql.sort import SortPattern

MOST_CANDIDATES: Final = 5000
"""If so many more documents than are wanted may be among the first, reading only their sort keys is quicker."""

_MOST_PARTS: Final = 2
"""In a longer sort two fields may be parallel arrays, an error, in documents that have a plain value in the first."""


def first_matches(
    solution: QuerySolution, sort: SortPattern, end: int, context: Context, entry: CollectionEntry, slot: ReadSlot
) -> Iterator[Match] | None:
    """Return the first of all documents that a plan finds in an order, None where they all have to be read for it."""
    fields = PartialScan(solution, frozenset(path[0] for path in sort.paths), context)
    if not fields.is_scan:
        return None
    slot.watch(context.check_interrupt)
    candidates = _candidates(solution, sort, end, context, entry, slot)
    if candidates is not None:
        return sorted_matches(candidates, sort, context, end)
    return _by_keys(fields, sort, end, entry, slot) if fields.is_possible(slot) else None


def _candidates(
    solution: QuerySolution, sort: SortPattern, end: int, context: Context, entry: CollectionEntry, slot: ReadSlot
) -> list[Match] | None:
    """Return all that may be among the first, if they are few: what is not beyond the last of them for certain."""
    path, descending = plain_path(sort.paths[0]), sort.parts[0].descending
    if path is None or not end or len(sort.parts) > _MOST_PARTS:
        return None
    reader = slot.unit.reader
    bound = reader.sort_bound(entry.table, path, end, descending=descending, predicate=solution.predicate)
    predicate = up_to(bound, path, sort.collation, descending=descending, predicate=solution.predicate)
    if predicate is None:
        return None
    records = collection_scan(entry, slot, predicate=predicate)
    most = end + MOST_CANDIDATES
    found = list(islice(matching(records, solution.residual, context), most))
    return found if len(found) < most else None


def _by_keys(
    fields: PartialScan, sort: SortPattern, end: int, entry: CollectionEntry, slot: ReadSlot
) -> Iterator[Match]:
    """Yield the first of all documents in an order, of the others of which only the sort keys are read."""
    keyed = ((sort.key(document), number, rid) for number, (rid, document) in enumerate(fields.records(entry, slot)))
    first = heapq.nsmallest(end, keyed)
    found = [(rid, slot.unit.reader.get(entry.table, rid)) for _, _, rid in first]
    return (Match(rid, bson, None) for rid, bson in found if bson is not None)
