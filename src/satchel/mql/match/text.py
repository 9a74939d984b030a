"""`$text` and `$where`: not implemented yet."""

from __future__ import annotations

from typing import Final, NoReturn

from satchel.errors import ErrorCode, ServerError
from satchel.mql.match.registry import FIELD_OPERATORS, TOP_LEVEL_OPERATORS, Operand

NOT_IMPLEMENTED: Final = {"$text": "text search", "$where": "JavaScript"}
"""The operators that answer NotImplemented, and what they need."""


def _refuse(operand: Operand) -> NoReturn:
    """Say that Satchel does not have what the operator needs.

    Raises:
        ServerError: BadValue (2) where the operator can never stand, else NotImplemented (238).
    """
    if not operand.parser.is_top_level:
        raise ServerError(ErrorCode.BadValue, f"{operand.name} can only be applied to the top-level document")
    needed = NOT_IMPLEMENTED[operand.name]
    raise ServerError(
        ErrorCode.NotImplemented, f"{operand.name} is not implemented: Satchel has no {needed} in queries"
    )


for _name in NOT_IMPLEMENTED:
    TOP_LEVEL_OPERATORS.operator(_name)(_refuse)


@FIELD_OPERATORS.operator("$where")
def parse_field_where(_operand: Operand) -> NoReturn:
    """Refuse `$where` under a path, where it has no meaning.

    Raises:
        ServerError: BadValue (2), always.
    """
    raise ServerError(ErrorCode.BadValue, "$where cannot be applied to a field")
