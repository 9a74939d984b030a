"""A service to talk to in wire messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from satchel.commands.dispatch import Service
from satchel.deployment import open_service
from satchel.wire.service import ConnectionState
from tests.wire.messages import body_section, op_msg, reply_document, sequence_section

Reply = dict[str, Any]


class Server:
    """Sends commands as OP_MSG messages and returns the replies decoded."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.connection = ConnectionState()

    def run(self, command: dict[str, Any], database: str = "db", **sequences: list[dict[str, Any]]) -> Reply:
        sections = [sequence_section(name, documents) for name, documents in sequences.items()]
        message = op_msg(body_section({**command, "$db": database}), *sections)
        (reply,) = self.service.handle(message, self.connection)
        return reply_document(reply)

    def ok(self, command: dict[str, Any], database: str = "db", **sequences: list[dict[str, Any]]) -> Reply:
        reply = self.run(command, database, **sequences)
        assert reply["ok"] == 1.0, reply
        return reply

    def code(self, command: dict[str, Any], database: str = "db", **sequences: list[dict[str, Any]]) -> int:
        """Run a command that must fail and return the error's code."""
        reply = self.run(command, database, **sequences)
        assert reply["ok"] == 0.0, reply
        return reply["code"]

    def found(self, collection: str, filter_: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        return self.ok({"find": collection, "filter": filter_ or {}, "batchSize": 100_000})["cursor"]["firstBatch"]

    def another(self) -> Server:
        """Return the same service on a connection of its own."""
        return Server(self.service)


@pytest.fixture
def server() -> Iterator[Server]:
    service = open_service(":memory:")
    yield Server(service)
    service.release()


@pytest.fixture
def file_server(tmp_path: Path) -> Iterator[Server]:
    """The same on a file, `app.db`, that other processes can open, too."""
    service = open_service(str(tmp_path / "app.db"))
    yield Server(service)
    service.release()
