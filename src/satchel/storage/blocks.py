"""Blocks of bytes put aside for the length of an operation."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Final, Protocol

_LENGTH_BYTES: Final = 8


class BlockStore(Protocol):
    """Blocks of bytes, to be read in the order in which they came, as often as wanted. They go with the object."""

    def append(self, block: bytes) -> None:
        """Add a block."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """Forget the blocks (idempotent)."""


class FileBlocks:
    """Blocks in a temporary file that has no name and is private to this process."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="satchel-spill-")  # noqa: SIM115 - lives until `close`

    def append(self, block: bytes) -> None:
        """Add a block."""
        self._file.write(len(block).to_bytes(_LENGTH_BYTES, "little"))
        self._file.write(block)

    def __iter__(self) -> Iterator[bytes]:
        position = 0
        while True:
            self._file.seek(position)
            header = self._file.read(_LENGTH_BYTES)
            if not header:
                return
            block = self._file.read(int.from_bytes(header, "little"))
            position += _LENGTH_BYTES + len(block)
            yield block

    def close(self) -> None:
        """Close the file, which drops it."""
        self._file.close()
