"""Change streams through PyMongo: threads, event loops, processes, restarts."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from gridfs import GridFSBucket
from pymongo import DeleteOne, InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import InvalidOperation, OperationFailure

from satchel import AsyncMongoClient, MongoClient


def wait_for_get_more(client: MongoClient[dict[str, Any]] | AsyncMongoClient[dict[str, Any]]) -> None:
    engine = client._lease.service.engine  # type: ignore[union-attr]
    while not any(each.command == "getMore" for each in list(engine.operations.values())):
        time.sleep(0.001)


def test_watching_collection_database_and_client(tmp_path: Path) -> None:
    with MongoClient(tmp_path / "app.db") as client:
        streams = [each.watch(max_await_time_ms=1) for each in (client.shop.users, client.shop, client)]
        client.shop.users.insert_one({"_id": 1})
        client.shop.others.insert_one({"_id": 2})
        client.other.users.insert_one({"_id": 3})
        for stream, expected in zip(streams, ([1], [1, 2], [1, 2, 3]), strict=True):
            found = [stream.next()["documentKey"]["_id"] for _ in expected]
            assert found == expected
            assert stream.try_next() is None
            stream.close()


def test_a_stream_outlives_the_process_that_opened_it(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with MongoClient(path) as client, client.shop.users.watch() as stream:
        client.shop.users.insert_one({"_id": 1})
        stream.next()
        token = stream.resume_token
        client.shop.users.insert_one({"_id": 2})
    _run(path, "client.shop.users.insert_one({'_id': 3})")
    with MongoClient(path) as client, client.shop.users.watch(resume_after=token) as stream:
        assert [stream.next()["documentKey"]["_id"] for _ in range(2)] == [2, 3]


def test_a_token_works_in_another_process(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with MongoClient(path) as client, client.shop.users.watch() as stream:
        client.shop.users.insert_many([{"_id": 1}, {"_id": 2}])
        token = stream.next()["_id"]
        printed = _run(path, f"print(client.shop.users.watch(resume_after={token}).next()['documentKey'])")
    assert printed == "{'_id': 2}\n"


def test_another_process_writes_while_somebody_waits(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with MongoClient(path) as client, client.shop.users.watch(max_await_time_ms=60_000) as stream:
        writer = threading.Thread(target=_run, args=(path, "client.shop.users.insert_one({'_id': 1})"))
        writer.start()
        assert stream.next()["documentKey"] == {"_id": 1}
        writer.join()


def test_the_log_begins_for_all_processes(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    code = (
        "client.shop.users.insert_one({'_id': 1}); print('ready', flush=True); input();"
        " client.shop.users.insert_one({'_id': 2})"
    )
    with subprocess.Popen(_command(path, code), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with MongoClient(path) as client, client.shop.users.watch() as stream:
            process.stdin.write("\n")
            process.stdin.flush()
            assert stream.next()["documentKey"] == {"_id": 2}


def _command(path: Path, code: str) -> list[str]:
    return [sys.executable, "-c", f"from satchel import MongoClient; client = MongoClient({str(path)!r}); {code}"]


def _run(path: Path, code: str) -> str:
    return subprocess.run(_command(path, code), check=True, capture_output=True, text=True).stdout


def test_closing_a_stream_that_waits(tmp_path: Path) -> None:
    with MongoClient(tmp_path / "app.db") as client:
        stream = client.shop.users.watch(max_await_time_ms=600_000)
        ended: list[object] = []

        def follow() -> None:
            try:
                ended.extend(stream)
            except OperationFailure as error:
                ended.append(error.code)

        follower = threading.Thread(target=follow)
        follower.start()
        wait_for_get_more(client)
        stream.close()
        follower.join(30)
        assert ended == [237]


@pytest.mark.parametrize("options", [{}, {"timeoutMS": 600_000}])
def test_closing_the_client_of_a_stream_that_waits(tmp_path: Path, options: dict[str, Any]) -> None:
    """With a time limit the client goes PyMongo's own way, without takes the short cut."""
    with MongoClient(tmp_path / "app.db") as other:  # holds the file open
        client = MongoClient(tmp_path / "app.db", **options)
        stream = client.shop.users.watch(max_await_time_ms=500_000)
        ended: list[object] = []

        def follow() -> None:
            try:
                ended.extend(stream)
            except InvalidOperation:
                ended.append("closed")

        follower = threading.Thread(target=follow)
        follower.start()
        wait_for_get_more(other)
        client.close()
        follower.join(30)
        assert ended == ["closed"]


