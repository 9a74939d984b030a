"""Pipelines: parsed, checked, rewritten, run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import MatchExpression
from satchel.mql.pipeline import rewrites
from satchel.mql.pipeline.chunk import Chunk
from satchel.mql.pipeline.source import Source
from satchel.mql.pipeline.stage import STAGES, Position, Scope, Stage, StageParser
from satchel.mql.pipeline.stages.match import MatchStage
from satchel.mql.pipeline.stages.sort import SortStage
from satchel.mql.pipeline.unsupported import UNSUPPORTED_STAGES
from satchel.mql.sort import SortPattern
from satchel.mql.stable_api import check_operator
from satchel.values.bson_types import BsonValue, Document
from satchel.values.namespace import Namespace

MAX_STAGES = 1000


@dataclass(frozen=True, slots=True)
class Leading:
    """The leading part of a pipeline, which the engine may answer from indexes, and the rest.

    The documents of the pipeline are `rest.run(found)`, where `found` are the documents that match, in order,
    without the first `skip`, and at most `limit`.

    Attributes:
        filter: The filter's document, or None for all documents.
        match: The same filter, parsed.
        sort: The order, or None.
        skip: How many documents to leave out.
        limit: How many to return at most, or None.
        fields: The dotted paths that `rest` reads, or None when it needs whole documents.
        grouped_fields: The dotted paths that are all that `rest` looks at, in whatever order they stand in a document;
            None when it looks at more.
        rest: What remains to run.
    """

    filter: Document | None
    match: MatchExpression | None
    sort: SortPattern | None
    skip: int
    limit: int | None
    fields: frozenset[str] | None
    grouped_fields: frozenset[str] | None
    rest: Pipeline


class Pipeline:
    """A parsed pipeline.

    Args:
        stages: Its stages, rewritten.

    Attributes:
        stages: The stages in order.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = tuple(stages)

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the pipeline's documents for these input documents, lazily where the stages allow."""
        for stage in self.stages:
            documents = stage.run(documents)
        return documents

    def run_chunks(self, chunks: Iterator[Chunk]) -> Iterator[Document]:
        """Yield the same for input in chunks."""
        for number, stage in enumerate(self.stages):
            following = stage.run_chunks(chunks)
            if following is None:
                return Pipeline(self.stages[number:]).run(_documents(chunks))
            chunks = following
        return _documents(chunks)

    @property
    def reads_input(self) -> bool:
        """Whether the pipeline reads its collection; False when the first stage brings its own documents."""
        return not self.stages or self.stages[0].reads_input

    @property
    def writes(self) -> bool:
        """Whether the pipeline ends in `$out` or `$merge`."""
        return bool(self.stages) and self.stages[-1].placement.position is Position.LAST

    @property
    def gathers(self) -> bool:
        """Whether what comes out is computed of all documents, so that the order of their fields does not show."""
        return rewrites.grouped_fields(self.stages) is not None

    def fields(self) -> frozenset[str] | None:
        """Return the dotted paths of the input that the pipeline reads, or None for whole documents."""
        return rewrites.needed_fields(self.stages)

    def spec(self) -> list[Document]:
        """Return the rewritten pipeline, as `explain` shows it."""
        return [stage.spec() for stage in self.stages]

    def leading(self) -> Leading:
        """Split off what the engine can do itself: a filter, an order, skip and limit."""
        stages = list(self.stages)
        match = stages.pop(0) if stages and isinstance(stages[0], MatchStage) else None
        sort = stages.pop(0) if stages and _is_sort_by_fields(stages[0]) else None
        skip, limit, count = rewrites.leading_window(stages)
        rest = Pipeline(stages[count:])
        return Leading(
            filter=match.filter if isinstance(match, MatchStage) else None,
            match=match.expression if isinstance(match, MatchStage) else None,
            sort=sort.pattern if isinstance(sort, SortStage) else None,
            skip=skip,
            limit=limit,
            fields=rest.fields(),
            grouped_fields=rewrites.grouped_fields(rest.stages),
            rest=rest,
        )


def _documents(chunks: Iterator[Chunk]) -> Iterator[Document]:
    return chain.from_iterable(chunk.documents for chunk in chunks)


def _is_sort_by_fields(stage: Stage) -> bool:
    return isinstance(stage, SortStage) and not stage.pattern.is_random


def parse_pipeline(
    specs: BsonValue, context: Context, source: Source | None = None, namespace: Namespace | None = None
) -> Pipeline:
    """Parse a pipeline.

    Args:
        specs: The user's list of stages.
        context: The operation.
        source: The engine, for stages that read or write other collections.
        namespace: What the pipeline runs on; an empty collection name stands for `{aggregate: 1}`.

    Raises:
        ServerError: TypeMismatch (14) when it is not a list of documents, Location40323 and Location40324 for bad
            stages, Location40602 and Location40601 for stages that must be first or last, and the stages' own errors.

    Reference:
        MongoDB manual, "Aggregation Stages".
    """
    return _parse(specs, Scope(context, source, namespace or Namespace("", ""), _parse))


