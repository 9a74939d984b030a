"""The findAndModify command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import (
    array,
    boolean,
    collection,
    document,
    param,
    pipeline_or_document,
    string_or_document,
)
from satchel.commands.writes import (
    UpdateFields,
    statement_context,
    update_statement,
    writable,
)
from satchel.engine.execution.query import QueryRun
from satchel.engine.find import parse_query
from satchel.engine.namespaces import Namespace
from satchel.engine.units import WriteUnit
from satchel.engine.writes.statements import (
    delete_matches,
    find_matches,
    update_documents,
)
from satchel.errors import ErrorCode, ServerError
from satchel.mql.match import parse_filter
from satchel.mql.projection import parse_projection
from satchel.values.bson_types import MISSING, BsonValue, Document


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
