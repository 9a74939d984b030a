"""PyMongo's Database and Collection, with short cuts of their own for the commonest calls."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any, Final, cast

import bson
from bson import ObjectId
from bson.codec_options import CodecOptions
from pymongo import ReadPreference, ReturnDocument
from pymongo.results import DeleteResult, InsertManyResult, InsertOneResult, UpdateResult

from satchel.driver.direct import NotDirectError, plain_equality, plain_value
from satchel.driver.inserts import DirectInserts, is_plain, with_ids
from satchel.driver.private import DocumentType, PyMongoCollection, PyMongoDatabase, ReadConcern, WriteConcern
from satchel.values.bson_types import MISSING
from satchel.values.namespace import Namespace

_YES: Final = frozenset({int, bool})


class ShortCuts:
    """What the collections of synchronous and asynchronous clients know of their short cuts."""

    @cached_property
    def _client(self: Any) -> Any:
        return self.database.client

    @cached_property
    def _options(self: Any) -> CodecOptions[Any]:
        options: CodecOptions[Any] = self.codec_options
        return options

    @cached_property
    def _namespace(self: Any) -> Namespace:
        return Namespace(self.database.name, self.name)

    @cached_property
    def _reads_plainly(self: Any) -> bool:
        return self.read_preference == ReadPreference.PRIMARY and not self.read_concern.level and not self._is_raw

    @cached_property
    def _writes_plainly(self: Any) -> bool:
        return bool(self.write_concern.is_server_default)

    @cached_property
    def _is_raw(self: Any) -> bool:
        return getattr(self.codec_options.document_class, "_type_marker", None) is not None

    def _direct_read(self) -> Any:
        """Return what takes a short cut for a read of which only the filter is said.

        Raises:
            NotDirectError: It has to go PyMongo's way.
        """
        direct = self._client._short_cut() if self._reads_plainly else None
        if direct is None:
            raise NotDirectError
        return direct

    def _direct_write(self) -> Any:
        """Return the same for a write."""
        direct = self._client._short_cut() if self._writes_plainly else None
        if direct is None:
            raise NotDirectError
        return direct

    def _decoded(self, document: bytes | None) -> Any:
        return None if document is None else bson.decode(document, self._options)

    def with_options(
        self: Any,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> Any:
        """Return a copy with other options, as PyMongo does."""
        return type(self)(
            self.database,
            self.name,
            False,
            codec_options or self.codec_options,
            read_preference or self.read_preference,
            write_concern or self.write_concern,
            read_concern or self.read_concern,
        )

    def __getitem__(self: Any, name: str) -> Any:
        return made_like(type(self), self.database, f"{self.name}.{name}", self)


def made_like(kind: Any, database: Any, name: str, like: Any) -> Any:
    """Return a collection of a kind that has the options of another."""
    return kind(database, name, False, like.codec_options, like.read_preference, like.write_concern, like.read_concern)


class Collection(ShortCuts, PyMongoCollection[DocumentType]):
    """A `pymongo.collection.Collection`."""

    def find_one(self, filter: Any = None, *args: Any, **kwargs: Any) -> DocumentType | None:  # noqa: A002 - PyMongo's
        """Find one document, as PyMongo does."""
        if says_nothing(args, kwargs):
            path, value = plain_equality(filter) if filter.__class__ is dict else ("_id", plain_value(filter))
            if value is not MISSING:
                try:
                    found = self._direct_read().find_equal(self._namespace, path, value)
                    return cast("DocumentType | None", self._decoded(found))
                except NotDirectError:
                    pass
        if (only_id := asks_for_first(filter, args, kwargs)) is not None:
            try:
                return cast(
                    "DocumentType | None", self._decoded(self._direct_read().find_first(self._namespace, only_id))
                )
            except NotDirectError:
                pass
        return super().find_one(filter, *args, **kwargs)

    def insert_one(self, document: Any, *args: Any, **kwargs: Any) -> InsertOneResult:
        """Insert one document, as PyMongo does."""
        if says_nothing(args, kwargs) and document.__class__ is dict:
            try:
                direct = self._direct_write()
                if "_id" not in document:
                    document["_id"] = ObjectId()
                direct.insert_one(self._namespace, document, self._options)
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
            try:
                direct = self._direct_write()
            except NotDirectError:
                pass
            else:
                plain, ids, documents = with_ids(documents)
                if plain:
                    inserts = DirectInserts(direct, self._namespace, ordered=ordered)
                    inserts.run(plain, self.codec_options, partial(super().insert_many, ordered=ordered))
                    return InsertManyResult(ids, acknowledged=True)
        return super().insert_many(documents, ordered, bypass_document_validation, session, comment)

    def update_one(self, filter: Any, update: Any, *args: Any, **kwargs: Any) -> UpdateResult:  # noqa: A002
        """Update one document, as PyMongo does."""
        if filter.__class__ is dict and has_operators(update) and says_only("upsert", args, kwargs):
            try:
                return UpdateResult(self._updated(filter, update, **kwargs), True)
            except NotDirectError:
                pass
        return super().update_one(filter, update, *args, **kwargs)

    def replace_one(self, filter: Any, replacement: Any, *args: Any, **kwargs: Any) -> UpdateResult:  # noqa: A002
        """Replace one document, as PyMongo does."""
        if filter.__class__ is dict and is_replacement(replacement) and says_only("upsert", args, kwargs):
            try:
                return UpdateResult(self._updated(filter, replacement, **kwargs), True)
            except NotDirectError:
                pass
        return super().replace_one(filter, replacement, *args, **kwargs)

    def delete_one(self, filter: Any, *args: Any, **kwargs: Any) -> DeleteResult:  # noqa: A002
        """Delete one document, as PyMongo does."""
        if says_nothing(args, kwargs) and filter.__class__ is dict:
            try:
                return DeleteResult(self._direct_write().delete_one(self._namespace, filter, self._options), True)
            except NotDirectError:
                pass
        return super().delete_one(filter, *args, **kwargs)

    def find_one_and_update(self, filter: Any, update: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002
        """Update one document and return it, as PyMongo does."""
        if filter.__class__ is dict and has_operators(update) and says_only("return_document", args, kwargs):
            try:
                return self._image(filter, update, **kwargs)
            except NotDirectError:
                pass
        return super().find_one_and_update(filter, update, *args, **kwargs)

    def find_one_and_replace(self, filter: Any, replacement: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002
        """Replace one document and return it, as PyMongo does."""
        if filter.__class__ is dict and is_replacement(replacement) and says_only("return_document", args, kwargs):
            try:
                return self._image(filter, replacement, **kwargs)
            except NotDirectError:
                pass
        return super().find_one_and_replace(filter, replacement, *args, **kwargs)

    def find_one_and_delete(self, filter: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002
        """Delete one document and return it, as PyMongo does."""
        if says_nothing(args, kwargs) and filter.__class__ is dict:
            try:
                return self._image(filter, None)
            except NotDirectError:
                pass
        return super().find_one_and_delete(filter, *args, **kwargs)

    def count_documents(self, filter: Any, *args: Any, **kwargs: Any) -> int:  # noqa: A002
        """Count documents, as PyMongo does."""
        if says_nothing(args, kwargs) and filter.__class__ is dict:
            try:
                return cast("int", self._direct_read().count(self._namespace, filter, self._options, "aggregate"))
            except NotDirectError:
                pass
        return super().count_documents(filter, *args, **kwargs)

    def estimated_document_count(self, *args: Any, **kwargs: Any) -> int:
        """Count all documents, as PyMongo does."""
        if not args and not kwargs:
            try:
                return cast("int", self._direct_read().count(self._namespace, {}, self._options, "count"))
            except NotDirectError:
                pass
        return super().estimated_document_count(*args, **kwargs)

    def _updated(
        self, filter_: dict[str, Any], update: dict[str, Any], *, upsert: bool = False, session: None = None
    ) -> dict[str, Any]:
        """Update a document and return the reply."""
        direct = self._direct_write()
        reply: dict[str, Any] = direct.update_one(self._namespace, filter_, update, self._options, upsert)
        return reply

    def _image(
        self,
        filter_: dict[str, Any],
        update: dict[str, Any] | None,
        *,
        return_document: bool = ReturnDocument.BEFORE,
        session: None = None,
    ) -> DocumentType | None:
        """Update or delete a document and return it as it was, or is."""
        if self._is_raw:
            raise NotDirectError
        images = self._direct_write().find_and_modify(self._namespace, filter_, update, self._options)
        return cast("DocumentType | None", self._decoded(images.after if return_document else images.before))

    def __getattr__(self, name: str) -> Collection[DocumentType]:
        # PyMongo's asks for an item: ours, then.
        return cast("Collection[DocumentType]", super().__getattr__(name))


class Database(PyMongoDatabase[DocumentType]):
    """A `pymongo.database.Database`."""

    def __getitem__(self, name: str) -> Collection[DocumentType]:
        return Collection(self, name)

    def get_collection(self, *args: Any, **kwargs: Any) -> Any:
        """Return a collection, as PyMongo does."""
        made = super().get_collection(*args, **kwargs)
        return made_like(Collection, self, made.name, made)

    def create_collection(self, *args: Any, **kwargs: Any) -> Any:
        """Create a collection, as PyMongo does."""
        made = super().create_collection(*args, **kwargs)
        return made_like(Collection, self, made.name, made)

    def with_options(self, *args: Any, **kwargs: Any) -> Any:
        """Return a copy with other options, as PyMongo does."""
        return own_database(super().with_options(*args, **kwargs))


def own_database(made: PyMongoDatabase[Any]) -> Database[Any]:
    """Return one of PyMongo's databases as one of ours."""
    return Database(
        made.client, made.name, made.codec_options, made.read_preference, made.write_concern, made.read_concern
    )


