"""The insert, update and delete commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, TypeVar, cast

from satchel.access.privileges import Privilege
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import (
    boolean,
    collection,
    document,
    documents,
    param,
    pipeline_or_document,
    read_params,
    strict_boolean,
    string_or_document,
    takes_null,
)
from satchel.commands.rights import Access, Call, on_collection, privilege
from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.query import QueryRun
from satchel.engine.find import parse_query, with_collation, with_variables
from satchel.engine.namespaces import Namespace, checked_namespace, is_system
from satchel.engine.operation import Operation
from satchel.engine.units import WriteUnit
from satchel.engine.writes.statements import (
    DeleteStatement,
    UpdateResult,
    UpdateStatement,
    WriteErrors,
    delete_documents,
    insert_documents,
    update_documents,
)
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.pipeline.parser import check_form
from satchel.mql.update import check_upsert_filter, parse_update
from satchel.settings import MAX_WRITE_BATCH_SIZE
from satchel.values.bson_types import MISSING, BsonValue, Document
from satchel.values.numbers import exact_int64, is_bson_number

Statement = TypeVar("Statement")


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteParams(NoFields):
    """Fields that all write commands share."""

    ordered: bool = param(strict_boolean, default=True)
    bypass_document_validation: bool = param(boolean, default=False)

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"stmtId", "stmtIds", "isTimeseriesNamespace", "collectionUUID", "encryptionInformation",
         "bypassEmptyTsReplacement", "sampleId", "runtimeConstants", "legacyRuntimeConstants"}
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertParams(WriteParams):
    """Fields of insert."""

    insert: str = param(collection)
    documents: list[Document] = param(documents)


def check_batch(size: int) -> None:
    """Raise InvalidLength (16) for a write command without statements, or with more than 100,000."""
    if not 1 <= size <= MAX_WRITE_BATCH_SIZE:
        raise ServerError(
            ErrorCode.InvalidLength,
            f"Write batch sizes must be between 1 and {MAX_WRITE_BATCH_SIZE}. Got {size} operations.",
        )


_WRITABLE_SYSTEM_COLLECTIONS = ("system.js", "system.users")


def writable(namespace: Namespace) -> Namespace:
    """Return a namespace that may be written to.

    Raises:
        ServerError: InvalidNamespace (73).
    """
    checked_namespace(*namespace)
    if is_system(namespace.collection) and namespace.collection not in _WRITABLE_SYSTEM_COLLECTIONS:
        raise ServerError(ErrorCode.InvalidNamespace, f"cannot write to {namespace}")
    return namespace


def _write_needs(params: WriteParams, call: Call, *wanted: str) -> Iterator[Privilege]:
    bypass = ("bypassDocumentValidation",) if params.bypass_document_validation else ()
    yield privilege(call.namespace, *wanted, *bypass)


def _insert_needs(params: InsertParams, call: Call) -> Iterator[Privilege]:
    return _write_needs(params, call, "insert")


@COMMANDS.command("insert", InsertParams, access=Access(_insert_needs), write=True)
def insert(params: InsertParams, invocation: Invocation) -> Reply:
    """Insert documents."""
    namespace = writable(invocation.operation.namespace(params.insert))
    invocation.operation.bypass_validation = params.bypass_document_validation
    sources: Sequence[bytes | Document] = invocation.sequences.get("documents") or params.documents
    check_batch(len(sources))
    errors = write_errors(params, invocation.operation)
    with invocation.engine.write(invocation.operation) as unit:
        if invocation.operation.history is None:
            inserted = insert_documents(unit, namespace, sources, invocation.operation, errors)
        else:
            inserted = _insert_once(unit, namespace, sources, invocation.operation, errors)
    return _finished({"n": inserted}, errors, invocation.operation)


def write_errors(params: WriteParams, operation: Operation) -> WriteErrors:
    """Return where the failures of a command's statements are noted; in a transaction the first one ends it."""
    return WriteErrors(params.ordered or operation.is_in_transaction)


def _insert_once(
    unit: WriteUnit,
    namespace: Namespace,
    sources: Sequence[bytes | Document],
    operation: Operation,
    errors: WriteErrors,
) -> int:
    """Insert the documents that an earlier attempt has not inserted, and return how many there are of both."""
    history = operation.history
    assert history is not None
    pending = history.pending(len(sources))
    inserted = insert_documents(unit, namespace, [sources[index] for index in pending], operation, errors)
    errors.renumber(pending)
    failed = {index for index, _ in errors.errors}
    reached = min(failed) if errors.ordered and failed else len(sources)
    for index in pending:
        if index < reached and index not in failed:
            history.add(index, {"n": 1})
    return len(sources) - len(pending) + inserted


