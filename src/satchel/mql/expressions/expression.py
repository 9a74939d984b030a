"""Compiled expressions: a closure that computes a value, and what analysis wants to know about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from satchel.errors import ServerError
from satchel.values.bson_types import MISSING, BsonValue, Document, Field

Variables: TypeAlias = Mapping[str, Field]
"""The user's variables at run time. ROOT is the document; CURRENT is in here only where it was bound anew."""

Evaluate: TypeAlias = Callable[[Document, Variables], Field]

NO_FIELDS: Final[frozenset[str]] = frozenset()
NO_VARIABLES: Final[Mapping[str, Field]] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """One aggregation expression, ready to run.

    Attributes:
        evaluate: Computes the value for a root document and the user's variables; MISSING is "no value".
        fields: The dotted paths of the root document that it reads; `""` is the whole document.
        variables: The user's variables that it reads and does not bind itself.
        is_constant: Whether the value is known; `value` holds it then.
        value: The constant.
        path: The components of the path, if the expression is nothing but a field path of the root document.
        is_plain: Whether it is a constant, a path or a variable, which cannot fail.
        failure: The error of a constant part that cannot be computed. MongoDB raises it when it optimises the
            pipeline, whether or not that part would ever run; `parse_expression` raises it once all is parsed.
    """

    evaluate: Evaluate
    fields: frozenset[str] = NO_FIELDS
    variables: frozenset[str] = NO_FIELDS
    is_constant: bool = False
    value: Field = MISSING
    path: tuple[str, ...] | None = None
    is_plain: bool = False
    failure: ServerError | None = None

    def binding(self, names: Iterable[str]) -> Expression:
        """Return this expression as seen from outside a construct that binds the variables `names`."""
        return replace(self, variables=self.variables.difference(names))


def constant(value: Field) -> Expression:
    """Return the expression that always has this value."""
    return Expression(lambda _document, _variables: value, is_constant=True, value=value, is_plain=True)


def combine(evaluate: Evaluate, children: Sequence[Expression]) -> Expression:
    """Return an expression made of `children`; it becomes a constant when all of them are.

    Args:
        evaluate: Computes the value, calling the children's `evaluate` as it needs.
        children: All parts, also those that run only sometimes.
    """
    if all(child.is_constant for child in children):
        return _fold(evaluate)
    return unite(evaluate, children)


def unoptimised(evaluate: Evaluate, children: Sequence[Expression]) -> Expression:
    """Return an expression made of `children` in which MongoDB optimises nothing: failures wait for documents."""
    return replace(unite(evaluate, children), failure=None)


def failing(children: Iterable[Expression]) -> Expression | None:
    """Return the first child with a failure, or None."""
    return next((child for child in children if child.failure is not None), None)


def any_failing(children: Iterable[Expression]) -> bool:
    """Tell whether a constant part of a child fails; then nothing about the parent can be simplified."""
    return failing(children) is not None


def mentioning(expression: Expression, dropped: Iterable[Expression]) -> Expression:
    """Return the expression with the variables of parts that were dropped: MongoDB computes those all the same."""
    variables = expression.variables.union(*(part.variables for part in dropped))
    return expression if variables == expression.variables else replace(expression, variables=variables)


def raising(code: int, message: str) -> Expression:
    """Return the expression that is known to fail."""
    error = ServerError(code, message)

    def evaluate(_document: Document, _variables: Variables) -> Field:
        raise error

    return Expression(evaluate, failure=error)


def unite(evaluate: Evaluate, children: Sequence[Expression]) -> Expression:
    """Return an expression made of `children` as `combine` does, that is never folded."""
    failed = failing(children)
    return Expression(
        evaluate,
        fields=NO_FIELDS.union(*(child.fields for child in children)),
        variables=NO_FIELDS.union(*(child.variables for child in children)),
        failure=None if failed is None else failed.failure,
    )


def _fold(evaluate: Evaluate) -> Expression:
    """Compute an expression that depends on nothing."""
    try:
        return constant(evaluate({}, NO_VARIABLES))
    except ServerError as error:
        return Expression(evaluate, failure=error)


def is_nullish(value: BsonValue) -> bool:
    """Tell whether `value` is null or missing, which most operators treat alike."""
    return value is None or value is MISSING
