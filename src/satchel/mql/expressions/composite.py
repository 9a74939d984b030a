"""Documents and arrays of expressions: `{a: "$x", b: [1, "$y"]}`."""

from __future__ import annotations

from collections.abc import Sequence

from satchel.mql.expressions.expression import Expression, Variables, combine
from satchel.values.bson_types import MISSING, Document, Field


def object_expression(names: Sequence[str], members: Sequence[Expression]) -> Expression:
    """Return the expression that builds a document; members without a value are left out."""
    pairs = [(name, member.evaluate) for name, member in zip(names, members, strict=True)]

    def evaluate(document: Document, variables: Variables) -> Field:
        built: Document = {}
        for name, member in pairs:
            value = member(document, variables)
            if value is not MISSING:
                built[name] = value
        return built

    return combine(evaluate, members)


def array_expression(members: Sequence[Expression]) -> Expression:
    """Return the expression that builds an array; members without a value become null."""
    evaluates = [member.evaluate for member in members]

    def evaluate(document: Document, variables: Variables) -> Field:
        values = [member(document, variables) for member in evaluates]
        return [None if value is MISSING else value for value in values]

    return combine(evaluate, members)
