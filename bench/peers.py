"""The peers: each does the workloads in the way its users would."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.data import RANGE, Dataset, name
from bench.floors import PlainFiles, RawApsw, RawSqlite, large_content, started
from bench.tables import RawTables
from bench.workloads import RANGES, SMALL_BYTES, SMALL_FILES

Connect = Callable[[], tuple[Any, Callable[[], None]]]


class Documents:
    """A peer with PyMongo's collection API.

    Args:
        connect: Opens the database and returns it with the function that closes it.
        bucket: Returns a GridFS bucket of a database.
        start: Code that opens the database in a fresh interpreter and finds the document with `_id` 5 in `users`.
        run: Runs what a collection's methods return: nothing for a synchronous API.
    """

    def __init__(
        self, connect: Connect, bucket: Callable[[Any], Any] | None = None, start: str = "", run: Any = None
    ) -> None:
        self._connect = connect
        self._make_bucket = bucket or _gridfs_bucket
        self._start = start
        self._database, self._close = connect()
        self._users = self._database["users"]

    def insert_many(self, data: Dataset) -> int:
        self._users.create_index("name")
        self._users.create_index("created")
        for batch in data.batches():
            self._users.insert_many(batch)
        return int(self._users.count_documents({}))

    def insert_one(self, data: Dataset) -> int:
        other = self._database["other"]
        for batch in data.batches(data.lookups):
            for document in batch:
                other.insert_one(document)
        return int(other.count_documents({}))

    def find_by_id(self, data: Dataset) -> int:
        return sum(self._users.find_one({"_id": number})["_id"] == number for number in data.some())

    def find_by_index(self, data: Dataset) -> int:
        names = [name(number) for number in data.some()]
        return sum(self._users.find_one({"name": each})["name"] == each for each in names)

    def range_sorted(self, data: Dataset) -> int:
        low, high = RANGE
        for _ in range(RANGES):
            found = list(self._users.find({"created": {"$gte": low, "$lt": high}}).sort("created", 1).limit(100))
        return len(found)

    def scan(self, data: Dataset) -> int:
        return len(list(self._users.find({"rank": 42})))

    def count(self, data: Dataset) -> int:
        return int(self._users.count_documents({"score": {"$gt": 50}}))

    def distinct(self, data: Dataset) -> int:
        return len(self._users.distinct("city"))

    def sort_limit(self, data: Dataset) -> int:
        return len(list(self._users.find().sort("score", -1).limit(10)))

    def update_one(self, data: Dataset) -> int:
        return sum(self._users.update_one({"_id": n}, {"$inc": {"age": 1}}).modified_count for n in data.some())

    def update_many(self, data: Dataset) -> int:
        return int(self._users.update_many({"rank": {"$lt": 10}}, {"$set": {"seen": True}}).modified_count)

    def match_group(self, data: Dataset) -> tuple[int, int]:
        group = {"_id": "$city", "n": {"$sum": 1}, "mean": {"$avg": "$score"}}
        found = list(self._users.aggregate([{"$match": {"active": True}}, {"$group": group}]))
        return len(found), sum(each["n"] for each in found)

    def unwind_group(self, data: Dataset) -> tuple[int, int]:
        found = list(self._users.aggregate([{"$unwind": "$tags"}, {"$group": {"_id": "$tags", "n": {"$sum": 1}}}]))
        return len(found), sum(each["n"] for each in found)

    def lookup(self, data: Dataset) -> int:
        join = {"from": "users", "localField": "name", "foreignField": "name", "as": "found"}
        found = self._database["other"].aggregate([{"$lookup": join}])
        return sum(len(each["found"]) == 1 for each in found)

    def delete_many(self, data: Dataset) -> int:
        return int(self._users.delete_many({"rank": {"$gte": 90}}).deleted_count)

    def file_put(self, data: Dataset) -> int:
        self._make_bucket(self._database).upload_from_stream("large", large_content(data))
        return int(self._database["fs.files"].find_one({"filename": "large"})["length"])

    def file_get(self, data: Dataset) -> int:
        sink = _Sink()
        self._make_bucket(self._database).download_to_stream_by_name("large", sink)
        return sink.size

    def small_put(self, data: Dataset) -> int:
        bucket, content = self._make_bucket(self._database), os.urandom(SMALL_BYTES)
        for number in range(SMALL_FILES):
            bucket.upload_from_stream_with_id(number, f"small-{number}", content)
        return SMALL_FILES

    def small_get(self, data: Dataset) -> int:
        bucket = self._make_bucket(self._database)
        return sum(len(bucket.open_download_stream(number).read()) == SMALL_BYTES for number in range(SMALL_FILES))

    def reopen(self, data: Dataset) -> int:
        self._close()
        self._database, self._close = self._connect()
        self._users = self._database["users"]
        return int(self._users.find_one({"_id": 5}) is not None)

    def start(self, data: Dataset) -> int:
        return started(self._start)

    def close(self) -> None:
        self._close()


class AsyncDocuments(Documents):
    """A peer with PyMongo's asynchronous API beside the synchronous one, for the data."""

    def __init__(self, connect: Connect, connect_async: Callable[[], Any]) -> None:
        super().__init__(connect)
        self._connect_async = connect_async

    def _run(self, work: Callable[[Any], Coroutine[Any, Any, int]]) -> int:
        async def run() -> int:
            async with self._connect_async() as client:
                return await work(client["bench"])

        return asyncio.run(run())

    def find_by_id(self, data: Dataset) -> int:
        async def work(database: Any) -> int:
            users = database["users"]
            return sum([(await users.find_one({"_id": number}))["_id"] == number for number in data.some()])

        return self._run(work)

    def insert_one(self, data: Dataset) -> int:
        async def work(database: Any) -> int:
            other = database["other"]
            for batch in data.batches(data.lookups):
                for document in batch:
                    await other.insert_one(document)
            return int(await other.count_documents({}))

        return self._run(work)


