"""`$skip`: leave out the first documents."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice

from bson import Int64

from satchel.mql.pipeline.stage import STAGES, Dependencies, Scope, Stage
from satchel.mql.pipeline.stages.operands import non_negative_integer
from satchel.values.bson_types import BsonValue, Document


class SkipStage(Stage):
    """Leaves out the first `skip` documents.

    Attributes:
        skip: How many documents to leave out.
    """

    name = "$skip"

    def __init__(self, skip: int) -> None:
        self.skip = skip

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the documents after the first ones."""
        return islice(documents, min(self.skip, sys.maxsize), None)

    def operand(self) -> BsonValue:
        """Return the number."""
        return Int64(self.skip)

    def dependencies(self) -> Dependencies:
        """A skip reads nothing."""
        return Dependencies()


@STAGES.operator("$skip")
def parse_skip(operand: BsonValue, scope: Scope) -> SkipStage:
    """Leave out the first documents.

    Raises:
        ServerError: Location5107200 when the operand is not a non-negative 64-bit integer of any number type.

    Reference:
        MongoDB manual, "$skip (aggregation)".
    """
    return SkipStage(non_negative_integer("$skip", 5107200, operand))