def _parse(specs: BsonValue, scope: Scope) -> Pipeline:
    if not isinstance(specs, list):
        raise ServerError(ErrorCode.TypeMismatch, "A pipeline must be an array of objects")
    if len(specs) > MAX_STAGES:
        raise ServerError(7749501, f"Pipeline length must be no longer than {MAX_STAGES} stages")
    parsed: list[Stage] = []
    for spec in specs:
        parsed.extend(_parse_stage(spec, scope))
    _check_collection(parsed, scope)
    _check_placement(parsed, scope)
    _check_change_stream(parsed)
    return Pipeline(rewrites.rewrite(parsed, scope))


def check_form(specs: Sequence[BsonValue]) -> None:
    """Check that a list is one of stages that exist, whatever their operands are.

    Raises:
        ServerError: TypeMismatch (14), Location40323, Location40324, NotImplemented (238).
    """
    for spec in specs:
        _stage_parser(spec)


def _stage_parser(spec: BsonValue) -> tuple[StageParser, BsonValue]:
    """Return the parser of a stage and the operand that it is to parse."""
    if not isinstance(spec, dict):
        raise ServerError(ErrorCode.TypeMismatch, "Each element of the 'pipeline' array must be an object")
    if len(spec) != 1:
        raise ServerError(40323, "A pipeline stage specification object must contain exactly one field.")
    ((name, operand),) = spec.items()
    parser = STAGES.get(name)
    if parser is None:
        if name in UNSUPPORTED_STAGES:
            raise ServerError(ErrorCode.NotImplemented, f"{name} is not supported: {UNSUPPORTED_STAGES[name]}")
        raise ServerError(40324, f"Unrecognized pipeline stage name: '{name}'")
    return parser, operand


def _parse_stage(spec: BsonValue, scope: Scope) -> Sequence[Stage]:
    if isinstance(spec, dict):
        check_operator(next(iter(spec), ""), scope.context)
    parser, operand = _stage_parser(spec)
    parsed = parser(operand, scope)
    return (parsed,) if isinstance(parsed, Stage) else parsed


def _check_collection(parsed: Sequence[Stage], scope: Scope) -> None:
    """Check that a pipeline on a database (`{aggregate: 1}`) begins with a stage that needs no collection."""
    if scope.nesting or not scope.namespace.database or scope.namespace.collection:
        return
    if not parsed:
        raise ServerError(ErrorCode.InvalidNamespace, "{aggregate: 1} is not valid for an empty pipeline.")
    if parsed[0].placement.collection is not False:
        raise ServerError(
            ErrorCode.InvalidNamespace,
            f"{{aggregate: 1}} is not valid for '{parsed[0].name}'; a collection is required.",
        )


def _check_placement(parsed: Sequence[Stage], scope: Scope) -> None:
    last = len(parsed) - 1
    for index, stage in enumerate(parsed):
        placement = stage.placement
        if not placement.allowed_in(scope.nesting):
            raise _nesting_error(stage, scope)
        if placement.position is Position.FIRST and index:
            raise ServerError(40602, f"{stage.name} is only valid as the first stage in a pipeline")
        if placement.position is Position.LAST and index != last:
            raise ServerError(40601, f"{stage.name} can only be the final stage in the pipeline")


def _check_change_stream(parsed: Sequence[Stage]) -> None:
    """Check that what stands behind `$changeStream`, and only there, is allowed to."""
    is_change_stream = bool(parsed) and parsed[0].name == "$changeStream"
    for index, stage in enumerate(parsed):
        allowed = stage.placement.change_stream
        if is_change_stream and allowed is False:
            raise ServerError(ErrorCode.IllegalOperation, f"{stage.name} is not permitted in a $changeStream pipeline")
        if not is_change_stream and allowed is None:
            raise ServerError(ErrorCode.IllegalOperation, f"{stage.name} can only be used in a $changeStream pipeline")
        if allowed is None and index < len(parsed) - 1:
            raise ServerError(7182802, f"{stage.name} must be the last stage in the pipeline")


def _nesting_error(stage: Stage, scope: Scope) -> ServerError:
    if scope.nesting == "$facet":
        return ServerError(40600, f"{stage.name} is not allowed to be used within a $facet stage")
    code = 51047 if scope.nesting == "$lookup" else 31441
    return ServerError(code, f"{stage.name} is not allowed within a {scope.nesting}'s sub-pipeline")
