"""Running a query: plan, scan, match, sort, skip and limit. Every command that looks for documents comes here."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.match import Match, matching
from satchel.engine.execution.partial import PartialScan, outermost, whole_chunks
from satchel.engine.execution.partial_fetch import PartialFetch
from satchel.engine.execution.scans import scan, stored_documents
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.execution.sorting import MAX_TOP_DOCUMENTS, sorted_matches
from satchel.engine.execution.top import first_matches
from satchel.engine.planner.planner import plan
from satchel.engine.planner.solution import CanonicalQuery, CollScan, IxScan, QuerySolution
from satchel.mql.context import Context
from satchel.mql.pipeline.chunk import Chunk
from satchel.mql.sort import SortPattern
from satchel.storage.interface import JudgedRecord, Reader
from satchel.values.bson_types import Document, decode_document

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class QueryRun:
    """A query with its numbers and circumstances.

    Attributes:
        skip: How many of the found documents are passed over.
        limit: How many are taken after that, or None for all.
    """

    query: CanonicalQuery
    context: Context
    skip: int = 0
    limit: int | None = None

    def solve(self, entry: CollectionEntry, slot: ReadSlot) -> QuerySolution:
        """Choose the plan."""
        return plan(self.query, entry, slot.unit.reader)

    def matches(self, entry: CollectionEntry, slot: ReadSlot) -> Iterator[Match]:
        """Yield what the query finds, in its order, after skip and limit."""
        return self.run(self.solve(entry, slot), entry, slot)

    def documents(self, entry: CollectionEntry, slot: ReadSlot) -> Iterator[Document]:
        """Yield the documents that the query finds, in its order, after skip and limit."""
        solution = self.solve(entry, slot)
        if self._is_decided(solution, slot):
            return map(decode_document, self.stored(solution, entry, slot))
        return (match.document for match in self.run(solution, entry, slot))

    def chunks(self, entry: CollectionEntry, slot: ReadSlot, names: frozenset[str]) -> Iterator[Chunk]:
        """Yield the same in chunks, which have to be read within this command.

        Args:
            entry: The collection.
            slot: Where the snapshot is.
            names: The dotted paths of the only fields that matter; others may be left out, and their order may differ.
        """
        solution = self.solve(entry, slot)
        if self.limit is None and not self.skip and (self.query.sort is None or solution.sorted):
            for paths in (names, outermost(names)):
                for fields in (
                    PartialScan(solution, paths, self.context),
                    PartialFetch(solution, paths, self.context),
                ):
                    if fields.is_possible(slot):
                        return fields.chunks(entry, slot)
        return (chunk for _, chunk in whole_chunks(self.run(solution, entry, slot)))

    def _is_decided(self, solution: QuerySolution, slot: ReadSlot) -> bool:
        """Tell whether a plan gives the documents as they are wanted, and nobody has to look at them on the way."""
        return solution.residual is None and (self.query.sort is None or solution.sorted) and slot.is_watched

    def stored(self, solution: QuerySolution, entry: CollectionEntry, slot: ReadSlot) -> Iterator[bytes]:
        """Yield the BSON of what a chosen plan finds, in the query's order, after skip and limit."""
        if not self._is_decided(solution, slot):
            return (match.bson for match in self.run(solution, entry, slot))
        slot.watch(self.context.check_interrupt)
        return part_of(stored_documents(solution.access, entry, slot), self.skip, self.limit)

    def count(self, entry: CollectionEntry, slot: ReadSlot) -> int:
        """Return how many documents the query finds, after skip and limit, without reading them where that goes."""
        solution = self.solve(entry, slot)
        slot.watch(self.context.check_interrupt)
        end = None if self.limit is None else self.skip + self.limit
        keys = counted_scan(solution)
        if keys is not None:
            total = count_keys(keys, entry, slot.unit.reader, end)
        elif end is None and isinstance(solution.access, CollScan):
            total = self._count_records(solution, entry, slot.unit.reader)
        else:
            return sum(1 for _ in self.run(solution, entry, slot))
        return max((total if end is None else min(total, end)) - self.skip, 0)

    def _count_records(self, solution: QuerySolution, entry: CollectionEntry, reader: Reader) -> int:
        if solution.predicate is not None:
            certain, asked = reader.count_matching(entry.table, solution.predicate)
            return certain + sum(1 for _ in matching(asked, solution.residual, self.context))
        if solution.residual is None:
            return reader.count(entry.table)
        return sum(1 for _ in matching(reader.scan(entry.table), solution.residual, self.context))

    def _top_sort(self, solution: QuerySolution, end: int) -> SortPattern | None:
        """Return the order of which the first documents are to be found, if they are few."""
        sort = self.query.sort
        is_open = sort is not None and not solution.sorted and not sort.is_random
        return sort if is_open and end <= MAX_TOP_DOCUMENTS else None

    def run(
        self, solution: QuerySolution, entry: CollectionEntry, slot: ReadSlot, examined: list[int] | None = None
    ) -> Iterator[Match]:
        """Yield what a chosen plan finds; `examined` is given the record id of every record that was looked at."""
        end = _end(self.skip, self.limit)
        if examined is None and end is not None and (sort := self._top_sort(solution, end)) is not None:
            first = first_matches(solution, sort, end, self.context, entry, slot)
            if first is not None:
                return islice(first, self.skip, end)
        slot.watch(self.context.check_interrupt)
        records = scan(solution.access, entry, slot, solution.predicate)
        if examined is not None:
            records = _noted(records, examined)
        found = matching(records, solution.residual, self.context)
        if self.query.sort is not None and not solution.sorted:
            found = sorted_matches(found, self.query.sort, self.context, end)
        return part_of(found, self.skip, self.limit)


def part_of(found: Iterator[Found], skip: int, limit: int | None) -> Iterator[Found]:
    """Leave out what is skipped and what is beyond the limit."""
    return islice(found, skip, _end(skip, limit)) if skip or limit is not None else found


def _end(skip: int, limit: int | None) -> int | None:
    return None if limit is None else min(skip + limit, sys.maxsize)


def counted_scan(solution: QuerySolution) -> IxScan | None:
    """Return the index scan whose keys alone tell how many documents a plan finds, or None."""
    return solution.access if isinstance(solution.access, IxScan) and solution.residual is None else None


def count_keys(access: IxScan, entry: CollectionEntry, reader: Reader, end: int | None) -> int:
    """Count the documents that index ranges lead to; beyond `end` it does not matter how many there are."""
    if access.index.multikey:  # a document may have several keys
        return len({rid for bounds in access.ranges for _, rid in reader.scan_keys(access.index.table, bounds)})
    total = 0
    for bounds in access.ranges:
        left = None if end is None else end - total
        if access.index.is_id:
            total += reader.count_ids(entry.table, bounds, left)
        else:
            total += reader.count_keys(access.index.table, bounds, left)
    return total


def _noted(records: Iterable[JudgedRecord], examined: list[int]) -> Iterator[JudgedRecord]:
    for record in records:
        examined.append(record[0])
        yield record
