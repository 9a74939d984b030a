"""`$facet`: several pipelines over the same documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.field_path import check_field_name
from satchel.mql.pipeline.spill import MemoryMeter, Spool
from satchel.mql.pipeline.stage import ANYTHING, STAGES, Dependencies, Placement, Scope, Stage
from satchel.values.bson_types import BsonValue, Document, type_name

if TYPE_CHECKING:
    from satchel.mql.pipeline.parser import Pipeline


class FacetStage(Stage):
    """Runs its pipelines one after the other over its input, which it keeps.

    Args:
        pipelines: The pipelines by the field that takes their documents.
        context: The operation.
    """

    name = "$facet"
    placement = Placement(in_facet=False)

    def __init__(self, pipelines: dict[str, Pipeline], context: Context) -> None:
        self._pipelines = pipelines
        self._context = context

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the one document of arrays."""
        spool: Spool[Document] = Spool(MemoryMeter(self.name, self._context))
        spool.extend(documents)
        try:
            yield {name: self._results(pipeline, spool) for name, pipeline in self._pipelines.items()}
        finally:
            spool.close()

    def _results(self, pipeline: Pipeline, spool: Spool[Document]) -> list[Document]:
        meter = MemoryMeter(self.name, self._context)
        results: list[Document] = []
        for document in pipeline.run(iter(spool)):
            if meter.add(document):
                limit = self._context.memory_limit_bytes
                raise ServerError(4031700, f"document constructed by $facet exceeds the limit of {limit} bytes")
            results.append(document)
        return results

    def operand(self) -> BsonValue:
        """Return the rewritten pipelines."""
        return {name: pipeline.spec() for name, pipeline in self._pipelines.items()}

    @property
    def gathers(self) -> bool:
        """Whether all pipelines gather."""
        return all(pipeline.gathers for pipeline in self._pipelines.values())

    def dependencies(self) -> Dependencies:
        """Return what all pipelines read together."""
        needed: set[str] = set()
        for pipeline in self._pipelines.values():
            fields = pipeline.fields()
            if fields is None:
                return ANYTHING
            needed |= fields
        return Dependencies(frozenset(needed), is_exhaustive=True)


@STAGES.operator("$facet")
def parse_facet(operand: BsonValue, scope: Scope) -> FacetStage:
    """Run several pipelines over the same documents, as `{field: pipeline, …}`.

    Raises:
        ServerError: Location40169 to 40171 for a bad operand, 40600 for a stage that may not be in it, 4031700 for a
            result that is too large, and the errors of field names and pipelines.

    Reference:
        MongoDB manual, "$facet (aggregation)".
    """
    if not isinstance(operand, dict) or not operand:
        raise ServerError(40169, f"the $facet specification must be a non-empty object, but found: $facet: {operand!r}")
    for name, specs in operand.items():
        _check_facet(name, specs)
    inner = scope.inside("$facet")
    return FacetStage({name: scope.parse(specs, inner) for name, specs in operand.items()}, scope.context)


def _check_facet(name: str, specs: BsonValue) -> None:
    try:
        check_field_name(name)
    except ServerError as error:
        rule = "$facet pipeline names must follow the naming rules of field path expressions."
        raise ServerError(error.code, f"{rule} :: caused by :: {error.message}") from error
    if not isinstance(specs, list):
        raise ServerError(40170, f"arguments to $facet must be arrays, {name} is type {type_name(specs)}")
    for position, spec in enumerate(specs):
        if not isinstance(spec, dict):
            raise ServerError(
                40171,
                f"elements of arrays in $facet spec must be non-empty objects, {name} argument contained an element of "
                f"type {type_name(spec)}: {position}: {spec!r}",
            )
