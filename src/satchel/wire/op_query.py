"""OP_QUERY and OP_REPLY: the old protocol, in which many drivers still send their first hello."""

from __future__ import annotations

import struct
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import Document, decode_document
from satchel.wire.header import INT32, ProtocolError, read_cstring

_REPLY_PREFIX: Final = struct.Struct("<iqii")
_AWAIT_CAPABLE: Final = 8
_FLAGS_SIZE_BYTES: Final = 4
_SKIP_AND_RETURN_SIZE_BYTES: Final = 8
_ALLOWED_COMMANDS: Final = frozenset({"hello", "ismaster", "buildinfo", "saslstart", "saslcontinue"})


def parse_op_query(body: bytes | memoryview) -> tuple[str, Document]:
    """Parse what follows the header of an OP_QUERY that carries a command.

    Returns:
        The database and the command.

    Raises:
        ProtocolError: When a length does not fit.
        ServerError: UnsupportedOpQueryCommand (352) for what is not part of a handshake, as since MongoDB 5.1;
            InvalidBSON (22).
    """
    namespace, position = read_cstring(body, _FLAGS_SIZE_BYTES, len(body))
    start = position + _SKIP_AND_RETURN_SIZE_BYTES
    if start + INT32.size > len(body):
        raise ProtocolError("OP_QUERY is cut off")
    size: int = INT32.unpack_from(body, start)[0]
    if size < 0 or start + size > len(body):
        raise ProtocolError(f"the query of OP_QUERY cannot have {size} bytes")
    command = _unwrapped(decode_document(bytes(body[start : start + size])))
    database, _, collection = namespace.partition(".")
    name = next(iter(command), "")
    if collection != "$cmd" or name.lower() not in _ALLOWED_COMMANDS:
        raise ServerError(
            ErrorCode.UnsupportedOpQueryCommand,
            f"Unsupported OP_QUERY command: {name}. The client driver may require an upgrade.",
        )
    return database, command


def _unwrapped(query: Document) -> Document:
    """Take the command out of the `{$query: …, $readPreference: …}` that old drivers wrap it in."""
    inner = query.get("$query", query.get("query"))
    return inner if isinstance(inner, dict) else query


def op_reply_prefix() -> bytes:
    """Return the bytes between the header and the one document of an OP_REPLY."""
    return _REPLY_PREFIX.pack(_AWAIT_CAPABLE, 0, 0, 1)
