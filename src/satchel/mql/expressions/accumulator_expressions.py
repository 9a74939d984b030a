"""Accumulators as expressions: over their operands, or over the elements of an array that is the only operand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.accumulation import Accumulator, Average, Extremum, Median, Percentiles, StandardDeviation, Sum
from satchel.mql.context import Context
from satchel.mql.expressions.expression import Expression, unoptimised
from satchel.mql.expressions.operands import describe
from satchel.mql.expressions.registry import Parser, apply, operator, syntax
from satchel.values.bson_types import BsonValue, Document, Field, type_name
from satchel.values.numbers import is_bson_number, to_double

_MEDIAN: Final = ("input", "method")
_PERCENTILE: Final = ("input", "p", "method")


def _accumulated(accumulator: Accumulator, values: tuple[Field, ...]) -> Field:
    only = values[0] if len(values) == 1 else None
    accumulator.add_many(only if isinstance(only, list) else values)
    return accumulator.result()


@operator("$sum")
def sum_(*values: Field) -> Field:
    """Return the sum of the numbers among the operands, as precise as the accumulator's; 0 without any.

    Reference:
        MongoDB manual, "$sum (aggregation)".
    """
    return _accumulated(Sum(), values)


@operator("$avg")
def avg(*values: Field) -> Field:
    """Return the mean of the numbers among the operands; null without any.

    Reference:
        MongoDB manual, "$avg (aggregation)".
    """
    return _accumulated(Average(), values)


@operator("$min", context=True)
def min_(context: Context, *values: Field) -> Field:
    """Return the least operand; null and missing do not count.

    Reference:
        MongoDB manual, "$min (aggregation)".
    """
    return _accumulated(Extremum(context.collation, greatest=False), values)


@operator("$max", context=True)
def max_(context: Context, *values: Field) -> Field:
    """Return the greatest operand; null and missing do not count.

    Reference:
        MongoDB manual, "$max (aggregation)".
    """
    return _accumulated(Extremum(context.collation, greatest=True), values)


@operator("$stdDevPop")
def std_dev_pop(*values: Field) -> Field:
    """Return the standard deviation of the numbers among the operands as a population.

    Reference:
        MongoDB manual, "$stdDevPop (aggregation)".
    """
    return _accumulated(StandardDeviation(is_sample=False), values)


@operator("$stdDevSamp")
def std_dev_samp(*values: Field) -> Field:
    """Return the standard deviation of the numbers among the operands as a sample.

    Reference:
        MongoDB manual, "$stdDevSamp (aggregation)".
    """
    return _accumulated(StandardDeviation(is_sample=True), values)


@syntax("$median")
def median(operand: BsonValue, parser: Parser) -> Expression:
    """Return the median of the numbers in `input`, as a double; null without any.

    Raises:
        ServerError: Location7436201 when the operand is not a document, 40414, 40415, TypeMismatch (14) and
            BadValue (2) for its arguments.

    Reference:
        MongoDB manual, "$median (aggregation)".
    """
    spec = check_quantile_arguments("$median", operand, _MEDIAN, 7436201)
    return _over_input(parser.without_optimising().parse(spec["input"]), Median)


@syntax("$percentile")
def percentile(operand: BsonValue, parser: Parser) -> Expression:
    """Return the values below which the fractions `p` of the numbers in `input` lie, as doubles.

    Raises:
        ServerError: Location7436200 when the operand is not a document, 40414, 40415, TypeMismatch (14), BadValue (2)
            and Location7750300 to 7750303 for its arguments.

    Reference:
        MongoDB manual, "$percentile (aggregation)".
    """
    spec = check_quantile_arguments("$percentile", operand, _PERCENTILE, 7436200)
    fractions = check_fractions(parser.parse(spec["p"]), spec["p"])
    return _over_input(parser.without_optimising().parse(spec["input"]), lambda: Percentiles(fractions))


def _over_input(part: Expression, create: Callable[[], Accumulator]) -> Expression:
    return unoptimised(apply(lambda value: _accumulated(create(), (value,)), [part]), [part])


def check_quantile_arguments(name: str, operand: BsonValue, names: tuple[str, ...], not_object: int) -> Document:
    """Check the names and the `method` of `$median` or `$percentile`.

    Args:
        name: The operator.
        operand: What the user wrote.
        names: The arguments, all of them required.
        not_object: The error code when the operand is not a document.

    Raises:
        ServerError: With that code; Location40414 and 40415, TypeMismatch (14), BadValue (2).
    """
    if not isinstance(operand, dict):
        raise ServerError(not_object, f"specification must be an object; found {name}: {describe(operand)}")
    for argument, spec in operand.items():
        if argument not in names:
            raise ServerError(40415, f"BSON field '{name}.{argument}' is an unknown field.")
        if argument == "method" and not isinstance(spec, str):
            raise ServerError(
                ErrorCode.TypeMismatch,
                f"BSON field '{name}.method' is the wrong type '{type_name(spec)}', expected type 'string'",
            )
    for argument in names:
        if argument not in operand:
            raise ServerError(40414, f"BSON field '{name}.{argument}' is missing but a required field")
    if operand["method"] != "approximate":
        raise ServerError(ErrorCode.BadValue, "Currently only 'approximate' can be used as a percentile 'method'.")
    return operand


def check_fractions(fractions: Expression, spec: BsonValue) -> list[float]:
    """Return the `p` of `$percentile`: a constant array of numbers from 0 to 1.

    Raises:
        ServerError: Location7750300 to 7750303.
    """
    if not fractions.is_constant:
        raise ServerError(
            7750300,
            f"The $percentile 'p' field must be an array of constant values, but found value: {describe(spec)}.",
        )
    wanted = "The $percentile 'p' field must be an array of numbers from [0.0, 1.0], but found:"
    if not isinstance(fractions.value, list) or not fractions.value:
        raise ServerError(7750301, f"{wanted} {describe(fractions.value)}")
    checked = []
    for value in fractions.value:
        if not is_bson_number(value):
            raise ServerError(7750302, f"{wanted} {describe(value)}")
        fraction = to_double(value)
        if not 0 <= fraction <= 1:
            raise ServerError(7750303, f"{wanted} {describe(value)}")
        checked.append(fraction)
    return checked
