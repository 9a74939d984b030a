"""`$dateToString` and `$dateFromString`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bson.datetime_ms import DatetimeMS

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.date_arguments import check_constants, coerce_to_date, zone_argument
from satchel.mql.expressions.date_format import ISO_FORMAT_LOCAL, check_output_format, format_date, iso_string
from satchel.mql.expressions.expression import Evaluate, Expression, Variables, combine, is_nullish
from satchel.mql.expressions.formatted_date import check_input_format, parse_with_format
from satchel.mql.expressions.free_form_date import parse_free_form
from satchel.mql.expressions.parsed_date import DateTextError, ParsedDate
from satchel.mql.expressions.registry import ABSENT, Parser, Signature, syntax
from satchel.mql.expressions.string_values import is_string
from satchel.mql.expressions.timezone import UTC_ZONE, TimeZone, time_zone_operand
from satchel.mql.expressions.value_text import value_text
from satchel.values.bson_types import BsonValue, Document, Field, type_name

_TO_STRING: Final = Signature("$dateToString", {"date": 18628}, ("format", "timezone", "onNull"), 18629, 18534)
_FROM_STRING: Final = Signature(
    "$dateFromString", {"dateString": 40542}, ("format", "timezone", "onNull", "onError"), 40540, 40541
)


def parse_date(text: str, zone: TimeZone = UTC_ZONE, format_: str | None = None) -> int:
    """Return the milliseconds since 1970 of a date in text.

    Args:
        text: The date.
        zone: The time zone where the text names none; if it is not UTC, the text must not.
        format_: A `%` format, or None for free form.

    Raises:
        ServerError: ConversionFailure (241) when the text is not a date, DurationOverflow (159) when it is one beyond
            64 bits, location 18535 or 18536 for a bad format.
    """
    try:
        date = parse_free_form(text) if format_ is None else parse_with_format(text, format_)
    except DateTextError as error:
        where = f"{error.position}: {error.message} '{error.found}'"
        message = f"Error parsing date string '{text}'; {where}"
        raise ServerError(ErrorCode.ConversionFailure, message) from error
    if not date.is_complete():
        message = f'an incomplete date/time string has been found, with elements missing: "{text}"'
        raise ServerError(ErrorCode.ConversionFailure, message)
    _check_zone(date, zone)
    return date.resolve(zone)


def _check_zone(date: ParsedDate, zone: TimeZone) -> None:
    if date.zone is None or zone.is_utc:
        return
    if date.zone.abbreviation is None:
        message = "you cannot pass in a date/time string with GMT offset together with a timezone argument"
    else:
        information = f"time zone information ('{date.zone.abbreviation.upper()}')"
        message = f"you cannot pass in a date/time string with {information} together with a timezone argument"
    raise ServerError(ErrorCode.ConversionFailure, message)


@syntax("$dateToString")
def date_to_string(operand: BsonValue, parser: Parser) -> Expression:
    """Return a date as a string, by default in ISO 8601; `onNull` (or null) for null and missing.

    Raises:
        ServerError: location 18533 to 18537 for a bad format or a year outside 0 to 9999, location 16006 for what is
            not a date, location 40485 or 40517 for a bad time zone.

    Reference:
        MongoDB manual, "$dateToString".
    """
    given = parser.named(_TO_STRING, operand)
    date_of, format_of, zone_of, on_null = _evaluates(given, "date", "format", "timezone", "onNull")

    def evaluate(document: Document, variables: Variables) -> Field:
        format_ = format_of(document, variables)
        if format_ is not ABSENT and not is_nullish(format_):
            check_output_format(_checked_format("$dateToString", format_, 18533))
        zone = zone_argument(zone_of(document, variables))
        date = date_of(document, variables)
        if is_nullish(date):
            value = on_null(document, variables)
            return None if value is ABSENT else value
        if zone is None or is_nullish(format_):
            return None
        if format_ is ABSENT and zone.is_utc:
            return iso_string(coerce_to_date(date))
        if format_ is ABSENT:
            format_ = ISO_FORMAT_LOCAL
        return format_date(coerce_to_date(date), str(format_), zone)

    return check_constants(combine(evaluate, list(given.values())), given, {"timezone": time_zone_operand})


@syntax("$dateFromString")
def date_from_string(operand: BsonValue, parser: Parser) -> Expression:
    """Return the date that a string says; `onNull` (or null) for null and missing, `onError` for what is no date.

    Raises:
        ServerError: ConversionFailure (241) when the string is not a date and there is no `onError`, location 40684,
            18535, 18536 for a bad format, location 40485 or 40517 for a bad time zone, DurationOverflow (159).

    Reference:
        MongoDB manual, "$dateFromString".
    """
    given = parser.named(_FROM_STRING, operand)
    text_of, format_of, zone_of, on_null = _evaluates(given, "dateString", "format", "timezone", "onNull")
    on_error = given.get("onError")

    def evaluate(document: Document, variables: Variables) -> Field:
        format_ = format_of(document, variables)
        if format_ is not ABSENT and not is_nullish(format_):
            check_input_format(_checked_format("$dateFromString", format_, 40684))
        zone = zone_argument(zone_of(document, variables))
        text = text_of(document, variables)
        if is_nullish(text):
            value = on_null(document, variables)
            return None if value is ABSENT else value
        try:
            return _date_from_text(text, zone, format_)
        except ServerError as error:
            if error.code != ErrorCode.ConversionFailure or on_error is None:
                raise
            return on_error.evaluate(document, variables)

    return check_constants(combine(evaluate, list(given.values())), given, {"timezone": time_zone_operand})


def _date_from_text(text: Field, zone: TimeZone | None, format_: Field) -> DatetimeMS | None:
    if not is_string(text):
        found = f"found: {type_name(text)} with value {value_text(text)}"
        raise ServerError(
            ErrorCode.ConversionFailure, f"$dateFromString requires that 'dateString' be a string, {found}"
        )
    if zone is None or is_nullish(format_):
        return None
    return DatetimeMS(parse_date(text, zone, None if format_ is ABSENT else str(format_)))


def _checked_format(name: str, format_: Field, code: int) -> str:
    if not is_string(format_):
        found = f"found: {type_name(format_)} with value {value_text(format_)}"
        raise ServerError(code, f"{name} requires that 'format' be a string, {found}")
    return format_


def _evaluates(given: Mapping[str, Expression], *names: str) -> list[Evaluate]:
    """Return the evaluating functions of arguments; that of one which was not given returns ABSENT."""
    return [given[name].evaluate if name in given else _absent for name in names]


def _absent(_document: Document, _variables: Variables) -> Field:
    return ABSENT
