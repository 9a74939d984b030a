"""Commands on collections and databases: create, drop, rename, list, modify."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Final, cast

from bson import Binary

from satchel.access.control import Rights
from satchel.access.privileges import Privilege
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
from satchel.commands.pipeline_rights import pipeline_needs
from satchel.commands.results import documents_reply
from satchel.commands.rights import Access, Call, cluster_privilege, on_collection, on_database, privilege
from satchel.engine.aggregation import Aggregation
from satchel.engine.catalog import Catalog, CollectionEntry
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


def _create_needs(params: CreateParams, call: Call) -> Iterator[Privilege]:
    namespace = call.namespace
    to_create = privilege(namespace, "createCollection")
    if params.view_on is not None:
        yield to_create
        yield from _view_needs(namespace, params.view_on, cast("BsonValue", params.pipeline), call)
        return
    yield to_create if call.privileges.allows(to_create) else privilege(namespace, "insert")
    if params.capped:
        yield privilege(namespace, "convertToCapped")


def _view_needs(view: Namespace, base: str, pipeline: BsonValue, call: Call) -> Iterator[Privilege]:
    """Yield what it takes to define a view; who cannot read it anyway may define it at will, as in MongoDB."""
    if call.privileges.allows(privilege(view, "find")):
        yield from pipeline_needs(Namespace(view.database, base), pipeline)


@COMMANDS.command("create", CreateParams, access=Access(_create_needs), write=True)
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
            if equal(existing.options, options) and not unit.is_in_transaction:
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


@COMMANDS.command("drop", DropParams, access=on_collection("dropCollection"), write=True)
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


@COMMANDS.command("dropDatabase", DropDatabaseParams, access=on_database("dropDatabase"), write=True)
def drop_database(params: DropDatabaseParams, invocation: Invocation) -> Reply:
    """Drop every collection and view of a database; not of `admin`, where the users are."""
    if invocation.database == "admin":
        raise ServerError(ErrorCode.IllegalOperation, "Dropping the 'admin' database is prohibited.")
    with invocation.engine.write(invocation.operation) as unit:
        entries = unit.catalog.database(invocation.database)
        for entry in entries:
            unit.drop_collection(entry)
        if entries and unit.changes is not None:
            unit.changes.database_dropped(invocation.database)
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


def _rename_needs(params: RenameCollectionParams, call: Call) -> Iterator[Privilege]:
    source, target = parse_namespace(params.rename_collection), parse_namespace(params.to)
    if source.database == target.database:
        yield privilege(source, "renameCollectionSameDB")
        yield privilege(target, "renameCollectionSameDB")
        if call.privileges.allows(privilege(target, "find")):
            yield privilege(source, "find")
    else:
        yield privilege(source, "find", "dropCollection")
        yield privilege(target, "insert", "createIndex")
    if params.drop_target:
        yield privilege(target, "dropCollection")


@COMMANDS.command("renameCollection", RenameCollectionParams, access=Access(_rename_needs), admin_only=True, write=True)
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
            unit.drop_collection(occupied, is_logged=False)
        unit.rename_collection(entry, target, occupied)
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
    authorized_collections: bool = param(boolean, default=False)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"includePendingDrops"})


def _list_collections_needs(params: ListCollectionsParams, call: Call) -> Iterator[Privilege]:
    if not (params.name_only and params.authorized_collections):
        yield privilege(Namespace(call.database, ""), "listCollections")


@COMMANDS.command("listCollections", ListCollectionsParams, access=Access(_list_collections_needs))
def list_collections(params: ListCollectionsParams, invocation: Invocation) -> Reply:
    """List the collections and views of a database."""
    fields = read_params(ListCursorFields, "listCollections.cursor", params.cursor)
    matches = parse_filter(params.filter, Context()).matches
    with invocation.engine.read() as unit:
        read_only = invocation.engine.storage.read_only
        listed = [_listed(entry, read_only) for entry in unit.catalog.database(invocation.database)]
        if any(entry.is_view for entry in unit.catalog.database(invocation.database)):
            listed.append(_system_views(invocation.database))
        if params.authorized_collections and invocation.rights is not None:
            listed = [each for each in listed if _is_authorized(str(each["name"]), invocation)]
        listed = [each for each in listed if matches(each)]
        if params.name_only:
            listed = [{"name": each["name"], "type": each["type"]} for each in listed]
        return documents_reply(invocation, "$cmd.listCollections", listed, fields.batch_size)


def _is_authorized(collection: str, invocation: Invocation) -> bool:
    rights = invocation.rights
    return rights is None or rights.privileges.touches_collection(Namespace(invocation.database, collection))


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

    authorized_databases: bool | None = param(boolean, default=None)


_TO_LIST: Final = cluster_privilege(("listDatabases",))


def _list_databases_needs(params: ListDatabasesParams, call: Call) -> Iterator[Privilege]:
    if params.authorized_databases is False:
        yield _TO_LIST


def _databases(catalog: Catalog, params: ListDatabasesParams, rights: Rights | None) -> list[str]:
    """Return the databases that the client is to see: without the right to list all, those that it may use."""
    names = catalog.databases()
    if rights is None or (not params.authorized_databases and rights.privileges.allows(_TO_LIST)):
        return names
    return [name for name in names if rights.privileges.touches_database(name)]


@COMMANDS.command("listDatabases", ListDatabasesParams, access=Access(_list_databases_needs), admin_only=True)
def list_databases(params: ListDatabasesParams, invocation: Invocation) -> Reply:
    """List the databases of the file: those that have a collection."""
    matches = parse_filter(params.filter, Context()).matches
    with invocation.engine.read() as unit:
        databases = _databases(unit.catalog, params, invocation.rights)
        if params.name_only:
            names: list[Document] = [{"name": name} for name in databases]
            return {"databases": [each for each in names if matches(each)]}
        listed = [_sized(unit, name) for name in databases]
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


def _coll_mod_needs(params: CollModParams, call: Call) -> Iterator[Privilege]:
    yield privilege(call.namespace, "collMod")
    if (params.view_on is None) != (params.pipeline is None):
        raise ServerError(
            ErrorCode.InvalidOptions,
            "Must specify both 'viewOn' and 'pipeline' when modifying a view and auth is enabled",
        )
    if params.view_on is not None:
        yield from _view_needs(call.namespace, params.view_on, params.pipeline, call)


@COMMANDS.command("collMod", CollModParams, access=Access(_coll_mod_needs), write=True)
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
        if not params.dry_run and unit.changes is not None:
            given: Document = {name: fields[name] for name in _MODIFICATIONS if name in fields}
            unit.changes.modified(entry, given, _index_options_before(reply))
    return reply


_MODIFICATIONS: Final = (
    "index", "validator", "validationLevel", "validationAction", "viewOn", "pipeline", "cappedSize", "cappedMax",
    "changeStreamPreAndPostImages",
)  # fmt: skip


def _index_options_before(reply: Document) -> Document:
    """Return what the reply of a collMod says of an index as it was."""
    return {name.removesuffix("_old"): value for name, value in reply.items() if name.endswith("_old")}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertToCappedParams(NoFields):
    """Fields of convertToCapped."""

    convert_to_capped: str = param(collection)
    size: int = param(within(integer, 1, MAX_CAPPED_BYTES))


@COMMANDS.command("convertToCapped", ConvertToCappedParams, access=on_collection("convertToCapped"), write=True)
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
