"""`$collStats`, `$indexStats`, `$planCacheStats`, `$currentOp`, `$listSessions`, `$listLocalSessions`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.pipeline.source import Source
from satchel.mql.pipeline.stage import STAGES, Placement, Position, Scope, Stage
from satchel.mql.pipeline.stages.operands import check_names, check_type, wrong_type
from satchel.mql.stable_api import not_stable
from satchel.values.bson_types import BsonValue, Document, is_number, type_name
from satchel.values.namespace import Namespace

_STATISTICS: Final = ("latencyStats", "storageStats", "count", "queryExecStats")
_OPERATIONS: Final = (
    "allUsers",
    "idleConnections",
    "idleCursors",
    "idleSessions",
    "localOps",
    "targetAllNodes",
    "truncateOps",
)
_SESSIONS: Final = Namespace("config", "system.sessions")

Read = Callable[[Source], Iterable[Document]]


class DiagnosticStage(Stage):
    """Brings what the engine tells of itself."""

    reads_input = False

    def __init__(self, name: str, operand: Document, read: Read, scope: Scope, *, on_database: bool = False) -> None:
        self.name = name  # type: ignore[misc]
        self.placement = Placement(  # type: ignore[misc]
            Position.FIRST, in_facet=False, collection=False if on_database else None
        )
        self._operand = operand
        self._read = read
        self._scope = scope

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the engine's documents."""
        yield from self._read(self._scope.require_source(self.name))

    def operand(self) -> BsonValue:
        """Return the operand."""
        return self._operand


@STAGES.operator("$collStats")
def parse_coll_stats(operand: BsonValue, scope: Scope) -> DiagnosticStage:
    """Give statistics of the collection.

    Raises:
        ServerError: Location5447000, TypeMismatch (14), BadValue (2), 31170 and 40415 for a bad operand; while running
            NamespaceNotFound (26), CommandNotSupportedOnView (166).

    Reference:
        MongoDB manual, "$collStats (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(5447000, f"$collStats must take a nested object but found: $collStats: {operand!r}")
    check_names("$collStats", operand, optional=_STATISTICS)
    if scope.context.api_strict and not operand.keys() <= {"count"}:
        raise not_stable("only the 'count' option to $collStats is supported in API Version 1")
    for name, value in operand.items():
        check_type(f"$collStats.{name}", value, "object")
        if isinstance(value, dict):
            _check_statistics(name, value)
    return DiagnosticStage(
        "$collStats", operand, lambda source: [source.collection_stats(scope.namespace, operand)], scope
    )


def _check_statistics(name: str, spec: Document) -> None:
    if name == "count" and spec:
        raise ServerError(31170, f"expected an empty object, but got {spec!r}")
    if name == "latencyStats":
        check_names("$collStats.latencyStats", spec, optional=("histograms",))
        histograms = spec.get("histograms", False)
        if not isinstance(histograms, bool):
            raise ServerError(
                ErrorCode.TypeMismatch,
                f"Field 'histograms' should be a boolean value, but found: {type_name(histograms)}",
            )
    if name == "storageStats" and "scale" in spec:
        scale = spec["scale"]
        if not is_number(scale):
            raise wrong_type("$collStats.storageStats.scale", scale, "'[long, int, decimal, double]'")
        if isinstance(scale, int | float) and scale < 1:
            raise ServerError(ErrorCode.BadValue, f"BSON field 'scale' value must be >= 1, actual value '{scale}'")


@STAGES.operator("$indexStats")
def parse_index_stats(operand: BsonValue, scope: Scope) -> DiagnosticStage:
    """Give how often each index of the collection was used.

    Raises:
        ServerError: Location28803 for an operand other than `{}`.

    Reference:
        MongoDB manual, "$indexStats (aggregation)".
    """
    if operand != {} or not isinstance(operand, dict):
        raise ServerError(28803, "The $indexStats stage specification must be an empty object")
    return DiagnosticStage("$indexStats", operand, lambda source: source.index_stats(scope.namespace), scope)


@STAGES.operator("$planCacheStats")
def parse_plan_cache_stats(operand: BsonValue, scope: Scope) -> DiagnosticStage:
    """Give what the plan cache holds for the collection.

    Raises:
        ServerError: FailedToParse (9), Location4503200 and 13111 for a bad operand; while running 50933 when there is
            no such collection.

    Reference:
        MongoDB manual, "$planCacheStats (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(
            ErrorCode.FailedToParse, f"$planCacheStats value must be an object. Found: {type_name(operand)}"
        )
    for name, value in operand.items():
        if name != "allHosts":
            raise ServerError(
                ErrorCode.FailedToParse,
                f"$planCacheStats parameters object may contain only 'allHosts' field. Found: {name}",
            )
        if not isinstance(value, bool):
            raise ServerError(13111, f"wrong type for field (allHosts) {type_name(value)} != bool")
        if value:
            raise ServerError(4503200, "$planCacheStats stage supports allHosts parameter only for sharded clusters")

    def read(source: Source) -> Iterable[Document]:
        if not source.exists(scope.namespace):
            raise ServerError(50933, f"collection '{scope.namespace}' does not exist")
        return source.plan_cache_stats(scope.namespace)

    return DiagnosticStage("$planCacheStats", operand, read, scope)


