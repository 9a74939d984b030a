"""Windows of `$setWindowFields`: their bounds, and the rows that they hold for each row of a partition."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, TypeAlias

from bson import Decimal128
from bson.datetime_ms import DatetimeMS

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.date_arithmetic import TimeUnit, add_to_date, parse_time_unit
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.expressions.timezone import UTC_ZONE
from satchel.mql.sort import SortPattern
from satchel.values import numbers
from satchel.values.bson_types import INT32_MAX, INT32_MIN, BsonValue, Document, Field, is_number, type_name
from satchel.values.compare import compare
from satchel.values.numbers import Number

Span: TypeAlias = tuple[int, int]
"""The first row of a window, and the row after its last; equal for an empty window."""

Column: TypeAlias = list[Field]

CURRENT: Final = "current"
"""The bound of a range that is the current row itself, without its equals."""


Bound: TypeAlias = Number | Literal["current"] | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a window reaches from the current row.

    Attributes:
        lower: Rows, or an amount of the sort field (or `CURRENT`); None is unbounded. Negative ones are before the
            current row.
        upper: The same for the other end.
        is_range: Whether the amounts are of the sort field.
        unit: The unit of amounts of time.
    """

    lower: Bound
    upper: Bound
    is_range: bool = False
    unit: TimeUnit | None = None

    @property
    def is_whole_partition(self) -> bool:
        """Whether the window always holds all rows."""
        return self.lower is None and self.upper is None


WHOLE_PARTITION: Final = Bounds(None, None)


class Partition:
    """The rows of one partition, in order.

    Args:
        documents: The rows.
        pattern: Their order, or None.
        context: The operation.
    """

    def __init__(self, documents: Sequence[Document], pattern: SortPattern | None, context: Context) -> None:
        self.documents = documents
        self.pattern = pattern
        self.context = context

    def __len__(self) -> int:
        return len(self.documents)

    @cached_property
    def sort_values(self) -> Column:
        """The values of the (one) sort field."""
        if self.pattern is None:
            return []
        evaluate = parse_expression(f"${self.pattern.parts[0].path}", self.context).evaluate
        return [evaluate(document, {}) for document in self.documents]

    def spans(self, bounds: Bounds) -> list[Span]:
        """Return the window of each row; both ends only ever move forward.

        Raises:
            ServerError: Location5429413, 5429414 and 5429513 when the sort field is not what a range needs.
        """
        if bounds.is_range:
            return self._range_spans(bounds)
        count = len(self)
        lower = -count if bounds.lower is None else int(bounds.lower)  # type: ignore[arg-type]
        upper = count if bounds.upper is None else int(bounds.upper)  # type: ignore[arg-type]
        spans = []
        for row in range(count):
            start = min(max(row + lower, 0), count)
            spans.append((start, max(start, min(max(row + upper + 1, 0), count))))
        return spans

    def _range_spans(self, bounds: Bounds) -> list[Span]:
        values = self.sort_values
        for value in values:
            _check_range_value(value, bounds.unit)
        move = _mover(bounds.unit)
        count, start, end = len(values), 0, 0
        spans = []
        for row, value in enumerate(values):
            if bounds.lower == CURRENT:
                start = row
            elif bounds.lower is not None:
                least = move(value, bounds.lower)
                while start < count and compare(values[start], least) < 0:
                    start += 1
            if bounds.upper is None:
                end = count
            elif bounds.upper == CURRENT:
                end = row + 1
            else:
                greatest = move(value, bounds.upper)
                while end < count and compare(values[end], greatest) <= 0:
                    end += 1
            spans.append((start, max(start, end)))
        return spans


def _check_range_value(value: Field, unit: TimeUnit | None) -> None:
    if unit is not None:
        if not isinstance(value, DatetimeMS):
            raise ServerError(
                5429513, f"Invalid range: Expected the sortBy field to be a Date, but it was {type_name(value)}"
            )
    elif isinstance(value, DatetimeMS):
        raise ServerError(
            5429413, "Invalid range: For windows that involve date or time ranges, a unit must be provided."
        )
    elif not is_number(value):
        raise ServerError(
            5429414, f"Invalid range: Expected the sortBy field to be a number, but it was {type_name(value)}"
        )


