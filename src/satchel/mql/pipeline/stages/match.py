"""`$match`: keep the documents that a filter accepts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import compress
from typing import Final

from satchel.errors import ServerError
from satchel.mql.accumulation.hashable import ITSELF
from satchel.mql.context import Context
from satchel.mql.match.evaluation import Expr
from satchel.mql.match.parser import parse_filter
from satchel.mql.pipeline.chunk import Chunk, Column
from satchel.mql.pipeline.filter_paths import filter_paths
from satchel.mql.pipeline.stage import STAGES, Dependencies, Placement, Scope, Stage
from satchel.values.bson_types import BsonValue, Document, Missing

_TOLD_APART: Final = ITSELF | {float, bool, Missing}
"""Classes of values that, with their class, are equal only if every filter treats them alike."""


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

    def run_chunks(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Yield what matches of each chunk."""
        return map(self._matching, chunks)

    def _matching(self, chunk: Chunk) -> Chunk:
        if chunk.columns is None:
            return Chunk(list(filter(self.expression.matches, chunk.documents)))
        name = self._only_column(chunk.columns)
        answers = None if name is None else self._answers_by_value(name, chunk.columns[name])
        if answers is None:
            answers = list(map(self.expression.matches, chunk.documents))
        return Chunk(columns={name: list(compress(column, answers)) for name, column in chunk.columns.items()})

    def _only_column(self, columns: Iterable[str]) -> str | None:
        """Return the column whose value decides, if there is one."""
        paths = filter_paths(self.filter, self._context)
        if not paths or any(isinstance(node, Expr) for node in self.expression.descendants()):
            return None
        return next((name for name in columns if all(f"{path}.".startswith(f"{name}.") for path in paths)), None)

    def _answers_by_value(self, name: str, column: Column) -> list[bool] | None:
        """Return which values match, asking once for each that there is; None where values cannot be told apart."""
        classes = list(map(type, column))
        if not _TOLD_APART.issuperset(classes):
            return None
        values = list(zip(classes, column, strict=True))
        different = list(set(values))
        asked = Chunk(columns={name: [value for _, value in different]}).documents
        answers = dict(zip(different, map(self.expression.matches, asked), strict=True))
        return [answers[value] for value in values]

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
