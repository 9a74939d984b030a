"""Clients that send what is no message, half of one, or nothing: closed or answered, and nobody else notices."""

from __future__ import annotations

import contextlib
import socket
import struct
import zlib
from collections.abc import Callable

import bson
import pytest
from pymongo import MongoClient

from satchel.commands.dispatch import Service
from satchel.server.message_reader import MessageBudget, MessageReader
from satchel.server.options import TimeLimits
from satchel.server.server import Server
from tests.server.conftest import ServerMaker, address_of
from tests.wire.messages import body_section, message, op_compressed, op_msg, op_query, reply_document, sequence_section

Connect = Callable[[], socket.socket]

PING = op_msg(body_section({"ping": 1, "$db": "admin"}))


def receive(connection: socket.socket) -> bytes:
    """Return one reply, or what came before the server closed."""
    data = b""
    while len(data) < 16 or len(data) < struct.unpack_from("<i", data)[0]:
        received = connection.recv(65536)
        if not received:
            return data
        data += received
    return data


def assert_serves(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(PING)
        assert reply_document(receive(connection))["ok"] == 1.0


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="http"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(40)), id="tls"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="ssh"),
        pytest.param(struct.pack("<iiii", 15, 1, 0, 2013), id="shorter than a header"),
        pytest.param(struct.pack("<iiii", -1, 1, 0, 2013), id="negative"),
        pytest.param(struct.pack("<iiii", 48_000_001, 1, 0, 2013), id="over 48 MB"),
        pytest.param(struct.pack("<iiii", 2**31 - 1, 1, 0, 2013), id="2 GiB"),
        pytest.param(message(2002, bytes(50)), id="an opcode of old"),
        pytest.param(message(0, b""), id="no opcode"),
        pytest.param(message(2013, b""), id="OP_MSG without flags"),
        pytest.param(message(2013, bytes(4) + b"\0" + struct.pack("<i", 1000)), id="a section longer than its message"),
        pytest.param(message(2013, bytes(4) + b"\0" + struct.pack("<i", -5) + bytes(20)), id="a negative section"),
        pytest.param(message(2004, bytes(4) + b"no end"), id="a name without end"),
        pytest.param(message(2012, b"\xdd\x07"), id="compression cut off"),
        pytest.param(op_compressed(2013, PING[16:], 2, b"not zlib"), id="compressed garbage"),
        pytest.param(op_compressed(2013, PING[16:], 2, zlib.compress(PING[16:]), size=3), id="more than it says"),
        pytest.param(op_compressed(2013, b"", 2, zlib.compress(bytes(10_000_000)), size=2**31 - 1), id="a bomb"),
        pytest.param(op_compressed(2012, PING[16:], 2, zlib.compress(PING[16:])), id="compressed twice"),
    ],
)
def test_what_is_no_message_closes_the_connection(connect: Connect, address: tuple[str, int], data: bytes) -> None:
    connection = connect()
    connection.sendall(data)
    # The kernel resets a connection that is closed with bytes unread.
    with contextlib.suppress(ConnectionResetError):
        assert receive(connection) == b""
    assert_serves(address)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(op_msg(body_section({"ping": 1})), 40571, id="no $db"),
        pytest.param(op_msg(body_section({"ping": 1, "$db": 7})), 13111, id="$db is a number"),
        pytest.param(op_msg(sequence_section("documents", [{}])), 40587, id="no body"),
        pytest.param(op_msg(body_section({"ping": 1, "$db": "x"}), flags=4), 223, id="unknown flag"),
        pytest.param(op_msg(body_section({"ping": 1, "$db": "x"}), flags=1), 288, id="wrong checksum"),
        pytest.param(op_msg(body_section({"$db": "x"})), 59, id="no command"),
        pytest.param(op_query("shop.$cmd", {"find": "things"}), 352, id="find in OP_QUERY"),
        pytest.param(op_compressed(2013, PING[16:], 77, PING[16:]), 2, id="unknown compressor"),
    ],
)
def test_wrong_contents_are_answered_and_the_connection_goes_on(connect: Connect, data: bytes, code: int) -> None:
    connection = connect()
    connection.sendall(data)
    reply = reply_document(receive(connection))
    assert (reply["ok"], reply["code"]) == (0.0, code)
    connection.sendall(PING)
    assert reply_document(receive(connection))["ok"] == 1.0