async def test_many_watch_and_others_go_on(tmp_path: Path) -> None:
    async with AsyncMongoClient(tmp_path / "app.db") as client:
        streams = [await client.shop.users.watch(max_await_time_ms=600_000) for _ in range(30)]
        waiting = [asyncio.create_task(stream.next()) for stream in streams]
        await asyncio.sleep(0)
        for number in range(20):
            await client.shop.others.insert_one({"_id": number})
            assert await client.shop.others.find_one({"_id": number}) == {"_id": number}
        assert not any(task.done() for task in waiting)
        await client.shop.users.insert_one({"_id": 1})
        events = await asyncio.gather(*waiting)
        assert [event["documentKey"] for event in events] == [{"_id": 1}] * 30
        for stream in streams:
            await stream.close()


async def test_a_cancelled_watcher_goes_on(tmp_path: Path) -> None:
    async with AsyncMongoClient(tmp_path / "app.db") as client:
        async with await client.shop.users.watch(max_await_time_ms=600_000) as stream:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await stream.next()
        async with await client.shop.users.watch() as stream:
            await client.shop.users.insert_one({"_id": 1})
            assert (await stream.next())["documentKey"] == {"_id": 1}


async def test_resuming_after_a_restart(tmp_path: Path) -> None:
    async with AsyncMongoClient(tmp_path / "app.db") as client, await client.watch() as stream:
        await client.shop.users.insert_one({"_id": 1})
        token = (await stream.next())["_id"]
        await client.shop.users.update_one({"_id": 1}, {"$set": {"a": 1}})
    async with AsyncMongoClient(tmp_path / "app.db") as client, await client.watch(resume_after=token) as stream:
        assert (await stream.next())["updateDescription"]["updatedFields"] == {"a": 1}


def test_files_are_documents_too(tmp_path: Path) -> None:
    with MongoClient(tmp_path / "app.db") as client:
        bucket = GridFSBucket(client.shop)
        with client.shop.watch([{"$project": {"fullDocument.data": 0}}]) as stream:
            identifier = bucket.upload_from_stream("a.txt", b"hello")
            bucket.delete(identifier)
            kinds = [(event["ns"]["coll"], event["operationType"]) for event in (stream.next() for _ in range(4))]
    assert kinds == [
        ("fs.chunks", "insert"),
        ("fs.files", "insert"),
        ("fs.files", "delete"),
        ("fs.chunks", "delete"),
    ]


def test_every_kind_of_bulk_write(tmp_path: Path) -> None:
    with MongoClient(tmp_path / "app.db") as client, client.shop.users.watch() as stream:
        update, replace = UpdateOne({"_id": 1}, {"$set": {"a": 1}}), ReplaceOne({"_id": 1}, {})
        client.shop.users.bulk_write([InsertOne({"_id": 1}), update, replace, DeleteOne({})])
        kinds = [stream.next()["operationType"] for _ in range(4)]
    assert kinds == ["insert", "update", "replace", "delete"]


def test_a_transaction_is_seen_when_it_commits(tmp_path: Path) -> None:
    with MongoClient(tmp_path / "app.db") as client:
        users = client.shop.users
        users.insert_one({"_id": 0})
        with client.shop.watch(max_await_time_ms=1) as stream, client.start_session() as session:
            with session.start_transaction():
                users.insert_one({"_id": 1}, session=session)
                users.update_one({"_id": 0}, {"$set": {"a": 1}}, session=session)
                client.shop.orders.insert_one({"_id": 1}, session=session)
                assert stream.try_next() is None
            events = [stream.next() for _ in range(3)]
            assert [event["operationType"] for event in events] == ["insert", "update", "insert"]
            assert len({event["clusterTime"] for event in events}) == 1
            assert {event["txnNumber"] for event in events} == {1}
            assert events[0]["lsid"]["id"] == session.session_id["id"]
            session.start_transaction()
            users.delete_one({"_id": 0}, session=session)
            session.abort_transaction()
            assert stream.try_next() is None
        with client.shop.watch(resume_after=events[1]["_id"]) as stream:
            assert stream.next() == events[2]
