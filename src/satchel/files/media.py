"""Media fields: pictures in documents, given as bytes or, below an allowed folder, as paths.

    images = MediaCollection(client.app.images, MediaFields(["image"], root="assets"))
    images.insert_one({"_id": 1, "image": "avatar.png"})   # the bytes of assets/avatar.png
    images.find_one({"_id": 1})["image"]                   # bytes
    for document in images.find():
        document["image"]()                                # bytes, when they are wanted

What is stored is BSON binary data. Paths are read by this wrapper alone, on the client: a command that comes over the
wire with a path in it stores a string.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from bson import ObjectId
from pymongo import InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.collection import Collection
from pymongo.cursor import Cursor
from pymongo.errors import InvalidOperation

from satchel.files.field_paths import Relation, change_within, plain_path, relation
from satchel.files.media_cache import MediaCache
from satchel.files.media_folder import MediaFolder
from satchel.values.bson_types import BsonValue, Document

AnyCollection = TypeVar("AnyCollection")

_WRITING: Final = frozenset({"$set", "$setOnInsert", "$push", "$addToSet"})


class MediaFields:
    """Which fields of a collection hold media, and where files may be read from.

    Args:
        fields: Dotted paths; arrays on the way and in the field are gone through.
        root: The folder below which a path may lie. Without one no path is read.
        cache: Keeps what `find` met until it is asked for.

    Raises:
        NotADirectoryError: `root` is no folder.
    """

    def __init__(
        self, fields: Iterable[str], root: str | os.PathLike[str] | None = None, cache: MediaCache | None = None
    ) -> None:
        self.fields = frozenset(fields)
        self.folder = None if root is None else MediaFolder(root)
        self.cache = cache or MediaCache()

    def read_document(self, document: Mapping[str, Any]) -> Document:
        """Return a document with its paths read.

        Raises:
            InvalidOperation: A media field has something that is neither bytes, null, nor a path that may be read.
        """
        return {name: self.read_at(name, value) for name, value in document.items()}

    def read_at(self, path: str, value: BsonValue) -> BsonValue:
        """Return a value that is to be written to a path, with the paths in it read."""
        return change_within(value, plain_path(path, self.fields), self.fields, self._read)

    def read_update(self, update: Any) -> Any:
        """Return an update with its paths read."""
        if not isinstance(update, Mapping):
            for stage in update:
                self._check_stage(stage)
            return update
        return {
            name: {path: self._read_operand(path, value) for path, value in fields.items()}
            if name in _WRITING and isinstance(fields, Mapping)
            else fields
            for name, fields in update.items()
        }

    def read_operation(self, operation: Any) -> Any:
        """Return an operation of `bulk_write` with its paths read."""
        if not isinstance(operation, InsertOne | ReplaceOne | UpdateOne | UpdateMany):
            return operation
        given: Any = operation._doc
        changed = copy.copy(operation)
        if isinstance(operation, UpdateOne | UpdateMany):
            changed._doc = self.read_update(given)
        else:
            changed._doc = self.read_document(with_id(given) if isinstance(operation, InsertOne) else given)
        return changed

    def _read_operand(self, path: str, value: BsonValue) -> BsonValue:
        if isinstance(value, Mapping) and "$each" in value:
            return {**value, "$each": [self.read_at(path, element) for element in value["$each"]]}
        return self.read_at(path, value)

    def _check_stage(self, stage: Mapping[str, Any]) -> None:
        for name in ("$set", "$addFields"):
            for path in stage.get(name, ()):
                if relation(plain_path(path, self.fields), self.fields) is not Relation.NONE:
                    raise InvalidOperation(f"{path} holds media; a pipeline cannot read a file into it")

    def _read(self, path: str, value: BsonValue) -> BsonValue:
        if value is None or isinstance(value, bytes):  # a Binary is bytes
            return value
        if isinstance(value, bytearray | memoryview):
            return bytes(value)
        if not isinstance(value, str | os.PathLike):
            raise InvalidOperation(f"{path} holds media: bytes, or a path; not {type(value).__name__}")
        if self.folder is None:
            raise InvalidOperation(f"{path} holds media, and there is no folder to read {os.fspath(value)!r} from")
        return self.folder.read(value)


def with_id(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a document an `_id`, as PyMongo does with the one that it is given: ours is a copy."""
    if "_id" not in document:
        document["_id"] = ObjectId()  # type: ignore[index]
    return document


class LazyMedia(Generic[AnyCollection]):
    """A media field's value, in a document that `find` returned: call it to have the bytes.

    Attributes:
        size_bytes: How long it is.
    """

    __slots__ = ("_cache", "_collection", "_digest", "_document_id", "_held", "_path", "size_bytes")

    def __init__(
        self, content: bytes, collection: AnyCollection, cache: MediaCache, document_id: Any, path: Sequence[str | int]
    ) -> None:
        self.size_bytes = len(content)
        self._collection = collection
        self._cache = cache
        self._document_id = document_id
        self._path = path
        self._digest = cache.put(content)
        self._held = None if document_id is not None else content

    def __repr__(self) -> str:
        return f"<media of {self.size_bytes} bytes>"

    def _cached(self) -> bytes | None:
        return self._held if self._held is not None else self._cache.get(self._digest)

    def _query(self) -> tuple[dict[str, Any], list[str]]:
        return {"_id": {"$eq": self._document_id}}, [str(self._path[0])]

    def _pick(self, document: Any) -> bytes:
        """Return the bytes in a document that was found again."""
        try:
            value = document
            for step in self._path:
                value = value[step]
        except (KeyError, IndexError, TypeError):
            value = None
        if not isinstance(value, bytes):
            raise LookupError(f"{'.'.join(map(str, self._path))} of document {self._document_id!r} is gone")
        self._digest = self._cache.put(value)
        return bytes(value)


