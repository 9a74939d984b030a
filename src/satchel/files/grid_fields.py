"""What the synchronous and the asynchronous GridFS classes share: fields of file documents as attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridfs.errors import CorruptGridFile
from pymongo.errors import InvalidOperation

from satchel.files.checksums import Checksums, Verifier, checksum_names
from satchel.files.content_type import HEAD_BYTES, guess_content_type


def written_field(name: str) -> Any:
    """Return a property of a GridIn that has a value once the file is closed."""

    def get(self: Any) -> Any:
        if not self._closed:
            raise AttributeError(f"can only get {name!r} on a closed file")
        return self._file.get(name)

    return property(get, doc=f"The field {name} of the file document; read-only.")


def settable_field(name: str, *, when_closed: bool) -> Any:
    """Return a property of a GridIn that may be set; of a closed file if `set` is no coroutine."""

    def get(self: Any) -> Any:
        return self._file.get(name)

    def put(self: Any, value: Any) -> None:
        if self._closed and not when_closed:
            raise InvalidOperation(f"{name!r} of a closed file cannot be assigned; use set()")
        if self._closed:
            self.set(name, value)
        else:
            self._file[name] = value

    return property(get, put, doc=f"The field {name} of the file document.")


def read_field(name: str) -> Any:
    """Return a property of a synchronous GridOut."""

    def get(self: Any) -> Any:
        self.open()
        return self._file.get(name)

    return property(get, doc=f"The field {name} of the file document; read-only.")


def opened_field(name: str) -> Any:
    """Return a property of an asynchronous GridOut, which has to be open."""

    def get(self: Any) -> Any:
        if not self._file:
            raise InvalidOperation(f"call open() before asking for {name!r}")
        return self._file.get(name)

    return property(get, doc=f"The field {name} of the file document; read-only.")


class Upload:
    """What is known of a file while it is written.

    Attributes:
        owns_chunks: Whether chunks of ours may be in the database.
        finished: Whether the file document is ours.
    """

    def __init__(self, *, disable_md5: bool) -> None:
        self.owns_chunks = False
        self.finished = False
        self._checksums = Checksums(checksum_names(disable_md5=disable_md5))
        self._head = b""

    def take(self, data: bytes) -> None:
        """Take in the next chunk."""
        if len(self._head) < HEAD_BYTES:
            self._head = (self._head + data)[:HEAD_BYTES]
        self._checksums.update(data)

    def complete(self, document: dict[str, Any]) -> None:
        """Put into the file document what is known now that all bytes are."""
        document.update(self._checksums.fields())
        if document.get("contentType") is None:
            name = document.get("filename")
            document["contentType"] = guess_content_type(name if isinstance(name, str) else None, self._head)


def may_remove_chunks(existing: Mapping[str, Any] | None) -> bool:
    """Tell whether the chunks of an upload that failed can be removed by their file's `_id`.

    Args:
        existing: The file document that has the same `_id` now. It is not the upload's; if it has bytes, the
            chunks are its own.
    """
    return existing is None or existing.get("length") == 0


def check_empty(verifier: Verifier, extra: object) -> None:
    """Compare a file that is to have no bytes with what is there.

    Raises:
        CorruptGridFile: There is a chunk with bytes, or the checksum is not that of nothing.
    """
    if extra is not None:
        raise CorruptGridFile("extra chunk found: expected none")
    verifier.take(0, b"")
