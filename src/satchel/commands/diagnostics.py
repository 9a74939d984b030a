"""Commands that look at the server: statistics, validation, logs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from bson import Binary, Int64

from satchel.access.privileges import Privilege
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.handshake import AnyParams
from satchel.commands.params import any_value, boolean, collection, integer, param, string, truth, within
from satchel.commands.rights import (
    ANYONE,
    Access,
    Call,
    on_cluster,
    on_collection,
    on_database,
    privilege,
)
from satchel.engine.check import CheckReport, check_collection
from satchel.engine.namespaces import checked_namespace, parse_namespace
from satchel.engine.stats import collection_sizes, database_sizes
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document

_scale: Final = within(integer, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollStatsParams(NoFields):
    """Fields of collStats."""

    coll_stats: str | None = param(collection, default=None)
    collstats: str | None = param(collection, default=None)
    scale: int = param(_scale, default=1)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"verbose", "waitForLock", "numericOnly"})


@COMMANDS.command("collStats", CollStatsParams, "collstats", access=on_collection("collStats"))
def coll_stats(params: CollStatsParams, invocation: Invocation) -> Reply:
    """Return the sizes of a collection; one that is not there has none."""
    namespace = checked_namespace(invocation.database, params.coll_stats or params.collstats or "")
    with invocation.engine.read() as unit:
        entry = unit.catalog.get(namespace)
        if entry is None:
            sizes: Document = {
                "size": 0, "count": 0, "numOrphanDocs": 0, "storageSize": 0, "totalSize": 0, "nindexes": 0,
                "totalIndexSize": 0, "indexDetails": {}, "indexSizes": {}, "scaleFactor": params.scale,
            }  # fmt: skip
        elif entry.is_view:
            raise ServerError(ErrorCode.CommandNotSupportedOnView, f"Namespace {namespace} is a view, not a collection")
        else:
            sizes = collection_sizes(unit, entry, params.scale)
    return {"ns": str(namespace), **sizes}


@dataclass(frozen=True, slots=True, kw_only=True)
class DbStatsParams(NoFields):
    """Fields of dbStats."""

    db_stats: BsonValue = param(any_value, default=1)
    dbstats: BsonValue = param(any_value, default=1)
    scale: int = param(_scale, default=1)

    free_storage: BsonValue = param(any_value, default=0)


@COMMANDS.command("dbStats", DbStatsParams, "dbstats", access=on_database("dbStats"))
def db_stats(params: DbStatsParams, invocation: Invocation) -> Reply:
    """Return the sizes of a database."""
    with invocation.engine.read() as unit:
        sizes = database_sizes(unit, invocation.database, params.scale)
    if not params.free_storage:
        sizes = {name: size for name, size in sizes.items() if not name.lower().endswith("freestoragesize")}
    file = invocation.engine.storage.stats()
    return {**sizes, "fsUsedSize": float(file.file_bytes), "fsTotalSize": float(file.file_bytes)}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSizeParams(NoFields):
    """Fields of dataSize."""

    data_size: str = param(string)
    estimate: bool = param(boolean, default=False, ignored=True)

    REFUSED: ClassVar[frozenset[str]] = frozenset({"keyPattern", "min", "max"})


def _data_size_needs(params: DataSizeParams, call: Call) -> Iterator[Privilege]:
    yield privilege(parse_namespace(params.data_size), "find")


@COMMANDS.command("dataSize", DataSizeParams, "datasize", access=Access(_data_size_needs))
def data_size(params: DataSizeParams, invocation: Invocation) -> Reply:
    """Return the bytes that the documents of a collection, named with its database, take."""
    started = time.perf_counter()
    size = count = 0
    with invocation.engine.read() as unit:
        entry = unit.catalog.get(parse_namespace(params.data_size))
        if entry is not None and not entry.is_view:
            size, count = unit.reader.data_bytes(entry.table), unit.reader.count(entry.table)
    millis = int((time.perf_counter() - started) * 1000)
    return {"size": Int64(size), "numObjects": Int64(count), "millis": millis, "estimate": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateParams(NoFields):
    """Fields of validate."""

    validate: str = param(collection)
    full: bool = param(truth, default=False)
    background: bool = param(truth, default=False)
    metadata: bool = param(truth, default=False)
    enforce_fast_count: bool = param(truth, default=False)
    check_bson_conformance: bool = param(truth, wire="checkBSONConformance", default=False)
    repair: bool = param(truth, default=False)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"scandata", "fixErrors"})

    def check(self) -> None:
        """Raise when options contradict each other.

        Raises:
            ServerError: InvalidOptions (72).
        """
        others = {
            "full": self.full,
            "enforceFastCount": self.enforce_fast_count,
            "repair": self.repair,
            "checkBSONConformance": self.check_bson_conformance,
        }
        for name, is_set in others.items():
            if is_set and self.background and name != "checkBSONConformance":
                raise _not_together("background", name)
        if self.metadata and (self.background or any(others.values())):
            raise ServerError(
                ErrorCode.InvalidOptions,
                "Running the validate command with { metadata: true } is not supported with any other options",
            )
        if self.repair and self.check_bson_conformance:
            raise _not_together("checkBSONConformance", "repair")


def _not_together(one: str, other: str) -> ServerError:
    return ServerError(
        ErrorCode.InvalidOptions,
        f"Running the validate command with both {{ {one}: true }} and {{ {other}: true }} is not supported.",
    )


@COMMANDS.command("validate", ValidateParams, access=on_collection("validate"))
def validate(params: ValidateParams, invocation: Invocation) -> Reply:
    """Check every document and index key of a collection; with `metadata`, nothing but that it is there."""
    namespace = checked_namespace(invocation.database, params.validate)
    params.check()
    with invocation.engine.read() as unit:
        entry = unit.catalog.get(namespace)
        if entry is None:
            raise ServerError(ErrorCode.NamespaceNotFound, f"Collection '{namespace}' does not exist to validate.")
        if entry.is_view:
            raise ServerError(ErrorCode.CommandNotSupportedOnView, "Cannot validate a view")
        if params.repair:
            raise ServerError(ErrorCode.NotImplemented, "validate with repair is not supported")
        report = CheckReport() if params.metadata else check_collection(unit, entry, invocation.operation)
    return {
        "ns": str(namespace),
        "uuid": Binary.from_uuid(entry.uuid),
        "nInvalidDocuments": Int64(report.invalid_documents),
        "nNonCompliantDocuments": Int64(0),
        "nrecords": Int64(report.records),
        "nIndexes": len(entry.indexes),
        "keysPerIndex": {name: Int64(count) for name, count in report.keys.items()},
        "indexDetails": {
            index.name: {
                "valid": not any(index.name in line for line in report.errors),
                "spec": index.spec,
                "isMultikey": index.multikey,
            }
            for index in entry.indexes
        },
        "valid": not report.errors,
        "repaired": False,
        "warnings": [],
        "errors": report.errors,
        "extraIndexEntries": [],
        "missingIndexEntries": [],
        "corruptRecords": [],
    }


@COMMANDS.command("getCmdLineOpts", AnyParams, access=on_cluster("getCmdLineOpts"), admin_only=True, strict=False)
def get_cmd_line_opts(params: AnyParams, invocation: Invocation) -> Reply:
    """Return how the server was started: here, as a library."""
    return {"argv": ["satchel"], "parsed": {"storage": {"path": invocation.engine.storage.path}}}


@COMMANDS.command("whatsmyuri", AnyParams, access=ANYONE, strict=False)
def whats_my_uri(params: AnyParams, invocation: Invocation) -> Reply:
    """Return the client's address, as this side sees it."""
    return {"you": f"satchel:{invocation.connection.id}"}


@COMMANDS.command("fsync", AnyParams, access=on_cluster("fsync"), admin_only=True, strict=False)
def fsync(params: AnyParams, invocation: Invocation) -> Reply:
    """Bring every acknowledged write to the disk."""
    if invocation.request.command.get("lock"):
        raise ServerError(ErrorCode.NotImplemented, "fsync with lock is not supported; copy the file with a backup")
    invocation.engine.storage.sync()
    return {"numFiles": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactParams(NoFields):
    """Fields of compact."""

    compact: str = param(collection)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"force", "freeSpaceTargetMB", "dryRun"})


@COMMANDS.command("compact", CompactParams, access=on_collection("compact"), write=True)
def compact(params: CompactParams, invocation: Invocation) -> Reply:
    """Give the file's free pages back to the file system."""
    namespace = checked_namespace(invocation.database, params.compact)
    entry = invocation.engine.collection(namespace)
    if entry is None:
        raise ServerError(ErrorCode.NamespaceNotFound, "collection does not exist")
    if entry.is_view:
        raise ServerError(ErrorCode.CommandNotSupportedOnView, "can't compact a view")
    return {"bytesFreed": Int64(invocation.engine.compact())}
