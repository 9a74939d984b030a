"""Clients on real files: who shares what, and that nothing stays open."""

from __future__ import annotations

import gc
import multiprocessing
import os
import socket
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.errors import DuplicateKeyError, OperationFailure

from satchel import AsyncMongoClient, MongoClient
from tests.driver.test_fork import in_child

Client = MongoClient[dict[str, Any]]

needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the platform has no /proc")


def open_files(folder: Path) -> list[str]:
    names = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            name = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue
        if name.startswith((str(folder), "socket:")):
            names.append(name)
    return sorted(names)


def test_a_file_keeps_what_it_was_given(tmp_path: Path) -> None:
    with MongoClient(tmp_path / "app.db") as client:
        client.shop.users.insert_one({"_id": 1})
        assert client.server_info()["version"].startswith("8.")
    with MongoClient(str(tmp_path / "app.db")) as client:
        assert client.shop.users.find_one() == {"_id": 1}
        assert client.list_database_names() == ["shop"]


def test_clients_of_one_file_share_it(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    first, second = MongoClient(path), MongoClient(f"satchel://{tmp_path}/link/app.db")
    assert first == second
    assert first._lease is not None
    assert second._lease is not None
    assert first._lease.service is second._lease.service
    first.shop.users.insert_one({"_id": 1})
    first.close()
    assert second.shop.users.find_one() == {"_id": 1}
    second.close()


def test_clients_of_memory_share_nothing() -> None:
    with MongoClient(":memory:") as first, MongoClient(":memory:") as second:
        assert first != second
        first.shop.users.insert_one({"_id": 1})
        assert second.shop.users.find_one() is None


def test_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with MongoClient("app.db") as client:
        client.shop.users.insert_one({"_id": 1})
        assert (tmp_path / "app.db").exists()


@needs_proc
@pytest.mark.parametrize("close", [Client.close, lambda _client: None], ids=["close", "garbage collection"])
def test_nothing_stays_open(tmp_path: Path, close: Callable[[Client], None]) -> None:
    def use() -> None:
        client = MongoClient[dict[str, Any]](tmp_path / "app.db")
        other = MongoClient[dict[str, Any]](tmp_path / "app.db")
        client.shop.users.insert_many([{"_id": number} for number in range(500)])
        with client.start_session() as session:
            cursor = other.shop.users.find(batch_size=10, session=None)
            next(cursor)
            client.shop.users.find_one(session=session)
        assert open_files(tmp_path)
        close(client)
        close(other)

    threads, before = threading.active_count(), open_files(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        use()
        gc.collect()
    assert open_files(tmp_path) == before
    assert threading.active_count() <= threads


@needs_proc
async def test_nothing_stays_open_asynchronously(tmp_path: Path) -> None:
    before = open_files(tmp_path)
    async with AsyncMongoClient(tmp_path / "app.db") as client:
        await client.shop.users.insert_one({"_id": 1})
        assert await client.shop.users.find_one() == {"_id": 1}
        assert open_files(tmp_path) != before
    assert open_files(tmp_path) == before


def test_no_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    with MongoClient(tmp_path / "app.db") as client:
        client.shop.users.insert_one({"_id": 1})


def test_threads_of_one_client(tmp_path: Path) -> None:
    def work(number: int) -> None:
        for step in range(25):
            client.shop.users.update_one({"_id": step}, {"$inc": {"count": 1}}, upsert=True)
            client.shop.users.insert_one({"_id": f"{number}-{step}"})

    with MongoClient(tmp_path / "app.db") as client:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert client.shop.users.count_documents({}) == 25 + 150
        assert {document["count"] for document in client.shop.users.find({"count": {"$exists": True}})} == {6}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
class TestFork:
    def test_both_go_on(self, tmp_path: Path) -> None:
        with MongoClient(tmp_path / "app.db") as client:
            users = client.shop.users
            users.create_index("name", unique=True)
            users.insert_one({"_id": 0, "name": "parent"})

            def work() -> None:
                assert users.find_one() == {"_id": 0, "name": "parent"}
                users.insert_many([{"_id": number, "name": str(number)} for number in range(1, 50)])
                with pytest.raises(DuplicateKeyError):
                    users.insert_one({"name": "parent"})
                client.close()

            in_child(work)
            in_child(lambda: users.delete_one({"_id": 49}) and None)
            assert users.count_documents({}) == 49
            users.insert_one({"_id": "after", "name": "after"})
            assert users.find_one({"name": "after"}) == {"_id": "after", "name": "after"}

    def test_children_at_once(self, tmp_path: Path) -> None:
        """As behind a prefork server: the file is open before the fork, and all children write."""
        context = multiprocessing.get_context("fork")
        with MongoClient(tmp_path / "app.db") as client:
            client.shop.users.insert_one({"_id": "parent"})
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                children = [context.Process(target=_insert_many, args=(client, number)) for number in range(3)]
                for child in children:
                    child.start()
            _insert_many(client, 3)
            for child in children:
                child.join()
            assert [child.exitcode for child in children] == [0, 0, 0]
            assert client.shop.users.count_documents({}) == 1 + 4 * 50

    def test_fork_while_other_threads_write(self, tmp_path: Path) -> None:
        stop = threading.Event()
        with MongoClient(tmp_path / "app.db") as client:

            def keep_writing(number: int) -> None:
                step = 0
                while not stop.is_set():
                    client.shop.busy.insert_one({"_id": f"{number}-{step}"})
                    step += 1

            threads = [threading.Thread(target=keep_writing, args=(number,)) for number in range(2)]
            for thread in threads:
                thread.start()
            try:
                for number in range(5):
                    in_child(lambda number=number: _insert_many(client, number))  # type: ignore[misc]
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
            assert client.shop.users.count_documents({}) == 5 * 50

    def test_memory_is_copied(self) -> None:
        with MongoClient(":memory:") as client:
            client.shop.users.insert_one({"_id": 1})

            def work() -> None:
                client.shop.users.insert_one({"_id": 2})
                assert client.shop.users.count_documents({}) == 2

            in_child(work)
            assert client.shop.users.count_documents({}) == 1


def _insert_many(client: pymongo.MongoClient[dict[str, Any]], number: int) -> None:
    for step in range(50):
        client.shop.users.insert_one({"_id": f"{number}-{step}"})


def test_processes_of_their_own(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    children = [
        context.Process(target=_open_and_insert, args=(str(tmp_path / "app.db"), number)) for number in range(2)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    with MongoClient(tmp_path / "app.db") as client:
        assert client.shop.users.count_documents({}) == 100


def _open_and_insert(path: str, number: int) -> None:
    with MongoClient[dict[str, Any]](path) as client:
        _insert_many(client, number)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("This is no database, however long it is made. " * 100)
    for path in (tmp_path / "text.db", tmp_path / "no folder" / "app.db", tmp_path):
        for make in (MongoClient, AsyncMongoClient):
            with pytest.raises(OperationFailure) as caught:
                make(path)
            assert caught.value.code
            assert caught.value.details is not None
            assert caught.value.details["codeName"]
