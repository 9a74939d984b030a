"""JSON Schema keywords about numbers and strings.

A keyword lets every value pass that is of another type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from satchel.errors import ErrorCode, ServerError
from satchel.mql.match.comparison import Gt, Gte, Lt, Lte
from satchel.mql.match.json_schema import (
    KEYWORDS,
    Keyword,
    Rule,
    considered,
    count_of,
    is_string,
)
from satchel.mql.match.patterns import compile_pattern
from satchel.mql.match.tree import Test
from satchel.values.numbers import Number, from_decimal, is_bson_number, is_infinite, is_nan, modulo, to_decimal


@KEYWORDS.operator("multipleOf")
def multiple_of(keyword: Keyword) -> Rule | None:
    """Demand of numbers that they are a whole multiple, reckoned in decimal.

    Raises:
        ServerError: TypeMismatch (14) or FailedToParse (9) unless the value is a positive number; BadValue (2) for
            NaN or infinity.
    """
    divisor = keyword.value
    if not is_bson_number(divisor):
        raise keyword.wrong_type("must be a number")
    if not is_nan(divisor) and to_decimal(divisor) <= 0:
        raise keyword.malformed("must have a positive value")
    if keyword.is_root:
        return None
    if is_nan(divisor) or is_infinite(divisor):
        raise ServerError(ErrorCode.BadValue, f"divisor cannot be {'NaN' if is_nan(divisor) else 'infinite'}")
    decimal = from_decimal(to_decimal(divisor))

    def is_multiple(value: Number) -> bool:
        if is_nan(value) or is_infinite(value):
            return False
        remainder = modulo(from_decimal(to_decimal(value)), decimal)
        return to_decimal(remainder) == 0

    reason = "considered value is not a multiple of the specified value"
    return Rule(keyword.name, _if_number(is_multiple), considered(keyword.spec, reason))


@KEYWORDS.operator("maximum")
def maximum(keyword: Keyword) -> Rule:
    """Demand of numbers that they are not greater; less, with `exclusiveMaximum`.

    Raises:
        ServerError: TypeMismatch (14) unless the value is a number.
    """
    return _bound(keyword, "exclusiveMaximum", Lte, Lt)


@KEYWORDS.operator("minimum")
def minimum(keyword: Keyword) -> Rule:
    """Demand of numbers that they are not less; greater, with `exclusiveMinimum`.

    Raises:
        ServerError: TypeMismatch (14) unless the value is a number.
    """
    return _bound(keyword, "exclusiveMinimum", Gte, Gt)


def _bound(keyword: Keyword, exclusive: str, inside: type[Gte | Lte], beyond: type[Gt | Lt]) -> Rule:
    if not is_bson_number(keyword.value):
        raise keyword.wrong_type("must be a number")
    is_exclusive = keyword.schema.get(exclusive) is True
    test = (beyond if is_exclusive else inside)("", keyword.value).test
    spec = {**keyword.spec, exclusive: True} if is_exclusive else keyword.spec
    return Rule(keyword.name, _if_number(test), considered(spec, "comparison failed"))


@KEYWORDS.operator("exclusiveMaximum")
def exclusive_maximum(keyword: Keyword) -> None:
    """Say that `maximum` is itself too great.

    Raises:
        ServerError: FailedToParse (9) without `maximum`, TypeMismatch (14) unless the value is a boolean.
    """
    _check_exclusive(keyword, "maximum")


@KEYWORDS.operator("exclusiveMinimum")
def exclusive_minimum(keyword: Keyword) -> None:
    """Say that `minimum` is itself too small.

    Raises:
        ServerError: FailedToParse (9) without `minimum`, TypeMismatch (14) unless the value is a boolean.
    """
    _check_exclusive(keyword, "minimum")


def _check_exclusive(keyword: Keyword, bound: str) -> None:
    if bound not in keyword.schema:
        message = f"$jsonSchema keyword '{bound}' must be a present if {keyword.name} is present"
        raise ServerError(ErrorCode.FailedToParse, message)
    if not isinstance(keyword.value, bool):
        raise keyword.wrong_type("must be a boolean")


@KEYWORDS.operator("pattern")
def pattern(keyword: Keyword) -> Rule | None:
    """Demand of strings that a regular expression finds something in them.

    Raises:
        ServerError: TypeMismatch (14) unless the value is a string; location 51091 for a bad pattern.
    """
    text = keyword.value
    if not is_string(text):
        raise keyword.wrong_type("must be a string")
    if keyword.is_root:
        return None
    search = compile_pattern(str(text), "").search
    details = considered(keyword.spec, "regular expression did not match")
    return Rule(keyword.name, _if_string(lambda value: search(value) is not None), details)


@KEYWORDS.operator("maxLength")
def max_length(keyword: Keyword) -> Rule:
    """Demand of strings that they have no more code points.

    Raises:
        ServerError: FailedToParse (9) unless the value is a whole number, not negative.
    """
    limit = count_of(keyword)
    return _length_rule(keyword, lambda value: len(value) <= limit)


@KEYWORDS.operator("minLength")
def min_length(keyword: Keyword) -> Rule:
    """Demand of strings that they have no fewer code points.

    Raises:
        ServerError: FailedToParse (9) unless the value is a whole number, not negative.
    """
    limit = count_of(keyword)
    return _length_rule(keyword, lambda value: len(value) >= limit)


def _length_rule(keyword: Keyword, test: Callable[[str], bool]) -> Rule:
    details = considered(keyword.spec, "specified string length was not satisfied")
    return Rule(keyword.name, _if_string(test), details)


def _if_number(test: Callable[[Any], bool]) -> Test:
    return lambda value: test(value) if is_bson_number(value) else True


def _if_string(test: Callable[[str], bool]) -> Test:
    return lambda value: test(value) if value.__class__ is str else True
