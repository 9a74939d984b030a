"""The findAndModify command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from satchel.access.privileges import Privilege
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import (
    boolean,
    collection,
    document,
    documents,
    param,
    pipeline_or_document,
    string_or_document,
)
from satchel.commands.rights import Access, Call, privilege
from satchel.commands.writes import (
    UpdateFields,
    once,
    statement_context,
    update_statement,
    writable,
)
from satchel.engine.catalog import CollectionEntry
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
    array_filters: list[Document] | None = param(documents, default=None)
    hint: str | Document | None = param(string_or_document, default=None)
    collation: Document | None = param(document, default=None)
    let: Document | None = param(document, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"stmtId", "encryptionInformation", "sampleId", "isTimeseriesNamespace", "runtimeConstants",
         "legacyRuntimeConstants", "originalQuery", "originalCollation"}
    )  # fmt: skip

    @property
    def collection(self) -> str:
        """The collection, under whichever of its two names it came."""
        return self.find_and_modify or self.findandmodify or ""

    def check(self) -> None:
        """Raise FailedToParse (9) when fields contradict each other."""
        contradiction = next((message for is_wrong, message in self._contradictions() if is_wrong), None)
        if contradiction is not None:
            raise ServerError(ErrorCode.FailedToParse, contradiction)

    def _contradictions(self) -> Iterator[tuple[bool, str]]:
        if not self.remove:
            yield self.update is None, "Either an update or remove=true must be specified"
            yield (
                isinstance(self.update, list) and self.array_filters is not None,
                "Cannot specify arrayFilters and a pipeline update",
            )
            return
        yield self.update is not None, "Cannot specify both an update and remove=true"
        yield self.upsert, "Cannot specify both upsert=true and remove=true"
        yield self.new, "Cannot specify both new=true and remove=true; 'remove' always returns the deleted document"
        yield self.array_filters is not None, "Cannot specify arrayFilters and remove=true"

    def update_fields(self) -> UpdateFields:
        """Return the same as a statement of the update command."""
        assert self.update is not None
        return UpdateFields(
            q=self.query, u=self.update, upsert=self.upsert, array_filters=self.array_filters, hint=self.hint,
            collation=self.collation, sort=self.sort,
        )  # fmt: skip

    def removal(self, entry: CollectionEntry | None, invocation: Invocation) -> QueryRun:
        """Return the query for the document to be removed."""
        context = statement_context(invocation, entry, self.collation, self.let)
        query = parse_query(parse_filter(self.query, context), context, self.sort, self.hint)
        return QueryRun(query, context, limit=1)


def _needs(params: FindAndModifyParams, call: Call) -> Iterator[Privilege]:
    wanted = ["find", "remove" if params.remove else "update"]
    if params.upsert:
        wanted.append("insert")
    if params.bypass_document_validation:
        wanted.append("bypassDocumentValidation")
    yield privilege(Namespace(call.database, params.collection), *wanted)


@COMMANDS.command("findAndModify", FindAndModifyParams, "findandmodify", access=Access(_needs), write=True)
def find_and_modify(params: FindAndModifyParams, invocation: Invocation) -> Reply:
    """Update or delete one document and return it, as it was or as it is now."""
    params.check()
    namespace = writable(invocation.operation.namespace(params.collection))
    invocation.operation.bypass_validation = params.bypass_document_validation
    run = _find_and_remove if params.remove else _find_and_update
    with invocation.engine.write(invocation.operation) as unit:
        reply = once(invocation.operation, 0, lambda: run(params, namespace, unit, invocation))
    history = invocation.operation.history
    if history is not None and history.retried:
        return {**reply, "retriedStmtId": history.retried[0]}
    return reply


def _find_and_remove(
    params: FindAndModifyParams, namespace: Namespace, unit: WriteUnit, invocation: Invocation
) -> Document:
    entry = unit.catalog.get(namespace)
    run = params.removal(entry, invocation)
    filter_ = run.query.filter
    projection = parse_projection(params.fields, run.context, filter_) if params.fields else None
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
) -> Document:
    statement = update_statement(params.update_fields(), params.let, unit.catalog.get(namespace), invocation)
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
