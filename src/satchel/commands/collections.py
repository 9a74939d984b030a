"""Commands on collections and databases: create, drop, rename, list, modify."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, cast

from bson import Binary

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.indexes import ListCursorFields
from satchel.commands.params import (
    any_value,
    array,
    boolean,
    collection,
    document,
    documents,
    integer,
    param,
    read_params,
    strict_boolean,
    string,
    takes_null,
    within,
)
from satchel.commands.results import documents_reply
from satchel.engine.aggregation import Aggregation
from satchel.engine.catalog import CollectionEntry
from satchel.engine.collection_options import (
    MAX_CAPPED_BYTES,
    check_validation_options,
    create_options,
    modify,
)
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.namespaces import Namespace, check_creatable, checked_namespace, is_system, parse_namespace
from satchel.engine.stats import collection_sizes
from satchel.engine.units import ReadUnit
from satchel.engine.views import check_view
from satchel.engine.writes.collection_writer import CollectionWriter
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.values.bson_types import BsonValue, Document
from satchel.values.compare import equal
from satchel.values.numbers import narrow


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateParams(NoFields):
    """Fields of create."""

    create: str = param(collection)
    capped: bool = param(boolean, default=False)
    size: int | None = param(within(integer, 1, MAX_CAPPED_BYTES), default=None)
    max: int | None = param(integer, default=None)
    validator: Document | None = param(document, default=None)
    validation_level: str | None = param(string, default=None)
    validation_action: str | None = param(string, default=None)
    view_on: str | None = param(string, default=None)
    pipeline: list[Document] | None = param(documents, default=None)
    collation: Document | None = param(document, default=None)
    expire_after_seconds: int | None = param(integer, default=None)
    timeseries: Document | None = param(document, default=None)
    clustered_index: BsonValue = param(any_value, default=None)
    change_stream_pre_and_post_images: Document | None = param(document, default=None)
    index_option_defaults: Document | None = param(document, default=None)
    storage_engine: Document | None = param(document, default=None)
    id_index: Document | None = param(document, default=None)
    temp: bool = param(boolean, default=False)
    encrypted_fields: Document | None = param(document, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"autoIndexId", "flags", "recordIdsReplicated"})
    UNSTABLE: ClassVar[frozenset[str]] = frozenset(
        {"size", "max", "changeStreamPreAndPostImages", "indexOptionDefaults", "storageEngine", "flags", "autoIndexId"}
    )


@COMMANDS.command("create", CreateParams, write=True)
def create(params: CreateParams, invocation: Invocation) -> Reply:
    """Create a collection or a view. The same one once more is no error."""
    namespace = checked_namespace(invocation.database, params.create)
    check_creatable(namespace)
    read = {"size": params.size, "max": params.max}
    given = {name: read.get(name, value) for name, value in invocation.request.command.items()}
    fields = {name: value for name, value in given.items() if value is not None}
    options = create_options(fields, namespace, invocation.operation.context)
    with invocation.engine.write(invocation.operation) as unit:
        existing = unit.catalog.get(namespace)
        if existing is not None:
            if equal(existing.options, options):
                return {}
            kind = "view" if existing.is_view else "collection"
            raise ServerError(
                ErrorCode.NamespaceExists,
                f"namespace {namespace} already exists, but with different options: {kind} {existing.options}",
            )
        if "viewOn" in options:
            with _source(invocation, unit) as source:
                check_view(unit.catalog, namespace, options, source, invocation.operation.context)
        unit.create_collection(namespace, options)
    return {}


@contextmanager
def _source(invocation: Invocation, unit: ReadUnit) -> Iterator[Aggregation]:
    """Give the pipeline of a view, which is only parsed, the collections around it."""
    slot = ReadSlot()
    with slot.attached(unit):
        yield Aggregation(invocation.engine, invocation.operation, slot)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropParams(NoFields):
    """Fields of drop."""

    drop: str = param(collection)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"collectionUUID", "encryptedFields", "isTimeseriesNamespace"})


@COMMANDS.command("drop", DropParams, write=True)
def drop(params: DropParams, invocation: Invocation) -> Reply:
    """Drop a collection with its indexes, or a view; one that is not there is no error."""
    if "$" in params.drop:
        return {}  # No collection has such a name; MongoDB does not mind the attempt.
    namespace = checked_namespace(invocation.database, params.drop)
    with invocation.engine.write(invocation.operation) as unit:
        entry = unit.catalog.get(namespace)
        if entry is None:
            return {}
        unit.drop_collection(entry)
    reply: Document = {"ns": str(namespace)}
    if not entry.is_view:
        reply = {"nIndexesWas": len(entry.indexes), **reply}
    return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class DropDatabaseParams(NoFields):
    """Fields of dropDatabase."""

    drop_database: BsonValue = param(any_value, default=1)


@COMMANDS.command("dropDatabase", DropDatabaseParams, write=True)
def drop_database(params: DropDatabaseParams, invocation: Invocation) -> Reply:
    """Drop every collection and view of a database."""
    with invocation.engine.write(invocation.operation) as unit:
        entries = unit.catalog.database(invocation.database)
        for entry in entries:
            unit.drop_collection(entry)
    return {"dropped": invocation.database} if entries else {}


@takes_null
def _drop_target(name: str, value: BsonValue) -> bool:
    """Take a boolean, or the UUID of the collection that the new name belongs to."""
    return isinstance(value, Binary) or strict_boolean(name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameCollectionParams(NoFields):
    """Fields of renameCollection."""

    rename_collection: str = param(string)
    to: str = param(string)
    drop_target: bool = param(_drop_target, default=False)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"stayTemp", "collectionUUID"})


@COMMANDS.command("renameCollection", RenameCollectionParams, admin_only=True, write=True)
def rename_collection(params: RenameCollectionParams, invocation: Invocation) -> Reply:
    """Give a collection another name, in the same database or another one."""
    source, target = parse_namespace(params.rename_collection), _rename_target(params.to)
    if source == target:
        raise ServerError(ErrorCode.IllegalOperation, "Can't rename a collection to itself")
    with invocation.engine.write(invocation.operation) as unit:
        entry = unit.catalog.get(source)
        if entry is None:
            raise ServerError(ErrorCode.NamespaceNotFound, f"Source collection {source} does not exist")
        if entry.is_view:
            raise ServerError(ErrorCode.CommandNotSupportedOnView, f"cannot rename view: {source}")
        occupied = unit.catalog.get(target)
        if occupied is not None:
            if not params.drop_target:
                raise ServerError(ErrorCode.NamespaceExists, "target namespace exists")
            unit.drop_collection(occupied)
        unit.rename_collection(entry, target)
    return {}


def _rename_target(full: str) -> Namespace:
    database, _, name = full.partition(".")
    if name and ("$" in name or is_system(name)):
        raise ServerError(ErrorCode.IllegalOperation, f"error with target namespace: Invalid collection name: {name}")
    return checked_namespace(database, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCollectionsParams(NoFields):
    """Fields of listCollections."""

    list_collections: BsonValue = param(any_value, default=1)
    filter: Document = param(document, default={})
    name_only: bool = param(strict_boolean, default=False)
    cursor: Document = param(document, default={})

    IGNORED: ClassVar[frozenset[str]] = frozenset({"authorizedCollections", "includePendingDrops"})


@COMMANDS.command("listCollections", ListCollectionsParams)
def list_collections(params: ListCollectionsParams, invocation: Invocation) -> Reply:
    """List the collections and views of a database."""
    fields = read_params(ListCursorFields, "listCollections.cursor", params.cursor)
    matches = parse_filter(params.filter, Context()).matches
    with invocation.engine.read() as unit:
        read_only = invocation.engine.storage.read_only
        listed = [_listed(entry, read_only) for entry in unit.catalog.database(invocation.database)]
        if any(entry.is_view for entry in unit.catalog.database(invocation.database)):
            listed.append(_system_views(invocation.database))
        listed = [each for each in listed if matches(each)]
        if params.name_only:
            listed = [{"name": each["name"], "type": each["type"]} for each in listed]
        return documents_reply(invocation, "$cmd.listCollections", listed, fields.batch_size)


def _listed(entry: CollectionEntry, read_only: bool) -> Document:
    if entry.is_view:
        return {
            "name": entry.namespace.collection,
            "type": "view",
            "options": entry.options,
            "info": {"readOnly": True},
        }
    return {
        "name": entry.namespace.collection,
        "type": "collection",
        "options": entry.options,
        "info": {"readOnly": read_only, "uuid": Binary.from_uuid(entry.uuid)},
        "idIndex": entry.indexes[0].spec,
    }


def _system_views(database: str) -> Document:
    return {"name": "system.views", "type": "collection", "options": {}, "info": {"readOnly": False}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDatabasesParams(NoFields):
    """Fields of listDatabases."""

    list_databases: BsonValue = param(any_value, default=1)
    filter: Document = param(document, default={})
    name_only: bool = param(boolean, default=False)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"authorizedDatabases"})


@COMMANDS.command("listDatabases", ListDatabasesParams, admin_only=True)
def list_databases(params: ListDatabasesParams, invocation: Invocation) -> Reply:
    """List the databases of the file: those that have a collection."""
    matches = parse_filter(params.filter, Context()).matches
    with invocation.engine.read() as unit:
        if params.name_only:
            names: list[Document] = [{"name": name} for name in unit.catalog.databases()]
            return {"databases": [each for each in names if matches(each)]}
        listed = [_sized(unit, name) for name in unit.catalog.databases()]
    listed = [each for each in listed if matches(each)]
    total = sum(int(cast("int", each["sizeOnDisk"])) for each in listed)
    return {"databases": listed, "totalSize": narrow(total), "totalSizeMb": narrow(total // (1024 * 1024))}


def _sized(unit: ReadUnit, database: str) -> Document:
    entries = [entry for entry in unit.catalog.database(database) if not entry.is_view]
    size = sum(int(cast("int", collection_sizes(unit, entry)["totalSize"])) for entry in entries)
    return {"name": database, "sizeOnDisk": narrow(size), "empty": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class CollModParams(NoFields):
    """Fields of collMod."""

    coll_mod: str = param(collection)
    index: Document | None = param(document, default=None)
    validator: Document | None = param(document, default=None)
    validation_level: str | None = param(string, default=None)
    validation_action: str | None = param(string, default=None)
    view_on: str | None = param(string, default=None)
    pipeline: list[BsonValue] | None = param(array, default=None)
    capped_size: BsonValue = param(any_value, default=None)
    capped_max: BsonValue = param(any_value, default=None)
    expire_after_seconds: BsonValue = param(any_value, default=None)
    change_stream_pre_and_post_images: Document | None = param(document, default=None)
    dry_run: bool = param(boolean, default=False)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"isTimeseriesNamespace", "usePowerOf2Sizes", "noPadding"})
    REFUSED: ClassVar[frozenset[str]] = frozenset({"timeseries"})


@COMMANDS.command("collMod", CollModParams, write=True)
def coll_mod(params: CollModParams, invocation: Invocation) -> Reply:
    """Change the options of a collection, a view or an index."""
    namespace = checked_namespace(invocation.database, params.coll_mod)
    fields = {name: value for name, value in invocation.request.command.items() if value is not None}
    check_validation_options(fields, invocation.operation.context)
    with invocation.engine.write(invocation.operation) as unit:
        entry = unit.catalog.get(namespace)
        if entry is None:
            raise ServerError(ErrorCode.NamespaceNotFound, f"ns does not exist: {namespace}")
        with _source(invocation, unit) as source:
            reply, changed = modify(unit, entry, fields, invocation.operation, source)
        if not params.dry_run and changed is not entry:
            unit.save(changed)
    return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertToCappedParams(NoFields):
    """Fields of convertToCapped."""

    convert_to_capped: str = param(collection)
    size: int = param(within(integer, 1, MAX_CAPPED_BYTES))


@COMMANDS.command("convertToCapped", ConvertToCappedParams, write=True)
def convert_to_capped(params: ConvertToCappedParams, invocation: Invocation) -> Reply:
    """Make a collection a capped one: its newest documents stay, its indexes go."""
    namespace = checked_namespace(invocation.database, params.convert_to_capped)
    with invocation.engine.write(invocation.operation) as unit:
        entry = unit.catalog.get(namespace)
        if entry is None:
            raise ServerError(ErrorCode.NamespaceNotFound, f"source collection {namespace} does not exist")
        if entry.is_view:
            raise ServerError(ErrorCode.CommandNotSupportedOnView, f"cannot convert a view: {namespace}")
        capped = unit.make_capped(entry, {"capped": True, "size": narrow(params.size)})
        CollectionWriter(unit, capped).trim()
    return {}
