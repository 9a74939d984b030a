"""`$sum`, `$avg`, `$count`."""

from __future__ import annotations

from satchel.errors import ErrorCode, ServerError
from satchel.mql.accumulation import Average, Count, Sum
from satchel.mql.context import Context
from satchel.mql.expressions.expression import NO_FIELDS, constant
from satchel.mql.pipeline.accumulators.registry import ACCUMULATORS, Statement, unary
from satchel.values.bson_types import BsonValue


@ACCUMULATORS.operator("$sum")
def parse_sum(operand: BsonValue, context: Context) -> Statement:
    """Add numbers up; what is not a number does not count.

    Reference:
        MongoDB manual, "$sum (aggregation)".
    """
    return unary(operand, context, lambda _initial: Sum())


@ACCUMULATORS.operator("$avg")
def parse_avg(operand: BsonValue, context: Context) -> Statement:
    """Average numbers; what is not a number does not count.

    Reference:
        MongoDB manual, "$avg (aggregation)".
    """
    return unary(operand, context, lambda _initial: Average())


@ACCUMULATORS.operator("$count")
def parse_count(operand: BsonValue, context: Context) -> Statement:
    """Count documents.

    Raises:
        ServerError: TypeMismatch (14) for an operand other than `{}`.

    Reference:
        MongoDB manual, "$count (aggregation accumulator)".
    """
    if operand != {}:
        raise ServerError(ErrorCode.TypeMismatch, "$count takes no arguments, i.e. $count:{}")
    argument = constant(1)
    return Statement(lambda _initial: Count(), argument.evaluate, NO_FIELDS, argument)
