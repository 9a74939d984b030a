"""Ending a server while commands run: they are answered, then interrupted, and a second signal waits for nothing."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

from bson import Int64
from pymongo import MongoClient

from satchel.commands.dispatch import Service
from satchel.errors import ErrorCode
from satchel.server.options import TimeLimits
from tests.server.conftest import ServerMaker, address_in
from tests.server.process import ServerProcess
from tests.server.test_hostile import receive
from tests.wire.messages import body_section, op_msg, reply_document

Start = Callable[..., ServerProcess]


def call(connection: socket.socket, command: dict[str, Any], database: str = "shop") -> dict[str, Any]:
    connection.sendall(op_msg(body_section({**command, "$db": database})))
    return reply_document(receive(connection))


@contextlib.contextmanager
def waiting_client(uri: str, await_ms: int) -> Iterator[socket.socket]:
    """Give a connection on which a getMore waits for data."""
    address = address_in(uri)
    with socket.create_connection(address, timeout=60) as waiting, socket.create_connection(address) as other:
        call(waiting, {"create": "log", "capped": True, "size": 100_000})
        call(waiting, {"insert": "log", "documents": [{"_id": 1}]})
        cursor = call(waiting, {"find": "log", "tailable": True, "awaitData": True})["cursor"]
        more = {"getMore": Int64(cursor["id"]), "collection": "log", "maxTimeMS": await_ms, "$db": "shop"}
        waiting.sendall(op_msg(body_section(more)))
        while not select.select([waiting], [], [], 0.01)[0] and not _runs(other, "getMore"):
            pass
        yield waiting


def _runs(connection: socket.socket, command: str) -> bool:
    return any(command in each.get("command", {}) for each in call(connection, {"currentOp": 1}, "admin")["inprog"])


def test_commands_that_run_are_answered_before_the_end(start_process: Start) -> None:
    server = start_process()
    with waiting_client(server.uri, await_ms=3000) as waiting:
        assert server.stop(signal.SIGINT) == 0
        assert reply_document(receive(waiting))["cursor"]["nextBatch"] == []
        assert receive(waiting) == b""


def test_commands_that_run_on_are_interrupted(make_server: ServerMaker, service: Service) -> None:
    server = make_server(time_limits=TimeLimits(drain=0.1))
    with waiting_client(server.uris[0], await_ms=600_000) as waiting:
        server.stop(service)
        assert reply_document(receive(waiting))["code"] == ErrorCode.InterruptedAtShutdown


def test_second_signal_ends_at_once(start_process: Start) -> None:
    server = start_process()
    with waiting_client(server.uri, await_ms=600_000) as waiting:
        server.process.send_signal(signal.SIGTERM)
        while "stopping" not in server.log():
            time.sleep(0.01)
        assert server.stop(signal.SIGTERM) == 128 + signal.SIGTERM
        assert receive(waiting) == b""


def test_a_signal_is_not_missed_whatever_the_server_is_about(start_process: Start) -> None:
    for _ in range(6):
        server = start_process()
        with MongoClient(server.uri) as client:
            client.shop.things.insert_one({})
        assert server.stop(signal.SIGTERM) == 0
