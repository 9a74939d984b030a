"""The explain command: what another command would do, and what it took."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, cast

from satchel import settings
from satchel.access.privileges import Privilege
from satchel.commands.aggregation import AggregateParams, aggregate_context, aggregate_namespace
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.count_distinct import CountParams, DistinctParams
from satchel.commands.find import FindParams
from satchel.commands.find_and_modify import FindAndModifyParams
from satchel.commands.params import document, param, read_params, string
from satchel.commands.rights import Access, Call
from satchel.commands.writes import (
    DeleteFields,
    DeleteParams,
    UpdateFields,
    UpdateParams,
    delete_statement,
    update_statement,
)
from satchel.engine.aggregation import Aggregation
from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.query import QueryRun
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.explain import COUNT, check_verbosity, explain_query
from satchel.engine.find import FindRequest, prepare_find, with_collation, with_variables
from satchel.engine.namespaces import Namespace
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.values.bson_types import BsonValue, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainParams(NoFields):
    """Fields of explain."""

    explain: Document = param(document)
    verbosity: str = param(string, default="allPlansExecution")


def _needs(params: ExplainParams, call: Call) -> Iterator[Privilege]:
    """Yield what the explained command takes."""
    name = next(iter(params.explain), "")
    command = COMMANDS.get(name)
    if command is not None and name in _EXPLAINED:
        inner = read_params(command.params, name, params.explain)
        yield from command.access.needs(inner, replace(call, command=params.explain))


@COMMANDS.command("explain", ExplainParams, access=Access(_needs))
def explain(params: ExplainParams, invocation: Invocation) -> Reply:
    """Return the plan of a command and, if wanted, what running it took; nothing is changed."""
    verbosity = check_verbosity(params.verbosity)
    name = next(iter(params.explain), "")
    explain_command = _EXPLAINED.get(name)
    if explain_command is None and COMMANDS.get(name) is not None:
        raise ServerError(ErrorCode.IllegalOperation, f"Cannot explain cmd: {name}")
    if explain_command is None:
        raise ServerError(ErrorCode.CommandNotFound, f"Explain failed due to unknown command: {name}")
    slot = ReadSlot()
    with invocation.engine.read() as unit, slot.attached(unit):
        explained = explain_command(_Explainer(invocation, slot, verbosity), params.explain)
    return {**explained, **_circumstances(params.explain, invocation)}


def explain_aggregate(params: AggregateParams, invocation: Invocation) -> Reply:
    """Return the reply of `aggregate` with `explain: true`."""
    slot = ReadSlot()
    with invocation.engine.read() as unit, slot.attached(unit):
        explained = _Explainer(invocation, slot, "queryPlanner").pipeline(params)
    return {**explained, **_circumstances(invocation.request.command, invocation)}


def _circumstances(command: Document, invocation: Invocation) -> Document:
    host, port = invocation.service.address
    return {
        "command": {**command, "$db": invocation.database},
        "serverInfo": {
            "host": platform.node() or host,
            "port": port,
            "version": settings.VERSION,
            "gitVersion": "satchel",
        },
    }


class _Explainer:
    """Explains commands, each by the method that bears its name.

    Args:
        invocation: The explain command.
        slot: Where its snapshot is.
        verbosity: How much it wants to know.
    """

    def __init__(self, invocation: Invocation, slot: ReadSlot, verbosity: str) -> None:
        self._invocation = invocation
        self._slot = slot
        self._verbosity = verbosity

    def _collection(self, name: str) -> tuple[Namespace, CollectionEntry | None]:
        namespace = self._invocation.operation.namespace(name)
        return namespace, self._slot.unit.catalog.get(namespace)

    def _context(
        self, entry: CollectionEntry | None, collation: Document | None, let: Document | None = None
    ) -> Context:
        return with_variables(with_collation(self._invocation.operation.context, collation, entry), let)

    def _query(self, run: QueryRun, namespace: Namespace, entry: CollectionEntry | None, *outer: Document) -> Document:
        return explain_query(run, namespace, entry, self._slot, verbosity=self._verbosity, outer=outer)

    def find(self, command: Document) -> Document:
        params = read_params(FindParams, "find", command)
        params.check()
        namespace, entry = self._collection(params.find)
        context = self._context(entry, params.collation, params.let)
        if entry is not None and entry.is_view:
            params.check_for_view()
            return self._view(entry, params.request(), context)
        prepared = prepare_find(params.request(), context)
        if prepared.projection is None:
            return self._query(prepared.run, namespace, entry)
        simple = all(isinstance(value, int | bool) for value in params.projection.values())
        stage = "PROJECTION_SIMPLE" if simple and "." not in "".join(params.projection) else "PROJECTION_DEFAULT"
        return self._query(prepared.run, namespace, entry, {"stage": stage, "transformBy": params.projection})

    def count(self, command: Document) -> Document:
        params = read_params(CountParams, "count", command)
        namespace, entry = self._collection(params.count)
        context = self._context(entry, params.collation)
        if entry is not None and entry.is_view:
            return self._view(entry, params.request(), context)
        explained = self._query(params.run(context), namespace, entry, COUNT)
        if params.counts_all:
            planner = cast("Document", explained["queryPlanner"])
            planner["winningPlan"] = {"stage": "RECORD_STORE_FAST_COUNT"}
        return explained

    def distinct(self, command: Document) -> Document:
        params = read_params(DistinctParams, "distinct", command)
        namespace, entry = self._collection(params.distinct)
        context = self._context(entry, params.collation)
        if entry is not None and entry.is_view:
            return self._view(entry, FindRequest(params.query, hint=params.hint), context)
        return self._query(params.run(context), namespace, entry)

    def aggregate(self, command: Document) -> Document:
        return self.pipeline(read_params(AggregateParams, "aggregate", command))

    def pipeline(self, params: AggregateParams) -> Document:
        namespace = aggregate_namespace(params, self._invocation)
        context = aggregate_context(params, self._invocation, namespace, self._slot)
        return self._pipeline(namespace, params.pipeline, context, params.hint)

    def _view(self, view: CollectionEntry, request: FindRequest, context: Context) -> Document:
        return self._pipeline(view.namespace, request.to_pipeline(), context, request.pipeline_hint)

    def _pipeline(
        self, namespace: Namespace, pipeline: list[BsonValue], context: Context, hint: str | Document | None
    ) -> Document:
        """Explain a pipeline: the query that its leading part became, and the stages that are left."""
        aggregation = Aggregation(self._invocation.engine, self._invocation.operation, self._slot)
        parsed = aggregation.parse(namespace, pipeline, context)
        if parsed.leading is None:
            return {"explainVersion": "1", "stages": parsed.pipeline.spec()}
        explained = self._query(parsed.run(context, hint), parsed.namespace, parsed.entry)
        rest = parsed.leading.rest.spec()
        if not rest:
            return explained
        cursor = {name: value for name, value in explained.items() if name != "explainVersion"}
        return {"explainVersion": "1", "stages": [{"$cursor": cursor}, *rest]}

    def update(self, command: Document) -> Document:
        params = read_params(UpdateParams, "update", command)
        fields = read_params(UpdateFields, "update.updates", _only(params.updates))
        return self._update(params.update, fields, params.let)

    def _update(self, collection: str, fields: UpdateFields, let: Document | None) -> Document:
        namespace, entry = self._collection(collection)
        run = update_statement(fields, let, entry, self._invocation).run
        return self._query(run, namespace, entry, {"stage": "UPDATE"})

    def delete(self, command: Document) -> Document:
        params = read_params(DeleteParams, "delete", command)
        fields = read_params(DeleteFields, "delete.deletes", _only(params.deletes))
        namespace, entry = self._collection(params.delete)
        run = delete_statement(fields, params.let, entry, self._invocation).run
        return self._query(run, namespace, entry, {"stage": "DELETE"})

    def find_and_modify(self, command: Document) -> Document:
        params = read_params(FindAndModifyParams, "findAndModify", command)
        params.check()
        if params.remove:
            namespace, entry = self._collection(params.collection)
            return self._query(params.removal(entry, self._invocation), namespace, entry, {"stage": "DELETE"})
        return self._update(params.collection, params.update_fields(), params.let)


def _only(statements: list[Document]) -> Document:
    if len(statements) != 1:
        raise ServerError(ErrorCode.InvalidLength, "explained write batches must be of size 1")
    return statements[0]


_EXPLAINED: Final[dict[str, Callable[[_Explainer, Document], Document]]] = {
    "find": _Explainer.find,
    "count": _Explainer.count,
    "distinct": _Explainer.distinct,
    "aggregate": _Explainer.aggregate,
    "update": _Explainer.update,
    "delete": _Explainer.delete,
    "findAndModify": _Explainer.find_and_modify,
    "findandmodify": _Explainer.find_and_modify,
}
