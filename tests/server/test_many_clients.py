"""Many clients at once: idle ones cost little, busy ones get right answers, whoever else writes to the file."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from pymongo import MongoClient

from satchel.server.server import Server
from tests.server.load import run_load
from tests.server.process import ServerProcess
from tests.server.test_hostile import PING, receive
from tests.wire.messages import reply_document

Start = Callable[..., ServerProcess]


def test_five_hundred_idle_clients(server: Server, address: tuple[str, int]) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(socket.create_connection(address, timeout=60)) for _ in range(500)]
        for connection in idle:
            connection.sendall(PING)
        for connection in idle:
            assert reply_document(receive(connection))["ok"] == 1.0
        assert server.connections == 500
        with MongoClient(server.uris[0]) as client:
            client.shop.things.insert_many([{"_id": number} for number in range(100)])
            assert client.shop.things.count_documents({}) == 100
        for connection in (idle[0], idle[499]):
            connection.sendall(PING)
            assert reply_document(receive(connection))["ok"] == 1.0
    assert server.wait_until_empty(60)


def test_mixed_load_of_many_clients(start_process: Start, tmp_path: Path) -> None:
    server = start_process("--log-level=warning")
    result = run_load(server.uri, clients=64, operations=30)
    assert result.errors == []
    assert result.operations == 64 * 30


def test_mixed_load_while_another_process_writes(start_process: Start, tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    server = start_process("--log-level=warning", path=path)
    result = run_load(server.uri, clients=16, operations=30, other_writer=path)
    assert result.errors == []
    assert result.written_by_other > 0
