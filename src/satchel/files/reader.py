"""Reading stored files: by ranges, with seek, verified when read from the beginning to the end."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from gridfs.errors import CorruptGridFile

from satchel.files.checksums import Verifier
from satchel.files.contents import Content, Contents

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_KEPT_BYTES: Final = 1 << 20


class ContentReader(io.RawIOBase):
    """The bytes of a content. Only the chunks that a read touches are fetched.

    Args:
        contents: Where it is.
        content: What refers to it: a document with `content`, `length`, `chunkSize` and `sha256`.

    Raises:
        CorruptGridFile: On read: chunks are missing or of the wrong size, or the checksum is another one.
        OSError: On read, ESTALE: the file was replaced or deleted since it was opened.
    """

    def __init__(self, contents: Contents, content: Content) -> None:
        super().__init__()
        self._contents = contents
        self._id = content["content"]
        self._verifier = Verifier({**content, "_id": self._id})
        self._position = 0
        self._chunk = (-1, b"")
        self.size = self._verifier.length
        if not self.size:
            self._verifier.take(0, b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position of the next read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Change the position of the next read, and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if start + offset < 0:
            raise ValueError(f"the position cannot be {start + offset}")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer, as far as there are bytes."""
        view = memoryview(buffer).cast("B")
        filled = 0
        for piece in self._pieces(len(view)):
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
        return filled

    def readall(self) -> bytes:
        """Return all bytes from the current position on."""
        return b"".join(self._pieces(self.size - self._position))

    def _pieces(self, size: int) -> Iterator[Any]:
        """Yield the next `size` bytes, or as many as there are, in pieces."""
        if self.closed:
            raise ValueError("the file is closed")
        end = min(self._position + size, self.size)
        if self._position >= end:
            return
        step = self._verifier.chunk_size
        first, last = self._position // step, (end - 1) // step
        for number, chunk in enumerate(self._chunks(first, last), first):
            start = self._position - number * step
            piece = memoryview(chunk)[start : end - number * step]
            position, self._position = self._position, self._position + len(piece)
            self._verifier.take(position, piece)
            yield piece

    def _chunks(self, first: int, last: int) -> Iterator[bytes]:
        number = first
        if self._chunk[0] == first:
            yield self._chunk[1]
            number += 1
        if number > last:
            return
        for chunk in self._contents.read(self._id, number, last):
            self._check(number, chunk)
            if number == last and len(chunk) <= _KEPT_BYTES:
                self._chunk = (number, chunk)
            number += 1
            yield chunk
        if number <= last:
            raise self._missing(number)

    def _check(self, number: int, chunk: bytes) -> None:
        step = self._verifier.chunk_size
        expected = min(step, self.size - number * step)
        if len(chunk) != expected:
            raise CorruptGridFile(f"chunk {number} of {self._id!r} has {len(chunk)} bytes instead of {expected}")

    def _missing(self, number: int) -> Exception:
        if self._contents.get(self._id) is None:
            return OSError(errno.ESTALE, "the file was replaced or deleted while it was read")
        return CorruptGridFile(f"chunk {number} of {self._id!r} is missing")


class BufferedContent(io.BufferedReader):
    """A content that is read through a buffer."""

    raw: ContentReader

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self.raw.size
