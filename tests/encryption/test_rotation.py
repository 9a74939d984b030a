"""Rotation: everything under the active key in the end, whatever happens meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from pymongo.errors import EncryptionError, InvalidOperation

from satchel import AsyncMongoClient, MongoClient
from satchel.files.encryption import (
    EncryptedFields,
    KeyRing,
    Rotation,
    encrypt_fields,
    rotate,
    rotate_async,
    verify,
)
from satchel.files.encryption import rotation as rotation_module

OLD: Final = KeyRing({"old": bytes(range(32))})
BOTH: Final = KeyRing({"old": bytes(range(32)), "new": bytes(range(1, 33))}, active="new")
NEW: Final = KeyRing({"new": bytes(range(1, 33))})
FIELDS: Final = {
    "app.users": EncryptedFields(
        encrypt=["name", "a.b"], deterministic=["ids"], hash=["password"], hash_algorithm="sha256"
    )
}
COUNT: Final = 300
DOCUMENTS: Final = [
    {"_id": number, "name": f"name {number}", "a": [{"b": number, "c": 1}, {"b": None}], "ids": [number, 1]}
    for number in range(COUNT)
]


def clients(path: Path, *rings: KeyRing) -> Iterator[MongoClient[dict[str, Any]]]:
    for ring in rings:
        with MongoClient[dict[str, Any]](path) as client:
            encrypt_fields(client, ring, FIELDS)
            yield client


@pytest.fixture
def path(tmp_path: Path) -> Path:
    for client in clients(tmp_path / "app.db", OLD):
        client.app.users.insert_many(DOCUMENTS)
    return tmp_path / "app.db"


def check_rotated(path: Path) -> None:
    for client in clients(path, NEW):
        assert list(client.app.users.find().sort("_id")) == DOCUMENTS


def test_everything_is_under_the_new_key(path: Path) -> None:
    for client in clients(path, NEW):
        with pytest.raises(EncryptionError):
            list(client.app.users.find())
    for client in clients(path, BOTH):
        users = client.app.users
        assert list(users.find()) == DOCUMENTS
        assert [document["_id"] for document in users.find({"ids": 7})] == [7]
        users.update_one({"_id": 5}, {"$push": {"ids": 1000}})
        users.update_one({"_id": 5}, {"$pull": {"ids": 1000}})
        seen: list[int] = []
        assert rotate(users, seen.append) == COUNT
        assert seen[-1] == COUNT
        assert rotate(users) == 0
        assert users.count_documents({"ids": 1}) == COUNT
    check_rotated(path)


def test_with_the_wrong_key_nothing_changes(path: Path) -> None:
    for client in clients(path, KeyRing({"old": bytes(32), "new": bytes(range(32))}, active="new")):
        with pytest.raises(EncryptionError):
            rotate(client.app.users)
    for client in clients(path, OLD):
        assert list(client.app.users.find()) == DOCUMENTS


def test_what_was_plain_is_encrypted(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with MongoClient[dict[str, Any]](path) as plain:
        plain.app.users.insert_many([*DOCUMENTS[:3], {"_id": 3, "password": "hunter2"}])
        for client in clients(path, NEW):
            assert rotate(client.app.users) == 4
            assert list(client.app.users.find().limit(3)) == DOCUMENTS[:3]
            assert verify("hunter2", client.app.users.find_one({"_id": 3})["password"])  # type: ignore[index]
        assert "name 1" not in repr(list(plain.app.users.find()))
        assert "hunter2" not in repr(list(plain.app.users.find()))


def test_in_the_background_while_others_write(path: Path) -> None:
    for client in clients(path, BOTH):
        users = client.app.users
        rotation = Rotation(users)
        for number in range(0, COUNT, 3):
            users.update_one({"_id": number}, {"$set": {"name": f"changed {number}"}, "$push": {"ids": 2000}})
        assert rotation.wait(120)
        assert rotation.checked == COUNT
        assert rotation.changed > 0
    for client in clients(path, NEW):
        for document in client.app.users.find():
            number = document["_id"]
            assert document["name"] == (f"name {number}" if number % 3 else f"changed {number}")
            assert (2000 in document["ids"]) == (number % 3 == 0)


def test_a_change_between_reading_and_writing_is_not_lost(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = rotation_module._change
    interfered: list[int] = []

    def interfere(encrypter: Any, document: Any) -> Any:
        result = change(encrypter, document)
        if document["_id"] == 7 and not interfered:
            interfered.append(7)
            for other in clients(path, OLD):
                other.app.users.update_one({"_id": 7}, {"$set": {"name": "in between"}})
        return result

    monkeypatch.setattr(rotation_module, "_change", interfere)
    for client in clients(path, BOTH):
        assert rotate(client.app.users) == COUNT
    for client in clients(path, NEW):
        assert client.app.users.find_one({"_id": 7})["name"] == "in between"  # type: ignore[index]


def test_stopped_and_started_again(path: Path) -> None:
    for client in clients(path, BOTH):
        rotation = Rotation(client.app.users)
        rotation.stop()
        assert rotation.wait()
        again = Rotation(client.app.users)
        assert again.wait(120)
    check_rotated(path)


_KILLED = """
import os, signal, sys
from satchel import MongoClient
from tests.encryption.test_rotation import BOTH, FIELDS, encrypt_fields, rotate

def progress(checked):
    if checked == 100:
        os.kill(os.getpid(), signal.SIGKILL)

client = MongoClient(sys.argv[1])
encrypt_fields(client, BOTH, FIELDS)
rotate(client.app.users, progress)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the platform has no SIGKILL")
def test_killed_and_started_again(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, str(path)], timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL
    for client in clients(path, BOTH):
        assert list(client.app.users.find()) == DOCUMENTS
        assert rotate(client.app.users) == COUNT - 100
    check_rotated(path)


async def test_asynchronously(path: Path) -> None:
    async with AsyncMongoClient[dict[str, Any]](path) as client:
        encrypt_fields(client, BOTH, FIELDS)
        assert await rotate_async(client.app.users) == COUNT
        assert await rotate_async(client.app.users) == 0
    check_rotated(path)


def test_only_what_is_encrypted(path: Path) -> None:
    with MongoClient[dict[str, Any]](path) as client:
        with pytest.raises(InvalidOperation):
            rotate(client.app.users)
        encrypt_fields(client, NEW, FIELDS)
        with pytest.raises(ValueError, match="no fields"):
            rotate(client.app.others)
