"""Values that are not parsed: `$literal` and its internal name `$const`."""

from __future__ import annotations

from satchel.mql.expressions.expression import Expression, constant
from satchel.mql.expressions.registry import Parser, syntax
from satchel.values.bson_types import BsonValue


@syntax("$literal")
def literal(operand: BsonValue, _parser: Parser) -> Expression:
    """Return the operand as it stands.

    Reference:
        MongoDB manual, "$literal".
    """
    return constant(operand)


@syntax("$const")
def const(operand: BsonValue, _parser: Parser) -> Expression:
    """Return the operand as it stands; MongoDB's own name of `$literal`, which explain output uses."""
    return constant(operand)
