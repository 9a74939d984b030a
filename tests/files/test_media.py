"""Media fields: pictures by path, from one folder alone; lazily found; nothing of it without a folder."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import InvalidOperation

from satchel import AsyncMongoClient, MongoClient
from satchel.files.async_media import AsyncMediaCollection
from satchel.files.media import LazyMedia, MediaCollection, MediaFields
from satchel.files.media_cache import MediaCache
from satchel.files.media_folder import MAX_BYTES, MediaFolder

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
PICTURES = {
    "a.png": PNG,
    "b.JPG": b"\xff\xd8\xff\xe0 jpeg",
    "c.jpeg": b"\xff\xd8\xff\xe1 jpeg",
    "d.webp": b"RIFF\x10\0\0\0WEBPVP8 ",
    "e.tiff": b"II*\x00 tiff",
    "f.heic": b"\0\0\0\x18ftypheic heic",
    "g.gif": b"GIF89a gif",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "assets"
    (root / "sub").mkdir(parents=True)
    for name, content in PICTURES.items():
        (root / name).write_bytes(content)
    (root / "sub" / "a.png").write_bytes(PNG + b"sub")
    (tmp_path / "secret.png").write_bytes(PNG + b"secret")
    return root


@pytest.fixture
def images(root: Path) -> Iterator[MediaCollection]:
    with MongoClient[dict[str, Any]](":memory:") as client:
        yield MediaCollection(client.app.images, MediaFields(["image", "pages.scan"], root))


class TestFolder:
    def test_every_kind(self, root: Path) -> None:
        folder = MediaFolder(root)
        for name, content in PICTURES.items():
            assert folder.read(name) == content
        assert folder.read("./sub/a.png") == PNG + b"sub"
        assert folder.read(root / "sub" / "a.png") == PNG + b"sub"

    def test_nothing_else(self, root: Path, tmp_path: Path) -> None:
        (root / "out.png").symlink_to(tmp_path / "secret.png")
        (root / "in.png").symlink_to(root / "a.png")
        (root / "away").symlink_to(tmp_path, target_is_directory=True)
        (root / "notes.txt").write_text("notes")
        (root / "notes.png").write_text("notes")
        (root / "jpeg.png").write_bytes(PICTURES["b.JPG"])
        (root / "folder.png").mkdir()
        (root / "empty.png").touch()
        if hasattr(os, "mkfifo"):
            os.mkfifo(root / "pipe.png")
        with open(root / "large.png", "wb") as file:
            file.write(PNG)
            file.truncate(MAX_BYTES + 1)
        folder = MediaFolder(root)
        for path in (
            "../secret.png",
            "sub/../../secret.png",
            "sub/../a.png",
            str(tmp_path / "secret.png"),
            "/etc/passwd",
            "out.png",
            "in.png",
            "away/secret.png",
            "notes.txt",
            "notes.png",
            "jpeg.png",
            "folder.png",
            "empty.png",
            "large.png",
            "a.png/x.png",
            "",
            ".",
            "a\0.png",
            *(["pipe.png"] if hasattr(os, "mkfifo") else []),
        ):
            with pytest.raises(InvalidOperation):
                folder.read(path)
        with pytest.raises(FileNotFoundError):
            folder.read("missing.png")
        with pytest.raises(NotADirectoryError):
            MediaFolder(root / "missing")

    def test_a_race_gives_nothing_from_elsewhere(self, root: Path, tmp_path: Path) -> None:
        """While another changes a folder into a link to outside and back, nothing outside is ever read."""
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "a.png").write_bytes(PNG + b"secret")
        stop = threading.Event()

        def swap() -> None:
            while not stop.is_set():
                (root / "sub").rename(root / "real")
                (root / "sub").symlink_to(outside, target_is_directory=True)
                (root / "sub").unlink()
                (root / "real").rename(root / "sub")

        thread = threading.Thread(target=swap)
        thread.start()
        try:
            folder = MediaFolder(root)
            for _ in range(2000):
                try:
                    assert folder.read("sub/a.png") == PNG + b"sub"
                except (InvalidOperation, FileNotFoundError):
                    continue
        finally:
            stop.set()
            thread.join()

    def test_where_folders_cannot_be_opened_one_by_one(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("satchel.files.media_folder._HAS_DIR_FD", False)
        (root / "out.png").symlink_to(tmp_path / "secret.png")
        (root / "away").symlink_to(tmp_path, target_is_directory=True)
        assert MediaFolder(root).read("sub/a.png") == PNG + b"sub"
        for path in ("out.png", "away/secret.png"):
            with pytest.raises(InvalidOperation):
                MediaFolder(root).read(path)


class TestWriting:
    def test_insert(self, images: MediaCollection) -> None:
        document: dict[str, Any] = {
            "image": "a.png",
            "title": "a.png",
            "pages": [{"scan": "g.gif", "n": 1}, {"scan": None}],
        }
        result = images.insert_one(document)
        assert document["_id"] == result.inserted_id
        assert document["image"] == "a.png"
        images.insert_many([{"_id": 1, "image": Path("sub/a.png")}, {"_id": 2, "image": [b"raw", "d.webp"]}])
        assert list(images.plain.find()) == [
            {
                "image": PNG,
                "title": "a.png",
                "pages": [{"scan": PICTURES["g.gif"], "n": 1}, {"scan": None}],
                "_id": result.inserted_id,
            },
            {"_id": 1, "image": PNG + b"sub"},
            {"_id": 2, "image": [b"raw", PICTURES["d.webp"]]},
        ]
        assert images.plain.count_documents({"image": {"$type": "binData"}}) == 3

    def test_updates(self, images: MediaCollection) -> None:
        images.insert_many([{"_id": 1, "image": b""}, {"_id": 2}])
        images.update_one({"_id": 1}, {"$set": {"image": "a.png", "note": "b.png"}})
        assert images.find_one({"_id": 1}) == {"_id": 1, "image": PNG, "note": "b.png"}
        images.update_many({}, {"$set": {"image": "g.gif"}, "$push": {"pages": {"$each": [{"scan": "a.png"}]}}})
        assert images.find_one({"_id": 2}) == {"_id": 2, "image": PICTURES["g.gif"], "pages": [{"scan": PNG}]}
        images.update_one({"_id": 2}, {"$set": {"pages.0.scan": "d.webp"}})
        images.update_one({"_id": 3}, {"$setOnInsert": {"image": "a.png"}}, upsert=True)
        images.replace_one({"_id": 1}, {"image": "e.tiff"})
        assert [images.find_one({"_id": n})["image"] for n in (1, 3)] == [PICTURES["e.tiff"], PNG]
        assert images.find_one({"_id": 2})["pages"] == [{"scan": PICTURES["d.webp"]}]
        found = images.find_one_and_update({"_id": 1}, {"$set": {"image": "a.png"}}, return_document=True)
        assert found["image"] == PNG
        assert (
            images.find_one_and_replace({"_id": 1}, {"image": "g.gif"}, return_document=True)["image"]
            == PICTURES["g.gif"]
        )
        operations = [InsertOne({"_id": 9, "image": "a.png"}), UpdateOne({"_id": 2}, {"$set": {"image": "a.png"}})]
        images.bulk_write([*operations, ReplaceOne({"_id": 3}, {"image": "g.gif"})])
        assert [images.find_one({"_id": n})["image"] for n in (9, 2, 3)] == [PNG, PNG, PICTURES["g.gif"]]

    def test_what_is_refused_changes_nothing(self, images: MediaCollection) -> None:
        for value in ("../secret.png", "hello", 5, {"a": 1}, ("a.png",)):
            with pytest.raises(InvalidOperation):
                images.insert_many([{"image": "a.png"}, {"image": value}])
            with pytest.raises(InvalidOperation):
                images.update_one({}, {"$set": {"image": value}}, upsert=True)
        with pytest.raises(InvalidOperation):
            images.update_one({}, [{"$set": {"image": "a.png"}}])
        with pytest.raises(FileNotFoundError):
            images.insert_one({"image": "missing.png"})
        assert images.count_documents({}) == 0

    def test_off_without_a_folder(self, images: MediaCollection, root: Path) -> None:
        off = MediaCollection(images.plain, MediaFields(["image"]))
        off.insert_one({"_id": 1, "image": PNG})
        with pytest.raises(InvalidOperation):
            off.insert_one({"image": str(root / "a.png")})
        assert off.find_one() == {"_id": 1, "image": PNG}

    def test_a_command_reads_nothing(self, images: MediaCollection) -> None:
        """What comes over the wire, or by any way but the wrapper's, is text."""
        images.database.command("insert", "images", documents=[{"_id": 1, "image": "a.png"}])
        assert images.find_one() == {"_id": 1, "image": "a.png"}


