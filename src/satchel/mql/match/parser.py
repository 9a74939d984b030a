"""From a filter as a user writes it to a tree of `MatchExpression`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bson import Regex as BsonRegex

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match.comparison import Eq, is_operator_document
from satchel.mql.match.evaluation import make_regex
from satchel.mql.match.normalise import normalise
from satchel.mql.match.patterns import options_of
from satchel.mql.match.registry import FIELD_OPERATORS, TOP_LEVEL_OPERATORS, Operand
from satchel.mql.match.shapes import conjunction
from satchel.mql.match.tree import And, MatchExpression
from satchel.values.bson_types import PLAIN_CLASSES, BsonValue, Document

MAX_DEPTH: Final = 100
"""How deeply logical operators and `$elemMatch` may be nested."""


def parse_filter(spec: Document, context: Context) -> MatchExpression:
    """Parse a filter.

    Args:
        spec: The filter, as the argument of `find`.
        context: The operation's circumstances; its collation is how strings compare.

    Returns:
        The conditions in normal form: nested `$and` flattened, children in MongoDB's order.

    Raises:
        ServerError: BadValue (2), FailedToParse (9), TypeMismatch (14) and others, as MongoDB; NotImplemented (238) for
            operators that Satchel does not have.

    Reference:
        MongoDB manual, "Query Predicates".
    """
    if len(spec) == 1:
        ((name, value),) = spec.items()
        if value.__class__ in PLAIN_CLASSES and not name.startswith("$"):
            return Eq(name, value, context.collation)  # which is its own normal form
    found = conjunction(spec, context.collation)
    return normalise(Parser(context).document(spec)) if found is None else found


@dataclass(frozen=True, slots=True)
class Parser:
    """Parses the filters and predicates of one level.

    Attributes:
        context: The operation's circumstances.
        is_top_level: Whether the conditions are on the document itself, not on an array element.
        depth: How many operators are around.
    """

    context: Context
    is_top_level: bool = True
    depth: int = 0

    def nested(self, *, is_top_level: bool) -> Parser:
        """Return the parser of the next level down.

        Raises:
            ServerError: BadValue (2) when the filter is nested too deeply.
        """
        if self.depth == MAX_DEPTH:
            raise ServerError(ErrorCode.BadValue, f"exceeded maximum query tree depth of {MAX_DEPTH}")
        return replace(self, is_top_level=is_top_level, depth=self.depth + 1)

    def document(self, spec: Document) -> MatchExpression:
        """Parse a filter.

        Raises:
            ServerError: The filter is malformed.
        """
        parsed = [self._entry(name, value, spec) for name, value in spec.items()]
        return And(tuple(child for child in parsed if child is not None))

    def _entry(self, name: str, value: BsonValue, spec: Document) -> MatchExpression | None:
        if not name.startswith("$"):
            return self.predicate(name, value)
        parse = TOP_LEVEL_OPERATORS.get(name)
        if parse is None:
            raise ServerError(ErrorCode.BadValue, f"unknown top level operator: {name}. {_advice(name)}")
        return parse(Operand("", name, value, spec, self))

    def predicate(self, path: str, value: BsonValue) -> MatchExpression:
        """Parse the condition on one path: an operator document, a regular expression or a value.

        Raises:
            ServerError: The condition is malformed.
        """
        if isinstance(value, BsonRegex):
            return make_regex(path, value.pattern, options_of(value))
        if isinstance(value, dict) and is_operator_document(value):
            return And(tuple(self.operators(path, value)))
        return Eq(path, value, self.context.collation)

    def operators(self, path: str, spec: Document) -> list[MatchExpression]:
        """Parse a document of operators on one path.

        Raises:
            ServerError: BadValue (2) for an unknown operator; the error of an operator's operand.
        """
        parsed = []
        for name, value in spec.items():
            parse = FIELD_OPERATORS.get(name)
            if parse is None:
                raise ServerError(ErrorCode.BadValue, f"unknown operator: {name}")
            parsed.append(parse(Operand(path, name, value, spec, self)))
        return [child for child in parsed if child is not None]


def _advice(name: str) -> str:
    if name == "$not":
        return "If you are trying to negate an entire expression, use $nor."
    return "If you have a field name that starts with a '$' symbol, consider using $getField or $setField."
