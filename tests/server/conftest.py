"""A server on a file of its own, in this process or in another."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from satchel.commands.dispatch import Service
from satchel.deployment import open_service
from satchel.server.options import ServerOptions, TimeLimits
from satchel.server.server import Server, serving
from tests.server.process import ServerProcess

QUICK = TimeLimits(handshake=5.0, stall=5.0, drain=5.0, interrupt=5.0)

ServerMaker = Callable[..., Server]


def address_in(uri: str) -> tuple[str, int]:
    """Return the host and port of a URL."""
    host, _, port = uri.removeprefix("mongodb://").partition("/")[0].rpartition(":")
    return host, int(port)


def address_of(server: Server) -> tuple[str, int]:
    """Return the host and port of a server's first TCP listener."""
    return address_in(server.uris[0])


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = open_service(str(tmp_path / "served.db"))
    yield service
    service.release()


@pytest.fixture
def make_server(service: Service) -> Iterator[ServerMaker]:
    """Start servers with options of the test's own; free ports and short time limits by default."""
    with ExitStack() as stack:

        def make(**options: Any) -> Server:
            chosen = {"port": 0, "time_limits": QUICK, **options}
            return stack.enter_context(serving(service, ServerOptions(**chosen)))

        yield make


@pytest.fixture
def server(make_server: ServerMaker) -> Server:
    return make_server()


@pytest.fixture
def address(server: Server) -> tuple[str, int]:
    return address_of(server)


@pytest.fixture
def connect(address: tuple[str, int]) -> Iterator[Callable[[], socket.socket]]:
    """Open raw connections, which fail a test rather than hang it."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(socket.create_connection(address, timeout=30))


@pytest.fixture
def start_process(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Start `satchel serve` in processes of their own."""
    with ExitStack() as stack:

        def start(*arguments: str, path: Path | None = None) -> ServerProcess:
            return stack.enter_context(ServerProcess(path or tmp_path / "process.db", *arguments))

        yield start
