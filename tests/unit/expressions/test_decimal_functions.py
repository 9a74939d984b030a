"""Functions of decimals: known values to 34 digits, and the identities that bind them together."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.mql.expressions import decimal_functions as functions

SMALL = st.decimals(min_value=-50, max_value=50, allow_nan=False, allow_infinity=False, places=20)
WITHIN_ONE = st.decimals(min_value="-0.999999", max_value="0.999999", allow_nan=False, allow_infinity=False, places=25)


def close(found: Decimal, expected: Decimal, digits: int = 30) -> bool:
    with localcontext(prec=60):
        return abs(found - expected) <= Decimal(10) ** -digits * max(Decimal(1), abs(expected))


@pytest.mark.parametrize(
    ("function", "argument", "expected"),
    [
        (functions.sine, "1", "0.8414709848078965066525023216302990"),
        (functions.cosine, "1", "0.5403023058681397174009366074429766"),
        (functions.tangent, "1", "1.557407724654902230506974807458360"),
        (functions.arctangent, "1", "0.7853981633974483096156608458198757"),
        (functions.arcsine, "1", "1.570796326794896619231321691639751"),
        (functions.arccosine, "-1", "3.141592653589793238462643383279503"),
        (functions.hyperbolic_sine, "1", "1.175201193643801456882381850595601"),
        (functions.hyperbolic_cosine, "1", "1.543080634815243778477905620757062"),
        (functions.hyperbolic_tangent, "1", "0.7615941559557648881194582826047936"),
        (functions.hyperbolic_arcsine, "1", "0.8813735870195430252326093249797923"),
        (functions.hyperbolic_arccosine, "2", "1.316957896924816708625046347307968"),
        (functions.hyperbolic_arctangent, "0.5", "0.5493061443340548456976226184612629"),
        (functions.sine, "1E+6144", "0.9168078385445297016578219657016703"),
        (functions.exp, "1", "2.718281828459045235360287471352662"),
    ],
)
def test_known_values(function, argument: str, expected: str) -> None:
    assert function(Decimal(argument)) == Decimal(expected)


@given(SMALL)
def test_sine_and_cosine_lie_on_the_circle(angle: Decimal) -> None:
    sine, cosine = functions.sine(angle), functions.cosine(angle)
    with localcontext(prec=60):
        assert close(sine * sine + cosine * cosine, Decimal(1))


@given(SMALL)
def test_hyperbolic_sine_undoes_its_inverse(number: Decimal) -> None:
    assert close(functions.hyperbolic_sine(functions.hyperbolic_arcsine(number)), number)


@given(WITHIN_ONE)
def test_sine_and_hyperbolic_tangent_undo_their_inverses(number: Decimal) -> None:
    assert close(functions.sine(functions.arcsine(number)), number)
    assert close(functions.cosine(functions.arccosine(number)), number)
    assert close(functions.hyperbolic_tangent(functions.hyperbolic_arctangent(number)), number)


@given(SMALL, SMALL)
def test_the_angle_of_a_point_points_there(y: Decimal, x: Decimal) -> None:
    if not x and not y:
        return
    angle = functions.arctangent_of_quotient(y, x)
    with localcontext(prec=60):
        length = (x * x + y * y).sqrt()
        assert close(functions.cosine(angle) * length, x, 28)
        assert close(functions.sine(angle) * length, y, 28)


def test_pi_to_many_digits() -> None:
    assert str(functions.pi(50)) == "3.1415926535897932384626433832795028841971693993751"
