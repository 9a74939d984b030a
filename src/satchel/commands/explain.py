"""The explain command: what another command would do, and what it took."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from satchel import settings
from satchel.commands.aggregation import AggregateParams, aggregate_context, aggregate_namespace
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.count_distinct import CountParams, DistinctParams
from satchel.commands.find import FindParams
from satchel.commands.find_and_modify import FindAndModifyParams
from satchel.commands.params import document, param, read_params, string
from satchel.commands.writes import (
    DeleteFields,
    DeleteParams,
    UpdateFields,
    UpdateParams,
    delete_statement,
    update_statement,
)
from satchel.engine.aggregation import Aggregation
from satchel.engine.execution.query import QueryRun
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.explain import check_verbosity, explain_query
from satchel.engine.find import FindRequest, parse_query, prepare_find, with_collation, with_variables
from satchel.engine.namespaces import Namespace
from satchel.errors import ErrorCode, ServerError
from satchel.mql.match import parse_filter
from satchel.values.bson_types import BsonValue, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainParams(NoFields):
    """Fields of explain."""

    explain: Document = param(document)
    verbosity: str = param(string, default="allPlansExecution")


@COMMANDS.command("explain", ExplainParams)
def explain(params: ExplainParams, invocation: Invocation) -> Reply:
    """Return the plan of a command and, if wanted, what running it took; nothing is changed."""
    verbosity = check_verbosity(params.verbosity)
    name = next(iter(params.explain), "")
    explainer = _EXPLAINERS.get(name)
    if explainer is None and COMMANDS.get(name) is not None:
        raise ServerError(ErrorCode.IllegalOperation, f"Cannot explain cmd: {name}")
    if explainer is None:
        raise ServerError(ErrorCode.CommandNotFound, f"Explain failed due to unknown command: {name}")
    slot = ReadSlot()
    with invocation.engine.read() as unit, slot.attached(unit):
        explained = explainer(params.explain, invocation, slot, verbosity)
    return {**explained, **_circumstances(params.explain, invocation)}


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


def _explain_find(command: Document, invocation: Invocation, slot: ReadSlot, verbosity: str) -> Document:
    params = read_params(FindParams, "find", command)
    namespace = invocation.operation.namespace(params.find)
    entry = slot.unit.catalog.get(namespace)
    if entry is not None and entry.is_view:
        pipeline = params.request().to_pipeline()
        return _explain_pipeline(namespace, cast("list[BsonValue]", pipeline), invocation, slot, verbosity)
    context = with_variables(with_collation(invocation.operation.context, params.collation, entry), params.let)
    prepared = prepare_find(params.request(), context)
    outer: tuple[Document, ...] = ()
    if prepared.projection is not None:
        simple = all(isinstance(value, int | bool) for value in params.projection.values())
        stage = "PROJECTION_SIMPLE" if simple and "." not in "".join(params.projection) else "PROJECTION_DEFAULT"
        outer = ({"stage": stage, "transformBy": params.projection},)
    return explain_query(prepared.run, namespace, entry, slot, verbosity=verbosity, outer=outer)


def _explain_count(command: Document, invocation: Invocation, slot: ReadSlot, verbosity: str) -> Document:
    params = read_params(CountParams, "count", command)
    namespace = invocation.operation.namespace(params.count)
    entry = slot.unit.catalog.get(namespace)
    if entry is not None and entry.is_view:
        request = FindRequest(params.query, skip=params.skip, limit=abs(params.limit))
        pipeline = cast("list[BsonValue]", request.to_pipeline())
        return _explain_pipeline(namespace, pipeline, invocation, slot, verbosity)
    context = with_collation(invocation.operation.context, params.collation, entry)
    query = parse_query(parse_filter(params.query, context), context, hint=params.hint)
    run = QueryRun(query, context, params.skip, abs(params.limit) or None)
    explained = explain_query(run, namespace, entry, slot, verbosity=verbosity, outer=({"stage": "COUNT"},))
    if not params.query and not params.hint:
        planner = cast("Document", explained["queryPlanner"])
        planner["winningPlan"] = {"stage": "RECORD_STORE_FAST_COUNT"}
    return explained


def _explain_distinct(command: Document, invocation: Invocation, slot: ReadSlot, verbosity: str) -> Document:
    params = read_params(DistinctParams, "distinct", command)
    namespace = invocation.operation.namespace(params.distinct)
    entry = slot.unit.catalog.get(namespace)
    context = with_collation(invocation.operation.context, params.collation, entry)
    run = QueryRun(parse_query(parse_filter(params.query, context), context, hint=params.hint), context)
    return explain_query(run, namespace, entry, slot, verbosity=verbosity)


def _explain_aggregate(command: Document, invocation: Invocation, slot: ReadSlot, verbosity: str) -> Document:
    return explain_pipeline(read_params(AggregateParams, "aggregate", command), invocation, slot, verbosity)


def explain_aggregate(params: AggregateParams, invocation: Invocation) -> Reply:
    """Return the reply of `aggregate` with `explain: true`."""
    slot = ReadSlot()
    with invocation.engine.read() as unit, slot.attached(unit):
        explained = explain_pipeline(params, invocation, slot, "queryPlanner")
    return {**explained, **_circumstances(invocation.request.command, invocation)}


def explain_pipeline(params: AggregateParams, invocation: Invocation, slot: ReadSlot, verbosity: str) -> Document:
    """Explain a pipeline: the query that its leading part became, and the stages that are left."""
    namespace = aggregate_namespace(params, invocation)
    aggregate_context(params, invocation, namespace, slot)
    return _explain_pipeline(namespace, params.pipeline, invocation, slot, verbosity, params.hint)


def _explain_pipeline(
    namespace: Namespace,
    pipeline: list[BsonValue],
    invocation: Invocation,
    slot: ReadSlot,
    verbosity: str,
    hint: str | Document | None = None,
) -> Document:
    context = invocation.operation.context
    parsed = Aggregation(invocation.engine, invocation.operation, slot).parse(namespace, pipeline, context)
    if parsed.leading is None:
        return {"explainVersion": "1", "stages": parsed.pipeline.spec()}
    run = parsed.run(context, hint)
    explained = explain_query(run, parsed.namespace, parsed.entry, slot, verbosity=verbosity)
    rest = parsed.leading.rest.spec()
    if not rest:
        return explained
    cursor = {name: value for name, value in explained.items() if name != "explainVersion"}
    return {"explainVersion": "1", "stages": [{"$cursor": cursor}, *rest]}


def _explain_update(command: Document, invocation: Invocation, slot: ReadSlot, verbosity: str) -> Document:
    params = read_params(UpdateParams, "update", command)
    fields = read_params(UpdateFields, "update.updates", _only(params.updates))
    return _explain_write(params.update, fields, invocation, slot, verbosity)


def _explain_write(
    collection: str, fields: UpdateFields, invocation: Invocation, slot: ReadSlot, verbosity: str
) -> Document:
    namespace = invocation.operation.namespace(collection)
    entry = slot.unit.catalog.get(namespace)
    run = update_statement(fields, None, entry, invocation).run
    return explain_query(run, namespace, entry, slot, verbosity=verbosity, outer=({"stage": "UPDATE"},))


def _explain_delete(command: Document, invocation: Invocation, slot: ReadSlot, verbosity: str) -> Document:
    params = read_params(DeleteParams, "delete", command)
    namespace = invocation.operation.namespace(params.delete)
    entry = slot.unit.catalog.get(namespace)
    fields = read_params(DeleteFields, "delete.deletes", _only(params.deletes))
    run = delete_statement(fields, params.let, entry, invocation).run
    return explain_query(run, namespace, entry, slot, verbosity=verbosity, outer=({"stage": "DELETE"},))


def _only(statements: list[Document]) -> Document:
    if len(statements) != 1:
        raise ServerError(ErrorCode.InvalidLength, "explained write batches must be of size 1")
    return statements[0]


def _explain_find_and_modify(command: Document, invocation: Invocation, slot: ReadSlot, verbosity: str) -> Document:
    params = read_params(FindAndModifyParams, "findAndModify", command)
    name = params.find_and_modify or params.findandmodify or ""
    if not params.remove:
        update = params.update if params.update is not None else {}
        fields = UpdateFields(q=params.query, u=update, sort=params.sort, hint=params.hint, collation=params.collation)
        return _explain_write(name, fields, invocation, slot, verbosity)
    namespace = invocation.operation.namespace(name)
    entry = slot.unit.catalog.get(namespace)
    context = with_collation(invocation.operation.context, params.collation, entry)
    query = parse_query(parse_filter(params.query, context), context, params.sort, params.hint)
    run = QueryRun(query, context, limit=1)
    return explain_query(run, namespace, entry, slot, verbosity=verbosity, outer=({"stage": "DELETE"},))


_EXPLAINERS: Final[dict[str, Callable[[Document, Invocation, ReadSlot, str], Document]]] = {
    "find": _explain_find,
    "count": _explain_count,
    "distinct": _explain_distinct,
    "aggregate": _explain_aggregate,
    "update": _explain_update,
    "delete": _explain_delete,
    "findAndModify": _explain_find_and_modify,
    "findandmodify": _explain_find_and_modify,
}
