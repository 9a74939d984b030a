"""Bitwise operators on int32 and int64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from bson import Int64

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.arithmetic import require_number
from satchel.mql.expressions.expression import is_nullish
from satchel.mql.expressions.registry import Association, checking, operator
from satchel.values.bson_types import Field, type_name
from satchel.values.numbers import bit_and, bit_or, bit_xor


def _is_null(name: str, values: Sequence[Field]) -> bool:
    """Check the operand that was evaluated last; null makes the result null."""
    if is_nullish(values[-1]):
        return True
    _require_integer(name, values[-1])
    return False


def _require_integer(name: str, value: Field) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ServerError(ErrorCode.TypeMismatch, f"{name} only supports int and long operands.")
    return value


@operator("$bitAnd", association=Association.ANY, evaluation=checking(partial(_is_null, "$bitAnd")))
def bit_and_(*values: Field) -> Field:
    """Return the bitwise "and" of integers; an int64 if one of them is. None at all give -1.

    Raises:
        ServerError: TypeMismatch (14) for what is neither integer nor null.

    Reference:
        MongoDB manual, "$bitAnd".
    """
    return _combined("$bitAnd", bit_and, -1, values)


@operator("$bitOr", association=Association.ANY, evaluation=checking(partial(_is_null, "$bitOr")))
def bit_or_(*values: Field) -> Field:
    """Return the bitwise "or" of integers; an int64 if one of them is. None at all give 0.

    Raises:
        ServerError: TypeMismatch (14) for what is neither integer nor null.

    Reference:
        MongoDB manual, "$bitOr".
    """
    return _combined("$bitOr", bit_or, 0, values)


@operator("$bitXor", association=Association.ANY, evaluation=checking(partial(_is_null, "$bitXor")))
def bit_xor_(*values: Field) -> Field:
    """Return the bitwise "exclusive or" of integers; an int64 if one of them is. None at all give 0.

    Raises:
        ServerError: TypeMismatch (14) for what is neither integer nor null.

    Reference:
        MongoDB manual, "$bitXor".
    """
    return _combined("$bitXor", bit_xor, 0, values)


def _combined(name: str, combine_two: Callable[[int, int], int], start: int, values: tuple[Field, ...]) -> Field:
    result = start
    for value in values:
        if is_nullish(value):
            return None
        result = combine_two(result, _require_integer(name, value))
    return result


@operator("$bitNot", minimum=1, maximum=1)
def bit_not(value: Field) -> Field:
    """Return the bitwise complement of an integer.

    Raises:
        ServerError: Location28765 for what is not a number, TypeMismatch (14) for one that is not an integer.

    Reference:
        MongoDB manual, "$bitNot".
    """
    if is_nullish(value):
        return None
    number = require_number("$bitNot", value)
    if not isinstance(number, int):
        raise ServerError(ErrorCode.TypeMismatch, f"$bitNot only supports int and long, not: {type_name(value)}.")
    return Int64(~int(number)) if isinstance(number, Int64) else ~number
