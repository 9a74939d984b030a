"""`$and $or $nor $not`, and the constants `$alwaysTrue` and `$alwaysFalse`."""

from __future__ import annotations

from bson import Regex

from satchel.errors import ErrorCode, ServerError
from satchel.mql.match.operands import labelled, whole_number
from satchel.mql.match.registry import FIELD_OPERATORS, TOP_LEVEL_OPERATORS, Operand
from satchel.mql.match.tree import AlwaysFalse, AlwaysTrue, And, MatchExpression, Nor, Not, Or


@TOP_LEVEL_OPERATORS.operator("$and")
def parse_and(operand: Operand) -> MatchExpression:
    """Match where all filters of the list match.

    Raises:
        ServerError: BadValue (2) unless the operand is a non-empty array of documents.

    Reference:
        MongoDB manual, "$and".
    """
    return And(_filters(operand))


@TOP_LEVEL_OPERATORS.operator("$or")
def parse_or(operand: Operand) -> MatchExpression:
    """Match where at least one filter of the list matches.

    Raises:
        ServerError: BadValue (2) unless the operand is a non-empty array of documents.

    Reference:
        MongoDB manual, "$or".
    """
    return Or(_filters(operand))


@TOP_LEVEL_OPERATORS.operator("$nor")
def parse_nor(operand: Operand) -> MatchExpression:
    """Match where no filter of the list matches.

    Raises:
        ServerError: BadValue (2) unless the operand is a non-empty array of documents.

    Reference:
        MongoDB manual, "$nor".
    """
    return Nor(_filters(operand))


def _filters(operand: Operand) -> tuple[MatchExpression, ...]:
    name, filters = operand.name, operand.value
    if not isinstance(filters, list):
        raise ServerError(ErrorCode.BadValue, f"{name} argument must be an array")
    if not filters:
        raise ServerError(ErrorCode.BadValue, f"{name} argument must be a non-empty array")
    parser = operand.parser.nested(is_top_level=operand.parser.is_top_level)
    parsed = []
    for spec in filters:
        if not isinstance(spec, dict):
            raise ServerError(ErrorCode.BadValue, f"{name} argument's entries must be objects")
        parsed.append(parser.document(spec))
    return tuple(parsed)


@FIELD_OPERATORS.operator("$not")
def parse_not(operand: Operand) -> MatchExpression:
    """Match where the operators, or the regular expression, do not match; a missing field is such a case.

    Raises:
        ServerError: BadValue (2) for any other operand, or an empty document.

    Reference:
        MongoDB manual, "$not".
    """
    negated = operand.value
    parser = operand.parser.nested(is_top_level=operand.parser.is_top_level)
    if isinstance(negated, Regex):
        return Not(parser.predicate(operand.path, negated))
    if not isinstance(negated, dict):
        raise ServerError(ErrorCode.BadValue, "$not argument must be a regex or an object")
    if not negated:
        raise ServerError(ErrorCode.BadValue, "$not argument must be a non-empty object")
    return Not(And(tuple(parser.operators(operand.path, negated))))


@TOP_LEVEL_OPERATORS.operator("$alwaysTrue")
def parse_always_true(operand: Operand) -> MatchExpression:
    """Match every document.

    Raises:
        ServerError: FailedToParse (9) unless the operand is 1.

    Reference:
        MongoDB's source, "AlwaysTrueMatchExpression".
    """
    _expect_one(operand)
    return AlwaysTrue()


@TOP_LEVEL_OPERATORS.operator("$alwaysFalse")
def parse_always_false(operand: Operand) -> MatchExpression:
    """Match no document.

    Raises:
        ServerError: FailedToParse (9) unless the operand is 1.

    Reference:
        MongoDB's source, "AlwaysFalseMatchExpression".
    """
    _expect_one(operand)
    return AlwaysFalse()


def _expect_one(operand: Operand) -> None:
    if whole_number(operand.value, labelled(operand.name, operand.value), ErrorCode.FailedToParse) != 1:
        raise ServerError(ErrorCode.FailedToParse, f"{operand.name} must be an integer value of 1")
