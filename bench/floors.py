"""The floors: the same work by hand, in SQLite and in plain files."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

import apsw

from bench.data import RANGE, Dataset, Document, name
from bench.workloads import LARGE_BYTES, RANGES, SMALL_BYTES, SMALL_FILES

CHUNK_BYTES = 255 << 10
MEGABYTE = 1 << 20
SCHEMA = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, doc TEXT)",
    "CREATE INDEX users_name ON users (json_extract(doc, '$.name'))",
    "CREATE INDEX users_created ON users (json_extract(doc, '$.created'))",
    "CREATE TABLE other (id INTEGER PRIMARY KEY, doc TEXT)",
    "CREATE TABLE files (id, name TEXT, length INTEGER, PRIMARY KEY (id))",
    "CREATE TABLE chunks (file, n INTEGER, data BLOB, PRIMARY KEY (file, n))",
)
SETTINGS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL")


class RawSqlite:
    """Documents as JSON text in the standard library's sqlite3, WAL, `synchronous = NORMAL`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()
        for statement in SCHEMA:
            self._connection.execute(statement)

    def _open(self) -> None:
        self._connection: Any = sqlite3.connect(self._path)
        for statement in SETTINGS:
            self._connection.execute(statement).fetchall()

    def _transaction(self) -> AbstractContextManager[Any]:
        connection: AbstractContextManager[Any] = self._connection
        return connection

    def _changed(self) -> int:
        return self._number("SELECT changes()")

    def _one(self, sql: str, *arguments: Any) -> Any:
        return self._connection.execute(sql, arguments).fetchone()

    def _number(self, sql: str, *arguments: Any) -> int:
        return int(self._one(sql, *arguments)[0])

    def insert_many(self, data: Dataset) -> int:
        for batch in data.batches():
            with self._transaction():
                self._connection.executemany("INSERT INTO users VALUES (?, ?)", _rows(batch))
        return self._number("SELECT count(*) FROM users")

    def insert_one(self, data: Dataset) -> int:
        for batch in data.batches(data.lookups):
            for row in _rows(batch):
                with self._transaction():
                    self._connection.execute("INSERT INTO other VALUES (?, ?)", row)
        return self._number("SELECT count(*) FROM other")

    def find_by_id(self, data: Dataset) -> int:
        sql = "SELECT doc FROM users WHERE id = ?"
        return sum(json.loads(self._one(sql, number)[0])["_id"] == number for number in data.some())

    def find_by_index(self, data: Dataset) -> int:
        sql = "SELECT doc FROM users WHERE json_extract(doc, '$.name') = ?"
        names = [name(number) for number in data.some()]
        return sum(json.loads(self._one(sql, each)[0])["name"] == each for each in names)

    def range_sorted(self, data: Dataset) -> int:
        low, high = map(_text, RANGE)
        sql = """SELECT doc FROM users WHERE json_extract(doc, '$.created') >= ? AND json_extract(doc, '$.created') < ?
                 ORDER BY json_extract(doc, '$.created') LIMIT 100"""
        for _ in range(RANGES):
            found = [json.loads(doc) for (doc,) in self._connection.execute(sql, (low, high))]
        return len(found)

    def scan(self, data: Dataset) -> int:
        rows = self._connection.execute("SELECT doc FROM users WHERE json_extract(doc, '$.rank') = 42")
        return len([json.loads(doc) for (doc,) in rows])

    def count(self, data: Dataset) -> int:
        return self._number("SELECT count(*) FROM users WHERE json_extract(doc, '$.score') > 50")

    def distinct(self, data: Dataset) -> int:
        return len(self._connection.execute("SELECT DISTINCT json_extract(doc, '$.city') FROM users").fetchall())

    def sort_limit(self, data: Dataset) -> int:
        sql = "SELECT doc FROM users ORDER BY json_extract(doc, '$.score') DESC LIMIT 10"
        return len([json.loads(doc) for (doc,) in self._connection.execute(sql)])

    def update_one(self, data: Dataset) -> int:
        sql = "UPDATE users SET doc = json_set(doc, '$.age', json_extract(doc, '$.age') + 1) WHERE id = ?"
        changed = 0
        for number in data.some():
            with self._transaction():
                self._connection.execute(sql, (number,))
                changed += self._changed()
        return changed

    def update_many(self, data: Dataset) -> int:
        sql = "UPDATE users SET doc = json_set(doc, '$.seen', json('true')) WHERE json_extract(doc, '$.rank') < 10"
        with self._transaction():
            self._connection.execute(sql)
            return self._changed()

    def match_group(self, data: Dataset) -> tuple[int, int]:
        sql = """SELECT json_extract(doc, '$.city'), count(*), avg(json_extract(doc, '$.score')) FROM users
                 WHERE json_extract(doc, '$.active') GROUP BY 1"""
        rows = self._connection.execute(sql).fetchall()
        return len(rows), sum(row[1] for row in rows)

    def unwind_group(self, data: Dataset) -> tuple[int, int]:
        sql = "SELECT value, count(*) FROM users, json_each(users.doc, '$.tags') GROUP BY 1"
        rows = self._connection.execute(sql).fetchall()
        return len(rows), sum(row[1] for row in rows)

    def lookup(self, data: Dataset) -> int:
        sql = """SELECT o.doc, u.doc FROM other o JOIN users u
                 ON json_extract(u.doc, '$.name') = json_extract(o.doc, '$.name')"""
        return len([(json.loads(one), json.loads(other)) for one, other in self._connection.execute(sql)])

    def delete_many(self, data: Dataset) -> int:
        with self._transaction():
            self._connection.execute("DELETE FROM users WHERE json_extract(doc, '$.rank') >= 90")
            return self._changed()

    def _put(self, identifier: Any, content: bytes) -> None:
        with self._transaction():
            self._connection.execute("INSERT INTO files VALUES (?, ?, ?)", (identifier, "name", len(content)))
            starts = range(0, len(content), CHUNK_BYTES)
            self._connection.executemany(
                "INSERT INTO chunks VALUES (?, ?, ?)",
                ((identifier, n, content[start : start + CHUNK_BYTES]) for n, start in enumerate(starts)),
            )

    def _chunks(self, identifier: Any) -> Iterator[bytes]:
        rows = self._connection.execute("SELECT data FROM chunks WHERE file = ? ORDER BY n", (identifier,))
        return (data for (data,) in rows)

    def file_put(self, data: Dataset) -> int:
        content = large_content(data)
        with self._transaction():
            self._connection.execute("INSERT INTO files VALUES (?, ?, ?)", ("large", "name", LARGE_BYTES))
            for n, start in enumerate(range(0, LARGE_BYTES, CHUNK_BYTES)):
                chunk = content.read(CHUNK_BYTES)
                assert start + len(chunk) <= LARGE_BYTES
                self._connection.execute("INSERT INTO chunks VALUES (?, ?, ?)", ("large", n, chunk))
        return LARGE_BYTES

    def file_get(self, data: Dataset) -> int:
        return sum(map(len, self._chunks("large")))

    def small_put(self, data: Dataset) -> int:
        content = os.urandom(SMALL_BYTES)
        for number in range(SMALL_FILES):
            self._put(number, content)
        return SMALL_FILES

    def small_get(self, data: Dataset) -> int:
        return sum(sum(map(len, self._chunks(number))) == SMALL_BYTES for number in range(SMALL_FILES))

    def reopen(self, data: Dataset) -> int:
        self._connection.close()
        self._open()
        return int(self._one("SELECT doc FROM users WHERE id = 5") is not None)

    def start(self, data: Dataset) -> int:
        code = f"""import sqlite3, json
connection = sqlite3.connect({str(self._path)!r})
assert json.loads(connection.execute("SELECT doc FROM users WHERE id = 5").fetchone()[0])["_id"] == 5"""
        return started(code)

    def close(self) -> None:
        self._connection.close()