class TestReading:
    def test_find_is_lazy_and_find_one_is_not(self, images: MediaCollection) -> None:
        images.insert_many([{"_id": n, "image": "a.png", "pages": [{"scan": "g.gif"}, 1]} for n in range(5)])
        assert images.find_one({"_id": 2})["image"] == PNG
        for documents in (
            list(images.find()),
            images.find().to_list(),
            list(images.find().sort("_id", -1).clone()),
            [images.find()[3]],
            [next(images.find().batch_size(2).limit(3))],
            list(images.with_options().find()),
        ):
            for document in documents:
                assert isinstance(document["image"], LazyMedia)
                assert document["image"].size_bytes == len(PNG)
                assert "bytes" in repr(document["image"])
                assert document["image"]() == PNG
                assert document["pages"][0]["scan"]() == PICTURES["g.gif"]
                assert document["pages"][1] == 1
        assert [document["_id"] for document in images.find({"_id": {"$gt": 2}}, {"image": 0})] == [3, 4]

    def test_a_hit_is_what_was_found_and_a_miss_is_what_is_stored(self, images: MediaCollection) -> None:
        images.insert_many([{"_id": 1, "image": "a.png"}, {"_id": 2, "image": ["g.gif", "a.png"]}])
        first, second = images.find()
        images.update_many({}, {"$set": {"image": "d.webp"}})
        assert first["image"]() == PNG
        images.media.cache = MediaCache(0)
        images.insert_one({"_id": 3, "image": ["g.gif", "a.png"]})
        found = images.find_one({"_id": 3})
        third = next(images.find({"_id": 3}))
        assert [media() for media in third["image"]] == found["image"]
        images.update_one({"_id": 3}, {"$set": {"image.1": "d.webp"}})
        assert third["image"][1]() == PICTURES["d.webp"]
        images.delete_one({"_id": 3})
        with pytest.raises(LookupError):
            third["image"][0]()
        assert second["image"][1]() == PNG

    def test_without_an_id_the_bytes_are_kept(self, images: MediaCollection) -> None:
        images.media.cache = MediaCache(0)
        images.insert_one({"_id": 1, "image": "a.png"})
        document = next(images.find({}, {"_id": 0}))
        images.delete_many({})
        assert document["image"]() == PNG


