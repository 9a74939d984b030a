"""Group keys: the `_id` of `$group` for whole chunks of documents at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol

from satchel.errors import ServerError
from satchel.mql.accumulation.hashable import ITSELF, hashable
from satchel.mql.context import Context
from satchel.mql.expressions.expression import Expression
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.chunk import Chunk, Column, has_missing
from satchel.values.bson_types import MISSING, BsonValue, is_number
from satchel.values.collation import Collation

_WITHOUT_STRINGS = ITSELF - {str}


class Grouping(Protocol):
    """What tells the groups of documents apart."""

    fields: frozenset[str]

    def columns(self, chunk: Chunk) -> tuple[Sequence[Hashable], Callable[[int], BsonValue]]:
        """Return the hashable keys of documents, and how to get the `_id` of the one at a position."""
        ...


class GroupKey:
    """The `_id` expression of a group.

    A document of expressions is taken apart, so that its fields group by themselves. Missing counts as null, but for a
    document of several fields, where it is a value of its own and leaves the field out.

    Args:
        spec: The expression as written.
        context: The operation.

    Attributes:
        fields: The dotted paths that it reads.
    """

    def __init__(self, spec: BsonValue, context: Context) -> None:
        self._context = context
        names, members = _members(spec)
        self._names = names
        self._keeps_missing = names is not None and len(names) > 1
        self._expressions = [parse_expression(member, context) for member in members]
        self.fields: frozenset[str] = frozenset().union(*(expression.fields for expression in self._expressions))

    def columns(self, chunk: Chunk) -> tuple[Sequence[Hashable], Callable[[int], BsonValue]]:
        """Return the hashable keys of documents, and how to get the `_id` of the one at a position."""
        collation = self._context.collation
        columns = [self._column(expression, chunk) for expression in self._expressions]
        if self._names is None:
            (column,) = columns
            return hashable_column(column, collation), column.__getitem__
        named = list(zip(self._names, columns, strict=True))
        keys = list(zip(*(hashable_column(column, collation) for column in columns), strict=True))
        return keys, lambda position: {
            name: column[position] for name, column in named if column[position] is not MISSING
        }

    def _column(self, expression: Expression, chunk: Chunk) -> Column:
        column = chunk.column(expression, self._context.variables)
        if self._keeps_missing or not has_missing(column):
            return column
        return [None if value is MISSING else value for value in column]


def _members(spec: BsonValue) -> tuple[list[str] | None, list[BsonValue]]:
    """Return the field names of a document of expressions and their expressions, or None and the one expression."""
    if not isinstance(spec, dict) or not spec or next(iter(spec))[:1] == "$":
        return None, [spec]
    for name, member in spec.items():
        if not name or "." in name or isinstance(member, bool) or is_number(member):
            raise ServerError(17390, "$group does not support inclusion-style expressions")
    return list(spec), list(spec.values())


def hashable_column(column: Column, collation: Collation | None) -> Sequence[Hashable]:
    """Return the hashable stand-ins of values; the values themselves where all can be."""
    classes = set(map(type, column))
    if classes <= (ITSELF if collation is None else _WITHOUT_STRINGS):
        return column
    return [hashable(value, collation) for value in column]