class _Sink:
    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> int:
        self.size += len(data)
        return len(data)


def _gridfs_bucket(database: Any) -> Any:
    return importlib.import_module("gridfs").GridFSBucket(database)


def _satchel(folder: Path) -> Documents:
    path = folder / "bench.db"

    def connect() -> tuple[Any, Callable[[], None]]:
        client = importlib.import_module("satchel").MongoClient(path)
        return client["bench"], client.close

    code = f"""from satchel import MongoClient
with MongoClient({str(path)!r}) as client:
    assert client.bench.users.find_one({{"_id": 5}})["_id"] == 5"""
    return Documents(connect, start=code)


def _satchel_async(folder: Path) -> Documents:
    satchel, path = importlib.import_module("satchel"), folder / "bench.db"

    def connect() -> tuple[Any, Callable[[], None]]:
        client = satchel.MongoClient(path)
        return client["bench"], client.close

    return AsyncDocuments(connect, lambda: satchel.AsyncMongoClient(path))


def _server(variable: str) -> Callable[[Path], Documents]:
    def peer(_folder: Path) -> Documents:
        pymongo, uri, database = importlib.import_module("pymongo"), os.environ[variable], "satchel_bench"

        def connect() -> tuple[Any, Callable[[], None]]:
            client = pymongo.MongoClient(uri)
            return client[database], client.close

        def finish() -> None:
            with pymongo.MongoClient(uri) as client:
                client.drop_database(database)

        finish()
        code = f"""from pymongo import MongoClient
assert MongoClient({uri!r})[{database!r}].users.find_one({{"_id": 5}})["_id"] == 5"""
        return _Dropped(connect, start=code, finish=finish)

    return peer


class _Dropped(Documents):
    """A peer whose database goes when all is done."""

    def __init__(self, connect: Connect, *, start: str, finish: Callable[[], None]) -> None:
        super().__init__(connect, start=start)
        self._finish = finish

    def close(self) -> None:
        super().close()
        self._finish()


def _mongomock(_folder: Path) -> Documents:
    client = importlib.import_module("mongomock").MongoClient()
    importlib.import_module("mongomock.gridfs").enable_gridfs_integration()
    return Documents(lambda: (client["bench"], lambda: None))


def _neosqlite(folder: Path) -> Documents:
    neosqlite, path = importlib.import_module("neosqlite"), str(folder / "neo.db")

    def connect() -> tuple[Any, Callable[[], None]]:
        connection = neosqlite.Connection(path)
        return connection, connection.close

    def bucket(database: Any) -> Any:
        return importlib.import_module("neosqlite.gridfs").GridFSBucket(database.db)

    code = f"""import neosqlite
assert neosqlite.Connection({path!r})["users"].find_one({{"_id": 5}})["_id"] == 5"""
    return Documents(connect, bucket, code)


def _tinymongo(folder: Path) -> Documents:
    tinymongo, path = importlib.import_module("tinymongo"), str(folder / "tiny")

    def connect() -> tuple[Any, Callable[[], None]]:
        client = tinymongo.TinyMongoClient(path)
        return client["bench"], client.close

    code = f"""import tinymongo
assert tinymongo.TinyMongoClient({path!r})["bench"]["users"].find_one({{"_id": 5}})["_id"] == 5"""
    return Documents(connect, start=code)


@dataclass(frozen=True, slots=True)
class Peer:
    """Something to compare with.

    Attributes:
        make: Opens it in a folder.
        suites: The workloads that it knows.
        lookups: How many single operations it is asked for; fewer of a slow one.
        repeats: Whether it runs as often as Satchel and the floors, or once.
        variable: The environment variable that has to be set for it.
    """

    make: Callable[[Path], Any]
    suites: tuple[str, ...] = ("documents",)
    lookups: int = 1000
    repeats: bool = False
    variable: str = ""


_FLOORS = ("documents", "growth", "files", "start")

PEERS: dict[str, Peer] = {
    "satchel": Peer(_satchel, _FLOORS, repeats=True),
    "sqlite3": Peer(lambda folder: RawSqlite(folder / "raw.db"), _FLOORS, repeats=True),
    "apsw": Peer(lambda folder: RawApsw(folder / "raw.db"), ("documents", "files", "start"), repeats=True),
    "tables": Peer(lambda folder: RawTables(folder / "tables.db"), repeats=True),
    "file": Peer(PlainFiles, ("files",), repeats=True),
    "satchel async": Peer(_satchel_async, ("async",)),
    "neosqlite": Peer(_neosqlite, ("documents", "files", "start")),
    "mongomock": Peer(_mongomock, ("documents", "files"), lookups=10),
    "tinymongo": Peer(_tinymongo, lookups=10),
    "oracle": Peer(_server("ORACLE"), ("documents", "files"), variable="ORACLE"),
    "mongodb": Peer(_server("MONGODB_URI"), ("documents", "growth", "files"), variable="MONGODB_URI"),
}
"""`sqlite3`, `apsw`, `tables` and `file` are floors; `oracle` is the engine that tests compare with, `mongodb` any."""
