"""Reading pictures from one folder, and never from anywhere else."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Final

from pymongo.errors import InvalidOperation

from satchel.files.content_type import HEAD_BYTES, guess_content_type

TYPES: Final = {
    ".gif": "image/gif",
    ".heic": "image/heic",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}
"""The suffixes of the files that are read, and what has to be in them."""

MAX_BYTES: Final = 15 * 1024 * 1024
"""A document holds 16 MiB; what is larger belongs into GridFS."""

_HAS_DIR_FD: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")


class MediaFolder:
    """A folder whose pictures may be read into documents.

    Args:
        root: The folder.

    Raises:
        NotADirectoryError: There is no such folder.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root).resolve()
        if not self.root.is_dir():
            raise NotADirectoryError(f"{self.root} is not a folder")

    def read(self, path: str | os.PathLike[str]) -> bytes:
        """Return the bytes of a picture.

        Links are not followed, whether they lead out of the folder or not: who can write to the folder, even at this
        moment, cannot have another file read.

        Args:
            path: Within the folder, or absolute.

        Raises:
            InvalidOperation: The path leads out of the folder or through a link; it has none of the suffixes, or
                something else is in the file; it is no file, or one of more than 15 MiB.
            FileNotFoundError: There is no such file.
        """
        names = self._names(os.fspath(path))
        expected = TYPES.get(PurePath(names[-1]).suffix.lower())
        if expected is None:
            raise InvalidOperation(f"{path}: media files end in {', '.join(TYPES)}")
        try:
            descriptor = _open_below(self.root, names) if _HAS_DIR_FD else _open_checked(self.root, names)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise InvalidOperation(f"{path} is not a file in the folder, or a link leads to it") from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
                raise InvalidOperation(f"{path} is not a file of at most {MAX_BYTES} bytes")
            with open(descriptor, "rb", closefd=False) as file:
                content = file.read(MAX_BYTES + 1)
        finally:
            os.close(descriptor)
        if len(content) > MAX_BYTES or guess_content_type(None, content[:HEAD_BYTES]) != expected:
            raise InvalidOperation(f"{path} has no {expected} in it")
        return content

    def _names(self, path: str) -> list[str]:
        pure = PurePath(path)
        if pure.is_absolute():
            try:
                pure = pure.relative_to(self.root)
            except ValueError:
                raise InvalidOperation(f"{path} is outside of the media folder") from None
        names = list(pure.parts)
        if not names or ".." in names or "\0" in path or pure.drive or pure.root:
            raise InvalidOperation(f"{path} is not a path within the media folder")
        return names


def _open_below(root: Path, names: Sequence[str]) -> int:
    """Open a file by going down from the root one folder at a time, following no link."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in names[:-1]:
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = below
        # Without O_NONBLOCK a named pipe would wait for somebody to write to it.
        return os.open(names[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)


def _open_checked(root: Path, names: Sequence[str]) -> int:
    """Open a file where folders cannot be gone down one by one, then check where what was opened really is."""
    path = root.joinpath(*names)
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    real = Path(os.path.realpath(path))
    if real != path or not os.path.samestat(os.fstat(descriptor), os.stat(real)):
        os.close(descriptor)
        raise InvalidOperation(f"{path}: a link leads to it")
    return descriptor
