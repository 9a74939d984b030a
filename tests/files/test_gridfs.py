"""`satchel.gridfs`: what it adds to PyMongo's, and every method of PyMongo's on it."""

from __future__ import annotations

import hashlib
import io
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gridfs
import pymongo
import pytest
from bson import ObjectId
from pymongo.database import Database

from satchel import MongoClient
from satchel.files.private import PRIVATE_NAMES
from satchel.gridfs import (
    AsyncGridFS,
    AsyncGridFSBucket,
    AsyncGridOutCursor,
    CorruptGridFile,
    FileExists,
    GridFS,
    GridFSBucket,
    GridIn,
    GridOut,
    GridOutCursor,
    NoFile,
)

Files = Database[dict[str, Any]]
SERVER = os.environ.get("MONGODB_ORACLE_URI")


@pytest.fixture(params=["file", *(["server"] if SERVER else [])])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Files]:
    """A database in a file and, with MONGODB_ORACLE_URI, one on a server, through plain PyMongo."""
    if request.param == "file":
        with MongoClient(tmp_path / "app.db") as client:
            yield client.files
        return
    with pymongo.MongoClient[dict[str, Any]](SERVER) as server:
        name = f"files_{ObjectId()}"
        yield server[name]
        server.drop_database(name)


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[Files]:
    """A database in a file: the engine to compare with takes no messages of 48 MB."""
    with MongoClient(tmp_path / "app.db") as client:
        yield client.files


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def test_ours_are_pymongos() -> None:
    assert issubclass(GridFS, gridfs.GridFS)
    assert issubclass(GridFSBucket, gridfs.GridFSBucket)
    assert issubclass(GridIn, gridfs.GridIn)
    assert issubclass(GridOut, gridfs.GridOut)
    assert issubclass(AsyncGridFS, gridfs.AsyncGridFS)
    assert issubclass(AsyncGridFSBucket, gridfs.AsyncGridFSBucket)
    assert NoFile is gridfs.NoFile


def test_the_private_names_are_there(files: Files) -> None:
    fs, bucket = GridFS(files), GridFSBucket(files)
    file = fs.new_file()
    file.write(noise(10))
    file.close()
    instances = {"GridFS": fs, "GridFSBucket": bucket, "GridIn": file, "GridOut": fs.get(file._id)}
    instances["GridOutCursor"] = fs.find()
    for owner, names in PRIVATE_NAMES.items():
        for name in names:
            assert hasattr(getattr(gridfs, owner), name) or name in vars(instances[owner]), f"{owner}.{name}"
            assert hasattr(getattr(gridfs, f"Async{owner}"), name) or name in vars(instances[owner]), name


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 300_000])
def test_checksums(files: Files, size: int) -> None:
    content = noise(size)
    file_id = GridFS(files).put(content, filename="a", chunk_size=1024)
    document = files.fs.files.find_one({"_id": file_id})
    assert document["sha256"] == hashlib.sha256(content).hexdigest()
    assert document["md5"] == hashlib.md5(content, usedforsecurity=False).hexdigest()
    out = GridFS(files).get(file_id)
    assert out.read() == content
    assert (out.md5, out.sha256) == (document["md5"], document["sha256"])


def test_md5_can_be_switched_off(files: Files) -> None:
    fs = GridFS(files, disable_md5=True)
    by_fs = fs.put(b"a")
    bucket = GridFSBucket(files, disable_md5=True)
    by_bucket = bucket.upload_from_stream("a", b"a")
    for file_id in (by_fs, by_bucket):
        document = files.fs.files.find_one({"_id": file_id})
        assert "md5" not in document
        assert document["sha256"] == hashlib.sha256(b"a").hexdigest()
        assert fs.get(file_id).read() == b"a"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.pdf", b"", "application/pdf"),
        ("a.webp", b"", "image/webp"),
        ("a.tar.gz", b"", "application/gzip"),
        ("a.csv", b"\x89PNG\r\n\x1a\n", "text/csv"),
        ("a", b"\x89PNG\r\n\x1a\n....", "image/png"),
        ("a", b"RIFF....WEBPVP8 ", "image/webp"),
        ("a", "Grüße".encode(), "text/plain"),
        ("a", ("x" + "ü" * 400).encode(), "text/plain"),
        ("a", b"a\x00b", "application/octet-stream"),
        ("a", b"\xff\xfe", "application/octet-stream"),
        ("a", b"", "application/octet-stream"),
        (None, b"%PDF-1.7", "application/pdf"),
    ],
)
def test_content_type_is_guessed(files: Files, name: str | None, content: bytes, expected: str) -> None:
    fs = GridFS(files)
    assert fs.get(fs.put(content, filename=name)).content_type == expected


