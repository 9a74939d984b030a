"""The registries of query operators, and what an operator is given to parse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from satchel.mql.context import Context
from satchel.mql.match.tree import MatchExpression
from satchel.mql.registry import Registry
from satchel.values.bson_types import BsonValue, Document


class FilterParser(Protocol):
    """What operators need of the parser, to parse what stands inside them."""

    @property
    def context(self) -> Context:
        """The operation's circumstances."""

    @property
    def is_top_level(self) -> bool:
        """Whether the conditions are on the document itself, not on an array element."""

    def document(self, spec: Document) -> MatchExpression:
        """Parse a filter."""

    def predicate(self, path: str, value: BsonValue) -> MatchExpression:
        """Parse the condition on one path: an operator document, a regular expression or a value."""

    def operators(self, path: str, spec: Document) -> list[MatchExpression]:
        """Parse a document of operators on one path."""

    def nested(self, *, is_top_level: bool) -> FilterParser:
        """Return the parser of the next level down.

        Raises:
            ServerError: BadValue (2) when the filter is nested too deeply.
        """


@dataclass(frozen=True, slots=True)
class Operand:
    """What stands after an operator, and where.

    Attributes:
        path: The path that the operator is on; "" at the top level.
        name: The operator's name, as `$gt`.
        value: The operand.
        siblings: The document in which the operator stands.
        parser: Parses what stands inside the operand.
    """

    path: str
    name: str
    value: BsonValue
    siblings: Document
    parser: FilterParser


ParseOperator: TypeAlias = Callable[[Operand], MatchExpression | None]
"""Makes an operator's node; None when it only belongs to another operator or says nothing."""

FIELD_OPERATORS: Final[Registry[ParseOperator]] = Registry("query operator")
"""Operators on a path: `{a: {$gt: 5}}`."""

TOP_LEVEL_OPERATORS: Final[Registry[ParseOperator]] = Registry("top level query operator")
"""Operators on the document: `{$or: [...]}`."""
