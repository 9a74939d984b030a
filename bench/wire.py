"""The wire: operations a second of `satchel serve` for 1, 8 and 64 clients, beside any server at MONGODB_URI.

python -m bench.wire [--seconds N]

One thread plays all clients on raw sockets, each of which sends its next message when it has its reply, so that the
figure is that of the server and not of a driver.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import bson
from pymongo.uri_parser import parse_uri

from bench.floors import with_byte_code

CLIENTS: Final = (1, 8, 64)
DOCUMENTS: Final = 10_000
STARTS: Final = 5
DATABASE: Final = "bench_wire"

Figure = dict[str, Any]


def main() -> None:
    """Measure, print one JSON line a figure, and the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.wire", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="for each figure")
    print("\n".join(section(parser.parse_args().seconds)))


def section(seconds: float = 3) -> list[str]:
    """Measure, print one JSON line a figure, and return the lines of a Markdown section."""
    figures = list(_measure(seconds))
    for figure in figures:
        print(json.dumps(figure), flush=True)
    servers = list(dict.fromkeys(figure["server"] for figure in figures if "clients" in figure))
    lines = [
        "## Over the wire",
        "",
        "Operations a second, more is better: one thread plays all clients on raw sockets (`bench/wire.py`), on the "
        "same machine as the server.",
        "",
        "| operation | clients | " + " | ".join(servers) + " |",
        "|---|--:|" + "--:|" * len(servers),
    ]
    rows = {(each["name"], each["clients"], each["server"]): each["value"] for each in figures if "clients" in each}
    for name, clients in dict.fromkeys((name, clients) for name, clients, _ in rows):
        cells = [f"{rows[name, clients, server]:,.0f}" for server in servers]
        lines.append(f"| {name} | {clients} | " + " | ".join(cells) + " |")
    start = next(figure["value"] for figure in figures if figure["name"] == "start to first answer")
    return [*lines, "", f"From start to first answer: {start * 1000:.0f} ms (median of {STARTS})."]


def _measure(seconds: float) -> Iterator[Figure]:
    starts = []
    for _ in range(1 + STARTS):
        before = time.perf_counter()
        with _satchel():
            starts.append(time.perf_counter() - before)
    del starts[0]  # it has compiled what the others load
    yield {"name": "start to first answer", "server": "satchel", "unit": "s", "value": statistics.median(starts)}
    with _satchel() as address:
        yield from _operations("satchel", address, seconds)
    if uri := os.environ.get("MONGODB_URI"):
        host, port = parse_uri(uri)["nodelist"][0]
        address = host if port is None else (host, port)
        yield from _operations("MONGODB_URI", address, seconds)


@contextmanager
def _satchel() -> Iterator[tuple[str, int]]:
    """Start a server on a new file and give its address, once it has answered."""
    with tempfile.TemporaryDirectory(prefix="satchel-bench-") as folder:
        command = [sys.executable, "-m", "satchel.cli", "serve", str(Path(folder) / "w.db"), "--port=0"]
        command.append("--log-level=warning")
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=with_byte_code())
        try:
            assert server.stdout is not None
            uri = server.stdout.readline().strip()
            host, port = parse_uri(uri)["nodelist"][0]
            assert port is not None
            with _connect((host, port)) as connection:
                _call(connection, {"ping": 1, "$db": "admin"})
            yield host, port
        finally:
            server.terminate()
            server.wait(60)
            if server.stdout is not None:
                server.stdout.close()


def _operations(server: str, address: Any, seconds: float) -> Iterator[Figure]:
    with _connect(address) as connection:
        _call(connection, {"dropDatabase": 1, "$db": DATABASE})
        documents = [{"_id": number, "n": number, "text": "x" * 200} for number in range(DOCUMENTS)]
        _call(connection, {"insert": "things", "documents": documents, "$db": DATABASE})
        for name, message in (("find one by _id", _find), ("insert one", _insert)):
            for clients in CLIENTS:
                value = _rate(address, clients, message, seconds)
                yield {"name": name, "server": server, "clients": clients, "unit": "operations/s", "value": value}
        _call(connection, {"dropDatabase": 1, "$db": DATABASE})


def _find(number: int) -> bytes:
    key = number * 7919 % DOCUMENTS
    return _message({"find": "things", "filter": {"_id": key}, "limit": 1, "singleBatch": True, "$db": DATABASE})


def _insert(number: int) -> bytes:
    document = {"_id": bson.ObjectId(), "n": number, "text": "x" * 200}
    return _message({"insert": "things", "documents": [document], "$db": DATABASE})


def _rate(address: Any, clients: int, message: Any, seconds: float) -> float:
    """Let clients send for some seconds, and return the replies a second."""
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        number = 0
        for _ in range(clients):
            connection = stack.enter_context(_connect(address))
            selector.register(connection, selectors.EVENT_READ)
            connection.sendall(message(number))
            number += 1
        done, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            for key, _ in selector.select(1):
                assert isinstance(key.fileobj, socket.socket)
                _receive(key.fileobj)
                done += 1
                key.fileobj.sendall(message(number))
                number += 1
        return done / elapsed


def _connect(address: Any) -> socket.socket:
    if isinstance(address, str):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(address)
        return connection
    connection = socket.create_connection(address)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _message(command: dict[str, Any]) -> bytes:
    body = bson.encode(command)
    return struct.pack("<iiiiIB", 21 + len(body), 1, 0, 2013, 0, 0) + body


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    while len(data) < 16 or len(data) < struct.unpack_from("<i", data)[0]:
        received = connection.recv(65536)
        if not received:
            raise ConnectionError("the server closed the connection")
        data += received
    return data


def _call(connection: socket.socket, command: dict[str, Any]) -> dict[str, Any]:
    connection.sendall(_message(command))
    reply: dict[str, Any] = bson.decode(_receive(connection)[21:])
    if reply["ok"] != 1:
        raise RuntimeError(f"{next(iter(command))} failed: {reply}")
    return reply


if __name__ == "__main__":
    main()
