"""The bytes of stored files: GridFS files that nothing changes once they are whole, with a count of who refers to them.

The count decides when bytes may go, and it errs on the safe side: whoever wants to refer to a content first counts up,
then writes the reference; whoever drops a reference first removes it, then counts down. Dying in between leaves a count
that is too high, which `satchel check --repair` puts right, never one that is too low. A count that reached 0 is never
raised again.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bson import ObjectId
from bson.int64 import Int64
from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from satchel.files.content_type import HEAD_BYTES

CHUNK_SIZE_BYTES: Final = 255 * 1024

_BATCH_BYTES: Final = 4 << 20

Content = Mapping[str, Any]
"""The document of a content: that of a GridFS file, with `references`."""


class Contents:
    """The contents of a bucket.

    Args:
        database: Where they are.
        bucket: The name that the collections begin with.
        chunk_size_bytes: The size of the chunks of new contents.
        deduplicate: Keep the same bytes once.
    """

    def __init__(self, database: Database[Any], bucket: str, chunk_size_bytes: int, *, deduplicate: bool) -> None:
        self.files = database[f"{bucket}.files"]
        self.chunks = database[f"{bucket}.chunks"]
        self.chunk_size_bytes = chunk_size_bytes
        self.deduplicate = deduplicate

    def ensure_indexes(self) -> None:
        """Create the indexes of GridFS, and one that keeps the same bytes once."""
        self.files.create_index([("filename", ASCENDING), ("uploadDate", ASCENDING)])
        self.files.create_index([("shared", ASCENDING)], unique=True, sparse=True)
        self.chunks.create_index([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)

    def get(self, content_id: ObjectId) -> Content | None:
        """Return a content."""
        return self.files.find_one({"_id": content_id})

    def acquire(self, content_id: ObjectId) -> bool:
        """Count up, for a reference that is about to be written; False when the content is going or gone."""
        alive = {"_id": content_id, "references": {"$gte": 1}}
        return self.files.update_one(alive, {"$inc": {"references": 1}}).matched_count == 1

    def acquire_same(self, sha256: str) -> Content | None:
        """Count up for the content that has these bytes, if there is one that may be shared."""
        return self.files.find_one_and_update({"shared": sha256}, {"$inc": {"references": 1}})

    def release(self, content_id: ObjectId) -> None:
        """Count down, for a reference that was removed, and remove the bytes after the last one."""
        last = {"_id": content_id, "references": {"$lte": 1}}
        one_of_many = {"_id": content_id, "references": {"$gt": 1}}
        while True:
            if self.files.update_one(last, {"$set": {"references": 0}, "$unset": {"shared": ""}}).matched_count:
                self.remove(content_id)
                return
            if self.files.update_one(one_of_many, {"$inc": {"references": -1}}).matched_count:
                return
            content = self.get(content_id)
            if content is None or "references" not in content:
                return

    def remove(self, content_id: ObjectId) -> None:
        """Remove a content that nothing refers to."""
        self.files.delete_one({"_id": content_id})
        self.chunks.delete_many({"files_id": content_id})

    def read(self, content_id: ObjectId, first: int, last: int) -> Iterator[bytes]:
        """Yield the chunks from number `first` to `last`, as many of them as there are without a gap."""
        numbers = {"$gte": first, "$lte": last}
        query = self.chunks.find({"files_id": content_id, "n": numbers}, {"_id": 0, "n": 1, "data": 1})
        with query.sort("n", ASCENDING).batch_size(max(2, _BATCH_BYTES // CHUNK_SIZE_BYTES)) as chunks:
            for number, chunk in enumerate(chunks, first):
                if chunk["n"] != number:
                    return
                yield chunk["data"]


class ContentWriter:
    """A content on its way: chunks are sent in batches; it is there when `finish` returns.

    Args:
        contents: Where it goes.
        content_id: Its `_id`.
    """

    def __init__(self, contents: Contents, content_id: ObjectId | None = None) -> None:
        self.id = content_id if content_id is not None else ObjectId()
        self.length = 0
        self._contents = contents
        self._digest = hashlib.sha256()
        self._head = b""
        self._buffer = bytearray()
        self._chunk_number = 0
        self._has_sent = False
        self._may_be_whole = False

    @property
    def head(self) -> bytes:
        """The first bytes."""
        return self._head

    def skip(self, data: bytes) -> None:
        """Take in a whole chunk that is in the database already, before anything is written."""
        self._take(data)
        self._chunk_number += 1
        self._has_sent = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take in bytes, and send them when there are enough."""
        self._take(data)
        self._buffer += data
        if len(self._buffer) >= max(_BATCH_BYTES, self._contents.chunk_size_bytes):
            self._send(len(self._buffer) // self._contents.chunk_size_bytes * self._contents.chunk_size_bytes)

    def _take(self, data: bytes | bytearray | memoryview) -> None:
        if len(self._head) < HEAD_BYTES:
            self._head += bytes(data[: HEAD_BYTES - len(self._head)])
        self._digest.update(data)
        self.length += len(data)

    def _send(self, size: int) -> None:
        """Send the first `size` bytes of what is waiting."""
        step = self._contents.chunk_size_bytes
        pieces = [bytes(self._buffer[start : min(start + step, size)]) for start in range(0, size, step)]
        if pieces:
            self._has_sent = True
            self._contents.chunks.insert_many(
                [{"files_id": self.id, "n": n, "data": piece} for n, piece in enumerate(pieces, self._chunk_number)]
            )
        self._chunk_number += len(pieces)
        del self._buffer[:size]

    def finish(self, filename: str, content_type: str) -> Content:
        """Make the content whole, referred to once, and return it; or one that has the same bytes, in its stead."""
        content = self._document(filename, content_type)
        if self._contents.deduplicate and (same := self._contents.acquire_same(content["sha256"])) is not None:
            self.discard()
            return same
        self._send(len(self._buffer))
        while True:
            self._may_be_whole = True
            try:
                self._contents.files.insert_one(content)
            except OperationFailure as error:
                self._may_be_whole = False
                if not isinstance(error, DuplicateKeyError) or "shared" not in content:
                    raise
                # Somebody has just stored the same bytes; unless they are removing them again, theirs will do.
                if (same := self._contents.acquire_same(content["sha256"])) is not None:
                    self.discard()
                    return same
            else:
                return content

    def _document(self, filename: str, content_type: str) -> dict[str, Any]:
        sha256 = self._digest.hexdigest()
        content = {
            "_id": self.id,
            "filename": filename,
            "length": Int64(self.length),
            "chunkSize": self._contents.chunk_size_bytes,
            "uploadDate": datetime.now(UTC),
            "sha256": sha256,
            "contentType": content_type,
            "references": 1,
        }
        return {**content, "shared": sha256} if self._contents.deduplicate else content

    def discard(self) -> None:
        """Remove what was sent of a content that will not be finished; of a finished one, nothing."""
        if self._has_sent and not self._may_be_whole:
            self._contents.chunks.delete_many({"files_id": self.id})

    def give_up(self) -> None:
        """Discard after an error, which is not to be hidden by a second one."""
        with contextlib.suppress(PyMongoError):
            self.discard()
