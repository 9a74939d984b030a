"""createIndexes, listIndexes and dropIndexes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import (
    any_value,
    collection,
    document,
    documents,
    non_negative,
    param,
    read_params,
    strings,
)
from satchel.commands.results import documents_reply
from satchel.commands.rights import on_collection
from satchel.engine.catalog import Catalog, CollectionEntry, IndexEntry
from satchel.engine.indexes.build import create_indexes, drop_indexes
from satchel.engine.indexes.specs import new_indexes, parse_index_spec
from satchel.engine.namespaces import checked_namespace
from satchel.engine.units import WriteUnit
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document, type_name
from satchel.values.compare import equal
from satchel.values.shell_text import shell_text


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIndexesParams(NoFields):
    """Fields of createIndexes."""

    create_indexes: str = param(collection)
    indexes: list[Document] = param(documents)

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"commitQuorum", "ignoreUnknownIndexOptions", "isTimeseriesNamespace", "returnOnStart"}
    )
    UNSTABLE: ClassVar[frozenset[str]] = frozenset({"ignoreUnknownIndexOptions"})


@COMMANDS.command("createIndexes", CreateIndexesParams, access=on_collection("createIndex"), write=True)
def create_indexes_command(params: CreateIndexesParams, invocation: Invocation) -> Reply:
    """Create indexes, and the collection if need be; those that are there already stay as they are."""
    namespace = checked_namespace(invocation.database, params.create_indexes)
    if not params.indexes:
        raise ServerError(ErrorCode.BadValue, "Must specify at least one index to create")
    with invocation.engine.write(invocation.operation) as unit:
        is_new = unit.catalog.get(namespace) is None
        entry = unit.ensure_collection(namespace)
        specs = [parse_index_spec(spec, entry, invocation.operation.context) for spec in params.indexes]
        wanted = new_indexes(specs, entry)
        before = len(entry.indexes)
        if wanted:
            if unit.original is not None:
                _require_new(unit.original, unit, entry)
            create_indexes(unit, entry, wanted, invocation.operation)
    reply: Document = {"numIndexesBefore": before, "numIndexesAfter": before + len(wanted)}
    if not wanted:
        return {**reply, "note": "all indexes already exist"}
    reply["createdCollectionAutomatically"] = is_new
    if len(wanted) < len(specs):
        reply["note"] = "index already exists"
    return reply


def _require_new(original: Catalog, unit: WriteUnit, entry: CollectionEntry) -> None:
    """Refuse an index, in a transaction, on a collection that was there before it or has documents."""
    if original.get(entry.namespace) is not None or unit.reader.last_rid(entry.table):
        raise ServerError(
            ErrorCode.OperationNotSupportedInTransaction,
            f"Cannot create new indexes on existing collection {entry.namespace} in a multi-document transaction.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListIndexesParams(NoFields):
    """Fields of listIndexes."""

    list_indexes: str = param(collection)
    cursor: Document = param(document, default={})

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"includeBuildUUIDs", "includeIndexBuildInfo", "isTimeseriesNamespace"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCursorFields(NoFields):
    """Fields of the `cursor` of a listing."""

    batch_size: int | None = param(non_negative, default=None)


@COMMANDS.command("listIndexes", ListIndexesParams, access=on_collection("listIndexes"))
def list_indexes(params: ListIndexesParams, invocation: Invocation) -> Reply:
    """List the indexes of a collection."""
    namespace = checked_namespace(invocation.database, params.list_indexes)
    fields = read_params(ListCursorFields, "listIndexes.cursor", params.cursor)
    with invocation.engine.read() as unit:
        entry = unit.catalog.require(namespace)
        if entry.is_view:
            raise ServerError(ErrorCode.CommandNotSupportedOnView, f"Namespace {namespace} is a view, not a collection")
        return documents_reply(
            invocation, namespace.collection, (index.spec for index in entry.indexes), fields.batch_size
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIndexesParams(NoFields):
    """Fields of dropIndexes."""

    drop_indexes: str | None = param(collection, default=None)
    delete_indexes: str | None = param(collection, default=None)
    index: BsonValue = param(any_value)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"isTimeseriesNamespace"})


@COMMANDS.command("dropIndexes", DropIndexesParams, "deleteIndexes", access=on_collection("dropIndex"), write=True)
def drop_indexes_command(params: DropIndexesParams, invocation: Invocation) -> Reply:
    """Drop indexes by name, by key pattern, or (`*`) all but `_id_`."""
    namespace = checked_namespace(invocation.database, params.drop_indexes or params.delete_indexes or "")
    with invocation.engine.write(invocation.operation) as unit:
        entry = unit.catalog.get(namespace)
        if entry is None:
            raise ServerError(ErrorCode.NamespaceNotFound, f"ns not found {namespace}")
        if entry.is_view:
            raise ServerError(ErrorCode.CommandNotSupportedOnView, f"Namespace {namespace} is a view, not a collection")
        before = len(entry.indexes)
        drop_indexes(unit, entry, _indexes_to_drop(params.index, entry))
    reply: Document = {"nIndexesWas": before}
    if params.index in ("*", ["*"]):
        reply["msg"] = "non-_id indexes dropped for collection"
    return reply


def _indexes_to_drop(wanted: BsonValue, entry: CollectionEntry) -> list[IndexEntry]:
    if wanted in ("*", ["*"]):
        return list(entry.secondary_indexes)
    if isinstance(wanted, str):
        return [_droppable(_by_name(wanted, entry))]
    if isinstance(wanted, list):
        return [_droppable(_by_name(name, entry)) for name in strings("dropIndexes.index", wanted)]
    if isinstance(wanted, dict):
        return [_droppable(_by_key(wanted, entry))]
    raise ServerError(
        ErrorCode.TypeMismatch,
        f"BSON field 'dropIndexes.index' is the wrong type '{type_name(wanted)}', expected types '[string, object]'",
    )


def _by_name(name: str, entry: CollectionEntry) -> IndexEntry:
    index = entry.index(name)
    if index is None:
        raise ServerError(ErrorCode.IndexNotFound, f"index not found with name [{name}]")
    return index


def _by_key(key: Document, entry: CollectionEntry) -> IndexEntry:
    found = [index for index in entry.indexes if equal(dict(index.key_pattern), key)]
    if not found:
        raise ServerError(ErrorCode.IndexNotFound, f"can't find index with key: {shell_text(key)}")
    if len(found) > 1:
        raise ServerError(
            ErrorCode.AmbiguousIndexKeyPattern,
            f"{len(found)} indexes found for key: {shell_text(key)}, identify by name instead.",
        )
    return found[0]


def _droppable(index: IndexEntry) -> IndexEntry:
    if index.is_id:
        raise ServerError(ErrorCode.InvalidOptions, "cannot drop _id index")
    return index
