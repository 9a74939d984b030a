"""The peers: each does the workloads in the way its users would."""

from __future__ import annotations

import importlib
import io
import json
import os
import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.data import created_range
from bench.workloads import LOOKUPS

FILE_BYTES = 64 << 20
SMALL_BYTES = 100 << 10
SMALL_FILES = 300
CHUNK_BYTES = 255 << 10


class Documents:
    """A peer with PyMongo's collection API.

    Args:
        connect: Opens the database and returns it with the function that closes it.
        sized_path: The file whose size counts, or None.
    """

    def __init__(self, connect: Callable[[], tuple[Any, Callable[[], None]]]) -> None:
        self._connect = connect
        self._database, self._close = connect()
        self._users = self._database["users"]

    def insert_many(self, documents: list[dict[str, Any]]) -> int:
        self._users.create_index("name")
        self._users.create_index("created")
        for start in range(0, len(documents), 10_000):
            self._users.insert_many(documents[start : start + 10_000])
        return self._users.count_documents({})

    def insert_one(self, documents: list[dict[str, Any]]) -> int:
        other = self._database["other"]
        for document in documents[:LOOKUPS]:
            other.insert_one(dict(document))
        return other.count_documents({})

    def find_by_id(self, documents: list[dict[str, Any]]) -> int:
        step = len(documents) // LOOKUPS
        return sum(self._users.find_one({"_id": n * step})["_id"] == n * step for n in range(LOOKUPS))

    def find_by_index(self, documents: list[dict[str, Any]]) -> int:
        step = len(documents) // LOOKUPS
        names = [documents[n * step]["name"] for n in range(LOOKUPS)]
        return sum(self._users.find_one({"name": name})["name"] == name for name in names)

    def range_sorted(self, documents: list[dict[str, Any]]) -> int:
        low, high = created_range(len(documents))
        for _ in range(50):
            found = list(self._users.find({"created": {"$gte": low, "$lt": high}}).sort("created", 1).limit(100))
        return len(found)

    def scan(self, documents: list[dict[str, Any]]) -> int:
        return len(list(self._users.find({"rank": 42})))

    def count(self, documents: list[dict[str, Any]]) -> int:
        return self._users.count_documents({"score": {"$gt": 50}})

    def update_one(self, documents: list[dict[str, Any]]) -> int:
        step = len(documents) // LOOKUPS
        return sum(
            self._users.update_one({"_id": n * step}, {"$inc": {"age": 1}}).modified_count for n in range(LOOKUPS)
        )

    def update_many(self, documents: list[dict[str, Any]]) -> int:
        return self._users.update_many({"rank": {"$lt": 10}}, {"$set": {"seen": True}}).modified_count

    def match_group(self, documents: list[dict[str, Any]]) -> int:
        pipeline = [
            {"$match": {"active": True}},
            {"$group": {"_id": "$city", "n": {"$sum": 1}, "mean": {"$avg": "$score"}}},
        ]
        return len(list(self._users.aggregate(pipeline)))

    def unwind_group(self, documents: list[dict[str, Any]]) -> int:
        return len(list(self._users.aggregate([{"$unwind": "$tags"}, {"$group": {"_id": "$tags", "n": {"$sum": 1}}}])))

    def lookup(self, documents: list[dict[str, Any]]) -> int:
        join = {"from": "users", "localField": "name", "foreignField": "name", "as": "found"}
        found = self._database["other"].aggregate([{"$lookup": join}])
        return sum(len(each["found"]) == 1 for each in found)

    def delete_many(self, documents: list[dict[str, Any]]) -> int:
        return self._users.delete_many({"rank": {"$gte": 90}}).deleted_count

    def _bucket(self) -> Any:
        from gridfs import GridFSBucket  # noqa: PLC0415 - not every peer has it

        return GridFSBucket(self._database)

    def file_put(self, documents: list[dict[str, Any]]) -> int:
        content = os.urandom(1 << 20) * (FILE_BYTES >> 20)
        self._bucket().upload_from_stream("large", io.BytesIO(content))
        return FILE_BYTES

    def file_get(self, documents: list[dict[str, Any]]) -> int:
        sink = io.BytesIO()
        self._bucket().download_to_stream_by_name("large", sink)
        return sink.tell()

    def small_put(self, documents: list[dict[str, Any]]) -> int:
        bucket, content = self._bucket(), os.urandom(SMALL_BYTES)
        for number in range(SMALL_FILES):
            bucket.upload_from_stream_with_id(number, f"small-{number}", content)
        return SMALL_FILES

    def small_get(self, documents: list[dict[str, Any]]) -> int:
        bucket = self._bucket()
        return sum(len(bucket.open_download_stream(number).read()) == SMALL_BYTES for number in range(SMALL_FILES))

    def reopen(self, documents: list[dict[str, Any]]) -> int:
        self._close()
        self._database, self._close = self._connect()
        self._users = self._database["users"]
        return int(self._users.find_one({"_id": 5}) is not None)

    def close(self) -> None:
        self._close()


