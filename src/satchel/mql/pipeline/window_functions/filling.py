"""`$linearFill` and `$locf`: values for rows that have none."""

from __future__ import annotations

from itertools import pairwise

from bson.datetime_ms import DatetimeMS

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.expression import Expression
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.window_functions.calculus import difference
from satchel.mql.pipeline.window_functions.registry import WINDOW_FUNCTIONS, Surroundings, WindowFunction
from satchel.mql.pipeline.windows import Column, Partition
from satchel.values import numbers
from satchel.values.bson_types import MISSING, BsonValue, Field, is_number, type_name
from satchel.values.compare import compare
from satchel.values.numbers import Number, is_bson_number


class LastObservation(WindowFunction):
    """Carries the last value that is not null forward."""

    def __init__(self, value: Expression) -> None:
        self._value = value
        self.fields = value.fields

    def evaluate(self, partition: Partition) -> Column:
        """Return the values, null before the first one."""
        evaluate, variables = self._value.evaluate, partition.context.variables
        carried: Field = None
        filled: Column = []
        for document in partition.documents:
            value = evaluate(document, variables)
            if value is not None and value is not MISSING:
                carried = value
            filled.append(carried)
        return filled


class LinearFill(WindowFunction):
    """Draws straight lines between the values on either side of a gap."""

    def __init__(self, value: Expression) -> None:
        self._value = value
        self.fields = value.fields

    def evaluate(self, partition: Partition) -> Column:
        """Return the values, null before the first one and after the last."""
        evaluate, variables = self._value.evaluate, partition.context.variables
        places = partition.sort_values
        values = [_checked(evaluate(document, variables)) for document in partition.documents]
        self._check_places(places)
        known = [row for row, value in enumerate(values) if value is not None]
        filled: Column = list(values)
        for left, right in pairwise(known):
            for row in range(left + 1, right):
                filled[row] = _interpolated(places, values, (left, row, right))
        return filled

    @staticmethod
    def _check_places(places: Column) -> None:
        for row, place in enumerate(places):
            if not is_number(place) and not isinstance(place, DatetimeMS):
                raise ServerError(
                    ErrorCode.TypeMismatch,
                    f"Value of the sortBy field must be numeric or a date, but found {type_name(place)}",
                )
            if row and compare(places[row - 1], place) == 0:
                raise ServerError(6050106, "There can be no repeated values in the sort field in the same partition")


def _checked(value: Field) -> Number | None:
    if value is None or value is MISSING:
        return None
    if not is_bson_number(value):
        raise ServerError(
            ErrorCode.TypeMismatch, f"Value to be filled must be numeric or nullish, but found {type_name(value)}"
        )
    return value


def _interpolated(places: Column, values: list[Number | None], rows: tuple[int, int, int]) -> Number:
    """Return the value of the middle row on the line between the outer ones."""
    left, row, right = rows
    first, last = values[left], values[right]
    assert first is not None, "lines begin at known values"
    assert last is not None, "lines end at known values"
    slope = numbers.divide(numbers.subtract(last, first), difference(places[right], places[left]))
    return numbers.add(first, numbers.multiply(slope, difference(places[row], places[left])))


@WINDOW_FUNCTIONS.operator("$locf")
def parse_locf(operand: BsonValue, surroundings: Surroundings) -> LastObservation:
    """Carry the last observation forward.

    Raises:
        ServerError: FailedToParse (9) for a window.

    Reference:
        MongoDB manual, "$locf (aggregation)".
    """
    surroundings.refuse_window("'window' field is not allowed in $locf")
    return LastObservation(parse_expression(operand, surroundings.context))


@WINDOW_FUNCTIONS.operator("$linearFill")
def parse_linear_fill(operand: BsonValue, surroundings: Surroundings) -> LinearFill:
    """Fill gaps by linear interpolation along the sort field.

    Raises:
        ServerError: FailedToParse (9) for a window, Location605001 without exactly one sort field; while running
            TypeMismatch (14), 6050106.

    Reference:
        MongoDB manual, "$linearFill (aggregation)".
    """
    surroundings.refuse_window("'window' field is not allowed in $linearFill")
    if surroundings.pattern is None or len(surroundings.pattern.parts) != 1:
        raise ServerError(
            605001, "$linearFill must be specified with a top level sortBy expression with exactly one element"
        )
    return LinearFill(parse_expression(operand, surroundings.context))
