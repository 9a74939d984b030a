"""Blocking stages' memory: measured cheaply, limited, and spilled to temporary files."""

from __future__ import annotations

import heapq
import io
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Generic, TypeVar

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.storage.blocks import BlockStore
from satchel.values.bson_types import BsonValue

Item = TypeVar("Item")

_SAMPLE_EVERY: Final = 32
_CONTAINER_SAMPLE: Final = 16
_BLOCK_BYTES: Final = 256 * 1024


def estimated_size_bytes(value: object, depth: int = 6) -> int:
    """Return about how much memory a BSON value takes; of long containers only a sample is looked at."""
    size = sys.getsizeof(value)
    if not depth:
        return size
    if isinstance(value, dict):
        return size + _members_size(list(value.values()), depth) + 56 * len(value)
    if isinstance(value, list):
        return size + _members_size(value, depth)
    return size


def _members_size(members: list[BsonValue], depth: int) -> int:
    step = max(1, len(members) // _CONTAINER_SAMPLE)
    sample = members[::step]
    measured = sum(estimated_size_bytes(member, depth - 1) for member in sample)
    return measured * len(members) // max(1, len(sample))


class MemoryMeter:
    """Adds up about what a blocking stage holds, by measuring a sample of it.

    Args:
        stage: The stage's name, for the error.
        context: The operation: its limit, and whether the stage may spill.
    """

    __slots__ = ("_context", "_count", "_stage", "_unit", "used_bytes")

    def __init__(self, stage: str, context: Context) -> None:
        self._stage = stage
        self._context = context
        self._count = 0
        self._unit = 0
        self.used_bytes = 0

    def add(self, value: BsonValue) -> bool:
        """Count one more value; return whether the limit is passed (every few hundred, look for interrupts too)."""
        if self._count % _SAMPLE_EVERY == 0:
            size = estimated_size_bytes(value)
            self._unit = size if not self._count else (self._unit * 3 + size) // 4
            if self._count % (16 * _SAMPLE_EVERY) == 0:
                self._context.check_interrupt()
        self._count += 1
        self.used_bytes += self._unit
        return self.used_bytes > self._context.memory_limit_bytes

    def add_bytes(self, size: int) -> bool:
        """Count memory that the caller has measured; return whether the limit is passed."""
        self.used_bytes += size
        return self.used_bytes > self._context.memory_limit_bytes

    def reset(self) -> None:
        """Forget what was counted: it has been spilled."""
        self.used_bytes = 0

    def make_store(self) -> BlockStore:
        """Make a temporary file."""
        return self._context.temporary_blocks()

    def require_spilling(self) -> None:
        """Check that the stage may use the disk.

        Raises:
            ServerError: QueryExceededMemoryLimitNoDiskUseAllowed (292).
        """
        if not self._context.allow_disk_use:
            raise ServerError(
                ErrorCode.QueryExceededMemoryLimitNoDiskUseAllowed,
                f"{self._stage} exceeded memory limit of {self._context.memory_limit_bytes} bytes, but did not opt in "
                "to external sorting. Pass allowDiskUse:true to opt in.",
            )


class TemporaryFiles:
    """Temporary files of pickled items; they go with the object, however its owner ends.

    The files have no name and are private to this process: that makes pickle, the one format that holds the state of
    accumulators, safe to read back.

    Args:
        make_store: Makes the store of a file.
    """

    def __init__(self, make_store: Callable[[], BlockStore]) -> None:
        self._make_store = make_store
        self._stores: list[BlockStore] = []

    def _write(self, items: Iterable[object]) -> None:
        """Write a file of items."""
        store = self._make_store()
        self._stores.append(store)
        block = io.BytesIO()
        for item in items:
            pickle.dump(item, block, pickle.HIGHEST_PROTOCOL)
            if block.tell() >= _BLOCK_BYTES:
                store.append(block.getvalue())
                block = io.BytesIO()
        if block.tell():
            store.append(block.getvalue())

    def close(self) -> None:
        """Drop the files."""
        for store in self._stores:
            store.close()
        self._stores.clear()

    def __del__(self) -> None:
        self.close()


class SpilledRuns(TemporaryFiles, Generic[Item]):
    """Sorted runs of items on disk, and their merge."""

    def __bool__(self) -> bool:
        return bool(self._stores)

    def write(self, run: Iterable[tuple[bytes, Item]]) -> None:
        """Add a run, whose keys ascend."""
        self._write(run)

    def merged(self, last: Iterable[tuple[bytes, Item]] = ()) -> Iterator[tuple[bytes, Item]]:
        """Yield the items of all runs and of `last` by key; of equal keys those of older runs come first."""
        try:
            yield from heapq.merge(*map(_read, self._stores), last, key=_key)
        finally:
            self.close()


class Spool(TemporaryFiles, Generic[Item]):
    """Items to be gone through more than once, in memory or, beyond the limit, in a temporary file.

    Args:
        meter: Measures and limits what is held.
    """

    def __init__(self, meter: MemoryMeter) -> None:
        super().__init__(meter.make_store)
        self._meter = meter
        self._held: list[Item] = []

    def extend(self, items: Iterable[Item]) -> None:
        """Add items."""
        for item in items:
            self._held.append(item)
            if self._meter.add(item):
                self._meter.require_spilling()
                self._write(self._held)
                self._held = []
                self._meter.reset()

    def __iter__(self) -> Iterator[Item]:
        for store in self._stores:
            yield from _read(store)
        yield from self._held


def _key(entry: tuple[bytes, Item]) -> bytes:
    return entry[0]


def _read(store: BlockStore) -> Iterator[Item]:
    for block in store:
        items = io.BytesIO(block)
        while items.tell() < len(block):
            yield pickle.load(items)
