"""PyMongo's GridFS on our clients: nothing of it is ours, all of it is to work."""

from __future__ import annotations

import hashlib
import io
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gridfs
import pytest
from bson import ObjectId
from gridfs.errors import CorruptGridFile, FileExists, NoFile
from pymongo.database import Database

from satchel import AsyncMongoClient, MongoClient

Files = Database[dict[str, Any]]


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    with MongoClient(tmp_path / "app.db") as client:
        yield client.files


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize("size", [0, 1, 255 * 1024 - 1, 255 * 1024, 255 * 1024 + 1, 3_000_000])
def test_bytes_come_back(files: Files, size: int) -> None:
    fs = gridfs.GridFS(files)
    content = noise(size)
    file_id = fs.put(content, filename="noise", metadata={"size": size})
    out = fs.get(file_id)
    assert out.read() == content
    assert (out.length, out.filename, out.metadata) == (size, "noise", {"size": size})
    assert files.fs.chunks.count_documents({"files_id": file_id}) == -(-size // (255 * 1024))


def test_versions(files: Files) -> None:
    fs = gridfs.GridFS(files)
    for text in (b"one", b"two", b"three"):
        fs.put(text, filename="a")
    assert fs.get_last_version("a").read() == b"three"
    assert fs.get_version("a", 0).read() == b"one"
    assert fs.get_version("a", -2).read() == b"two"
    assert fs.list() == ["a"]
    with pytest.raises(NoFile):
        fs.get_version("a", 3)


def test_same_id_twice(files: Files) -> None:
    fs = gridfs.GridFS(files)
    fs.put(b"one", _id="id")
    with pytest.raises(FileExists):
        fs.put(b"two", _id="id")
    assert fs.get("id").read() == b"one"


def test_bucket(files: Files) -> None:
    bucket = gridfs.GridFSBucket(files, bucket_name="pictures", chunk_size_bytes=1000)
    content = noise(10_500)
    with bucket.open_upload_stream("a.jpg", metadata={"kind": "jpeg"}) as upload:
        for start in range(0, len(content), 777):
            upload.write(content[start : start + 777])
    stream = io.BytesIO()
    bucket.download_to_stream_by_name("a.jpg", stream)
    assert stream.getvalue() == content
    assert [out.filename for out in bucket.find({"metadata.kind": "jpeg"})] == ["a.jpg"]
    bucket.rename(upload._id, "b.jpg")
    with pytest.raises(NoFile):
        bucket.open_download_stream_by_name("a.jpg")
    assert {index["name"] for index in files.pictures.chunks.list_indexes()} == {"_id_", "files_id_1_n_1"}
    assert {index["name"] for index in files.pictures.files.list_indexes()} == {"_id_", "filename_1_uploadDate_1"}
    bucket.delete(upload._id)
    assert files.pictures.chunks.count_documents({}) == 0


def test_aborted_upload_leaves_nothing(files: Files) -> None:
    bucket = gridfs.GridFSBucket(files)
    upload = bucket.open_upload_stream("a")
    upload.write(noise(600_000))
    upload.abort()
    assert files.fs.chunks.count_documents({}) == 0
    assert files.fs.files.count_documents({}) == 0


def test_ranges_by_seek(files: Files) -> None:
    content = noise(2_000_000)
    out = gridfs.GridFS(files).get(gridfs.GridFS(files).put(content, chunk_size=100_000))
    numbers = random.Random(2)
    for _ in range(40):
        start = numbers.randrange(len(content))
        length = numbers.choice([1, 10, 99_999, 100_000, 250_000])
        out.seek(start)
        assert out.read(length) == content[start : start + length]
        assert out.tell() == min(start + length, len(content))
    out.seek(-10, io.SEEK_END)
    assert out.read() == content[-10:]


def test_a_missing_chunk_is_noticed(files: Files) -> None:
    fs = gridfs.GridFS(files)
    file_id = fs.put(noise(600_000))
    files.fs.chunks.delete_one({"files_id": file_id, "n": 1})
    with pytest.raises(CorruptGridFile):
        fs.get(file_id).read()


async def test_asynchronously(tmp_path: Path) -> None:
    content = noise(1_500_000)
    async with AsyncMongoClient(tmp_path / "app.db") as client:
        bucket = gridfs.AsyncGridFSBucket(client.files)
        file_id = await bucket.upload_from_stream("a", content, metadata={"a": 1})
        out = await bucket.open_download_stream(file_id)
        assert await out.read() == content
        await out.seek(1_000_000)
        assert await out.read(10) == content[1_000_000:1_000_010]
        fs = gridfs.AsyncGridFS(client.files)
        assert await fs.list() == ["a"]
        assert (await (await fs.get(file_id)).read()) == content
        await fs.delete(file_id)
        assert not await fs.exists(file_id)


def store_small_files(files: Files, count: int) -> None:
    bucket = gridfs.GridFSBucket(files)
    contents = {f"folder/{number}.txt": noise(number % 3000, number) for number in range(count)}
    for name, content in contents.items():
        bucket.upload_from_stream(name, content, metadata={"size": len(content)})
    assert files.fs.files.count_documents({"length": {"$lt": 100}}) == sum(len(c) < 100 for c in contents.values())
    for name, content in contents.items():
        assert bucket.open_download_stream_by_name(name).read() == content


def test_small_files(files: Files) -> None:
    store_small_files(files, 200)


@pytest.mark.slow
def test_ten_thousand_small_files(files: Files) -> None:
    store_small_files(files, 10_000)


STREAM = """
import hashlib, io, resource, sys
import gridfs
from satchel import MongoClient

path, mebibytes = sys.argv[1], int(sys.argv[2])
block = bytes(range(256)) * 4096

class Source(io.RawIOBase):
    def __init__(self):
        self.left, self.digest, self.rest = mebibytes, hashlib.sha256(), b""
    def readable(self):
        return True
    def readinto(self, buffer):
        if not self.rest and self.left:
            self.left -= 1
            self.rest = memoryview(self.left.to_bytes(8, "big") + block[8:])
            self.digest.update(self.rest)
        size = min(len(buffer), len(self.rest))
        buffer[:size], self.rest = self.rest[:size], self.rest[size:]
        return size

class Sink:
    def __init__(self):
        self.digest, self.size = hashlib.sha256(), 0
    def write(self, data):
        self.digest.update(data)
        self.size += len(data)

with MongoClient(path) as client:
    bucket = gridfs.GridFSBucket(client.files)
    bucket.upload_from_stream("warm-up", block)
    client.files.fs.files.find_one()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source, sink = Source(), Sink()
    file_id = bucket.upload_from_stream("big", io.BufferedReader(source, 1 << 20))
    bucket.download_to_stream(file_id, sink)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
assert sink.size == mebibytes << 20
assert sink.digest.digest() == source.digest.digest()
print(grown)
"""


def stream(path: Path, mebibytes: int) -> int:
    """Send a file through GridFS in another process, and return by how many KiB that process grew at most."""
    command = [sys.executable, "-c", STREAM, str(path), str(mebibytes)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return int(finished.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units elsewhere")
def test_streams_in_little_memory(tmp_path: Path) -> None:
    assert stream(tmp_path / "app.db", 128) < 100 * 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units elsewhere")
def test_streams_a_gibibyte_in_little_memory(tmp_path: Path) -> None:
    assert stream(tmp_path / "app.db", 1024) < 100 * 1024


def test_digest_of_a_file(files: Files) -> None:
    content = noise(900_000)
    file_id = ObjectId()
    gridfs.GridFS(files).put(content, _id=file_id)
    digest = hashlib.sha256()
    for chunk in files.fs.chunks.find({"files_id": file_id}).sort("n"):
        digest.update(chunk["data"])
    assert digest.digest() == hashlib.sha256(content).digest()
