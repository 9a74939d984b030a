"""An encrypted file behind `satchel serve`, and fields that PyMongo's own client encrypts on their way there."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import InvalidOperation

from satchel.files.encryption import encrypt_fields, rotate
from tests.encryption.test_fields import PEOPLE, RING, SHOP, check_nothing_is_plain
from tests.encryption.test_file import KEY, OTHER, SECRET, fill, plain_files
from tests.server.process import ServerProcess


def key_file(folder: Path, key: bytes) -> str:
    path = folder / f"key-{key[0]}"
    path.write_text(f"hex:{key.hex()}\n")
    return f"--key-file={path}"


def test_a_server_has_the_key_and_its_clients_need_none(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    fill(path, KEY)
    with ServerProcess(path, key_file(tmp_path, KEY)) as server:
        with MongoClient[dict[str, Any]](server.uri) as client:
            assert client.shop.users.count_documents({"text": {"$regex": SECRET}}) == 200
            client.shop.users.insert_one({"_id": "more", "text": SECRET})
        assert plain_files(tmp_path) == []
        assert server.stop(signal.SIGTERM) == 0
    command = [sys.executable, "-m", "satchel.cli", "serve", str(path), "--port=0", key_file(tmp_path, OTHER)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "AuthenticationFailed" in done.stderr
    assert OTHER.hex() not in done.stderr


def test_fields_over_the_wire(tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path / "app.db") as server,
        MongoClient[dict[str, Any]](server.uri) as client,
        MongoClient[dict[str, Any]](server.uri) as other,
    ):
        encrypt_fields(client, RING, {"app.users": SHOP})
        users = client.app.users
        users.insert_many(PEOPLE)
        assert list(users.find(batch_size=2)) == PEOPLE
        assert users.find_one_and_update({"email": "ada@example.com"}, {"$push": {"tags": "green"}}) == PEOPLE[0]
        check_nothing_is_plain(other.app.users)
        other.app.users.insert_one({"_id": 9, "name": "Ada"})
        assert rotate(users) == 1
        check_nothing_is_plain(other.app.users)
        assert users.find_one({"_id": 9}) == {"_id": 9, "name": "Ada"}
        with pytest.raises(InvalidOperation):
            users.find_one({"name": "Ada"})
