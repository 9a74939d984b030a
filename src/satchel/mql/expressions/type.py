"""Type expressions that do not convert: `$type`, `$isNumber`, `$subtype`."""

from __future__ import annotations

from bson import Binary

from satchel.errors import ServerError
from satchel.mql.expressions.expression import is_nullish
from satchel.mql.expressions.registry import operator
from satchel.mql.expressions.value_text import value_text
from satchel.values.bson_types import Field, is_number, type_name


@operator("$isNumber", minimum=1, maximum=1)
def is_number_operator(value: Field) -> Field:
    """Tell whether a value is an int, long, double or decimal.

    Reference:
        MongoDB manual, "$isNumber".
    """
    return is_number(value)


@operator("$type", minimum=1, maximum=1)
def type_operator(value: Field) -> Field:
    """Return the name of a value's type; "missing" when there is no value.

    Reference:
        MongoDB manual, "$type".
    """
    return type_name(value)


@operator("$subtype", minimum=1, maximum=1)
def subtype_operator(value: Field) -> Field:
    """Return the subtype of binary data; null for null and missing.

    Raises:
        ServerError: location 10389300 for any other type.

    Reference:
        MongoDB manual, "$subtype".
    """
    if is_nullish(value):
        return None
    if not isinstance(value, bytes):
        message = f"Provided value: {value_text(value)}, does not have a subtype, but $subtype was used."
        raise ServerError(10389300, message)
    return value.subtype if isinstance(value, Binary) else 0
