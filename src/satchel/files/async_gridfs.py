"""The asynchronous AsyncGridFS classes: as the synchronous ones in `gridfs.py`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import gridfs
from gridfs.errors import FileExists, NoFile
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.common import validate_string
from pymongo.errors import PyMongoError

from satchel.files.checksums import Verifier
from satchel.files.grid_fields import (
    Upload,
    check_empty,
    may_remove_chunks,
    opened_field,
    settable_field,
    written_field,
)


class AsyncGridIn(gridfs.AsyncGridIn):
    """A `gridfs.AsyncGridIn` that stores `md5`, `sha256` and a content type, and leaves nothing behind when it fails.

    The file is visible from the moment when it is closed. An exception inside the `with` block, or while it is closed,
    removes what was uploaded.

    Args:
        root_collection: As in PyMongo.
        session: As in PyMongo.
        disable_md5: Do without `md5` (`sha256` is always stored).
        kwargs: As in PyMongo: fields of the file document.

    Raises:
        FileExists: On write or close: a file with this `_id` is there already. It stays as it is.
    """

    filename = gridfs.AsyncGridIn.filename
    name = gridfs.AsyncGridIn.name
    content_type: str | None = settable_field("contentType", when_closed=False)
    md5: str | None = written_field("md5")
    sha256: str = written_field("sha256")

    _upload: Upload

    def __init__(
        self,
        root_collection: AsyncCollection[Any],
        session: AsyncClientSession | None = None,
        *,
        disable_md5: bool = False,
        **kwargs: Any,
    ) -> None:
        object.__setattr__(self, "_upload", Upload(disable_md5=disable_md5))
        super().__init__(root_collection, session, **kwargs)

    async def _flush_data(self, data: Any, force: bool = False) -> None:
        await self._ensure_indexes()
        self._upload.take(data)
        try:
            await super()._flush_data(data, force)
        except FileExists:
            raise
        except BaseException:
            self._upload.owns_chunks = True  # some may have arrived
            raise
        if self._position and not self._buffered_docs:
            self._upload.owns_chunks = True

    async def _flush_buffer(self, force: bool = False) -> None:
        await super()._flush_buffer(force)
        if force:
            self._upload.complete(self._file)

    async def close(self) -> None:
        """Send what is left and make the file visible."""
        if self._closed:
            return
        try:
            await super().close()
        except BaseException:
            await self._give_up()
            raise
        self._upload.finished = True

    async def abort(self) -> None:
        """Remove what was uploaded, the file itself if it was closed. Another file with the same `_id` stays."""
        if self._upload.finished:
            await super().abort()
            self._upload.finished = False
        elif not self._closed:
            self._mark_closed()
            await self._remove_chunks()

    async def _give_up(self) -> None:
        """Clean up after an error, which is not to be hidden by a second one."""
        self._mark_closed()
        with contextlib.suppress(PyMongoError):
            await self._remove_chunks()

    def _mark_closed(self) -> None:
        object.__setattr__(self, "_closed", True)

    async def _remove_chunks(self) -> None:
        if not self._upload.owns_chunks:
            return
        file_id = {"$eq": self._file["_id"]}
        existing = await self._coll.files.find_one({"_id": file_id}, {"length": 1}, session=self._session)
        if may_remove_chunks(existing):
            await self._coll.chunks.delete_many({"files_id": file_id}, session=self._session)

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        if exc_type is None:
            await self.close()
        elif not self._closed:
            await self._give_up()


class AsyncGridOut(gridfs.AsyncGridOut):
    """A `gridfs.AsyncGridOut` that is verified when it has been read from the beginning to the end.

    Reading raises CorruptGridFile when chunks are missing, short or too many, when the bytes do not have the checksums
    of the file document, and when the document has no valid `length` or `chunkSize`.
    """

    content_type: str | None = opened_field("contentType")
    md5: str | None = opened_field("md5")
    sha256: str | None = opened_field("sha256")
    aliases: list[str] | None = opened_field("aliases")

    def __init__(
        self,
        root_collection: AsyncCollection[Any],
        file_id: Any = None,
        file_document: Any = None,
        session: AsyncClientSession | None = None,
    ) -> None:
        self._verifier: Verifier | None = None
        super().__init__(root_collection, file_id, file_document, session)

    async def _verify(self) -> Verifier:
        if self._verifier is None:
            await self.open()
            self._verifier = verifier = Verifier(self._file)
            if not verifier.length:
                extra = await self._chunks.find_one({"files_id": {"$eq": self._id}, "data": {"$ne": b""}}, {"_id": 1})
                check_empty(verifier, extra)
        return self._verifier

    async def readchunk(self) -> bytes:
        """Read the rest of the chunk at the current position, as PyMongo does."""
        verifier = await self._verify()
        position, is_fetched = self._position, len(self._buffer) == self._buffer_pos
        data = await super().readchunk()
        if is_fetched and verifier.length and verifier.take(position, data):
            with contextlib.suppress(StopAsyncIteration):
                await self._chunk_iter.next()  # raises CorruptGridFile when there is one more
        return data

    async def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes, or all that is left."""
        await self._verify()
        return await super().read(size)