def test_content_type_by_small_chunks(files: Files) -> None:
    fs = GridFS(files)
    assert fs.get(fs.put(b"%PDF-1.7", chunk_size=2)).content_type == "application/pdf"


def test_given_content_type_stays(files: Files) -> None:
    fs = GridFS(files)
    assert fs.get(fs.put(b"%PDF-", filename="a.txt", content_type="a/b")).content_type == "a/b"


def alter(chunks: Any, where: dict[str, Any]) -> None:
    data = bytearray(chunks.find_one(where)["data"])
    data[17] ^= 1
    chunks.update_one(where, {"$set": {"data": bytes(data)}})


def swap(chunks: Any, where: dict[str, Any]) -> None:
    for old, new in ((1, 70), (0, 1), (70, 0)):
        chunks.update_one({**where, "n": old}, {"$set": {"n": new}})


def set_field(name: str, value: Any) -> Callable[[Files, Any], Any]:
    return lambda db, file_id: db.fs.files.update_one({"_id": file_id}, {"$set": {name: value}})


def unset_field(name: str) -> Callable[[Files, Any], Any]:
    return lambda db, file_id: db.fs.files.update_one({"_id": file_id}, {"$unset": {name: 1}})


def on_second_chunk(work: Callable[[Any, dict[str, Any]], Any]) -> Callable[[Files, Any], Any]:
    return lambda db, file_id: work(db.fs.chunks, {"files_id": file_id, "n": 1})


def shorten(db: Files, file_id: Any) -> None:
    db.fs.files.update_one({"_id": file_id}, {"$set": {"length": 2000}})
    db.fs.chunks.delete_many({"files_id": file_id, "n": {"$gt": 1}})


DAMAGES: dict[str, Callable[[Files, Any], Any]] = {
    "altered": on_second_chunk(alter),
    "short": on_second_chunk(lambda chunks, where: chunks.update_one(where, {"$set": {"data": bytes(999)}})),
    "empty": on_second_chunk(lambda chunks, where: chunks.update_one(where, {"$set": {"data": b""}})),
    "missing": on_second_chunk(lambda chunks, where: chunks.delete_one(where)),
    "all missing": lambda db, file_id: db.fs.chunks.delete_many({"files_id": file_id}),
    "wrong n": on_second_chunk(lambda chunks, where: chunks.update_one(where, {"$set": {"n": 7}})),
    "swapped": on_second_chunk(swap),
    "extra": lambda db, file_id: db.fs.chunks.insert_one({"files_id": file_id, "n": 4, "data": b"more"}),
    "no length": unset_field("length"),
    "no chunkSize": unset_field("chunkSize"),
    "chunkSize 0": set_field("chunkSize", 0),
    "length 0": set_field("length", 0),
    "length a text": set_field("length", "4000"),
    "shorter": shorten,
    "md5": set_field("md5", "0" * 32),
    "sha256": set_field("sha256", "0" * 64),
}


def read_in_pieces(out: GridOut, size: int) -> bytes:
    return b"".join(iter(lambda: out.read(size), b""))


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_is_noticed(files: Files, kind: str) -> None:
    fs, bucket = GridFS(files), GridFSBucket(files)
    file_id = fs.put(noise(4000), filename="a", chunk_size=1000)
    DAMAGES[kind](files, file_id)
    with pytest.raises(CorruptGridFile):
        fs.get(file_id).read()
    with pytest.raises(CorruptGridFile):
        bucket.download_to_stream(file_id, io.BytesIO())
    with pytest.raises(CorruptGridFile):
        read_in_pieces(next(fs.find()), 333)


def test_bytes_for_an_empty_file_are_noticed(files: Files) -> None:
    fs = GridFS(files)
    file_id = fs.put(b"")
    files.fs.chunks.insert_one({"files_id": file_id, "n": 0, "data": b""})
    assert fs.get(file_id).read() == b""
    files.fs.chunks.update_one({"files_id": file_id}, {"$set": {"data": b"x"}})
    with pytest.raises(CorruptGridFile):
        fs.get(file_id).read()