def _mover(unit: TimeUnit | None) -> Callable[[Field, Number], Field]:
    if unit is None:
        return numbers.add  # type: ignore[return-value]
    return lambda value, amount: DatetimeMS(add_to_date(int(value), unit, int(amount), UTC_ZONE))  # type: ignore


def parse_bounds(window: BsonValue, pattern: SortPattern | None) -> Bounds:
    """Parse the `window` of a window function.

    Args:
        window: What the user wrote.
        pattern: The stage's `sortBy`, or None.

    Raises:
        ServerError: FailedToParse (9), Location5339900 to 5339902 and 8947401.
    """
    if not isinstance(window, dict):
        raise _error("'window' field must be an object")
    if not window:
        return WHOLE_PARTITION
    if "documents" in window and ("range" in window or "unit" in window):
        if "range" in window:
            raise _error("Window bounds can specify either 'documents' or 'unit', not both.")
        raise _error("Window bounds can only specify 'unit' with range-based bounds.")
    if "range" in window:
        return _parse_range(window, pattern)
    if "unit" in window:
        raise _error("Window bounds can only specify 'unit' with range-based bounds.")
    if "documents" not in window or len(window) > 1:
        raise _error(
            "'window' field can only contain 'documents' as the only argument or 'range' with an optional 'unit' field"
        )
    lower, upper = (
        0 if bound == CURRENT else bound for bound in _ends("documents", window["documents"], _document_bound)
    )
    if not (lower is None and upper is None) and pattern is None:
        raise ServerError(5339901, "Document-based bounds require a sortBy")
    return Bounds(lower, upper)


def _parse_range(window: Document, pattern: SortPattern | None) -> Bounds:
    if any(name not in ("range", "unit") for name in window):
        raise _error("'window' field that specifies range cannot have other fields besides 'unit'")
    unit: TimeUnit | None = None
    if "unit" in window:
        name = window["unit"]
        if not isinstance(name, str):
            raise _error("'unit' must be a string")
        unit = parse_time_unit(name)
    lower, upper = _ends("range", window["range"], _amount if unit is None else _whole_amount)
    if pattern is None or len(pattern.parts) != 1:
        raise ServerError(5339902, "Range-based bounds require sortBy a single field")
    if pattern.parts[0].descending:
        raise ServerError(8947401, "Range-based bounds require an ascending sortBy")
    return Bounds(lower, upper, is_range=True, unit=unit)


def _ends(name: str, ends: BsonValue, parse: Callable[[BsonValue], Number]) -> tuple[Bound, Bound]:
    if not isinstance(ends, list) or len(ends) != 2:
        raise _error(f"Window bounds must be a 2-element array: {name}: {ends!r}")
    lower, upper = (_end(end, parse) for end in ends)
    least, greatest = (0 if bound == CURRENT else bound for bound in (lower, upper))
    if least is not None and greatest is not None and compare(least, greatest) > 0:
        raise ServerError(5339900, f"Lower bound must not exceed upper bound: {ends!r}")
    return lower, upper


def _end(end: BsonValue, parse: Callable[[BsonValue], Number]) -> Bound:
    if isinstance(end, str):
        if end == "unbounded":
            return None
        if end == CURRENT:
            return CURRENT
        raise _error("Window bounds must be 'unbounded', 'current', or a number.")
    return parse(end)


def _document_bound(end: BsonValue) -> Number:
    number = whole_number(end)
    if number is None or not INT32_MIN <= number <= INT32_MAX:
        raise _error("Numeric document-based bounds must be an integer")
    return number


def _amount(end: BsonValue) -> Number:
    if not numbers.is_bson_number(end):
        raise _error("Range-based bounds expression must be a number")
    return end


def _whole_amount(end: BsonValue) -> Number:
    number = whole_number(end)
    if number is None:
        raise _error("With 'unit', range-based bounds must be an integer")
    return number


def whole_number(value: BsonValue) -> int | None:
    """Return a number of any type as an int, or None when it is not a whole number."""
    if not numbers.is_bson_number(value):
        return None
    number = value.to_decimal() if isinstance(value, Decimal128) else value
    return int(number) if math.isfinite(number) and int(number) == number else None


def _error(message: str) -> ServerError:
    return ServerError(ErrorCode.FailedToParse, message)
