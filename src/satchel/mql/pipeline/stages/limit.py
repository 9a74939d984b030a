"""`$limit`: let the first documents through."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from bson import Int64

from satchel.errors import ServerError
from satchel.mql.pipeline.stage import STAGES, Dependencies, Scope, Stage
from satchel.mql.pipeline.stages.operands import non_negative_integer
from satchel.values.bson_types import BsonValue, Document


class LimitStage(Stage):
    """Ends after `limit` documents.

    Attributes:
        limit: How many documents pass; a rewrite may make it 0.
    """

    name = "$limit"

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the first documents."""
        return islice(documents, self.limit)

    def operand(self) -> BsonValue:
        """Return the number."""
        return Int64(self.limit)

    def dependencies(self) -> Dependencies:
        """A limit reads nothing."""
        return Dependencies()


@STAGES.operator("$limit")
def parse_limit(operand: BsonValue, scope: Scope) -> LimitStage:
    """Let the first documents through, and end.

    Raises:
        ServerError: Location5107201 when the operand is not a non-negative 64-bit integer of any number type,
            Location15958 when it is zero.

    Reference:
        MongoDB manual, "$limit (aggregation)".
    """
    limit = non_negative_integer("$limit", 5107201, operand)
    if not limit:
        raise ServerError(15958, "the limit must be positive")
    return LimitStage(limit)