def test_seeking_neither_hides_nor_invents_damage(files: Files) -> None:
    fs = GridFS(files)
    content = noise(10_000)
    out = fs.get(fs.put(content, chunk_size=1000))
    assert out.read(2500) == content[:2500]
    out.seek(7000)
    assert out.read(500) == content[7000:7500]
    out.seek(3000)
    assert out.read() == content[3000:]
    out.seek(0)
    assert out.read() == content
    DAMAGES["altered"](files, out._id)
    again = fs.get(out._id)
    again.seek(2000)
    assert again.read() == content[2000:]
    again.seek(0)
    with pytest.raises(CorruptGridFile):
        again.read()


def test_files_of_plain_pymongo_are_read(files: Files) -> None:
    content = noise(3000)
    file_id = gridfs.GridFS(files).put(content, chunk_size=1000)
    out = GridFS(files).get(file_id)
    assert out.read() == content
    assert (out.md5, out.sha256, out.content_type) == (None, None, None)
    assert gridfs.GridFS(files).get(GridFS(files).put(content)).read() == content


class Broken(io.RawIOBase):
    """A source that fails after some bytes."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        if self.left < size:
            raise OSError("the source broke")
        self.left -= size
        return bytes(size)


def test_a_failed_upload_leaves_nothing(on_disk: Files) -> None:
    bucket = GridFSBucket(on_disk, chunk_size_bytes=200_000)
    for size in (0, 500_000, 60_000_000):
        with pytest.raises(OSError, match="the source broke"):
            bucket.upload_from_stream("a", Broken(size))
        with pytest.raises(OSError, match="the source broke"):
            GridFS(on_disk).put(Broken(size), filename="a", chunk_size=200_000)
    assert on_disk.fs.chunks.count_documents({}) == 0
    assert on_disk.fs.files.count_documents({}) == 0


def test_nothing_is_visible_before_the_end(on_disk: Files) -> None:
    bucket = GridFSBucket(on_disk)
    with bucket.open_upload_stream("a") as upload:
        upload.write(bytes(50_000_000))
        assert on_disk.fs.chunks.count_documents({}) > 0
        assert list(bucket.find()) == []
        with pytest.raises(NoFile):
            bucket.open_download_stream_by_name("a")
        with pytest.raises(AttributeError):
            upload.sha256  # noqa: B018
    assert bucket.open_download_stream_by_name("a").length == 50_000_000


@pytest.mark.parametrize("old", [b"", b"old" * 1000])
@pytest.mark.parametrize("new", [b"", b"new" * 2000])
@pytest.mark.parametrize("way", ["with", "close", "abort", "abort early"])
def test_an_id_that_is_taken_keeps_its_file(files: Files, old: bytes, new: bytes, way: str) -> None:
    fs = GridFS(files)
    fs.put(old, _id=1)
    upload = fs.new_file(_id=1, chunk_size=1000)
    if way == "with":
        with pytest.raises(FileExists), upload:
            upload.write(new)
    elif way == "abort early":
        upload.write(new)
        upload.abort()
    else:
        upload.write(new)
        with pytest.raises(FileExists):
            upload.close()
        if way == "abort":
            upload.abort()
    assert fs.get(1).read() == old


def test_abort_after_close_removes_the_file(files: Files) -> None:
    upload = GridFS(files).new_file(filename="a")
    upload.write(b"a" * 1000)
    upload.close()
    upload.abort()
    assert not GridFS(files).exists(filename="a")
    assert files.fs.chunks.count_documents({}) == 0


def test_attributes_of_a_new_file(files: Files) -> None:
    upload = GridFS(files).new_file(filename="a", encoding="utf-8", aliases=["b"], custom=1)
    upload.filename = "c.txt"
    upload.content_type = "text/x-c"
    upload.metadata = {"m": 1}
    upload.write("Grüße")
    upload.writelines([b"\n", "zwei"])
    upload.close()
    assert upload.closed
    out = GridFS(files).get(upload._id)
    assert (out.filename, out.name, out.content_type, out.metadata) == ("c.txt", "c.txt", "text/x-c", {"m": 1})
    assert (out.aliases, out.custom) == (["b"], 1)
    assert list(out) == ["Grüße\n".encode(), b"zwei"]
    upload.set("metadata", {"m": 2})
    upload.content_type = "text/x-d"
    assert GridFS(files).get(upload._id).metadata == {"m": 2}
    assert GridFS(files).get(upload._id).content_type == "text/x-d"
    assert (upload.length, upload.md5) == (out.length, out.md5)


def test_gridfs_methods(files: Files) -> None:
    fs = GridFS(files)
    ids = [fs.put(text, filename="a") for text in (b"one", b"two", b"three")]
    fs.put(io.BytesIO(b"other"), filename="b")
    assert fs.list() == ["a", "b"]
    assert [fs.get_version("a", number).read() for number in (0, 1, -1, -2)] == [b"one", b"two", b"three", b"two"]
    assert fs.get_last_version("a").read() == b"three"
    assert isinstance(fs.get_last_version("a"), GridOut)
    with pytest.raises(NoFile):
        fs.get_version("a", 5)
    assert fs.find_one({"filename": "b"}).read() == b"other"
    assert fs.find_one({"filename": "none"}) is None
    assert fs.exists(ids[0])
    assert fs.exists(filename="a")
    assert not fs.exists({"filename": "none"})
    fs.rename(ids[0], "first")
    fs.rename_by_name("a", "second")
    assert fs.list() == ["b", "first", "second"]
    for missing in (lambda: fs.rename(0, "x"), lambda: fs.rename_by_name("x", "y"), lambda: fs.delete_by_name("x")):
        with pytest.raises(NoFile):
            missing()
    fs.delete_by_name("second")
    fs.delete(ids[0])
    assert fs.list() == ["b"]
    assert files.fs.chunks.count_documents({}) == 1


def test_bucket_methods(files: Files) -> None:
    bucket = GridFSBucket(files, "media", chunk_size_bytes=1000)
    content = noise(2500)
    first = bucket.upload_from_stream("a", content, metadata={"k": 1})
    bucket.upload_from_stream_with_id(7, "a", io.BytesIO(b"second"), chunk_size_bytes=3)
    with bucket.open_upload_stream("b", metadata={"k": 2}) as upload:
        upload.write(b"third")
    with bucket.open_upload_stream_with_id("id", "c") as upload:
        upload.write(b"fourth")
    assert bucket.list() == ["a", "b", "c"]
    stream = io.BytesIO()
    bucket.download_to_stream(first, stream)
    assert stream.getvalue() == content
    stream = io.BytesIO()
    bucket.download_to_stream_by_name("a", stream, revision=0)
    bucket.download_to_stream_by_name("a", stream)
    assert stream.getvalue() == content + b"second"
    assert bucket.open_download_stream(7).read() == b"second"
    assert bucket.open_download_stream_by_name("b").metadata == {"k": 2}
    with pytest.raises(NoFile):
        bucket.open_download_stream(0)
    cursor = bucket.find({"metadata.k": {"$gt": 0}}).sort("filename", -1)
    assert isinstance(cursor.clone(), GridOutCursor)
    assert [out.read() for out in cursor] == [b"third", content]
    assert [out.filename for out in cursor.clone().to_list()] == ["b", "a"]
    bucket.rename(first, "renamed")
    bucket.rename_by_name("b", "also renamed")
    bucket.delete(first)
    bucket.delete_by_name("a")
    assert bucket.list() == ["also renamed", "c"]
    for missing in (
        lambda: bucket.delete(first),
        lambda: bucket.rename(first, "x"),
        lambda: bucket.delete_by_name("a"),
    ):
        with pytest.raises(NoFile):
            missing()
    assert files.media.chunks.count_documents({}) == 2


def test_range_of_four_gibibytes(files: Files) -> None:
    """Only the chunk that a position beyond 4 GiB lies in is there; it is found, and nothing else is read."""
    size, chunk_size = (4 << 30) + 12_345, 1 << 20
    number = size // chunk_size
    last = noise(size - number * chunk_size)
    files.fs.files.insert_one({"_id": 1, "length": size, "chunkSize": chunk_size, "filename": "big"})
    files.fs.chunks.insert_one({"files_id": 1, "n": number, "data": last})
    out = GridFS(files).get(1)
    assert out.seek(-100, io.SEEK_END) == size - 100
    assert out.read() == last[-100:]
    out.seek(4 << 30)
    assert out.read(10) == last[:10]
    out.seek(0)
    with pytest.raises(CorruptGridFile):
        out.read(1)


def test_cursor_of_asynchronous_files_is_ours() -> None:
    assert issubclass(AsyncGridOutCursor, gridfs.AsyncGridOutCursor)
