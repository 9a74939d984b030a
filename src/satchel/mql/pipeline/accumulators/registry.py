"""What an accumulator is while it is parsed, and the registry that accumulators join."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from satchel.errors import ServerError
from satchel.mql.accumulation import Accumulator
from satchel.mql.context import Context
from satchel.mql.expressions.expression import Evaluate, Expression
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.chunk import Chunk, Column
from satchel.mql.registry import Registry
from satchel.values.bson_types import BsonValue, Field


@dataclass(frozen=True, slots=True)
class Statement:
    """An accumulator with its operand, ready to run: `{$sum: "$price"}`.

    Attributes:
        create: Makes the state of one group, given the value of `initializer` (MISSING without one).
        argument: What of each document goes in; None where `evaluate` says it.
        evaluate: What of each document goes in.
        fields: The dotted paths that it reads.
        initializer: An expression on the group's `_id`, as the `n` of `$firstN`.
        holds_values: Whether the state grows with every value.
        is_lazy: Whether a state may have had enough, so that what goes in is computed (and may fail) one by one.
    """

    create: Callable[[Field], Accumulator]
    evaluate: Evaluate
    fields: frozenset[str]
    argument: Expression | None = None
    initializer: Expression | None = None
    holds_values: bool = False
    is_lazy: bool = False

    def column(self, chunk: Chunk, context: Context) -> Column:
        """Return what of each document goes in."""
        if self.argument is not None:
            return chunk.column(self.argument, context.variables)
        evaluate, variables = self.evaluate, context.variables
        return [evaluate(document, variables) for document in chunk.documents]


StatementParser: TypeAlias = Callable[[BsonValue, Context], Statement]

ACCUMULATORS: Final[Registry[StatementParser]] = Registry("accumulator")
"""Parsers of accumulators by name; `$group` and `$setWindowFields` have them all in common."""


def unary(
    operand: BsonValue,
    context: Context,
    create: Callable[[Field], Accumulator],
    *,
    holds_values: bool = False,
    is_lazy: bool = False,
) -> Statement:
    """Return the statement of an accumulator whose operand is one expression."""
    argument = parse_expression(operand, context)
    is_lazy = is_lazy and may_fail(argument)
    return Statement(create, argument.evaluate, argument.fields, argument, holds_values=holds_values, is_lazy=is_lazy)


def may_fail(argument: Expression) -> bool:
    """Tell whether computing the expression could raise an error."""
    return argument.path is None and not argument.is_constant


def parse_accumulator(field: str, operand: BsonValue, context: Context) -> Statement:
    """Parse an accumulator, as `{$sum: "$price"}`.

    Args:
        field: The field that it gives, for errors.
        operand: The document with the accumulator.
        context: The operation.

    Raises:
        ServerError: Location40234, 40237, 40238 and 15952, and the accumulators' own errors.
    """
    names = list(operand) if isinstance(operand, dict) else []
    if not isinstance(operand, dict) or not names or names[0][:1] != "$":
        raise ServerError(40234, f"The field '{field}' must be an accumulator object")
    if len(names) > 1:
        raise ServerError(40238, f"The field '{field}' must specify one accumulator")
    name = names[0]
    return parse_statement(name, operand[name], context)


def parse_statement(name: str, operand: BsonValue, context: Context) -> Statement:
    """Parse the operand of the accumulator `name`.

    Raises:
        ServerError: Location40237 for an array, Location15952 for an unknown accumulator, and its own errors.
    """
    if isinstance(operand, list):
        raise ServerError(40237, f"The {name} accumulator is a unary operator")
    parse = ACCUMULATORS.get(name)
    if parse is None:
        raise ServerError(15952, f"unknown group operator '{name}'")
    return parse(operand, context)