class MediaReader(LazyMedia[Collection[Any]]):
    """The kind for a `MongoClient`."""

    __slots__ = ()

    def __call__(self) -> bytes:
        """Return the bytes: as they were found, or, when the cache has dropped them, as they are stored now.

        Raises:
            LookupError: They are not there any more.
        """
        content = self._cached()
        if content is not None:
            return content
        filter_, projection = self._query()
        return self._pick(self._collection.find_one(filter_, projection))


def lazy_document(document: Any, media: MediaFields, collection: Any, kind: type[LazyMedia[Any]]) -> Any:
    """Return a found document with its media to be called for."""
    if not isinstance(document, dict):
        return document  # a raw document
    document_id = document.get("_id")

    def walk(value: Any, plain: str, path: tuple[str | int, ...]) -> Any:
        how = relation(plain, media.fields) if plain else Relation.ABOVE
        if how is Relation.EXACT and isinstance(value, bytes):
            return kind(bytes(value), collection, media.cache, document_id, path)
        if how not in {Relation.EXACT, Relation.ABOVE}:
            return value
        if isinstance(value, list):
            return [walk(element, plain, (*path, index)) for index, element in enumerate(value)]
        if isinstance(value, dict):
            prefix = f"{plain}." if plain else ""
            return {name: walk(member, prefix + name, (*path, name)) for name, member in value.items()}
        return value

    return walk(document, "", ())


class MediaCursor(Cursor[Any]):
    """A `pymongo.cursor.Cursor` whose documents have `MediaReader` in their media fields."""

    def __init__(self, collection: MediaCollection, *args: Any, **kwargs: Any) -> None:
        self._media_collection = collection
        super().__init__(collection.plain, *args, **kwargs)

    def next(self) -> Any:
        """Return the next document."""
        return self._media_collection.lazy(super().next())

    __next__ = next  # noqa: A003 - PyMongo's name

    def to_list(self, length: int | None = None) -> list[Any]:
        """Return the documents, `length` at most."""
        return [self._media_collection.lazy(document) for document in super().to_list(length)]

    def _clone_base(self, session: Any) -> MediaCursor:
        return MediaCursor(self._media_collection, session=session)


class MediaCollection(Collection[Any]):
    """A collection with media fields.

    Args:
        collection: Where the documents are.
        media: The fields.
    """

    def __init__(self, collection: Collection[Any], media: MediaFields) -> None:
        super().__init__(
            collection.database,
            collection.name,
            codec_options=collection.codec_options,
            read_preference=collection.read_preference,
            write_concern=collection.write_concern,
            read_concern=collection.read_concern,
        )
        self.plain = collection
        self.media = media

    def lazy(self, document: Any) -> Any:
        """Return a found document with its media to be called for."""
        return lazy_document(document, self.media, self.plain, MediaReader)

    def with_options(self, *args: Any, **kwargs: Any) -> MediaCollection:
        """Return a copy with other options, as PyMongo does."""
        return MediaCollection(self.plain.with_options(*args, **kwargs), self.media)

    def find(self, *args: Any, **kwargs: Any) -> MediaCursor:
        """Find documents; their media are loaded when they are called."""
        return MediaCursor(self, *args, **kwargs)

    def find_one(self, *args: Any, **kwargs: Any) -> Any:
        """Find one document, with the bytes of its media."""
        return self.plain.find_one(*args, **kwargs)

    def insert_one(self, document: Any, *args: Any, **kwargs: Any) -> Any:
        """Insert a document, reading its paths."""
        return self.plain.insert_one(self.media.read_document(with_id(document)), *args, **kwargs)

    def insert_many(self, documents: Any, *args: Any, **kwargs: Any) -> Any:
        """Insert documents, reading their paths."""
        return self.plain.insert_many([self.media.read_document(with_id(each)) for each in documents], *args, **kwargs)

    def replace_one(self, filter: Any, replacement: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002 - PyMongo's
        """Replace a document, reading the new one's paths."""
        return self.plain.replace_one(filter, self.media.read_document(replacement), *args, **kwargs)

    def update_one(self, filter: Any, update: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002 - PyMongo's
        """Update a document, reading the paths that are set."""
        return self.plain.update_one(filter, self.media.read_update(update), *args, **kwargs)

    def update_many(self, filter: Any, update: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002 - PyMongo's
        """Update documents, reading the paths that are set."""
        return self.plain.update_many(filter, self.media.read_update(update), *args, **kwargs)

    def find_one_and_replace(self, filter: Any, replacement: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002
        """Replace a document and return it, reading the new one's paths."""
        return self.plain.find_one_and_replace(filter, self.media.read_document(replacement), *args, **kwargs)

    def find_one_and_update(self, filter: Any, update: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002
        """Update a document and return it, reading the paths that are set."""
        return self.plain.find_one_and_update(filter, self.media.read_update(update), *args, **kwargs)

    def bulk_write(self, requests: Any, *args: Any, **kwargs: Any) -> Any:
        """Write many operations, reading their paths first."""
        return self.plain.bulk_write([self.media.read_operation(each) for each in requests], *args, **kwargs)
