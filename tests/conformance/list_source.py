"""The collections of a case as pipelines see them: the `Source` of `satchel.mql.pipeline` over Python lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bson import ObjectId

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.pipeline import parse_pipeline
from satchel.mql.update import parse_update
from satchel.values import compare
from satchel.values.bson_types import BsonValue, Document
from satchel.values.namespace import Namespace


class ListSource:
    """Collections in lists, indexed by `_id` alone.

    Args:
        collections: The lists by the collections' names; written to by `$out` and `$merge`.
    """

    def __init__(self, collections: dict[str, list[Document]]) -> None:
        self._collections = collections

    def read(self, namespace: Namespace, pipeline: Sequence[Document], context: Context) -> Iterator[Document]:
        """Run a pipeline on a collection."""
        documents = list(self._collections.get(namespace.collection, ()))
        return parse_pipeline(pipeline, context, self).run(iter(documents))

    def find_equal_stored(
        self, _namespace: Namespace, _path: str, _value: BsonValue, _context: Context
    ) -> list[bytes] | None:
        """Return None: nothing is stored as BSON."""
        return None

    def has_at_most(self, namespace: Namespace, count: int) -> bool:
        """Tell whether a collection is no larger than that."""
        return len(self._collections.get(namespace.collection, ())) <= count

    def exists(self, namespace: Namespace) -> bool:
        """Tell whether there is a collection."""
        return namespace.collection in self._collections

    def is_view(self, _namespace: Namespace) -> bool:
        """Say no: there are no views."""
        return False

    def find_equal(self, namespace: Namespace, path: str, value: BsonValue, context: Context) -> Iterator[Document]:
        return self.read(namespace, [{"$match": {path: {"$eq": value}}}], context)

    def has_index(self, _namespace: Namespace, path: str) -> bool:
        """Tell whether `path` is `_id`."""
        return path == "_id"

    def has_unique_index(self, _namespace: Namespace, paths: frozenset[str], *, sparse: bool = False) -> bool:
        """Tell whether the key is `_id`."""
        return paths == {"_id"}

    def collection_stats(self, _namespace: Namespace, _spec: Document) -> Document:
        """Return nothing of interest."""
        return {}

    def index_stats(self, _namespace: Namespace) -> Iterable[Document]:
        """Return nothing."""
        return ()

    def plan_cache_stats(self, _namespace: Namespace) -> Iterable[Document]:
        """Return nothing."""
        return ()

    def current_op(self, _spec: Document) -> Iterable[Document]:
        """Return nothing."""
        return ()

    def sessions(self, _spec: Document) -> Iterable[Document]:
        """Return nothing."""
        return ()

    def replace_collection(
        self, namespace: Namespace, documents: Iterable[Document], _options: Document, context: Context
    ) -> None:
        """Make `documents` the content of a collection."""
        before = self._collections.pop(namespace.collection, None)
        try:
            self.insert(namespace, list(documents), context)
        except ServerError:
            if before is not None:
                self._collections[namespace.collection] = before
            raise

    def insert(self, namespace: Namespace, documents: Sequence[Document], _context: Context) -> None:
        """Insert documents whose `_id` is new."""
        collection = self._collections.setdefault(namespace.collection, [])
        for document in documents:
            inserted = document if "_id" in document else {"_id": ObjectId(), **document}
            if any(compare.equal(inserted["_id"], found["_id"]) for found in collection):
                raise ServerError(ErrorCode.DuplicateKey, "duplicate key")
            collection.append(inserted)

    def update(
        self, namespace: Namespace, filter_: Document, update: Document | Sequence[Document], context: Context
    ) -> bool:
        """Update the first document that matches."""
        collection = self._collections.setdefault(namespace.collection, [])
        matches = parse_filter(filter_, context).matches
        for i, document in enumerate(collection):
            if matches(document):
                collection[i] = parse_update(update, context).apply(document)
                return True
        return False
