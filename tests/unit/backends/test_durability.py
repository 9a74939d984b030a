"""When a commit is on the disk: at once for durable writes, soon for the others, shared by concurrent ones."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

import pytest
from pymongo.errors import OperationFailure

from satchel import MongoClient
from satchel.backends.sqlite import durability
from satchel.backends.sqlite.durability import DiskSync
from satchel.errors import ErrorCode, StorageError


class _Fsyncs:
    """Counts fsyncs in the place of the real one."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, path: str) -> None:
        self.paths.append(path)


@pytest.fixture
def fsyncs(monkeypatch: pytest.MonkeyPatch) -> _Fsyncs:
    counter = _Fsyncs()
    monkeypatch.setattr(durability, "_fsync", counter)
    return counter


@pytest.mark.parametrize(
    ("concern", "is_durable"),
    [({}, False), ({"w": 1}, False), ({"j": True}, True), ({"w": "majority"}, True), ({"fsync": True}, True)],
    ids=str,
)
def test_a_write_waits_for_the_disk_when_its_concern_says_so(
    concern: dict[str, object], is_durable: bool, tmp_path: Path, fsyncs: _Fsyncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durability, "SYNC_INTERVAL_SECONDS", 3600)
    with MongoClient(tmp_path / "app.db") as client:
        before = len(fsyncs.paths)
        command = {"insert": "b", "documents": [{"_id": 1}], **({"writeConcern": concern} if concern else {})}
        client.a.command(command)
        assert (len(fsyncs.paths) > before) == is_durable


def test_a_commit_reaches_the_disk_by_itself(fsyncs: _Fsyncs) -> None:
    disk = DiskSync("app.db")
    disk.note_commit()
    deadline = time.monotonic() + 10
    while not fsyncs.paths and time.monotonic() < deadline:
        time.sleep(0.01)
    disk.close()
    assert fsyncs.paths[0] == "app.db-wal"


def test_nothing_is_synced_twice(fsyncs: _Fsyncs) -> None:
    disk = DiskSync("app.db")
    ticket = disk.note_commit()
    disk.sync(ticket)
    disk.sync(ticket)
    disk.sync()
    disk.close()
    assert len(fsyncs.paths) == 1


def test_concurrent_commits_share_an_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on = threading.Event(), threading.Event()
    calls: list[str] = []

    def slow(path: str) -> None:
        calls.append(path)
        started.set()
        go_on.wait(10)

    monkeypatch.setattr(durability, "_fsync", slow)
    monkeypatch.setattr(durability, "SYNC_INTERVAL_SECONDS", 3600)
    disk = DiskSync("app.db")
    first = threading.Thread(target=disk.sync, args=(disk.note_commit(),))
    first.start()
    started.wait(10)
    others = [threading.Thread(target=disk.sync, args=(disk.note_commit(),)) for _ in range(5)]
    for thread in others:
        thread.start()
    go_on.set()
    for thread in (first, *others):
        thread.join()
    disk.close()
    assert len(calls) == 2


def test_a_durable_write_tells_of_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    with MongoClient(tmp_path / "app.db") as client:
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OperationFailure, match="the disk is broken") as caught:
            client.a.command({"insert": "b", "documents": [{"_id": 1}], "writeConcern": {"j": True}})
        assert caught.value.code == ErrorCode.OperationFailed
        monkeypatch.undo()
        client.a.command({"insert": "b", "documents": [{"_id": 2}], "writeConcern": {"j": True}})


def test_a_disk_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = iter([StorageError("broken"), StorageError("broken"), None])
    done = threading.Event()

    def fsync(_path: str) -> None:
        outcome = next(outcomes, None)
        if outcome is not None:
            raise outcome
        done.set()

    monkeypatch.setattr(durability, "_fsync", fsync)
    monkeypatch.setattr(durability, "SYNC_INTERVAL_SECONDS", 0.001)
    disk = DiskSync("app.db")
    disk.note_commit()
    assert done.wait(30)
    disk.close()


def test_without_further_threads_the_commit_is_left_to_close(fsyncs: _Fsyncs, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    disk = DiskSync("app.db")
    disk.note_commit()
    disk.close()
    assert fsyncs.paths == ["app.db-wal"]


def test_deleting_a_file_does_not_write_it_again(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with MongoClient(path) as client:
        client.a.chunks.create_index("n")
        client.a.chunks.insert_many({"n": number, "data": os.urandom(250_000)} for number in range(80))
        client.a.command("compact", "chunks")  # empties the log
        assert client.a.chunks.delete_many({"n": {"$gte": 0}}).deleted_count == 80
        assert (tmp_path / "app.db-wal").stat().st_size < 2_000_000


def test_memory_has_no_disk_and_no_thread() -> None:
    before = threading.active_count()
    with MongoClient(":memory:") as client:
        client.a.b.insert_one({"_id": 1})
        assert threading.active_count() == before
