"""Checks of operand values that several families share."""

from __future__ import annotations

from bson import Decimal128

from satchel.errors import ServerError
from satchel.values.bson_types import INT64_MAX, INT64_MIN, Field, is_number, type_name
from satchel.values.numbers import Number, exact_int32, is_nan, to_decimal
from satchel.values.shell_text import shell_text


def require_int32(value: Field, not_number: int, not_int32: int, what: str) -> int:
    """Return a number of any type as an int.

    Args:
        value: The operand.
        not_number: The error code when it is not a number.
        not_int32: The error code when it is not a whole number within 32 bits.
        what: What it is, for the message.

    Raises:
        ServerError: With one of the two codes.
    """
    if not is_number(value):
        raise ServerError(not_number, f"{what} must be a numeric value, but is of type: {type_name(value)}")
    number = exact_int32(value)
    if number is None:
        raise ServerError(not_int32, f"{what} must be representable as a 32-bit integer: {describe(value)}")
    return number


def beyond_int64(value: Number) -> bool:
    """Tell whether a number is NaN, infinite or outside of 64 bits, which MongoDB reports before all else."""
    if is_nan(value):
        return True
    number = to_decimal(value) if isinstance(value, Decimal128) else value
    return not INT64_MIN <= number <= INT64_MAX


def describe(value: Field) -> str:
    """Return a short text of a value for an error message."""
    text = shell_text(value)
    return text if len(text) <= 200 else f"{text[:197]}..."
