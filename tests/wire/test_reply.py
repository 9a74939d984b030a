"""Replies: what PyMongo reads out of them."""

from __future__ import annotations

import struct
import zlib

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.message import _OpMsg

from satchel.wire.cursor_reply import CursorReply
from satchel.wire.messages import encode_reply, parse_message
from satchel.wire.op_compressed import COMPRESSORS, compress_body, decompress_body, negotiate
from tests.wire.messages import body_section, op_compressed, op_msg, op_query, reply_document

REQUEST = parse_message(op_msg(body_section({"ping": 1, "$db": "admin"}), request_id=4711))


def test_reply_answers_its_request() -> None:
    reply = encode_reply(REQUEST, {"ok": 1.0, "n": 3})
    length, request_id, response_to, opcode = struct.unpack_from("<iiii", reply)
    assert (length, response_to, opcode) == (len(reply), 4711, 2013)
    assert request_id > 0
    assert _OpMsg.unpack(memoryview(reply)[16:]).unpack_response() == [{"ok": 1.0, "n": 3}]


def test_reply_of_ready_bson() -> None:
    raw = bson.encode({"ok": 1.0})
    assert encode_reply(REQUEST, raw).endswith(raw)


def test_reply_to_legacy_hello() -> None:
    request = parse_message(op_query("admin.$cmd", {"ismaster": 1}))
    reply = encode_reply(request, {"ok": 1.0})
    flags, cursor_id, first, number = struct.unpack_from("<iqii", reply, 16)
    assert (flags, cursor_id, first, number) == (8, 0, 0, 1)
    assert reply_document(reply) == {"ok": 1.0}


@pytest.mark.parametrize("name", sorted(COMPRESSORS))
def test_reply_is_compressed_like_the_request(name: str) -> None:
    body = op_msg(body_section({"ping": 1, "$db": "admin"}))[16:]
    raw = op_compressed(2013, body, COMPRESSORS[name].id, COMPRESSORS[name].compress(body))
    reply = encode_reply(parse_message(raw), CursorReply("d.c", 0, [bson.encode({"a": "x" * 1000})]))
    assert len(reply) < 500
    opcode, compressor, inner = decompress_body(reply[16:])
    assert (opcode, compressor.name) == (2013, name)
    assert _OpMsg.unpack(inner).unpack_response()[0]["cursor"]["firstBatch"] == [{"a": "x" * 1000}]


def test_compressed_body_is_what_mongodb_reads() -> None:
    raw = compress_body(2013, b"hello" * 100, COMPRESSORS["zlib"])
    assert struct.unpack_from("<iiB", raw) == (2013, 500, 2)
    assert zlib.decompress(raw[9:]) == b"hello" * 100


def test_compressors_are_negotiated_in_the_clients_order() -> None:
    assert negotiate(["lzma", "zlib", 5]) == ["zlib"]
    assert negotiate([]) == []


@given(
    namespace=st.text(max_size=30).filter(lambda text: "\0" not in text),
    cursor_id=st.integers(-(2**63), 2**63 - 1),
    sizes=st.lists(st.integers(0, 50), max_size=30),
    field=st.sampled_from(["firstBatch", "nextBatch"]),
)
def test_cursor_reply_is_the_encoded_document(namespace: str, cursor_id: int, sizes: list[int], field: str) -> None:
    documents = [{"_id": index, "text": "x" * size} for index, size in enumerate(sizes)]
    extra = {"operationTime": bson.Timestamp(1, 2)}
    reply = CursorReply(
        namespace, cursor_id, [bson.encode(document) for document in documents], field, bson.encode(extra)[4:-1]
    )
    expected = {"cursor": {field: documents, "id": bson.Int64(cursor_id), "ns": namespace}, "ok": 1.0, **extra}
    assert bytes(reply) == bson.encode(expected)
    assert reply.raw().size == len(bytes(reply))


def test_cursor_reply_of_many_documents() -> None:
    documents = [bson.encode({"_id": number}) for number in range(5000)]
    reply = bson.decode(bytes(CursorReply("d.c", 0, documents, "nextBatch")))
    assert reply["cursor"]["nextBatch"] == [{"_id": number} for number in range(5000)]


def test_cursor_reply_of_no_documents() -> None:
    assert bson.decode(bytes(CursorReply("d.c", 9, []))) == {
        "cursor": {"firstBatch": [], "id": 9, "ns": "d.c"},
        "ok": 1.0,
    }