class AsyncGridOutCursor(gridfs.AsyncGridOutCursor):
    """A `gridfs.AsyncGridOutCursor` of files that are verified when they are read."""

    async def next(self) -> AsyncGridOut:
        """Return the next file."""
        found = await super().next()
        return AsyncGridOut(self._root_collection, file_document=found._file, session=self.session)

    __anext__ = next  # noqa: A003 - PyMongo's name

    def _clone_base(self, session: AsyncClientSession | None) -> AsyncGridOutCursor:
        return AsyncGridOutCursor(self._root_collection, session=session)


class AsyncGridFS(gridfs.AsyncGridFS):
    """A `gridfs.AsyncGridFS` whose files have checksums and a content type, and are verified when they are read.

    Args:
        database: As in PyMongo.
        collection: As in PyMongo.
        disable_md5: Store no `md5`.
    """

    def __init__(self, database: AsyncDatabase[Any], collection: str = "fs", disable_md5: bool = False) -> None:
        super().__init__(database, collection)
        self._disable_md5 = disable_md5

    def new_file(self, **kwargs: Any) -> AsyncGridIn:
        """Return a new file to write to."""
        return AsyncGridIn(self._collection, **{"disable_md5": self._disable_md5, **kwargs})

    async def put(self, data: Any, **kwargs: Any) -> Any:
        """Store bytes, text (with `encoding`) or a file object, and return the `_id`."""
        async with self.new_file(**kwargs) as file:
            await file.write(data)
        return file._id

    async def get(self, file_id: Any, session: AsyncClientSession | None = None) -> AsyncGridOut:
        """Return a file to read from.

        Raises:
            NoFile: There is none with this `_id`.
        """
        out = AsyncGridOut(self._collection, file_id, session=session)
        await out.open()
        return out

    async def get_version(
        self,
        filename: str | None = None,
        version: int | None = -1,
        session: AsyncClientSession | None = None,
        **kwargs: Any,
    ) -> AsyncGridOut:
        """Return a version of a file: 0 is the oldest, -1 the newest.

        Raises:
            NoFile: There is no such version.
        """
        found = await super().get_version(filename, version, session, **kwargs)
        return AsyncGridOut(self._collection, file_document=found._file, session=session)

    async def get_last_version(
        self, filename: str | None = None, session: AsyncClientSession | None = None, **kwargs: Any
    ) -> AsyncGridOut:
        """Return the newest version of a file.

        Raises:
            NoFile: There is none.
        """
        return await self.get_version(filename, session=session, **kwargs)

    def find(self, *args: Any, **kwargs: Any) -> AsyncGridOutCursor:
        """Return the files that a filter matches."""
        return AsyncGridOutCursor(self._collection, *args, **kwargs)

    async def rename(self, file_id: Any, new_filename: str, session: AsyncClientSession | None = None) -> None:
        """Give a file another name.

        Raises:
            NoFile: There is none with this `_id`.
        """
        await _rename(self._collection, {"_id": {"$eq": file_id}}, new_filename, session)

    async def rename_by_name(self, filename: str, new_filename: str, session: AsyncClientSession | None = None) -> None:
        """Give all versions of a file another name.

        Raises:
            NoFile: There is none with this name.
        """
        await _rename(self._collection, {"filename": filename}, new_filename, session)

    async def delete_by_name(self, filename: str, session: AsyncClientSession | None = None) -> None:
        """Delete all versions of a file.

        Raises:
            NoFile: There is none with this name.
        """
        files = self._collection.files.find({"filename": filename}, {"_id": 1}, session=session)
        ids = [file["_id"] async for file in files]
        if not ids:
            raise NoFile(f"no file has the name {filename!r}")
        for file_id in ids:
            await self.delete(file_id, session)


