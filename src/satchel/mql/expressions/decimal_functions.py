"""Transcendental functions of decimals, to 34 digits, correctly rounded but for the rarest cases.

MongoDB computes them with Intel's library, in binary with about 34 digits, so its last digit is sometimes off; ours is
not (see docs/differences.md). Arguments are in a function's domain; NaN and infinities too where they have a meaning.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Final

from satchel.values.numbers import DECIMAL_CONTEXT

_ONE: Final = Decimal(1)
_HALF: Final = Decimal("0.5")
_INFINITY: Final = Decimal("Infinity")
_TINY_ZERO: Final = Decimal("0E-6176")
_DIGITS: Final = 60
"""Intermediate results have some twenty-five digits more than the final ones."""


def _context(digits: int) -> decimal.Context:
    return decimal.Context(prec=digits, rounding=decimal.ROUND_HALF_EVEN, Emin=-999999, Emax=999999, traps=[])


def _result(number: Decimal) -> Decimal:
    """Round to 34 digits; zeros and their signs stay as they are."""
    return DECIMAL_CONTEXT.plus(number) if number else number


_WORKING: Final = _context(_DIGITS)


_RADIANS_OF_DEGREE: Final = Decimal("0.01745329251994329576923690768488613")
_DEGREES_OF_RADIAN: Final = Decimal("57.29577951308232087679815481410517")


def _precise(function: Callable[[Decimal], Decimal]) -> Callable[[Decimal], Decimal]:
    """Run a function with the working precision and round its result to 34 digits."""

    def rounded(number: Decimal) -> Decimal:
        with decimal.localcontext(_WORKING):
            result = function(number)
        return _result(result)

    return rounded


def exp(number: Decimal) -> Decimal:
    """Return e to the power of a number."""
    if number.is_finite() and number.adjusted() < -35:
        return _ONE
    return DECIMAL_CONTEXT.exp(number)


def ln(number: Decimal) -> Decimal:
    """Return the natural logarithm of a positive number."""
    return DECIMAL_CONTEXT.ln(number)


def log10(number: Decimal) -> Decimal:
    """Return the logarithm of a positive number to base 10."""
    return DECIMAL_CONTEXT.log10(number)


def square_root(number: Decimal) -> Decimal:
    """Return the square root of a number that is not negative."""
    return DECIMAL_CONTEXT.sqrt(number)


def power(base: Decimal, exponent: Decimal) -> Decimal:
    """Return a power with as many digits as decimal128 has, as MongoDB does: `2**3` is `8.000…`."""
    if exponent.is_infinite() or (base.is_infinite() and exponent != exponent.to_integral_value()):
        base = base.copy_abs()
    result = _ONE if exponent == 0 or base == 1 else _WORKING.power(base, exponent)
    return DECIMAL_CONTEXT.add(DECIMAL_CONTEXT.plus(result), _TINY_ZERO)


@lru_cache(maxsize=8)
def pi(digits: int = _DIGITS) -> Decimal:
    """Return π to a number of significant digits (Machin's formula)."""
    scale = 10 ** (digits + 10)
    scaled = 4 * (4 * _scaled_arctan_of_inverse(5, scale) - _scaled_arctan_of_inverse(239, scale))
    return _context(digits).scaleb(_context(digits).create_decimal(scaled), -digits - 10)


def _scaled_arctan_of_inverse(inverse: int, scale: int) -> int:
    term = scale // inverse
    total, divisor, sign = term, 1, 1
    while term:
        term //= inverse * inverse
        divisor += 2
        sign = -sign
        total += sign * (term // divisor)
    return total


def degrees_to_radians(number: Decimal) -> Decimal:
    """Return an angle in radians: MongoDB multiplies by a constant of 34 digits."""
    return DECIMAL_CONTEXT.multiply(number, _RADIANS_OF_DEGREE)


def radians_to_degrees(number: Decimal) -> Decimal:
    """Return an angle in degrees: MongoDB multiplies by a constant of 34 digits."""
    return DECIMAL_CONTEXT.multiply(number, _DEGREES_OF_RADIAN)


@_precise
def sine(number: Decimal) -> Decimal:
    """Return the sine of a finite angle in radians."""
    return _sine_and_cosine(number)[0] if number else number


@_precise
def cosine(number: Decimal) -> Decimal:
    """Return the cosine of a finite angle in radians."""
    return all_digits(_sine_and_cosine(number)[1])


@_precise
def tangent(number: Decimal) -> Decimal:
    """Return the tangent of a finite angle in radians."""
    if not number:
        return _small_zero(number)
    sine_of, cosine_of = _sine_and_cosine(number)
    return sine_of / cosine_of


def all_digits(number: Decimal) -> Decimal:
    """Give a number zeros behind its last digit up to the 34th: MongoDB's library says `1.000…` in most places."""
    return DECIMAL_CONTEXT.add(DECIMAL_CONTEXT.plus(number), _TINY_ZERO)


def _small_zero(zero: Decimal) -> Decimal:
    """Return the zero that MongoDB's library has for a zero argument."""
    return zero.scaleb(-40)


def _smallest_zero(zero: Decimal) -> Decimal:
    return _TINY_ZERO.copy_sign(zero)


def _sine_and_cosine(number: Decimal) -> tuple[Decimal, Decimal]:
    """Reduce the angle to an eighth of a circle, and sum the series there."""
    if number.adjusted() < -_DIGITS:
        return number, _ONE
    # As many more digits of π as the angle has before its point, and some for angles close to a multiple of π/2.
    with decimal.localcontext(_context(_DIGITS + 45 + max(0, number.adjusted()))) as context:
        quarter = pi(context.prec) / 2
        quarters = (number / quarter).to_integral_value()
        rest = number - quarters * quarter
        quadrant = int(quarters % 4)
    sine_of = _series(rest, rest, -rest * rest, 2)
    cosine_of = _series(_ONE, _ONE, -rest * rest, 1)
    return (
        (sine_of, cosine_of),
        (cosine_of, -sine_of),
        (-sine_of, -cosine_of),
        (-cosine_of, sine_of),
    )[quadrant]


def _series(total: Decimal, term: Decimal, factor: Decimal, first: int) -> Decimal:
    """Sum the terms that come from one another by `factor / (n * (n + 1))`, n from `first` in steps of two."""
    step = first
    while True:
        term = term * factor / (step * (step + 1))
        if total + term == total:
            return total
        total += term
        step += 2


@_precise
def arctangent(number: Decimal) -> Decimal:
    """Return the arctangent, in radians."""
    return _arctangent(number)


def _arctangent(number: Decimal) -> Decimal:
    if not number:
        return number
    if number.is_infinite():
        return (pi() / 2).copy_sign(number)
    if abs(number) > 1:
        return (pi() / 2).copy_sign(number) - _arctangent(1 / number)
    # atan x = 2 atan(x / (1 + √(1 + x²))): three times, and the series converges quickly.
    for _ in range(3):
        number = number / (1 + (1 + number * number).sqrt())
    return 8 * _odd_series(number, -number * number)


def _odd_series(number: Decimal, factor: Decimal) -> Decimal:
    """Return `x + x·f/3 + x·f²/5 + …`: the series of atan (f = -x²) and atanh (f = x²)."""
    total, term, divisor = number, number, 1
    while True:
        term *= factor
        divisor += 2
        if total + term / divisor == total:
            return total
        total += term / divisor


@_precise
def arcsine(number: Decimal) -> Decimal:
    """Return the arcsine of a number from -1 to 1, in radians."""
    return _arcsine(number) if number else _small_zero(number)


def _arcsine(number: Decimal) -> Decimal:
    if abs(number) == 1:
        return (pi() / 2).copy_sign(number)
    return _arctangent(number / ((1 - number) * (1 + number)).sqrt())


@_precise
def arccosine(number: Decimal) -> Decimal:
    """Return the arccosine of a number from -1 to 1, in radians."""
    if number == -1:
        return pi()
    if number == 1:
        return _TINY_ZERO
    return 2 * _arctangent(((1 - number) / (1 + number)).sqrt())


def arctangent_of_quotient(y: Decimal, x: Decimal) -> Decimal:
    """Return the angle of the point (x, y), from -π to π."""
    with decimal.localcontext(_WORKING):
        angle = _angle(y, x)
    return DECIMAL_CONTEXT.plus(angle) if angle else angle


def _angle(y: Decimal, x: Decimal) -> Decimal:
    if x.is_nan() or y.is_nan():
        return Decimal("NaN")
    if y.is_infinite() or not x:
        if not y:
            return pi().copy_sign(y) if x.is_signed() else _smallest_zero(y)
        base = pi() / 2
        if x.is_infinite():
            base = pi() * 3 / 4 if x.is_signed() else pi() / 4
        return base.copy_sign(y)
    if not x.is_signed():
        return _arctangent(y / x) if y else _smallest_zero(y)
    magnitude = pi() - _arctangent(abs(y / x)) if x.is_finite() else pi()
    return magnitude.copy_sign(y)


@_precise
def hyperbolic_sine(number: Decimal) -> Decimal:
    """Return the hyperbolic sine."""
    if number.is_infinite():
        return number
    if not number:
        return _small_zero(number)
    if abs(number) < 1:
        return _series(number, number, number * number, 2)
    return (number.exp() - (-number).exp()) / 2


@_precise
def hyperbolic_cosine(number: Decimal) -> Decimal:
    """Return the hyperbolic cosine."""
    return all_digits((number.exp() + (-number).exp()) / 2)


@_precise
def hyperbolic_tangent(number: Decimal) -> Decimal:
    """Return the hyperbolic tangent."""
    if abs(number) > 40:
        return _ONE.copy_sign(number)
    if not number:
        return number
    if abs(number) < 1:
        return _series(number, number, number * number, 2) / _series(_ONE, _ONE, number * number, 1)
    double = (2 * number).exp()
    return (double - 1) / (double + 1)


@_precise
def hyperbolic_arcsine(number: Decimal) -> Decimal:
    """Return the inverse of the hyperbolic sine."""
    if number.is_infinite():
        return number
    if not number:
        return _smallest_zero(number)
    size = abs(number)
    root = (size * size + 1).sqrt()
    return _logarithm_of_one_plus(size + size * size / (1 + root)).copy_sign(number)


@_precise
def hyperbolic_arccosine(number: Decimal) -> Decimal:
    """Return the inverse of the hyperbolic cosine, of a number from 1."""
    if number.is_infinite():
        return number
    more = number - 1
    return _logarithm_of_one_plus(more + (more * (more + 2)).sqrt())


@_precise
def hyperbolic_arctangent(number: Decimal) -> Decimal:
    """Return the inverse of the hyperbolic tangent, of a number from -1 to 1, where it is infinite."""
    if abs(number) == 1:
        return _INFINITY.copy_sign(number)
    return _hyperbolic_arctangent(number) if number else _smallest_zero(number)


def _hyperbolic_arctangent(number: Decimal) -> Decimal:
    if not number:
        return number
    if abs(number) < _HALF:
        return _odd_series(number, number * number)
    return ((1 + number) / (1 - number)).ln() / 2


def _logarithm_of_one_plus(number: Decimal) -> Decimal:
    """Return ln(1 + x) for x from 0, exactly also when x is tiny."""
    if number > 1:
        return (1 + number).ln()
    return 2 * _hyperbolic_arctangent(number / (2 + number))
