"""What the first argument of a client means."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.errors import ConfigurationError

from satchel import AsyncMongoClient, MongoClient
from satchel.driver.target import Target, parse_target


@pytest.mark.parametrize(
    ("host", "port", "path"),
    [
        (":memory:", None, ":memory:"),
        ("app.db", None, "app.db"),
        ("./app", None, "./app"),
        ("/srv/app.db", None, "/srv/app.db"),
        ("app", None, "app"),
        ("folder/x:1", None, "folder/x:1"),
        (Path("app.db"), None, "app.db"),
        (Path("app.db"), 27017, "app.db"),
        (["app.db"], None, "app.db"),
        (["app.db"], 27017, "app.db"),
        ("satchel:///srv/my%20app.db", None, "/srv/my app.db"),
        ("satchel://:memory:", None, ":memory:"),
    ],
)
def test_file(host: Any, port: int | None, path: str) -> None:
    assert parse_target(host, port) == Target(path)


def test_options_of_a_url() -> None:
    target = parse_target("satchel:///srv/app.db?w=majority&tz_aware=true", None)
    assert target == Target("/srv/app.db", "w=majority&tz_aware=true")
    assert target.url(("x", 1)) == "mongodb://x:1/?w=majority&tz_aware=true"


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("mongodb://localhost", None),
        ("mongodb://user:word@host:27018/shop?w=1", None),
        ("mongodb+srv://cluster.example.com", None),
        (["mongodb://localhost"], 27017),
        ("localhost", None),
        ("localhost", 27017),
        ("db.example.com", 27017),
        ("db.example.com:27017", None),
        ("127.0.0.1", None),
        ("::1", None),
        ("[::1]:27017", None),
        ("/tmp/mongodb-27017.sock", None),
        (["a", "b"], None),
    ],
)
def test_servers(host: Any, port: int | None) -> None:
    assert parse_target(host, port) is None


@pytest.mark.parametrize(
    "host", [None, "", "http://example.com", "satchel://srv/app.db", "satchel://", "satchel:///", "mongomock://x"]
)
def test_refused(host: Any) -> None:
    with pytest.raises(ConfigurationError):
        MongoClient(host)
    with pytest.raises(ConfigurationError):
        AsyncMongoClient(host)


def test_servers_get_plain_pymongo() -> None:
    with MongoClient("mongodb://db.example.com:27018/shop?w=majority", connect=False) as client:
        plain = pymongo.MongoClient("mongodb://db.example.com:27018/shop?w=majority", connect=False)
        assert client == plain
        assert repr(client) == repr(plain)
        assert client.get_default_database().name == "shop"
        assert client.write_concern == plain.write_concern
        assert isinstance(client._kill_cursors_executor, type(plain._kill_cursors_executor))
        plain.close()
    with MongoClient("db.example.com", 27018, connect=False) as client:
        assert client == pymongo.MongoClient("db.example.com", 27018, connect=False)


async def test_servers_get_plain_asynchronous_pymongo() -> None:
    async with AsyncMongoClient("mongodb://db.example.com:27018") as client:
        assert client == pymongo.AsyncMongoClient("mongodb://db.example.com:27018")


def test_no_file_appears_for_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    MongoClient("localhost", connect=False).close()
    assert os.listdir(tmp_path) == []
