"""`$all $elemMatch $size`: what an array holds and how much."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from bson import Regex

from satchel.errors import ErrorCode, ServerError
from satchel.mql.match.comparison import INCOMPLETE_DBREF, is_operator_document
from satchel.mql.match.operands import int32_count, labelled
from satchel.mql.match.registry import FIELD_OPERATORS, TOP_LEVEL_OPERATORS, Operand
from satchel.mql.match.tree import AlwaysFalse, And, Leaf, MatchExpression, Test
from satchel.values.bson_types import BsonValue, Document, Field
from satchel.values.path import leaves


@dataclass(frozen=True, eq=False)
class Size(Leaf):
    """The value is an array of a given length.

    Attributes:
        size: The length.
    """

    size: int
    rank: ClassVar[int] = 4
    expands: ClassVar[bool] = False

    def operators(self) -> Document:
        """Return the operator without its path."""
        return {"$size": self.size}

    def compile_test(self) -> Test:
        """Make the function that measures an array."""
        size = self.size
        return lambda value: isinstance(value, list) and len(value) == size


@dataclass(frozen=True, eq=False)
class ElemMatch(Leaf):
    """The value is an array with an element that meets conditions."""

    expands: ClassVar[bool] = False

    @cached_property
    @abstractmethod
    def element_test(self) -> Test:
        """The function that tests one element."""

    def compile_test(self) -> Test:
        """Make the function that looks for an element."""
        element_test = self.element_test

        def test(value: Field) -> bool:
            return isinstance(value, list) and any(element_test(element) for element in value)

        return test

    def position(self, document: Document) -> int | None:
        """Return the position of the element, or of the one in an outer array through which the path led."""
        element_test = self.element_test
        for leaf in leaves(document, self.parts):
            if self.test(leaf.value) and isinstance(leaf.value, list):
                inner = next(i for i, element in enumerate(leaf.value) if element_test(element))
                return inner if leaf.place is None else leaf.place
        return None


@dataclass(frozen=True, eq=False)
class ElemMatchObject(ElemMatch):
    """An element is an object, or an array taken as one, that matches a filter.

    Attributes:
        child: The filter; its paths start at the element.
    """

    child: MatchExpression
    rank: ClassVar[int] = 2

    def branches(self) -> tuple[MatchExpression, ...]:
        """Return the filter on an element."""
        return (self.child,)

    def operators(self) -> Document:
        """Return the operator without its path."""
        return {"$elemMatch": self.child.spec()}

    @cached_property
    def element_test(self) -> Test:
        """The function that matches one element."""
        matches = self.child.matches

        def test(element: Field) -> bool:
            if isinstance(element, dict):
                return matches(element)
            return isinstance(element, list) and matches({str(i): member for i, member in enumerate(element)})

        return test


@dataclass(frozen=True, eq=False)
class ElemMatchValue(ElemMatch):
    """An element itself meets conditions.

    Attributes:
        children: The conditions; their path is empty.
    """

    children: tuple[MatchExpression, ...]
    rank: ClassVar[int] = 3

    def branches(self) -> tuple[MatchExpression, ...]:
        """Return the conditions on an element."""
        return self.children

    def operators(self) -> Document:
        """Return the operator without its path."""
        return {"$elemMatch": And(self.children).operators()}

    @cached_property
    def element_test(self) -> Test:
        """The function that tests one element."""
        return And(self.children).test


@FIELD_OPERATORS.operator("$size")
def parse_size(operand: Operand) -> MatchExpression:
    """Match arrays of exactly this length.

    Raises:
        ServerError: BadValue (2) unless the operand is a whole number, not negative.

    Reference:
        MongoDB manual, "$size".
    """
    label = labelled(operand.name, operand.value)
    return Size(operand.path, int32_count(operand.value, label, ErrorCode.BadValue, "Failed to parse $size. "))


@FIELD_OPERATORS.operator("$elemMatch")
def parse_elem_match(operand: Operand) -> MatchExpression:
    """Match arrays with one element that meets all conditions.

    Raises:
        ServerError: BadValue (2) unless the operand is a document of operators or a filter.

    Reference:
        MongoDB manual, "$elemMatch (query)".
    """
    return _elem_match(operand, operand.value)


def _elem_match(operand: Operand, spec: BsonValue) -> MatchExpression:
    if not isinstance(spec, dict):
        raise ServerError(ErrorCode.BadValue, "$elemMatch needs an Object")
    parser = operand.parser.nested(is_top_level=False)
    if _is_about_value(spec):
        return ElemMatchValue(operand.path, tuple(parser.operators("", spec)))
    return ElemMatchObject(operand.path, parser.document(spec))


def _is_about_value(spec: Document) -> bool:
    if not is_operator_document(spec, references=INCOMPLETE_DBREF):
        return False
    return next(iter(spec)) not in TOP_LEVEL_OPERATORS


@FIELD_OPERATORS.operator("$all")
def parse_all(operand: Operand) -> MatchExpression:
    """Match where each member of the list is met by some value; an empty list matches nothing.

    Members are values, regular expressions, or all of them `$elemMatch`.

    Raises:
        ServerError: BadValue (2) for an operand that is no array, or has other operators inside.

    Reference:
        MongoDB manual, "$all".
    """
    members = operand.value
    if not isinstance(members, list):
        raise ServerError(ErrorCode.BadValue, "$all needs an array")
    if not members:
        return AlwaysFalse()
    if _is_elem_match(members[0]):
        return And(tuple(_elem_matches(operand, members)))
    return And(tuple(_all_values(operand, members)))


def _is_elem_match(member: BsonValue) -> bool:
    return isinstance(member, dict) and next(iter(member), None) == "$elemMatch"


def _elem_matches(operand: Operand, members: list[BsonValue]) -> Iterator[MatchExpression]:
    for member in members:
        if not isinstance(member, dict) or not _is_elem_match(member):
            raise ServerError(ErrorCode.BadValue, "$all/$elemMatch has to be consistent")
        yield _elem_match(operand, member["$elemMatch"])


def _all_values(operand: Operand, members: list[BsonValue]) -> Iterator[MatchExpression]:
    for member in members:
        if is_operator_document(member, references=INCOMPLETE_DBREF):
            raise ServerError(ErrorCode.BadValue, "no $ expressions in $all")
        if isinstance(member, Regex):
            yield operand.parser.predicate(operand.path, member)
        else:
            yield operand.parser.operators(operand.path, {"$eq": member})[0]
