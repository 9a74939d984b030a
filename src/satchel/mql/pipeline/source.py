"""What the stages of a pipeline need from the engine: the collections around the one that the pipeline reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from satchel.mql.context import Context
from satchel.values.bson_types import BsonValue, Document
from satchel.values.namespace import Namespace


class Source(Protocol):
    """The engine as pipelines see it. Methods raise ServerError with MongoDB's codes."""

    def read(self, namespace: Namespace, pipeline: Sequence[Document], context: Context) -> Iterator[Document]:
        """Run a pipeline on a collection or view.

        The engine parses `pipeline` itself, so that a leading `$match` uses indexes and views resolve; the variables
        in scope are `context.variables`. A collection that does not exist is empty.
        """
        ...

    def find_equal(self, namespace: Namespace, path: str, value: BsonValue, context: Context) -> Iterable[Document]:
        """Return the documents of a collection or view that `{path: {$eq: value}}` finds."""
        ...

    def find_equal_stored(
        self, namespace: Namespace, path: str, value: BsonValue, context: Context
    ) -> list[bytes] | None:
        """Return the same as BSON; None where it takes more than an index to find them."""
        ...

    def has_at_most(self, namespace: Namespace, count: int) -> bool:
        """Tell whether a collection has no more documents than that; of a view that is not known, and True."""
        ...

    def exists(self, namespace: Namespace) -> bool:
        """Tell whether there is a collection or view of this name."""
        ...

    def is_view(self, namespace: Namespace) -> bool:
        """Tell whether the name is a view's."""
        ...

    def has_index(self, namespace: Namespace, path: str) -> bool:
        """Tell whether an equality on `path` would use an index (of the collection behind a view too)."""
        ...

    def has_unique_index(self, namespace: Namespace, paths: frozenset[str], *, sparse: bool = False) -> bool:
        """Tell whether a unique index, without partial filter, has exactly these fields as its key.

        Args:
            namespace: The collection.
            paths: The fields, in any order.
            sparse: Whether a sparse index will do too.
        """
        ...

    def collection_stats(self, namespace: Namespace, spec: Document) -> Document:
        """Return the one document of `$collStats`; `spec` is its checked operand."""
        ...

    def index_stats(self, namespace: Namespace) -> Iterable[Document]:
        """Return the documents of `$indexStats`."""
        ...

    def plan_cache_stats(self, namespace: Namespace) -> Iterable[Document]:
        """Return the documents of `$planCacheStats`."""
        ...

    def current_op(self, spec: Document) -> Iterable[Document]:
        """Return the documents of `$currentOp`; `spec` is its checked operand."""
        ...

    def sessions(self, spec: Document) -> Iterable[Document]:
        """Return the documents of `$listSessions` and `$listLocalSessions`; `spec` is the checked operand."""
        ...

    def replace_collection(
        self, namespace: Namespace, documents: Iterable[Document], options: Document, context: Context
    ) -> None:
        """Make `documents` the whole content of a collection, at once: the work of `$out`.

        Indexes and options of an existing collection stay. `_id` is added where it is missing. When `documents` or
        an insert raises, the collection stays as it was.

        Args:
            namespace: The collection, which need not exist.
            documents: The content.
            options: `timeseries` options, or empty.
            context: The operation.
        """
        ...

    def insert(self, namespace: Namespace, documents: Sequence[Document], context: Context) -> None:
        """Insert documents for `$merge`, creating the collection; DuplicateKey (11000) raises as in an insert."""
        ...

    def update(
        self, namespace: Namespace, filter_: Document, update: Document | Sequence[Document], context: Context
    ) -> bool:
        """Update at most one document for `$merge`; `context.variables` is in scope in a pipeline update.

        Args:
            namespace: The collection.
            filter_: Equalities on the fields of `$merge`'s `on`.
            update: A replacement, modifiers or a pipeline.
            context: The operation.

        Returns:
            Whether a document matched.
        """
        ...
