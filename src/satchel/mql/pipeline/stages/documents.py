"""`$documents`: documents that the pipeline itself gives."""

from __future__ import annotations

from collections.abc import Iterator

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.stage import STAGES, Placement, Position, Scope, Stage
from satchel.values.bson_types import BsonValue, Document


class DocumentsStage(Stage):
    """Brings the documents of an expression."""

    name = "$documents"
    placement = Placement(Position.FIRST, in_facet=False, collection=False)
    reads_input = False

    def __init__(self, spec: BsonValue, context: Context) -> None:
        self._spec = spec
        self._expression = parse_expression(spec, context)
        self._variables = context.variables

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the documents.

        Raises:
            ServerError: Location5858203 when the expression gives no array, 40228 for a member that is no document.
        """
        found = self._expression.evaluate({}, self._variables)
        if not isinstance(found, list):
            raise ServerError(5858203, "an array is expected")
        for member in found:
            if not isinstance(member, dict):
                raise ServerError(
                    40228,
                    "elements within the array passed to $documents must evaluate to an object, but resulting value "
                    f"was: {member!r}",
                )
            yield member

    def operand(self) -> BsonValue:
        """Return the expression."""
        return self._spec


@STAGES.operator("$documents")
def parse_documents(operand: BsonValue, scope: Scope) -> DocumentsStage:
    """Give documents, as an expression that evaluates to an array of them.

    Raises:
        ServerError: InvalidNamespace (73) when the pipeline runs on a collection; while running Location5858203, 40228.

    Reference:
        MongoDB manual, "$documents (aggregation)".
    """
    stage = DocumentsStage(operand, scope.context)
    if scope.namespace.collection and scope.nesting != "$facet":
        raise ServerError(
            ErrorCode.InvalidNamespace,
            "'$documents' can only be run with database or cluster-level aggregation {aggregate: 1}",
        )
    return stage
