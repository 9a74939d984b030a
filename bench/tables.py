"""The floor of Satchel's design: its tables and columns filled and read by hand, without MongoDB's rules."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import apsw
import bson
import orjson

from bench.data import Dataset, Document, name

_SETTINGS = """
    PRAGMA page_size = 8192;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -16384
"""
_RECORDS = "CREATE TABLE {} (rid INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, doc BLOB, bson BLOB NOT NULL)"
_INDEX = "CREATE TABLE {} (key BLOB NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY (key, rid)) WITHOUT ROWID"


class RawTables:
    """Records with BSON, JSONB and an index of `_id`; indexes as tables of keys; one transaction for each read."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.execute(_SETTINGS).fetchall()
        for table in ("users", "other"):
            self._connection.execute(_RECORDS.format(table))
        for index in ("users_name", "users_created"):
            self._connection.execute(_INDEX.format(index))

    def insert_many(self, data: Dataset) -> int:
        first = 1
        for batch in data.batches():
            with self._connection:
                self._insert("users", first, batch)
                self._index("users_name", first, [each["name"].encode() for each in batch])
                self._index("users_created", first, [each["created"].isoformat().encode() for each in batch])
            first += len(batch)
        return int(self._connection.execute("SELECT count(*) FROM users").get)

    def _insert(self, table: str, first: int, documents: Sequence[Document]) -> None:
        rows = [(rid, _key(each["_id"]), _json(each), bson.encode(each)) for rid, each in enumerate(documents, first)]
        self._connection.executemany(f"INSERT INTO {table} VALUES (?, ?, jsonb(?), ?)", rows)

    def _index(self, index: str, first: int, keys: Sequence[bytes]) -> None:
        rows = sorted((key, rid) for rid, key in enumerate(keys, first))
        self._connection.executemany(f"INSERT INTO {index} VALUES (?, ?)", rows)

    def insert_one(self, data: Dataset) -> int:
        for batch in data.batches(data.lookups):
            for rid, document in enumerate(batch, 1):
                self._connection.execute("BEGIN IMMEDIATE")
                self._insert("other", rid, [document])
                self._connection.execute("COMMIT")
        return int(self._connection.execute("SELECT count(*) FROM other").get)

    def _read(self, sql: str, key: bytes) -> Document:
        self._connection.execute("BEGIN")
        self._connection.execute("PRAGMA schema_version").fetchall()
        row: Any = self._connection.execute(sql, (key,)).get
        self._connection.execute("ROLLBACK")
        return bson.decode(row[1])

    def find_by_id(self, data: Dataset) -> int:
        sql = "SELECT rid, bson FROM users WHERE id = ?"
        return sum(self._read(sql, _key(number))["_id"] == number for number in data.some())

    def find_by_index(self, data: Dataset) -> int:
        sql = "SELECT t.rid, t.bson FROM users_name AS i CROSS JOIN users AS t ON t.rid = i.rid WHERE i.key = ? LIMIT 1"
        return sum(self._read(sql, name(number).encode())["name"] == name(number) for number in data.some())

    def update_one(self, data: Dataset) -> int:
        changed = 0
        for number in data.some():
            self._connection.execute("BEGIN IMMEDIATE")
            row: Any = self._connection.execute("SELECT rid, bson FROM users WHERE id = ?", (_key(number),)).get
            document = bson.decode(row[1])
            document["age"] += 1
            values = _json(document), bson.encode(document), row[0]
            self._connection.execute("UPDATE users SET doc = jsonb(?), bson = ? WHERE rid = ?", values)
            changed += self._connection.changes()
            self._connection.execute("COMMIT")
        return changed

    def close(self) -> None:
        self._connection.close()


_key: Callable[[int], bytes] = struct.Struct(">q").pack


def _json(document: Document) -> bytes:
    return orjson.dumps(document, _tagged, orjson.OPT_PASSTHROUGH_DATETIME)


def _tagged(value: datetime) -> Document:
    return {"$date": value.isoformat(timespec="milliseconds") + "Z"}
