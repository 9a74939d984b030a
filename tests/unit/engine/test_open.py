"""Opening files that are not as they should be."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from satchel import MongoClient
from satchel.backends.sqlite import SqliteStorage
from satchel.backends.sqlite.schema import APPLICATION_ID, FORMAT_VERSION
from satchel.deployment import open_service
from satchel.errors import ErrorCode, NewerFormatError, NotADatabaseError, ServerError


def _code_of(path: Path) -> int:
    with pytest.raises(ServerError) as caught:
        open_service(str(path))
    return caught.value.code


def test_a_text_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be read as a header " * 20)
    before = path.read_bytes()
    assert _code_of(path) == ErrorCode.DataCorruptionDetected
    assert path.read_bytes() == before


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NotADatabaseError):
        SqliteStorage(str(path))
    assert path.read_bytes() == before


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "newer.db"
    with MongoClient(path) as client:
        client.a.b.insert_one({"_id": 1})
    connection = apsw.Connection(str(path))
    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")
    connection.close()
    with pytest.raises(NewerFormatError):
        SqliteStorage(str(path))
    assert _code_of(path) == ErrorCode.UnsupportedFormat


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    with MongoClient(path) as client:
        client.a.b.insert_one({"_id": 1})
    connection = apsw.Connection(str(path))
    assert connection.pragma("application_id") == APPLICATION_ID
    connection.close()


def test_what_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "no" / "such" / "folder.db", tmp_path):
        assert _code_of(path) == ErrorCode.FileNotOpen
        with pytest.raises(OperationFailure, match=re.escape(str(path))):
            MongoClient(path)


def test_a_read_only_service_reads_and_refuses_writes(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with MongoClient(path) as client:
        client.a.b.insert_one({"_id": 1})
    service = open_service(str(path), read_only=True)
    try:
        assert service.engine.storage.read_only
        with service.engine.read() as unit:
            entry = next(iter(unit.catalog))
            assert unit.reader.count(entry.table) == 1
        with pytest.raises(ServerError) as caught:
            service.engine.compact()
        assert caught.value.code == ErrorCode.IllegalOperation
    finally:
        service.release()


_AS_NOBODY = """
import os, sys
from satchel import MongoClient
with MongoClient(":memory:") as warm:  # everything is imported while that is still allowed
    warm.a.b.insert_one({})
    warm.a.b.find_one()
os.setgid(65534); os.setuid(65534)
client = MongoClient(sys.argv[1])
print(client.a.b.find_one())
try:
    client.a.b.insert_one({"_id": 2})
except Exception as error:
    print(type(error).__name__, error.code)
"""


@pytest.mark.skipif(not hasattr(os, "setuid") or os.getuid() != 0, reason="needs root to become another user")
def test_a_file_without_permission_to_write_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with MongoClient(path) as client:
        client.a.b.insert_one({"_id": 1})
    for folder in (tmp_path, *tmp_path.parents):
        if folder == Path("/tmp"):
            break
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    path.chmod(0o444)
    run = subprocess.run([sys.executable, "-c", _AS_NOBODY, str(path)], capture_output=True, text=True, check=False)
    assert run.stdout.splitlines() == ["{'_id': 1}", "OperationFailure 20"], run.stderr


def _insert_ten_megabytes(files: Collection[dict[str, Any]]) -> None:
    for number in range(1, 100):
        files.insert_one({"_id": number, "x": "x" * 100_000})


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    with MongoClient(tmp_path / "app.db") as client:
        files = client.a.files
        files.insert_one({"_id": 0})
        storage = client._lease.service.engine.storage  # type: ignore[union-attr]
        pages = storage._writer.pragma("page_count")
        storage._writer.execute(f"PRAGMA max_page_count = {pages + 10}").fetchall()
        with pytest.raises(OperationFailure) as caught:
            _insert_ten_megabytes(files)
        assert caught.value.code == ErrorCode.OutOfDiskSpace
        stored = files.count_documents({})
        assert stored < 100
        assert client.a.command("validate", "files")["valid"]
        storage._writer.execute("PRAGMA max_page_count = 1000000").fetchall()
        files.insert_one({"_id": 1000})
        assert files.count_documents({}) == stored + 1


def test_a_damaged_page_is_an_error_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with MongoClient(path) as client:
        client.a.b.insert_many({"_id": number, "x": "y" * 500} for number in range(500))
    damaged = bytearray(path.read_bytes())
    for page in range(4, len(damaged) // 8192):
        damaged[page * 8192 : page * 8192 + 8] = b"\xff" * 8
    path.write_bytes(damaged)
    client = MongoClient[dict[str, object]](path)
    try:
        with pytest.raises(OperationFailure) as caught:
            list(client.a.b.find({"x": "z"}))
        assert caught.value.code == ErrorCode.DataCorruptionDetected
    finally:
        client.close()
