"""find, count, distinct, insert, update, delete and findAndModify."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar, cast

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import (
    array,
    boolean,
    collection,
    document,
    documents,
    integer,
    non_negative,
    param,
    pipeline_or_document,
    read_params,
    string,
    string_or_document,
)
from satchel.commands.results import first_batch
from satchel.engine.aggregation import Aggregation
from satchel.engine.catalog import CollectionEntry
from satchel.engine.cursors import Cursor
from satchel.engine.execution.query import QueryRun
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.find import FindRequest, PreparedFind, parse_query, prepare_find, with_collation, with_variables
from satchel.engine.namespaces import Namespace, checked_namespace, is_system
from satchel.engine.units import ReadUnit, WriteUnit
from satchel.engine.writes.statements import (
    DeleteStatement,
    UpdateResult,
    UpdateStatement,
    WriteErrors,
    delete_documents,
    delete_matches,
    find_matches,
    insert_documents,
    update_documents,
)
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.pipeline.parser import check_form
from satchel.mql.projection import parse_projection
from satchel.mql.sort import natural_order
from satchel.mql.update import check_upsert_filter, parse_update
from satchel.settings import MAX_WRITE_BATCH_SIZE
from satchel.values import key_string
from satchel.values.bson_types import MAX_DOCUMENT_SIZE_BYTES, MISSING, BsonValue, Document, decode_document
from satchel.values.path import Parts, leaf_values, split

Statement = TypeVar("Statement")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindParams(NoFields):
    """Fields of find."""

    find: str = param(collection)
    filter: Document = param(document, default={})
    projection: Document = param(document, default={})
    sort: Document = param(document, default={})
    hint: str | Document | None = param(string_or_document, default=None)
    skip: int = param(non_negative, default=0)
    limit: int = param(non_negative, default=0)
    batch_size: int | None = param(non_negative, default=None)
    single_batch: bool = param(boolean, default=False)
    return_key: bool = param(boolean, default=False)
    show_record_id: bool = param(boolean, default=False)
    tailable: bool = param(boolean, default=False)
    await_data: bool = param(boolean, default=False)
    no_cursor_timeout: bool = param(boolean, default=False)
    min: Document | None = param(document, default=None)
    max: Document | None = param(document, default=None)
    collation: Document | None = param(document, default=None)
    allow_disk_use: bool = param(boolean, default=True)
    let: Document | None = param(document, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"allowPartialResults", "oplogReplay", "term", "runtimeConstants", "options", "includeQueryStatsMetrics",
         "querySettings", "ntoreturn", "resumeAfter", "encryptionInformation"}
    )  # fmt: skip
    REFUSED: ClassVar[frozenset[str]] = frozenset({"requestResumeToken"})

    def request(self) -> FindRequest:
        """Return what is asked for."""
        return FindRequest(
            self.filter, self.projection, self.sort, self.hint, self.skip, self.limit, self.min, self.max,
            self.return_key, self.show_record_id,
        )  # fmt: skip


@COMMANDS.command("find", FindParams)
def find(params: FindParams, invocation: Invocation) -> Reply:
    """Return the documents that match a filter, through a cursor."""
    namespace = checked_namespace(invocation.database, params.find)
    context = invocation.operation.context
    context.allow_disk_use = params.allow_disk_use
    slot = ReadSlot()
    with invocation.engine.read() as unit, slot.attached(unit):
        entry = unit.catalog.get(namespace)
        if entry is not None and entry.is_view:
            cursor = _find_in_view(params, entry, invocation, slot)
        else:
            cursor = _find_in_collection(params, namespace, entry, invocation, slot)
        return first_batch(invocation, cursor, params.batch_size, single_batch=params.single_batch)


def _find_in_view(params: FindParams, view: CollectionEntry, invocation: Invocation, slot: ReadSlot) -> Cursor:
    context = with_collation(invocation.operation.context, params.collation, view)
    context = with_variables(context, params.let)
    if params.tailable:
        raise ServerError(ErrorCode.CommandNotSupportedOnView, "Tailable cursors are not supported on views")
    aggregation = Aggregation(invocation.engine, invocation.operation, slot)
    stream = aggregation.documents(view.namespace, cast("list[BsonValue]", params.request().to_pipeline()), context)
    return Cursor(view.namespace, stream, slot, no_timeout=params.no_cursor_timeout)


def _find_in_collection(
    params: FindParams, namespace: Namespace, entry: CollectionEntry | None, invocation: Invocation, slot: ReadSlot
) -> Cursor:
    context = with_collation(invocation.operation.context, params.collation, entry)
    prepared = prepare_find(params.request(), with_variables(context, params.let))
    if params.await_data and not params.tailable:
        raise ServerError(ErrorCode.FailedToParse, "Cannot set 'awaitData' without also setting 'tailable'")
    if entry is None:
        return Cursor(namespace, iter(()), slot)
    if params.tailable:
        return _tailable(params, entry, prepared, slot)
    return Cursor(
        namespace,
        prepared.documents(entry, slot),
        slot,
        check_alive=_alive(entry),
        no_timeout=params.no_cursor_timeout,
    )


def _tailable(params: FindParams, entry: CollectionEntry, prepared: PreparedFind, slot: ReadSlot) -> Cursor:
    if not entry.capped:
        raise ServerError(
            ErrorCode.BadValue,
            f"error processing query: ns={entry.namespace} tailable cursor requested on non capped collection",
        )
    if (params.sort and natural_order(params.sort) != 1) or params.single_batch:
        raise ServerError(ErrorCode.FailedToParse, "cannot use tailable option with a sort other than {$natural: 1}")
    return Cursor(
        entry.namespace,
        prepared.tail(entry, slot),
        slot,
        check_alive=_alive(entry),
        tailable=True,
        await_data=params.await_data,
        no_timeout=params.no_cursor_timeout,
    )


def _alive(entry: CollectionEntry) -> Callable[[object], None]:
    """Return the check that what a cursor reads is still there."""

    def check(unit: object) -> None:
        assert isinstance(unit, ReadUnit)
        current = unit.catalog.get(entry.namespace)
        if current is None or current.uuid != entry.uuid:
            raise ServerError(ErrorCode.QueryPlanKilled, f"collection dropped. ns: {entry.namespace}")
        missing = {index.name for index in entry.indexes} - {index.name for index in current.indexes}
        if missing:
            raise ServerError(ErrorCode.QueryPlanKilled, f"index '{missing.pop()}' dropped")

    return check


@dataclass(frozen=True, slots=True, kw_only=True)
class CountParams(NoFields):
    """Fields of count."""

    count: str = param(collection)
    query: Document = param(document, default={})
    limit: int = param(integer, default=0)
    skip: int = param(non_negative, default=0)
    hint: str | Document | None = param(string_or_document, default=None)
    collation: Document | None = param(document, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"fields", "encryptionInformation"})


@COMMANDS.command("count", CountParams)
def count(params: CountParams, invocation: Invocation) -> Reply:
    """Count the documents that match a filter."""
    namespace = checked_namespace(invocation.database, params.count)
    slot = ReadSlot()
    with invocation.engine.read() as unit, slot.attached(unit):
        entry = unit.catalog.get(namespace)
        context = with_collation(invocation.operation.context, params.collation, entry)
        filter_ = parse_filter(params.query, context)
        if entry is None:
            return {"n": 0}
        if entry.is_view:
            return {"n": _count_view(params, entry, invocation, slot)}
        limit = abs(params.limit) or None
        if not params.query and not params.hint:
            total = max(unit.reader.count(entry.table) - params.skip, 0)
            return {"n": total if limit is None else min(total, limit)}
        run = QueryRun(parse_query(filter_, context, hint=params.hint), context, params.skip, limit)
        return {"n": sum(1 for _ in run.matches(entry, slot))}


def _count_view(params: CountParams, view: CollectionEntry, invocation: Invocation, slot: ReadSlot) -> int:
    request = FindRequest(params.query, skip=params.skip, limit=abs(params.limit))
    aggregation = Aggregation(invocation.engine, invocation.operation, slot)
    pipeline = cast("list[BsonValue]", request.to_pipeline())
    return sum(1 for _ in aggregation.documents(view.namespace, pipeline, invocation.operation.context))


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctParams(NoFields):
    """Fields of distinct."""

    distinct: str = param(collection)
    key: str = param(string)
    query: Document = param(document, default={})
    collation: Document | None = param(document, default=None)
    hint: str | Document | None = param(string_or_document, default=None)


@COMMANDS.command("distinct", DistinctParams)
def distinct(params: DistinctParams, invocation: Invocation) -> Reply:
    """Return the different values of a field; of an array each element."""
    namespace = checked_namespace(invocation.database, params.distinct)
    path = split(params.key)
    if "\0" in params.key:
        raise ServerError(31032, "Distinct key cannot contain null bytes")
    slot = ReadSlot()
    found: dict[bytes, BsonValue] = {}
    size = 0
    with invocation.engine.read() as unit, slot.attached(unit):
        entry = unit.catalog.get(namespace)
        context = with_collation(invocation.operation.context, params.collation, entry)
        for document_ in _distinct_source(params, entry, invocation, slot):
            for value in _values_at(document_, path):
                key = key_string.encode(value, context.collation)
                if key not in found:
                    found[key] = value
                    size += len(key)
                    if size > MAX_DOCUMENT_SIZE_BYTES:
                        raise ServerError(17217, "distinct too big, 16mb cap")
    return {"values": [found[key] for key in sorted(found)]}


def _values_at(document_: Document, path: Parts) -> Iterator[BsonValue]:
    for value in leaf_values(document_, path):
        if isinstance(value, list):
            yield from value
        elif value is not MISSING:
            yield value


def _distinct_source(
    params: DistinctParams, entry: CollectionEntry | None, invocation: Invocation, slot: ReadSlot
) -> Iterable[Document]:
    context = invocation.operation.context
    filter_ = parse_filter(params.query, context)
    if entry is None:
        return []
    if entry.is_view:
        aggregation = Aggregation(invocation.engine, invocation.operation, slot)
        return map(decode_document, aggregation.documents(entry.namespace, [{"$match": params.query}], context))
    run = QueryRun(parse_query(filter_, context, hint=params.hint), context)
    return (match.document for match in run.matches(entry, slot))


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteParams(NoFields):
    """Fields that all write commands share."""

    ordered: bool = param(boolean, default=True)
    bypass_document_validation: bool = param(boolean, default=False)

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"stmtId", "stmtIds", "isTimeseriesNamespace", "collectionUUID", "encryptionInformation",
         "bypassEmptyTsReplacement", "sampleId", "runtimeConstants", "legacyRuntimeConstants"}
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertParams(WriteParams):
    """Fields of insert."""

    insert: str = param(collection, default="")
    documents: list[Document] = param(documents, default=[])


def check_batch(size: int) -> None:
    """Raise InvalidLength (16) for a write command without statements, or with more than 100,000."""
    if not 1 <= size <= MAX_WRITE_BATCH_SIZE:
        raise ServerError(
            ErrorCode.InvalidLength,
            f"Write batch sizes must be between 1 and {MAX_WRITE_BATCH_SIZE}. Got {size} operations.",
        )


_WRITABLE_SYSTEM_COLLECTIONS = ("system.js", "system.users", "system.profile")


def writable(namespace: Namespace) -> Namespace:
    """Return a namespace that may be written to.

    Raises:
        ServerError: InvalidNamespace (73).
    """
    checked_namespace(*namespace)
    if is_system(namespace.collection) and namespace.collection not in _WRITABLE_SYSTEM_COLLECTIONS:
        raise ServerError(ErrorCode.InvalidNamespace, f"cannot write to {namespace}")
    return namespace


@COMMANDS.command("insert", InsertParams, write=True)
def insert(params: InsertParams, invocation: Invocation) -> Reply:
    """Insert documents."""
    namespace = writable(invocation.operation.namespace(params.insert))
    invocation.operation.bypass_validation = params.bypass_document_validation
    sources: Sequence[bytes | Document] = invocation.sequences.get("documents") or params.documents
    check_batch(len(sources))
    errors = WriteErrors(params.ordered)
    with invocation.engine.write(invocation.operation) as unit:
        inserted = insert_documents(unit, namespace, sources, invocation.operation, errors)
    return _with_errors({"n": inserted}, errors)


def _with_errors(reply: Document, errors: WriteErrors) -> Document:
    if errors.errors:
        reply["writeErrors"] = errors.to_bson()
    return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateParams(WriteParams):
    """Fields of update."""

    update: str = param(collection, default="")
    updates: list[Document] = param(documents, default=[])
    let: Document | None = param(document, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFields(NoFields):
    """Fields of one statement of an update."""

    q: Document = param(document)
    u: Document | list[BsonValue] = param(pipeline_or_document)
    multi: bool = param(boolean, default=False)
    upsert: bool = param(boolean, default=False)
    c: Document | None = param(document, default=None)
    array_filters: list[BsonValue] | None = param(array, default=None)
    hint: str | Document | None = param(string_or_document, default=None)
    collation: Document | None = param(document, default=None)
    sort: Document = param(document, default={})

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"upsertSupplied", "sampleId", "allowShardKeyUpdatesWithoutFullShardKeyInQuery", "includeQueryStatsMetrics"}
    )


@COMMANDS.command("update", UpdateParams, write=True)
def update(params: UpdateParams, invocation: Invocation) -> Reply:
    """Update, replace or upsert documents."""
    namespace = writable(invocation.operation.namespace(params.update))
    invocation.operation.bypass_validation = params.bypass_document_validation
    check_batch(len(params.updates))
    statements = [read_params(UpdateFields, "update.updates", fields) for fields in params.updates]
    for statement in statements:
        if isinstance(statement.u, list):
            check_form(statement.u)  # a pipeline of no pipeline's form fails the command, not its statement
    errors = WriteErrors(params.ordered)
    matched = modified = 0
    upserted: list[Document] = []
    with invocation.engine.write(invocation.operation) as unit:
        for index, result in _run_statements(
            statements, errors, lambda fields: _update(fields, params, unit, namespace, invocation)
        ):
            matched += result.matched
            modified += result.modified
            if result.upserted_id is not MISSING:
                upserted.append({"index": index, "_id": result.upserted_id})
    reply = _with_errors({"n": matched + len(upserted)}, errors)
    if upserted:
        reply["upserted"] = upserted
    reply["nModified"] = modified
    return reply


Result = TypeVar("Result")


def _run_statements(
    statements: Sequence[Statement], errors: WriteErrors, run: Callable[[Statement], Result]
) -> list[tuple[int, Result]]:
    """Run the statements of a write command one after the other; return the results of those that succeeded."""
    results = []
    for index, statement in enumerate(statements):
        try:
            results.append((index, run(statement)))
        except ServerError as error:
            if error.code in _FATAL or errors.add(index, error):
                if error.code in _FATAL:
                    raise
                break
    return results


_FATAL = frozenset({ErrorCode.MaxTimeMSExpired, ErrorCode.Interrupted, ErrorCode.InterruptedAtShutdown})
"""Errors that end a whole command, not one of its statements."""


def _update(
    fields: UpdateFields, params: UpdateParams, unit: WriteUnit, namespace: Namespace, invocation: Invocation
) -> UpdateResult:
    statement = update_statement(fields, params.let, unit.catalog.get(namespace), invocation)
    return update_documents(unit, namespace, statement, invocation.operation)


def statement_context(
    invocation: Invocation,
    entry: CollectionEntry | None,
    collation: Document | None,
    let: Document | None,
    constants: Document | None = None,
) -> Context:
    """Return a context of its own for one statement of a write command."""
    shared = invocation.operation.context
    context = Context(now=shared.now, cluster_time=shared.cluster_time, random=shared.random)
    context.check_interrupt = shared.check_interrupt
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
    if fields.multi and fields.sort:
        raise ServerError(ErrorCode.FailedToParse, "Cannot specify sort with multi=true")
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

    delete: str = param(collection, default="")
    deletes: list[Document] = param(documents, default=[])
    let: Document | None = param(document, default=None)


def _delete_limit(name: str, value: BsonValue) -> int:
    number = integer(name, value)
    if number not in (0, 1):
        raise ServerError(ErrorCode.FailedToParse, f"The limit field in delete objects must be 0 or 1. Got {number}")
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteFields(NoFields):
    """Fields of one statement of a delete."""

    q: Document = param(document)
    limit: int = param(_delete_limit)
    hint: str | Document | None = param(string_or_document, default=None)
    collation: Document | None = param(document, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"sampleId"})


@COMMANDS.command("delete", DeleteParams, write=True)
def delete(params: DeleteParams, invocation: Invocation) -> Reply:
    """Delete documents."""
    namespace = writable(invocation.operation.namespace(params.delete))
    check_batch(len(params.deletes))
    statements = [read_params(DeleteFields, "delete.deletes", fields) for fields in params.deletes]
    errors = WriteErrors(params.ordered)
    with invocation.engine.write(invocation.operation) as unit:

        def run(fields: DeleteFields) -> int:
            statement = delete_statement(fields, params.let, unit.catalog.get(namespace), invocation)
            return len(delete_documents(unit, namespace, statement))

        deleted = sum(count for _, count in _run_statements(statements, errors, run))
    return _with_errors({"n": deleted}, errors)


def delete_statement(
    fields: DeleteFields, let: Document | None, entry: CollectionEntry | None, invocation: Invocation
) -> DeleteStatement:
    """Parse one statement of a delete."""
    context = statement_context(invocation, entry, fields.collation, let)
    query = parse_query(parse_filter(fields.q, context), context, hint=fields.hint)
    return DeleteStatement(QueryRun(query, context, limit=fields.limit or None))


@dataclass(frozen=True, slots=True, kw_only=True)
class FindAndModifyParams(NoFields):
    """Fields of findAndModify."""

    find_and_modify: str | None = param(collection, wire="findAndModify", default=None)
    findandmodify: str | None = param(collection, default=None)
    query: Document = param(document, default={})
    sort: Document = param(document, default={})
    remove: bool = param(boolean, default=False)
    update: Document | list[BsonValue] | None = param(pipeline_or_document, default=None)
    new: bool = param(boolean, default=False)
    fields: Document = param(document, default={})
    upsert: bool = param(boolean, default=False)
    bypass_document_validation: bool = param(boolean, default=False)
    array_filters: list[BsonValue] | None = param(array, default=None)
    hint: str | Document | None = param(string_or_document, default=None)
    collation: Document | None = param(document, default=None)
    let: Document | None = param(document, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"stmtId", "encryptionInformation", "sampleId", "isTimeseriesNamespace", "runtimeConstants",
         "legacyRuntimeConstants", "originalQuery", "originalCollation"}
    )  # fmt: skip


def _check_find_and_modify(params: FindAndModifyParams) -> None:
    if params.remove and params.update is not None:
        raise ServerError(ErrorCode.FailedToParse, "Cannot specify both an update and remove=true")
    if params.remove and params.upsert:
        raise ServerError(ErrorCode.FailedToParse, "Cannot specify both upsert=true and remove=true ")
    if params.remove and params.new:
        raise ServerError(
            ErrorCode.FailedToParse,
            "Cannot specify both new=true and remove=true; 'remove' always returns the deleted document",
        )
    if not params.remove and params.update is None:
        raise ServerError(ErrorCode.FailedToParse, "Either an update or remove=true must be specified")
    if params.remove and params.array_filters is not None:
        raise ServerError(ErrorCode.FailedToParse, "Cannot specify arrayFilters and remove=true")


@COMMANDS.command("findAndModify", FindAndModifyParams, "findandmodify", write=True)
def find_and_modify(params: FindAndModifyParams, invocation: Invocation) -> Reply:
    """Update or delete one document and return it, as it was or as it is now."""
    _check_find_and_modify(params)
    namespace = writable(invocation.operation.namespace(params.find_and_modify or params.findandmodify or ""))
    invocation.operation.bypass_validation = params.bypass_document_validation
    with invocation.engine.write(invocation.operation) as unit:
        if params.remove:
            return _find_and_remove(params, namespace, unit, invocation)
        return _find_and_update(params, namespace, unit, invocation)


def _find_and_remove(
    params: FindAndModifyParams, namespace: Namespace, unit: WriteUnit, invocation: Invocation
) -> Reply:
    entry = unit.catalog.get(namespace)
    context = statement_context(invocation, entry, params.collation, params.let)
    filter_ = parse_filter(params.query, context)
    projection = parse_projection(params.fields, context, filter_) if params.fields else None
    run = QueryRun(parse_query(filter_, context, params.sort, params.hint), context, limit=1)
    found = find_matches(unit, entry, run)
    if not found or entry is None:
        return {"lastErrorObject": {"n": 0}, "value": None}
    value = found[0].document
    delete_matches(unit, entry, found)
    if projection is not None:
        value = projection.apply(value, filter_.position(value) if projection.needs_position else None)
    return {"lastErrorObject": {"n": 1}, "value": value}


def _find_and_update(
    params: FindAndModifyParams, namespace: Namespace, unit: WriteUnit, invocation: Invocation
) -> Reply:
    assert params.update is not None
    fields = UpdateFields(
        q=params.query, u=params.update, upsert=params.upsert, array_filters=params.array_filters, hint=params.hint,
        collation=params.collation, sort=params.sort,
    )  # fmt: skip
    statement = update_statement(fields, params.let, unit.catalog.get(namespace), invocation)
    filter_ = statement.filter
    projection = parse_projection(params.fields, statement.run.context, filter_) if params.fields else None
    result = update_documents(unit, namespace, statement, invocation.operation)
    last_error: Document = {"n": 1 if result.after is not None else 0, "updatedExisting": bool(result.matched)}
    if result.upserted_id is not MISSING:
        last_error["upserted"] = result.upserted_id
    value = result.after if params.new else result.before
    if value is not None and projection is not None:
        position = filter_.position(value) if projection.needs_position else None
        value = projection.apply(value, position)
    return {"lastErrorObject": last_error, "value": value}
