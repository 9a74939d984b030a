"""PyMongo's GridFS, with checksums, guessed content types, verified reads and uploads that clean up."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import gridfs
from gridfs.errors import FileExists, NoFile
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.common import validate_string
from pymongo.database import Database
from pymongo.errors import PyMongoError

from satchel.files.checksums import Verifier
from satchel.files.grid_fields import Upload, check_empty, may_remove_chunks, read_field, settable_field, written_field


class GridIn(gridfs.GridIn):
    """A `gridfs.GridIn` that stores `md5`, `sha256` and a content type, and leaves nothing behind when it fails.

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

    filename = gridfs.GridIn.filename
    name = gridfs.GridIn.name
    content_type: str | None = settable_field("contentType", when_closed=True)
    md5: str | None = written_field("md5")
    sha256: str = written_field("sha256")

    _upload: Upload

    def __init__(
        self,
        root_collection: Collection[Any],
        session: ClientSession | None = None,
        *,
        disable_md5: bool = False,
        **kwargs: Any,
    ) -> None:
        object.__setattr__(self, "_upload", Upload(disable_md5=disable_md5))
        super().__init__(root_collection, session, **kwargs)

    def _flush_data(self, data: Any, force: bool = False) -> None:
        self._ensure_indexes()
        self._upload.take(data)
        try:
            super()._flush_data(data, force)
        except FileExists:
            raise
        except BaseException:
            self._upload.owns_chunks = True  # some may have arrived
            raise
        if self._position and not self._buffered_docs:
            self._upload.owns_chunks = True

    def _flush_buffer(self, force: bool = False) -> None:
        super()._flush_buffer(force)
        if force:
            self._upload.complete(self._file)

    def close(self) -> None:
        """Send what is left and make the file visible."""
        if self._closed:
            return
        try:
            super().close()
        except BaseException:
            self._give_up()
            raise
        self._upload.finished = True

    def abort(self) -> None:
        """Remove what was uploaded, the file itself if it was closed. Another file with the same `_id` stays."""
        if self._upload.finished:
            super().abort()
            self._upload.finished = False
        elif not self._closed:
            self._mark_closed()
            self._remove_chunks()

    def _give_up(self) -> None:
        """Clean up after an error, which is not to be hidden by a second one."""
        self._mark_closed()
        with contextlib.suppress(PyMongoError):
            self._remove_chunks()

    def _mark_closed(self) -> None:
        object.__setattr__(self, "_closed", True)

    def _remove_chunks(self) -> None:
        if not self._upload.owns_chunks:
            return
        file_id = {"$eq": self._file["_id"]}
        existing = self._coll.files.find_one({"_id": file_id}, {"length": 1}, session=self._session)
        if may_remove_chunks(existing):
            self._coll.chunks.delete_many({"files_id": file_id}, session=self._session)

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        if exc_type is None:
            self.close()
        elif not self._closed:
            self._give_up()


