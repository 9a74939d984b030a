"""Accumulators over windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.accumulation import (
    Accumulator,
    RemovableAverage,
    RemovableDeviation,
    RemovableSum,
    SlidingExtremum,
    SlidingExtremumN,
    SlidingTopN,
)
from satchel.mql.context import Context
from satchel.mql.pipeline.accumulators import ACCUMULATORS, Statement
from satchel.mql.pipeline.accumulators.ordering import check_n
from satchel.mql.pipeline.chunk import Chunk
from satchel.mql.pipeline.window_functions.registry import Surroundings, WindowFunction
from satchel.mql.pipeline.windows import Bounds, Column, Partition, Span
from satchel.values.bson_types import MISSING, BsonValue, Document, Field

NOT_IN_WINDOWS: Final = frozenset({"$accumulator"})

_SLIDING: Final[dict[str, Callable[[Context, Field], Accumulator]]] = {
    "$sum": lambda _context, _n: RemovableSum(),
    "$avg": lambda _context, _n: RemovableAverage(),
    "$stdDevPop": lambda _context, _n: RemovableDeviation(is_sample=False),
    "$stdDevSamp": lambda _context, _n: RemovableDeviation(is_sample=True),
    "$min": lambda context, _n: SlidingExtremum(context.collation, greatest=False),
    "$max": lambda context, _n: SlidingExtremum(context.collation, greatest=True),
    "$minN": lambda context, n: SlidingExtremumN(check_n(n), context.collation, greatest=False),
    "$maxN": lambda context, n: SlidingExtremumN(check_n(n), context.collation, greatest=True),
    "$top": lambda _context, _n: SlidingTopN(None, from_bottom=False),
    "$bottom": lambda _context, _n: SlidingTopN(None, from_bottom=True),
    "$topN": lambda _context, n: SlidingTopN(check_n(n), from_bottom=False),
    "$bottomN": lambda _context, n: SlidingTopN(check_n(n), from_bottom=True),
}
"""What takes the place of accumulators that cannot take values back as they are."""


class WindowAccumulator(WindowFunction):
    """Computes an accumulator over the window of each row.

    Windows that only grow are added to, windows that slide are added to and taken from; only for accumulators that
    do not know how to take a value back each window is computed anew.

    Args:
        name: The accumulator.
        statement: Its operand, parsed.
        bounds: The window.
        context: The operation.
    """

    def __init__(self, name: str, statement: Statement, bounds: Bounds, context: Context) -> None:
        self.fields = statement.fields
        self._name = name
        self._statement = statement
        self._bounds = bounds
        self._context = context
        self._initial: Field = MISSING
        if statement.initializer is not None:
            self._initial = statement.initializer.evaluate({}, context.variables)
            check_n(self._initial)

    def evaluate(self, partition: Partition) -> Column:
        """Return the values of all rows.

        Rows that no growing window reaches are not evaluated, nor, for `$first` and `$last`, those within windows.
        """
        spans = partition.spans(self._bounds)
        if self._name in ("$first", "$last"):
            return self._at_ends(partition.documents, spans)
        reached = spans[-1][1] if self._bounds.lower is None else len(partition)
        column = self._statement.column(Chunk(partition.documents[:reached]), self._context)
        if self._bounds.is_whole_partition:
            state = self._create()
            state.add_many(column)
            return [state.result()] * len(column)
        if self._bounds.lower is None:
            return _growing(self._create(), column, spans)
        sliding = _SLIDING.get(self._name)
        state = self._create() if sliding is None else sliding(self._context, self._initial)
        if state.is_removable:
            return slide(state, column, spans)
        return [self._anew(column[start:end]) for start, end in spans]

    def _at_ends(self, documents: Sequence[Document], spans: Sequence[Span]) -> Column:
        is_first = self._name == "$first"
        results: dict[int | None, object] = {None: self._anew([])}
        rows = [None if start == end else start if is_first else end - 1 for start, end in spans]
        for row in rows:
            if row is not None and row not in results:
                results[row] = self._anew(self._statement.column(Chunk([documents[row]]), self._context))
        return [results[row] for row in rows]

    def _create(self) -> Accumulator:
        return self._statement.create(self._initial)

    def _anew(self, values: Column) -> object:
        state = self._create()
        state.add_many(values)
        return state.result()


def _growing(state: Accumulator, column: Column, spans: Sequence[Span]) -> Column:
    results: Column = []
    reached = 0
    for _, end in spans:
        if end > reached or not results:
            state.add_many(column[reached:end])
            reached = end
            results.append(state.result())
        else:
            results.append(results[-1])
    return results


def slide(state: Accumulator, column: Column, spans: Sequence[Span]) -> Column:
    """Add what comes into each window, then take back what leaves it, as MongoDB does."""
    results: Column = []
    first, reached = 0, 0
    for start, end in spans:
        for value in column[max(reached, start) : end]:
            state.add(value)
        for value in column[first : min(start, reached)]:
            state.remove(value)
        first, reached = start, max(reached, start, end)
        results.append(state.result())
    return results


def parse_window_accumulator(operand: BsonValue, surroundings: Surroundings) -> WindowAccumulator:
    """Parse an accumulator over windows.

    Raises:
        ServerError: FailedToParse (9) for a bad `$count` or window, Location5461500 for one that cannot slide, and the
            accumulators' errors.
    """
    name = surroundings.name
    if name == "$count" and operand != {}:
        raise ServerError(ErrorCode.FailedToParse, "$count only accepts an empty object as input")
    bounds = surroundings.bounds
    parse = ACCUMULATORS.get(name)
    assert parse is not None, "the caller looked it up"
    statement = parse(operand, surroundings.context)
    # MongoDB sees this once it plans the pipeline, which those inside of joins wait for.
    if name == "$mergeObjects" and bounds.lower is not None and surroundings.context.optimises:
        raise ServerError(5461500, f"Window function {name} is not supported with a removable window")
    return WindowAccumulator(name, statement, bounds, surroundings.context)
