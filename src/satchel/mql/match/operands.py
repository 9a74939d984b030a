"""Numbers that operators take: MongoDB's checks and messages for them."""

from __future__ import annotations

import math

from bson import Decimal128

from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import INT32_MAX, BsonValue
from satchel.values.numbers import exact_int64, is_bson_number, is_nan
from satchel.values.shell_text import shell_text


def labelled(name: str, value: BsonValue) -> str:
    """Return a field as MongoDB's messages show it: `$size: -1`."""
    return f"{name}: {shell_text(value)}"


def whole_number(value: BsonValue, label: str, code: ErrorCode, prefix: str = "") -> int:
    """Return an operand that must be a whole number of 64 bits.

    Args:
        value: The operand, a number of any type.
        label: What the message shows of it, as `labelled` makes it.
        code: The error's code: BadValue or FailedToParse.
        prefix: The start of the message.

    Raises:
        ServerError: `code`, for anything that is not such a number.
    """
    if not is_bson_number(value):
        raise ServerError(code, f"{prefix}Expected a number in: {label}")
    number = exact_int64(value)
    if number is not None:
        return number
    if is_nan(value):
        raise ServerError(code, f"{prefix}Expected an integer, but found NaN in: {label}")
    if isinstance(value, Decimal128) or math.isinf(value) or float(value).is_integer():
        raise ServerError(code, f"{prefix}Cannot represent as a 64-bit integer: {label}")
    raise ServerError(code, f"{prefix}Expected an integer: {label}")


def count(value: BsonValue, label: str, code: ErrorCode, prefix: str = "") -> int:
    """Return an operand that must be a whole number of 64 bits and not negative.

    Raises:
        ServerError: `code`, for anything that is not such a number.
    """
    number = whole_number(value, label, code, prefix)
    if number < 0:
        raise ServerError(code, f"{prefix}Expected a non-negative number in: {label}")
    return number


def int32_count(value: BsonValue, label: str, code: ErrorCode, prefix: str = "") -> int:
    """Return an operand that must be a whole number of 32 bits and not negative.

    Raises:
        ServerError: `code`, for anything that is not such a number.
    """
    number = count(value, label, code, prefix)
    if number > INT32_MAX:
        raise ServerError(code, f"{prefix}Cannot represent {label} in an int")
    return number
