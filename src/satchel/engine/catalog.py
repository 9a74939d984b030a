"""The catalog: which collections, views and indexes a file has. Immutable; a change makes another one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

from bson import Binary

from satchel.engine.namespaces import Namespace, parse_namespace
from satchel.errors import ErrorCode, ServerError
from satchel.storage.interface import CatalogRow, Reader, Writer
from satchel.values.bson_types import BsonValue, Document, decode_document, encode_document
from satchel.values.collation import Collation, parse_collation

ID_INDEX_NAME = "_id_"


@dataclass(frozen=True, eq=False)
class IndexEntry:
    """An index of a collection.

    Attributes:
        spec: What listIndexes shows: `v`, `key`, `name` and the options that were given.
        table: The storage index that holds the keys; empty for `_id_`, which the record table itself keeps.
        multikey: Whether a document ever had more than one key here; never goes back.
    """

    spec: Document
    table: str
    multikey: bool = False

    @property
    def name(self) -> str:
        """The index's name."""
        return cast("str", self.spec["name"])

    @cached_property
    def key_pattern(self) -> Mapping[str, BsonValue]:
        """The indexed paths and their directions or kinds, in order."""
        return cast("Document", self.spec["key"])

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The indexed paths, in order."""
        return tuple(self.key_pattern)

    @cached_property
    def descending(self) -> tuple[bool, ...]:
        """For each path whether it is indexed in descending order."""
        return tuple(is_descending(direction) for direction in self.key_pattern.values())

    @cached_property
    def kind(self) -> str:
        """`btree`, `wildcard`, `hashed`, `text`, `2dsphere` or another plugin's name."""
        for path, direction in self.key_pattern.items():
            if isinstance(direction, str):
                return direction
            if path == "$**" or path.endswith(".$**"):
                return "wildcard"
        return "btree"

    @cached_property
    def is_id(self) -> bool:
        """Whether this is the index of `_id` that every collection has."""
        return not self.table

    @property
    def unique(self) -> bool:
        """Whether no two documents may have the same key (also true of `_id_`)."""
        return self.is_id or bool(self.spec.get("unique"))

    @property
    def sparse(self) -> bool:
        """Whether documents without any of the fields have no key."""
        return bool(self.spec.get("sparse"))

    @property
    def hidden(self) -> bool:
        """Whether the planner passes it over."""
        return bool(self.spec.get("hidden"))

    @property
    def partial_filter(self) -> Document | None:
        """The filter of the documents that have keys, or None for all."""
        return cast("Document | None", self.spec.get("partialFilterExpression"))

    @property
    def expire_after_seconds(self) -> float | None:
        """The age at which documents expire (TTL), or None."""
        seconds = self.spec.get("expireAfterSeconds")
        return float(cast("float", seconds)) if seconds is not None else None

    @property
    def expires(self) -> bool:
        """Whether documents expire by this index."""
        return self.expire_after_seconds is not None

    @cached_property
    def collation(self) -> Collation | None:
        """How the index orders strings; None: by their bytes."""
        spec = self.spec.get("collation")
        return parse_collation(cast("Document", spec)) if spec is not None else None

    def to_bson(self) -> Document:
        """Return the form that the catalog stores."""
        return {"spec": self.spec, "table": self.table, "multikey": self.multikey}


def is_descending(direction: BsonValue) -> bool:
    """Tell whether a direction of a key pattern (a number, or a kind's name) means descending."""
    return isinstance(direction, int | float) and direction < 0


ID_INDEX = IndexEntry({"v": 2, "key": {"_id": 1}, "name": ID_INDEX_NAME}, "")


