"""Comparison operators: MongoDB's total order over values of all types."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from bson import Int64, ObjectId

from satchel.mql.expressions.expression import Evaluate, Expression, Variables, combine
from satchel.mql.expressions.registry import Compute, Parser, Syntax, apply_right_first, syntax
from satchel.values.bson_types import MISSING, BsonValue, Document, Field
from satchel.values.collation import Collation
from satchel.values.compare import compare

# Two values of one of these classes compare as Python compares them, as long as there is no collation.
_PLAIN_CLASSES: Final = frozenset({int, Int64, str, ObjectId})

_Native = Callable[[Any, Any], bool]
_Test = Callable[[int], bool]


def comparator(native: _Native, test: _Test, collation: Collation | None) -> Compute:
    """Return a function of two values that holds when `test` holds of their comparison.

    Args:
        native: Python's operator of the same meaning.
        test: What the comparison's outcome (-1, 0, 1) has to satisfy.
        collation: How strings compare.
    """
    plain_classes = _PLAIN_CLASSES if collation is None else _PLAIN_CLASSES - {str}

    def holds(left: Field, right: Field) -> bool:
        cls = left.__class__
        if cls is right.__class__ and cls in plain_classes:
            return native(left, right)
        return test(compare(left, right, collation))

    return holds


def _with_constant(native: _Native, holds: Compute, operand: Expression, value: Field) -> Evaluate:
    """Specialise on a constant right side whose class compares natively."""
    cls = value.__class__
    if operand.path is not None and len(operand.path) == 1:
        name = operand.path[0]

        def evaluate_field(document: Document, _variables: Variables) -> Field:
            left = document.get(name, MISSING)
            return native(left, value) if left.__class__ is cls else holds(left, value)

        return evaluate_field
    first = operand.evaluate

    def evaluate(document: Document, variables: Variables) -> Field:
        left = first(document, variables)
        return native(left, value) if left.__class__ is cls else holds(left, value)

    return evaluate


def _comparison(name: str, native: _Native, test: _Test, documentation: str) -> None:
    """Register one comparison operator."""

    def parse(operand: BsonValue, parser: Parser) -> Expression:
        left, right = parser.operands(name, operand, 2, 2)
        collation = parser.context.collation
        holds = comparator(native, test, collation)
        cls = right.value.__class__
        if right.is_constant and cls in _PLAIN_CLASSES and (collation is None or cls is not str):
            return combine(_with_constant(native, holds, left, right.value), [left, right])
        return combine(apply_right_first(holds, [left, right]), [left, right])

    parse.__doc__ = f"""{documentation}

    Raises:
        ServerError: Location16020 unless there are two operands.

    Reference:
        MongoDB manual, "{name} (aggregation)".
    """
    register: Callable[[Syntax], Syntax] = syntax(name)
    register(parse)


_comparison("$eq", operator.eq, lambda order: order == 0, "Tell whether two values are equal.")
_comparison("$ne", operator.ne, lambda order: order != 0, "Tell whether two values differ.")
_comparison("$gt", operator.gt, lambda order: order > 0, "Tell whether the first value sorts after the second.")
_comparison(
    "$gte", operator.ge, lambda order: order >= 0, "Tell whether the first value does not sort before the second."
)
_comparison("$lt", operator.lt, lambda order: order < 0, "Tell whether the first value sorts before the second.")
_comparison(
    "$lte", operator.le, lambda order: order <= 0, "Tell whether the first value does not sort after the second."
)


@syntax("$cmp")
def cmp(operand: BsonValue, parser: Parser) -> Expression:
    """Return -1, 0 or 1 as the first value sorts before, with or after the second.

    Raises:
        ServerError: Location16020 unless there are two operands.

    Reference:
        MongoDB manual, "$cmp".
    """
    operands = parser.operands("$cmp", operand, 2, 2)
    collation = parser.context.collation
    return combine(apply_right_first(lambda left, right: compare(left, right, collation), operands), operands)
