"""Requests: what is understood, and how what is not is refused."""

from __future__ import annotations

import struct
import zlib

import bson
import pytest
from pymongo import message as pymongo_message

from satchel.errors import ErrorCode, ServerError
from satchel.wire.checksum import crc32c
from satchel.wire.header import ProtocolError
from satchel.wire.messages import command_name, malformed_replies, parse_message
from tests.wire.messages import body_section, message, op_compressed, op_msg, op_query, reply_document, sequence_section

PING = {"ping": 1, "$db": "admin"}


def test_command_of_pymongo() -> None:
    _, raw, _, _ = pymongo_message._op_msg(
        0, {"find": "c", "filter": {"a": 1}}, "shop", None, bson.DEFAULT_CODEC_OPTIONS
    )
    request = parse_message(raw)
    assert request.database == "shop"
    assert request.command == {"find": "c", "filter": {"a": 1}}
    assert next(iter(request.command)) == "find"
    assert not request.more_to_come
    assert not request.exhaust_allowed
    assert command_name(raw) == b"find"


def test_sequences_stay_bson() -> None:
    documents = [{"_id": number, "text": "x" * number} for number in range(100)]
    request = parse_message(
        memoryview(op_msg(body_section({"insert": "c", "$db": "d"}), sequence_section("documents", documents)))
    )
    raw = [bson.encode(document) for document in documents]
    assert list(request.sequences) == ["documents"]
    assert list(request.sequences["documents"]) == raw
    assert list(request.sequences["documents"][90:]) == raw[90:]
    assert request.sequences["documents"][-1] == raw[-1]
    assert request.command == {"insert": "c"}


def test_sequence_before_the_body() -> None:
    request = parse_message(op_msg(sequence_section("documents", [{}]), body_section({"insert": "c", "$db": "d"})))
    assert list(request.sequences["documents"]) == [bson.encode({})]
    assert request.command == {"insert": "c"}


def test_empty_sequence() -> None:
    request = parse_message(op_msg(body_section(PING), sequence_section("documents", [])))
    assert list(request.sequences["documents"]) == []


def test_flags() -> None:
    assert parse_message(op_msg(body_section(PING), flags=2)).more_to_come
    assert parse_message(op_msg(body_section(PING), flags=1 << 16)).exhaust_allowed
    assert parse_message(op_msg(body_section(PING), flags=1 << 31)).command == {"ping": 1}


def test_checksum() -> None:
    raw = bytearray(op_msg(body_section(PING), bytes(4), flags=1))
    raw[-4:] = struct.pack("<I", crc32c(bytes(raw[:-4])))
    assert parse_message(bytes(raw)).command == {"ping": 1}
    raw[-1] ^= 1
    with pytest.raises(ServerError) as caught:
        parse_message(bytes(raw))
    assert caught.value.code == ErrorCode.ChecksumMismatch


def test_checksum_of_the_standard() -> None:
    assert crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize(
    ("sections", "flags", "code"),
    [
        pytest.param([body_section(PING)], 4, 223, id="unknown required flag"),
        pytest.param([body_section(PING), body_section(PING)], 0, 40430, id="two bodies"),
        pytest.param([sequence_section("documents", [{}])], 0, 40587, id="no body"),
        pytest.param([], 0, 40587, id="nothing"),
        pytest.param([body_section(PING), b"\x09" + bson.encode({})], 0, 40432, id="unknown kind"),
        pytest.param([body_section(PING), *[sequence_section("a", [{}])] * 2], 0, 40431, id="same sequence twice"),
        pytest.param([body_section(PING), *(sequence_section(n, [{}]) for n in "abc")], 0, 233, id="three sequences"),
        pytest.param([body_section(PING), sequence_section("ping", [{}])], 0, 40433, id="sequence and field"),
        pytest.param([body_section({"ping": 1})], 0, 40571, id="no database"),
        pytest.param([body_section({"ping": 1, "$db": 5})], 0, 13111, id="database not a string"),
        pytest.param([b"\0" + struct.pack("<i", 12) + b"\x10abc\0de\0"], 0, 22, id="not BSON"),
        pytest.param(
            [body_section(PING), b"\x01" + struct.pack("<i", 11) + b"a\0" + struct.pack("<i", 99) + b"\0"],
            0,
            22,
            id="bad size",
        ),
    ],
)
def test_wrong_contents_are_answered(sections: list[bytes], flags: int, code: int) -> None:
    raw = op_msg(*sections, flags=flags)
    with pytest.raises(ServerError) as caught:
        parse_message(raw)
    assert caught.value.code == code
    (reply,) = malformed_replies(raw, caught.value)
    assert struct.unpack_from("<iiii", reply)[2] == 7
    document = reply_document(reply)
    assert (document["ok"], document["code"]) == (0.0, code)


