"""Writing a stored file piece by piece: its path has it when the writer is closed, and not before."""

from __future__ import annotations

import io
from collections.abc import Callable
from types import TracebackType
from typing import IO, TYPE_CHECKING

from satchel.files.contents import ContentWriter
from satchel.files.file_info import FileInfo

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class FileWriter(io.RawIOBase):
    """A file that is being written.

    Closing it puts it at its path, in the place of what was there; so does the end of a `with` block. After an
    exception in the block, `discard`, or when the writer is forgotten, everything stays as it was.

    Args:
        content: Takes the bytes.
        place: Puts the content at its path.
        autocommit: Whether closing it does so, or only `commit`.

    Attributes:
        info: What is known of the file, once it is at its path.
    """

    def __init__(
        self, content: ContentWriter, place: Callable[[ContentWriter], FileInfo], *, autocommit: bool = True
    ) -> None:
        super().__init__()
        self._content = content
        self._place = place
        self._autocommit = autocommit
        self._is_done = False
        self.info: FileInfo | None = None

    def writable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._content.length

    def write(self, data: ReadableBuffer, /) -> int:
        """Take in bytes, all of them, and return how many."""
        if self.closed:
            raise ValueError("the file is closed")
        view = memoryview(data).cast("B")
        self._content.write(view)
        return len(view)

    def close(self) -> None:
        """End writing, and put the file at its path."""
        if not self.closed:
            super().close()
            if self._autocommit:
                self.commit()

    def commit(self) -> None:
        """Put the file at its path."""
        super().close()
        if self._is_done:
            return
        self._is_done = True
        try:
            self.info = self._place(self._content)
        except BaseException:
            self._content.give_up()
            raise

    def discard(self) -> None:
        """Forget what was written, unless it is at its path."""
        super().close()
        if not self._is_done:
            self._is_done = True
            self._content.give_up()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        if exc_type is None:
            self.close()
        else:
            self.discard()

    def forget(self) -> None:
        """Discard without asking the database for anything; `satchel check --repair` finds what was sent."""
        self._is_done = True
        super().close()

    def __del__(self) -> None:
        self.forget()  # IOBase would close it, and so store half a file


class CompressingWriter(io.RawIOBase):
    """A `FileWriter` that compressed bytes go to; it is closed, or discarded, together with what compresses.

    Args:
        compressor: Compresses what is written to it into `writer`.
        writer: Takes the compressed bytes.
    """

    def __init__(self, compressor: IO[bytes], writer: FileWriter) -> None:
        super().__init__()
        self._compressor = compressor
        self._writer = writer

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        """Take in bytes, all of them, and return how many."""
        self._compressor.write(data)
        return memoryview(data).nbytes

    def close(self) -> None:
        """End writing, and put the file at its path."""
        if not self.closed:
            super().close()
            self._compressor.close()
            self._writer.close()

    def discard(self) -> None:
        """Forget what was written."""
        super().close()
        try:
            self._compressor.close()
        finally:
            self._writer.discard()

    def forget(self) -> None:
        """Discard without asking the database for anything."""
        super().close()
        try:
            self._compressor.close()  # what it still writes stays in the writer's buffer
        finally:
            self._writer.forget()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        if exc_type is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        if not self.closed:
            self.forget()


class TextWriter(io.TextIOWrapper):
    """Text that is written to a `FileWriter`, and goes the same way when a block fails."""

    buffer: FileWriter | CompressingWriter  # type: ignore[assignment]

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        if exc_type is None:
            self.close()
        else:
            self.buffer.discard()

    def __del__(self) -> None:
        if not self.closed:
            self.buffer.forget()
