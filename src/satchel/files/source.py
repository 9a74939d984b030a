"""What a file is stored from, and written to on disk."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypeAlias

from bson import ObjectId

Source: TypeAlias = bytes | bytearray | memoryview | str | os.PathLike[str] | IO[bytes]


@contextlib.contextmanager
def opened(source: Source) -> Iterator[tuple[IO[bytes], int | None]]:
    """Open what a file is made of, and say how many bytes it has, if that is known and they can be read twice."""
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            yield file, size if file.seekable() else None
    elif isinstance(source, bytes | bytearray | memoryview):
        view = memoryview(source).cast("B")
        yield io.BytesIO(view), len(view)
    else:
        yield source, None


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Yield a file that is put at `path` when the block ends well, and is removed otherwise."""
    final = Path(path)
    part = final.with_name(f".{ObjectId()}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(final)
    finally:
        part.unlink(missing_ok=True)
