"""Checking the files of a database: GridFS buckets, and the paths of FileStorage.

A problem is something that is wrong. A leaving is what a writer that died left behind, which nobody can see and which
takes space: chunks without a file, a content that no path refers to, a count of references that is too high. A writer
that is at work looks the same, so leavings are taken for such only when nobody else has the database open, or by age.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from gridfs.errors import CorruptGridFile
from pymongo.database import Database

from satchel.files.contents import CHUNK_SIZE_BYTES, Contents
from satchel.files.gridfs import GridOut
from satchel.files.paths import ancestors
from satchel.files.tree import FILE, Tree

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a writer that died left behind, or one that is at work has not finished.

    Attributes:
        what: For people.
        written: When it was last written to, if that is known.
        chunks: The `_id`s of chunks without a file.
        content: The `_id` of the file that they belong to, of a content without a path, or of one with a wrong count.
        counted: The count of references that it has.
        found: How many there are.
    """

    what: str
    written: datetime | None
    content: Any
    chunks: tuple[Any, ...] = ()
    counted: int | None = None
    found: int = 0

    def is_dead(self, now: datetime, *, alone: bool, hours: float) -> bool:
        """Tell whether nobody is at work on it any more.

        Args:
            now: The time.
            alone: Whether nobody else had the database open since the leaving was found.
            hours: How old it has to be otherwise.
        """
        if alone:
            return True
        return self.written is not None and (now - self.written).total_seconds() > hours * 3600


def bucket_names(database: Database[Any]) -> list[str]:
    """Return the names of the buckets in a database."""
    names = set(database.list_collection_names())
    files = {name.removesuffix(".files") for name in names if name.endswith(".files")}
    return sorted(bucket for bucket in files if bucket and f"{bucket}.chunks" in names)


class BucketAudit:
    """Checks one bucket.

    Args:
        database: Where it is.
        bucket: Its name.
    """

    def __init__(self, database: Database[Any], bucket: str) -> None:
        self.bucket = bucket
        self._root = database[bucket]
        self._contents = Contents(database, bucket, CHUNK_SIZE_BYTES, deduplicate=False)
        self._tree = Tree(database, bucket)
        self._uploads = self._root.uploads

    @property
    def file_count(self) -> int:
        """How many files the bucket has."""
        return self._contents.files.count_documents({})

    def problems(self) -> Iterator[str]:
        """Read every file, compare it with its document, and the paths with the files; yield what is wrong."""
        for document in self._contents.files.find().sort("_id", 1):
            if (wrong := self._verify(document)) is not None:
                yield f"file {document['_id']!r} ({document.get('filename')!r}): {wrong}"
        for entry in self._tree.paths.find():
            if (wrong := self._check_path(entry)) is not None:
                yield f"path {entry.get('path')!r}: {wrong}"

    def _verify(self, document: Mapping[str, Any]) -> str | None:
        out = GridOut(self._root, file_document=document)
        try:
            if not out.read(1):
                return None
            while out.readchunk():
                pass
        except CorruptGridFile as error:
            still_there = self._contents.get(document["_id"]) == document
            return str(error) if still_there else None  # somebody is just deleting it
        return None

    def _check_path(self, entry: Mapping[str, Any]) -> str | None:
        if entry["kind"] != FILE:
            return None
        content = self._contents.get(entry["content"])
        fields = ("length", "chunkSize", "sha256")
        if content is None:
            wrong = f"its bytes, file {entry['content']!r}, are missing"
        elif [content.get(field) for field in fields] != [entry.get(field) for field in fields]:
            wrong = f"it says something else than its bytes, file {entry['content']!r}"
        elif int(content.get("references", 0)) < self._references(entry["content"]):
            wrong = f"its bytes, file {entry['content']!r}, count too few references"
        else:
            return None
        return wrong if self._tree.get(entry["path"]) == entry else None

    def _references(self, content_id: Any) -> int:
        return self._tree.paths.count_documents({"content": content_id})

    def lost_folders(self) -> list[str]:
        """Return the folders that have something in them, but are not there themselves."""
        lost = set()
        for entry in self._tree.paths.find({}, {"path": 1}):
            for folder in ancestors(entry["path"]):
                if folder in lost or self._tree.get(folder) is not None:
                    break
                lost.add(folder)
        return sorted(lost)

    def make_folders(self, folders: list[str]) -> None:
        """Make lost folders."""
        for folder in folders:
            self._tree.ensure_folders([folder])

    def leavings(self) -> Iterator[Leaving]:
        """Yield what writers that died, or are at work, have not finished."""
        yield from self._orphans()
        yield from self._markers()
        for content in self._contents.files.find({"references": {"$exists": True}}):
            found, counted = self._references(content["_id"]), content["references"]
            name = f"file {content['_id']!r} ({content.get('filename')!r})"
            if not found:
                what = f"{name}: no path refers to it"
                yield Leaving(what, _aware(content.get("uploadDate")), content["_id"], counted=counted)
            elif found < counted:
                what = f"{name}: it counts {counted} references, and has {found}"
                yield Leaving(what, None, content["_id"], counted=counted, found=found)

    def _orphans(self) -> Iterator[Leaving]:
        group = {"_id": "$files_id", "newest": {"$max": "$_id"}}
        for row in self._contents.chunks.aggregate([{"$project": {"files_id": 1}}, {"$group": group}]):
            if self._contents.files.find_one({"_id": row["_id"]}, {"_id": 1}) is not None:
                continue
            chunks = tuple(chunk["_id"] for chunk in self._contents.chunks.find({"files_id": row["_id"]}, {"_id": 1}))
            written = row["newest"].generation_time if isinstance(row["newest"], ObjectId) else None
            yield Leaving(
                f"{len(chunks)} chunks of file {row['_id']!r}, which is not there", written, row["_id"], chunks
            )

    def _markers(self) -> Iterator[Leaving]:
        """Yield what says that an upload may be continued, where nothing is left to continue."""
        for marker in self._uploads.find():
            if self._contents.chunks.find_one({"files_id": marker["_id"]}, {"_id": 1}) is None or self._contents.get(
                marker["_id"]
            ):
                what = f"a note of an unfinished upload to {marker.get('path')!r}"
                yield Leaving(what, _aware(marker.get("seen")), marker["_id"])

    def remove(self, leaving: Leaving) -> None:
        """Remove a leaving that is dead, unless it has come to life."""
        if leaving.counted is not None:
            self._put_right(leaving)
        elif self._contents.files.find_one({"_id": leaving.content}, {"_id": 1}) is None:
            for start in range(0, len(leaving.chunks), _BATCH):
                self._contents.chunks.delete_many({"_id": {"$in": leaving.chunks[start : start + _BATCH]}})
        if leaving.counted is None or not leaving.found:
            self._uploads.delete_one({"_id": leaving.content})

    def _put_right(self, leaving: Leaving) -> None:
        as_it_was = {"_id": leaving.content, "references": leaving.counted}
        if leaving.found:
            self._contents.files.update_one(as_it_was, {"$set": {"references": leaving.found}})
            return
        gone = {"$set": {"references": 0}, "$unset": {"shared": ""}}
        if self._contents.files.update_one(as_it_was, gone).matched_count:
            self._contents.remove(leaving.content)


def _aware(moment: Any) -> datetime | None:
    if not isinstance(moment, datetime):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
