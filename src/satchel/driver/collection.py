"""PyMongo's Database and Collection, with short cuts of their own for the commonest calls."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import bson
from bson import Int64, ObjectId
from bson.codec_options import CodecOptions
from pymongo import ReadPreference
from pymongo.results import DeleteResult, InsertManyResult, InsertOneResult, UpdateResult

from satchel.driver.direct import DirectConnection, NotDirectError
from satchel.driver.inserts import DirectInserts, is_plain, with_ids
from satchel.driver.private import DocumentType, PyMongoCollection, PyMongoDatabase, ReadConcern, WriteConcern
from satchel.values.bson_types import INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, MISSING, BsonValue, Field
from satchel.values.namespace import Namespace

if TYPE_CHECKING:
    from satchel.driver.client import MongoClient


class Collection(PyMongoCollection[DocumentType]):
    """A `pymongo.collection.Collection`."""

    def find_one(self, filter: Any = None, *args: Any, **kwargs: Any) -> DocumentType | None:  # noqa: A002 - PyMongo's
        """Find one document, as PyMongo does."""
        if _says_nothing(args, kwargs):
            path, value = _plain_equality(filter)
            if value is not MISSING:
                try:
                    return self._find_equal(path, value)
                except NotDirectError:
                    pass
        return super().find_one(filter, *args, **kwargs)

    def _find_equal(self, path: str, value: BsonValue) -> DocumentType | None:
        client: MongoClient[DocumentType] = self.database.client  # type: ignore[assignment]
        direct = client._short_cut()
        options = self.codec_options
        is_raw = getattr(options.document_class, "_type_marker", None) is not None
        if direct is None or is_raw or self.read_preference != ReadPreference.PRIMARY or self.read_concern.level:
            raise NotDirectError
        found = direct.find_equal(self.database.name, self.name, path, value)
        return None if found is None else bson.decode(found, options)

    def insert_one(self, document: Any, *args: Any, **kwargs: Any) -> InsertOneResult:
        """Insert one document, as PyMongo does."""
        if _says_nothing(args, kwargs) and document.__class__ is dict:
            direct = self._direct_for_writes()
            if direct is not None:
                if "_id" not in document:
                    document["_id"] = ObjectId()
                try:
                    direct.insert_one(Namespace(self.database.name, self.name), document, self.codec_options)
                    return InsertOneResult(document["_id"], acknowledged=True)
                except NotDirectError:
                    pass
        return super().insert_one(document, *args, **kwargs)

    def insert_many(
        self,
        documents: Any,
        ordered: bool = True,
        bypass_document_validation: bool | None = None,
        session: Any = None,
        comment: Any = None,
    ) -> InsertManyResult:
        """Insert many documents, as PyMongo does."""
        says_no_more = bypass_document_validation is None and session is None and comment is None
        if says_no_more and is_plain(documents, ordered):
            direct = self._direct_for_writes()
            if direct is not None:
                plain, ids, documents = with_ids(documents)
                if plain:
                    inserts = DirectInserts(direct, Namespace(self.database.name, self.name), ordered=ordered)
                    inserts.run(plain, self.codec_options, partial(super().insert_many, ordered=ordered))
                    return InsertManyResult(ids, acknowledged=True)
        return super().insert_many(documents, ordered, bypass_document_validation, session, comment)

    def update_one(self, filter: Any, update: Any, *args: Any, **kwargs: Any) -> UpdateResult:  # noqa: A002
        """Update one document, as PyMongo does."""
        if _says_nothing(args, kwargs) and filter.__class__ is dict and _has_operators(update):
            direct = self._direct_for_writes()
            if direct is not None:
                try:
                    namespace = Namespace(self.database.name, self.name)
                    return UpdateResult(direct.update_one(namespace, filter, update, self.codec_options), True)
                except NotDirectError:
                    pass
        return super().update_one(filter, update, *args, **kwargs)

    def delete_one(self, filter: Any, *args: Any, **kwargs: Any) -> DeleteResult:  # noqa: A002
        """Delete one document, as PyMongo does."""
        if _says_nothing(args, kwargs) and filter.__class__ is dict:
            direct = self._direct_for_writes()
            if direct is not None:
                try:
                    namespace = Namespace(self.database.name, self.name)
                    return DeleteResult(direct.delete_one(namespace, filter, self.codec_options), True)
                except NotDirectError:
                    pass
        return super().delete_one(filter, *args, **kwargs)

    def _direct_for_writes(self) -> DirectConnection | None:
        """Return what takes a short cut for a write that nothing is said about, or None."""
        client: MongoClient[DocumentType] = self.database.client  # type: ignore[assignment]
        return client._short_cut() if self.write_concern.is_server_default else None

    def with_options(
        self,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> Collection[Any]:
        """Return a copy with other options, as PyMongo does."""
        return Collection(
            self.database,
            self.name,
            False,
            codec_options or self.codec_options,
            read_preference or self.read_preference,
            write_concern or self.write_concern,
            read_concern or self.read_concern,
        )

    def __getattr__(self, name: str) -> Collection[DocumentType]:
        # PyMongo's asks for an item: ours, then.
        return cast("Collection[DocumentType]", super().__getattr__(name))

    def __getitem__(self, name: str) -> Collection[DocumentType]:
        return _collection(self.database, f"{self.name}.{name}", self)


class Database(PyMongoDatabase[DocumentType]):
    """A `pymongo.database.Database`."""

    def __getitem__(self, name: str) -> Collection[DocumentType]:
        return Collection(self, name)

    def get_collection(self, *args: Any, **kwargs: Any) -> Any:
        """Return a collection, as PyMongo does."""
        made = super().get_collection(*args, **kwargs)
        return _collection(self, made.name, made)

    def create_collection(self, *args: Any, **kwargs: Any) -> Any:
        """Create a collection, as PyMongo does."""
        made = super().create_collection(*args, **kwargs)
        return _collection(self, made.name, made)

    def with_options(self, *args: Any, **kwargs: Any) -> Any:
        """Return a copy with other options, as PyMongo does."""
        return own_database(super().with_options(*args, **kwargs))


def _collection(database: Any, name: str, like: PyMongoCollection[Any]) -> Collection[Any]:
    """Return a collection of ours that has the options of another."""
    return Collection(
        database, name, False, like.codec_options, like.read_preference, like.write_concern, like.read_concern
    )


def own_database(made: PyMongoDatabase[Any]) -> Database[Any]:
    """Return one of PyMongo's databases as one of ours."""
    return Database(
        made.client, made.name, made.codec_options, made.read_preference, made.write_concern, made.read_concern
    )


def _says_nothing(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Tell whether the further arguments of a call are none, or only that there is no session."""
    return not args and (not kwargs or (len(kwargs) == 1 and kwargs.get("session", MISSING) is None))


def _has_operators(update: Any) -> bool:
    return update.__class__ is dict and str(next(iter(update), ""))[:1] == "$"


def _plain_equality(filter_: Any) -> tuple[str, Field]:
    """Return the path and the value, as the engine has it, that a filter asks for; MISSING when it asks for more."""
    path = "_id"
    if filter_.__class__ is dict:
        if len(filter_) != 1:
            return path, MISSING
        ((path, filter_),) = filter_.items()
        if filter_.__class__ is dict and len(filter_) == 1:
            filter_ = filter_.get("$eq", MISSING)
        if path.__class__ is not str or path[:1] == "$":
            return path, MISSING
    cls = filter_.__class__
    if cls is ObjectId or (cls is str and filter_.isascii()):
        return path, cast("BsonValue", filter_)
    if cls is int and INT64_MIN <= filter_ <= INT64_MAX:
        return path, filter_ if INT32_MIN <= filter_ <= INT32_MAX else Int64(filter_)
    return path, MISSING
