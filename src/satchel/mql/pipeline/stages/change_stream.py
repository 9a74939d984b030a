"""`$changeStream` and `$changeStreamSplitLargeEvent`: options and places; the engine brings the events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from bson import Timestamp

from satchel.errors import ErrorCode, ServerError
from satchel.mql.pipeline.stage import STAGES, Dependencies, Placement, Position, Scope, Stage
from satchel.mql.pipeline.stages.operands import check_names, check_type, without_nulls
from satchel.values.bson_types import BsonValue, Document

_TYPES: Final = {
    "fullDocument": "string",
    "fullDocumentBeforeChange": "string",
    "resumeAfter": "object",
    "startAfter": "object",
    "startAtOperationTime": "timestamp",
    "allChangesForCluster": "bool",
    "showExpandedEvents": "bool",
    "matchCollectionUUIDForUpdateLookup": "bool",
}
_FULL_DOCUMENT: Final = ("default", "updateLookup", "whenAvailable", "required")
_BEFORE_CHANGE: Final = ("off", "whenAvailable", "required")
_INTERNAL_DATABASES: Final = frozenset({"admin", "config", "local"})


@dataclass(frozen=True, slots=True)
class ChangeStreamSpec:
    """The options of a change stream."""

    full_document: str = "default"
    full_document_before_change: str = "off"
    resume_after: Document | None = None
    start_after: Document | None = None
    start_at_operation_time: Timestamp | None = None
    all_changes_for_cluster: bool = False
    show_expanded_events: bool = False
    match_collection_uuid: bool = False


class ChangeStreamStage(Stage):
    """Stands where the events come from.

    Attributes:
        options: What the user asked for.
    """

    name = "$changeStream"
    placement = Placement(
        Position.FIRST, in_facet=False, in_lookup=False, in_union=False, collection=False, change_stream=True
    )
    reads_input = False

    def __init__(self, operand: Document, options: ChangeStreamSpec) -> None:
        self._operand = operand
        self.options = options

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Pass the events on that the engine brings."""
        return documents

    def operand(self) -> BsonValue:
        """Return the options as they were written."""
        return self._operand


@STAGES.operator("$changeStream")
def parse_change_stream(operand: BsonValue, scope: Scope) -> ChangeStreamStage:
    """Give the changes of a collection, a database or the deployment, as they happen.

    Raises:
        ServerError: Location50808 when the operand is no document, 40415 for an unknown option, TypeMismatch (14),
            BadValue (2), 50865 and 40674 for more than one place to start from, InvalidOptions (72),
            InvalidNamespace (73).

    Reference:
        MongoDB manual, "$changeStream (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(50808, f"the $changeStream stage must be an object but found: {operand!r}")
    given = without_nulls(operand)
    check_names("$changeStream", given, optional=tuple(_TYPES))
    for name, value in given.items():
        check_type(f"$changeStream.{name}", value, _TYPES[name])
    _check_choice(given, "fullDocument", _FULL_DOCUMENT)
    _check_choice(given, "fullDocumentBeforeChange", _BEFORE_CHANGE)
    if "resumeAfter" in given and "startAfter" in given:
        raise ServerError(50865, "Do not specify both 'resumeAfter' and 'startAfter' in a $changeStream stage")
    if "startAtOperationTime" in given and ("resumeAfter" in given or "startAfter" in given):
        raise ServerError(40674, "Only one type of resume option is allowed, but multiple were found")
    options = _options(given)
    _check_namespace(options, scope)
    return ChangeStreamStage(operand, options)


def _check_choice(given: Document, name: str, choices: tuple[str, ...]) -> None:
    if name in given and given[name] not in choices:
        raise ServerError(
            ErrorCode.BadValue,
            f"Enumeration value '{given[name]}' for field '$changeStream.{name}' is not a valid value.",
        )


def _options(given: Document) -> ChangeStreamSpec:
    return ChangeStreamSpec(
        full_document=cast("str", given.get("fullDocument", "default")),
        full_document_before_change=cast("str", given.get("fullDocumentBeforeChange", "off")),
        resume_after=cast("Document | None", given.get("resumeAfter")),
        start_after=cast("Document | None", given.get("startAfter")),
        start_at_operation_time=cast("Timestamp | None", given.get("startAtOperationTime")),
        all_changes_for_cluster=bool(given.get("allChangesForCluster", False)),
        show_expanded_events=bool(given.get("showExpandedEvents", False)),
        match_collection_uuid=bool(given.get("matchCollectionUUIDForUpdateLookup", False)),
    )


def _check_namespace(options: ChangeStreamSpec, scope: Scope) -> None:
    database, collection = scope.namespace
    if options.all_changes_for_cluster and (database != "admin" or collection):
        raise ServerError(
            ErrorCode.InvalidOptions,
            "A $changeStream with 'allChangesForCluster:true' may only be opened on the 'admin' database, and with no "
            f"collection name; found {scope.namespace}",
        )
    if database in _INTERNAL_DATABASES and not options.all_changes_for_cluster:
        raise ServerError(
            ErrorCode.InvalidNamespace, f"$changeStream may not be opened on the internal {database} database"
        )
    if collection.startswith("system."):
        raise ServerError(
            ErrorCode.InvalidNamespace,
            f"$changeStream may not be opened on the internal {scope.namespace} collection",
        )


class SplitLargeEventStage(Stage):
    """Has events divided that are too large for one document."""

    name = "$changeStreamSplitLargeEvent"
    placement = Placement(in_facet=False, in_lookup=False, in_union=False, change_stream=None)

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Pass the events on; what comes out of the pipeline is divided."""
        return documents

    def operand(self) -> BsonValue:
        """Return the operand: there is nothing to choose."""
        return {}

    def dependencies(self) -> Dependencies:
        """Return that it needs whole events."""
        return Dependencies(None)


@STAGES.operator("$changeStreamSplitLargeEvent")
def parse_split_large_event(operand: BsonValue, scope: Scope) -> SplitLargeEventStage:
    """Divide events of a change stream that are larger than a document can be.

    Raises:
        ServerError: Location7182800 when the operand is not an empty document.

    Reference:
        MongoDB manual, "$changeStreamSplitLargeEvent (aggregation)".
    """
    if operand != {}:
        raise ServerError(7182800, "$changeStreamSplitLargeEvent spec should be an empty object")
    return SplitLargeEventStage()
