"""Arguments that the date operators share, and operators whose constant arguments are checked before any document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from bson import ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.errors import ServerError
from satchel.mql.expressions.date_arithmetic import TimeUnit, parse_time_unit, parse_weekday
from satchel.mql.expressions.expression import Expression, Variables, combine, constant, is_nullish
from satchel.mql.expressions.gregorian import MS_PER_SECOND
from satchel.mql.expressions.registry import ABSENT, Absent, Parser, Signature, syntax
from satchel.mql.expressions.string_values import is_string
from satchel.mql.expressions.timezone import UTC_ZONE, TimeZone, time_zone_operand
from satchel.values.bson_types import BsonValue, Document, Field, type_name

_NOT_A_DATE: Final = 16006

Compute: TypeAlias = Callable[..., Field]
Checks: TypeAlias = Mapping[str, Callable[[Field], object]]


def date_operator(
    signature: Signature, checks: Checks | None = None, *, null_wins: bool = False
) -> Callable[[Compute], Compute]:
    """Declare an operator with named arguments, like `registry.named_operator`.

    Args:
        signature: Its arguments, in the order in which the function takes them.
        checks: As in `check_constants`.
        null_wins: As in `check_constants`.
    """

    def register(function: Compute) -> Compute:
        def parse(operand: BsonValue, parser: Parser) -> Expression:
            given = parser.named(signature, operand)
            expression = named_expression(function, signature, given)
            return check_constants(expression, given, checks or {}, null_wins=null_wins)

        parse.__doc__ = function.__doc__
        parse.__module__ = function.__module__
        syntax(signature.name)(parse)
        return function

    return register


def named_expression(function: Compute, signature: Signature, given: Mapping[str, Expression]) -> Expression:
    """Return the expression that calls `function` with the arguments of `signature`, ABSENT where not given."""
    evaluates = [given[name].evaluate if name in given else None for name in signature.arguments]

    def evaluate(document: Document, variables: Variables) -> Field:
        return function(*[ABSENT if inner is None else inner(document, variables) for inner in evaluates])

    return combine(evaluate, list(given.values()))


def check_constants(
    expression: Expression, given: Mapping[str, Expression], checks: Checks, *, null_wins: bool = False
) -> Expression:
    """Check the constant arguments of an expression that is not constant as a whole.

    MongoDB does so when it optimises, so that a bad time zone is an error even if there is no document.

    Args:
        expression: The expression.
        given: Its arguments by name.
        checks: What to call with the value of an argument, in this order.
        null_wins: Whether the expression is null if the first of these arguments that is not right is null.

    Returns:
        The expression, or one that fails or is null.
    """
    if expression.is_constant or expression.failure is not None:
        return expression
    known = {name: given[name].value for name in checks if name in given and given[name].is_constant}
    for name, value in known.items():
        if null_wins and is_nullish(value):
            return constant(None)
        try:
            checks[name](value)
        except ServerError as error:
            return replace(expression, failure=error)
    return expression


def coerce_to_date(value: Field) -> int:
    """Return the milliseconds since 1970 of a date, a timestamp or an ObjectId.

    Raises:
        ServerError: location 16006 for any other type.
    """
    ms = as_date(value)
    if ms is None:
        raise ServerError(_NOT_A_DATE, f"can't convert from BSON type {type_name(value)} to Date")
    return ms


def as_date(value: Field) -> int | None:
    """Return the milliseconds since 1970 of a date, a timestamp or an ObjectId, or None for any other type."""
    if isinstance(value, DatetimeMS):
        return int(value)
    if isinstance(value, Timestamp):
        return value.time * MS_PER_SECOND
    if isinstance(value, ObjectId):
        return int.from_bytes(value.binary[:4], "big", signed=True) * MS_PER_SECOND
    return None


def zone_argument(value: Field | Absent) -> TimeZone | None:
    """Return the time zone of an argument: UTC when it was not given, None when it is null or missing.

    Raises:
        ServerError: location 40517 or 40485.
    """
    return UTC_ZONE if value is ABSENT else time_zone_operand(value)


def wrapped_zone_argument(name: str, value: Field | Absent) -> TimeZone | None:
    """Return the time zone of an argument as `zone_argument` does, naming the operator in errors."""
    try:
        return zone_argument(value)
    except ServerError as error:
        message = f"{name} parameter 'timezone' value parsing failed :: caused by :: {error.message}"
        raise ServerError(error.code, message) from error


def unit_argument(name: str, value: Field) -> TimeUnit | None:
    """Return the time unit that an argument names, or None when it is null or missing.

    Raises:
        ServerError: location 5439013 when it is not a string, FailedToParse (9) when there is no such unit.
    """
    if is_nullish(value):
        return None
    if not is_string(value):
        raise ServerError(5439013, f"{name} requires 'unit' to be a string, but got {type_name(value)}")
    try:
        return parse_time_unit(value)
    except ServerError as error:
        message = f"{name} parameter 'unit' value parsing failed :: caused by :: {error.message}"
        raise ServerError(error.code, message) from error


def weekday_argument(name: str, value: Field | Absent) -> int | None:
    """Return the first day of a week, 1 (Monday) to 7 (the default), or None when it is null or missing.

    Raises:
        ServerError: location 5439015 when it is not a string, location 5439016 when there is no such day.
    """
    if value is ABSENT:
        return 7
    if is_nullish(value):
        return None
    if not is_string(value):
        raise ServerError(5439015, f"{name} requires 'startOfWeek' to be a string, but got {type_name(value)}")
    day = parse_weekday(value)
    if day is None:
        message = f"{name} parameter 'startOfWeek' value cannot be recognized as a day of a week: {value}"
        raise ServerError(5439016, message)
    return day
