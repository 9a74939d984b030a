"""`$derivative` and `$integral`: of a value by the sort field."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bson import Int64
from bson.datetime_ms import DatetimeMS

from satchel.errors import ErrorCode, ServerError
from satchel.mql.accumulation import RemovableSum
from satchel.mql.expressions.date_arithmetic import parse_time_unit
from satchel.mql.expressions.expression import Expression
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.window_functions.registry import WINDOW_FUNCTIONS, Surroundings, WindowFunction
from satchel.mql.pipeline.windows import Bounds, Column, Partition
from satchel.values import numbers
from satchel.values.bson_types import MISSING, BsonValue, Field, is_number, type_name
from satchel.values.numbers import Number, is_bson_number

_UNIT_MS = {
    "week": 604_800_000,
    "day": 86_400_000,
    "hour": 3_600_000,
    "minute": 60_000,
    "second": 1000,
    "millisecond": 1,
}


def difference(later: Field, earlier: Field) -> Number:
    """Return the difference of two numbers, or of two dates in milliseconds.

    Raises:
        ServerError: TypeMismatch (14).
    """
    if isinstance(later, DatetimeMS) and isinstance(earlier, DatetimeMS):
        return Int64(int(later) - int(earlier))
    if is_bson_number(later) and is_bson_number(earlier):
        return numbers.subtract(later, earlier)
    raise ServerError(ErrorCode.TypeMismatch, f"can't $subtract {type_name(earlier)} from {type_name(later)}")


class Derivative(WindowFunction):
    """The slope between the first and the last row of each window.

    Args:
        value: The value.
        unit_ms: The unit of time, or None for a sort field of numbers.
        bounds: The window.
    """

    def __init__(self, value: Expression, unit_ms: int | None, bounds: Bounds) -> None:
        self._value = value
        self._unit_ms = unit_ms
        self._bounds = bounds
        self.fields = value.fields

    def evaluate(self, partition: Partition) -> Column:
        """Return the slopes, null for windows of fewer than two rows."""
        evaluate, variables = self._value.evaluate, partition.context.variables
        values = [evaluate(document, variables) for document in partition.documents]
        places = partition.sort_values
        return [
            None if end <= start else self._slope(places[start], values[start], places[end - 1], values[end - 1])
            for start, end in partition.spans(self._bounds)
        ]

    def _slope(self, from_place: Field, from_value: Field, to_place: Field, to_value: Field) -> Field:
        for place in (from_place, to_place):
            self._check_place(place)
        for value in (from_value, to_value):
            if value is None or value is MISSING:
                raise ServerError(5624903, "$derivative input must not be null or missing")
        rise, run = difference(to_value, from_value), difference(to_place, from_place)
        if not numbers.to_double(run):
            return None
        slope = numbers.divide(rise, run)
        return slope if self._unit_ms is None else numbers.multiply(slope, self._unit_ms)

    def _check_place(self, place: Field) -> None:
        if self._unit_ms is not None:
            if not isinstance(place, DatetimeMS):
                raise ServerError(5624900, "$derivative with 'unit' expects the sortBy field to be a Date")
        elif isinstance(place, DatetimeMS):
            raise ServerError(5624901, "$derivative where the sortBy is a Date requires an 'unit'")
        elif not is_number(place):
            raise ServerError(5624902, "$derivative (with no 'unit') expects the sortBy field to be numeric")


class Integral(WindowFunction):
    """The area under the rows of each window, by the trapezoidal rule.

    Args:
        value: The value.
        unit_ms: The unit of time, or None for a sort field of numbers.
        bounds: The window.
    """

    def __init__(self, value: Expression, unit_ms: int | None, bounds: Bounds) -> None:
        self._value = value
        self._unit_ms = unit_ms
        self._bounds = bounds
        self.fields = value.fields

    def evaluate(self, partition: Partition) -> Column:
        """Return the areas, null for empty windows."""
        evaluate, variables = self._value.evaluate, partition.context.variables
        values = [evaluate(document, variables) for document in partition.documents]
        places = partition.sort_values
        spans = partition.spans(self._bounds)
        reached = 0
        for start, end in spans:
            for row in range(max(reached, start), end):
                self._check(places[row], values[row])
            reached = max(reached, end)
        areas = [_trapezoid(places, values, row) for row in range(1, len(values))]
        return self._slide(
            areas, [_is_nan(place) or _is_nan(value) for place, value in zip(places, values, strict=True)], spans
        )

    def _check(self, place: Field, value: Field) -> None:
        is_date = isinstance(place, DatetimeMS)
        if not is_number(value) or not (is_date or is_number(place)):
            raise ServerError(
                5423900,
                "The input value of $integral window function must be a vector of 2 value, the first value must be "
                "numeric or date type and the second must be numeric.",
            )
        if self._unit_ms is not None and not is_date:
            raise ServerError(5423901, "$integral with 'unit' expects the sortBy field to be a Date")
        if self._unit_ms is None and is_date:
            raise ServerError(5423902, "$integral (with no 'unit') expects the sortBy field to be numeric")

    def _slide(self, areas: Sequence[Number], are_nan: Sequence[bool], spans: Sequence[tuple[int, int]]) -> Column:
        """Add up the areas between the rows of each window, taking back what it leaves behind."""
        total = RemovableSum()
        results: Column = []
        first, reached = 0, 0
        for start, end in spans:
            if start > reached:
                for row in range(first, reached - 1):
                    total.remove(areas[row])
                first = reached = start
            for row in range(reached, end):
                if row > first:
                    total.add(areas[row - 1])
            reached = max(reached, end)
            for row in range(first, min(start, reached - 1)):
                total.remove(areas[row])
            first = start
            results.append(self._result(total, any(are_nan[start:end]), end - start))
        return results

    def _result(self, total: RemovableSum, is_nan: bool, count: int) -> Field:
        if not count:
            return None
        if is_nan:
            return math.nan
        area = total.result()
        return area if self._unit_ms is None else numbers.divide(area, self._unit_ms)


def _trapezoid(places: Sequence[Field], values: Sequence[Field], row: int) -> Number:
    """Return the area between the row before and this one."""
    left, right = values[row - 1], values[row]
    if not is_bson_number(left) or not is_bson_number(right):
        return 0
    if any(_is_nan(member) for member in (left, right, places[row - 1], places[row])):
        return 0
    heights = numbers.add(left, right)
    return numbers.divide(numbers.multiply(heights, difference(places[row], places[row - 1])), 2.0)


def _is_nan(value: Field) -> bool:
    return is_bson_number(value) and numbers.is_nan(value)


def _parse(operand: BsonValue, surroundings: Surroundings) -> tuple[Expression, int | None]:
    name, pattern = surroundings.name, surroundings.pattern
    if not isinstance(operand, dict):
        raise ServerError(
            ErrorCode.FailedToParse,
            f"{name} expects an object, but got a {type_name(operand)}: {name}: {operand!r}",
        )
    for argument in operand:
        if argument not in ("input", "unit"):
            raise ServerError(ErrorCode.FailedToParse, f"{name} got unexpected argument: {argument}")
    if pattern is None:
        raise ServerError(ErrorCode.FailedToParse, f"{name} requires a sortBy")
    if len(pattern.parts) != 1:
        raise ServerError(ErrorCode.FailedToParse, f"{name} requires a non-compound sortBy")
    unit_ms = _parse_unit(operand["unit"]) if "unit" in operand else None
    if "input" not in operand:
        raise ServerError(ErrorCode.FailedToParse, f"{name} requires an 'input' expression")
    return parse_expression(operand["input"], surroundings.context), unit_ms


def _parse_unit(unit: BsonValue) -> int:
    if not isinstance(unit, str):
        raise ServerError(ErrorCode.FailedToParse, f"unit' must be a string, but got {type_name(unit)}")
    name = parse_time_unit(unit).value
    if name not in _UNIT_MS:
        raise ServerError(5490710, "unit must be 'week' or smaller")
    return _UNIT_MS[name]


@WINDOW_FUNCTIONS.operator("$derivative")
def parse_derivative(operand: BsonValue, surroundings: Surroundings) -> Derivative:
    """Compute the slope of a value over each window, as `{input: expression, unit: "hour"}`.

    Raises:
        ServerError: FailedToParse (9), Location5490710 for bad arguments; while running 5624900 to 5624903,
            TypeMismatch (14).

    Reference:
        MongoDB manual, "$derivative (aggregation)".
    """
    value, unit_ms = _parse(operand, surroundings)
    if surroundings.window is MISSING:
        raise ServerError(ErrorCode.FailedToParse, "$derivative requires explicit window bounds")
    return Derivative(value, unit_ms, surroundings.bounds)


@WINDOW_FUNCTIONS.operator("$integral")
def parse_integral(operand: BsonValue, surroundings: Surroundings) -> Integral:
    """Compute the area under a value over each window, as `{input: expression, unit: "hour"}`.

    Raises:
        ServerError: FailedToParse (9), Location5490710 for bad arguments; while running 5423900 to 5423902.

    Reference:
        MongoDB manual, "$integral (aggregation)".
    """
    value, unit_ms = _parse(operand, surroundings)
    return Integral(value, unit_ms, surroundings.bounds)
