"""The paths of a bucket: one document for each file and folder, and one update for each change of a file.

The unique index on `path` is what concurrent writers meet at. A file's document names its content, so a file changes
from the old bytes to the new ones in one update.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from satchel.files.paths import ancestors, below, split

FILE: Final = "file"
FOLDER: Final = "folder"

Entry = Mapping[str, Any]
"""The document of a path."""


class Tree:
    """The files and folders of a bucket.

    Args:
        database: Where they are.
        bucket: The name that the collections begin with.
    """

    def __init__(self, database: Database[Any], bucket: str) -> None:
        self.paths: Collection[Any] = database[f"{bucket}.paths"]

    def ensure_indexes(self) -> None:
        """Create the indexes."""
        self.paths.create_index([("path", ASCENDING)], unique=True)
        self.paths.create_index([("parent", ASCENDING), ("name", ASCENDING)])
        self.paths.create_index([("content", ASCENDING)], sparse=True)

    def get(self, path: str) -> Entry | None:
        """Return the entry of a path."""
        return self.paths.find_one({"path": path})

    def file(self, path: str) -> Entry:
        """Return the entry of a file.

        Raises:
            FileNotFoundError: There is nothing at this path.
            IsADirectoryError: There is a folder.
        """
        entry = self.get(path)
        if entry is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", path)
        if entry["kind"] == FOLDER:
            raise IsADirectoryError(errno.EISDIR, "it is a folder", path)
        return entry

    def put(self, path: str, fields: Mapping[str, Any], *, overwrite: bool) -> tuple[Entry, Entry | None]:
        """Give a path its file, in one update, and return its entry and the one that was there before.

        Raises:
            FileExistsError: There is a file, and it is not to be overwritten.
            IsADirectoryError: There is a folder.
        """
        now = datetime.now(UTC)
        new = _new_entry(path, FILE, now)
        if "metadata" not in fields:
            new["metadata"] = {}
        change = {"$set": {**fields, "modified": now}, "$setOnInsert": new}
        while True:
            try:
                if overwrite:
                    before = self.paths.find_one_and_update({"path": path, "kind": FILE}, change, upsert=True)
                else:
                    before = None
                    self.paths.insert_one({**new, **change["$set"]})
            except DuplicateKeyError:
                self._explain(path, overwrite=overwrite)
            else:
                return {**new, **(before or {}), **change["$set"]}, before

    def _explain(self, path: str, *, overwrite: bool) -> None:
        """Say why a path cannot be had; return when it may be had by now."""
        entry = self.get(path)
        if entry is not None and entry["kind"] == FOLDER:
            raise IsADirectoryError(errno.EISDIR, "it is a folder", path)
        if entry is not None and not overwrite:
            raise FileExistsError(errno.EEXIST, "there is a file already", path)

    def ensure_folders(self, folders: list[str]) -> None:
        """Create the folders, nearest first, that are not there.

        Raises:
            NotADirectoryError: One of them is a file.
        """
        missing = []
        for folder in folders:
            entry = self.get(folder)
            if entry is not None and entry["kind"] == FILE:
                raise NotADirectoryError(errno.ENOTDIR, "it is a file, not a folder", folder)
            if entry is not None:
                break
            missing.append(folder)
        for folder in reversed(missing):
            self._make_folder(folder)

    def _make_folder(self, folder: str) -> None:
        try:
            self.paths.insert_one(_new_entry(folder, FOLDER, datetime.now(UTC)))
        except DuplicateKeyError:
            entry = self.get(folder)
            if entry is not None and entry["kind"] == FILE:
                raise NotADirectoryError(errno.ENOTDIR, "it is a file, not a folder", folder) from None

    def remove_folder(self, folder: str) -> None:
        """Remove an empty folder.

        Raises:
            FileNotFoundError: There is none.
            OSError: ENOTEMPTY.
        """
        if self.paths.find_one({"parent": folder}, {"_id": 1}) is not None:
            raise OSError(errno.ENOTEMPTY, "the folder is not empty", folder)
        if not self.paths.delete_one({"path": folder, "kind": FOLDER}).deleted_count:
            raise FileNotFoundError(errno.ENOENT, "no such folder", folder)
        if self.paths.find_one({"parent": folder}, {"_id": 1}) is not None:  # it came just now
            self.ensure_folders([folder, *ancestors(folder)])
            raise OSError(errno.ENOTEMPTY, "the folder is not empty", folder)

    def remove(self, entry: Entry) -> bool:
        """Remove the entry of a file, unless it has other bytes by now."""
        same = {"_id": entry["_id"], "path": entry["path"], "content": entry["content"]}
        return self.paths.delete_one(same).deleted_count == 1

    def children(self, folder: str, after: str | None = None, limit: int = 0) -> Iterator[Entry]:
        """Yield what is in a folder, by name, beginning after the name `after`."""
        query: dict[str, Any] = {"parent": folder}
        if after is not None:
            query["name"] = {"$gt": after}
        yield from self.paths.find(query).sort([("parent", ASCENDING), ("name", ASCENDING)]).limit(limit)

    def descendants(self, folder: str, filter_: Mapping[str, Any] | None = None) -> Iterator[Entry]:
        """Yield what is below a folder at any depth, by path."""
        condition = below(folder)
        query = {"path": condition} if condition else {}
        yield from self.paths.find({"$and": [query, filter_]} if filter_ else query).sort("path", ASCENDING)

    def rename(self, entry: Entry, path: str) -> bool:
        """Give a file's entry another path in one update; False when it is not there any more.

        Raises:
            DuplicateKeyError: The path is taken.
        """
        self.ensure_folders(ancestors(path))
        parent, name = split(path)
        same = {"_id": entry["_id"], "path": entry["path"]}
        moved = self.paths.update_one(same, {"$set": {"path": path, "parent": parent, "name": name}}).matched_count
        self.ensure_folders(ancestors(path))
        return moved == 1

    def rename_folder(self, folder: str, path: str) -> None:
        """Give a folder another path, and then all that is below it, in one command.

        Raises:
            DuplicateKeyError: A path is taken.
        """
        self.ensure_folders(ancestors(path))
        parent, name = split(path)
        itself = {"$set": {"path": path, "parent": parent, "name": name}}
        self.paths.update_one({"path": folder, "kind": FOLDER}, itself)

        def moved(field: str) -> dict[str, Any]:
            rest = {"$substrBytes": [field, len(folder.encode()), -1]}
            return {"$concat": [{"$literal": path}, rest]}

        everything = {"path": moved("$path"), "parent": moved("$parent")}
        self.paths.update_many({"path": below(folder)}, [{"$set": everything}])
        self.ensure_folders([path, *ancestors(path)])


def _new_entry(path: str, kind: str, now: datetime) -> dict[str, Any]:
    parent, name = split(path)
    return {"path": path, "parent": parent, "name": name, "kind": kind, "created": now}
