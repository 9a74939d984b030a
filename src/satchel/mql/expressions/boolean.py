"""Boolean operators: `$and`, `$or`, `$not`, and what counts as true."""

from __future__ import annotations

from decimal import Decimal

from bson import Decimal128

from satchel.mql.expressions.expression import Evaluate, Expression, Variables, any_failing, combine, constant
from satchel.mql.expressions.registry import Parser, operator, syntax
from satchel.values.bson_types import MISSING, BsonValue, Document, Field

_ZERO = Decimal(0)


def truth(value: Field) -> bool:
    """Tell whether `value` counts as true: all but false, null, missing and the zeros of every number type."""
    if value is True:
        return True
    if value is False or value is None or value is MISSING:
        return False
    if isinstance(value, (int, float)):
        return value != 0
    if isinstance(value, Decimal128):
        return value.to_decimal() != _ZERO
    return True


@operator("$not", minimum=1, maximum=1)
def not_(value: Field) -> Field:
    """Return the opposite of the operand's truth.

    Raises:
        ServerError: Location16020 for more than one operand.

    Reference:
        MongoDB manual, "$not (aggregation)".
    """
    return not truth(value)


@syntax("$and")
def and_(operand: BsonValue, parser: Parser) -> Expression:
    """Tell whether all operands are true; evaluate from the left, no further than needed. No operands are true.

    Reference:
        MongoDB manual, "$and (aggregation)".
    """
    return _connective(parser.operands("$and", operand), stop=False)


@syntax("$or")
def or_(operand: BsonValue, parser: Parser) -> Expression:
    """Tell whether any operand is true; evaluate from the left, no further than needed. No operands are false.

    Reference:
        MongoDB manual, "$or (aggregation)".
    """
    return _connective(parser.operands("$or", operand), stop=True)


def _connective(operands: list[Expression], *, stop: bool) -> Expression:
    """Build `$and` (which stops at the first false) or `$or` (which stops at the first true)."""
    if any_failing(operands):
        return combine(_stopping(operands, stop=stop), operands)
    if any(part.is_constant and truth(part.value) is stop for part in operands):
        return constant(stop)
    rest = [part for part in operands if not part.is_constant]
    return combine(_stopping(rest, stop=stop), rest)


def _stopping(operands: list[Expression], *, stop: bool) -> Evaluate:
    evaluates = [part.evaluate for part in operands]
    if len(evaluates) == 2:
        first, second = evaluates
        if stop:
            return lambda document, variables: truth(first(document, variables)) or truth(second(document, variables))
        return lambda document, variables: truth(first(document, variables)) and truth(second(document, variables))

    def evaluate(document: Document, variables: Variables) -> Field:
        for part in evaluates:
            if truth(part(document, variables)) is stop:
                return stop
        return not stop

    return evaluate
