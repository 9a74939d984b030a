"""Index scans that read a few fields of the documents that they lead to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.match import matching
from satchel.engine.execution.partial import outermost, whole_chunks
from satchel.engine.execution.scans import check_alive
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.planner.solution import IndexUnion, IxScan, QuerySolution
from satchel.mql.context import Context
from satchel.mql.pipeline.chunk import Chunk
from satchel.storage.interface import JudgedRecord

_RECORDS_AT_ONCE: Final = 2048


@dataclass(frozen=True, slots=True)
class PartialFetch:
    """An index scan for some fields, which has to be read to its end within the command that began it.

    Attributes:
        solution: The plan.
        names: The fields' dotted paths.
    """

    solution: QuerySolution
    names: frozenset[str]
    context: Context

    def is_possible(self, slot: ReadSlot) -> bool:
        """Tell whether the plan is an index scan whose filter the storage may decide."""
        solution = self.solution
        return (
            isinstance(solution.access, IxScan | IndexUnion)
            and (solution.residual is None or solution.predicate is not None)
            and slot.unit.reader.can_read_fields(self.names)
        )

    def chunks(self, entry: CollectionEntry, slot: ReadSlot) -> Iterator[Chunk]:
        """Yield of the documents that are found the fields, in the order of the index; now and then all of them."""
        slot.watch(self.context.check_interrupt)
        rids, generation = list(self._rids(entry, slot)), slot.generation
        names = self.names
        for start in range(0, len(rids), _RECORDS_AT_ONCE):
            self.context.check_interrupt()
            assert slot.generation == generation, "record ids were kept beyond their snapshot"
            part = rids[start : start + _RECORDS_AT_ONCE]
            columns = self._columns(entry, slot, names, part)
            if columns is None and (outer := outermost(names)) != names:
                names = outer  # there may be an array on the way
                columns = self._columns(entry, slot, names, part)
            if columns is None:
                yield from self._whole(entry, slot, part)
            else:
                yield columns

    def _rids(self, entry: CollectionEntry, slot: ReadSlot) -> Iterator[int]:
        access = self.solution.access
        if isinstance(access, IndexUnion):
            return iter(dict.fromkeys(rid for child in access.children for rid in _rids_of(child, entry, slot)))
        assert isinstance(access, IxScan)
        rids = _rids_of(access, entry, slot)
        return iter(dict.fromkeys(rids)) if access.index.multikey else rids

    def _columns(
        self, entry: CollectionEntry, slot: ReadSlot, names: frozenset[str], rids: Sequence[int]
    ) -> Chunk | None:
        found = slot.unit.reader.read_listed_fields(entry.table, sorted(names), rids, predicate=self.solution.predicate)
        if found.last_rid is None:
            return Chunk([])
        return None if found.columns is None else Chunk(columns=found.columns)

    def _whole(self, entry: CollectionEntry, slot: ReadSlot, rids: Sequence[int]) -> Iterator[Chunk]:
        reader, table = slot.unit.reader, entry.table
        stored = ((rid, reader.get(table, rid)) for rid in rids)
        records: Iterator[JudgedRecord] = ((rid, bson, 0) for rid, bson in stored if bson is not None)
        return (chunk for _, chunk in whole_chunks(matching(records, self.solution.residual, self.context)))


def _rids_of(access: IxScan, entry: CollectionEntry, slot: ReadSlot) -> Iterator[int]:
    check_alive(entry, slot, access.index)
    reader, index = slot.unit.reader, access.index
    for bounds in reversed(access.ranges) if access.backward else access.ranges:
        keys = reader.scan_id_keys(entry.table, bounds) if index.is_id else reader.scan_keys(index.table, bounds)
        rids = [rid for _, rid in keys]
        yield from reversed(rids) if access.backward else rids
