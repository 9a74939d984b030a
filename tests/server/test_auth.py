"""PyMongo logging in over TCP, and `satchel user`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import OperationFailure

import satchel
from satchel.commands.dispatch import Service
from satchel.server.server import Server
from tests.server.conftest import ServerMaker
from tests.server.process import ServerProcess

PASSWORD = "p@ss word, =ü"


@pytest.fixture
def guarded(service: Service, make_server: ServerMaker) -> Iterator[Server]:
    """A server that demands logins, with the users root (of admin) and ann (of shop)."""
    with satchel.MongoClient(service.engine.storage.path) as client:
        client.admin.command("createUser", "root", pwd=PASSWORD, roles=["root"])
        client.shop.command("createUser", "ann", pwd=PASSWORD, roles=["readWrite"])
    service.authorization = True
    yield make_server()
    service.authorization = False


def connect(server: Server, user: str | None = "root", **options: Any) -> MongoClient[dict[str, Any]]:
    credentials = {"username": user, "password": PASSWORD} if user else {}
    return MongoClient(server.uris[0], **{**credentials, **options})


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256", "DEFAULT"])
def test_logging_in(guarded: Server, mechanism: str) -> None:
    with connect(guarded, authMechanism=mechanism) as client:
        client.shop.things.insert_one({"_id": 1})
        assert client.shop.things.find_one() == {"_id": 1}
        (user,) = client.admin.command("connectionStatus")["authInfo"]["authenticatedUsers"]
        assert user == {"user": "root", "db": "admin"}


async def test_logging_in_asynchronously(guarded: Server) -> None:
    async with AsyncMongoClient(guarded.uris[0], username="ann", password=PASSWORD, authSource="shop") as client:  # type: AsyncMongoClient[dict[str, Any]]
        await client.shop.things.insert_one({"_id": 1})
        with pytest.raises(OperationFailure, match="not authorized on other"):
            await client.other.things.find_one()


def test_not_logging_in(guarded: Server) -> None:
    with connect(guarded, None) as client:
        client.admin.command("ping")
        with pytest.raises(OperationFailure, match="requires authentication") as caught:
            client.shop.things.find_one()
        assert caught.value.code == 13
    with connect(guarded, password="wrong") as client, pytest.raises(OperationFailure) as caught:
        client.shop.things.find_one()
    assert (caught.value.code, caught.value.details["errmsg"]) == (18, "Authentication failed.")  # type: ignore[index]


def test_bulk_writes_cursors_and_files_of_a_user(guarded: Server) -> None:
    with connect(guarded, "ann", authSource="shop") as client:
        things = client.shop.things
        things.insert_many([{"_id": number} for number in range(500)])
        assert len(list(things.find(batch_size=50))) == 500
        operations = [pymongo.InsertOne({"_id": 1000}, namespace="shop.things")]
        assert client.bulk_write(operations).inserted_count == 1
        with pytest.raises(OperationFailure):
            client.bulk_write([pymongo.InsertOne({"_id": 1}, namespace="other.things")])
        assert client.list_database_names() == ["shop"]
        assert client.shop.list_collection_names() == ["things"]


def test_a_user_that_is_gone(guarded: Server) -> None:
    with connect(guarded) as root, connect(guarded, "ann", authSource="shop") as ann:
        ann.shop.things.find_one()
        root.shop.command("dropUser", "ann")
        with pytest.raises(OperationFailure) as caught:
            ann.shop.things.find_one()
        assert caught.value.code == 13


def user(*arguments: str | Path, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "satchel.cli", "user", *map(str, arguments)]
    environment = {**os.environ, "SATCHEL_PASSWORD": password}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def test_users_from_the_command_line(tmp_path: Path) -> None:
    path, secret = tmp_path / "app.db", tmp_path / "password"
    secret.write_text("from a file\nnot this\n")
    assert user("add", path, "ann@shop", "--role", "readWrite", "--role", "read@other").returncode == 0
    assert user("add", path, "root", "--role", "root", "--password-file", secret).returncode == 0
    assert user("list", path).stdout == "root@admin  root@admin\nann@shop  readWrite@shop, read@other\n"
    assert "UserNotFound" in user("passwd", path, "nobody").stderr
    assert user("passwd", path, "ann@shop", password="another").returncode == 0
    assert user("roles", path, "ann@shop", "--role", "read").returncode == 0
    audit_log = tmp_path / "audit.jsonl"
    with ServerProcess(path, "--auth", f"--audit-log={audit_log}") as server:
        uri = server.uri
        with MongoClient(uri, username="ann", password="another", authSource="shop") as client:
            assert client.shop.things.find_one() is None
            with pytest.raises(OperationFailure):
                client.shop.things.insert_one({})
        with MongoClient(uri, username="root", password="from a file") as client:
            client.shop.things.insert_one({})
            assert user("remove", path, "root").returncode == 0
            with pytest.raises(OperationFailure):
                client.shop.things.insert_one({})
    events = [json.loads(line) for line in audit_log.read_text().splitlines()]
    assert {(each["atype"], each["result"]) for each in events} == {("authenticate", 0), ("authCheck", 13)}
    assert audit_log.stat().st_mode & 0o077 == 0
    assert user("list", tmp_path / "nothing.db").returncode == 2
    assert not (tmp_path / "nothing.db").exists()
