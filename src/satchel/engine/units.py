"""Units of work: a snapshot to read in, and a write transaction that knows the catalog."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from satchel.engine.catalog import ID_INDEX, Catalog, CollectionEntry, IndexEntry, save_entry
from satchel.engine.change_log import ChangeLog
from satchel.engine.namespaces import Namespace, check_length
from satchel.errors import ErrorCode, ServerError
from satchel.storage.interface import Reader, Writer
from satchel.values.bson_types import Document, decode_document


@dataclass(slots=True)
class ReadUnit:
    """A snapshot of the file and the catalog as it was then."""

    reader: Reader
    catalog: Catalog


class WriteUnit(ReadUnit):
    """A write transaction. Changes of the catalog are visible to it at once, and to others when it commits.

    Args:
        writer: The storage's transaction.
        catalog: The catalog as it begins.
        change_log: The file's change log.
        original: The catalog that a multi-document transaction found, of which this is a part; None outside of one.

    Attributes:
        changes: What writes changes into the change log; None while there is none.
    """

    __slots__ = ("_change_log", "changes", "original", "writer")

    def __init__(
        self, writer: Writer, catalog: Catalog, change_log: ChangeLog, original: Catalog | None = None
    ) -> None:
        self.reader = self.writer = writer
        self.catalog = catalog
        self.changes = change_log.recorder(writer.change_log) if catalog.has_change_log else None
        self.original = original
        self._change_log = change_log

    @property
    def is_in_transaction(self) -> bool:
        """Whether it is part of a multi-document transaction."""
        return self.original is not None

    def start_change_log(self) -> None:
        """Have changes logged from now on."""
        if self.changes is None:
            self.changes = self._change_log.start(self.writer.change_log)
            self.reload()

    def finish(self) -> None:
        """Do what is to be done just before the transaction is committed."""
        if self.changes is None:
            return
        self.changes.finish()
        if self._change_log.look_after(self.writer.change_log, self.changes, self._keeps_images):
            self.changes = None
            self.reload()

    def _keeps_images(self) -> bool:
        return any(entry.keeps_images for entry in self.catalog)

    def create_collection(self, namespace: Namespace, options: Document) -> CollectionEntry:
        """Add a collection or (with `viewOn` among the options) a view.

        Raises:
            ServerError: NamespaceExists (48); DatabaseDifferCase (13297).
        """
        if self.catalog.get(namespace) is not None:
            raise ServerError(ErrorCode.NamespaceExists, f"Collection {namespace} already exists.")
        check_length(namespace)
        self._check_database_case(namespace.database)
        if options.get("changeStreamPreAndPostImages"):
            self.start_change_log()
        table = "" if "viewOn" in options else self.writer.create_table(str(namespace))
        if options.get("capped"):
            self.writer.keep_totals(table)
        indexes = () if "viewOn" in options else (_id_index(options),)
        entry = CollectionEntry(namespace, table, uuid.uuid4(), options, indexes)
        self.save(entry)
        if self.changes is not None:
            description = options if entry.is_view else {"idIndex": entry.indexes[0].spec, **options}
            self.changes.catalog_changed("create", entry, description)
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

    def drop_collection(self, entry: CollectionEntry, *, is_logged: bool = True) -> None:
        """Remove a collection with its indexes, or a view.

        Args:
            entry: What to remove.
            is_logged: Whether that is a change of its own, and not part of one that is logged.
        """
        self.drop_indexes(entry.secondary_indexes)
        if entry.table:
            self.writer.drop_table(entry.table)
        self.writer.delete_catalog_row(str(entry.namespace))
        self.reload()
        if self.changes is not None and is_logged:
            self.changes.catalog_changed("drop", entry)

    def clear(self, entry: CollectionEntry) -> None:
        """Remove every document of a collection; its indexes and options stay."""
        if self.changes is not None:
            self.changes.deleted(entry, (decode_document(bson) for _, bson, _ in self.reader.scan(entry.table)))
        for table in (entry.table, *(index.table for index in entry.secondary_indexes)):
            self.writer.clear(table)

    def make_capped(self, entry: CollectionEntry, options: Document) -> CollectionEntry:
        """Give a collection the options of a capped one and take its indexes away; the caller trims it."""
        self.drop_indexes(entry.secondary_indexes)
        if not entry.capped:
            self.writer.keep_totals(entry.table)
        capped = replace(entry, options=options, indexes=entry.indexes[:1])
        self.save(capped)
        if self.changes is not None:
            # As MongoDB makes it: a new collection that takes the name of the old one.
            made = Namespace(entry.namespace.database, f"tmp.convertToCapped.{entry.namespace.collection}")
            self.changes.renamed(replace(entry, namespace=made), entry.namespace, entry)
        return capped

    def rename_collection(
        self, entry: CollectionEntry, target: Namespace, dropped: CollectionEntry | None = None
    ) -> None:
        """Give a collection another name; its records and indexes stay as they are.

        Args:
            entry: The collection.
            target: Its new name.
            dropped: The collection that had the name, and is gone; None if there was none.
        """
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
        if self.changes is not None:
            self.changes.renamed(entry, target, dropped)

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
