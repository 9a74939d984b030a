"""A disk that is full in the middle of an upload: the old file stays, the error is clear, and nothing is left over."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from pymongo.errors import OperationFailure

from satchel import MongoClient
from satchel.backends.sqlite import connection as connections
from satchel.backends.sqlite.schema import PAGE_SIZE_BYTES
from satchel.files import FileStorage
from satchel.files.audit import BucketAudit
from satchel.gridfs import GridFS

_LIMIT_BYTES = 8 << 20
OUT_OF_DISK_SPACE = 14031


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MongoClient[dict[str, Any]]]:
    """A client whose file cannot grow beyond 8 MiB: SQLite answers as when the disk is full."""
    connect = connections._connect

    def limited(*arguments: Any) -> apsw.Connection:
        connection = connect(*arguments)
        connection.execute(f"PRAGMA max_page_count = {_LIMIT_BYTES // PAGE_SIZE_BYTES}").fetchall()
        return connection

    monkeypatch.setattr(connections, "_connect", limited)
    with MongoClient(tmp_path / "app.db") as client:
        yield client


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("deduplicate", [False, True])
def test_storage(client: MongoClient[dict[str, Any]], deduplicate: bool) -> None:
    storage = FileStorage(client.files, deduplicate=deduplicate)
    old = noise(3_000_000)
    storage.upload("a", old, metadata={"k": 1})
    for size in (6_000_000, 20_000_000):
        for path in ("a", "b/c"):
            with pytest.raises(OperationFailure) as caught:
                storage.upload(path, noise(size))
            assert caught.value.code == OUT_OF_DISK_SPACE
            assert "full" in str(caught.value)
    assert (storage.read("a"), storage.stat("a").metadata) == (old, {"k": 1})
    assert [info.path for info in storage.find()] == ["a"]
    audit = BucketAudit(client.files, "files")
    assert [*audit.problems(), *audit.leavings()] == []
    storage.upload("a", b"small")
    assert storage.read("a") == b"small"


def test_gridfs(client: MongoClient[dict[str, Any]]) -> None:
    fs = GridFS(client.files)
    old = noise(3_000_000)
    fs.put(old, filename="a")
    for size in (6_000_000, 60_000_000):
        with pytest.raises(OperationFailure) as caught:
            fs.put(noise(size), filename="a")
        assert caught.value.code == OUT_OF_DISK_SPACE
    assert [out.read() for out in fs.find()] == [old]
    audit = BucketAudit(client.files, "fs")
    assert [*audit.problems(), *audit.leavings()] == []
