"""`$match`: keep the documents that a filter accepts."""

from __future__ import annotations

from collections.abc import Iterator

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.match.parser import parse_filter
from satchel.mql.pipeline.filter_paths import filter_paths
from satchel.mql.pipeline.stage import STAGES, Dependencies, Placement, Scope, Stage
from satchel.values.bson_types import BsonValue, Document


class MatchStage(Stage):
    """Keeps the documents that match.

    Args:
        filter_: The filter.
        context: The operation.

    Attributes:
        filter: The filter's document.
        expression: The filter, parsed.
    """

    name = "$match"
    placement = Placement(change_stream=True)

    def __init__(self, filter_: Document, context: Context) -> None:
        self.filter = filter_
        self.expression = parse_filter(filter_, context)
        self._context = context

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the documents that match."""
        return filter(self.expression.matches, documents)

    def operand(self) -> BsonValue:
        """Return the filter."""
        return self.filter

    def dependencies(self) -> Dependencies:
        """Return the paths that the filter reads."""
        return Dependencies(filter_paths(self.filter, self._context))

    def preserves(self, name: str) -> bool:
        """Filters commute."""
        return True


@STAGES.operator("$match")
def parse_match(operand: BsonValue, scope: Scope) -> MatchStage:
    """Keep the documents that match a filter.

    Raises:
        ServerError: Location15959 when the operand is not a document, and the errors of filters.

    Reference:
        MongoDB manual, "$match (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(15959, "the match filter must be an expression in an object")
    return MatchStage(operand, scope.context)
