"""`FileStorage`: files by path, whole or absent."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from bson import ObjectId
from gridfs.errors import CorruptGridFile

from satchel import AsyncMongoClient, MongoClient
from satchel.files import FileStorage

SERVER = os.environ.get("MONGODB_ORACLE_URI")


@pytest.fixture(params=["file", *(["server"] if SERVER else [])])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
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
def storage(database: Any) -> FileStorage:
    return FileStorage(database, chunk_size_bytes=1000)


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def paths(storage: FileStorage, *arguments: Any, **named: Any) -> list[str]:
    return [info.path for info in storage.find(*arguments, **named)]


def check_nothing_is_left_over(storage: FileStorage) -> None:
    """Every content has the chunks and the references that it says, and there is nothing else."""
    contents = list(storage.contents.files.find())
    for content in contents:
        assert storage.tree.paths.count_documents({"content": content["_id"]}) == content["references"]
        assert storage.contents.chunks.count_documents({"files_id": content["_id"]}) == -(
            -content["length"] // content["chunkSize"]
        )
    known = [content["_id"] for content in contents]
    assert storage.contents.chunks.count_documents({"files_id": {"$nin": known}}) == 0
    assert storage.tree.paths.count_documents({"content": {"$exists": True, "$nin": known}}) == 0


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 10_000])
def test_sources_and_targets(storage: FileStorage, tmp_path: Path, size: int) -> None:
    content = noise(size)
    on_disk = tmp_path / "source.bin"
    on_disk.write_bytes(content)
    sources = {"bytes": content, "view": memoryview(content), "path": on_disk, "text": str(on_disk)}
    for name, source in {**sources, "stream": io.BytesIO(content), "array": bytearray(content)}.items():
        info = storage.upload(f"$/{name}", source)
        assert (info.path, info.name, info.length) == (f"$/{name}", name, size)
        assert info.sha256 == hashlib.sha256(content).hexdigest()
        assert storage.stat(f"$/{name}").length == size
        assert storage.read(f"$/{name}") == content
        target = tmp_path / f"{name}.out"
        storage.download(f"$/{name}", target)
        assert target.read_bytes() == content
        stream = io.BytesIO()
        storage.download(f"$/{name}", stream)
        assert stream.getvalue() == content
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_what_is_known_of_a_file(storage: FileStorage) -> None:
    info = storage.upload("$/photos/2014/a.jpg", b"x", metadata={"author": "Ada"})
    again = storage.stat("$/photos/2014/a.jpg")
    assert (again.content_type, again.metadata, again.is_folder) == ("image/jpeg", {"author": "Ada"}, False)
    assert abs((again.modified - info.modified.replace(tzinfo=None)).total_seconds()) < 0.01
    folder = storage.stat("$/photos")
    assert (folder.is_folder, folder.length, folder.content_type, folder.sha256) == (True, 0, None, None)
    assert storage.upload("raw", b"%PDF-1.7").content_type == "application/pdf"
    assert storage.upload("raw", b"%PDF-1.7", content_type="a/b").content_type == "a/b"
    assert storage.stat("raw").content_type == "a/b"


def test_overwriting(storage: FileStorage) -> None:
    created = storage.upload("a/b", b"old" * 1000, metadata={"k": 1}).created
    info = storage.upload("a/b", b"new")
    assert storage.read("a/b") == b"new"
    assert (info.metadata, storage.stat("a/b").metadata) == ({"k": 1}, {"k": 1})
    assert abs((info.created - created.replace(tzinfo=None)).total_seconds()) < 0.01
    storage.upload("a/b", b"newer", metadata={})
    assert storage.stat("a/b").metadata == {}
    with pytest.raises(FileExistsError):
        storage.upload("a/b", b"newest", overwrite=False)
    assert storage.read("a/b") == b"newer"
    check_nothing_is_left_over(storage)


def test_a_reader_of_replaced_bytes_is_told(storage: FileStorage) -> None:
    storage.upload("a", noise(500_000))
    with storage.open("a") as reader:
        reader.read(10)
        storage.upload("a", b"new")
        with pytest.raises(OSError, match="replaced or deleted") as caught:
            reader.read()
        assert caught.value.errno == errno.ESTALE
    assert storage.read("a") == b"new"


class Failing(io.RawIOBase):
    """A source that fails after ten MiB."""

    def __init__(self) -> None:
        self.left = 10 << 20

    def read(self, size: int = -1) -> bytes:
        self.left -= size
        if self.left < 0:
            raise OSError("the source broke")
        return bytes(size)


def test_a_failed_upload_changes_nothing(storage: FileStorage) -> None:
    storage.upload("a/b", b"old")
    with pytest.raises(OSError, match="the source broke"):
        storage.upload("a/b", Failing())
    with pytest.raises(OSError, match="the source broke"):
        storage.upload("c/d", Failing())
    assert storage.read("a/b") == b"old"
    assert not storage.exists("c/d")
    check_nothing_is_left_over(storage)


def test_open_to_write(storage: FileStorage) -> None:
    content = noise(10_000)
    with storage.open("a", "wb", metadata={"k": 1}, content_type="a/b") as writer:
        for start in range(0, len(content), 333):
            assert writer.write(content[start : start + 333]) == len(content[start : start + 333])
        assert not storage.exists("a")
        assert writer.tell() == len(content)
    assert writer.info is not None
    assert writer.info.length == len(content)
    assert (storage.read("a"), storage.stat("a").metadata, storage.stat("a").content_type) == (content, {"k": 1}, "a/b")
    with storage.open("a", "ab") as writer:
        writer.write(b"more")
    assert storage.read("a") == content + b"more"
    with storage.open("new", "ab") as writer:
        writer.write(b"more")
    with pytest.raises(FileExistsError):
        storage.open("a", "xb")
    with storage.open("b", "xb") as writer:
        writer.write(b"b")
    with pytest.raises(ValueError, match="closed"):
        writer.write(b"c")
    with pytest.raises(ValueError, match="mode"):
        storage.open("a", "r")  # type: ignore[call-overload]
    check_nothing_is_left_over(storage)


def write_and_fail(storage: FileStorage) -> None:
    with storage.open("a", "wb") as writer:
        writer.write(noise(5_000_000))
        raise ZeroDivisionError


def test_a_writer_that_fails_or_is_forgotten_changes_nothing(storage: FileStorage) -> None:
    storage.upload("a", b"old")
    with pytest.raises(ZeroDivisionError):
        write_and_fail(storage)
    writer = storage.open("a", "wb")
    writer.write(b"new")
    del writer
    writer = storage.open("a", "wb")
    writer.write(b"new")
    writer.discard()
    assert storage.read("a") == b"old"
    check_nothing_is_left_over(storage)


def test_seeking(storage: FileStorage) -> None:
    content = noise(50_000)
    storage.upload("a", content)
    numbers = random.Random(3)
    with storage.open("a") as buffered, storage.open_raw("a") as raw:
        for reader in (buffered, raw):
            for _ in range(60):
                start, size = numbers.randrange(len(content) + 2000), numbers.choice([0, 1, 10, 999, 1000, 7000])
                assert reader.seek(start) == start
                assert reader.read(size) == content[start : start + size]
            assert reader.seek(-10, io.SEEK_END) == len(content) - 10
            assert reader.read() == content[-10:]
            reader.seek(100)
            assert reader.seek(5, io.SEEK_CUR) == 105
            with pytest.raises(ValueError, match="position"):
                reader.seek(-1)
    with pytest.raises(ValueError, match="closed"):
        raw.read(1)


def test_a_range_reads_only_its_chunks(storage: FileStorage) -> None:
    content = noise(1_000_000)
    storage.upload("a", content)
    fetched: list[tuple[int, int]] = []
    read = storage.contents.read
    storage.contents.read = lambda content_id, first, last: (  # type: ignore[method-assign]
        fetched.append((first, last)),
        read(content_id, first, last),
    )[1]
    with storage.open_raw("a") as reader:
        reader.seek(500_500)
        assert reader.read(1000) == content[500_500:501_500]
        assert reader.read(400) == content[501_500:501_900]
    assert fetched == [(500, 501)]


def test_four_gibibytes_and_a_tebibyte(storage: FileStorage) -> None:
    """By arithmetic: only the chunk that a far position lies in is there."""
    for size in ((4 << 30) + 12_345, (1 << 40) + 12_345):
        chunk_size = 1 << 20
        number, last = size // chunk_size, noise(size % chunk_size)
        content = {"_id": ObjectId(), "length": size, "chunkSize": chunk_size, "sha256": "0" * 64, "references": 1}
        storage.contents.files.insert_one({**content, "contentType": "a/b"})
        storage.contents.chunks.insert_one({"files_id": content["_id"], "n": number, "data": last})
        storage.place("big", {**content, "contentType": "a/b"}, {}, overwrite=True)
        assert storage.stat("big").length == size
        with storage.open("big") as reader:
            assert reader.seek(-100, io.SEEK_END) == size - 100
            assert reader.read() == last[-100:]
            reader.seek(number * chunk_size)
            assert reader.read(10) == last[:10]
            reader.seek(0)
            with pytest.raises(CorruptGridFile):
                reader.read(1)


@pytest.mark.parametrize("damage", ["altered", "short", "missing", "gap"])
def test_damage_is_noticed(storage: FileStorage, damage: str) -> None:
    storage.upload("a", noise(5000))
    chunks = storage.contents.chunks
    if damage == "altered":
        chunks.update_one({"n": 2}, {"$set": {"data": bytes(1000)}})
    elif damage == "short":
        chunks.update_one({"n": 2}, {"$set": {"data": bytes(999)}})
    elif damage == "missing":
        chunks.delete_one({"n": 4})
    else:
        chunks.delete_one({"n": 1})
    with pytest.raises(CorruptGridFile):
        storage.read("a")
    with pytest.raises(CorruptGridFile):
        storage.verify("a")


@pytest.mark.parametrize("path", ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a\0b", "a\ud800", "//"])
def test_what_is_no_path(storage: FileStorage, path: str) -> None:
    for use in (storage.read, storage.stat, storage.delete, storage.exists, lambda path: storage.upload(path, b"")):
        with pytest.raises(ValueError, match="is not a path of a stored file"):
            use(path)


def test_a_path_is_text(storage: FileStorage) -> None:
    with pytest.raises(TypeError):
        storage.upload(b"a", b"a")  # type: ignore[arg-type]


NAMES = [
    "Grüße ☃.txt",
    "日本語",
    "\N{PILE OF POO}",
    "a b",
    " ",
    "$x.y",
    "\U0010ffff",
    "~",
    "…",
    "e\u0301",
    "é",
    "\n",
    "\\",
    "%2F",
]


def test_any_unicode_name(storage: FileStorage) -> None:
    for name in NAMES:
        storage.upload(f"{name}/{name}", name.encode())
    for name in NAMES:
        assert storage.read(f"{name}/{name}") == name.encode()
        assert paths(storage, name) == [f"{name}/{name}"]
        assert [info.name for info in storage.list_folder(name)] == [name]
    assert sorted(paths(storage)) == sorted(f"{name}/{name}" for name in NAMES)


def test_ids_of_litedb(database: Any) -> None:
    storage = FileStorage(database, litedb_ids=True)
    for path in ("$/photos/2014/picture-01.jpg", "my-photo", "a_b/@x!+%;.y", "1", "ä/ö"):
        storage.upload(path, b"x")
    for path in ("a b", "a/(1)", "a\\b", "#", "a/b?"):
        with pytest.raises(ValueError, match="letters, digits"):
            storage.upload(path, b"x")


def test_files_and_folders_keep_apart(storage: FileStorage) -> None:
    storage.upload("a/b", b"x")
    for use in (storage.read, storage.delete, storage.open, lambda path: storage.upload(path, b"y")):
        with pytest.raises(IsADirectoryError):
            use("a")
    for path in ("a/b/c", "a/b/c/d"):
        with pytest.raises(NotADirectoryError):
            storage.upload(path, b"x")
    with pytest.raises(FileExistsError):
        storage.make_folder("a/b")
    with pytest.raises(FileExistsError):
        storage.make_folder("a", exist_ok=False)
    with pytest.raises(FileNotFoundError):
        storage.read("a/c")
    with pytest.raises(FileNotFoundError):
        storage.stat("c")
    check_nothing_is_left_over(storage)


def fill(storage: FileStorage) -> None:
    for path in ("a", "d/a.jpg", "d/b.txt", "d/e/c.jpg", "d/e/f/d.jpg", "d0", "d-", "g/[x].jpg", "d2/e.jpg"):
        storage.upload(path, path.encode(), metadata={"depth": path.count("/"), "path": path})


def test_finding(storage: FileStorage) -> None:
    fill(storage)
    assert paths(storage) == [
        "a",
        "d-",
        "d/a.jpg",
        "d/b.txt",
        "d/e/c.jpg",
        "d/e/f/d.jpg",
        "d0",
        "d2/e.jpg",
        "g/[x].jpg",
    ]
    assert paths(storage, "d") == paths(storage, "d/") == ["d/a.jpg", "d/b.txt", "d/e/c.jpg", "d/e/f/d.jpg"]
    assert paths(storage, "d", "*.jpg") == ["d/a.jpg"]
    assert paths(storage, "d", "**/*.jpg") == ["d/a.jpg", "d/e/c.jpg", "d/e/f/d.jpg"]
    assert paths(storage, glob="d/*/?.jpg") == ["d/e/c.jpg"]
    assert paths(storage, glob="d*/[!a-d].jpg") == ["d2/e.jpg"]
    assert paths(storage, glob="[ab]") == ["a"]
    assert paths(storage, "g", "[[]x].jpg") == ["g/[x].jpg"]
    assert paths(storage, glob="**") == paths(storage)
    assert paths(storage, filter={"metadata.depth": {"$gt": 1}}) == ["d/e/c.jpg", "d/e/f/d.jpg"]
    assert paths(storage, "d", "*.txt", {"metadata.depth": 1, "contentType": "text/plain"}) == ["d/b.txt"]
    assert paths(storage, "none") == []


def test_listing_and_walking(storage: FileStorage) -> None:
    fill(storage)
    storage.make_folder("d/empty/inner")
    assert [(info.name, info.is_folder) for info in storage.list_folder("d/")] == [
        ("a.jpg", False),
        ("b.txt", False),
        ("e", True),
        ("empty", True),
    ]
    assert list(storage.walk("d")) == [
        ("d", ["e", "empty"], ["a.jpg", "b.txt"]),
        ("d/e", ["f"], ["c.jpg"]),
        ("d/e/f", [], ["d.jpg"]),
        ("d/empty", ["inner"], []),
        ("d/empty/inner", [], []),
    ]
    assert next(storage.walk())[1] == ["d", "d2", "g"]
    assert list(storage.list_folder("none")) == []


def test_pages_of_a_large_folder(storage: FileStorage) -> None:
    """Files of a folder are listed page by page; their documents are made by hand, for speed."""
    first = storage.upload("big/0", b"x")
    entry = dict(storage.tree.get("big/0") or {})
    names = [f"{number:06}" for number in range(20_000)]
    entry.pop("_id")
    storage.tree.paths.insert_many({**entry, "path": f"big/{name}", "name": name} for name in names)
    found: list[str] = []
    while page := [info.name for info in storage.list_folder("big", after=found[-1] if found else None, limit=3000)]:
        assert len(page) <= 3000
        found += page
    assert found == [first.name, *names]
    query = storage.tree.paths.find({"parent": "big", "name": {"$gt": "019990"}}).sort([("parent", 1), ("name", 1)])
    stats = query.limit(5).explain()["executionStats"] if "executionStats" in query.explain() else None
    assert stats is None or stats["totalDocsExamined"] <= 10


def test_metadata(storage: FileStorage) -> None:
    storage.upload("a", b"x", metadata={"k": 1, "l": [1]})
    modified = storage.stat("a").modified
    assert storage.set_metadata("a", {"m": 2}).metadata == {"m": 2}
    info = storage.stat("a")
    assert (info.metadata, info.modified) == ({"m": 2}, modified)
    with pytest.raises(FileNotFoundError):
        storage.set_metadata("b", {})
    storage.make_folder("f")
    with pytest.raises(IsADirectoryError):
        storage.set_metadata("f", {})


def test_deleting(storage: FileStorage) -> None:
    fill(storage)
    assert storage.delete("a")
    assert not storage.delete("a")
    with pytest.raises(OSError, match="not empty"):
        storage.remove_folder("d")
    storage.remove_folder("d", recursive=True)
    assert paths(storage) == ["d-", "d0", "d2/e.jpg", "g/[x].jpg"]
    with pytest.raises(FileNotFoundError):
        storage.remove_folder("d")
    storage.remove_folder("", recursive=True)
    assert storage.tree.paths.count_documents({}) == 0
    check_nothing_is_left_over(storage)


def test_copying(storage: FileStorage) -> None:
    content = noise(5000)
    storage.upload("a", content, metadata={"k": 1}, content_type="a/b")
    storage.upload("x/b", b"old")
    info = storage.copy("a", "x/b")
    assert (info.metadata, info.content_type, info.length) == ({"k": 1}, "a/b", 5000)
    assert storage.copy("a", "a").path == "a"
    assert storage.contents.chunks.count_documents({}) == 5
    assert storage.read("x/b") == content
    storage.upload("a", b"new")
    assert storage.read("x/b") == content
    storage.copy("x/b", "c")
    storage.delete("x/b")
    assert storage.read("c") == content
    with pytest.raises(FileExistsError):
        storage.copy("a", "c", overwrite=False)
    with pytest.raises(FileNotFoundError):
        storage.copy("none", "c")
    check_nothing_is_left_over(storage)
    storage.delete("c")
    check_nothing_is_left_over(storage)
    storage.contents.files.delete_many({})
    with pytest.raises(CorruptGridFile):
        storage.copy("a", "z")


def test_moving_a_file(storage: FileStorage) -> None:
    storage.upload("a", b"a" * 3000, metadata={"k": 1})
    storage.move("a", "x/y/b")
    storage.move("x/y/b", "x/y/b")
    assert paths(storage) == ["x/y/b"]
    assert (storage.read("x/y/b"), storage.stat("x/y/b").metadata) == (b"a" * 3000, {"k": 1})
    storage.upload("c", b"c")
    with pytest.raises(FileExistsError):
        storage.move("x/y/b", "c", overwrite=False)
    storage.move("x/y/b", "c")
    assert (paths(storage), storage.read("c"), storage.stat("c").metadata) == (["c"], b"a" * 3000, {"k": 1})
    with pytest.raises(IsADirectoryError):
        storage.move("c", "x")
    storage.upload("z", b"")
    with pytest.raises(NotADirectoryError):
        storage.move("c", "z/a")
    with pytest.raises(FileNotFoundError):
        storage.move("none", "d")
    check_nothing_is_left_over(storage)


def test_moving_a_folder(storage: FileStorage) -> None:
    fill(storage)
    storage.upload("d/Ä$ö/$x", b"1")
    storage.make_folder("d/empty")
    with pytest.raises(OSError, match="into itself"):
        storage.move("d", "d/e/g")
    with pytest.raises(FileExistsError):
        storage.move("d", "g")
    storage.move("d", "new/$place")
    moved = ["a.jpg", "b.txt", "e/c.jpg", "e/f/d.jpg", "Ä$ö/$x"]
    assert paths(storage, "new") == [f"new/$place/{path}" for path in moved]
    assert storage.read("new/$place/e/f/d.jpg") == b"d/e/f/d.jpg"
    assert not storage.exists("d")
    assert [name for name, _, _ in storage.walk("new")] == [
        "new",
        "new/$place",
        "new/$place/e",
        "new/$place/e/f",
        "new/$place/empty",
        "new/$place/Ä$ö",
    ]
    assert paths(storage, "d2") == ["d2/e.jpg"]
    check_nothing_is_left_over(storage)


def test_the_same_bytes_once(database: Any, tmp_path: Path) -> None:
    storage = FileStorage(database, deduplicate=True, chunk_size_bytes=1000)
    content = noise(5000)
    on_disk = tmp_path / "a.bin"
    on_disk.write_bytes(content)
    storage.upload("a", content)
    storage.upload("b", io.BytesIO(content), metadata={"k": 1})
    storage.upload("c", on_disk)
    with storage.open("d", "wb") as writer:
        writer.write(content)
    storage.upload("empty", b"")
    storage.upload("empty too", b"")
    assert storage.contents.chunks.count_documents({}) == 5
    assert storage.contents.files.count_documents({}) == 2
    check_nothing_is_left_over(storage)
    storage.upload("a", content)
    storage.delete("b")
    storage.upload("c", b"other")
    assert (storage.read("a"), storage.read("d")) == (content, content)
    storage.delete("a")
    assert storage.read("d") == content
    storage.delete("d")
    assert storage.contents.chunks.count_documents({}) == 1
    storage.upload("a", content)
    assert storage.read("a") == content
    check_nothing_is_left_over(storage)


def test_content_types_of_shared_bytes(database: Any) -> None:
    storage = FileStorage(database, deduplicate=True)
    storage.upload("a.csv", b"1,2")
    storage.upload("a.html", b"1,2")
    storage.upload("a", b"1,2")
    assert [storage.stat(path).content_type for path in ("a.csv", "a.html", "a")] == [
        "text/csv",
        "text/html",
        "text/plain",
    ]


def test_progress(storage: FileStorage, tmp_path: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    content = noise(9 << 20)
    storage.upload("a", content, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(4 << 20, 9 << 20), (8 << 20, 9 << 20), (9 << 20, 9 << 20)]
    calls.clear()
    storage.upload("a", io.BytesIO(content), progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (9 << 20, None)
    calls.clear()
    storage.download("a", tmp_path / "a", progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (9 << 20, 9 << 20)


def in_threads(count: int, work: Any) -> None:
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


@pytest.mark.parametrize("deduplicate", [False, True])
def test_writers_of_the_same_path(database: Any, deduplicate: bool) -> None:
    """Whoever comes last wins, readers see one of the files whole, and nothing is left over."""
    storage = FileStorage(database, deduplicate=deduplicate, chunk_size_bytes=1000)
    contents = [bytes([number % 3]) * 5000 for number in range(6)]
    storage.upload("x/a", contents[0])

    def work(number: int) -> None:
        own = FileStorage(database, deduplicate=deduplicate, chunk_size_bytes=1000)
        for _ in range(10):
            own.upload("x/a", contents[number])
            assert own.read("x/a") in contents
            own.copy("x/a", f"y/{number}")
            if number == 0:
                own.delete("x/a")
                own.upload("x/a", contents[number])

    in_threads(4, lambda number: retry_missing(work, number))
    assert storage.read("x/a") in contents
    check_nothing_is_left_over(storage)


def retry_missing(work: Any, number: int) -> None:
    """Do the work; when the file was deleted by another just then, do it again."""
    for _ in range(50):
        try:
            return work(number)
        except FileNotFoundError:
            continue
    raise AssertionError("the file was missing fifty times")


def test_movers_and_removers_of_folders(database: Any) -> None:
    storage = FileStorage(database)

    def work(number: int) -> None:
        own = FileStorage(database)
        for turn in range(15):
            own.upload(f"f/{number}/{turn}", b"x")
            own.delete(f"f/{number}/{turn}")
            with contextlib.suppress(OSError):  # others have files in it
                own.remove_folder(f"f/{number}")
                own.remove_folder("f")
        own.upload(f"f/{number}/end", b"x")

    in_threads(4, work)
    assert paths(storage) == [f"f/{number}/end" for number in range(4)]
    assert [name for name, _, _ in storage.walk()] == ["", "f", *(f"f/{number}" for number in range(4))]


def test_wants_a_synchronous_database() -> None:
    with pytest.raises(TypeError, match="database must be"):
        FileStorage(AsyncMongoClient(":memory:").files)  # type: ignore[arg-type]
    with MongoClient(":memory:") as client, pytest.raises(ValueError, match="chunk_size_bytes"):
        FileStorage(client.files, chunk_size_bytes=0)
