"""The bulkWrite command: inserts, updates and deletes on several collections at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, cast

from satchel.access.privileges import Privilege
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.indexes import ListCursorFields
from satchel.commands.params import (
    any_value,
    boolean,
    document,
    documents,
    integer,
    param,
    pipeline_or_document,
    read_params,
    string,
    string_or_document,
)
from satchel.commands.results import documents_reply
from satchel.commands.rights import Access, Call, privilege
from satchel.commands.writes import (
    DeleteFields,
    UpdateFields,
    check_batch,
    delete_statement,
    once,
    refuse_multi,
    update_outcome,
    update_statement,
    writable,
)
from satchel.engine.namespaces import Namespace, parse_namespace
from satchel.engine.units import WriteUnit
from satchel.engine.writes.statements import WriteErrors, delete_documents, insert_documents, update_documents
from satchel.errors import ErrorCode, ServerError
from satchel.mql.pipeline.parser import check_form
from satchel.values.bson_types import BsonValue, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkWriteParams(NoFields):
    """Fields of bulkWrite."""

    bulk_write: BsonValue = param(any_value, default=1)
    ops: list[Document] = param(documents, default=[])
    ns_info: list[Document] = param(documents, default=[])
    ordered: bool = param(boolean, default=True)
    errors_only: bool = param(boolean, default=False)
    bypass_document_validation: bool = param(boolean, default=False)
    let: Document | None = param(document, default=None)
    cursor: Document = param(document, default={})

    IGNORED: ClassVar[frozenset[str]] = frozenset({"stmtId", "stmtIds", "bypassEmptyTsReplacement"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceFields(NoFields):
    """Fields of one entry of `nsInfo`."""

    ns: str = param(string)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"collectionUUID", "encryptionInformation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertOperation(NoFields):
    """Fields of an insert among the operations."""

    insert: int = param(integer)
    document: Document = param(document)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOperation(NoFields):
    """Fields of an update among the operations."""

    update: int = param(integer)
    filter: Document = param(document)
    update_mods: Document | list[BsonValue] = param(pipeline_or_document)
    multi: bool = param(boolean, default=False)
    upsert: bool = param(boolean, default=False)
    array_filters: list[Document] | None = param(documents, default=None)
    collation: Document | None = param(document, default=None)
    hint: str | Document | None = param(string_or_document, default=None)
    constants: Document | None = param(document, default=None)
    sort: Document = param(document, default={})

    def fields(self) -> UpdateFields:
        """Return the same as a statement of the update command."""
        return UpdateFields(
            q=self.filter, u=self.update_mods, multi=self.multi, upsert=self.upsert, c=self.constants,
            array_filters=self.array_filters, hint=self.hint, collation=self.collation, sort=self.sort,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOperation(NoFields):
    """Fields of a delete among the operations."""

    delete: int = param(integer)
    filter: Document = param(document)
    multi: bool = param(boolean, default=False)
    collation: Document | None = param(document, default=None)
    hint: str | Document | None = param(string_or_document, default=None)


@dataclass(slots=True)
class _Totals:
    errors: int = 0
    inserted: int = 0
    matched: int = 0
    modified: int = 0
    upserted: int = 0
    deleted: int = 0

    def add(self, kind: str, outcome: Document) -> None:
        """Add what an operation did."""
        count = cast("int", outcome["n"])
        if kind == "insert":
            self.inserted += count
        elif kind == "delete":
            self.deleted += count
        elif "upserted" in outcome:
            self.upserted += 1
        else:
            self.matched += count
            self.modified += cast("int", outcome["nModified"])

    def to_bson(self) -> Document:
        return {
            "nErrors": self.errors,
            "nInserted": self.inserted,
            "nMatched": self.matched,
            "nModified": self.modified,
            "nUpserted": self.upserted,
            "nDeleted": self.deleted,
        }


_ACTIONS: dict[str, str] = {"insert": "insert", "update": "update", "delete": "remove"}


def _needs(params: BulkWriteParams, call: Call) -> Iterator[Privilege]:
    bypass = ("bypassDocumentValidation",) if params.bypass_document_validation else ()
    for fields in params.ops:
        kind, number = next(iter(fields.items()), ("", None))
        if kind not in _ACTIONS or not isinstance(number, int) or not 0 <= number < len(params.ns_info):
            continue  # no operation, which reading it will find out
        namespace = parse_namespace(read_params(NamespaceFields, "bulkWrite.nsInfo", params.ns_info[number]).ns)
        upsert = ("insert",) if fields.get("upsert") else ()
        yield privilege(namespace, _ACTIONS[kind], *upsert, *(() if kind == "delete" else bypass))


@COMMANDS.command("bulkWrite", BulkWriteParams, access=Access(_needs), admin_only=True, write=True)
def bulk_write(params: BulkWriteParams, invocation: Invocation) -> Reply:
    """Run inserts, updates and deletes on several collections, and tell the outcome of each."""
    check_batch(len(params.ops))
    invocation.operation.bypass_validation = params.bypass_document_validation
    namespaces = [
        parse_namespace(read_params(NamespaceFields, "bulkWrite.nsInfo", fields).ns) for fields in params.ns_info
    ]
    operations = [_Operation(index, fields, namespaces) for index, fields in enumerate(params.ops)]
    totals = _Totals()
    results: list[Document] = []
    with invocation.engine.write(invocation.operation) as unit:
        for operation in operations:
            try:
                outcome = once(invocation.operation, operation.index, partial(operation.run, unit, params, invocation))
            except ServerError as error:
                totals.errors += 1
                invocation.operation.has_write_errors = True
                results.append(_failure(operation.index, error))
                if params.ordered or invocation.operation.is_in_transaction:
                    break
                continue
            totals.add(operation.kind, outcome)
            if not params.errors_only:
                results.append(_result(operation.index, outcome))
    fields = read_params(ListCursorFields, "bulkWrite.cursor", params.cursor)
    return documents_reply(
        invocation, "$cmd.bulkWrite", results, fields.batch_size, {**totals.to_bson(), **_retried(invocation)}
    )


def _retried(invocation: Invocation) -> Document:
    history = invocation.operation.history
    return {"retriedStmtIds": list(history.retried)} if history is not None and history.retried else {}


def _result(index: int, outcome: Document) -> Document:
    result: Document = {"ok": 1.0, "idx": index, **outcome}
    if "upserted" in outcome:
        result["upserted"] = {"_id": outcome["upserted"]}
    return result


def _failure(index: int, error: ServerError) -> Document:
    return {"ok": 0.0, "idx": index, "code": error.code, "errmsg": error.message, "n": 0, **error.details}


class _Operation:
    """One of the operations: parsed when the command is, so that a malformed one changes nothing."""

    def __init__(self, index: int, fields: Document, namespaces: list[Namespace]) -> None:
        self.index = index
        self.kind = kind = next(iter(fields), "")
        if kind not in _KINDS:
            raise ServerError(
                ErrorCode.FailedToParse, "BulkWrite operations must begin with one of insert, update and delete"
            )
        self._parsed = read_params(_KINDS[kind], f"bulkWrite.ops.{kind}", fields)
        number = cast("int", getattr(self._parsed, kind))
        if not 0 <= number < len(namespaces):
            raise ServerError(ErrorCode.BadValue, f"BulkWrite ops entry {index} has an invalid nsInfo index.")
        self._namespace = writable(namespaces[number])
        if isinstance(self._parsed, UpdateOperation) and isinstance(self._parsed.update_mods, list):
            check_form(self._parsed.update_mods)

    def run(self, unit: WriteUnit, params: BulkWriteParams, invocation: Invocation) -> Document:
        """Run the operation and return what it did."""
        parsed = self._parsed
        if isinstance(parsed, InsertOperation):
            return self._insert(parsed, unit, invocation)
        if isinstance(parsed, UpdateOperation):
            return self._update(parsed, unit, params, invocation)
        assert isinstance(parsed, DeleteOperation)
        refuse_multi(invocation.operation, "multi=true", is_multi=parsed.multi)
        fields = DeleteFields(
            q=parsed.filter, limit=0 if parsed.multi else 1, hint=parsed.hint, collation=parsed.collation
        )
        statement = delete_statement(fields, params.let, unit.catalog.get(self._namespace), invocation)
        return {"n": delete_documents(unit, self._namespace, statement)}

    def _insert(self, parsed: InsertOperation, unit: WriteUnit, invocation: Invocation) -> Document:
        errors = WriteErrors(ordered=True)
        inserted = insert_documents(unit, self._namespace, [parsed.document], invocation.operation, errors)
        if errors.errors:
            raise errors.errors[0][1]
        return {"n": inserted}

    def _update(
        self, parsed: UpdateOperation, unit: WriteUnit, params: BulkWriteParams, invocation: Invocation
    ) -> Document:
        refuse_multi(invocation.operation, "multi=true", is_multi=parsed.multi)
        statement = update_statement(parsed.fields().check(), params.let, unit.catalog.get(self._namespace), invocation)
        return update_outcome(update_documents(unit, self._namespace, statement, invocation.operation))


_KINDS: dict[str, type[InsertOperation | UpdateOperation | DeleteOperation]] = {
    "insert": InsertOperation,
    "update": UpdateOperation,
    "delete": DeleteOperation,
}
