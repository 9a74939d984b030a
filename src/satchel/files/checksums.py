"""Checksums of a file's bytes: made while it is written, compared while it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from gridfs.errors import CorruptGridFile

_ALGORITHMS: Final = ("md5", "sha256")


class Checksums:
    """The running checksums of bytes that come in order.

    Args:
        names: Which to make, of `md5` and `sha256`.
    """

    def __init__(self, names: tuple[str, ...] = _ALGORITHMS) -> None:
        self._digests = {name: hashlib.new(name, usedforsecurity=False) for name in names}

    def update(self, data: bytes | memoryview) -> None:
        """Take in the bytes that come next."""
        for digest in self._digests.values():
            digest.update(data)

    def fields(self) -> dict[str, str]:
        """Return the checksums so far in hexadecimal, as a file document has them."""
        return {name: digest.hexdigest() for name, digest in self._digests.items()}


def checksum_names(*, disable_md5: bool) -> tuple[str, ...]:
    """Return the checksums that a file document gets."""
    return ("sha256",) if disable_md5 else _ALGORITHMS


class Verifier:
    """Compares a file's bytes with its document, once they have all been read in order.

    Bytes that are read out of order (after a seek) are passed over; the next ones that follow on what was read before
    count again.

    Args:
        document: The file document.

    Raises:
        CorruptGridFile: The document lacks the fields that every file has, or has nonsense in them.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._id = document.get("_id")
        self.length = _whole_number(document, "length", 0)
        self.chunk_size = _whole_number(document, "chunkSize", 1)
        self._expected = {name: document[name] for name in _ALGORITHMS if isinstance(document.get(name), str)}
        self._checksums = Checksums(tuple(self._expected))
        self._position = 0

    def take(self, position: int, data: bytes | memoryview) -> bool:
        """Take in the bytes that were read at `position`, and tell whether they were the last ones to be verified.

        Raises:
            CorruptGridFile: They are the last ones, and a checksum is another one than the document's.
        """
        if position != self._position or (self.length and position == self.length):
            return False
        self._checksums.update(data)
        self._position += len(data)
        if self._position < self.length:
            return False
        self._compare()
        return True

    def _compare(self) -> None:
        for name, found in self._checksums.fields().items():
            if found != self._expected[name].lower():
                raise CorruptGridFile(
                    f"file {self._id!r} was altered: its {name} is {found}, its document says {self._expected[name]}"
                )


def _whole_number(document: Mapping[str, Any], field: str, least: int) -> int:
    value = document.get(field)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # other drivers and shells store doubles
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise CorruptGridFile(f"the document of file {document.get('_id')!r} has no valid {field}: {value!r}")
    return value
