"""Messages as clients write them: built here by hand, so that tests share no code with what they test."""

from __future__ import annotations

import struct
from typing import Any

import bson


def message(opcode: int, body: bytes, request_id: int = 7) -> bytes:
    return struct.pack("<iiii", 16 + len(body), request_id, 0, opcode) + body


def body_section(document: dict[str, Any]) -> bytes:
    return b"\0" + bson.encode(document)


def sequence_section(name: str, documents: list[dict[str, Any]]) -> bytes:
    payload = name.encode() + b"\0" + b"".join(bson.encode(document) for document in documents)
    return b"\x01" + struct.pack("<i", 4 + len(payload)) + payload


def op_msg(*sections: bytes, flags: int = 0, request_id: int = 7) -> bytes:
    return message(2013, struct.pack("<I", flags) + b"".join(sections), request_id)


def op_query(namespace: str, query: dict[str, Any]) -> bytes:
    return message(2004, bytes(4) + namespace.encode() + b"\0" + struct.pack("<ii", 0, -1) + bson.encode(query))


def op_compressed(opcode: int, body: bytes, compressor_id: int, compressed: bytes, size: int | None = None) -> bytes:
    return message(2012, struct.pack("<iiB", opcode, len(body) if size is None else size, compressor_id) + compressed)


def reply_document(reply: bytes) -> dict[str, Any]:
    length, _, _, opcode = struct.unpack_from("<iiii", reply)
    assert length == len(reply)
    start = {2013: 21, 1: 36}[opcode]
    return bson.decode(reply[start:])
