"""`$bit`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.update.modifier import OPERATORS, Modifier, Site, Walk
from satchel.values.bson_types import MISSING, BsonValue, Field, type_name
from satchel.values.numbers import bit_and, bit_or, bit_xor
from satchel.values.shell_text import shell_text

_Operation = Callable[[int, int], int]

_OPERATIONS: Final[Mapping[str, _Operation]] = {"and": bit_and, "or": bit_or, "xor": bit_xor}


@OPERATORS.operator("$bit")
def parse_bit(operand: BsonValue, site: Site) -> Modifier:
    """Combine an integer field with integers, bit by bit; a missing field counts as the int32 0.

    Args:
        operand: Any of `and`, `or`, `xor` with an integer each, applied in this order.
        site: Where the field stands.

    Raises:
        ServerError: BadValue (2) when anything is not an integer.

    Reference:
        MongoDB manual, "$bit".
    """
    operations = _parse_operations(operand)

    def compute(old: Field, walk: Walk) -> Field:
        value = 0 if old is MISSING else old
        if not isinstance(value, int) or isinstance(value, bool):
            raise ServerError(
                ErrorCode.BadValue,
                f"Cannot apply $bit to a value of non-integral type. {walk.id_text()} has the field "
                f"{site.parts[-1]} of non-integer type {type_name(value)}",
            )
        for operate, mask in operations:
            value = operate(value, mask)
        return old if value == old and value.__class__ is old.__class__ else value

    return Modifier(site, compute)


def _parse_operations(operand: BsonValue) -> list[tuple[_Operation, int]]:
    if not isinstance(operand, dict):
        raise ServerError(
            ErrorCode.BadValue,
            f"The $bit modifier is not compatible with a {type_name(operand)}. You must pass in an embedded document: "
            "{$bit: {field: {and/or/xor: #}}",
        )
    operations: list[tuple[_Operation, int]] = []
    for name, mask in operand.items():
        if name not in _OPERATIONS:
            raise ServerError(
                ErrorCode.BadValue,
                f"The $bit modifier only supports 'and', 'or', and 'xor', not '{name}' which is an unknown operator: "
                f"{{{name}: {shell_text(mask)}}}",
            )
        if not isinstance(mask, int) or isinstance(mask, bool):
            raise ServerError(
                ErrorCode.BadValue,
                f"The $bit modifier field must be an Integer(32/64 bit); a '{type_name(mask)}' is not supported here: "
                f"{{{name}: {shell_text(mask)}}}",
            )
        operations.append((_OPERATIONS[name], mask))
    if not operations:
        raise ServerError(
            ErrorCode.BadValue,
            "You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}",
        )
    return operations
