"""The aggregate command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, cast

from satchel.access.privileges import Privilege
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import (
    array,
    boolean,
    collection_or_one,
    document,
    non_negative,
    not_null,
    param,
    read_params,
    strict_boolean,
    string_or_document,
)
from satchel.commands.pipeline_rights import pipeline_needs
from satchel.commands.results import batch_reply, first_batch
from satchel.commands.rights import Access, Call
from satchel.commands.transaction_rules import writes
from satchel.engine.aggregation import Aggregation
from satchel.engine.cursors import Cursor
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.find import with_collation, with_variables
from satchel.engine.namespaces import Namespace, checked_namespace
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.values.bson_types import BsonValue, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateParams(NoFields):
    """Fields of aggregate."""

    aggregate: str | None = param(collection_or_one)
    pipeline: list[BsonValue] = param(not_null(array))
    cursor: Document | None = param(not_null(document), default=None)
    explain: bool = param(not_null(strict_boolean), default=False)
    allow_disk_use: bool = param(not_null(strict_boolean), default=True)
    collation: Document | None = param(document, default=None)
    hint: str | Document | None = param(string_or_document, default=None)
    let: Document | None = param(document, default=None)
    bypass_document_validation: bool = param(boolean, default=False)

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"needsMerge", "fromMongos", "runtimeConstants", "isMapReduceCommand", "includeQueryStatsMetrics",
         "querySettings", "encryptionInformation", "collectionUUID", "exchange"}
    )  # fmt: skip
    UNSTABLE: ClassVar[frozenset[str]] = frozenset({"explain", "isMapReduceCommand"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorFields(NoFields):
    """Fields of `cursor`."""

    batch_size: int | None = param(non_negative, default=None)


def _needs(params: AggregateParams, call: Call) -> Iterator[Privilege]:
    namespace = Namespace(call.database, params.aggregate or "")
    return pipeline_needs(namespace, params.pipeline, bypass=params.bypass_document_validation)


@COMMANDS.command("aggregate", AggregateParams, access=Access(_needs))
def aggregate(params: AggregateParams, invocation: Invocation) -> Reply:
    """Run a pipeline on a collection, a view or a database, and return its documents through a cursor."""
    if params.explain:
        from satchel.commands.explain import explain_aggregate  # noqa: PLC0415 - explain knows this command, too

        return explain_aggregate(params, invocation)
    if params.cursor is None:
        raise ServerError(
            ErrorCode.FailedToParse, "The 'cursor' option is required, except for aggregate with the explain argument"
        )
    fields = read_params(CursorFields, "aggregate.cursor", params.cursor)
    invocation.operation.bypass_validation = params.bypass_document_validation
    if writes(params.pipeline):
        return _aggregate_and_write(params, invocation)
    if is_change_stream(params.pipeline):
        from satchel.commands.change_streams import open_change_stream  # noqa: PLC0415 - that knows this command, too

        return open_change_stream(params, fields, invocation)
    namespace = aggregate_namespace(params, invocation)
    slot = ReadSlot()
    with invocation.engine.read() as unit, slot.attached(unit):
        context = aggregate_context(params, invocation, namespace, slot)
        aggregation = Aggregation(invocation.engine, invocation.operation, slot)
        stream = aggregation.documents(namespace, params.pipeline, context, params.hint)
        return first_batch(invocation, Cursor(cursor_namespace(namespace), stream, slot), fields.batch_size)


def is_change_stream(pipeline: list[BsonValue]) -> bool:
    """Tell whether a pipeline gives changes instead of documents."""
    first = pipeline[0] if pipeline else None
    return isinstance(first, dict) and "$changeStream" in first


def cursor_namespace(namespace: Namespace) -> Namespace:
    """Return what the cursor of a pipeline is said to read: a database has a pseudo-collection for it."""
    return namespace if namespace.collection else Namespace(namespace.database, "$cmd.aggregate")


def aggregate_namespace(params: AggregateParams, invocation: Invocation) -> Namespace:
    """Return what a pipeline runs on; an empty collection name stands for the database."""
    if params.aggregate is None:
        return Namespace(invocation.database, "")
    return checked_namespace(invocation.database, params.aggregate)


def aggregate_context(params: AggregateParams, invocation: Invocation, namespace: Namespace, slot: ReadSlot) -> Context:
    """Give the operation its collation, variables and limits."""
    context = invocation.operation.context
    context.allow_disk_use = params.allow_disk_use
    with_collation(context, params.collation, slot.unit.catalog.get(namespace))
    return with_variables(context, params.let)


def _aggregate_and_write(params: AggregateParams, invocation: Invocation) -> Reply:
    """Run a pipeline that ends in `$out` or `$merge`: read and write in one transaction."""
    _check_read_concern(params, invocation)
    namespace = aggregate_namespace(params, invocation)
    slot = ReadSlot()
    with invocation.engine.write(invocation.operation) as unit, slot.attached(unit):
        context = aggregate_context(params, invocation, namespace, slot)
        aggregation = Aggregation(invocation.engine, invocation.operation, slot)
        for _ in aggregation.documents(namespace, params.pipeline, context, params.hint):
            pass
    return batch_reply(invocation, Cursor(cursor_namespace(namespace), iter(()), slot), [], "firstBatch")


def _check_read_concern(params: AggregateParams, invocation: Invocation) -> None:
    """Refuse what MongoDB could not promise of a pipeline that writes.

    Raises:
        ServerError: InvalidOptions (72).
    """
    concern = invocation.request.command.get("readConcern")
    if isinstance(concern, dict) and concern.get("level") == "linearizable":
        stage = next(iter(cast("Document", params.pipeline[-1])))
        raise ServerError(ErrorCode.InvalidOptions, f"{stage} cannot be used with a 'linearizable' read concern level")
