"""Whole wire messages: a request out of bytes, and the bytes of its reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from satchel.errors import ServerError
from satchel.values.bson_types import Document, encode_document
from satchel.wire.cursor_reply import CursorReply, RawDocument
from satchel.wire.header import (
    HEADER,
    HEADER_SIZE_BYTES,
    OP_COMPRESSED,
    OP_MSG,
    OP_QUERY,
    OP_REPLY,
    ProtocolError,
    next_request_id,
    read_header,
)
from satchel.wire.op_compressed import Compressor, compress_body, decompress_body
from satchel.wire.op_msg import (
    CHECKSUM_PRESENT,
    EXHAUST_ALLOWED,
    MORE_TO_COME,
    op_msg_prefix,
    parse_op_msg,
    read_flags,
    verify_checksum,
)
from satchel.wire.op_query import op_reply_prefix, parse_op_query


@dataclass(slots=True)
class Request:
    """A command as it came over the wire.

    Attributes:
        request_id: The client's number of the message; the reply names it.
        database: The database that the command runs on.
        command: The command, without `$db`; its first field names it.
        sequences: Fields that came as document sequences: BSON documents whose framing alone was checked.
        flags: The flag bits of OP_MSG.
        compressor: How the request was compressed, and the reply is to be; None for plain.
        legacy: Whether it came as OP_QUERY, and wants OP_REPLY.
    """

    request_id: int
    database: str
    command: Document
    sequences: dict[str, Sequence[bytes]] = field(default_factory=dict)
    flags: int = 0
    compressor: Compressor | None = None
    legacy: bool = False

    @property
    def more_to_come(self) -> bool:
        """Whether the client wants no reply."""
        return bool(self.flags & MORE_TO_COME)

    @property
    def exhaust_allowed(self) -> bool:
        """Whether the client takes several replies."""
        return bool(self.flags & EXHAUST_ALLOWED)


def parse_message(message: bytes | memoryview) -> Request:
    """Parse one whole message.

    Raises:
        ProtocolError: When the bytes are no message, or one of an opcode that no server has any more.
        ServerError: When it is a message with wrong contents; `malformed_replies` says so to the client.
    """
    header = read_header(message)
    if header.length != len(message):
        raise ProtocolError(f"the message says {header.length} bytes and has {len(message)}")
    opcode, compressor = header.opcode, None
    body: bytes | memoryview = memoryview(message)[HEADER_SIZE_BYTES:]
    if opcode == OP_COMPRESSED:
        opcode, compressor, body = decompress_body(body)
    if opcode == OP_MSG:
        if compressor is None and read_flags(body) & CHECKSUM_PRESENT:
            verify_checksum(message)
        return _request(header.request_id, body, compressor)
    if opcode == OP_QUERY:
        database, command = parse_op_query(body)
        return Request(header.request_id, database, command, compressor=compressor, legacy=True)
    raise ProtocolError(f"opcode {opcode} is not supported")


def _request(request_id: int, body: bytes | memoryview, compressor: Compressor | None) -> Request:
    sections = parse_op_msg(body)
    database = sections.document.pop("$db", None)
    if database is None:
        raise ServerError(40571, "OP_MSG requests require a $db argument")
    if not isinstance(database, str):
        raise ServerError(13111, "wrong type for field ($db)")
    return Request(request_id, database, sections.document, sections.sequences, sections.flags, compressor)


def encode_reply(request: Request, reply: Document | bytes | CursorReply, *, flags: int = 0) -> bytes:
    """Return the whole message that answers `request`.

    Args:
        request: What is answered.
        reply: The reply document; as bytes it is BSON already.
        flags: Flag bits of the OP_MSG.

    Raises:
        ServerError: InvalidBSON (22) when the document cannot be said in BSON.
    """
    document = _raw(reply)
    opcode, prefix = (OP_REPLY, op_reply_prefix()) if request.legacy else (OP_MSG, op_msg_prefix(flags))
    if request.compressor is not None:
        body = compress_body(opcode, b"".join((prefix, *document.parts)), request.compressor)
        header = HEADER.pack(HEADER_SIZE_BYTES + len(body), next_request_id(), request.request_id, OP_COMPRESSED)
        return header + body
    length = HEADER_SIZE_BYTES + len(prefix) + document.size
    # One join is one copy; it is what reading large documents costs.
    return b"".join((HEADER.pack(length, next_request_id(), request.request_id, opcode), prefix, *document.parts))


def _raw(reply: Document | bytes | CursorReply) -> RawDocument:
    if isinstance(reply, CursorReply):
        return reply.raw()
    raw = reply if isinstance(reply, bytes) else encode_document(reply)
    return RawDocument((raw,), len(raw))


def malformed_replies(message: bytes | memoryview, error: ServerError) -> list[bytes]:
    """Answer a message for which `parse_message` raised `error`: nothing if the client wants no reply.

    Raises:
        ProtocolError: When not even the header can be read.
    """
    header = read_header(message)
    legacy = header.opcode == OP_QUERY
    request = Request(header.request_id, "", {}, legacy=legacy)
    if header.opcode == OP_MSG and _wants_no_reply(message):
        return []
    return [encode_reply(request, error.reply())]


def _wants_no_reply(message: bytes | memoryview) -> bool:
    body = memoryview(message)[HEADER_SIZE_BYTES:]
    return len(body) > 0 and bool(body[0] & MORE_TO_COME)


def command_name(message: bytes | memoryview) -> bytes:
    """Return the name of an uncompressed OP_MSG command without parsing it, or `b""` where that is not at a glance.

    PyMongo puts the command document first, and a document's first element is the command: after 16 bytes of header,
    4 of flags, 1 of section kind, 4 of document length and 1 of element type comes its name.
    """
    start = HEADER_SIZE_BYTES + 10
    if len(message) <= start or HEADER.unpack_from(message)[3] != OP_MSG or message[20] != 0:
        return b""
    return bytes(message[start : start + 32]).partition(b"\0")[0]
