"""Arithmetic on the four BSON number types: int32, int64, double, Decimal128, with MongoDB's promotion.

The result has the wider of the operands' types. An int32 result that does not fit becomes an int64; what becomes of
an int64 that does not fit is the caller's choice: aggregation goes on in doubles, `$inc` and `$mul` refuse.
"""

from __future__ import annotations

import decimal
import math
import operator
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Final, TypeAlias, TypeGuard

from bson import Decimal128, Int64

from satchel.values.bson_types import INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, Field, is_number

Number: TypeAlias = int | Int64 | float | Decimal128
"""A BSON number as the engine holds it: a plain `int` is an int32 and lies within 32 bits."""

DECIMAL_CONTEXT: Final = decimal.Context(
    prec=34, rounding=decimal.ROUND_HALF_EVEN, Emin=-6143, Emax=6144, capitals=1, clamp=1, flags=[], traps=[]
)
"""The arithmetic of IEEE 754 decimal128. It raises nothing: what has no result is NaN or infinite."""

_DOUBLE_DIGITS: Final = decimal.Context(prec=15, rounding=decimal.ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[])

_EXPONENT_BIAS: Final = 6176
_COEFFICIENT_BITS: Final = 113
_COEFFICIENT_MASK: Final = (1 << _COEFFICIENT_BITS) - 1
_MAX_COEFFICIENT: Final = 10**34 - 1
_EXPONENT_MASK: Final = 0x3FFF
_SPECIAL: Final = 0b11

DECIMAL_NAN: Final = Decimal128("NaN")


class Overflow(Enum):
    """What becomes of an integer result beyond 64 bits.

    Attributes:
        DOUBLE: It becomes a double.
        ERROR: Python's OverflowError is raised, which the caller translates.
    """

    DOUBLE = "double"
    ERROR = "error"


def is_bson_number(value: Field) -> TypeGuard[Number]:
    """Tell whether `value` is of a BSON number type, and tell the type checker so."""
    return is_number(value)


def is_nan(value: Field) -> bool:
    """Tell whether `value` is a number that is NaN."""
    if isinstance(value, Decimal128):
        return value.to_decimal().is_nan()
    return isinstance(value, float) and math.isnan(value)


def is_infinite(value: Field) -> bool:
    """Tell whether `value` is an infinite number."""
    if isinstance(value, Decimal128):
        return value.to_decimal().is_infinite()
    return isinstance(value, float) and math.isinf(value)


def decimal_parts(value: Decimal128) -> tuple[bool, int, int] | None:
    """Return the sign (True: negative), coefficient and exponent of a finite Decimal128, or None of another."""
    bits = int.from_bytes(value.bid, "little")
    if bits >> 125 & _SPECIAL == _SPECIAL:
        # Infinities, NaN, and encodings of coefficients that are too large, which count as zero.
        number = value.to_decimal()
        return (number.is_signed(), 0, 0) if number.is_finite() else None
    coefficient = bits & _COEFFICIENT_MASK
    if coefficient > _MAX_COEFFICIENT:
        coefficient = 0
    return bool(bits >> 127), coefficient, (bits >> _COEFFICIENT_BITS & _EXPONENT_MASK) - _EXPONENT_BIAS


def to_decimal(value: Number) -> Decimal:
    """Return a number as a `Decimal`; a double with 15 significant digits, as MongoDB converts it."""
    if isinstance(value, Decimal128):
        parts = decimal_parts(value)
        if parts is None or not parts[1]:
            return value.to_decimal()
        is_negative, coefficient, exponent = parts
        return Decimal(-coefficient if is_negative else coefficient).scaleb(exponent, DECIMAL_CONTEXT)
    if isinstance(value, float):
        return double_to_decimal(value)
    return Decimal(value)


def double_to_decimal(value: float) -> Decimal:
    """Return a double as a decimal of exactly 15 significant digits (`0.1` is `0.100000000000000`)."""
    if not math.isfinite(value):
        return Decimal(value)
    if not value:
        return Decimal(0).copy_sign(Decimal(value))
    rounded = _DOUBLE_DIGITS.create_decimal(Decimal(value))
    return rounded.quantize(Decimal(1).scaleb(rounded.adjusted() - 14), context=DECIMAL_CONTEXT)


