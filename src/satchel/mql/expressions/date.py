"""Date expressions that read one part of a date: `$year` to `$millisecond`, weeks and weekdays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from bson import Int64
from bson.datetime_ms import DatetimeMS

from satchel.errors import ServerError
from satchel.mql.expressions.date_arguments import check_constants, coerce_to_date
from satchel.mql.expressions.expression import Expression, combine, is_nullish
from satchel.mql.expressions.gregorian import (
    MS_PER_DAY,
    MS_PER_HOUR,
    MS_PER_MINUTE,
    MS_PER_SECOND,
    date_of_day,
    day_of_year,
    iso_date,
    iso_weekday,
    sunday_week,
    sunday_weekday,
)
from satchel.mql.expressions.registry import Parser, Signature, apply, syntax
from satchel.mql.expressions.timezone import time_zone_operand
from satchel.mql.expressions.value_text import value_text
from satchel.values.bson_types import BsonValue, Field

Part: TypeAlias = Callable[[int], Field]
"""Reads a part of a wall clock, which is milliseconds since 1970 without a time zone."""

_DATE_MISSING: Final = 40539
_UNKNOWN_OPTION: Final = 40535
_ONE_ARGUMENT: Final = 40536


def _part_operator(name: str) -> Callable[[Part], Part]:
    """Declare an operator on a date, written alone or as `{date, timezone}`."""
    signature = Signature(name, {"date": _DATE_MISSING}, ("timezone",), unknown=_UNKNOWN_OPTION)

    def register(part: Part) -> Part:
        def of_date(date: Field) -> Field:
            if isinstance(date, DatetimeMS):
                return part(int(date))
            return None if is_nullish(date) else part(coerce_to_date(date))

        def of_date_in_zone(date: Field, timezone: Field) -> Field:
            if is_nullish(date):
                return None
            ms = coerce_to_date(date)
            zone = time_zone_operand(timezone)
            return None if zone is None else part(zone.to_local(ms))

        def parse(operand: BsonValue, parser: Parser) -> Expression:
            given = _date_and_zone(signature, operand, parser)
            operands = [given[name] for name in signature.arguments if name in given]
            expression = combine(apply(of_date_in_zone if len(operands) == 2 else of_date, operands), operands)
            return check_constants(expression, given, {"timezone": time_zone_operand})

        parse.__doc__ = part.__doc__
        parse.__module__ = part.__module__
        syntax(name)(parse)
        return part

    return register


def _date_and_zone(signature: Signature, operand: BsonValue, parser: Parser) -> dict[str, Expression]:
    if isinstance(operand, list):
        if len(operand) != 1:
            message = f"{signature.name} accepts exactly one argument if given an array, but was given {len(operand)}"
            raise ServerError(_ONE_ARGUMENT, message)
        return {"date": parser.parse(operand[0])}
    if not isinstance(operand, dict) or next(iter(operand), "")[:1] == "$":
        return {"date": parser.parse(operand)}
    for name in operand:
        if name not in signature.arguments:
            raise ServerError(_UNKNOWN_OPTION, f'unrecognized option to {signature.name}: "{name}"')
    if "date" not in operand:
        provided = f"{signature.name}: {value_text(operand)}"
        raise ServerError(_DATE_MISSING, f"missing 'date' argument to {signature.name}, provided: {provided}")
    return {name: parser.parse(spec) for name, spec in operand.items()}


@_part_operator("$year")
def year(local: int) -> Field:
    """Return the year of a date.

    Raises:
        ServerError: location 16006 when the operand is not a date, timestamp or ObjectId.

    Reference:
        MongoDB manual, "$year".
    """
    return date_of_day(local // MS_PER_DAY)[0]


@_part_operator("$month")
def month(local: int) -> Field:
    """Return the month of a date, 1 to 12.

    Raises:
        ServerError: location 16006 when the operand is not a date, timestamp or ObjectId.

    Reference:
        MongoDB manual, "$month".
    """
    return date_of_day(local // MS_PER_DAY)[1]


@_part_operator("$dayOfMonth")
def day_of_month(local: int) -> Field:
    """Return the day of the month of a date, 1 to 31.

    Raises:
        ServerError: location 16006 when the operand is not a date, timestamp or ObjectId.

    Reference:
        MongoDB manual, "$dayOfMonth".
    """
    return date_of_day(local // MS_PER_DAY)[2]


@_part_operator("$hour")
def hour(local: int) -> Field:
    """Return the hour of a date, 0 to 23.

    Raises:
        ServerError: location 16006 when the operand is not a date, timestamp or ObjectId.

    Reference:
        MongoDB manual, "$hour".
    """
    return local % MS_PER_DAY // MS_PER_HOUR


@_part_operator("$minute")
def minute(local: int) -> Field:
    """Return the minute of a date, 0 to 59.

    Raises:
        ServerError: location 16006 when the operand is not a date, timestamp or ObjectId.

    Reference:
        MongoDB manual, "$minute".
    """
    return local % MS_PER_HOUR // MS_PER_MINUTE


@_part_operator("$second")
def second(local: int) -> Field:
    """Return the second of a date, 0 to 59.

    Raises:
        ServerError: location 16006 when the operand is not a date, timestamp or ObjectId.

    Reference:
        MongoDB manual, "$second".
    """
    return local % MS_PER_MINUTE // MS_PER_SECOND


@_part_operator("$millisecond")
def millisecond(local: int) -> Field:
    """Return the millisecond of a date, 0 to 999.

    Raises:
        ServerError: location 16006 when the operand is not a date, timestamp or ObjectId.

    Reference:
        MongoDB manual, "$millisecond".
    """
    return local % MS_PER_SECOND


@_part_operator("$dayOfYear")
def day_of_the_year(local: int) -> Field:
    """Return the day of the year of a date, 1 to 366.

    Raises:
        ServerError: location 16006 when the operand is not a date, timestamp or ObjectId.

    Reference:
        MongoDB manual, "$dayOfYear".
    """
    return day_of_year(local // MS_PER_DAY)


@_part_operator("$dayOfWeek")
def day_of_week(local: int) -> Field:
    """Return the day of the week of a date, 1 (Sunday) to 7.

    Raises:
        ServerError: location 16006 when the operand is not a date, timestamp or ObjectId.

    Reference:
        MongoDB manual, "$dayOfWeek".
    """
    return sunday_weekday(local // MS_PER_DAY)


@_part_operator("$week")
def week(local: int) -> Field:
    """Return the week of the year of a date, 0 to 53; week 1 begins with the first Sunday.

    Raises:
        ServerError: location 16006 when the operand is not a date, timestamp or ObjectId.

    Reference:
        MongoDB manual, "$week".
    """
    return sunday_week(local // MS_PER_DAY)


@_part_operator("$isoDayOfWeek")
def iso_day_of_week(local: int) -> Field:
    """Return the day of the week of a date, 1 (Monday) to 7.

    Raises:
        ServerError: location 16006 when the operand is not a date, timestamp or ObjectId.

    Reference:
        MongoDB manual, "$isoDayOfWeek".
    """
    return iso_weekday(local // MS_PER_DAY)


@_part_operator("$isoWeek")
def iso_week(local: int) -> Field:
    """Return the ISO 8601 week of a date, 1 to 53.

    Raises:
        ServerError: location 16006 when the operand is not a date, timestamp or ObjectId.

    Reference:
        MongoDB manual, "$isoWeek".
    """
    return iso_date(local // MS_PER_DAY).week


@_part_operator("$isoWeekYear")
def iso_week_year(local: int) -> Field:
    """Return the year of the ISO 8601 week of a date, as a long.

    Raises:
        ServerError: location 16006 when the operand is not a date, timestamp or ObjectId.

    Reference:
        MongoDB manual, "$isoWeekYear".
    """
    return Int64(iso_date(local // MS_PER_DAY).year)
