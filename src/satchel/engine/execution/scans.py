"""Scans: the records that an access path leads to, each once, resumable over the commands of a cursor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.planner.solution import Access, CollScan, Empty, IndexUnion, IxScan
from satchel.storage.interface import IndexedRecord, KeyRange, Reader, Record


def scan(access: Access, entry: CollectionEntry, slot: ReadSlot) -> Iterator[Record]:
    """Return the records of an access path, each once."""
    if isinstance(access, CollScan):
        return collection_scan(entry, slot, backward=access.backward)
    if isinstance(access, IxScan):
        rows = _index_scan(access, entry, slot)
        return _distinct(rows) if access.index.multikey else rows
    if isinstance(access, IndexUnion):
        return _distinct(row for child in access.children for row in _index_scan(child, entry, slot))
    assert isinstance(access, Empty)
    return iter(())


def collection_scan(
    entry: CollectionEntry, slot: ReadSlot, *, backward: bool = False, after: int | None = None
) -> Iterator[Record]:
    """Yield the records in natural order, from beyond the record id `after`."""
    while True:
        generation = slot.generation
        for record in slot.unit.reader.scan(entry.table, after=after, backward=backward):
            after = record[0]
            yield record
            if slot.generation != generation:
                break
        else:
            return


def _index_scan(access: IxScan, entry: CollectionEntry, slot: ReadSlot) -> Iterator[Record]:
    for bounds in reversed(access.ranges) if access.backward else access.ranges:
        yield from _range_scan(access, bounds, entry, slot)


def _range_scan(access: IxScan, bounds: KeyRange, entry: CollectionEntry, slot: ReadSlot) -> Iterator[Record]:
    position: tuple[bytes, int] | None = None
    while True:
        generation = slot.generation
        for key, rid, bson in _open_range(access, bounds, entry, slot.unit.reader, position):
            position = key, rid
            yield rid, bson
            if slot.generation != generation:
                break
        else:
            return


def _open_range(
    access: IxScan, bounds: KeyRange, entry: CollectionEntry, reader: Reader, position: tuple[bytes, int] | None
) -> Iterator[IndexedRecord]:
    if access.index.is_id:
        after = None if position is None else position[0]
        return reader.scan_ids(entry.table, bounds, after=after, backward=access.backward)
    return reader.scan_index(entry.table, access.index.table, bounds, after=position, backward=access.backward)


def _distinct(rows: Iterable[Record]) -> Iterator[Record]:
    seen: set[int] = set()
    for row in rows:
        if row[0] not in seen:
            seen.add(row[0])
            yield row
