"""The header of every wire message, the opcodes, and the error of bytes that are no message."""

from __future__ import annotations

import itertools
import struct
from typing import Final, NamedTuple

OP_REPLY: Final = 1
OP_QUERY: Final = 2004
OP_COMPRESSED: Final = 2012
OP_MSG: Final = 2013

HEADER: Final = struct.Struct("<iiii")
HEADER_SIZE_BYTES: Final = HEADER.size
MAX_MESSAGE_SIZE_BYTES: Final = 48_000_000
"""`maxMessageSizeBytes` of hello: MongoDB's limit for one message, in either direction."""

INT32: Final = struct.Struct("<i")
UINT32: Final = struct.Struct("<I")

_reply_ids = itertools.count(1)


class ProtocolError(Exception):
    """The bytes are no wire message; nothing can be answered, and the connection is to be closed."""


class Header(NamedTuple):
    """The 16 bytes before the body of a message.

    Attributes:
        length: The size of the whole message in bytes, these 16 included.
        request_id: The sender's number of this message.
        response_to: The `request_id` that this message answers, or 0.
        opcode: What the body is.
    """

    length: int
    request_id: int
    response_to: int
    opcode: int


def read_header(message: bytes | memoryview) -> Header:
    """Read the header of a message, of which no more than the first 16 bytes need to be there.

    Raises:
        ProtocolError: When there are fewer bytes, or the length is impossible.
    """
    if len(message) < HEADER_SIZE_BYTES:
        raise ProtocolError(f"a message header has {HEADER_SIZE_BYTES} bytes, not {len(message)}")
    header = Header._make(HEADER.unpack_from(message))
    if not HEADER_SIZE_BYTES <= header.length <= MAX_MESSAGE_SIZE_BYTES:
        raise ProtocolError(f"message length {header.length} is invalid")
    return header


def next_request_id() -> int:
    """Return a new number for a message that this process sends."""
    return next(_reply_ids) & 0x7FFFFFFF


def read_cstring(body: bytes | memoryview, start: int, end: int) -> tuple[str, int]:
    """Read a NUL-terminated UTF-8 string of `body[start:end]`.

    Returns:
        The string, and the position after its NUL.

    Raises:
        ProtocolError: When it does not end there, or is not UTF-8.
    """
    raw, terminator, _ = bytes(body[start:end]).partition(b"\0")
    if not terminator:
        raise ProtocolError("a string of the message does not end")
    try:
        return raw.decode(), start + len(raw) + 1
    except UnicodeDecodeError as error:
        raise ProtocolError("a string of the message is not UTF-8") from error
