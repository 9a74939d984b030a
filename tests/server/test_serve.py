"""`satchel serve` and `satchel shell` as processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pymongo
import pytest
from pymongo import MongoClient

import satchel
from tests.server.process import ServerProcess

Start = Callable[..., ServerProcess]


def cli(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "satchel.cli", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)


def test_serves_what_is_in_the_file_and_leaves_it_whole(start_process: Start, tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with satchel.MongoClient(path) as client:
        client.shop.things.insert_one({"_id": 1})
    server = start_process(path=path)
    with MongoClient(server.uri) as client:
        client.shop.things.insert_one({"_id": 2})
    assert server.stop(signal.SIGTERM) == 0
    assert not path.with_name("app.db-wal").exists()
    with satchel.MongoClient(path) as client:
        assert client.shop.things.count_documents({}) == 2


def test_killed_server_loses_nothing_acknowledged(start_process: Start, tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    acknowledged = 0
    for round_number in range(3):
        server = start_process(path=path)
        with MongoClient(server.uri, retryWrites=False) as client:
            things = client.shop.things
            assert things.count_documents({}) >= acknowledged
            killer = threading.Timer(0.2, server.process.kill)
            killer.start()
            with pytest.raises(pymongo.errors.PyMongoError):  # noqa: PT012 - it is written until the server dies
                while True:
                    things.insert_one({"round": round_number})
                    acknowledged += 1
        killer.join()
        server.process.wait(60)
    with satchel.MongoClient(path) as client:
        # One insert of each round may have been done without its answer.
        assert acknowledged <= client.shop.things.count_documents({}) <= acknowledged + 3
        assert client.shop.command("validate", "things", full=True)["valid"]


def test_json_logs(start_process: Start) -> None:
    server = start_process("--log-format=json", "--slow-ms=0")
    with MongoClient(server.uri) as client:
        client.shop.things.insert_one({"_id": 1})
    server.stop(signal.SIGTERM)
    events = [json.loads(line) for line in server.log().splitlines()]
    messages = [event["msg"] for event in events]
    assert messages[0] == "listening"
    assert messages[-1] == "stopped"
    assert {"connection accepted", "connection ended"} <= set(messages)
    slow = [event["attr"] for event in events if event["msg"] == "slow command"]
    assert any(each["command"] == "insert" and each["ns"] == "shop.things" for each in slow)


def test_read_only(start_process: Start, tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with satchel.MongoClient(path) as client:
        client.shop.things.insert_one({"_id": 1})
    server = start_process("--read-only", path=path)
    with MongoClient(server.uri) as client:
        assert client.shop.things.find_one() == {"_id": 1}
        with pytest.raises(pymongo.errors.OperationFailure):
            client.shop.things.insert_one({"_id": 2})


def test_another_process_writes_to_the_same_file(start_process: Start, tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    server = start_process(path=path)
    with MongoClient(server.uri) as remote, satchel.MongoClient(path) as local:
        for number in range(50):
            (remote if number % 2 else local).shop.things.insert_one({"_id": number})
        assert remote.shop.things.count_documents({}) == local.shop.things.count_documents({}) == 50


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host=0.0.0.0"], "--auth"),
        (["--host=no.such.name.invalid"], "no.such.name.invalid"),
        (["--no-tcp"], "nothing to listen on"),
        (["--tls-key=x.pem"], "--tls-certificate"),
        (["--unix-socket=/no/such/folder/x.sock"], "/no/such/folder/x.sock"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = cli("serve", str(tmp_path / "x.db"), "--port=0", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x.db").exists()


def test_starting_a_server_loads_no_client() -> None:
    code = (
        "import sys, satchel.cli.serve, satchel.deployment; print('pymongo' in sys.modules, 'asyncio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cli("serve", str(tmp_path / "x.db"), f"--port={port}")
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr


def test_files_that_cannot_be_served(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("this is not a database, and long enough to be looked at" * 20)
    for path in (text, tmp_path / "no" / "folder.db"):
        done = cli("serve", str(path), "--port=0")
        assert done.returncode == 2
        assert str(path) in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no Unix sockets on Windows")
def test_a_dead_servers_socket_is_replaced_and_a_living_ones_is_not(start_process: Start, tmp_path: Path) -> None:
    socket_path = tmp_path / "s.sock"
    argument = f"--unix-socket={socket_path}"
    start_process(argument).stop(signal.SIGKILL)
    assert socket_path.exists()
    server = start_process(argument)
    done = cli("serve", str(tmp_path / "other.db"), "--port=0", argument)
    assert (done.returncode, "another server" in done.stderr) == (2, True)
    assert server.stop(signal.SIGTERM) == 0
    assert not socket_path.exists()


def test_shell_on_a_file_and_on_a_server(start_process: Start, tmp_path: Path) -> None:
    path = tmp_path / "process.db"
    server = start_process()
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    for target in (str(path), server.uri):
        done = subprocess.run(
            [sys.executable, "-m", "satchel.cli", "shell", target],
            input="db.things.insert_one({'n': 1}); print('found', db.things.count_documents({}), db.name)\n",
            capture_output=True, text=True, timeout=120, check=False, env=environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "found" in done.stdout
    assert "found 2 test" in done.stdout
