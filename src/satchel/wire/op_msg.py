"""OP_MSG: one command document, and sequences of documents that belong to one of its fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, overload

from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import Document, decode_document
from satchel.wire.checksum import crc32c
from satchel.wire.header import INT32, UINT32, ProtocolError, read_cstring

CHECKSUM_PRESENT: Final = 1
MORE_TO_COME: Final = 1 << 1
EXHAUST_ALLOWED: Final = 1 << 16

_REQUIRED_FLAGS: Final = 0xFFFF
_KNOWN_REQUIRED_FLAGS: Final = CHECKSUM_PRESENT | MORE_TO_COME
_FLAGS_SIZE_BYTES: Final = 4
_CHECKSUM_SIZE_BYTES: Final = 4
_MAX_SEQUENCES: Final = 2
_MIN_DOCUMENT_SIZE_BYTES: Final = 5
_MAX_IDENTIFIER_SIZE_BYTES: Final = 256


class RawDocuments(Sequence[bytes]):
    """The documents of a sequence, each cut out of the message when it is asked for: a batch is not in memory twice."""

    __slots__ = ("_body", "_bounds")

    def __init__(self, body: bytes | memoryview, bounds: list[tuple[int, int]]) -> None:
        self._body = body
        self._bounds = bounds

    def __len__(self) -> int:
        return len(self._bounds)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(index, slice):
            return RawDocuments(self._body, self._bounds[index])
        start, end = self._bounds[index]
        return bytes(self._body[start:end])


@dataclass(slots=True)
class Sections:
    """What an OP_MSG holds.

    Attributes:
        flags: Its flag bits.
        document: The command, `$db` included.
        sequences: The document sequences by field name; each document is BSON, with its framing checked and no more.
    """

    flags: int
    document: Document
    sequences: dict[str, Sequence[bytes]]


def read_flags(body: bytes | memoryview) -> int:
    """Return the flag bits of an OP_MSG body.

    Raises:
        ProtocolError: When the body is too short to have some.
        ServerError: IllegalOpMsgFlag (223) when a flag is set that one must understand and we do not.
    """
    if len(body) < _FLAGS_SIZE_BYTES:
        raise ProtocolError("OP_MSG is too short")
    flags: int = UINT32.unpack_from(body)[0]
    if flags & _REQUIRED_FLAGS & ~_KNOWN_REQUIRED_FLAGS:
        raise ServerError(ErrorCode.IllegalOpMsgFlag, f"Message contains illegal flags value: 0b{flags:b}")
    return flags


def verify_checksum(message: bytes | memoryview) -> None:
    """Compare the checksum at the end of a whole message that carries one.

    Raises:
        ServerError: ChecksumMismatch (288).
    """
    view = memoryview(message)
    if len(view) < _CHECKSUM_SIZE_BYTES:
        raise ProtocolError("the message is too short for a checksum")
    if UINT32.unpack(view[-_CHECKSUM_SIZE_BYTES:])[0] != crc32c(view[:-_CHECKSUM_SIZE_BYTES]):
        raise ServerError(ErrorCode.ChecksumMismatch, "OP_MSG checksum does not match contents")


def parse_op_msg(body: bytes | memoryview) -> Sections:
    """Parse what follows the header of an OP_MSG (a checksum is skipped, not verified).

    Raises:
        ProtocolError: When a length does not fit.
        ServerError: MongoDB's codes for wrong sections: 40430 to 40433, 40587, TooManyDocumentSequences (233),
            IllegalOpMsgFlag (223), InvalidBSON (22).
    """
    flags = read_flags(body)
    end = len(body) - (_CHECKSUM_SIZE_BYTES if flags & CHECKSUM_PRESENT else 0)
    document: Document | None = None
    sequences: dict[str, Sequence[bytes]] = {}
    position = _FLAGS_SIZE_BYTES
    while position < end:
        kind = body[position]
        section_end = _section_end(body, position + 1, end)
        if kind == 0:
            if document is not None:
                raise ServerError(40430, "Multiple body sections in message")
            document = decode_document(bytes(body[position + 1 : section_end]))
        elif kind == 1:
            _read_sequence(body, position + 1, section_end, sequences)
        else:
            raise ServerError(40432, f"Unknown section kind {kind}")
        position = section_end
    return _checked(Sections(flags, document if document is not None else _no_body(), sequences))


def _section_end(body: bytes | memoryview, start: int, end: int) -> int:
    if start + 4 > end:
        raise ProtocolError("a section of OP_MSG is cut off")
    size: int = INT32.unpack_from(body, start)[0]
    if size < _MIN_DOCUMENT_SIZE_BYTES or start + size > end:
        raise ProtocolError(f"a section of OP_MSG cannot have {size} bytes")
    return start + size


def _read_sequence(body: bytes | memoryview, start: int, end: int, sequences: dict[str, Sequence[bytes]]) -> None:
    identifier, position = read_cstring(body, start + 4, min(end, start + 4 + _MAX_IDENTIFIER_SIZE_BYTES))
    if identifier in sequences:
        raise ServerError(40431, f"Duplicate document sequence: {identifier}")
    if len(sequences) == _MAX_SEQUENCES:
        raise ServerError(ErrorCode.TooManyDocumentSequences, "Too many document sequences in OP_MSG")
    bounds: list[tuple[int, int]] = []
    read_size = INT32.unpack_from
    while position < end:
        if position + _MIN_DOCUMENT_SIZE_BYTES > end:
            raise ProtocolError("a document sequence of OP_MSG is cut off")
        size = read_size(body, position)[0]
        document_end = position + size
        if size < _MIN_DOCUMENT_SIZE_BYTES or document_end > end or body[document_end - 1]:
            raise ServerError(ErrorCode.InvalidBSON, f"a document of sequence {identifier!r} cannot have {size} bytes")
        bounds.append((position, document_end))
        position = document_end
    sequences[identifier] = RawDocuments(body, bounds)


def _no_body() -> Document:
    raise ServerError(40587, "OP_MSG messages must have a body")


def _checked(sections: Sections) -> Sections:
    for identifier in sections.sequences:
        if identifier in sections.document:
            raise ServerError(40433, f"Duplicate field between body and document sequence {identifier}")
    return sections


def op_msg_prefix(flags: int = 0) -> bytes:
    """Return the bytes between the header and the document of an OP_MSG with one section."""
    return UINT32.pack(flags) + b"\0"
