"""Capped collections: what stays, and the count that they keep of themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from satchel import MongoClient


@pytest.fixture
def database(satchel_client: MongoClient) -> Database[dict[str, Any]]:
    return satchel_client.a


def assert_sound(database: Database[dict[str, Any]], name: str) -> None:
    assert database.command("validate", name)["errors"] == []


def numbers(database: Database[dict[str, Any]], name: str = "log") -> list[int]:
    return [document["n"] for document in database[name].find()]


def test_the_oldest_documents_go_first(database: Database[dict[str, Any]]) -> None:
    log = database.create_collection("log", capped=True, size=100_000, max=3)
    log.insert_many([{"n": n} for n in range(10)])
    assert numbers(database) == [7, 8, 9]
    log.insert_one({"n": 10})
    assert numbers(database) == [8, 9, 10]
    assert_sound(database, "log")


def test_bytes_count_as_well(database: Database[dict[str, Any]]) -> None:
    log = database.create_collection("log", capped=True, size=4096)
    log.create_index("n")
    for n in range(20):
        log.insert_one({"n": n, "pad": "x" * 900})
    assert numbers(database) == [16, 17, 18, 19]
    assert log.count_documents({"n": {"$lt": 16}}) == 0
    assert_sound(database, "log")


def test_the_newest_document_stays_whatever_its_size(database: Database[dict[str, Any]]) -> None:
    log = database.create_collection("log", capped=True, size=4096)
    log.insert_one({"n": 1})
    log.insert_one({"n": 2, "pad": "x" * 10_000})
    assert numbers(database) == [2]


def test_the_count_survives_every_kind_of_write(database: Database[dict[str, Any]]) -> None:
    log = database.create_collection("log", capped=True, size=100_000)
    log.insert_many([{"_id": n, "n": n} for n in range(50)])
    with pytest.raises(DuplicateKeyError):
        log.insert_one({"_id": 7})
    log.update_many({"n": {"$lt": 10}}, {"$set": {"pad": "y" * 100}})
    log.replace_one({"_id": 20}, {"short": 1})
    log.delete_many({"n": {"$gt": 40}})
    assert_sound(database, "log")
    log.rename("other.name")
    database["other.name"].insert_one({"_id": 100})
    assert_sound(database, "other.name")
    database["other.name"].drop()
    database.create_collection("other.name", capped=True, size=4096).insert_one({})
    assert_sound(database, "other.name")


def test_convert_to_capped(database: Database[dict[str, Any]]) -> None:
    log = database.log
    log.create_index("n")
    log.insert_many([{"n": n, "pad": "x" * 900} for n in range(20)])
    database.command("convertToCapped", "log", size=4096)
    assert numbers(database) == [16, 17, 18, 19]
    assert log.options() == {"capped": True, "size": 4096}
    assert list(log.index_information()) == ["_id_"]
    log.insert_one({"n": 20, "pad": "x" * 900})
    assert numbers(database) == [17, 18, 19, 20]
    assert_sound(database, "log")


_PROCESS = """
import sys
from satchel import MongoClient
with MongoClient(sys.argv[1]) as client:
    for n in range(200):
        client.a.log.insert_one({"process": sys.argv[2], "n": n, "pad": "x" * 100})
"""


def test_several_processes_fill_one_capped_collection(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with MongoClient(path) as client:
        client.a.create_collection("log", capped=True, size=1_000_000, max=50)
        processes = [subprocess.Popen([sys.executable, "-c", _PROCESS, str(path), str(n)]) for n in range(3)]
        for n in range(200):
            client.a.log.insert_one({"process": "parent", "n": n})
        assert [process.wait() for process in processes] == [0, 0, 0]
        client.a.log.insert_one({"n": 0})
        assert client.a.log.count_documents({}) == 50
        assert_sound(client.a, "log")
