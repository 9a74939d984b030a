"""Scans: the records that an access path leads to, each once, resumable over the commands of a cursor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final

from satchel.engine.catalog import CollectionEntry, IndexEntry
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.planner.solution import Access, CollScan, Empty, IndexUnion, IxScan
from satchel.errors import ErrorCode, ServerError
from satchel.storage.interface import IndexedRecord, JudgedRecord, KeyRange, Reader
from satchel.storage.predicate import BoundPredicate
from satchel.values.compare import equal

_BSON_OF_ROW: Final = itemgetter(2)
_BSON_OF_RECORD: Final = itemgetter(1)


def scan(
    access: Access, entry: CollectionEntry, slot: ReadSlot, predicate: BoundPredicate | None = None
) -> Iterator[JudgedRecord]:
    """Return the records of an access path, each once, without those to which the predicate says no."""
    if isinstance(access, CollScan):
        return collection_scan(entry, slot, backward=access.backward, predicate=predicate)
    if isinstance(access, IxScan):
        rows = _index_scan(access, entry, slot, predicate)
        return _distinct(rows) if access.index.multikey else rows
    if isinstance(access, IndexUnion):
        return _distinct(row for child in access.children for row in _index_scan(child, entry, slot, predicate))
    assert isinstance(access, Empty)
    return iter(())


def stored_documents(access: Access, entry: CollectionEntry, slot: ReadSlot) -> Iterator[bytes]:
    """Return the BSON of what `scan` returns: quicker, where nothing else is asked for."""
    if isinstance(access, IxScan) and not access.index.multikey:
        return map(_BSON_OF_ROW, _index_rows(access, entry, slot, None))
    return map(_BSON_OF_RECORD, scan(access, entry, slot))


def collection_scan(
    entry: CollectionEntry,
    slot: ReadSlot,
    *,
    backward: bool = False,
    after: int | None = None,
    predicate: BoundPredicate | None = None,
) -> Iterator[JudgedRecord]:
    """Yield the records in natural order, from beyond the record id `after`."""
    while True:
        check_alive(entry, slot)
        generation = slot.generation
        for record in slot.unit.reader.scan(entry.table, after=after, backward=backward, predicate=predicate):
            yield record
            if slot.generation != generation:
                after = record[0]
                break
        else:
            return


def _index_scan(
    access: IxScan, entry: CollectionEntry, slot: ReadSlot, predicate: BoundPredicate | None
) -> Iterator[JudgedRecord]:
    return ((rid, bson, is_certain) for _, rid, bson, is_certain in _index_rows(access, entry, slot, predicate))


def _index_rows(
    access: IxScan, entry: CollectionEntry, slot: ReadSlot, predicate: BoundPredicate | None
) -> Iterator[IndexedRecord]:
    ranges = access.ranges[::-1] if access.backward else access.ranges
    if len(ranges) == 1:
        return _range_rows(access, ranges[0], entry, slot, predicate)
    return (row for bounds in ranges for row in _range_rows(access, bounds, entry, slot, predicate))


def _range_rows(
    access: IxScan, bounds: KeyRange, entry: CollectionEntry, slot: ReadSlot, predicate: BoundPredicate | None
) -> Iterator[IndexedRecord]:
    position: tuple[bytes, int] | None = None
    while True:
        check_alive(entry, slot, access.index)
        generation = slot.generation
        for row in _open_range(access, bounds, entry, slot.unit.reader, position, predicate):
            yield row
            if slot.generation != generation:
                position = row[:2]
                break
        else:
            return


def check_alive(entry: CollectionEntry, slot: ReadSlot, index: IndexEntry | None = None) -> None:
    """Raise when what a scan reads is gone, or another one of the same name: commands may have come in between.

    Raises:
        ServerError: QueryPlanKilled (175).
    """
    current = slot.unit.catalog.get(entry.namespace)
    if current is entry:
        return
    if current is None or current.uuid != entry.uuid:
        raise ServerError(ErrorCode.QueryPlanKilled, f"collection dropped. ns: {entry.namespace}")
    if index is None or index.is_id:
        return
    found = current.index(index.name)
    if found is None or found.table != index.table or not _have_same_keys(index, found):
        raise ServerError(ErrorCode.QueryPlanKilled, f"index '{index.name}' dropped")


def _have_same_keys(index: IndexEntry, other: IndexEntry) -> bool:
    return all(
        equal(index.spec.get(option), other.spec.get(option))
        for option in ("key", "sparse", "partialFilterExpression", "collation", "wildcardProjection")
    )


def _open_range(
    access: IxScan,
    bounds: KeyRange,
    entry: CollectionEntry,
    reader: Reader,
    position: tuple[bytes, int] | None,
    predicate: BoundPredicate | None,
) -> Iterator[IndexedRecord]:
    if access.index.is_id:
        after = None if position is None else position[0]
        return reader.scan_ids(entry.table, bounds, after=after, backward=access.backward, predicate=predicate)
    return reader.scan_index(
        entry.table, access.index.table, bounds, after=position, backward=access.backward, predicate=predicate
    )


def _distinct(rows: Iterable[JudgedRecord]) -> Iterator[JudgedRecord]:
    seen: set[int] = set()
    for row in rows:
        if row[0] not in seen:
            seen.add(row[0])
            yield row