def _finished(reply: Document, errors: WriteErrors, operation: Operation) -> Document:
    """Return a reply with the failures of statements, and the statements that were done before."""
    if errors.errors:
        reply["writeErrors"] = errors.to_bson()
        operation.has_write_errors = True
    if operation.history is not None and operation.history.retried:
        reply["retriedStmtIds"] = list(operation.history.retried)
    return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateParams(WriteParams):
    """Fields of update."""

    update: str = param(collection)
    updates: list[Document] = param(documents)
    let: Document | None = param(document, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFields(NoFields):
    """Fields of one statement of an update."""

    q: Document = param(document)
    u: Document | list[BsonValue] = param(pipeline_or_document)
    multi: bool = param(strict_boolean, default=False)
    upsert: bool = param(strict_boolean, default=False)
    c: Document | None = param(document, default=None)
    array_filters: list[Document] | None = param(documents, default=None)
    hint: str | Document | None = param(string_or_document, default=None)
    collation: Document | None = param(document, default=None)
    sort: Document = param(document, default={})

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"upsertSupplied", "sampleId", "allowShardKeyUpdatesWithoutFullShardKeyInQuery", "includeQueryStatsMetrics"}
    )

    def check(self) -> UpdateFields:
        """Return the statement, unless something is wrong with it that fails the command, not only the statement.

        Raises:
            ServerError: FailedToParse (9), or what is wrong with the form of a pipeline.
        """
        if self.multi and self.sort:
            raise ServerError(ErrorCode.FailedToParse, "Cannot specify sort with multi=true")
        if isinstance(self.u, list):
            check_form(self.u)
        return self


def _update_needs(params: UpdateParams, call: Call) -> Iterator[Privilege]:
    upsert = ("insert",) if any(fields.get("upsert") for fields in params.updates) else ()
    return _write_needs(params, call, "update", *upsert)


@COMMANDS.command("update", UpdateParams, access=Access(_update_needs), write=True)
def update(params: UpdateParams, invocation: Invocation) -> Reply:
    """Update, replace or upsert documents."""
    namespace = writable(invocation.operation.namespace(params.update))
    invocation.operation.bypass_validation = params.bypass_document_validation
    check_batch(len(params.updates))
    statements = [read_params(UpdateFields, "update.updates", fields).check() for fields in params.updates]
    errors = write_errors(params, invocation.operation)
    with invocation.engine.write(invocation.operation) as unit:
        outcomes = _run_statements(
            statements,
            errors,
            invocation.operation,
            lambda fields: _update(fields, params, unit, namespace, invocation),
        )
    reply = _finished({"n": _sum(outcomes, "n")}, errors, invocation.operation)
    upserted: list[BsonValue] = [
        {"index": index, "_id": outcome["upserted"]} for index, outcome in outcomes if "upserted" in outcome
    ]
    if upserted:
        reply["upserted"] = upserted
    reply["nModified"] = _sum(outcomes, "nModified")
    return reply


def _sum(outcomes: Sequence[tuple[int, Document]], name: str) -> int:
    return sum(cast("int", outcome[name]) for _, outcome in outcomes)


def _run_statements(
    statements: Sequence[Statement], errors: WriteErrors, operation: Operation, run: Callable[[Statement], Document]
) -> list[tuple[int, Document]]:
    """Run the statements of a write command one after the other; return what those did that succeeded."""
    results = []
    for index, statement in enumerate(statements):
        try:
            results.append((index, once(operation, index, partial(run, statement))))
        except ServerError as error:
            if error.code in _FATAL or errors.add(index, error):
                if error.code in _FATAL:
                    raise
                break
    return results


def once(operation: Operation, index: int, run: Callable[[], Document]) -> Document:
    """Return what a statement of a write does, or what it did when it came for the first time."""
    return run() if operation.history is None else operation.history.once(index, run)


_FATAL = frozenset({ErrorCode.MaxTimeMSExpired, ErrorCode.Interrupted, ErrorCode.InterruptedAtShutdown})
"""Errors that end a whole command, not one of its statements."""


def _update(
    fields: UpdateFields, params: UpdateParams, unit: WriteUnit, namespace: Namespace, invocation: Invocation
) -> Document:
    refuse_multi(invocation.operation, "multi=true", is_multi=fields.multi)
    statement = update_statement(fields, params.let, unit.catalog.get(namespace), invocation)
    return update_outcome(update_documents(unit, namespace, statement, invocation.operation))


