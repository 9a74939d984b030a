"""Conditional operators: `$cond`, `$ifNull`, `$switch`."""

from __future__ import annotations

import dataclasses

from satchel.errors import ServerError
from satchel.mql.expressions.boolean import truth
from satchel.mql.expressions.expression import Expression, Variables, any_failing, combine, failing, mentioning, raising
from satchel.mql.expressions.registry import Parser, Signature, syntax
from satchel.values.bson_types import MISSING, BsonValue, Document, Field

_COND = Signature("$cond", {"if": 17080, "then": 17081, "else": 17082}, unknown=17083)


@syntax("$cond")
def cond(operand: BsonValue, parser: Parser) -> Expression:
    """Evaluate `then` if `if` is true, else `else`; also written as an array of the three.

    Raises:
        ServerError: Location16020 for a wrong number of operands, Location17080 to 17083 for bad names.

    Reference:
        MongoDB manual, "$cond".
    """
    if isinstance(operand, dict):
        named = parser.named(_COND, operand)
        condition, then, otherwise = named["if"], named["then"], named["else"]
    else:
        condition, then, otherwise = parser.operands("$cond", operand, 3, 3)
    parts = [condition, then, otherwise]
    if condition.is_constant and not any_failing(parts):
        return then if truth(condition.value) else otherwise
    test, left, right = condition.evaluate, then.evaluate, otherwise.evaluate
    return combine(
        lambda document, variables: (
            left(document, variables) if truth(test(document, variables)) else right(document, variables)
        ),
        parts,
    )


@syntax("$ifNull")
def if_null(operand: BsonValue, parser: Parser) -> Expression:
    """Return the first operand that is not null or missing; the last one if all are.

    Raises:
        ServerError: Location1257300 for fewer than two operands.

    Reference:
        MongoDB manual, "$ifNull".
    """
    operands = parser.operands("$ifNull", operand)
    if len(operands) < 2:
        raise ServerError(1257300, f"$ifNull needs at least two arguments, had: {len(operands)}")
    if not any_failing(operands):
        operands = _possible_values(operands)
    if len(operands) == 1:
        return operands[0]
    *firsts, last = [part.evaluate for part in operands]

    def evaluate(document: Document, variables: Variables) -> Field:
        for first in firsts:
            value = first(document, variables)
            if value is not None and value is not MISSING:
                return value
        return last(document, variables)

    return combine(evaluate, operands)


def _possible_values(operands: list[Expression]) -> list[Expression]:
    """Drop constant nulls, and everything after a constant that is not null."""
    kept: list[Expression] = []
    for part in operands[:-1]:
        if part.is_constant and (part.value is None or part.value is MISSING):
            continue
        kept.append(part)
        if part.is_constant:
            return kept
    return [*kept, operands[-1]]


@syntax("$switch")
def switch(operand: BsonValue, parser: Parser) -> Expression:
    """Evaluate `then` of the first branch whose `case` is true, else `default`.

    Raises:
        ServerError: Location40060 to 40068 for a malformed operand; Location40066 when no case is true and there is
            no default, Location40069 when that is known beforehand.

    Reference:
        MongoDB manual, "$switch".
    """
    branches, default = _parse_switch(operand, parser)
    kept: list[tuple[Expression, Expression]] = []
    chosen = default
    for case, then in branches:
        if not case.is_constant:
            kept.append((case, then))
        elif truth(case.value):
            chosen = then
            break
    replaced = [] if default is None else [default]
    dropped = [part for branch in branches for part in branch] + replaced
    if kept or any_failing(replaced):
        return mentioning(_first_true(kept, chosen, replaced), dropped)
    if chosen is None:
        return raising(40069, _NO_CASE) if parser.optimises else raising(40066, _NO_MATCH)
    return mentioning(chosen, dropped)


_NO_MATCH = "$switch could not find a matching branch for an input, and no default was specified."
_NO_CASE = "Cannot execute a switch statement where all the cases evaluate to false without a default"


def _first_true(
    branches: list[tuple[Expression, Expression]], default: Expression | None, replaced: list[Expression]
) -> Expression:
    """Build the choice; `replaced` has the user's default, whose failure is MongoDB's first, reached or not."""
    pairs = [(case.evaluate, then.evaluate) for case, then in branches]

    def evaluate(document: Document, variables: Variables) -> Field:
        for case, then in pairs:
            if truth(case(document, variables)):
                return then(document, variables)
        if default is None:
            raise ServerError(40066, _NO_MATCH)
        return default.evaluate(document, variables)

    parts = [part for branch in branches for part in branch] + ([] if default is None else [default])
    found = combine(evaluate, parts)
    failed = failing(replaced)
    return found if failed is None else dataclasses.replace(found, failure=failed.failure)


def _parse_switch(operand: BsonValue, parser: Parser) -> tuple[list[tuple[Expression, Expression]], Expression | None]:
    if not isinstance(operand, dict):
        raise ServerError(40060, "$switch requires an object as an argument")
    branches: list[tuple[Expression, Expression]] = []
    default: Expression | None = None
    for name, spec in operand.items():
        if name == "branches":
            if not isinstance(spec, list):
                raise ServerError(40061, "$switch expected an array for 'branches'")
            branches = [_parse_branch(branch, parser) for branch in spec]
        elif name == "default":
            default = parser.parse(spec)
        else:
            raise ServerError(40067, f"$switch found an unknown argument: {name}")
    if not branches:
        raise ServerError(40068, "$switch requires at least one branch.")
    return branches, default


def _parse_branch(branch: BsonValue, parser: Parser) -> tuple[Expression, Expression]:
    if not isinstance(branch, dict):
        raise ServerError(40062, "$switch expected each branch to be an object")
    parts: dict[str, Expression] = {}
    for name, spec in branch.items():
        if name not in {"case", "then"}:
            raise ServerError(40063, f"$switch found an unknown argument to a branch: {name}")
        parts[name] = parser.parse(spec)
    if "case" not in parts:
        raise ServerError(40064, "$switch requires each branch have a 'case' expression")
    if "then" not in parts:
        raise ServerError(40065, "$switch requires each branch have a 'then' expression.")
    return parts["case"], parts["then"]
