"""A service that demands logins, and clients from outside."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from satchel.deployment import open_service
from satchel.wire.service import Peer, UserName
from tests.unit.commands.conftest import Server

PASSWORD = "correct horse"
ELSEWHERE = Peer("192.0.2.7", "192.0.2.1", 40000)
HERE = Peer("127.0.0.1", "127.0.0.1", 40000)


class SecuredServer(Server):
    """A client in process, who may do everything, and those from outside that it makes."""

    _numbers = itertools.count(1)

    def outside(self, peer: Peer = ELSEWHERE) -> Server:
        client = Server(self.service)
        client.connection.peer = peer
        return client

    def make_user(self, name: str, *roles: Any, database: str = "admin", **fields: Any) -> None:
        self.ok({"createUser": name, "pwd": PASSWORD, "roles": list(roles), **fields}, database)

    def as_user(self, name: str, database: str = "admin") -> Server:
        """Return a client that is logged in, without the work of a login."""
        account = self.service.access.user(UserName(database, name))
        assert account is not None
        client = self.outside()
        client.connection.login = account.login
        return client

    def with_roles(self, *roles: Any) -> Server:
        """Return a client of a new user who has these roles (of `admin`, unless said otherwise)."""
        name = f"user{next(self._numbers)}"
        self.make_user(name, *roles, mechanisms=["SCRAM-SHA-256"])
        return self.as_user(name)


def on(role: str, database: str) -> dict[str, str]:
    return {"role": role, "db": database}


@pytest.fixture
def secured() -> Iterator[SecuredServer]:
    service = open_service(":memory:")
    service.authorization = True
    yield SecuredServer(service)
    service.release()
