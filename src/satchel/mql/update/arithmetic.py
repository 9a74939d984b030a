"""`$inc` and `$mul`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bson import Decimal128

from satchel.errors import ErrorCode, ServerError
from satchel.mql.update.modifier import OPERATORS, Modifier, Site, Walk
from satchel.values.bson_types import MISSING, BsonValue, Field, type_name
from satchel.values.compare import equal
from satchel.values.numbers import Number, Overflow, add, is_bson_number, is_nan, multiply
from satchel.values.shell_text import shell_text

_Calculate = Callable[[Number, Number, Overflow], Number]

_VERBS: Final = {"$inc": "increment", "$mul": "multiply"}


@OPERATORS.operator("$inc")
def parse_inc(operand: BsonValue, site: Site) -> Modifier:
    """Add a number to a field, which is created with that number when it is missing.

    Raises:
        ServerError: TypeMismatch (14) when the operand or, when applied, the field is not a number; BadValue (2) when
            the sum needs more than 64 bits.

    Reference:
        MongoDB manual, "$inc".
    """
    amount = _number(operand, "$inc", site)
    return _arithmetic("$inc", add, amount, amount, site)


@OPERATORS.operator("$mul")
def parse_mul(operand: BsonValue, site: Site) -> Modifier:
    """Multiply a field by a number; a missing field is created as zero of the number's type.

    Raises:
        ServerError: TypeMismatch (14) when the operand or, when applied, the field is not a number; BadValue (2) when
            the product needs more than 64 bits.

    Reference:
        MongoDB manual, "$mul".
    """
    factor = _number(operand, "$mul", site)
    return _arithmetic("$mul", multiply, factor, multiply(0, factor), site)


def _number(operand: BsonValue, name: str, site: Site) -> Number:
    if is_bson_number(operand):
        return operand
    raise ServerError(
        ErrorCode.TypeMismatch,
        f"Cannot {_VERBS[name]} with non-numeric argument: {{{site.path}: {shell_text(operand)}}}",
    )


def _arithmetic(name: str, calculate: _Calculate, operand: Number, initial: Number, site: Site) -> Modifier:
    def compute(old: Field, walk: Walk) -> Field:
        if old is MISSING:
            return initial
        if not is_bson_number(old):
            raise ServerError(
                ErrorCode.TypeMismatch,
                f"Cannot apply {name} to a value of non-numeric type. {walk.id_text()} has the field "
                f"'{site.parts[-1]}' of non-numeric type {type_name(old)}",
            )
        try:
            new = calculate(old, operand, Overflow.ERROR)
        except OverflowError as error:
            raise ServerError(
                ErrorCode.BadValue,
                f"Failed to apply {name} operations to current value ({shell_text(old)}) for document {walk.id_text()}",
            ) from error
        return old if _is_same_number(old, new) else new

    return Modifier(site, compute)


def _is_same_number(old: Number, new: Number) -> bool:
    """Tell whether a result counts as no change: the same type and value; `1.0` equals `1.00`, NaN never anything."""
    if old.__class__ is not new.__class__:
        return False
    if isinstance(old, Decimal128):
        return not is_nan(old) and equal(old, new)
    return old == new
