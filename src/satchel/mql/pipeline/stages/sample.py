"""`$sample`: some documents, at random."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bson import Decimal128, Int64

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.pipeline.stage import STAGES, Dependencies, Scope, Stage
from satchel.values.bson_types import INT64_MAX, BsonValue, Document, is_number


class SampleStage(Stage):
    """Lets a random sample of its input through, in random order.

    Attributes:
        size: How many documents.
    """

    name = "$sample"

    def __init__(self, size: int, context: Context) -> None:
        self.size = size
        self._random = context.random

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the sample: every document of the input has the same chance."""
        chosen: list[Document] = []
        for index, document in enumerate(documents):
            if index < self.size:
                chosen.append(document)
            elif (position := self._random.randrange(index + 1)) < self.size:
                chosen[position] = document
        self._random.shuffle(chosen)
        yield from chosen

    def operand(self) -> BsonValue:
        """Return the size."""
        return {"size": Int64(self.size)}

    def dependencies(self) -> Dependencies:
        """A sample reads nothing."""
        return Dependencies()


@STAGES.operator("$sample")
def parse_sample(operand: BsonValue, scope: Scope) -> SampleStage:
    """Choose documents at random.

    Raises:
        ServerError: Location28745 to 28749 for a bad operand.

    Reference:
        MongoDB manual, "$sample (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(28745, "the $sample stage specification must be an object")
    for name in operand:
        if name != "size":
            raise ServerError(28748, f"unrecognized option to $sample: {name}")
    if "size" not in operand:
        raise ServerError(28749, "$sample stage must specify a size")
    if not is_number(operand["size"]):
        raise ServerError(28746, "size argument to $sample must be a number")
    size = _clamped(operand["size"])
    if size <= 0:
        raise ServerError(28747, "size argument to $sample must be a positive integer")
    return SampleStage(size, scope.context)


def _clamped(operand: BsonValue) -> int:
    """Return the operand as a 64-bit integer: NaN is 0, what is too great the greatest."""
    number = operand.to_decimal() if isinstance(operand, Decimal128) else operand
    if math.isnan(number):  # type: ignore[arg-type]
        return 0
    if isinstance(operand, Decimal128) and not math.isinf(number):  # type: ignore[arg-type]
        number = round(number)  # type: ignore[call-overload]
    return int(max(-INT64_MAX, min(number, INT64_MAX)))  # type: ignore[call-overload]
