"""`$unionWith`: the documents of another collection after those of the input."""

from __future__ import annotations

from collections.abc import Iterator

from satchel.errors import ErrorCode, ServerError
from satchel.mql.pipeline.stage import STAGES, Scope, Stage
from satchel.mql.pipeline.stages.operands import check_names, check_type
from satchel.values.bson_types import BsonValue, Document, type_name
from satchel.values.namespace import Namespace


class UnionWithStage(Stage):
    """Lets its input through, and then the documents of a pipeline on another collection.

    Args:
        operand: The operand in its long form.
        pipeline: The pipeline as written.
        scope: The scope of that pipeline; its namespace without collection for one that brings its own documents.
    """

    name = "$unionWith"

    def __init__(self, operand: Document, pipeline: list[Document], scope: Scope) -> None:
        self._operand = operand
        self._specs = pipeline
        self._scope = scope
        self._pipeline = scope.parse(pipeline, scope)

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the documents of both."""
        yield from documents
        scope = self._scope
        if not scope.namespace.collection:
            yield from self._pipeline.run(iter(()))
            return
        yield from scope.require_source(self.name).read(scope.namespace, self._specs, scope.context)

    def operand(self) -> BsonValue:
        """Return the operand."""
        return self._operand


@STAGES.operator("$unionWith")
def parse_union_with(operand: BsonValue, scope: Scope) -> UnionWithStage:
    """Add the documents of another collection, as its name or `{coll: name, pipeline: […]}`.

    Raises:
        ServerError: FailedToParse (9), TypeMismatch (14), 40415 for a bad operand, InvalidNamespace (73) for a bad
            name, and the errors of the pipeline.

    Reference:
        MongoDB manual, "$unionWith (aggregation)".
    """
    if isinstance(operand, str):
        operand = {"coll": operand, "pipeline": []}
    if not isinstance(operand, dict):
        raise ServerError(
            ErrorCode.FailedToParse,
            f"the $unionWith stage specification must be an object or string, but found {type_name(operand)}",
        )
    check_names("$unionWith", operand, optional=("coll", "pipeline"))
    specs = operand.get("pipeline", [])
    if "coll" in operand:
        check_type("$unionWith.coll", operand["coll"], "string")
    elif not _brings_documents(specs):
        raise ServerError(
            ErrorCode.FailedToParse,
            "$unionWith stage without explicit collection must have a pipeline with $documents as first stage",
        )
    collection = operand.get("coll", "")
    if "coll" in operand and not collection:
        raise ServerError(
            ErrorCode.InvalidNamespace, f"Namespace {scope.namespace.database} is not a valid collection name"
        )
    namespace = Namespace(scope.namespace.database, str(collection))
    return UnionWithStage(operand, specs, scope.inside("$unionWith", namespace))


def _brings_documents(specs: BsonValue) -> bool:
    return isinstance(specs, list) and bool(specs) and isinstance(specs[0], dict) and "$documents" in specs[0]
