"""Checks of stages' operands that several stages share."""

from __future__ import annotations

import math
from collections.abc import Collection
from decimal import Decimal
from typing import cast

from bson import Decimal128

from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import INT64_MAX, BsonValue, Document, is_number, type_name


def check_names(stage: str, spec: Document, *, required: Collection[str] = (), optional: Collection[str] = ()) -> None:
    """Check the names of a stage's arguments as MongoDB's generated parsers do.

    Raises:
        ServerError: IDLUnknownField (40415), IDLFailedToParse (40414) when a required one is missing.
    """
    for name in spec:
        if name not in required and name not in optional:
            raise ServerError(ErrorCode.IDLUnknownField, f"BSON field '{stage}.{name}' is an unknown field.")
    for name in required:
        if name not in spec:
            raise ServerError(
                ErrorCode.IDLFailedToParse, f"BSON field '{stage}.{name}' is missing but a required field"
            )


def without_nulls(spec: Document) -> Document:
    """Return a stage's arguments without those that are null, which MongoDB's generated parsers take for absent."""
    return {name: value for name, value in spec.items() if value is not None}


def check_type(field: str, value: BsonValue, expected: str) -> None:
    """Check that the argument `field`, written `$stage.name`, is of the BSON type `expected`.

    Raises:
        ServerError: TypeMismatch (14).
    """
    if type_name(value) != expected:
        raise wrong_type(field, value, f"'{expected}'")


def wrong_type(field: str, value: BsonValue, expected: str) -> ServerError:
    """Return the error for an argument of another type than `expected` (quoted names)."""
    return ServerError(
        ErrorCode.TypeMismatch,
        f"BSON field '{field}' is the wrong type '{type_name(value)}', expected type {expected}",
    )


def non_negative_integer(stage: str, code: int, operand: BsonValue) -> int:
    """Return the integer that `operand`, of any number type, stands for.

    Args:
        stage: `"$limit"`.
        code: The code of the error when it is not a non-negative 64-bit integer.
        operand: The user's operand.
    """
    problem = _integer_problem(operand)
    if problem:
        raise ServerError(code, f"invalid argument to {stage} stage: {problem} {stage}: {operand!r}")
    return int(operand.to_decimal() if isinstance(operand, Decimal128) else operand)  # type: ignore[call-overload,no-any-return]


def _integer_problem(operand: BsonValue) -> str:
    if not is_number(operand):
        return "Expected a number in:"
    number = cast("float | Decimal", operand.to_decimal() if isinstance(operand, Decimal128) else operand)
    if math.isnan(number):
        return "Expected an integer, but found NaN in:"
    if math.isinf(number) or not -INT64_MAX <= number <= INT64_MAX:
        return "Cannot represent as a 64-bit integer:"
    if number != int(number):
        return "Expected an integer:"
    return "Expected a non-negative number in:" if number < 0 else ""