class TestCache:
    def test_it_is_bounded(self) -> None:
        cache = MediaCache(max_bytes=100)
        digests = [cache.put(bytes([number]) * 30) for number in range(4)]
        assert [cache.get(digest) is not None for digest in digests] == [False, True, True, True]
        assert cache.used_bytes == 90
        cache.get(digests[1])
        cache.put(b"x" * 30)
        assert [cache.get(digest) is not None for digest in digests] == [False, True, False, True]
        assert cache.get(cache.put(b"x" * 101)) is None
        cache.put(b"x" * 30)
        assert cache.used_bytes == 90

    def test_it_forgets(self) -> None:
        now = [0.0]
        cache = MediaCache(seconds=10, clock=lambda: now[0])
        digest = cache.put(PNG)
        now[0] = 9.9
        assert cache.get(digest) == PNG
        now[0] = 10
        assert cache.get(digest) is None
        assert cache.used_bytes == 0


async def test_asynchronously(root: Path) -> None:
    async with AsyncMongoClient[dict[str, Any]](":memory:") as client:
        images = AsyncMediaCollection(client.app.images, MediaFields(["image"], root))
        await images.insert_one({"_id": 1, "image": "a.png"})
        await images.insert_many([{"_id": 2, "image": "g.gif"}])
        await images.update_one({"_id": 2}, {"$set": {"image": "d.webp"}})
        await images.update_many({"_id": 2}, {"$set": {"title": "two"}})
        await images.bulk_write([InsertOne({"_id": 3, "image": "a.png"})])
        await images.replace_one({"_id": 3}, {"image": "g.gif"})
        await images.find_one_and_update({"_id": 3}, {"$set": {"image": "e.tiff"}})
        assert (await images.find_one({"_id": 3}))["image"] == PICTURES["e.tiff"]
        await images.find_one_and_replace({"_id": 3}, {"image": "g.gif"})
        expected = [PNG, PICTURES["d.webp"], PICTURES["g.gif"]]
        assert [await document["image"]() async for document in images.find()] == expected
        assert [await document["image"]() for document in await images.with_options().find().to_list()] == expected
        images.media.cache._max_bytes = 0
        documents = await images.find().clone().to_list()
        assert [await document["image"]() for document in documents] == expected
        with pytest.raises(InvalidOperation):
            await images.insert_one({"image": "../secret.png"})
