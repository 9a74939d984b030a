"""Scans that read a few fields instead of documents, as far as the storage can tell them without the engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.match import Match, matching
from satchel.engine.execution.scans import check_alive, collection_scan
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.planner.solution import CollScan, QuerySolution
from satchel.mql.context import Context
from satchel.mql.pipeline.chunk import CHUNK_SIZE, Chunk
from satchel.values.bson_types import Document

_MOST_FAILURES: Final = 3
"""After so many attempts in vain the rest is read as whole documents."""

_CHUNK_BYTES: Final = 1 << 20
"""So much BSON fills a chunk of whole documents."""


@dataclass(frozen=True, slots=True)
class PartialScan:
    """A scan of a collection for some fields.

    Attributes:
        solution: The plan.
        names: Their dotted paths.
    """

    solution: QuerySolution
    names: frozenset[str]
    context: Context

    @property
    def is_scan(self) -> bool:
        """Whether the plan is a scan whose filter the storage may decide."""
        access, residual = self.solution.access, self.solution.residual
        return (
            isinstance(access, CollScan)
            and not access.backward
            and (residual is None or self.solution.predicate is not None)
        )

    def is_possible(self, slot: ReadSlot) -> bool:
        """Tell whether it is that, and the storage can read the fields."""
        return self.is_scan and slot.unit.reader.can_read_fields(self.names)

    def chunks(self, entry: CollectionEntry, slot: ReadSlot) -> Iterator[Chunk]:
        """Yield of the documents that are found the fields; now and then all of them."""
        return (chunk for _, chunk in self._parts(entry, slot, with_rids=False))

    def records(self, entry: CollectionEntry, slot: ReadSlot) -> Iterator[tuple[int, Document]]:
        """Yield the same documents with their record ids."""
        for rids, chunk in self._parts(entry, slot, with_rids=True):
            yield from zip(rids, chunk.documents, strict=True)

    def _parts(
        self, entry: CollectionEntry, slot: ReadSlot, *, with_rids: bool
    ) -> Iterator[tuple[Sequence[int], Chunk]]:
        slot.watch(self.context.check_interrupt)
        names, predicate = self.names, self.solution.predicate
        after, failures = 0, 0
        while failures < _MOST_FAILURES:
            self.context.check_interrupt()
            check_alive(entry, slot)
            found = slot.unit.reader.read_fields(
                entry.table, sorted(names), after=after, predicate=predicate, with_rids=with_rids
            )
            if found.last_rid is None:
                return
            if found.columns is not None:
                yield found.rids, Chunk(columns=found.columns)
            elif (outer := outermost(names)) != names:
                names = outer  # there may be an array on the way
                continue
            else:
                failures += 1
                yield from self._whole(entry, slot, after, found.last_rid)
            after = found.last_rid
        yield from self._whole(entry, slot, after, None)

    def _whole(
        self, entry: CollectionEntry, slot: ReadSlot, after: int, last_rid: int | None
    ) -> Iterator[tuple[Sequence[int], Chunk]]:
        """Return whole documents, up to a record id or to the end."""
        records = collection_scan(entry, slot, after=after, predicate=self.solution.predicate)
        if last_rid is not None:
            records = takewhile(lambda record: record[0] <= last_rid, records)
        return whole_chunks(matching(records, self.solution.residual, self.context))


def outermost(paths: frozenset[str]) -> frozenset[str]:
    """Return the top-level fields of paths."""
    return frozenset(path.partition(".")[0] for path in paths)


def whole_chunks(found: Iterable[Match]) -> Iterator[tuple[Sequence[int], Chunk]]:
    """Yield whole documents in chunks of bounded size, with their record ids."""
    rids: list[int] = []
    documents: list[Document] = []
    size = 0
    for match in found:
        rids.append(match.rid)
        documents.append(match.document)
        size += len(match.bson)
        if size > _CHUNK_BYTES or len(rids) == CHUNK_SIZE:
            yield rids, Chunk(documents)
            rids, documents, size = [], [], 0
    if rids:
        yield rids, Chunk(documents)
