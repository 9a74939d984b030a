"""The asynchronous classes of `satchel.gridfs`."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import InvalidOperation

from satchel import AsyncMongoClient
from satchel.gridfs import AsyncGridFS, AsyncGridFSBucket, AsyncGridOut, CorruptGridFile, FileExists, NoFile

Files = AsyncDatabase[dict[str, Any]]


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[Files]:
    async with AsyncMongoClient(tmp_path / "app.db") as client:
        yield client.files


def noise(size: int) -> bytes:
    return random.Random(1).randbytes(size)


async def test_gridfs_methods(files: Files) -> None:
    fs = AsyncGridFS(files)
    ids = [await fs.put(text, filename="a") for text in (b"one", b"two", b"three")]
    out = await fs.get(ids[0])
    assert await out.read() == b"one"
    assert (out.md5, out.sha256, out.content_type) == (
        hashlib.md5(b"one", usedforsecurity=False).hexdigest(),
        hashlib.sha256(b"one").hexdigest(),
        "text/plain",
    )
    assert isinstance(out, AsyncGridOut)
    assert await (await fs.get_version("a", 1)).read() == b"two"
    assert await (await fs.get_last_version("a")).read() == b"three"
    found = await fs.find_one({"filename": "a"})
    assert found is not None
    assert await found.read() == b"one"
    assert await fs.list() == ["a"]
    assert await fs.exists(ids[0])
    await fs.rename(ids[0], "b")
    await fs.rename_by_name("a", "c")
    assert await fs.list() == ["b", "c"]
    await fs.delete_by_name("c")
    await fs.delete(ids[0])
    for missing in (fs.rename(0, "x"), fs.rename_by_name("x", "y"), fs.delete_by_name("x"), fs.get(0)):
        with pytest.raises(NoFile):
            await missing
    assert await files.fs.chunks.count_documents({}) == 0


async def test_bucket_methods(files: Files) -> None:
    bucket = AsyncGridFSBucket(files, "media", chunk_size_bytes=1000, disable_md5=True)
    content = noise(2500)
    first = await bucket.upload_from_stream("a", content, metadata={"k": 1})
    await bucket.upload_from_stream_with_id(7, "a", io.BytesIO(b"second"))
    async with bucket.open_upload_stream("b", metadata={"k": 2}) as upload:
        await upload.write(b"third")
    async with bucket.open_upload_stream_with_id("id", "c") as upload:
        await upload.write(b"fourth")
    assert await bucket.list() == ["a", "b", "c"]
    stream = io.BytesIO()
    await bucket.download_to_stream(first, stream)
    await bucket.download_to_stream_by_name("a", stream)
    assert stream.getvalue() == content + b"second"
    assert (await bucket.open_download_stream(7)).md5 is None
    assert await (await bucket.open_download_stream_by_name("b")).read() == b"third"
    cursor = bucket.find({"metadata.k": {"$gt": 0}}).sort("filename", -1)
    copy = cursor.clone()
    assert [await out.read() async for out in cursor] == [b"third", content]
    assert [out.filename for out in await copy.to_list()] == ["b", "a"]
    await bucket.rename(first, "renamed")
    await bucket.rename_by_name("b", "also renamed")
    await bucket.delete(first)
    await bucket.delete_by_name("a")
    assert await bucket.list() == ["also renamed", "c"]


@pytest.mark.parametrize("field", ["md5", "sha256", "length", "chunkSize"])
async def test_a_wrong_document_is_noticed(files: Files, field: str) -> None:
    fs = AsyncGridFS(files)
    file_id = await fs.put(noise(2000), chunk_size=1000)
    await files.fs.files.update_one({"_id": file_id}, {"$set": {field: "0"}})
    with pytest.raises(CorruptGridFile):
        await (await fs.get(file_id)).read()


async def test_altered_and_extra_chunks_are_noticed(files: Files) -> None:
    fs, bucket = AsyncGridFS(files), AsyncGridFSBucket(files)
    altered, extra, empty = [await fs.put(text, chunk_size=10) for text in (noise(20), noise(20), b"")]
    await files.fs.chunks.update_one({"files_id": altered, "n": 1}, {"$set": {"data": bytes(10)}})
    await files.fs.chunks.insert_one({"files_id": extra, "n": 2, "data": b"x"})
    await files.fs.chunks.insert_one({"files_id": empty, "n": 0, "data": b"x"})
    for file_id in (altered, extra, empty):
        with pytest.raises(CorruptGridFile):
            await (await fs.get(file_id)).read()
    for file_id in (altered, extra):
        with pytest.raises(CorruptGridFile):
            await bucket.download_to_stream(file_id, io.BytesIO())


async def write_and_fail(fs: AsyncGridFS) -> None:
    async with fs.new_file(chunk_size=200_000) as upload:
        await upload.write(bytes(60_000_000))
        raise ZeroDivisionError


async def test_failed_uploads_leave_nothing(files: Files) -> None:
    fs = AsyncGridFS(files)
    with pytest.raises(ZeroDivisionError):
        await write_and_fail(fs)
    assert await files.fs.chunks.count_documents({}) == 0
    await fs.put(b"old", _id=1)
    with pytest.raises(FileExists):
        await fs.put(b"new", _id=1)
    upload = fs.new_file(_id=1)
    await upload.write(b"new")
    await upload.abort()
    assert await (await fs.get(1)).read() == b"old"
    upload = fs.new_file(_id=2)
    await upload.write(b"new")
    await upload.close()
    await upload.abort()
    assert not await fs.exists(2)


async def test_properties_want_an_open_file(files: Files) -> None:
    out = AsyncGridOut(files.fs, 1)
    with pytest.raises(InvalidOperation, match="open"):
        out.sha256  # noqa: B018