def test_handshakes_in_the_old_protocol(connect: Connect) -> None:
    connection = connect()
    for name in ("ismaster", "isMaster"):
        connection.sendall(op_query("admin.$cmd", {name: 1, "helloOk": True, "client": {"driver": {"name": "x"}}}))
        raw = receive(connection)
        assert struct.unpack_from("<iiii", raw)[2:] == (7, 1)
        assert struct.unpack_from("<iqii", raw, 16) == (8, 0, 0, 1)
        reply = bson.decode(raw[36:])
        assert reply["ismaster"]
        assert reply["helloOk"]
    connection.sendall(op_msg(body_section({"hello": 1, "$db": "admin"})))
    assert reply_document(receive(connection))["isWritablePrimary"]


def test_several_messages_at_once_and_byte_by_byte(connect: Connect) -> None:
    connection = connect()
    connection.sendall(PING * 5)
    data = b""
    while len(data) < 5 * len(receive_ping_reply(connect)):
        data += connection.recv(65536)
    for number in range(len(PING)):
        connection.sendall(PING[number : number + 1])
    assert reply_document(receive(connection))["ok"] == 1.0


def receive_ping_reply(connect: Connect) -> bytes:
    connection = connect()
    connection.sendall(PING)
    return receive(connection)


def test_half_a_message_is_given_up(make_server: ServerMaker) -> None:
    server = make_server(time_limits=TimeLimits(handshake=0.2, stall=0.2))
    address = address_of(server)
    large = struct.pack("<iiii", 48_000_000, 1, 0, 2013)
    for data in (b"", PING[:7], PING[:-1], large, large + bytes(100_000)):
        with socket.create_connection(address, timeout=30) as connection:
            connection.sendall(data)
            assert receive(connection) == b""
    assert server.wait_until_empty(30)


def test_established_clients_may_be_idle(make_server: ServerMaker) -> None:
    server = make_server(time_limits=TimeLimits(handshake=5.0, stall=0.05))
    with socket.create_connection(address_of(server), timeout=30) as connection:
        connection.sendall(PING)
        receive(connection)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(30)
        connection.sendall(PING)
        assert reply_document(receive(connection))["ok"] == 1.0


def test_a_client_that_takes_no_replies_is_given_up(make_server: ServerMaker) -> None:
    server = make_server(time_limits=TimeLimits(handshake=5.0, stall=0.2))
    with MongoClient(server.uris[0]) as client:
        client.shop.things.insert_many([{"_id": number, "data": bytes(1_000_000)} for number in range(14)])
    find = op_msg(body_section({"find": "things", "$db": "shop", "batchSize": 100}))
    with socket.create_connection(address_of(server), timeout=30) as connection:
        connection.sendall(find * 4)
        assert server.wait_until_empty(30)


def test_memory_grows_with_what_came_not_with_what_was_said() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        theirs.sendall(struct.pack("<iiii", 48_000_000, 1, 0, 2013) + bytes(1000))
        theirs.shutdown(socket.SHUT_WR)
        reader = _Watched(ours, MessageBudget(1))
        with pytest.raises(Exception, match="closed the connection within a message"), reader.message():
            pass
        assert reader.largest <= 1024 * 1024


class _Watched(MessageReader):
    largest = 0

    def _receive_into(self, view: memoryview) -> int:
        self.largest = max(self.largest, len(view.obj))  # type: ignore[arg-type]
        return super()._receive_into(view)


def test_strangers_get_no_room_to_fill(service: Service, connect: Connect) -> None:
    service.authorization = True
    connection = connect()
    connection.sendall(struct.pack("<iiii", 2 * 1024 * 1024, 1, 0, 2013))
    assert receive(connection) == b""


def test_too_many_clients_are_turned_away(make_server: ServerMaker) -> None:
    server = make_server(max_connections=2)
    address = address_of(server)
    with (
        socket.create_connection(address, timeout=30) as first,
        socket.create_connection(address, timeout=30) as second,
    ):
        for connection in (first, second):
            connection.sendall(PING)
            assert reply_document(receive(connection))["ok"] == 1.0
        with socket.create_connection(address, timeout=30) as third:
            assert receive(third) == b""
    assert server.wait_until_empty(30)
    assert_serves(address)


def test_a_command_ends_when_its_client_goes(server: Server, connect: Connect) -> None:
    with MongoClient(server.uris[0]) as client:
        client.shop.create_collection("log", capped=True, size=100_000)
        client.shop.log.insert_one({"_id": 1})
    connection = connect()
    find = {"find": "log", "tailable": True, "awaitData": True, "$db": "shop"}
    connection.sendall(op_msg(body_section(find)))
    cursor = reply_document(receive(connection))["cursor"]
    more = {"getMore": bson.Int64(cursor["id"]), "collection": "log", "maxTimeMS": 600_000, "$db": "shop"}
    connection.sendall(op_msg(body_section(more)))
    connection.close()
    assert server.wait_until_empty(30)
