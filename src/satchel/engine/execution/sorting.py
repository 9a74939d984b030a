"""Sorting what a query found: in memory as far as that goes, beyond it in temporary files."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from satchel.engine.execution.match import Match
from satchel.mql.context import Context
from satchel.mql.pipeline.spill import MemoryMeter, SpilledRuns
from satchel.mql.sort import SortPattern

MAX_TOP_DOCUMENTS: Final = 10_000
"""Up to which limit the best documents are kept instead of all sorted."""

_ENTRY_BYTES: Final = 200
_DECODED_FACTOR: Final = 4
"""How much more memory a decoded document takes than its BSON, about."""

Entry: TypeAlias = tuple[bytes, int, Match]
"""A match with its sort key and, to tell equal keys apart, its number."""


def sorted_matches(
    found: Iterable[Match], pattern: SortPattern, context: Context, limit: int | None = None
) -> Iterator[Match]:
    """Yield matches in the order of `pattern`; equal ones keep theirs.

    Args:
        found: The matches.
        pattern: The order.
        context: The operation: how much memory it may take, and whether it may go on in files.
        limit: How many of the first are wanted, or None for all.

    Raises:
        ServerError: QueryExceededMemoryLimitNoDiskUseAllowed (292).
    """
    keyed = ((pattern.key(match.document), number, match) for number, match in enumerate(found))
    if limit is not None and limit <= MAX_TOP_DOCUMENTS:
        for _, _, match in heapq.nsmallest(limit, keyed):
            yield match
    else:
        yield from _sort_all(keyed, context)


def _sort_all(keyed: Iterable[Entry], context: Context) -> Iterator[Match]:
    meter = MemoryMeter("Sort", context)
    runs: SpilledRuns[tuple[int, bytes]] = SpilledRuns(meter.make_store)
    held: list[Entry] = []
    for entry in keyed:
        held.append(entry)
        if meter.add_bytes(_size_bytes(entry)):
            meter.require_spilling()
            runs.write(_run(held))
            held = []
            meter.reset()
    if runs:
        return (Match(rid, bson, None) for _, (rid, bson) in runs.merged(_run(held)))
    held.sort()
    return (match for _, _, match in held)


def _size_bytes(entry: Entry) -> int:
    key, _, match = entry
    return len(key) + len(match.bson) * (_DECODED_FACTOR if match.decoded is not None else 1) + _ENTRY_BYTES


def _run(held: list[Entry]) -> Iterator[tuple[bytes, tuple[int, bytes]]]:
    held.sort()
    return ((key, (match.rid, match.bson)) for key, _, match in held)
