"""Checked by mypy, not run: our clients are typed like PyMongo's (`tests/driver/test_typing.py`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict, assert_type

import gridfs
import pymongo
from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.collection import Collection
from pymongo.database import Database

from satchel import AsyncMongoClient, MongoClient


class Movie(TypedDict):
    name: str
    year: int


def plain(path: Path) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(path, tz_aware=True, w="majority")
    theirs: pymongo.MongoClient[dict[str, Any]] = client
    assert_type(client.shop, Database[dict[str, Any]])
    assert_type(client["shop"]["users"].find_one({"a": 1}), dict[str, Any] | None)
    assert_type(client["shop"]["users"].find().to_list(), list[dict[str, Any]])
    gridfs.GridFSBucket(client.shop).upload_from_stream("a", b"b")
    with client as same:
        assert_type(same, pymongo.MongoClient[dict[str, Any]])
    theirs.close()


def documents() -> None:
    raw = MongoClient("app.db", document_class=RawBSONDocument)
    assert_type(raw, MongoClient[RawBSONDocument])
    assert_type(raw.shop.users.find_one(), RawBSONDocument | None)
    movies: Collection[Movie] = MongoClient[Movie](":memory:").shop.movies
    movies.insert_one(Movie(name="Jurassic Park", year=1993))
    movies.insert_one({"name": "Jurassic Park", "year": "1993"})  # type: ignore[arg-type]
    MongoClient(5)  # type: ignore[arg-type]
    MongoClient(["a", "b"])


async def asynchronous() -> None:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient("app.db")
    theirs: pymongo.AsyncMongoClient[dict[str, Any]] = client
    users: AsyncCollection[dict[str, Any]] = client.shop.users
    assert_type(await users.find_one(), dict[str, Any] | None)
    assert_type(await users.find().to_list(), list[dict[str, Any]])
    await theirs.close()
