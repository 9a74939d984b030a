"""Bytes from outside: whatever they are, parsing ends in a request or one of two errors."""

from __future__ import annotations

import struct
import zlib

import bson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from satchel.errors import ServerError
from satchel.wire.header import ProtocolError
from satchel.wire.messages import Request, command_name, malformed_replies, parse_message
from tests.wire.messages import body_section, message, op_compressed, op_msg, op_query, sequence_section

_GOOD = [
    op_msg(body_section({"insert": "c", "$db": "d"}), sequence_section("documents", [{"_id": 1}, {"_id": 2}])),
    op_msg(body_section({"ping": 1, "$db": "d"}), bytes(4), flags=1),
    op_query("admin.$cmd", {"ismaster": 1, "client": {"driver": {"name": "x"}}}),
    op_compressed(2013, body := op_msg(body_section({"ping": 1, "$db": "d"}))[16:], 2, zlib.compress(body)),
]


def check(raw: bytes) -> None:
    command_name(raw)
    try:
        request = parse_message(raw)
    except ProtocolError:
        return
    except ServerError as error:
        for reply in malformed_replies(raw, error):
            assert struct.unpack_from("<i", reply)[0] == len(reply)
        return
    assert isinstance(request, Request)
    assert isinstance(request.database, str)


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    check(raw)


@given(st.sampled_from([1, 2004, 2012, 2013]), st.binary(max_size=200))
@example(2013, struct.pack("<I", 0) + b"\0" + struct.pack("<i", 5) + b"\0")
@example(2004, b"\0\0\0\0\0")
def test_any_body(opcode: int, body: bytes) -> None:
    check(message(opcode, body))


@settings(max_examples=300)
@given(st.sampled_from(_GOOD), st.data())
def test_damaged_messages(raw: bytes, data: st.DataObject) -> None:
    damaged = bytearray(raw)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    check(bytes(damaged))


@given(st.sampled_from(_GOOD), st.data())
def test_cut_messages(raw: bytes, data: st.DataObject) -> None:
    cut = raw[16 : data.draw(st.integers(16, len(raw)))]
    check(message(struct.unpack_from("<i", raw, 12)[0], cut))


def test_deep_nesting() -> None:
    document: dict[str, object] = {}
    for _ in range(500):
        document = {"a": document}
    check(op_msg(body_section({"ping": document, "$db": "d"})))
    raw = b"\x05\0\0\0\0"
    for _ in range(100_000):
        raw = struct.pack("<i", len(raw) + 8) + b"\x03a\0" + raw + b"\0"
        if len(raw) > 400_000:
            break
    check(op_msg(b"\0" + raw))


def test_command_that_is_not_first() -> None:
    assert parse_message(op_msg(body_section({"$db": "d", "ping": 1}))).command == {"ping": 1}
    assert bson.encode({}) == b"\x05\0\0\0\0"
