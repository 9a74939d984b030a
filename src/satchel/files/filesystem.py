"""Stored files as an fsspec file system: `satchel://`, for pandas, pyarrow, zarr and whatever else knows fsspec.

fs = fsspec.filesystem("satchel", path="app.db")
fs.ls("photos")
pandas.read_csv("satchel://tables/a.csv", storage_options={"path": "app.db"})
pandas.read_csv("satchel://tables/a.csv::/srv/app.db")
"""

from __future__ import annotations

import errno
import os
import weakref
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from fsspec import AbstractFileSystem
from fsspec.compression import compr
from fsspec.core import get_compression, has_magic
from fsspec.utils import stringify_path

from satchel.driver import MongoClient
from satchel.files.file_info import FileInfo
from satchel.files.file_storage import BUCKET, FileStorage
from satchel.files.file_writer import CompressingWriter, FileWriter, TextWriter
from satchel.files.paths import ROOT, split
from satchel.files.reader import BufferedContent

_PREFIX: Final = "satchel://"
_TEXT_OPTIONS: Final = ("encoding", "errors", "newline")


class _WorkingFolder:
    """The current folder, which a relative path of a database depends on, as an attribute of the class."""

    def __get__(self, instance: object, owner: type) -> str:
        return os.getcwd()


class SatchelFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """The files of a `FileStorage`. A file appears whole, when what writes it is closed.

    Args:
        path: The file of the database, or the `mongodb://` URL of a server.
        database: The name of the database.
        bucket: The name that the collections begin with.
        deduplicate: As of `FileStorage`.
        storage_options: `encryption_key`, the key of an encrypted file; `fo`, what a chained URL says instead of
            `path`; fsspec's own.
    """

    protocol = "satchel"
    root_marker = ROOT

    # fsspec hands out the same instance for the same arguments.
    _extra_tokenize_attributes = ("_working_folder",)
    _working_folder = _WorkingFolder()

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        database: str = BUCKET,
        bucket: str = BUCKET,
        *,
        deduplicate: bool = False,
        **storage_options: Any,
    ) -> None:
        super().__init__(**storage_options)
        if storage_options.get("target_protocol") not in {None, "file", "local"}:
            raise ValueError(f"a database cannot be opened through {storage_options['target_protocol']}://")
        where = path if path is not None else storage_options.get("fo")
        if where is None:
            raise ValueError('which database? Pass path="app.db", or satchel://path/of/a/file::/path/of/app.db')
        client = MongoClient[dict[str, Any]](where, encryption_key=storage_options.get("encryption_key"))
        self.storage = FileStorage(client[database], bucket, deduplicate=deduplicate)
        self.close = weakref.finalize(self, client.close)
        """Close the database."""

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(each) for each in path]
        return stringify_path(path).removeprefix(_PREFIX).strip("/")

    @staticmethod
    def _info(info: FileInfo) -> dict[str, Any]:
        found = {
            "name": info.path,
            "size": info.length,
            "type": "directory" if info.is_folder else "file",
            "created": _aware(info.created),
            "mtime": _aware(info.modified),
        }
        if not info.is_folder:
            found.update(sha256=info.sha256, content_type=info.content_type, metadata=info.metadata)
        return found

    def info(self, path: str, **_kwargs: Any) -> dict[str, Any]:
        """Return what is known of a path."""
        path = self._strip_protocol(path)
        if path == ROOT:
            return {"name": ROOT, "size": 0, "type": "directory"}
        return self._info(self.storage.stat(path))

    def ls(
        self, path: str, detail: bool = True, *, after: str | None = None, limit: int = 0, **_kwargs: Any
    ) -> list[Any]:
        """Return what is in a folder, or the file itself.

        Args:
            path: The folder or file.
            detail: Return dictionaries instead of paths.
            after: The name to begin after, for the next page.
            limit: How many at most; 0 means all.
            _kwargs: fsspec's.
        """
        itself = self.info(path)
        if itself["type"] == "file":
            found = [itself]
        else:
            listed = self.storage.list_folder(itself["name"], after=after, limit=limit)
            found = [self._info(info) for info in listed]
        return found if detail else [info["name"] for info in found]

    def find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, **kwargs: Any
    ) -> Any:
        """Return the files below a path, at any depth."""
        path = self._strip_protocol(path)
        if maxdepth is not None or withdirs or (path != ROOT and self.isfile(path)):
            return super().find(
                self._strip_protocol(path), maxdepth=maxdepth, withdirs=withdirs, detail=detail, **kwargs
            )
        found = {info.path: self._info(info) for info in self.storage.find(path)}
        return found if detail else list(found)

    def mkdir(self, path: str, create_parents: bool = True, **_kwargs: Any) -> None:
        """Make a folder."""
        path = self._strip_protocol(path)
        parent = split(path)[0]
        if not create_parents and parent and not self.exists(parent):
            raise FileNotFoundError(errno.ENOENT, "no such folder", parent)
        self.storage.make_folder(path, exist_ok=False)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Make a folder, and those that it lies in."""
        path = self._strip_protocol(path)
        if path != ROOT:
            self.storage.make_folder(path, exist_ok=exist_ok)

    def rmdir(self, path: str) -> None:
        """Remove an empty folder."""
        self.storage.remove_folder(self._strip_protocol(path))

    def _rm(self, path: str) -> None:
        path = self._strip_protocol(path)
        if self.isdir(path):
            self.storage.remove_folder(path)
        elif not self.storage.delete(path):
            raise FileNotFoundError(errno.ENOENT, "no such file", path)

    def cp_file(self, path1: str, path2: str, **_kwargs: Any) -> None:
        """Copy a file, or make a folder for one."""
        path1, path2 = self._strip_protocol(path1), self._strip_protocol(path2)
        if self.isdir(path1):
            self.makedirs(path2, exist_ok=True)
        else:
            self.storage.copy(path1, path2)

    def copy(self, path1: Any, path2: Any, recursive: bool = False, maxdepth: int | None = None, **kwargs: Any) -> None:
        """Copy files, as fsspec does."""
        path1, path2 = self._into(path1, path2, self.isdir)
        super().copy(path1, path2, recursive=recursive, maxdepth=maxdepth, **kwargs)

    def get(self, rpath: Any, lpath: Any, recursive: bool = False, **kwargs: Any) -> Any:
        """Copy files to disk, as fsspec does."""
        rpath, lpath = self._into(rpath, lpath, os.path.isdir)
        return super().get(rpath, lpath, recursive=recursive, **kwargs)

    def _into(self, source: Any, target: Any, is_folder: Callable[[str], bool]) -> tuple[Any, Any]:
        """Name the path that something in the root goes to in a folder; fsspec expects a slash before it."""
        if not isinstance(source, str) or not isinstance(target, str) or source.endswith("/"):
            return source, target
        name = self._strip_protocol(source)
        if "/" in name or not name or not (target.endswith("/") or is_folder(target)):
            return source, target
        if not has_magic(name):
            return source, f"{target.rstrip('/')}/{name}"
        found = [path for path in self.glob(name) if not self.isdir(path)]
        return (found, [f"{target.rstrip('/')}/{found[0]}"]) if len(found) == 1 else (source, target)

    def mv(self, path1: Any, path2: Any, recursive: bool = False, maxdepth: int | None = None, **kwargs: Any) -> None:
        """Move files; one file to a path that no folder has takes one update."""
        is_one = isinstance(path1, str) and isinstance(path2, str) and not path2.endswith("/")
        if is_one and self.isfile(path1) and not self.isdir(path2):
            self.storage.move(self._strip_protocol(path1), self._strip_protocol(path2))
        else:
            super().mv(path1, path2, recursive=recursive, maxdepth=maxdepth, **kwargs)

    def created(self, path: str) -> datetime:
        """Return when a path got its first file."""
        created: datetime = self.info(path)["created"]
        return created

    def modified(self, path: str) -> datetime:
        """Return when a file got the bytes that it has."""
        modified: datetime = self.info(path)["mtime"]
        return modified

    def checksum(self, path: str) -> int:
        """Return a number that another content does not have."""
        return int(self.storage.verify(self._strip_protocol(path)).sha256 or "0", 16)

    def ukey(self, path: str) -> str:
        """Return a text that another content does not have."""
        return str(self.info(path).get("sha256"))

    def open(self, path: str, mode: str = "rb", *, compression: str | None = None, **kwargs: Any) -> Any:
        """Open a file, as fsspec does. Text and compressed bytes whose block fails are not stored either."""
        if "r" in mode:
            return super().open(path, mode, compression=compression, **kwargs)
        options = {name: kwargs.pop(name) for name in _TEXT_OPTIONS if name in kwargs}
        writer = super().open(path, mode.replace("t", "").replace("b", "") + "b", **kwargs)
        if (name := get_compression(path, compression)) is not None:
            writer = CompressingWriter(compr[name](writer, mode="w"), writer)
        return writer if "b" in mode else TextWriter(writer, **options)

    def _open(
        self,
        path: str,
        mode: str = "rb",
        *,
        autocommit: bool = True,
        metadata: Mapping[str, Any] | None = None,
        **_kwargs: Any,
    ) -> BufferedContent | FileWriter:
        path = self._strip_protocol(path)
        if mode == "rb":
            return self.storage.open(path)
        fields = {} if metadata is None else {"metadata": dict(metadata)}
        return self.storage.open_writer(path, mode, fields, autocommit=autocommit)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_kwargs: Any) -> bytes:
        """Return the bytes of a file, or some of them; negative positions count from the end."""
        path = self._strip_protocol(path)
        if start is None and end is None:
            return self.storage.read(path)
        with self.storage.open_raw(path) as reader:
            first, last, _ = slice(start, end).indices(reader.size)
            reader.seek(first)
            return reader.read(max(last - first, 0)) or b""

    def pipe_file(self, path: str, value: Any, mode: str = "overwrite", **_kwargs: Any) -> None:
        """Store bytes."""
        self.storage.upload(self._strip_protocol(path), value, overwrite=mode != "create")


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
