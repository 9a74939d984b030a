"""`$count`: one document with the number of documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bson import Int64

from satchel.errors import ServerError
from satchel.mql.pipeline.chunk import Chunk
from satchel.mql.pipeline.stage import STAGES, Dependencies, Scope, Stage
from satchel.values.bson_types import INT32_MAX, BsonValue, Document


class CountStage(Stage):
    """Counts its input; no input, no output.

    Attributes:
        field: The field that holds the number.
    """

    name = "$count"

    def __init__(self, field: str) -> None:
        self.field = field

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the one document."""
        return self._counted(1 for _ in documents)

    def run_chunks(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Yield the one document."""
        return (Chunk([document]) for document in self._counted(chunk.size for chunk in chunks))

    def _counted(self, sizes: Iterable[int]) -> Iterator[Document]:
        count = sum(sizes)
        if count:
            yield {self.field: count if count <= INT32_MAX else Int64(count)}

    def operand(self) -> BsonValue:
        """Return the field's name."""
        return self.field

    @property
    def gathers(self) -> bool:
        """A number is all that comes out."""
        return True

    def dependencies(self) -> Dependencies:
        """A count reads no field."""
        return Dependencies(is_exhaustive=True)


@STAGES.operator("$count")
def parse_count(operand: BsonValue, scope: Scope) -> CountStage:
    """Count the documents.

    Raises:
        ServerError: Location40156 to 40160 and 9039800 for a name that is not a plain field name other than `_id`.

    Reference:
        MongoDB manual, "$count (aggregation)".
    """
    if not isinstance(operand, str):
        raise ServerError(40156, "the count field must be a non-empty string")
    checks = (
        (not operand, 40157, "the count field must be a non-empty string"),
        (operand == "_id", 9039800, "the count field cannot be '_id'"),
        (operand.startswith("$"), 40158, "the count field cannot be a $-prefixed path"),
        ("\0" in operand, 40159, "the count field cannot contain a null byte"),
        ("." in operand, 40160, "the count field cannot contain '.'"),
    )
    for is_wrong, code, message in checks:
        if is_wrong:
            raise ServerError(code, message)
    return CountStage(operand)