def from_decimal(value: Decimal) -> Decimal128:
    """Return a `Decimal`, rounded to 34 digits and decimal128's range, as a BSON value."""
    value = DECIMAL_CONTEXT.plus(value) if value else DECIMAL_CONTEXT.create_decimal(value)
    if not value.is_finite():
        return Decimal128(value) if value.is_infinite() else DECIMAL_NAN
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    coefficient = abs(int(value.scaleb(-exponent, DECIMAL_CONTEXT)))
    bits = value.is_signed() << 127 | (exponent + _EXPONENT_BIAS) << _COEFFICIENT_BITS | coefficient
    return Decimal128.from_bid(bits.to_bytes(16, "little"))


def to_double(value: Number) -> float:
    """Return the double nearest to a number; a decimal beyond its range is infinite."""
    return float(to_decimal(value)) if isinstance(value, Decimal128) else float(value)


def narrow(value: int) -> int | Int64:
    """Return an integer as an int32 if it fits, else as an int64.

    Raises:
        OverflowError: It does not fit 64 bits.
    """
    return int(value) if INT32_MIN <= value <= INT32_MAX else to_long(value)


def to_long(value: int) -> Int64:
    """Return an integer as an int64.

    Raises:
        OverflowError: It does not fit 64 bits.
    """
    if not INT64_MIN <= value <= INT64_MAX:
        raise OverflowError(f"{value} does not fit a 64-bit integer")
    return Int64(value)


def exact_int64(value: Field) -> int | None:
    """Return the plain integer that a number of any type equals exactly; None when none within 64 bits does."""
    if isinstance(value, int) and not isinstance(value, bool):
        number = int(value)
    elif isinstance(value, float):
        if not value.is_integer():
            return None
        number = int(value)
    elif isinstance(value, Decimal128):
        parts = decimal_parts(value)
        whole = _whole(parts[1], parts[2]) if parts is not None else None
        if parts is None or whole is None:
            return None
        number = -whole if parts[0] else whole
    else:
        return None
    return number if INT64_MIN <= number <= INT64_MAX else None


def exact_int32(value: Field) -> int | None:
    """Return the plain integer that a number of any type equals exactly; None when none within 32 bits does."""
    number = exact_int64(value)
    return number if number is not None and INT32_MIN <= number <= INT32_MAX else None


def truncated_int64(value: Number) -> int:
    """Return a number cut toward zero and held within 64 bits; NaN gives 0."""
    if isinstance(value, int):
        return int(value)
    if is_nan(value):
        return 0
    number = to_decimal(value) if isinstance(value, Decimal128) else value
    if number >= INT64_MAX:
        return INT64_MAX
    return INT64_MIN if number <= INT64_MIN else int(number)


def add(left: Number, right: Number, overflow: Overflow = Overflow.DOUBLE) -> Number:
    """Return the sum.

    Raises:
        OverflowError: The integer sum needs more than 64 bits, and `overflow` is ERROR.
    """
    return _promoted(operator.add, DECIMAL_CONTEXT.add, left, right, overflow)


def subtract(left: Number, right: Number, overflow: Overflow = Overflow.DOUBLE) -> Number:
    """Return the difference.

    Raises:
        OverflowError: The integer difference needs more than 64 bits, and `overflow` is ERROR.
    """
    return _promoted(operator.sub, DECIMAL_CONTEXT.subtract, left, right, overflow)


def multiply(left: Number, right: Number, overflow: Overflow = Overflow.DOUBLE) -> Number:
    """Return the product.

    Raises:
        OverflowError: The integer product needs more than 64 bits, and `overflow` is ERROR.
    """
    return _promoted(operator.mul, DECIMAL_CONTEXT.multiply, left, right, overflow)


def divide(left: Number, right: Number) -> float | Decimal128:
    """Return the quotient: a decimal when one operand is, else a double.

    Raises:
        ZeroDivisionError: `right` is zero.
    """
    if isinstance(left, Decimal128) or isinstance(right, Decimal128):
        divisor = to_decimal(right)
        if divisor == 0:
            raise ZeroDivisionError("division by zero")
        return from_decimal(DECIMAL_CONTEXT.divide(to_decimal(left), divisor))
    return float(left) / float(right)


