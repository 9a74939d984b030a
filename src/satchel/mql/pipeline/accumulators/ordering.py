"""`$min`, `$max`, `$first`, `$last`, `$top`, `$bottom` and their forms for several values."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from bson import Decimal128

from satchel.errors import ServerError
from satchel.mql.accumulation import Accumulator, Extremum, ExtremumN, First, FirstN, Last, LastN, TopN
from satchel.mql.context import Context
from satchel.mql.expressions.expression import Variables
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.accumulators.registry import ACCUMULATORS, Statement, may_fail, unary
from satchel.mql.sort import SortPattern, parse_sort
from satchel.values.bson_types import INT64_MAX, INT64_MIN, MISSING, BsonValue, Document, Field, is_number


@ACCUMULATORS.operator("$min")
def parse_min(operand: BsonValue, context: Context) -> Statement:
    """Find the least value; null and missing do not count.

    Reference:
        MongoDB manual, "$min (aggregation)".
    """
    return unary(operand, context, lambda _initial: Extremum(context.collation, greatest=False))


@ACCUMULATORS.operator("$max")
def parse_max(operand: BsonValue, context: Context) -> Statement:
    """Find the greatest value; null and missing do not count.

    Reference:
        MongoDB manual, "$max (aggregation)".
    """
    return unary(operand, context, lambda _initial: Extremum(context.collation, greatest=True))


@ACCUMULATORS.operator("$first")
def parse_first(operand: BsonValue, context: Context) -> Statement:
    """Take the first document's value.

    Reference:
        MongoDB manual, "$first (aggregation accumulator)".
    """
    return unary(operand, context, lambda _initial: First(), is_lazy=True)


@ACCUMULATORS.operator("$last")
def parse_last(operand: BsonValue, context: Context) -> Statement:
    """Take the last document's value.

    Reference:
        MongoDB manual, "$last (aggregation accumulator)".
    """
    return unary(operand, context, lambda _initial: Last())


@ACCUMULATORS.operator("$firstN")
def parse_first_n(operand: BsonValue, context: Context) -> Statement:
    """Take the first documents' values, as `{n: number, input: expression}`.

    Raises:
        ServerError: Location5787801 when the operand is not a document, and the errors of `n` and `input`.

    Reference:
        MongoDB manual, "$firstN (aggregation accumulator)".
    """
    return _first_or_last("$firstN", operand, context, FirstN)


@ACCUMULATORS.operator("$lastN")
def parse_last_n(operand: BsonValue, context: Context) -> Statement:
    """Take the last documents' values, as `{n: number, input: expression}`.

    Raises:
        ServerError: As `$firstN`.

    Reference:
        MongoDB manual, "$lastN (aggregation accumulator)".
    """
    return _first_or_last("$lastN", operand, context, LastN)


@ACCUMULATORS.operator("$minN")
def parse_min_n(operand: BsonValue, context: Context) -> Statement:
    """Find the least values, as `{n: number, input: expression}`.

    Raises:
        ServerError: Location5787900 when the operand is not a document, and the errors of `n` and `input`.

    Reference:
        MongoDB manual, "$minN (aggregation accumulator)".
    """
    return _n_values("$minN", 5787900, operand, context, lambda n: ExtremumN(n, context.collation, greatest=False))


@ACCUMULATORS.operator("$maxN")
def parse_max_n(operand: BsonValue, context: Context) -> Statement:
    """Find the greatest values, as `{n: number, input: expression}`.

    Raises:
        ServerError: As `$minN`.

    Reference:
        MongoDB manual, "$maxN (aggregation accumulator)".
    """
    return _n_values("$maxN", 5787900, operand, context, lambda n: ExtremumN(n, context.collation, greatest=True))


@ACCUMULATORS.operator("$top")
def parse_top(operand: BsonValue, context: Context) -> Statement:
    """Take the output of the first document of an order, as `{sortBy: pattern, output: expression}`.

    Raises:
        ServerError: Location5788001 when the operand is not a document, 5788002, 5788004, 5788005, 9657900 and 10065
            for its arguments, and the errors of sort patterns.

    Reference:
        MongoDB manual, "$top (aggregation accumulator)".
    """
    return _top("$top", operand, context, from_bottom=False)


@ACCUMULATORS.operator("$bottom")
def parse_bottom(operand: BsonValue, context: Context) -> Statement:
    """Take the output of the last document of an order, as `{sortBy: pattern, output: expression}`.

    Raises:
        ServerError: As `$top`.

    Reference:
        MongoDB manual, "$bottom (aggregation accumulator)".
    """
    return _top("$bottom", operand, context, from_bottom=True)


@ACCUMULATORS.operator("$topN")
def parse_top_n(operand: BsonValue, context: Context) -> Statement:
    """Take the outputs of the first documents of an order, as `{n: number, sortBy: pattern, output: expression}`.

    Raises:
        ServerError: As `$top`, Location5788003 without `n`, and the errors of `n`.

    Reference:
        MongoDB manual, "$topN (aggregation accumulator)".
    """
    return _top("$topN", operand, context, from_bottom=False, has_n=True)


@ACCUMULATORS.operator("$bottomN")
def parse_bottom_n(operand: BsonValue, context: Context) -> Statement:
    """Take the outputs of the last documents of an order, as `{n: number, sortBy: pattern, output: expression}`.

    Raises:
        ServerError: As `$topN`.

    Reference:
        MongoDB manual, "$bottomN (aggregation accumulator)".
    """
    return _top("$bottomN", operand, context, from_bottom=True, has_n=True)


def check_n(value: Field, *, truncates: bool = False) -> int:
    """Return the `n` of `$firstN` and its kin as a number.

    Args:
        value: The value of the expression that the user gave.
        truncates: Whether a fraction is cut off, not refused.

    Raises:
        ServerError: Location5787902 for no number, 5787903 for a fraction, 5787908 for less than 1, 31109 for one
            beyond 64 bits.
    """
    if not is_number(value):
        raise ServerError(5787902, f"Value for 'n' must be of integral type, but found {value!r}")
    number = value.to_decimal() if isinstance(value, Decimal128) else value
    if not math.isfinite(number) or not INT64_MIN <= number <= INT64_MAX:  # type: ignore[arg-type, operator]
        raise ServerError(31109, f"Can't coerce out of range value {value!r} to long")
    n = int(number)  # type: ignore[call-overload]
    if n != number and not truncates:
        raise ServerError(5787903, f"Value for 'n' must be of integral type, but found {value!r}")
    if n < 1:
        raise ServerError(5787908, f"'n' must be greater than 0, found {value!r}")
    return n  # type: ignore[no-any-return]


def _first_or_last(name: str, operand: BsonValue, context: Context, create: Callable[[int], Accumulator]) -> Statement:
    return _n_values(name, 5787801, operand, context, create, truncates=True)


def _n_values(
    name: str,
    code: int,
    operand: BsonValue,
    context: Context,
    create: Callable[[int], Accumulator],
    *,
    truncates: bool = False,
) -> Statement:
    """Parse `{n: expression on the group's _id, input: expression}`."""
    if not isinstance(operand, dict):
        raise ServerError(code, f"specification must be an object; found {name}: {operand!r}")
    for argument in operand:
        if argument not in ("n", "input"):
            raise ServerError(5787901, f"Unknown argument for 'n' operator: {argument}")
    if "n" not in operand:
        raise ServerError(5787906, "Missing value for 'n'")
    if "input" not in operand:
        raise ServerError(5787907, "Missing value for 'input'")
    argument_ = parse_expression(operand["input"], context)
    return Statement(
        partial(_create_n, create, truncates),
        argument_.evaluate,
        argument_.fields,
        argument_,
        initializer=parse_expression(operand["n"], context),
        holds_values=True,
        is_lazy=name == "$firstN" and may_fail(argument_),
    )


def _create_n(create: Callable[[int], Accumulator], truncates: bool, initial: Field) -> Accumulator:
    return create(check_n(initial, truncates=truncates))


def _top(name: str, operand: BsonValue, context: Context, *, from_bottom: bool, has_n: bool = False) -> Statement:
    spec = _check_top(name, operand, has_n=has_n)
    pattern = parse_sort(spec["sortBy"], context)
    sort_key = _sort_key(pattern, context)
    output = parse_expression(spec["output"], context)

    def evaluate(document: Document, variables: Variables) -> Field:
        return (sort_key(document, variables), output.evaluate(document, variables))

    def create(initial: Field) -> Accumulator:
        return TopN(check_n(initial, truncates=True) if has_n else None, from_bottom=from_bottom)

    return Statement(
        create,
        evaluate,
        output.fields | {part.path for part in pattern.parts},
        initializer=parse_expression(spec["n"], context) if has_n else None,
        holds_values=True,
    )


def _sort_key(pattern: SortPattern, context: Context) -> Callable[[Document, Variables], bytes]:
    """Return what gives the sort key: that of the values that the paths have as expressions, as MongoDB takes it."""
    if pattern.is_random or all(len(path) == 1 for path in pattern.paths):
        return lambda document, _variables: pattern.key(document)
    values = [(str(i), parse_expression(f"${part.path}", context).evaluate) for i, part in enumerate(pattern.parts)]
    flat = SortPattern(tuple(part._replace(path=str(i)) for i, part in enumerate(pattern.parts)), context)

    def sort_key(document: Document, variables: Variables) -> bytes:
        found = ((name, evaluate(document, variables)) for name, evaluate in values)
        return flat.key({name: value for name, value in found if value is not MISSING})

    return sort_key


def _check_top(name: str, operand: BsonValue, *, has_n: bool) -> Document:
    if not isinstance(operand, dict):
        raise ServerError(5788001, f"specification must be an object; found {name}: {operand!r}")
    for argument, value in operand.items():
        if argument == "sortBy" and not isinstance(value, dict):
            raise ServerError(10065, "invalid parameter: expected an object (sortBy)")
        if argument not in ("output", "sortBy") and not (has_n and argument == "n"):
            raise ServerError(5788002, f"Unknown argument to {name} '{argument}'")
    for argument, code in (("n", 5788003), ("output", 5788004), ("sortBy", 5788005)):
        if argument not in operand and (has_n or argument != "n"):
            raise ServerError(code, f"Missing value for '{argument}'")
    if not operand["sortBy"]:
        raise ServerError(9657900, "Value for 'sortBy' must be a non-empty object")
    return operand