def says_nothing(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Tell whether the further arguments of a call are none, or only that there is no session."""
    return not args and (not kwargs or (len(kwargs) == 1 and kwargs.get("session", MISSING) is None))


def asks_for_first(filter_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool | None:
    """Tell whether a find_one asks for any document (False), for any document's `_id` (True), or something else (None).

    GridFS asks for an `_id` to see whether a collection is empty.
    """
    if filter_ is not None and (filter_.__class__ is not dict or filter_):
        return None
    if says_nothing(args, kwargs):
        return False
    options = {**kwargs}
    projection = options.pop("projection", None)
    is_id = projection.__class__ is dict and len(projection) == 1 and projection.get("_id").__class__ in _YES
    return True if is_id and projection["_id"] and says_nothing(args, options) else None


def has_operators(update: Any) -> bool:
    """Tell whether an update is a dict of update operators, as far as PyMongo looks."""
    return update.__class__ is dict and _is_operator(next(iter(update), None)) is True


def is_replacement(document: Any) -> bool:
    """Tell whether something is a dict that can replace a document, as far as PyMongo looks."""
    return document.__class__ is dict and _is_operator(next(iter(document), "")) is False


def _is_operator(name: object) -> bool | None:
    """Tell whether a name is an operator's; None when it is no name at all."""
    return name[:1] == "$" if isinstance(name, str) else None


def says_only(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Tell the same, or whether they are one option that is a boolean."""
    return says_nothing(args, kwargs) or (not args and len(kwargs) == 1 and kwargs.get(name).__class__ is bool)
