"""Opening change streams: what `aggregate` does when its pipeline begins with `$changeStream`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from satchel.commands.aggregation import (
    AggregateParams,
    CursorFields,
    aggregate_context,
    aggregate_namespace,
    cursor_namespace,
)
from satchel.commands.command import Invocation, Reply
from satchel.commands.results import first_batch
from satchel.engine.aggregation import Aggregation
from satchel.engine.change_streams.events import Scope
from satchel.engine.change_streams.stream import ChangeStream, ChangeStreamCursor, keep_log
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.namespaces import Namespace
from satchel.errors import ErrorCode, ServerError
from satchel.mql.pipeline import Pipeline, parse_pipeline
from satchel.mql.pipeline.stages.change_stream import ChangeStreamSpec, ChangeStreamStage


def open_change_stream(params: AggregateParams, fields: CursorFields, invocation: Invocation) -> Reply:
    """Open a change stream; the first one on a file has changes logged from then on."""
    namespace = aggregate_namespace(params, invocation)
    _check_read_concern(invocation)
    slot = ReadSlot()
    with _reading(invocation, slot):
        pipeline = _parse(params, invocation, namespace, slot)
    keep_log(invocation.engine, invocation.operation)
    with _reading(invocation, slot):
        options = _options(pipeline)
        scope = Scope() if options.all_changes_for_cluster else Scope(*namespace)
        rest = Pipeline(pipeline.stages[1:])
        stream = ChangeStream(options, scope, rest, slot, invocation.operation.context)
        cursor = ChangeStreamCursor(cursor_namespace(namespace), slot, stream)
        return first_batch(invocation, cursor, fields.batch_size)


@contextmanager
def _reading(invocation: Invocation, slot: ReadSlot) -> Iterator[None]:
    with invocation.engine.read() as unit, slot.attached(unit):
        yield


def _check_read_concern(invocation: Invocation) -> None:
    concern = invocation.request.command.get("readConcern")
    level = concern.get("level", "majority") if isinstance(concern, dict) else "majority"
    if level != "majority":
        raise ServerError(
            ErrorCode.InvalidOptions,
            f"Aggregation stage $changeStream cannot run with a readConcern other than 'majority'; found '{level}'",
        )


def _parse(params: AggregateParams, invocation: Invocation, namespace: Namespace, slot: ReadSlot) -> Pipeline:
    context = aggregate_context(params, invocation, namespace, slot)
    source = Aggregation(invocation.engine, invocation.operation, slot)
    pipeline = parse_pipeline(params.pipeline, context, source, namespace)
    entry = slot.unit.catalog.get(namespace)
    if entry is not None and entry.is_view:
        raise ServerError(ErrorCode.CommandNotSupportedOnView, f"Namespace {namespace} is a view, not a collection")
    return pipeline


def _options(pipeline: Pipeline) -> ChangeStreamSpec:
    stage = pipeline.stages[0]
    assert isinstance(stage, ChangeStreamStage), "the pipeline was taken for that of a change stream"
    return stage.options
