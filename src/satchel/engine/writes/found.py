"""The documents that a write is about to change, found before anything changes, however much they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, overload

from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.match import Match
from satchel.storage.interface import Reader

_MOST_KEPT_BYTES: Final = 8 * 1024 * 1024


class Found(Sequence[Match]):
    """Matches; of those beyond the first few megabytes only the record ids are in memory.

    Their documents are read again when they are asked for, so ask before the writer changes them.

    Args:
        matches: What a query finds.
        reader: The write transaction in which it finds them.
        entry: The collection.
    """

    def __init__(self, matches: Iterable[Match], reader: Reader, entry: CollectionEntry) -> None:
        self._reader = reader
        self._table = entry.table
        self._kept: list[Match] = []
        self._others: list[int] = []
        left = _MOST_KEPT_BYTES
        for match in matches:
            if left > 0:
                self._kept.append(match)
                left -= len(match.bson)
            else:
                self._others.append(match.rid)

    def __len__(self) -> int:
        return len(self._kept) + len(self._others)

    def __iter__(self) -> Iterator[Match]:
        yield from self._kept
        yield from map(self._read, self._others)

    @overload
    def __getitem__(self, index: int) -> Match: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Match]: ...

    def __getitem__(self, index: int | slice) -> Match | Sequence[Match]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        kept = len(self._kept)
        return self._kept[position] if position < kept else self._read(self._others[position - kept])

    @property
    def rids(self) -> list[int]:
        """The record ids, in the order of the matches."""
        return [*(match.rid for match in self._kept), *self._others]

    def _read(self, rid: int) -> Match:
        bson = self._reader.get(self._table, rid)
        assert bson is not None, "a record that was found is gone"
        return Match(rid, bson, None)


def rids_of(matches: Sequence[Match]) -> list[int]:
    """Return the record ids of matches, without reading any of them again."""
    return matches.rids if isinstance(matches, Found) else [match.rid for match in matches]
