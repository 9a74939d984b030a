"""Uploads of files on disk that go on where they were cut short.

A document in `<bucket>.uploads` says which file on disk an unfinished content is of. Whoever stores the same file at
the same path again compares the chunks that are there with it, byte by byte, keeps those that are right, and sends the
rest.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import IO, Any, Final

from bson import ObjectId
from bson.int64 import Int64
from pymongo import ReturnDocument

from satchel.files.contents import Content, ContentWriter
from satchel.files.file_info import FileInfo
from satchel.files.file_storage import FileStorage, Progress

_PIECE_BYTES: Final = 4 << 20


class ResumableUpload:
    """An upload that goes on where an earlier one of the same file to the same path ended, however it ended.

    Args:
        storage: Where the file goes.
        path: Its path there.
        source: Its path on disk.
        fields: `metadata` and `contentType`, as far as they are given.
        progress: Told of the bytes that are stored, those of the earlier upload included.
    """

    def __init__(
        self,
        storage: FileStorage,
        path: str,
        source: str | os.PathLike[str],
        fields: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._storage = storage
        self._path = path
        self._source = source
        self._fields = fields or {}
        self._progress = progress or (lambda done, total: None)
        self._uploads = storage.uploads
        self._owner = ObjectId()
        self.resumed_bytes = 0
        """How many bytes were there already."""

    def run(self, *, overwrite: bool = True) -> FileInfo:
        """Store the file.

        Raises:
            OSError: EBUSY when another process goes on with the same upload; ESTALE when the file on disk was changed
                meanwhile; those of `FileStorage.upload`.
        """
        self._storage.check_free(self._path, overwrite=overwrite)
        with open(self._source, "rb") as file:
            content_id = self._claim(file)
            whole = self._storage.contents.get(content_id)
            if whole is not None:
                return self._end(self._place_whole(whole, file, overwrite=overwrite), content_id)
            writer = ContentWriter(self._storage.contents, content_id)
            self._keep(writer, file)
            self._send(writer, file, content_id)
            return self._end(self._storage.commit(self._path, writer, self._fields, overwrite=overwrite), content_id)

    def _claim(self, file: IO[bytes]) -> ObjectId:
        """Return the `_id` of the content, new or of an earlier upload, which is ours from now on."""
        self._version = version = _version(file)
        chunk_size = self._storage.contents.chunk_size_bytes
        same = {"path": self._path, "size": version[0], "modified": version[1], "chunkSize": chunk_size}
        now = datetime.now(UTC)
        change = {"$set": {"owner": self._owner, "seen": now}, "$setOnInsert": {"_id": ObjectId(), "started": now}}
        claimed = self._uploads.find_one_and_update(same, change, upsert=True, return_document=ReturnDocument.AFTER)
        assert claimed is not None
        return claimed["_id"]  # type: ignore[no-any-return]

    def _place_whole(self, content: Content, file: IO[bytes], *, overwrite: bool) -> FileInfo:
        """Go on with an upload that had sent everything."""
        entry = self._storage.tree.get(self._path)
        if entry is not None and entry.get("content") == content["_id"]:
            return FileInfo.of(entry)
        if hashlib.file_digest(file, "sha256").hexdigest() != content["sha256"]:  # type: ignore[arg-type]
            self._uploads.delete_one({"_id": content["_id"]})
            raise OSError(
                errno.ESTALE, "the file was changed since its upload was cut short; put it again", self._source
            )
        self.resumed_bytes = int(content["length"])
        return self._storage.place(self._path, content, self._fields, overwrite=overwrite)

    def _keep(self, writer: ContentWriter, file: IO[bytes]) -> None:
        """Take over the chunks that are there and right, and remove the others."""
        size, (length, _) = self._storage.contents.chunk_size_bytes, self._version
        kept = 0
        for chunk in self._storage.contents.read(writer.id, 0, length // size):
            if len(chunk) != size or file.read(size) != chunk:
                break
            writer.skip(chunk)
            kept += 1
            self._progress(writer.length, length)
        self._storage.contents.chunks.delete_many({"files_id": writer.id, "n": {"$gte": kept}})
        self.resumed_bytes = kept * size
        file.seek(self.resumed_bytes)

    def _send(self, writer: ContentWriter, file: IO[bytes], content_id: ObjectId) -> None:
        ours = {"_id": content_id, "owner": self._owner}
        while (piece := file.read(_PIECE_BYTES)) and writer.length < self._version[0]:
            if not self._uploads.update_one(ours, {"$set": {"seen": datetime.now(UTC)}}).matched_count:
                raise OSError(errno.EBUSY, "another process goes on with this upload", self._source)
            writer.write(piece)
            self._progress(writer.length, self._version[0])
        if _version(file) != self._version or writer.length != self._version[0]:
            raise OSError(errno.ESTALE, "the file was changed while it was read", self._source)

    def _end(self, info: FileInfo, content_id: ObjectId) -> FileInfo:
        self._uploads.delete_one({"_id": content_id})
        return info


def _version(file: IO[bytes]) -> tuple[Int64, Int64]:
    """Return the size of a file on disk and when it was changed."""
    status = os.fstat(file.fileno())
    return Int64(status.st_size), Int64(status.st_mtime_ns)