@STAGES.operator("$currentOp")
def parse_current_op(operand: BsonValue, scope: Scope) -> DiagnosticStage:
    """Give what the server is doing.

    Raises:
        ServerError: TypeMismatch (14) and 40415 for a bad operand, InvalidNamespace (73) outside the admin database.

    Reference:
        MongoDB manual, "$currentOp (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(
            ErrorCode.TypeMismatch,
            f"$currentOp options must be specified in an object, but found: {type_name(operand)}",
        )
    for name, value in operand.items():
        if name in _OPERATIONS and not isinstance(value, bool):
            raise ServerError(
                ErrorCode.TypeMismatch,
                f"The '{name}' parameter of the $currentOp stage must be a boolean value, but found: "
                f"{type_name(value)}",
            )
    if scope.nesting != "$facet" and (scope.namespace.collection or scope.namespace.database != "admin"):
        raise ServerError(
            ErrorCode.InvalidNamespace, "$currentOp must be run against the 'admin' database with {aggregate: 1}"
        )
    check_names("$currentOp", operand, optional=_OPERATIONS)
    return DiagnosticStage("$currentOp", operand, lambda source: source.current_op(operand), scope, on_database=True)


@STAGES.operator("$listSessions")
def parse_list_sessions(operand: BsonValue, scope: Scope) -> DiagnosticStage:
    """Give the sessions that are known to the deployment.

    Raises:
        ServerError: TypeMismatch (14) and 40415 for a bad operand, InvalidNamespace (73) anywhere but on
            `config.system.sessions`.

    Reference:
        MongoDB manual, "$listSessions".
    """
    spec = _check_sessions("$listSessions", operand)
    if scope.namespace != _SESSIONS:
        raise ServerError(ErrorCode.InvalidNamespace, f"$listSessions may only be run against {_SESSIONS}")
    return DiagnosticStage("$listSessions", spec, lambda source: source.sessions(spec), scope)


@STAGES.operator("$listLocalSessions")
def parse_list_local_sessions(operand: BsonValue, scope: Scope) -> DiagnosticStage:
    """Give the sessions that this server knows.

    Raises:
        ServerError: TypeMismatch (14) and 40415 for a bad operand, InvalidNamespace (73) on a collection.

    Reference:
        MongoDB manual, "$listLocalSessions".
    """
    spec = _check_sessions("$listLocalSessions", operand)
    if scope.namespace.collection:
        raise ServerError(
            ErrorCode.InvalidNamespace, "$listLocalSessions must be run against the database with {aggregate: 1}"
        )
    return DiagnosticStage("$listLocalSessions", spec, lambda source: source.sessions(spec), scope, on_database=True)


def _check_sessions(name: str, operand: BsonValue) -> Document:
    if not isinstance(operand, dict):
        raise ServerError(
            ErrorCode.TypeMismatch, f"{name} options must be specified in an object, but found: {type_name(operand)}"
        )
    check_names(name, operand, optional=("users", "allUsers"))
    return operand