class RawApsw(RawSqlite):
    """The same through apsw, which brings its own SQLite: the one that Satchel uses, with as much cache."""

    def _open(self) -> None:
        self._connection = apsw.Connection(str(self._path))
        for statement in (*SETTINGS, "PRAGMA cache_size = -16384"):
            self._connection.execute(statement).fetchall()

    def start(self, data: Dataset) -> int:
        code = f"""import apsw, json
connection = apsw.Connection({str(self._path)!r})
assert json.loads(connection.execute("SELECT doc FROM users WHERE id = 5").fetchone()[0])["_id"] == 5"""
        return started(code)


class PlainFiles:
    """Files in a folder, written and renamed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "files"
        self._folder.mkdir()

    def _put(self, title: str, content: bytes) -> None:
        part = self._folder / f"{title}.part"
        part.write_bytes(content)
        part.rename(self._folder / title)

    def file_put(self, data: Dataset) -> int:
        content = large_content(data)
        with open(self._folder / "large", "wb") as file:
            while chunk := content.read(CHUNK_BYTES):
                file.write(chunk)
        return LARGE_BYTES

    def file_get(self, data: Dataset) -> int:
        size = 0
        with open(self._folder / "large", "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                size += len(chunk)
        return size

    def small_put(self, data: Dataset) -> int:
        content = os.urandom(SMALL_BYTES)
        for number in range(SMALL_FILES):
            self._put(str(number), content)
        return SMALL_FILES

    def small_get(self, data: Dataset) -> int:
        paths = [self._folder / str(number) for number in range(SMALL_FILES)]
        return sum(len(path.read_bytes()) == SMALL_BYTES for path in paths)

    def close(self) -> None:
        """Close nothing."""


class RepeatedContent:
    """A large file to read from: one random mebibyte over and over, so that memory holds no more."""

    def __init__(self, size: int) -> None:
        self._piece = os.urandom(MEGABYTE) * 2
        self._left = size
        self._place = 0

    def read(self, size: int = -1) -> bytes:
        size = min(self._left if size < 0 else size, self._left, MEGABYTE)
        start = self._place % MEGABYTE
        self._place += size
        self._left -= size
        return self._piece[start : start + size]


def large_content(data: Dataset) -> RepeatedContent:
    """Return the content of the large file."""
    return RepeatedContent(LARGE_BYTES)


def started(code: str) -> int:
    """Run code in a fresh interpreter."""
    subprocess.run([sys.executable, "-c", code], check=True, env=with_byte_code())
    return 1


def with_byte_code() -> dict[str, str]:
    """Return the environment of a process that loads compiled modules, as those of installed packages do."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _rows(documents: Iterable[Document]) -> Sequence[tuple[int, str]]:
    return [(document["_id"], json.dumps(document, default=_text)) for document in documents]


def _text(value: datetime) -> str:
    return value.isoformat(timespec="milliseconds") + "Z"
