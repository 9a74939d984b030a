"""Running a query: plan, scan, match, sort, skip and limit. Every command that looks for documents comes here."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.scans import scan
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.planner.planner import plan
from satchel.engine.planner.solution import CanonicalQuery, CollScan, IxScan, QuerySolution
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import MatchExpression
from satchel.mql.sort import SortPattern
from satchel.storage.interface import JudgedRecord
from satchel.values.bson_types import Document, decode_document

_INTERRUPT_EVERY = 256


class Match(NamedTuple):
    """A document that a query found: its record id, its BSON, and the document if it had to be decoded on the way."""

    rid: int
    bson: bytes
    decoded: Document | None

    @property
    def document(self) -> Document:
        """The document, decoded."""
        return self.decoded if self.decoded is not None else decode_document(self.bson)


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

    def count(self, entry: CollectionEntry, slot: ReadSlot) -> int:
        """Return how many documents the query finds, after skip and limit, without reading them where that goes."""
        solution = self.solve(entry, slot)
        slot.watch(self.context.check_interrupt)
        total = None if self.limit is not None else self._count_in_storage(solution, entry, slot)
        if total is None:
            return sum(1 for _ in self.run(solution, entry, slot))
        return max(total - self.skip, 0)

    def _count_in_storage(self, solution: QuerySolution, entry: CollectionEntry, slot: ReadSlot) -> int | None:
        access, reader = solution.access, slot.unit.reader
        if isinstance(access, CollScan):
            if solution.predicate is not None:
                certain, asked = reader.count_matching(entry.table, solution.predicate)
                return certain + sum(1 for _ in _matching(asked, solution.residual, self.context))
            return reader.count(entry.table) if solution.residual is None else None
        if not isinstance(access, IxScan) or solution.residual is not None or access.index.multikey:
            return None
        if access.index.is_id:
            return sum(reader.count_ids(entry.table, bounds) for bounds in access.ranges)
        return sum(reader.count_keys(access.index.table, bounds) for bounds in access.ranges)

    def run(
        self, solution: QuerySolution, entry: CollectionEntry, slot: ReadSlot, examined: list[int] | None = None
    ) -> Iterator[Match]:
        """Yield what a chosen plan finds; `examined` is given the record id of every record that was looked at."""
        slot.watch(self.context.check_interrupt)
        records = scan(solution.access, entry, slot, solution.predicate)
        if examined is not None:
            records = _noted(records, examined)
        found = _matching(records, solution.residual, self.context)
        end = None if self.limit is None else min(self.skip + self.limit, sys.maxsize)
        if self.query.sort is not None and not solution.sorted:
            found = _sorted(found, self.query.sort, self.context, end)
        if self.skip or end is not None:
            found = islice(found, self.skip, end)
        return found


def _noted(records: Iterable[JudgedRecord], examined: list[int]) -> Iterator[JudgedRecord]:
    for record in records:
        examined.append(record[0])
        yield record


def _matching(records: Iterable[JudgedRecord], residual: MatchExpression | None, context: Context) -> Iterator[Match]:
    check_interrupt = context.check_interrupt
    countdown = 1
    matches = residual.matches if residual is not None else None
    for rid, bson, is_certain in records:
        countdown -= 1
        if not countdown:
            countdown = _INTERRUPT_EVERY
            check_interrupt()
        if matches is None or is_certain:
            yield Match(rid, bson, None)
            continue
        document = decode_document(bson)
        if matches(document):
            yield Match(rid, bson, document)


def _sorted(found: Iterable[Match], pattern: SortPattern, context: Context, limit: int | None) -> Iterator[Match]:
    """Yield `found` in the order of `pattern`; with a limit only the first so many, without keeping the rest."""
    keyed = ((pattern.key(match.document), number, match) for number, match in enumerate(found))
    if limit is not None:
        ordered: Iterable[tuple[bytes, int, Match]] = heapq.nsmallest(limit, keyed)
    else:
        ordered = sorted(_within_memory(keyed, context))
    for _, _, match in ordered:
        yield match


def _within_memory(keyed: Iterable[tuple[bytes, int, Match]], context: Context) -> Iterator[tuple[bytes, int, Match]]:
    """Pass rows on while they fit into the sort's memory.

    Raises:
        ServerError: QueryExceededMemoryLimitNoDiskUseAllowed (292), when disk use is not allowed.
    """
    size = 0
    for row in keyed:
        size += len(row[0]) + len(row[2].bson)
        if size > context.memory_limit_bytes and not context.allow_disk_use:
            raise ServerError(
                ErrorCode.QueryExceededMemoryLimitNoDiskUseAllowed,
                f"Sort exceeded memory limit of {context.memory_limit_bytes} bytes, but did not opt in to external "
                "sorting.",
            )
        yield row
