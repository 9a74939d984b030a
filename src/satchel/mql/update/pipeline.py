"""Updates by an aggregation pipeline."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.pipeline.parser import Pipeline, parse_pipeline
from satchel.mql.update.delta import document_delta
from satchel.mql.update.replacement import replaced
from satchel.mql.update.result import check_depth
from satchel.mql.update.update import Kind, Update
from satchel.values.bson_types import BsonValue, Document

ALLOWED_STAGES: Final = frozenset({"$addFields", "$set", "$project", "$unset", "$replaceRoot", "$replaceWith"})


class PipelineUpdate(Update):
    """A pipeline whose output takes the document's place.

    Args:
        pipeline: Stages that make one document of one document.
    """

    kind: ClassVar[Kind] = "pipeline"

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def apply(self, document: Document, *, position: int | None = None, inserting: bool = False) -> Document:
        """Return the pipeline's document: see `Update.apply`."""
        (result,) = self._pipeline.run(iter([document]))
        result = replaced(document, result)
        if result is not document:
            check_depth(result)
        return result

    def delta(self, old: Document, new: Document) -> Document | None:
        """Return how the documents differ: see `Update.delta`."""
        delta = document_delta(old, new)
        return None if delta is None else delta.to_bson()


def parse_pipeline_update(specs: list[BsonValue], context: Context) -> PipelineUpdate:
    """Parse the pipeline of an update.

    Raises:
        ServerError: InvalidOptions (72) for a stage that updates cannot have, and those of pipelines.

    Reference:
        MongoDB manual, "Updates with Aggregation Pipeline".
    """
    pipeline = parse_pipeline(specs, replace(context, optimises=False))
    for spec in specs:
        for name in spec if isinstance(spec, dict) else ():
            if name not in ALLOWED_STAGES:
                raise ServerError(ErrorCode.InvalidOptions, f"{name} is not allowed to be used within an update")
    return PipelineUpdate(pipeline)
