"""Trigonometric operators, of doubles and of decimals; angles are in radians."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bson import Decimal128

from satchel.errors import ServerError
from satchel.mql.expressions import decimal_functions
from satchel.mql.expressions.arithmetic import require_number
from satchel.mql.expressions.expression import is_nullish
from satchel.mql.expressions.operands import describe
from satchel.mql.expressions.registry import checking, operator
from satchel.values.bson_types import Field, type_name
from satchel.values.numbers import Number, from_decimal, is_bson_number, to_decimal, to_double

_OUT_OF_DOMAIN: Final = 50989
_DEGREE: Final = math.pi / 180


@dataclass(frozen=True, slots=True)
class _Function:
    """One function of a number.

    Attributes:
        name: The operator.
        summary: What it returns.
        of_double: Computes it for a double of its domain.
        of_decimal: Computes it for a decimal of its domain; NaN never gets there.
        lowest: The least argument of its domain.
        highest: The greatest.
        includes_bounds: Whether the two belong to the domain.
    """

    name: str
    summary: str
    of_double: Callable[[float], float]
    of_decimal: Callable[[Decimal], Decimal]
    lowest: float = -math.inf
    highest: float = math.inf
    includes_bounds: bool = True

    def register(self) -> None:
        """Declare the operator."""

        def evaluate(value: Field) -> Field:
            return None if is_nullish(value) else self.compute(require_number(self.name, value))

        evaluate.__doc__ = f"""{self.summary}

    Raises:
        ServerError: Location28765 for what is not a number, Location50989 for one outside of the function's domain.

    Reference:
        MongoDB manual, "{self.name}".
    """
        operator(self.name, minimum=1, maximum=1)(evaluate)

    def compute(self, number: Number) -> Field:
        """Return the function's value for a number of any type."""
        if isinstance(number, Decimal128):
            exact = to_decimal(number)
            if exact.is_nan():
                return number
            self._check_domain(exact, number)
            return from_decimal(self.of_decimal(exact))
        double = to_double(number)
        if math.isnan(double):
            return double
        self._check_domain(double, number)
        return self.of_double(double)

    def _check_domain(self, value: float | Decimal, number: Number) -> None:
        if self.includes_bounds and self.lowest <= value <= self.highest:
            return
        if self.lowest < value < self.highest:
            return
        opening, closing = "[]" if self.includes_bounds else "()"
        raise ServerError(
            _OUT_OF_DOMAIN,
            f"cannot apply {self.name} to {describe(number)}, value must be in "
            f"{opening}{self.lowest},{self.highest}{closing}",
        )


def _hyperbolic(of_double: Callable[[float], float], overflow: Callable[[float], float]) -> Callable[[float], float]:
    def compute(number: float) -> float:
        try:
            return of_double(number)
        except OverflowError:
            return overflow(number)

    return compute


def _double_atanh(number: float) -> float:
    return math.atanh(number) if abs(number) < 1 else math.copysign(math.inf, number)


_FUNCTIONS: Final = (
    _Function("$sin", "Return the sine of an angle.", math.sin, decimal_functions.sine, includes_bounds=False),
    _Function("$cos", "Return the cosine of an angle.", math.cos, decimal_functions.cosine, includes_bounds=False),
    _Function("$tan", "Return the tangent of an angle.", math.tan, decimal_functions.tangent, includes_bounds=False),
    _Function("$asin", "Return the angle of a sine.", math.asin, decimal_functions.arcsine, -1, 1),
    _Function("$acos", "Return the angle of a cosine.", math.acos, decimal_functions.arccosine, -1, 1),
    _Function("$atan", "Return the angle of a tangent.", math.atan, decimal_functions.arctangent),
    _Function(
        "$sinh",
        "Return the hyperbolic sine of a number.",
        _hyperbolic(math.sinh, lambda number: math.copysign(math.inf, number)),
        decimal_functions.hyperbolic_sine,
    ),
    _Function(
        "$cosh",
        "Return the hyperbolic cosine of a number.",
        _hyperbolic(math.cosh, lambda _number: math.inf),
        decimal_functions.hyperbolic_cosine,
    ),
    _Function("$tanh", "Return the hyperbolic tangent of a number.", math.tanh, decimal_functions.hyperbolic_tangent),
    _Function(
        "$asinh",
        "Return the number of which the operand is the hyperbolic sine.",
        math.asinh,
        decimal_functions.hyperbolic_arcsine,
    ),
    _Function(
        "$acosh",
        "Return the number of which the operand is the hyperbolic cosine.",
        math.acosh,
        decimal_functions.hyperbolic_arccosine,
        1,
    ),
    _Function(
        "$atanh",
        "Return the number of which the operand is the hyperbolic tangent.",
        _double_atanh,
        decimal_functions.hyperbolic_arctangent,
        -1,
        1,
    ),
    _Function(
        "$degreesToRadians",
        "Return an angle in degrees in radians.",
        lambda number: number * _DEGREE,
        decimal_functions.degrees_to_radians,
    ),
    _Function(
        "$radiansToDegrees",
        "Return an angle in radians in degrees.",
        lambda number: number * (180 / math.pi),
        decimal_functions.radians_to_degrees,
    ),
)

for _function in _FUNCTIONS:
    _function.register()


def _is_null(values: Sequence[Field]) -> bool:
    """Check the first operand of `$atan2`, before the second one is evaluated."""
    if is_nullish(values[0]):
        return True
    if not is_bson_number(values[0]):
        raise ServerError(51044, f"$atan2 only supports numeric types, not {type_name(values[0])}")
    return False


@operator("$atan2", minimum=2, maximum=2, evaluation=checking(_is_null))
def atan2(y: Field, x: Field) -> Field:
    """Return the angle of the point (x, y).

    Raises:
        ServerError: Location51044 or 51045 for what is not a number.

    Reference:
        MongoDB manual, "$atan2".
    """
    if _is_null([y]) or is_nullish(x) or not is_bson_number(y):
        return None
    if not is_bson_number(x):
        raise ServerError(51045, f"$atan2 only supports numeric types, not {type_name(x)}")
    if isinstance(y, Decimal128) or isinstance(x, Decimal128):
        return from_decimal(decimal_functions.arctangent_of_quotient(to_decimal(y), to_decimal(x)))
    return math.atan2(to_double(y), to_double(x))
