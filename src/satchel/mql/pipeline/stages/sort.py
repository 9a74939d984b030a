"""`$sort`: put the documents in order."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Int64

from satchel.mql.context import Context
from satchel.mql.pipeline.spill import MemoryMeter, SpilledRuns
from satchel.mql.pipeline.stage import STAGES, Dependencies, Scope, Stage
from satchel.mql.sort import RANDOM_PATH, SortPattern, parse_sort, sort_documents
from satchel.values.bson_types import BsonValue, Document

_MAX_TOP_K = 100_000


class SortStage(Stage):
    """Sorts its input, in memory or by merging runs on disk.

    Attributes:
        pattern: The order.
        limit: How many of the first documents are asked for, or None.
    """

    name = "$sort"

    def __init__(self, pattern: SortPattern, context: Context, limit: int | None = None) -> None:
        self.pattern = pattern
        self.limit = limit
        self._context = context

    def limited(self, limit: int) -> SortStage:
        """Return this stage for a follower that asks for the first `limit` documents."""
        return SortStage(self.pattern, self._context, limit)

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the documents in order."""
        if self.limit is not None and self.limit <= _MAX_TOP_K:
            yield from sort_documents(documents, self.pattern, self.limit)
        else:
            yield from self._sort_all(documents)

    def _sort_all(self, documents: Iterator[Document]) -> Iterator[Document]:
        meter = MemoryMeter(self.name, self._context)
        runs: SpilledRuns[Document] = SpilledRuns(meter.make_store)
        held: list[Document] = []
        for document in documents:
            held.append(document)
            if meter.add(document):
                meter.require_spilling()
                runs.write(self._keyed(held))
                held = []
                meter.reset()
        if not runs:
            yield from sort_documents(held, self.pattern)
        else:
            for _, document in runs.merged(self._keyed(held)):
                yield document

    def _keyed(self, documents: list[Document]) -> list[tuple[bytes, Document]]:
        key = self.pattern.key
        return sorted(((key(document), document) for document in documents), key=lambda entry: entry[0])

    def operand(self) -> BsonValue:
        """Return the pattern, with the limit that it took over."""
        if self.limit is None:
            return self.pattern.spec()
        return {"sortKey": self.pattern.spec(), "limit": Int64(self.limit)}

    def dependencies(self) -> Dependencies:
        """Return the fields of the pattern."""
        return Dependencies(frozenset(part.path for part in self.pattern.parts if part.path != RANDOM_PATH))

    def preserves(self, name: str) -> bool:
        """A filter may as well run before a sort."""
        return True


@STAGES.operator("$sort")
def parse_sort_stage(operand: BsonValue, scope: Scope) -> SortStage:
    """Put the documents in order; equal ones keep theirs.

    Raises:
        ServerError: The errors of sort patterns; while running QueryExceededMemoryLimitNoDiskUseAllowed (292).

    Reference:
        MongoDB manual, "$sort (aggregation)".
    """
    return SortStage(parse_sort(operand, scope.context), scope.context)
