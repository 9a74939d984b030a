"""`$rank`, `$denseRank`, `$documentNumber`, `$shift`."""

from __future__ import annotations

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.expression import Expression
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.window_functions.registry import WINDOW_FUNCTIONS, Surroundings, WindowFunction
from satchel.mql.pipeline.windows import Column, Partition, whole_number
from satchel.values import numbers
from satchel.values.bson_types import INT32_MAX, INT32_MIN, MISSING, BsonValue, Field


class Ranking(WindowFunction):
    """Numbers rows by where they stand in the order.

    Args:
        shares_places: Whether equal rows have one rank.
        leaves_gaps: Whether the rank after shared ones counts them all.
    """

    def __init__(self, *, shares_places: bool, leaves_gaps: bool) -> None:
        self._shares_places = shares_places
        self._leaves_gaps = leaves_gaps

    def evaluate(self, partition: Partition) -> Column:
        """Return the ranks."""
        pattern = partition.pattern
        assert pattern is not None, "ranks need an order"
        ranks: Column = []
        rank, dense, previous = 0, 0, b""
        for row, document in enumerate(partition.documents, start=1):
            key = pattern.key(document) if self._shares_places else b""
            if not self._shares_places or key != previous:
                rank, dense, previous = row, dense + 1, key
            ranks.append(numbers.narrow(rank if self._leaves_gaps else dense))
        return ranks


@WINDOW_FUNCTIONS.operator("$rank")
def parse_rank(operand: BsonValue, surroundings: Surroundings) -> Ranking:
    """Rank rows; equal ones share a rank, and the next rank leaves a gap.

    Raises:
        ServerError: Location5371601 to 5371603 for arguments, or without exactly one sort field.

    Reference:
        MongoDB manual, "$rank (aggregation)".
    """
    _check_rank(operand, surroundings)
    return Ranking(shares_places=True, leaves_gaps=True)


@WINDOW_FUNCTIONS.operator("$denseRank")
def parse_dense_rank(operand: BsonValue, surroundings: Surroundings) -> Ranking:
    """Rank rows; equal ones share a rank, and there are no gaps.

    Raises:
        ServerError: As `$rank`.

    Reference:
        MongoDB manual, "$denseRank (aggregation)".
    """
    _check_rank(operand, surroundings)
    return Ranking(shares_places=True, leaves_gaps=False)


@WINDOW_FUNCTIONS.operator("$documentNumber")
def parse_document_number(operand: BsonValue, surroundings: Surroundings) -> Ranking:
    """Number rows, one after the other.

    Raises:
        ServerError: As `$rank`.

    Reference:
        MongoDB manual, "$documentNumber (aggregation)".
    """
    _check_rank(operand, surroundings)
    return Ranking(shares_places=False, leaves_gaps=True)


def _check_rank(operand: BsonValue, surroundings: Surroundings) -> None:
    name, pattern = surroundings.name, surroundings.pattern
    surroundings.refuse_window("Rank style window functions take no other arguments", 5371601)
    if operand != {}:
        raise ServerError(5371603, f"{name} must be specified with '{{}}' as the value")
    if pattern is None or len(pattern.parts) != 1:
        raise ServerError(
            5371602, f"{name} must be specified with a top level sortBy expression with exactly one element"
        )


class Shift(WindowFunction):
    """Takes the value of another row.

    Args:
        output: The value.
        by: How many rows further on (back, when negative).
        default: What stands for rows that there are not, and for no value; MISSING for no field.
    """

    def __init__(self, output: Expression, by: int, default: Field) -> None:
        self._output = output
        self._by = by
        self._default = default
        self.fields = output.fields

    def evaluate(self, partition: Partition) -> Column:
        """Return the values."""
        evaluate, variables = self._output.evaluate, partition.context.variables
        values = [evaluate(document, variables) for document in partition.documents]
        values = [self._default if value is MISSING else value for value in values]
        count, by = len(values), self._by
        return [values[row + by] if 0 <= row + by < count else self._default for row in range(count)]


@WINDOW_FUNCTIONS.operator("$shift")
def parse_shift(operand: BsonValue, surroundings: Surroundings) -> Shift:
    """Take the value of the row `by` rows away, as `{output: expression, by: number, default: constant}`.

    Raises:
        ServerError: FailedToParse (9) for bad arguments, a window, or no order.

    Reference:
        MongoDB manual, "$shift (aggregation)".
    """
    surroundings.refuse_window("$shift does not accept a 'window' field")
    if surroundings.pattern is None:
        raise ServerError(ErrorCode.FailedToParse, "'$shift' requires a sortBy")
    if not isinstance(operand, dict):
        raise ServerError(ErrorCode.FailedToParse, "Argument to $shift must be an object")
    if any(name not in ("output", "by", "default") for name in operand):
        raise ServerError(ErrorCode.FailedToParse, "Unknown argument in $shift")
    if "by" not in operand:
        raise ServerError(ErrorCode.FailedToParse, "$shift requires 'by' as an integer value.")
    by = whole_number(operand["by"])
    if by is None or not INT32_MIN <= by <= INT32_MAX:
        raise ServerError(
            ErrorCode.FailedToParse, f"'$shift:by' field must be an integer, but found  by: {operand['by']!r}"
        )
    if "output" not in operand:
        raise ServerError(ErrorCode.FailedToParse, "$shift requires an 'output' expression.")
    default = parse_expression(operand.get("default"), surroundings.context)
    if not default.is_constant:
        raise ServerError(ErrorCode.FailedToParse, "'$shift:default' expression must yield a constant value.")
    output = parse_expression(operand["output"], surroundings.context)
    return Shift(output, by, default.value)
