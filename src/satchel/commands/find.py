"""The find command."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import (
    camel_case,
    collection,
    document,
    flag,
    non_negative,
    not_null,
    param,
    string_or_document,
)
from satchel.commands.results import first_batch
from satchel.commands.rights import on_collection
from satchel.engine.aggregation import Aggregation
from satchel.engine.catalog import CollectionEntry
from satchel.engine.cursors import Cursor
from satchel.engine.execution.scans import check_alive
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.find import FindRequest, PreparedFind, find_documents, prepare_find, with_collation, with_variables
from satchel.engine.namespaces import Namespace, checked_namespace
from satchel.errors import ErrorCode, ServerError
from satchel.mql.sort import natural_order
from satchel.values.bson_types import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class FindParams(NoFields):
    """Fields of find."""

    find: str = param(collection)
    filter: Document = param(not_null(document), default={})
    projection: Document = param(not_null(document), default={})
    sort: Document = param(not_null(document), default={})
    hint: str | Document | None = param(string_or_document, default=None)
    skip: int = param(non_negative, default=0)
    limit: int = param(non_negative, default=0)
    batch_size: int | None = param(non_negative, default=None)
    single_batch: bool = param(flag, default=False)
    return_key: bool = param(flag, default=False)
    show_record_id: bool = param(flag, default=False)
    tailable: bool = param(flag, default=False)
    await_data: bool = param(flag, default=False)
    no_cursor_timeout: bool = param(flag, default=False)
    min: Document = param(not_null(document), default={})
    max: Document = param(not_null(document), default={})
    collation: Document | None = param(not_null(document), default=None)
    allow_disk_use: bool = param(flag, default=True)
    allow_partial_results: bool = param(flag, default=False, ignored=True)
    let: Document | None = param(document, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"oplogReplay", "term", "runtimeConstants", "options", "includeQueryStatsMetrics", "querySettings",
         "encryptionInformation"}
    )  # fmt: skip
    REFUSED: ClassVar[frozenset[str]] = frozenset({"$_requestResumeToken", "$_resumeAfter", "$_startAt"})
    UNSTABLE: ClassVar[frozenset[str]] = frozenset(
        {"returnKey", "showRecordId", "noCursorTimeout", "min", "max", "tailable", "awaitData", "oplogReplay", "term",
         "$_requestResumeToken", "$_resumeAfter", "$_startAt"}
    )  # fmt: skip

    def request(self) -> FindRequest:
        """Return what is asked for."""
        return FindRequest(
            self.filter, self.projection, self.sort, self.hint, self.skip, self.limit, self.min or None,
            self.max or None, self.return_key, self.show_record_id,
        )  # fmt: skip

    def check(self) -> None:
        """Raise when options contradict each other.

        Raises:
            ServerError: FailedToParse (9) for `awaitData` alone, BadValue (2) for what a tailable cursor cannot do.
        """
        if self.await_data and not self.tailable:
            raise ServerError(ErrorCode.FailedToParse, "Cannot set 'awaitData' without also setting 'tailable'")
        if not self.tailable:
            return
        if self.sort and natural_order(self.sort) != 1:
            raise ServerError(ErrorCode.BadValue, "cannot use tailable option with a sort other than {$natural: 1}")
        if self.single_batch:
            raise ServerError(ErrorCode.BadValue, "cannot use tailable option with the 'singleBatch' option")

    def check_for_view(self) -> None:
        """Raise for options that a pipeline, as which a view is read, does not have.

        Raises:
            ServerError: InvalidPipelineOperator (168).
        """
        for name in ("min", "max", "return_key", "show_record_id", "tailable", "no_cursor_timeout"):
            if getattr(self, name):
                raise ServerError(
                    ErrorCode.InvalidPipelineOperator, f"Option {camel_case(name)} not supported in aggregation."
                )
        if self.single_batch and self.limit != 1:
            raise ServerError(ErrorCode.InvalidPipelineOperator, "Option singleBatch not supported in aggregation.")


@COMMANDS.command("find", FindParams, access=on_collection("find"))
def find(params: FindParams, invocation: Invocation) -> Reply:
    """Return the documents that match a filter, through a cursor."""
    namespace = checked_namespace(invocation.database, params.find)
    params.check()
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
    params.check_for_view()
    context = with_collation(invocation.operation.context, params.collation, view)
    context = with_variables(context, params.let)
    aggregation = Aggregation(invocation.engine, invocation.operation, slot)
    request = params.request()
    stream = aggregation.documents(view.namespace, request.to_pipeline(), context, request.pipeline_hint)
    return Cursor(view.namespace, stream, slot)


def _find_in_collection(
    params: FindParams, namespace: Namespace, entry: CollectionEntry | None, invocation: Invocation, slot: ReadSlot
) -> Cursor:
    context = with_variables(with_collation(invocation.operation.context, params.collation, entry), params.let)
    if entry is None:
        prepare_find(params.request(), context)
        return Cursor(namespace, iter(()), slot)
    if params.tailable:
        prepared = prepare_find(params.request(), context)
        _check_capped(entry)
        if slot.unit.reader.last_rid(entry.table):  # as in MongoDB, an empty collection has no tail
            return _tailable(params, entry, prepared, slot)
    return Cursor(
        namespace,
        find_documents(params.request(), context, entry, slot),
        slot,
        check_alive=partial(check_alive, entry, slot),
        no_timeout=params.no_cursor_timeout,
    )


def _check_capped(entry: CollectionEntry) -> None:
    if not entry.capped:
        raise ServerError(
            ErrorCode.BadValue,
            f"error processing query: ns={entry.namespace} tailable cursor requested on non capped collection",
        )


def _tailable(params: FindParams, entry: CollectionEntry, prepared: PreparedFind, slot: ReadSlot) -> Cursor:
    return Cursor(
        entry.namespace,
        prepared.tail(entry, slot),
        slot,
        tailable=True,
        await_data=params.await_data,
        no_timeout=params.no_cursor_timeout,
    )
