"""Files by path: `FileStorage`."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, Final, Literal, TypeAlias, overload

from gridfs.errors import CorruptGridFile
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from satchel.files.content_type import HEAD_BYTES, guess_content_type
from satchel.files.contents import CHUNK_SIZE_BYTES, Content, Contents, ContentWriter
from satchel.files.file_info import FileInfo
from satchel.files.file_writer import FileWriter
from satchel.files.paths import ROOT, ancestors, check_folder, check_path, glob_pattern, join, literal_folder
from satchel.files.reader import BufferedContent, ContentReader
from satchel.files.source import Source, opened, whole_file
from satchel.files.tree import FILE, FOLDER, Entry, Tree

Progress: TypeAlias = Callable[[int, int | None], object]
"""Is called with the bytes that are done, and with how many there are, when that is known."""

BUCKET: Final = "files"

_PIECE_BYTES: Final = 4 << 20
_BUFFER_BYTES: Final = 256 << 10
_ATTEMPTS: Final = 10


class FileStorage:
    """Files that are addressed by path, in a database.

    A path has a file whole, or it has none, or it has the one that was there before: also while several write to it,
    and when a process is killed or the disk is full. `satchel.files.paths` says what a path is. The bytes are GridFS
    files in the collections `<bucket>.files` and `<bucket>.chunks`, the paths documents in `<bucket>.paths`; leave
    changing these to FileStorage.

    Args:
        database: A synchronous database of Satchel or of a MongoDB server.
        bucket: The name that the collections begin with.
        deduplicate: Keep the same bytes, by their SHA-256, once. Copies share their bytes in any case.
        chunk_size_bytes: The size of the chunks of files that are stored from now on.
        litedb_ids: Allow only paths that LiteDB allows as the `_id` of a file.
    """

    def __init__(
        self,
        database: Database[Any],
        bucket: str = BUCKET,
        *,
        deduplicate: bool = False,
        chunk_size_bytes: int = CHUNK_SIZE_BYTES,
        litedb_ids: bool = False,
    ) -> None:
        if not isinstance(database, Database):
            raise TypeError(f"database must be a pymongo Database, not {type(database).__name__}")
        if not 1 <= chunk_size_bytes <= 15 << 20:
            raise ValueError("chunk_size_bytes must be between 1 and 15 MiB")
        self.contents = Contents(database, bucket, chunk_size_bytes, deduplicate=deduplicate)
        self.tree = Tree(database, bucket)
        self.uploads = database[f"{bucket}.uploads"]
        self._litedb_ids = litedb_ids
        self._has_indexes = False

    def _path(self, path: str) -> str:
        return check_path(path, litedb_ids=self._litedb_ids)

    def _folder(self, path: str) -> str:
        return check_folder(path, litedb_ids=self._litedb_ids)

    def _prepare(self) -> None:
        """Create the indexes that writers need, once."""
        if not self._has_indexes:
            self.contents.ensure_indexes()
            self.tree.ensure_indexes()
            self._has_indexes = True

    def upload(
        self,
        path: str,
        source: Source,
        *,
        metadata: Mapping[str, Any] | None = None,
        content_type: str | None = None,
        overwrite: bool = True,
        progress: Progress | None = None,
    ) -> FileInfo:
        """Store a file.

        Args:
            path: Where. What is there stays until the new file is whole.
            source: Bytes, the path of a file on disk (text too is such a path), or a binary file object, read to its
                end.
            metadata: Goes with the file; None keeps what the path has.
            content_type: The MIME type; None guesses it, from the name and then from the first bytes.
            overwrite: Whether a file at this path is replaced.
            progress: Told of the bytes that were taken in.

        Raises:
            ValueError: `path` is no path.
            FileExistsError: There is a file, and `overwrite` is False.
            IsADirectoryError: There is a folder at this path.
            NotADirectoryError: A part of the path is a file.
            PyMongoError: The database could not take it, for a full disk for instance. The old file is still there.
        """
        fields = _given(metadata, content_type)
        self.check_free(path, overwrite=overwrite)
        with opened(source) as (file, size):
            if size is not None and (same := self._same_bytes(file)) is not None:
                fields.setdefault("contentType", guess_content_type(path, file.read(HEAD_BYTES)))
                return self.place(path, same, fields, overwrite=overwrite)
            with self.open_writer(path, "wb" if overwrite else "xb", fields) as writer:
                while piece := file.read(_PIECE_BYTES):
                    writer.write(piece)
                    if progress is not None:
                        progress(writer.tell(), size)
        assert writer.info is not None
        return writer.info

    def check_free(self, path: str, *, overwrite: bool) -> None:
        """Refuse, before bytes are moved, what would be refused afterwards; the errors are those of `upload`."""
        entry = self.tree.get(self._path(path))
        if entry is not None and entry["kind"] == FOLDER:
            raise IsADirectoryError(errno.EISDIR, "it is a folder", path)
        if entry is not None and not overwrite:
            raise FileExistsError(errno.EEXIST, "there is a file already", path)
        self._prepare()

    def _same_bytes(self, source: IO[bytes]) -> Content | None:
        """Return a content that has the bytes of a source which can be read twice, counted up for a reference."""
        if not self.contents.deduplicate:
            return None
        sha256 = hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]
        source.seek(0)
        return self.contents.acquire_same(sha256)

    def commit(self, path: str, writer: ContentWriter, fields: Mapping[str, Any], *, overwrite: bool) -> FileInfo:
        """Finish a content and put it at a path."""
        content_type = fields.get("contentType") or guess_content_type(path, writer.head)
        content = writer.finish(path, content_type)
        return self.place(path, content, {**fields, "contentType": content_type}, overwrite=overwrite)

    def place(self, path: str, content: Content, fields: Mapping[str, Any], *, overwrite: bool) -> FileInfo:
        """Put a content, which was counted up for it, at a path in one update, and let go of what was there.

        Args:
            path: Where.
            content: A document of `<bucket>.files`.
            fields: Further fields of the path's document: `metadata`, `contentType`.
            overwrite: Whether a file at this path is replaced.
        """
        new = {
            "content": content["_id"],
            "length": content["length"],
            "chunkSize": content["chunkSize"],
            "sha256": content["sha256"],
            "contentType": content["contentType"],
            **fields,
        }
        try:
            self.tree.ensure_folders(ancestors(path))
            entry, before = self.tree.put(path, new, overwrite=overwrite)
        except (OSError, OperationFailure):
            # After another error (a lost connection) the path may refer to it: the count stays, and `check` sees to it.
            self._let_go(content["_id"])
            raise
        if before is not None:
            self._let_go(before["content"])
        # The folder may have been removed, as empty, a moment before the file was in it.
        self.tree.ensure_folders(ancestors(path))
        return FileInfo.of(entry)

    def _let_go(self, content_id: Any) -> None:
        """Count down for a reference that is gone. The paths are right already; what stays is found by `check`."""
        with contextlib.suppress(PyMongoError):
            self.contents.release(content_id)

    @overload
    def open(
        self, path: str, mode: Literal["rb"] = "rb", *, metadata: None = None, content_type: None = None
    ) -> BufferedContent: ...

    @overload
    def open(
        self,
        path: str,
        mode: Literal["wb", "xb", "ab"],
        *,
        metadata: Mapping[str, Any] | None = None,
        content_type: str | None = None,
    ) -> FileWriter: ...

    def open(
        self,
        path: str,
        mode: str = "rb",
        *,
        metadata: Mapping[str, Any] | None = None,
        content_type: str | None = None,
    ) -> BufferedContent | FileWriter:
        """Open a file, to read it with `seek`, or to write it.

        Args:
            path: Of the file.
            mode: `rb` reads, `wb` writes, `xb` writes where no file is, `ab` writes what is there and more.
            metadata: As of `upload`.
            content_type: As of `upload`.

        Raises:
            FileNotFoundError: On reading: there is none.
            OSError: The errors of `upload`, on opening or closing.
            CorruptGridFile: On reading to the end: the bytes are not those that were stored.
        """
        if mode == "rb":
            return BufferedContent(self.open_raw(path), _BUFFER_BYTES)
        return self.open_writer(path, mode, _given(metadata, content_type))

    def open_writer(
        self, path: str, mode: str, fields: Mapping[str, Any] | None = None, *, autocommit: bool = True
    ) -> FileWriter:
        """Open a file to write it, as `open` does.

        Args:
            path: Of the file.
            mode: As of `open`.
            fields: As of `place`.
            autocommit: Whether closing puts the file at its path, or only `commit`.
        """
        if mode not in {"wb", "xb", "ab"}:
            raise ValueError(f"the mode is one of rb, wb, xb, ab; not {mode!r}")
        overwrite = mode != "xb"
        self.check_free(path, overwrite=overwrite)

        def place(content: ContentWriter) -> FileInfo:
            return self.commit(path, content, fields or {}, overwrite=overwrite)

        writer = FileWriter(ContentWriter(self.contents), place, autocommit=autocommit)
        if mode == "ab" and self.exists(path):
            with self.open_raw(path) as old:
                while piece := old.read(_PIECE_BYTES):
                    writer.write(piece)
        return writer

    def open_raw(self, path: str) -> ContentReader:
        """Open a file to read it, without a buffer.

        Raises:
            FileNotFoundError: There is none.
            IsADirectoryError: It is a folder.
        """
        return ContentReader(self.contents, self.tree.file(self._path(path)))

    def read(self, path: str) -> bytes:
        """Return the bytes of a file, verified.

        Raises:
            FileNotFoundError: There is none.
            CorruptGridFile: The bytes are not those that were stored.
        """
        target = io.BytesIO()
        self._download(path, target, None)
        return target.getvalue()

    def download(
        self, path: str, target: str | os.PathLike[str] | IO[bytes], *, progress: Progress | None = None
    ) -> None:
        """Copy a file to disk, where it appears whole or not at all, or to a binary file object.

        Args:
            path: Of the file.
            target: The path on disk, whose folder is there, or a file object.
            progress: Told of the bytes that were handed out.

        Raises:
            FileNotFoundError: There is none.
            CorruptGridFile: The bytes are not those that were stored. A file object has got a part of them by then.
        """
        if not isinstance(target, str | os.PathLike):
            self._copy_bytes(path, target, progress)
            return
        with whole_file(target) as file:
            self._download(path, file, progress)

    def _download(self, path: str, target: IO[bytes], progress: Progress | None) -> None:
        """Copy a file to where it can begin anew, when it is replaced meanwhile."""
        for attempt in range(_ATTEMPTS):
            try:
                self._copy_bytes(path, target, progress)
            except OSError as error:
                if error.errno != errno.ESTALE or attempt == _ATTEMPTS - 1:
                    raise
                target.seek(0)
                target.truncate()
            else:
                return

    def _copy_bytes(self, path: str, target: IO[bytes], progress: Progress | None) -> None:
        with self.open_raw(path) as reader:
            while piece := reader.read(_PIECE_BYTES):
                target.write(piece)
                if progress is not None:
                    progress(reader.tell(), reader.size)

    def verify(self, path: str) -> FileInfo:
        """Read a file, compare it with its checksum, and return what is known of it.

        Raises:
            FileNotFoundError: There is none.
            CorruptGridFile: The bytes are not those that were stored.
        """
        entry = self.tree.file(self._path(path))
        with ContentReader(self.contents, entry) as reader:
            while reader.read(_PIECE_BYTES):
                pass
        return FileInfo.of(entry)

    def stat(self, path: str) -> FileInfo:
        """Return what is known of a file or folder.

        Raises:
            FileNotFoundError: There is neither.
        """
        entry = self.tree.get(self._path(path))
        if entry is None:
            raise FileNotFoundError(errno.ENOENT, "no such file or folder", path)
        return FileInfo.of(entry)

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or folder."""
        return self.tree.get(self._path(path)) is not None

    def set_metadata(self, path: str, metadata: Mapping[str, Any]) -> FileInfo:
        """Replace the metadata of a file; its bytes stay as they are.

        Raises:
            FileNotFoundError: There is none.
        """
        entry = self.tree.file(self._path(path))
        self.tree.paths.update_one({"_id": entry["_id"]}, {"$set": {"metadata": dict(metadata)}})
        return FileInfo.of({**entry, "metadata": dict(metadata)})

    def find(
        self,
        folder: str = ROOT,
        glob: str | None = None,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> Iterator[FileInfo]:
        """Yield files by path.

        Args:
            folder: Where to look, at any depth: `$/photos/` or `$/photos`.
            glob: Of the path below that folder: `*.jpg`, `**/*.jpg`, `201?/[ab]*`.
            filter: A MongoDB filter on the documents of the paths: `{"metadata.author": "Ada", "length": {"$gt": 9}}`.
        """
        folder = self._folder(folder)
        conditions: list[Mapping[str, Any]] = [{"kind": FILE}]
        if glob is not None:
            conditions.append({"path": {"$regex": glob_pattern(folder, glob)}})
            folder = literal_folder(folder, glob)
        if filter:
            conditions.append(filter)
        for entry in self.tree.descendants(folder, {"$and": conditions}):
            yield FileInfo.of(entry)

    def list_folder(self, folder: str = ROOT, *, after: str | None = None, limit: int = 0) -> Iterator[FileInfo]:
        """Yield the files and folders that are in a folder, by name.

        Args:
            folder: The folder; one that is not there has nothing in it.
            after: The name to begin after, for the next page.
            limit: How many at most; 0 means all.
        """
        for entry in self.tree.children(self._folder(folder), after, limit):
            yield FileInfo.of(entry)

    def walk(self, folder: str = ROOT) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yield, as `os.walk` does, each folder from the top down, with the names of the folders and files in it."""
        folder = self._folder(folder)
        folders: list[str] = []
        files: list[str] = []
        for entry in self.tree.children(folder):
            (folders if entry["kind"] == FOLDER else files).append(entry["name"])
        yield folder, folders, files
        for name in folders:
            yield from self.walk(join(folder, name))

    def delete(self, path: str) -> bool:
        """Delete a file, and tell whether there was one.

        Raises:
            IsADirectoryError: It is a folder.
        """
        self._path(path)
        while True:
            try:
                entry = self.tree.file(path)
            except FileNotFoundError:
                return False
            if self.tree.remove(entry):
                self._let_go(entry["content"])
                return True

    def make_folder(self, folder: str, *, exist_ok: bool = True) -> None:
        """Make a folder, and those that it lies in.

        Raises:
            FileExistsError: It is there, and that is not `exist_ok`; or a file is.
            NotADirectoryError: A part of the path is a file.
        """
        entry = self.tree.get(self._path(folder))
        if entry is not None and (entry["kind"] == FILE or not exist_ok):
            raise FileExistsError(errno.EEXIST, f"there is a {entry['kind']} already", folder)
        self._prepare()
        self.tree.ensure_folders([folder, *ancestors(folder)])

    def remove_folder(self, folder: str, *, recursive: bool = False) -> None:
        """Remove an empty folder or, with `recursive`, everything in it too.

        Raises:
            FileNotFoundError: There is no such folder.
            OSError: ENOTEMPTY.
        """
        folder = self._folder(folder)
        if recursive:
            for entry in self.tree.descendants(folder, {"kind": FILE}):
                if self.tree.remove(entry):
                    self._let_go(entry["content"])
            for path in sorted((entry["path"] for entry in self.tree.descendants(folder)), key=len, reverse=True):
                self.tree.remove_folder(path)
        if folder != ROOT:
            self.tree.remove_folder(folder)

    def copy(self, source: str, target: str, *, overwrite: bool = True) -> FileInfo:
        """Copy a file with its metadata, without its bytes: both refer to the same ones until one gets others.

        Raises:
            FileNotFoundError: There is no file at `source`.
            OSError: The errors of `upload` for `target`.
        """
        self.check_free(target, overwrite=overwrite)
        while True:
            entry = self.tree.file(self._path(source))
            if source == target:
                return FileInfo.of(entry)
            if self.contents.acquire(entry["content"]):
                return self.place(target, _content_of(entry), _carried(entry), overwrite=overwrite)
            if self.tree.get(source) == entry:
                raise CorruptGridFile(f"the bytes of {source!r} are missing")

    def move(self, source: str, target: str, *, overwrite: bool = True) -> None:
        """Give a file or folder another path.

        A file moves in one update; in the place of another file it is for a moment at both paths. Of a folder, all
        that is below it moves in one command.

        Args:
            source: The path of the file or folder.
            target: Its new path: itself, not a folder to put it in.
            overwrite: Whether a file at `target` is replaced. A folder replaces nothing.

        Raises:
            FileNotFoundError: There is nothing at `source`.
            FileExistsError: `target` is there, and is not to be, or cannot be, replaced.
            OSError: EINVAL when a folder would go into itself; the errors of `upload` for `target`.
        """
        self._prepare()
        self._path(target)
        entry = self.tree.get(self._path(source))
        if entry is None:
            raise FileNotFoundError(errno.ENOENT, "no such file or folder", source)
        if source == target:
            return
        if entry["kind"] == FOLDER:
            self._move_folder(source, target)
        else:
            self._move_file(source, target, overwrite=overwrite)

    def _move_file(self, source: str, target: str, *, overwrite: bool) -> None:
        while True:
            entry = self.tree.file(source)
            with contextlib.suppress(DuplicateKeyError):
                if self.tree.rename(entry, target):
                    return
                continue
            self.check_free(target, overwrite=overwrite)
            if self.contents.acquire(entry["content"]):
                self.place(target, _content_of(entry), _carried(entry), overwrite=overwrite)
                if self.tree.remove(entry):
                    self._let_go(entry["content"])
                return

    def _move_folder(self, source: str, target: str) -> None:
        if target.startswith(f"{source}/"):
            raise OSError(errno.EINVAL, "a folder cannot go into itself", source, None, target)
        try:
            self.tree.rename_folder(source, target)
        except DuplicateKeyError:
            raise FileExistsError(errno.EEXIST, "it is there already", target) from None


def _given(metadata: Mapping[str, Any] | None, content_type: str | None) -> dict[str, Any]:
    """Return the fields that a caller gave."""
    fields = {"metadata": None if metadata is None else dict(metadata), "contentType": content_type}
    return {name: value for name, value in fields.items() if value is not None}


def _content_of(entry: Entry) -> Content:
    """Return what `place` wants to know of the content of an entry."""
    return {**entry, "_id": entry["content"]}


def _carried(entry: Entry) -> dict[str, Any]:
    """Return the fields that go along with a file."""
    return {"metadata": entry["metadata"], "contentType": entry["contentType"]}
