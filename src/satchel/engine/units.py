"""Units of work: a snapshot to read in, and a write transaction that knows the catalog."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from satchel.engine.catalog import ID_INDEX, Catalog, CollectionEntry, IndexEntry, save_entry
from satchel.engine.namespaces import Namespace, check_length
from satchel.errors import ErrorCode, ServerError
from satchel.storage.interface import Reader, Writer
from satchel.values.bson_types import Document


@dataclass(slots=True)
class ReadUnit:
    """A snapshot of the file and the catalog as it was then."""

    reader: Reader
    catalog: Catalog


class WriteUnit(ReadUnit):
    """A write transaction. Changes of the catalog are visible to it at once, and to others when it commits."""

    __slots__ = ("writer",)

    def __init__(self, writer: Writer, catalog: Catalog) -> None:
        super().__init__(writer, catalog)
        self.writer = writer

    def create_collection(self, namespace: Namespace, options: Document) -> CollectionEntry:
        """Add a collection or (with `viewOn` among the options) a view.

        Raises:
            ServerError: NamespaceExists (48); DatabaseDifferCase (13297).
        """
        if self.catalog.get(namespace) is not None:
            raise ServerError(ErrorCode.NamespaceExists, f"Collection {namespace} already exists.")
        check_length(namespace)
        self._check_database_case(namespace.database)
        table = "" if "viewOn" in options else self.writer.create_table(str(namespace))
        if options.get("capped"):
            self.writer.keep_totals(table)
        indexes = () if "viewOn" in options else (_id_index(options),)
        entry = CollectionEntry(namespace, table, uuid.uuid4(), options, indexes)
        self.save(entry)
        return entry

    def _check_database_case(self, database: str) -> None:
        for other in self.catalog.databases():
            if other != database and other.lower() == database.lower():
                raise ServerError(
                    ErrorCode.DatabaseDifferCase,
                    f"db already exists with different case already have: [{other}] trying to create [{database}]",
                )

    def ensure_collection(self, namespace: Namespace) -> CollectionEntry:
        """Return the collection of a namespace, made now if need be.

        Raises:
            ServerError: CommandNotSupportedOnView (166).
        """
        entry = self.catalog.get(namespace)
        if entry is None:
            return self.create_collection(namespace, {})
        if entry.is_view:
            raise ServerError(ErrorCode.CommandNotSupportedOnView, f"Namespace {namespace} is a view, not a collection")
        return entry

    def drop_collection(self, entry: CollectionEntry) -> None:
        """Remove a collection with its indexes, or a view."""
        self.drop_indexes(entry.secondary_indexes)
        if entry.table:
            self.writer.drop_table(entry.table)
        self.writer.delete_catalog_row(str(entry.namespace))
        self.reload()

    def clear(self, entry: CollectionEntry) -> None:
        """Remove every document of a collection; its indexes and options stay."""
        for table in (entry.table, *(index.table for index in entry.secondary_indexes)):
            self.writer.clear(table)

    def make_capped(self, entry: CollectionEntry, options: Document) -> CollectionEntry:
        """Give a collection the options of a capped one and take its indexes away; the caller trims it."""
        self.drop_indexes(entry.secondary_indexes)
        if not entry.capped:
            self.writer.keep_totals(entry.table)
        capped = replace(entry, options=options, indexes=entry.indexes[:1])
        self.save(capped)
        return capped

    def rename_collection(self, entry: CollectionEntry, target: Namespace) -> None:
        """Give a collection another name; its records and indexes stay as they are."""
        check_length(target)
        self._check_database_case(target.database)
        table = self.writer.rename_table(entry.table, str(target))
        indexes = tuple(
            index
            if index.is_id
            else replace(index, table=self.writer.rename_table(index.table, f"{table}${index.name}"))
            for index in entry.indexes
        )
        self.writer.delete_catalog_row(str(entry.namespace))
        self.save(replace(entry, namespace=target, table=table, indexes=indexes))

    def drop_indexes(self, indexes: Iterable[IndexEntry]) -> None:
        """Remove the storage of indexes; the caller saves an entry without them."""
        for index in indexes:
            self.writer.drop_index(index.table)

    def save(self, entry: CollectionEntry) -> None:
        """Write a new or changed entry into the catalog."""
        save_entry(self.writer, entry)
        self.reload()

    def reload(self) -> None:
        """Read the catalog again, as this transaction sees it now."""
        self.catalog = Catalog.load(self.writer, self.catalog)


def _id_index(options: Document) -> IndexEntry:
    """Return the index of `_id`, which has the collection's collation."""
    if "collation" not in options:
        return ID_INDEX
    return IndexEntry({**ID_INDEX.spec, "collation": options["collation"]}, "")
