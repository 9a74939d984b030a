"""Writing a stored file piece by piece: its path has it when the writer is closed, and not before."""

from __future__ import annotations

import io
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

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
        commit: Puts the content at its path.

    Attributes:
        info: What is known of the file, once the writer is closed.
    """

    def __init__(self, content: ContentWriter, commit: Callable[[ContentWriter], FileInfo]) -> None:
        super().__init__()
        self._content = content
        self._commit = commit
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
        """Put the file at its path."""
        if self.closed:
            return
        super().close()
        try:
            self.info = self._commit(self._content)
        except BaseException:
            self._content.give_up()
            raise

    def discard(self) -> None:
        """Forget what was written."""
        if not self.closed:
            super().close()
            self._content.give_up()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        if exc_type is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        # IOBase would close it, and so store half a file. What was sent is found by `satchel check --repair`.
        super().close()