class GridOut(gridfs.GridOut):
    """A `gridfs.GridOut` that is verified when it has been read from the beginning to the end.

    Reading raises CorruptGridFile when chunks are missing, short or too many, when the bytes do not have the checksums
    of the file document, and when the document has no valid `length` or `chunkSize`.
    """

    content_type: str | None = read_field("contentType")
    md5: str | None = read_field("md5")
    sha256: str | None = read_field("sha256")
    aliases: list[str] | None = read_field("aliases")

    def __init__(
        self,
        root_collection: Collection[Any],
        file_id: Any = None,
        file_document: Any = None,
        session: ClientSession | None = None,
    ) -> None:
        self._verifier: Verifier | None = None
        super().__init__(root_collection, file_id, file_document, session)

    def _verify(self) -> Verifier:
        if self._verifier is None:
            self.open()
            self._verifier = verifier = Verifier(self._file)
            if not verifier.length:
                extra = self._chunks.find_one({"files_id": {"$eq": self._id}, "data": {"$ne": b""}}, {"_id": 1})
                check_empty(verifier, extra)
        return self._verifier

    def readchunk(self) -> bytes:
        """Read the rest of the chunk at the current position, as PyMongo does."""
        verifier = self._verify()
        position, is_fetched = self._position, len(self._buffer) == self._buffer_pos
        data = super().readchunk()
        if is_fetched and verifier.length and verifier.take(position, data):
            with contextlib.suppress(StopIteration):
                self._chunk_iter.next()  # raises CorruptGridFile when there is one more
        return data

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes, or all that is left."""
        self._verify()
        return super().read(size)


class GridOutCursor(gridfs.GridOutCursor):
    """A `gridfs.GridOutCursor` of files that are verified when they are read."""

    def next(self) -> GridOut:
        """Return the next file."""
        found = super().next()
        return GridOut(self._root_collection, file_document=found._file, session=self.session)

    __next__ = next  # noqa: A003 - PyMongo's name

    def _clone_base(self, session: ClientSession | None) -> GridOutCursor:
        return GridOutCursor(self._root_collection, session=session)


class GridFS(gridfs.GridFS):
    """A `gridfs.GridFS` whose files have checksums and a content type, and are verified when they are read.

    Args:
        database: As in PyMongo.
        collection: As in PyMongo.
        disable_md5: Store no `md5`.
    """

    def __init__(self, database: Database[Any], collection: str = "fs", disable_md5: bool = False) -> None:
        super().__init__(database, collection)
        self._disable_md5 = disable_md5

    def new_file(self, **kwargs: Any) -> GridIn:
        """Return a new file to write to."""
        return GridIn(self._collection, **{"disable_md5": self._disable_md5, **kwargs})

    def put(self, data: Any, **kwargs: Any) -> Any:
        """Store bytes, text (with `encoding`) or a file object, and return the `_id`."""
        with self.new_file(**kwargs) as file:
            file.write(data)
        return file._id

    def get(self, file_id: Any, session: ClientSession | None = None) -> GridOut:
        """Return a file to read from.

        Raises:
            NoFile: There is none with this `_id`.
        """
        out = GridOut(self._collection, file_id, session=session)
        out.open()
        return out

    def get_version(
        self,
        filename: str | None = None,
        version: int | None = -1,
        session: ClientSession | None = None,
        **kwargs: Any,
    ) -> GridOut:
        """Return a version of a file: 0 is the oldest, -1 the newest.

        Raises:
            NoFile: There is no such version.
        """
        found = super().get_version(filename, version, session, **kwargs)
        return GridOut(self._collection, file_document=found._file, session=session)

    def get_last_version(
        self, filename: str | None = None, session: ClientSession | None = None, **kwargs: Any
    ) -> GridOut:
        """Return the newest version of a file.

        Raises:
            NoFile: There is none.
        """
        return self.get_version(filename, session=session, **kwargs)

    def find(self, *args: Any, **kwargs: Any) -> GridOutCursor:
        """Return the files that a filter matches."""
        return GridOutCursor(self._collection, *args, **kwargs)

    def rename(self, file_id: Any, new_filename: str, session: ClientSession | None = None) -> None:
        """Give a file another name.

        Raises:
            NoFile: There is none with this `_id`.
        """
        _rename(self._collection, {"_id": {"$eq": file_id}}, new_filename, session)

    def rename_by_name(self, filename: str, new_filename: str, session: ClientSession | None = None) -> None:
        """Give all versions of a file another name.

        Raises:
            NoFile: There is none with this name.
        """
        _rename(self._collection, {"filename": filename}, new_filename, session)

    def delete_by_name(self, filename: str, session: ClientSession | None = None) -> None:
        """Delete all versions of a file.

        Raises:
            NoFile: There is none with this name.
        """
        files = self._collection.files.find({"filename": filename}, {"_id": 1}, session=session)
        ids = [file["_id"] for file in files]
        if not ids:
            raise NoFile(f"no file has the name {filename!r}")
        for file_id in ids:
            self.delete(file_id, session)


def _rename(root: Collection[Any], query: Mapping[str, Any], filename: str, session: ClientSession | None) -> None:
    validate_string("new_filename", filename)
    if not root.files.update_many(query, {"$set": {"filename": filename}}, session=session).matched_count:
        raise NoFile(f"no file matches {dict(query)!r}, so none was renamed")


class GridFSBucket(gridfs.GridFSBucket):
    """A `gridfs.GridFSBucket` whose files have checksums and a content type, and are verified when they are read.

    Args:
        db: As in PyMongo.
        args: As in PyMongo.
        disable_md5: Store no `md5`.
        kwargs: As in PyMongo.
    """

    def __init__(self, db: Database[Any], *args: Any, disable_md5: bool = False, **kwargs: Any) -> None:
        super().__init__(db, *args, **kwargs)
        self._disable_md5 = disable_md5

    def open_upload_stream(
        self,
        filename: str,
        chunk_size_bytes: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        session: ClientSession | None = None,
    ) -> GridIn:
        """Return a new file to write to."""
        return self._new_file(filename, chunk_size_bytes, metadata, session)

    def open_upload_stream_with_id(
        self,
        file_id: Any,
        filename: str,
        chunk_size_bytes: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        session: ClientSession | None = None,
    ) -> GridIn:
        """Return a new file with a given `_id` to write to."""
        return self._new_file(filename, chunk_size_bytes, metadata, session, _id=file_id)

    def _new_file(
        self,
        filename: str,
        chunk_size_bytes: int | None,
        metadata: Mapping[str, Any] | None,
        session: ClientSession | None,
        **fields: Any,
    ) -> GridIn:
        validate_string("filename", filename)
        fields["filename"] = filename
        fields["chunk_size"] = chunk_size_bytes if chunk_size_bytes is not None else self._chunk_size_bytes
        if metadata is not None:
            fields["metadata"] = metadata
        return GridIn(self._collection, session, disable_md5=self._disable_md5, **fields)

    def open_download_stream(self, file_id: Any, session: ClientSession | None = None) -> GridOut:
        """Return a file to read from.

        Raises:
            NoFile: There is none with this `_id`.
        """
        out = GridOut(self._collection, file_id, session=session)
        out.open()
        return out

    def open_download_stream_by_name(
        self, filename: str, revision: int = -1, session: ClientSession | None = None
    ) -> GridOut:
        """Return a revision of a file: 0 is the oldest, -1 the newest.

        Raises:
            NoFile: There is no such revision.
        """
        found = super().open_download_stream_by_name(filename, revision, session)
        return GridOut(self._collection, file_document=found._file, session=session)

    def find(self, *args: Any, **kwargs: Any) -> GridOutCursor:
        """Return the files that a filter matches."""
        return GridOutCursor(self._collection, *args, **kwargs)

    def list(self, session: ClientSession | None = None) -> list[str]:
        """Return the names of all files, each once."""
        return [name for name in self._files.distinct("filename", session=session) if name is not None]
