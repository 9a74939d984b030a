"""Series of preferred numbers, to which `$bucketAuto` rounds boundaries.

Reference:
    MongoDB manual, "$bucketAuto", granularity; ISO 3 (Renard), IEC 60063 (E series).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Protocol

from bson import Decimal128, Int64
from bson.decimal128 import create_decimal128_context

from satchel.errors import ServerError
from satchel.values.bson_types import INT32_MAX, BsonValue, is_number, type_name

_CONTEXT: Final = create_decimal128_context()


def _series(text: str) -> tuple[float, ...]:
    return tuple(map(float, text.split()))


SERIES: Final[dict[str, tuple[float, ...]]] = {
    "R5": _series("10 16 25 40 63"),
    "R10": _series("100 125 160 200 250 315 400 500 630 800"),
    "R20": _series("100 112 125 140 160 180 200 224 250 280 315 355 400 450 500 560 630 710 800 900"),
    "R40": _series(
        "100 106 112 118 125 132 140 150 160 170 180 190 200 212 224 236 250 265 280 300 315 355 375 400 425 450 475 "
        "500 530 560 600 630 670 710 750 800 850 900 950"
    ),
    "R80": _series(
        "103 109 115 122 128 136 145 155 165 175 185 195 206 218 230 243 258 272 290 307 325 345 365 387 412 437 462 "
        "487 515 545 575 615 650 690 730 775 825 875 925 975"
    ),
    "1-2-5": _series("10 20 50"),
    "E6": _series("10 15 22 33 47 68"),
    "E12": _series("10 12 15 18 22 27 33 39 47 56 68 82"),
    "E24": _series("10 11 12 13 15 16 18 20 22 24 27 30 33 36 39 43 47 51 56 62 68 75 82 91"),
    "E48": _series(
        "100 105 110 115 121 127 133 140 147 154 162 169 178 187 196 205 215 226 237 249 261 274 287 301 316 332 348 "
        "365 383 402 422 442 464 487 511 536 562 590 619 649 681 715 750 787 825 866 909 953"
    ),
    "E96": _series(
        "100 102 105 107 110 113 115 118 121 124 127 130 133 137 140 143 147 150 154 158 162 165 169 174 178 182 187 "
        "191 196 200 205 210 215 221 226 232 237 243 249 255 261 267 274 280 287 294 301 309 316 324 332 340 348 357 "
        "365 374 383 392 402 412 422 432 442 453 464 475 487 499 511 523 536 549 562 576 590 604 619 634 649 665 681 "
        "698 715 732 750 768 787 806 825 845 866 887 909 931 953 976"
    ),
    "E192": _series(
        "100 101 102 104 105 106 107 109 110 111 113 114 115 117 118 120 121 123 124 126 127 129 130 132 133 135 137 "
        "138 140 142 143 145 147 149 150 152 154 156 158 160 162 164 165 167 169 172 174 176 178 180 182 184 187 189 "
        "191 193 196 198 200 203 205 208 210 213 215 218 221 223 226 229 232 234 237 240 243 246 249 252 255 258 261 "
        "264 267 271 274 277 280 284 287 291 294 298 301 305 309 312 316 320 324 328 332 336 340 344 348 352 357 361 "
        "365 370 374 379 383 388 392 397 402 407 412 417 422 427 432 437 442 448 453 459 464 470 475 481 487 493 499 "
        "505 511 517 523 530 536 542 549 556 562 569 576 583 590 597 604 612 619 626 634 642 649 657 665 673 681 690 "
        "698 706 715 723 732 741 750 759 768 777 787 796 806 816 825 835 845 856 866 876 887 898 909 920 931 942 953 "
        "965 976 988"
    ),
}
"""The series by name, one decade each."""


class Rounder(Protocol):
    """Rounds boundaries away from the values of a bucket."""

    def up(self, value: BsonValue) -> BsonValue:
        """Return the least number of the series that is greater than `value`; zero for zero."""
        ...

    def down(self, value: BsonValue) -> BsonValue:
        """Return the greatest number of the series that is less than `value`; zero for zero."""
        ...


def parse_granularity(name: str) -> Rounder:
    """Return the rounder of a granularity.

    Raises:
        ServerError: Location40257 for an unknown one.
    """
    if name == "POWERSOF2":
        return PowersOfTwo()
    if name not in SERIES:
        raise ServerError(40257, f"Unknown rounding granularity '{name}'")
    return PreferredNumbers(SERIES[name])


def check_boundary(value: BsonValue) -> None:
    """Check that a value can be rounded.

    Raises:
        ServerError: Location40258 for no number, 40259 for NaN, 40260 for a negative number.
    """
    if not is_number(value):
        raise ServerError(
            40258,
            "$bucketAuto can specify a 'granularity' with numeric boundaries only, but found a value with type: "
            f"{type_name(value)}",
        )
    number = value.to_decimal() if isinstance(value, Decimal128) else value
    if math.isnan(number):  # type: ignore[arg-type]
        raise ServerError(
            40259, "$bucketAuto can specify a 'granularity' with numeric boundaries only, but found a NaN"
        )
    if number < 0:  # type: ignore[operator]
        raise ServerError(
            40260,
            "$bucketAuto can specify a 'granularity' with non-negative numbers only, but found a negative number",
        )


class PreferredNumbers:
    """A series, repeated in every decade.

    Args:
        series: One decade of it.
    """

    def __init__(self, series: Sequence[float]) -> None:
        self._doubles = series
        self._decimals = [_fifteen_digits(number) for number in series]

    def up(self, value: BsonValue) -> BsonValue:
        """Round up, to a double or a decimal as `value` is one."""
        check_boundary(value)
        if isinstance(value, Decimal128):
            return Decimal128(self._decimal_up(value.to_decimal()))
        number = float(value)  # type: ignore[arg-type]
        return self._double_up(number) if number and not math.isinf(number) else value

    def down(self, value: BsonValue) -> BsonValue:
        """Round down, to a double or a decimal as `value` is one."""
        check_boundary(value)
        if isinstance(value, Decimal128):
            return Decimal128(self._decimal_down(value.to_decimal()))
        number = float(value)  # type: ignore[arg-type]
        return self._double_down(number) if number and not math.isinf(number) else value

    def _double_up(self, number: float) -> float:
        series, multiplier = self._doubles, 1.0
        while number >= series[-1] * multiplier:
            multiplier *= 10.0
        while number < series[0] * multiplier:
            previous = series[0] * multiplier
            multiplier /= 10.0
            if number >= series[-1] * multiplier:
                return previous
        return next(member * multiplier for member in series if member * multiplier > number)

    def _double_down(self, number: float) -> float:
        series, multiplier = self._doubles, 1.0
        while number <= series[0] * multiplier:
            multiplier /= 10.0
        if not multiplier:  # below all that doubles can tell apart
            return 0.0
        while number > series[-1] * multiplier:
            previous = series[-1] * multiplier
            multiplier *= 10.0
            if number <= series[0] * multiplier:
                return previous
        return next(member * multiplier for member in reversed(series) if member * multiplier < number)

    def _decimal_up(self, number: Decimal) -> Decimal:
        if not number or number.is_infinite():
            return number
        decade = self._decade(number)
        digits = [_scaled(member, decade) for member in self._decimals]
        digits.append(_scaled(self._decimals[0], decade + 1))
        return digits[bisect_right(digits, number)]

    def _decimal_down(self, number: Decimal) -> Decimal:
        if not number or number.is_infinite():
            return number
        decade = self._decade(number)
        digits = [_scaled(self._decimals[-1], decade - 1), *(_scaled(member, decade) for member in self._decimals)]
        return digits[bisect_left(digits, number) - 1]

    def _decade(self, number: Decimal) -> int:
        """Return the power of ten by which the series reaches the decade of `number`."""
        decade = number.adjusted() - self._decimals[0].adjusted()
        return decade - 1 if number < self._decimals[0].scaleb(decade) else decade


def _fifteen_digits(number: float) -> Decimal:
    """Return a number of a series with as many digits as MongoDB takes over from a double."""
    decimal = Decimal(number)
    return decimal.quantize(Decimal(1).scaleb(decimal.adjusted() - 14))


def _scaled(number: Decimal, decade: int) -> Decimal:
    """Return `number` times a power of ten, with the zeros that MongoDB's multiplication leaves."""
    return _CONTEXT.multiply(number, Decimal(10**decade) if decade > 0 else Decimal(1).scaleb(decade))


