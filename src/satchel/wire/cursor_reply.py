"""Cursor replies put together from stored BSON, without decoding or encoding a document of theirs."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, Literal

from satchel.wire.header import INT32

_INT64: Final = struct.Struct("<q")
_OK: Final = b"\x01ok\0" + struct.pack("<d", 1.0)
_CURSOR_ELEMENT: Final = b"\x03cursor\0"


class RawDocument:
    """A BSON document in pieces, which become one when the message is written.

    Attributes:
        parts: The pieces, in order.
        size: Their size together, in bytes.
    """

    __slots__ = ("parts", "size")

    def __init__(self, parts: Sequence[bytes], size: int) -> None:
        self.parts = parts
        self.size = size

    def __bytes__(self) -> bytes:
        return b"".join(self.parts)


_keys: tuple[bytes, ...] = tuple(b"\x03%d\0" % index for index in range(1024))


def _element_keys(count: int) -> tuple[bytes, ...]:
    """Return the type bytes and names of the first `count` elements of an array of documents."""
    global _keys  # noqa: PLW0603 - a cache, replaced as a whole so that threads never see half of it
    if count > len(_keys):
        _keys = tuple(b"\x03%d\0" % index for index in range(2 * count))
    return _keys[:count]


class CursorReply:
    """The reply `{cursor: {<field>: documents, id, ns}, ok: 1.0, …extra}`, which is put together where it is sent.

    Attributes:
        namespace: `ns` of the reply.
        cursor_id: `id` of the reply; 0 says that there are no more documents.
        documents: The batch: whole BSON documents.
        field: The name of the batch.
        extra: Further elements of the reply, as BSON elements without a document around them
            (`encode_document(…)[4:-1]`).
        cursor_extra: Further elements of the reply's `cursor`, likewise.
    """

    __slots__ = ("cursor_extra", "cursor_id", "documents", "extra", "field", "namespace")

    def __init__(
        self,
        namespace: str,
        cursor_id: int,
        documents: Sequence[bytes],
        field: Literal["firstBatch", "nextBatch"] = "firstBatch",
        extra: bytes = b"",
        *,
        cursor_extra: bytes = b"",
    ) -> None:
        self.namespace = namespace
        self.cursor_id = cursor_id
        self.documents = documents
        self.field = field
        self.extra = extra
        self.cursor_extra = cursor_extra

    def raw(self) -> RawDocument:
        """Return the document in pieces; the batch's documents are among them as they are."""
        documents = self.documents
        keys = _element_keys(len(documents))
        batch_size = sum(map(len, documents)) + sum(map(len, keys)) + 5
        name = self.namespace.encode() + b"\0"
        cursor_end = b"".join(
            (b"\0\x12id\0", _INT64.pack(self.cursor_id), b"\x02ns\0", INT32.pack(len(name)), name,
             self.cursor_extra, b"\0")
        )  # fmt: skip
        batch_start = b"\x04" + self.field.encode() + b"\0"
        # cursor_end begins with the NUL that ends the array, which batch_size counts already.
        cursor_size = 4 + len(batch_start) + batch_size + len(cursor_end) - 1
        reply_end = b"".join((_OK, self.extra, b"\0"))
        size = 4 + len(_CURSOR_ELEMENT) + cursor_size + len(reply_end)
        parts = [b""] * (2 * len(documents) + 3)
        parts[0] = b"".join(
            (INT32.pack(size), _CURSOR_ELEMENT, INT32.pack(cursor_size), batch_start, INT32.pack(batch_size))
        )
        parts[1:-2:2] = keys
        parts[2:-2:2] = documents
        parts[-2] = cursor_end
        parts[-1] = reply_end
        return RawDocument(parts, size)

    def __bytes__(self) -> bytes:
        return bytes(self.raw())
