"""The collections of asynchronous clients, with the short cuts that those of synchronous ones have."""

from __future__ import annotations

from typing import Any, cast

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.results import DeleteResult, InsertOneResult, UpdateResult

from satchel.driver.collection import (
    ShortCuts,
    has_operators,
    is_replacement,
    made_like,
    says_nothing,
    says_only,
)
from satchel.driver.direct import NotDirectError, plain_equality, plain_value
from satchel.driver.private import AsyncPyMongoCollection, AsyncPyMongoDatabase, DocumentType
from satchel.values.bson_types import MISSING


class AsyncCollection(ShortCuts, AsyncPyMongoCollection[DocumentType]):
    """A `pymongo.asynchronous.collection.AsyncCollection`."""

    async def find_one(self, filter: Any = None, *args: Any, **kwargs: Any) -> DocumentType | None:  # noqa: A002
        """Find one document, as PyMongo does."""
        if says_nothing(args, kwargs):
            path, value = plain_equality(filter) if filter.__class__ is dict else ("_id", plain_value(filter))
            if value is not MISSING:
                try:
                    found = self._decoded(await self._direct_read().find_equal(self._namespace, path, value))
                    return cast("DocumentType | None", found)
                except NotDirectError:
                    pass
        return await super().find_one(filter, *args, **kwargs)

    async def insert_one(self, document: Any, *args: Any, **kwargs: Any) -> InsertOneResult:
        """Insert one document, as PyMongo does."""
        if says_nothing(args, kwargs) and document.__class__ is dict:
            try:
                direct = self._direct_write()
                if "_id" not in document:
                    document["_id"] = ObjectId()
                await direct.insert_one(self._namespace, document, self._options)
                return InsertOneResult(document["_id"], acknowledged=True)
            except NotDirectError:
                pass
        return await super().insert_one(document, *args, **kwargs)

    async def update_one(self, filter: Any, update: Any, *args: Any, **kwargs: Any) -> UpdateResult:  # noqa: A002
        """Update one document, as PyMongo does."""
        if filter.__class__ is dict and has_operators(update) and says_only("upsert", args, kwargs):
            try:
                return UpdateResult(await self._updated(filter, update, **kwargs), True)
            except NotDirectError:
                pass
        return await super().update_one(filter, update, *args, **kwargs)

    async def replace_one(self, filter: Any, replacement: Any, *args: Any, **kwargs: Any) -> UpdateResult:  # noqa: A002
        """Replace one document, as PyMongo does."""
        if filter.__class__ is dict and is_replacement(replacement) and says_only("upsert", args, kwargs):
            try:
                return UpdateResult(await self._updated(filter, replacement, **kwargs), True)
            except NotDirectError:
                pass
        return await super().replace_one(filter, replacement, *args, **kwargs)

    async def delete_one(self, filter: Any, *args: Any, **kwargs: Any) -> DeleteResult:  # noqa: A002
        """Delete one document, as PyMongo does."""
        if says_nothing(args, kwargs) and filter.__class__ is dict:
            try:
                reply = await self._direct_write().delete_one(self._namespace, filter, self._options)
                return DeleteResult(reply, True)
            except NotDirectError:
                pass
        return await super().delete_one(filter, *args, **kwargs)

    async def find_one_and_update(self, filter: Any, update: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002
        """Update one document and return it, as PyMongo does."""
        if filter.__class__ is dict and has_operators(update) and says_only("return_document", args, kwargs):
            try:
                return await self._image(filter, update, **kwargs)
            except NotDirectError:
                pass
        return await super().find_one_and_update(filter, update, *args, **kwargs)

    async def find_one_and_replace(self, filter: Any, replacement: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002
        """Replace one document and return it, as PyMongo does."""
        if filter.__class__ is dict and is_replacement(replacement) and says_only("return_document", args, kwargs):
            try:
                return await self._image(filter, replacement, **kwargs)
            except NotDirectError:
                pass
        return await super().find_one_and_replace(filter, replacement, *args, **kwargs)

    async def find_one_and_delete(self, filter: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002
        """Delete one document and return it, as PyMongo does."""
        if says_nothing(args, kwargs) and filter.__class__ is dict:
            try:
                return await self._image(filter, None)
            except NotDirectError:
                pass
        return await super().find_one_and_delete(filter, *args, **kwargs)

    async def count_documents(self, filter: Any, *args: Any, **kwargs: Any) -> int:  # noqa: A002
        """Count documents, as PyMongo does."""
        if says_nothing(args, kwargs) and filter.__class__ is dict:
            try:
                return cast("int", await self._direct_read().count(self._namespace, filter, self._options, "aggregate"))
            except NotDirectError:
                pass
        return await super().count_documents(filter, *args, **kwargs)

    async def estimated_document_count(self, *args: Any, **kwargs: Any) -> int:
        """Count all documents, as PyMongo does."""
        if not args and not kwargs:
            try:
                return cast("int", await self._direct_read().count(self._namespace, {}, self._options, "count"))
            except NotDirectError:
                pass
        return await super().estimated_document_count(*args, **kwargs)

    async def _updated(
        self, filter_: dict[str, Any], update: dict[str, Any], *, upsert: bool = False, session: None = None
    ) -> dict[str, Any]:
        """Update a document and return the reply."""
        direct = self._direct_write()
        reply: dict[str, Any] = await direct.update_one(self._namespace, filter_, update, self._options, upsert)
        return reply

    async def _image(
        self,
        filter_: dict[str, Any],
        update: dict[str, Any] | None,
        *,
        return_document: bool = ReturnDocument.BEFORE,
        session: None = None,
    ) -> Any:
        """Update or delete a document and return it as it was, or is."""
        if self._is_raw:
            raise NotDirectError
        images = await self._direct_write().find_and_modify(self._namespace, filter_, update, self._options)
        return self._decoded(images.after if return_document else images.before)

    def __getattr__(self, name: str) -> AsyncCollection[DocumentType]:
        # PyMongo's asks for an item: ours, then.
        return cast("AsyncCollection[DocumentType]", super().__getattr__(name))


class AsyncDatabase(AsyncPyMongoDatabase[DocumentType]):
    """A `pymongo.asynchronous.database.AsyncDatabase`."""

    def __getitem__(self, name: str) -> AsyncCollection[DocumentType]:
        return AsyncCollection(self, name)

    def get_collection(self, *args: Any, **kwargs: Any) -> Any:
        """Return a collection, as PyMongo does."""
        made = super().get_collection(*args, **kwargs)
        return made_like(AsyncCollection, self, made.name, made)

    async def create_collection(self, *args: Any, **kwargs: Any) -> Any:
        """Create a collection, as PyMongo does."""
        made = await super().create_collection(*args, **kwargs)
        return made_like(AsyncCollection, self, made.name, made)

    def with_options(self, *args: Any, **kwargs: Any) -> Any:
        """Return a copy with other options, as PyMongo does."""
        return own_async_database(super().with_options(*args, **kwargs))


def own_async_database(made: AsyncPyMongoDatabase[Any]) -> AsyncDatabase[Any]:
    """Return one of PyMongo's databases as one of ours."""
    return AsyncDatabase(
        made.client, made.name, made.codec_options, made.read_preference, made.write_concern, made.read_concern
    )