class PowersOfTwo:
    """The powers of two."""

    def up(self, value: BsonValue) -> BsonValue:
        """Round up."""
        check_boundary(value)
        exponent, _ = _binary_exponent(value)
        return value if exponent is None else _power(value, exponent + 1)

    def down(self, value: BsonValue) -> BsonValue:
        """Round down."""
        check_boundary(value)
        exponent, is_power = _binary_exponent(value)
        return value if exponent is None else _power(value, exponent - 1 if is_power else exponent)


def _binary_exponent(value: BsonValue) -> tuple[int | None, bool]:
    """Return the exponent of the greatest power of two up to `value` (None for zero), and whether it is `value`."""
    number = float(value.to_decimal() if isinstance(value, Decimal128) else value)  # type: ignore[arg-type]
    if not number or math.isinf(number):
        return None, False
    mantissa, exponent = math.frexp(number)
    return exponent - 1, mantissa == 0.5


def _power(value: BsonValue, exponent: int) -> BsonValue:
    """Return a power of two: a decimal if `value` is one, else an int, or a long or double where that is too narrow."""
    if isinstance(value, Decimal128):
        power = _CONTEXT.power(Decimal(2), Decimal(exponent))
        return Decimal128(power.quantize(Decimal(1).scaleb(power.adjusted() - 33), context=_CONTEXT))
    if not 0 <= exponent < 63:
        return math.ldexp(1.0, exponent)
    number = 1 << exponent
    return number if number <= INT32_MAX else Int64(number)
