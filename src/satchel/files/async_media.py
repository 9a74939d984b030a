"""Media fields for an `AsyncMongoClient`: files are read in a thread."""

from __future__ import annotations

import asyncio
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.cursor import AsyncCursor

from satchel.files.media import LazyMedia, MediaFields, lazy_document, with_id


class AsyncMediaReader(LazyMedia[AsyncCollection[Any]]):
    """What `MediaReader` is, to be awaited."""

    __slots__ = ()

    async def __call__(self) -> bytes:
        """Return the bytes: as they were found, or, when the cache has dropped them, as they are stored now.

        Raises:
            LookupError: They are not there any more.
        """
        content = self._cached()
        if content is not None:
            return content
        filter_, projection = self._query()
        return self._pick(await self._collection.find_one(filter_, projection))


class AsyncMediaCursor(AsyncCursor[Any]):
    """A `pymongo.AsyncCursor` whose documents have `AsyncMediaReader` in their media fields."""

    def __init__(self, collection: AsyncMediaCollection, *args: Any, **kwargs: Any) -> None:
        self._media_collection = collection
        super().__init__(collection.plain, *args, **kwargs)

    async def next(self) -> Any:
        """Return the next document."""
        return self._media_collection.lazy(await super().next())

    __anext__ = next  # noqa: A003 - PyMongo's name

    async def to_list(self, length: int | None = None) -> list[Any]:
        """Return the documents, `length` at most."""
        return [self._media_collection.lazy(document) for document in await super().to_list(length)]

    def _clone_base(self, session: Any) -> AsyncMediaCursor:
        return AsyncMediaCursor(self._media_collection, session=session)


class AsyncMediaCollection(AsyncCollection[Any]):
    """What `MediaCollection` is, for an `AsyncMongoClient`.

    Args:
        collection: Where the documents are.
        media: The fields.
    """

    def __init__(self, collection: AsyncCollection[Any], media: MediaFields) -> None:
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
        return lazy_document(document, self.media, self.plain, AsyncMediaReader)

    def with_options(self, *args: Any, **kwargs: Any) -> AsyncMediaCollection:
        """Return a copy with other options, as PyMongo does."""
        return AsyncMediaCollection(self.plain.with_options(*args, **kwargs), self.media)

    def find(self, *args: Any, **kwargs: Any) -> AsyncMediaCursor:
        """Find documents; their media are loaded when they are called."""
        return AsyncMediaCursor(self, *args, **kwargs)

    async def find_one(self, *args: Any, **kwargs: Any) -> Any:
        """Find one document, with the bytes of its media."""
        return await self.plain.find_one(*args, **kwargs)

    async def insert_one(self, document: Any, *args: Any, **kwargs: Any) -> Any:
        """Insert a document, reading its paths."""
        read = await asyncio.to_thread(self.media.read_document, with_id(document))
        return await self.plain.insert_one(read, *args, **kwargs)

    async def insert_many(self, documents: Any, *args: Any, **kwargs: Any) -> Any:
        """Insert documents, reading their paths."""
        read = [await asyncio.to_thread(self.media.read_document, with_id(each)) for each in documents]
        return await self.plain.insert_many(read, *args, **kwargs)

    async def replace_one(self, filter: Any, replacement: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002
        """Replace a document, reading the new one's paths."""
        read = await asyncio.to_thread(self.media.read_document, replacement)
        return await self.plain.replace_one(filter, read, *args, **kwargs)

    async def update_one(self, filter: Any, update: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002 - PyMongo's
        """Update a document, reading the paths that are set."""
        return await self.plain.update_one(filter, await self._read_update(update), *args, **kwargs)

    async def update_many(self, filter: Any, update: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002 - PyMongo's
        """Update documents, reading the paths that are set."""
        return await self.plain.update_many(filter, await self._read_update(update), *args, **kwargs)

    async def find_one_and_replace(self, filter: Any, replacement: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002
        """Replace a document and return it, reading the new one's paths."""
        read = await asyncio.to_thread(self.media.read_document, replacement)
        return await self.plain.find_one_and_replace(filter, read, *args, **kwargs)

    async def find_one_and_update(self, filter: Any, update: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002
        """Update a document and return it, reading the paths that are set."""
        return await self.plain.find_one_and_update(filter, await self._read_update(update), *args, **kwargs)

    async def bulk_write(self, requests: Any, *args: Any, **kwargs: Any) -> Any:
        """Write many operations, reading their paths first."""
        read = [await asyncio.to_thread(self.media.read_operation, each) for each in requests]
        return await self.plain.bulk_write(read, *args, **kwargs)

    async def _read_update(self, update: Any) -> Any:
        return await asyncio.to_thread(self.media.read_update, update)