def modulo(left: Number, right: Number) -> Number:
    """Return the remainder of the division that truncates: its sign is that of `left`.

    Raises:
        ZeroDivisionError: `right` is zero.
    """
    if isinstance(left, Decimal128) or isinstance(right, Decimal128):
        return _decimal_modulo(to_decimal(left), to_decimal(right))
    if isinstance(left, float) or isinstance(right, float):
        dividend, divisor = float(left), float(right)
        if not divisor:
            raise ZeroDivisionError("modulo by zero")
        return math.nan if math.isinf(dividend) else math.fmod(dividend, divisor)
    remainder = abs(int(left)) % abs(int(right))
    return _integer(-remainder if left < 0 else remainder, left, right)


def bit_and(left: int, right: int) -> int | Int64:
    """Return the bitwise "and" of two integers, an int64 if one of them is."""
    return _bitwise(int(left) & int(right), left, right)


def bit_or(left: int, right: int) -> int | Int64:
    """Return the bitwise "or" of two integers, an int64 if one of them is."""
    return _bitwise(int(left) | int(right), left, right)


def bit_xor(left: int, right: int) -> int | Int64:
    """Return the bitwise "exclusive or" of two integers, an int64 if one of them is."""
    return _bitwise(int(left) ^ int(right), left, right)


def _bitwise(value: int, left: int, right: int) -> int | Int64:
    return Int64(value) if isinstance(left, Int64) or isinstance(right, Int64) else value


def _promoted(
    binary: Callable[[float, float], float],
    decimal_binary: Callable[[Decimal, Decimal], Decimal],
    left: Number,
    right: Number,
    overflow: Overflow,
) -> Number:
    cls = left.__class__
    if cls is right.__class__ and cls is not Decimal128:
        if cls is float:
            return binary(left, right)  # type: ignore[arg-type]
        if cls is int and INT32_MIN <= (value := binary(left, right)) <= INT32_MAX:  # type: ignore[arg-type]
            return value
    if isinstance(left, Decimal128) or isinstance(right, Decimal128):
        return from_decimal(decimal_binary(to_decimal(left), to_decimal(right)))
    if isinstance(left, float) or isinstance(right, float):
        return binary(float(left), float(right))
    value = int(binary(int(left), int(right)))
    if overflow is Overflow.DOUBLE and not INT64_MIN <= value <= INT64_MAX:
        return binary(float(left), float(right))
    return _integer(value, left, right)


def _integer(value: int, left: int, right: int) -> int | Int64:
    is_long = isinstance(left, Int64) or isinstance(right, Int64)
    return to_long(value) if is_long else narrow(value)


def _decimal_modulo(left: Decimal, right: Decimal) -> Decimal128:
    # The context's remainder gives up when the quotient has more than 34 digits.
    if right == 0:
        raise ZeroDivisionError("modulo by zero")
    if left.is_nan() or right.is_nan() or left.is_infinite():
        return DECIMAL_NAN
    if right.is_infinite():
        return from_decimal(left)
    exponent = min(_exponent(left), _exponent(right))
    remainder = Decimal(_scaled(left, exponent) % _scaled(right, exponent)).scaleb(exponent, DECIMAL_CONTEXT)
    return from_decimal(remainder.copy_sign(left))


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


def _scaled(value: Decimal, exponent: int) -> int:
    """Return the magnitude in units of `10**exponent`, which is no greater than its own exponent."""
    own_exponent = _exponent(value)
    return abs(int(value.scaleb(-own_exponent, DECIMAL_CONTEXT))) * int(10 ** (own_exponent - exponent))


def _whole(coefficient: int, exponent: int) -> int | None:
    """Return `coefficient * 10**exponent` if it is an integer of less than 20 digits."""
    if not coefficient:
        return 0
    if exponent >= 0:
        return coefficient * 10**exponent if exponent < 20 else None
    if exponent < -34:
        return None
    whole, rest = divmod(coefficient, 10**-exponent)
    return None if rest else whole