async def _rename(
    root: AsyncCollection[Any], query: Mapping[str, Any], filename: str, session: AsyncClientSession | None
) -> None:
    validate_string("new_filename", filename)
    result = await root.files.update_many(query, {"$set": {"filename": filename}}, session=session)
    if not result.matched_count:
        raise NoFile(f"no file matches {dict(query)!r}, so none was renamed")


class AsyncGridFSBucket(gridfs.AsyncGridFSBucket):
    """A `gridfs.AsyncGridFSBucket` whose files have checksums and a content type, and are verified when they are read.

    Args:
        db: As in PyMongo.
        args: As in PyMongo.
        disable_md5: Store no `md5`.
        kwargs: As in PyMongo.
    """

    def __init__(self, db: AsyncDatabase[Any], *args: Any, disable_md5: bool = False, **kwargs: Any) -> None:
        super().__init__(db, *args, **kwargs)
        self._disable_md5 = disable_md5

    def open_upload_stream(
        self,
        filename: str,
        chunk_size_bytes: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        session: AsyncClientSession | None = None,
    ) -> AsyncGridIn:
        """Return a new file to write to."""
        return self._new_file(filename, chunk_size_bytes, metadata, session)

    def open_upload_stream_with_id(
        self,
        file_id: Any,
        filename: str,
        chunk_size_bytes: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        session: AsyncClientSession | None = None,
    ) -> AsyncGridIn:
        """Return a new file with a given `_id` to write to."""
        return self._new_file(filename, chunk_size_bytes, metadata, session, _id=file_id)

    def _new_file(
        self,
        filename: str,
        chunk_size_bytes: int | None,
        metadata: Mapping[str, Any] | None,
        session: AsyncClientSession | None,
        **fields: Any,
    ) -> AsyncGridIn:
        validate_string("filename", filename)
        fields["filename"] = filename
        fields["chunk_size"] = chunk_size_bytes if chunk_size_bytes is not None else self._chunk_size_bytes
        if metadata is not None:
            fields["metadata"] = metadata
        return AsyncGridIn(self._collection, session, disable_md5=self._disable_md5, **fields)

    async def open_download_stream(self, file_id: Any, session: AsyncClientSession | None = None) -> AsyncGridOut:
        """Return a file to read from.

        Raises:
            NoFile: There is none with this `_id`.
        """
        out = AsyncGridOut(self._collection, file_id, session=session)
        await out.open()
        return out

    async def open_download_stream_by_name(
        self, filename: str, revision: int = -1, session: AsyncClientSession | None = None
    ) -> AsyncGridOut:
        """Return a revision of a file: 0 is the oldest, -1 the newest.

        Raises:
            NoFile: There is no such revision.
        """
        found = await super().open_download_stream_by_name(filename, revision, session)
        return AsyncGridOut(self._collection, file_document=found._file, session=session)

    def find(self, *args: Any, **kwargs: Any) -> AsyncGridOutCursor:
        """Return the files that a filter matches."""
        return AsyncGridOutCursor(self._collection, *args, **kwargs)

    async def list(self, session: AsyncClientSession | None = None) -> list[str]:
        """Return the names of all files, each once."""
        return [name for name in await self._files.distinct("filename", session=session) if name is not None]