def test_wrong_contents_without_a_reply() -> None:
    raw = op_msg(body_section({"ping": 1}), flags=2)
    with pytest.raises(ServerError) as caught:
        parse_message(raw)
    assert malformed_replies(raw, caught.value) == []


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(bytes(15), id="half a header"),
        pytest.param(struct.pack("<iiii", 15, 1, 0, 2013), id="length below the header"),
        pytest.param(struct.pack("<iiii", -1, 1, 0, 2013), id="negative length"),
        pytest.param(struct.pack("<iiii", 48_000_001, 1, 0, 2013), id="length above the limit"),
        pytest.param(op_msg(body_section(PING))[:-1], id="cut off"),
        pytest.param(op_msg(body_section(PING)) + b"\0", id="too long"),
        pytest.param(message(2013, b"\0"), id="no flags"),
        pytest.param(op_msg(b"\0" + struct.pack("<i", 300) + bytes(10)), id="body beyond the end"),
        pytest.param(op_msg(b"\0" + struct.pack("<i", -300) + bytes(10)), id="negative body"),
        pytest.param(op_msg(body_section(PING), b"\0\x05"), id="section cut off"),
        pytest.param(op_msg(body_section(PING), b"\x01" + struct.pack("<i", 7) + b"abc"), id="name without end"),
        pytest.param(op_msg(body_section(PING), b"\x01" + struct.pack("<i", 7) + b"\xff\xff\0"), id="name not UTF-8"),
        pytest.param(message(2002, bytes(30)), id="OP_INSERT"),
        pytest.param(message(9999, bytes(30)), id="unknown opcode"),
        pytest.param(message(2012, bytes(3)), id="OP_COMPRESSED cut off"),
        pytest.param(message(2004, bytes(10)), id="OP_QUERY cut off"),
    ],
)
def test_no_message(raw: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_message(raw)


@pytest.mark.parametrize("name", ["ismaster", "isMaster", "hello"])
def test_legacy_hello(name: str) -> None:
    request = parse_message(op_query("admin.$cmd", {name: 1, "helloOk": True}))
    assert request.legacy
    assert request.database == "admin"
    assert request.command == {name: 1, "helloOk": True}


def test_legacy_hello_in_a_query() -> None:
    raw = op_query("admin.$cmd", {"$query": {"isMaster": 1}, "$readPreference": {"mode": "primary"}})
    assert parse_message(raw).command == {"isMaster": 1}


@pytest.mark.parametrize(
    ("namespace", "query"), [("admin.$cmd", {"find": "c"}), ("shop.c", {"ismaster": 1}), ("x", {})]
)
def test_other_legacy_queries(namespace: str, query: dict[str, object]) -> None:
    raw = op_query(namespace, query)
    with pytest.raises(ServerError) as caught:
        parse_message(raw)
    assert caught.value.code == ErrorCode.UnsupportedOpQueryCommand
    assert reply_document(malformed_replies(raw, caught.value)[0])["code"] == 352


def test_compressed() -> None:
    body = op_msg(body_section(PING))[16:]
    request = parse_message(op_compressed(2013, body, 2, zlib.compress(body)))
    assert request.command == {"ping": 1}
    assert request.compressor is not None
    assert request.compressor.name == "zlib"
    assert parse_message(op_compressed(2013, body, 0, body)).command == {"ping": 1}


def test_compressed_with_what_we_lack() -> None:
    with pytest.raises(ServerError) as caught:
        parse_message(op_compressed(2013, b"", 77, b"x"))
    assert caught.value.code == ErrorCode.BadValue


@pytest.mark.parametrize("size", [-1, 4, 10_000, 48_000_001])
def test_compressed_with_a_wrong_size(size: int) -> None:
    body = op_msg(body_section(PING))[16:]
    with pytest.raises(ProtocolError):
        parse_message(op_compressed(2013, body, 2, zlib.compress(body), size))


def test_compression_bomb_is_not_unpacked() -> None:
    bomb = zlib.compress(bytes(100_000_000))
    with pytest.raises(ProtocolError):
        parse_message(op_compressed(2013, b"", 2, bomb, 1000))


def test_compressed_garbage() -> None:
    with pytest.raises(ProtocolError):
        parse_message(op_compressed(2013, b"", 2, b"nonsense", 1000))


def test_compressed_within_compressed() -> None:
    inner = op_compressed(2013, b"", 0, b"")[16:]
    with pytest.raises(ProtocolError):
        parse_message(op_compressed(2012, inner, 0, inner))


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (op_msg(body_section({"hello": 1, "$db": "admin"})), b"hello"),
        (op_msg(sequence_section("documents", [{}]), body_section(PING)), b""),
        (op_query("admin.$cmd", {"ismaster": 1}), b""),
        (b"", b""),
        (op_msg(), b""),
        (op_msg(body_section({"x" * 100: 1})), b"x" * 32),
    ],
)
def test_command_name(raw: bytes, name: bytes) -> None:
    assert command_name(raw) == name