@dataclass(frozen=True, eq=False)
class CollectionEntry:
    """A collection or a view.

    Attributes:
        table: The record table; empty for a view.
        options: The options of `create`, as listCollections shows them.
        indexes: `_id_` first, then the others in the order of their creation.
    """

    namespace: Namespace
    table: str
    uuid: uuid.UUID
    options: Document
    indexes: tuple[IndexEntry, ...]

    @cached_property
    def is_view(self) -> bool:
        """Whether this is a view: a name for a pipeline over another collection."""
        return "viewOn" in self.options

    @property
    def view_on(self) -> str:
        """The collection (or view) under a view."""
        return cast("str", self.options["viewOn"])

    @property
    def pipeline(self) -> list[Document]:
        """A view's pipeline."""
        return cast("list[Document]", self.options.get("pipeline", []))

    @cached_property
    def capped(self) -> bool:
        """Whether the collection has a fixed size and its oldest documents make room for new ones."""
        return bool(self.options.get("capped"))

    @property
    def keeps_images(self) -> bool:
        """Whether the change log has every document before and after a change (`changeStreamPreAndPostImages`)."""
        return "changeStreamPreAndPostImages" in self.options

    @property
    def capped_size_bytes(self) -> int:
        """A capped collection's limit in bytes of BSON."""
        return int(cast("int", self.options.get("size", 0)))

    @property
    def capped_max_documents(self) -> int | None:
        """A capped collection's limit in documents, if it has one."""
        limit = int(cast("int", self.options.get("max", 0)))
        return limit if limit > 0 else None

    @cached_property
    def collation(self) -> Collation | None:
        """The collation of operations that bring none of their own."""
        spec = self.options.get("collation")
        return parse_collation(cast("Document", spec)) if spec is not None else None

    @cached_property
    def secondary_indexes(self) -> tuple[IndexEntry, ...]:
        """Every index but `_id_`."""
        return tuple(index for index in self.indexes if not index.is_id)

    @cached_property
    def has_unique_index(self) -> bool:
        """Whether a write may fail on an index other than `_id_`."""
        return any(index.unique for index in self.secondary_indexes)

    def index(self, name: str) -> IndexEntry | None:
        """Return the index of that name, or None."""
        return next((index for index in self.indexes if index.name == name), None)

    def with_index(self, changed: IndexEntry) -> CollectionEntry:
        """Return this entry with an index added, or put in the place of the one of the same name."""
        if self.index(changed.name) is None:
            return replace(self, indexes=(*self.indexes, changed))
        return replace(self, indexes=tuple(changed if index.name == changed.name else index for index in self.indexes))

    def without_index(self, name: str) -> CollectionEntry:
        """Return this entry with an index less."""
        return replace(self, indexes=tuple(index for index in self.indexes if index.name != name))

    def to_row(self) -> CatalogRow:
        """Return the form that the storage keeps."""
        entry: Document = {
            "uuid": Binary.from_uuid(self.uuid),
            "options": self.options,
            "indexes": [index.to_bson() for index in self.indexes],
        }
        return CatalogRow(str(self.namespace), self.table, encode_document(entry))


def _entry_of(row: CatalogRow) -> CollectionEntry:
    entry = decode_document(row.entry)
    indexes = tuple(
        IndexEntry(cast("Document", stored["spec"]), cast("str", stored["table"]), bool(stored["multikey"]))
        for stored in cast("list[Document]", entry["indexes"])
    )
    return CollectionEntry(
        parse_namespace(row.namespace),
        row.table,
        cast("Binary", entry["uuid"]).as_uuid(),
        cast("Document", entry["options"]),
        indexes,
    )


class Catalog:
    """All entries at one version of the catalog.

    Args:
        version: The storage's catalog version that these entries belong to.
        entries: The entries by namespace.
        rows: The stored form of each entry, so that the next version need not decode it again.
        has_change_log: Whether changes are written into the change log.
    """

    def __init__(
        self,
        version: int,
        entries: dict[Namespace, CollectionEntry],
        rows: dict[CatalogRow, CollectionEntry],
        *,
        has_change_log: bool,
    ):
        self.version = version
        self.has_change_log = has_change_log
        self._entries = entries
        self._rows = rows

    @classmethod
    def load(cls, reader: Reader, previous: Catalog | None = None) -> Catalog:
        """Read the catalog of a snapshot; entries that have not changed are taken over from `previous`."""
        known = previous._rows if previous is not None else {}
        rows = {row: known.get(row) or _entry_of(row) for row in reader.catalog_rows()}
        entries = {entry.namespace: entry for entry in rows.values()}
        return cls(reader.catalog_version(), entries, rows, has_change_log=reader.change_log.is_kept())

    def get(self, namespace: Namespace) -> CollectionEntry | None:
        """Return the entry of a namespace, or None."""
        return self._entries.get(namespace)

    def require(self, namespace: Namespace) -> CollectionEntry:
        """Return the entry of a namespace.

        Raises:
            ServerError: NamespaceNotFound (26).
        """
        entry = self._entries.get(namespace)
        if entry is None:
            raise ServerError(ErrorCode.NamespaceNotFound, f"ns does not exist: {namespace}")
        return entry

    def database(self, database: str) -> list[CollectionEntry]:
        """Return the entries of one database, by name."""
        found = [entry for entry in self._entries.values() if entry.namespace.database == database]
        return sorted(found, key=lambda entry: entry.namespace.collection)

    def databases(self) -> list[str]:
        """Return the names of all databases, in order."""
        return sorted({namespace.database for namespace in self._entries})

    def __iter__(self) -> Iterator[CollectionEntry]:
        return iter(self._entries.values())


def save_entry(writer: Writer, entry: CollectionEntry) -> None:
    """Write an entry into the catalog."""
    writer.put_catalog_row(entry.to_row())
