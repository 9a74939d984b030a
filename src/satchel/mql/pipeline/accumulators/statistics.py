"""`$stdDevPop`, `$stdDevSamp`, `$median`, `$percentile`."""

from __future__ import annotations

from satchel.errors import ErrorCode, ServerError
from satchel.mql.accumulation import Median, Percentiles, StandardDeviation
from satchel.mql.accumulation.statistics import as_double
from satchel.mql.context import Context
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.accumulators.registry import ACCUMULATORS, Statement, unary
from satchel.mql.pipeline.stages.operands import check_names, check_type
from satchel.values.bson_types import BsonValue, Document, is_number


@ACCUMULATORS.operator("$stdDevPop")
def parse_std_dev_pop(operand: BsonValue, context: Context) -> Statement:
    """Compute the standard deviation of a population.

    Reference:
        MongoDB manual, "$stdDevPop (aggregation)".
    """
    return unary(operand, context, lambda _initial: StandardDeviation(is_sample=False))


@ACCUMULATORS.operator("$stdDevSamp")
def parse_std_dev_samp(operand: BsonValue, context: Context) -> Statement:
    """Compute the standard deviation of a sample.

    Reference:
        MongoDB manual, "$stdDevSamp (aggregation)".
    """
    return unary(operand, context, lambda _initial: StandardDeviation(is_sample=True))


@ACCUMULATORS.operator("$median")
def parse_median(operand: BsonValue, context: Context) -> Statement:
    """Compute the median, as `{input: expression, method: "approximate"}`.

    Raises:
        ServerError: Location7436100 when the operand is not a document, 40414, 40415, TypeMismatch (14) and
            BadValue (2) for its arguments.

    Reference:
        MongoDB manual, "$median (aggregation)".
    """
    spec = _named("$median", 7436100, operand, ("input", "method"))
    check_method("$median", spec)
    return unary(spec["input"], context, lambda _initial: Median(), holds_values=True)


@ACCUMULATORS.operator("$percentile")
def parse_percentile(operand: BsonValue, context: Context) -> Statement:
    """Compute percentiles, as `{input: expression, p: [fractions], method: "approximate"}`.

    Raises:
        ServerError: Location7429703 when the operand is not a document, 40414, 40415, TypeMismatch (14), BadValue (2)
            and Location7750300 to 7750303 for its arguments.

    Reference:
        MongoDB manual, "$percentile (aggregation)".
    """
    spec = _named("$percentile", 7429703, operand, ("input", "p", "method"))
    fractions = parse_fractions(spec["p"], context)
    check_method("$percentile", spec)
    return unary(spec["input"], context, lambda _initial: Percentiles(fractions), holds_values=True)


def _named(name: str, code: int, operand: BsonValue, required: tuple[str, ...]) -> Document:
    if not isinstance(operand, dict):
        raise ServerError(code, f"specification must be an object; found {name}: {operand!r}")
    check_names(name, operand, required=required)
    check_type(f"{name}.method", operand["method"], "string")
    return operand


def check_method(name: str, spec: Document) -> None:
    """Check the `method` of `$median` and `$percentile`.

    Raises:
        ServerError: TypeMismatch (14), BadValue (2).
    """
    check_type(f"{name}.method", spec["method"], "string")
    if spec["method"] != "approximate":
        raise ServerError(ErrorCode.BadValue, "Currently only 'approximate' can be used as a percentile 'method'.")


def parse_fractions(spec: BsonValue, context: Context) -> list[float]:
    """Parse the `p` of `$percentile`: a constant array of numbers from 0 to 1.

    Raises:
        ServerError: Location7750300 to 7750303.
    """
    argument = parse_expression(spec, context)
    if not argument.is_constant:
        raise ServerError(
            7750300, f"The $percentile 'p' field must be an array of constant values, but found value: {spec!r}."
        )
    wanted = "The $percentile 'p' field must be an array of numbers from [0.0, 1.0], but found:"
    if not isinstance(argument.value, list) or not argument.value:
        raise ServerError(7750301, f"{wanted} {argument.value!r}")
    fractions = []
    for value in argument.value:
        if not is_number(value):
            raise ServerError(7750302, f"{wanted} {value!r}")
        fraction = as_double(value)
        if not 0 <= fraction <= 1:
            raise ServerError(7750303, f"{wanted} {value!r}")
        fractions.append(fraction)
    return fractions