class RawSqlite:
    """The floor: the same work by hand in the standard library's sqlite3, documents as JSON text, WAL, NORMAL."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()
        self._connection.executescript("""
            CREATE TABLE users (id INTEGER PRIMARY KEY, doc TEXT);
            CREATE INDEX users_name ON users (json_extract(doc, '$.name'));
            CREATE INDEX users_created ON users (json_extract(doc, '$.created'));
            CREATE TABLE other (id INTEGER PRIMARY KEY, doc TEXT);
            CREATE TABLE files (id, name TEXT, length INTEGER, PRIMARY KEY (id));
            CREATE TABLE chunks (file, n INTEGER, data BLOB, PRIMARY KEY (file, n));
        """)

    def _open(self) -> None:
        self._connection = sqlite3.connect(self._path)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")

    def _number(self, sql: str, *arguments: Any) -> int:
        return int(self._connection.execute(sql, arguments).fetchone()[0])

    def _rows(self, documents: Iterable[dict[str, Any]]) -> Iterable[tuple[int, str]]:
        return ((document["_id"], json.dumps(document, default=_text)) for document in documents)

    def insert_many(self, documents: list[dict[str, Any]]) -> int:
        with self._connection:
            self._connection.executemany("INSERT INTO users VALUES (?, ?)", self._rows(documents))
        return self._number("SELECT count(*) FROM users")

    def insert_one(self, documents: list[dict[str, Any]]) -> int:
        for row in self._rows(documents[:LOOKUPS]):
            with self._connection:
                self._connection.execute("INSERT INTO other VALUES (?, ?)", row)
        return self._number("SELECT count(*) FROM other")

    def find_by_id(self, documents: list[dict[str, Any]]) -> int:
        step, found = len(documents) // LOOKUPS, 0
        for n in range(LOOKUPS):
            (doc,) = self._connection.execute("SELECT doc FROM users WHERE id = ?", (n * step,)).fetchone()
            found += json.loads(doc)["_id"] == n * step
        return found

    def find_by_index(self, documents: list[dict[str, Any]]) -> int:
        step, found = len(documents) // LOOKUPS, 0
        for n in range(LOOKUPS):
            name = documents[n * step]["name"]
            sql = "SELECT doc FROM users WHERE json_extract(doc, '$.name') = ?"
            found += json.loads(self._connection.execute(sql, (name,)).fetchone()[0])["name"] == name
        return found

    def range_sorted(self, documents: list[dict[str, Any]]) -> int:
        low, high = (_text(moment) for moment in created_range(len(documents)))
        sql = """SELECT doc FROM users WHERE json_extract(doc, '$.created') >= ? AND json_extract(doc, '$.created') < ?
                 ORDER BY json_extract(doc, '$.created') LIMIT 100"""
        for _ in range(50):
            found = [json.loads(doc) for (doc,) in self._connection.execute(sql, (low, high))]
        return len(found)

    def scan(self, documents: list[dict[str, Any]]) -> int:
        rows = self._connection.execute("SELECT doc FROM users WHERE json_extract(doc, '$.rank') = 42")
        return len([json.loads(doc) for (doc,) in rows])

    def count(self, documents: list[dict[str, Any]]) -> int:
        return self._number("SELECT count(*) FROM users WHERE json_extract(doc, '$.score') > 50")

    def update_one(self, documents: list[dict[str, Any]]) -> int:
        step, changed = len(documents) // LOOKUPS, 0
        sql = "UPDATE users SET doc = json_set(doc, '$.age', json_extract(doc, '$.age') + 1) WHERE id = ?"
        for n in range(LOOKUPS):
            with self._connection:
                changed += self._connection.execute(sql, (n * step,)).rowcount
        return changed

    def update_many(self, documents: list[dict[str, Any]]) -> int:
        sql = "UPDATE users SET doc = json_set(doc, '$.seen', json('true')) WHERE json_extract(doc, '$.rank') < 10"
        with self._connection:
            return self._connection.execute(sql).rowcount

    def match_group(self, documents: list[dict[str, Any]]) -> int:
        sql = """SELECT json_extract(doc, '$.city'), count(*), avg(json_extract(doc, '$.score')) FROM users
                 WHERE json_extract(doc, '$.active') GROUP BY 1"""
        return len(self._connection.execute(sql).fetchall())

    def unwind_group(self, documents: list[dict[str, Any]]) -> int:
        sql = "SELECT value, count(*) FROM users, json_each(users.doc, '$.tags') GROUP BY 1"
        return len(self._connection.execute(sql).fetchall())

    def lookup(self, documents: list[dict[str, Any]]) -> int:
        sql = """SELECT o.doc, u.doc FROM other o JOIN users u
                 ON json_extract(u.doc, '$.name') = json_extract(o.doc, '$.name')"""
        return len([(json.loads(one), json.loads(other)) for one, other in self._connection.execute(sql)])

    def delete_many(self, documents: list[dict[str, Any]]) -> int:
        with self._connection:
            return self._connection.execute("DELETE FROM users WHERE json_extract(doc, '$.rank') >= 90").rowcount

    def _put(self, identifier: Any, name: str, content: bytes) -> None:
        with self._connection:
            self._connection.execute("INSERT INTO files VALUES (?, ?, ?)", (identifier, name, len(content)))
            starts = range(0, len(content), CHUNK_BYTES)
            self._connection.executemany(
                "INSERT INTO chunks VALUES (?, ?, ?)",
                ((identifier, n, content[start : start + CHUNK_BYTES]) for n, start in enumerate(starts)),
            )

    def _get(self, identifier: Any) -> bytes:
        rows = self._connection.execute("SELECT data FROM chunks WHERE file = ? ORDER BY n", (identifier,))
        return b"".join(data for (data,) in rows)

    def file_put(self, documents: list[dict[str, Any]]) -> int:
        self._put("large", "large", os.urandom(1 << 20) * (FILE_BYTES >> 20))
        return FILE_BYTES

    def file_get(self, documents: list[dict[str, Any]]) -> int:
        return len(self._get("large"))

    def small_put(self, documents: list[dict[str, Any]]) -> int:
        content = os.urandom(SMALL_BYTES)
        for number in range(SMALL_FILES):
            self._put(number, f"small-{number}", content)
        return SMALL_FILES

    def small_get(self, documents: list[dict[str, Any]]) -> int:
        return sum(len(self._get(number)) == SMALL_BYTES for number in range(SMALL_FILES))

    def reopen(self, documents: list[dict[str, Any]]) -> int:
        self._connection.close()
        self._open()
        return int(self._connection.execute("SELECT doc FROM users WHERE id = 5").fetchone() is not None)

    def close(self) -> None:
        self._connection.close()


def _text(value: datetime) -> str:
    return value.isoformat(timespec="milliseconds") + "Z"


def _satchel(folder: Path) -> Documents:
    from satchel import MongoClient  # noqa: PLC0415

    def connect() -> tuple[Any, Callable[[], None]]:
        client = MongoClient[dict[str, Any]](folder / "bench.db")
        return client["bench"], client.close

    return Documents(connect)


def _server(uri: str) -> Documents:
    from pymongo import MongoClient  # noqa: PLC0415

    def connect() -> tuple[Any, Callable[[], None]]:
        client = MongoClient[dict[str, Any]](uri)
        return client["satchel_bench"], client.close

    MongoClient[dict[str, Any]](uri).drop_database("satchel_bench")
    return Documents(connect)


def _mongomock(_folder: Path) -> Documents:
    client = importlib.import_module("mongomock").MongoClient()
    importlib.import_module("mongomock.gridfs").enable_gridfs_integration()
    return Documents(lambda: (client["bench"], lambda: None))


def _neosqlite(folder: Path) -> Documents:
    neosqlite = importlib.import_module("neosqlite")

    def connect() -> tuple[Any, Callable[[], None]]:
        connection = neosqlite.Connection(str(folder / "neo.db"))
        return connection, connection.close

    return Documents(connect)


def _tinymongo(folder: Path) -> Documents:
    tinymongo = importlib.import_module("tinymongo")

    def connect() -> tuple[Any, Callable[[], None]]:
        client = tinymongo.TinyMongoClient(str(folder / "tiny"))
        return client["bench"], client.close

    return Documents(connect)


PEERS: dict[str, Callable[[Path], Any]] = {
    "satchel": _satchel,
    "sqlite3": lambda folder: RawSqlite(folder / "raw.db"),
    "mongomock": _mongomock,
    "neosqlite": _neosqlite,
    "tinymongo": _tinymongo,
    "mongodb": lambda _folder: _server(os.environ["MONGODB_URI"]),
}
"""`sqlite3` is the floor; `mongodb` is any server at MONGODB_URI (the development engine too)."""