def refuse_multi(operation: Operation, shown: str, *, is_multi: bool) -> None:
    """Raise InvalidOptions (72) for a retryable write that may change many documents."""
    if is_multi and operation.history is not None:
        raise ServerError(ErrorCode.InvalidOptions, f"Cannot use (or request) retryable writes with {shown}")


def update_outcome(result: UpdateResult) -> Document:
    """Return what an update did as bulkWrite tells it, and as it is remembered for a retry."""
    if result.upserted_id is MISSING:
        return {"n": result.matched, "nModified": result.modified}
    return {"n": 1, "nModified": 0, "upserted": result.upserted_id}


def statement_context(
    invocation: Invocation,
    entry: CollectionEntry | None,
    collation: Document | None,
    let: Document | None,
    constants: Document | None = None,
) -> Context:
    """Return a context of its own for one statement of a write command."""
    shared = invocation.operation.context
    context = Context(
        now=shared.now, cluster_time=shared.cluster_time, random=shared.random, api_strict=shared.api_strict
    )
    context.check_interrupt = shared.check_interrupt
    context.temporary_blocks = shared.temporary_blocks
    with_variables(with_collation(context, collation, entry), let)
    if constants:
        context.variables = {**context.variables, **constants}
    return context


def update_statement(
    fields: UpdateFields, let: Document | None, entry: CollectionEntry | None, invocation: Invocation
) -> UpdateStatement:
    """Parse one statement of an update."""
    if fields.c is not None and not isinstance(fields.u, list):
        raise ServerError(51198, "Constant values may only be specified for pipeline updates")
    context = statement_context(invocation, entry, fields.collation, let, fields.c)
    filter_ = parse_filter(fields.q, context)
    if fields.upsert:
        check_upsert_filter(filter_)
    parsed = parse_update(fields.u, context, array_filters=fields.array_filters)
    if fields.multi and parsed.kind == "replacement":
        raise ServerError(ErrorCode.FailedToParse, "multi update is not supported for replacement-style update")
    query = parse_query(filter_, context, fields.sort, fields.hint)
    run = QueryRun(query, context, limit=None if fields.multi else 1)
    return UpdateStatement(run, parsed, fields.multi, fields.upsert)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteParams(WriteParams):
    """Fields of delete."""

    delete: str = param(collection)
    deletes: list[Document] = param(documents)
    let: Document | None = param(document, default=None)


@takes_null
def _delete_limit(name: str, value: BsonValue) -> int:
    """Take 1, or 0 for all; as in MongoDB, whatever is no number means 0."""
    if not is_bson_number(value):
        return 0
    number = exact_int64(value)
    if number is None or not 0 <= number <= 1:
        raise ServerError(ErrorCode.FailedToParse, f"The limit field in delete objects must be 0 or 1. Got {value}")
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteFields(NoFields):
    """Fields of one statement of a delete."""

    q: Document = param(document)
    limit: int = param(_delete_limit)
    hint: str | Document | None = param(string_or_document, default=None)
    collation: Document | None = param(document, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"sampleId"})


@COMMANDS.command("delete", DeleteParams, access=on_collection("remove"), write=True)
def delete(params: DeleteParams, invocation: Invocation) -> Reply:
    """Delete documents."""
    namespace = writable(invocation.operation.namespace(params.delete))
    check_batch(len(params.deletes))
    statements = [read_params(DeleteFields, "delete.deletes", fields) for fields in params.deletes]
    errors = write_errors(params, invocation.operation)
    with invocation.engine.write(invocation.operation) as unit:

        def run(fields: DeleteFields) -> Document:
            refuse_multi(invocation.operation, "limit=0", is_multi=not fields.limit)
            statement = delete_statement(fields, params.let, unit.catalog.get(namespace), invocation)
            return {"n": delete_documents(unit, namespace, statement)}

        deleted = _sum(_run_statements(statements, errors, invocation.operation, run), "n")
    return _finished({"n": deleted}, errors, invocation.operation)


def delete_statement(
    fields: DeleteFields, let: Document | None, entry: CollectionEntry | None, invocation: Invocation
) -> DeleteStatement:
    """Parse one statement of a delete."""
    context = statement_context(invocation, entry, fields.collation, let)
    query = parse_query(parse_filter(fields.q, context), context, hint=fields.hint)
    return DeleteStatement(QueryRun(query, context, limit=fields.limit or None))
