"""`$exists` and `$type`: whether a field is there, and of which BSON type it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.boolean import truth
from satchel.mql.match.registry import FIELD_OPERATORS, Operand
from satchel.mql.match.tree import Leaf, Matcher, MatchExpression, Not, Test
from satchel.values.bson_types import (
    MISSING,
    NUMBER_TYPE_NAMES,
    TYPE_NAMES,
    TYPE_NUMBERS,
    BsonValue,
    Document,
    type_name,
)
from satchel.values.numbers import exact_int32, is_bson_number
from satchel.values.shell_text import shell_text

NUMBER_ALIAS: Final = "number"


@dataclass(frozen=True, eq=False)
class Exists(Leaf):
    """The path leads to a value, if only null."""

    rank: ClassVar[int] = 12

    def operators(self) -> Document:
        """Return the operator without its path."""
        return {"$exists": True}

    def compile_test(self) -> Test:
        """Make the function that tells a value from none."""
        return lambda value: value is not MISSING

    def compile(self) -> Matcher:
        """Make the matcher."""
        if len(self.parts) > 1:
            return super().compile()
        name = self.path
        return lambda document: name in document


@dataclass(frozen=True, eq=False)
class TypeSet:
    """BSON types, as `$type` and `bsonType` list them.

    Attributes:
        numbers: MongoDB's numbers of the types, in order.
        all_numbers: Whether the alias `number` is among them.
    """

    numbers: tuple[int, ...]
    all_numbers: bool = False

    def names(self) -> frozenset[str]:
        """Return the names of all the types."""
        named = frozenset(TYPE_NAMES[number] for number in self.numbers)
        return named | NUMBER_TYPE_NAMES if self.all_numbers else named

    def compile_test(self) -> Test:
        """Make the function that tells whether a value is of one of the types."""
        names = self.names()
        return lambda value: type_name(value) in names

    def spec(self) -> list[BsonValue]:
        """Return the types as explain lists them."""
        return [*([NUMBER_ALIAS] if self.all_numbers else []), *self.numbers]


@dataclass(frozen=True, eq=False)
class Type(Leaf):
    """A value is of one of the given types.

    Attributes:
        types: The types.
    """

    types: TypeSet
    rank: ClassVar[int] = 20

    def operators(self) -> Document:
        """Return the operator without its path."""
        return {"$type": self.types.spec()}

    def compile_test(self) -> Test:
        """Make the function that looks at the type of a value."""
        return self.types.compile_test()


def parse_types(name: str, spec: BsonValue) -> TypeSet:
    """Parse one type or an array of types, each given by name or number.

    Args:
        name: What the message calls the operand's place: the path.
        spec: The operand.

    Raises:
        ServerError: BadValue (2) for an unknown type, TypeMismatch (14) for an operand that cannot name one,
            FailedToParse (9) for an empty array.
    """
    specs = spec if isinstance(spec, list) else [spec]
    if not specs:
        raise ServerError(ErrorCode.FailedToParse, f"{name} must match at least one type")
    numbers = {number for member in specs if (number := _type_number(member)) is not None}
    return TypeSet(tuple(sorted(numbers)), NUMBER_ALIAS in specs)


def _type_number(spec: BsonValue) -> int | None:
    if spec.__class__ is str:
        return None if spec == NUMBER_ALIAS else type_of_alias(spec)
    if not is_bson_number(spec):
        raise ServerError(ErrorCode.TypeMismatch, "type must be represented as a number or a string")
    number = exact_int32(spec)
    if number == 0:
        message = "Invalid numerical type code: 0. Instead use {$exists:false}."
        raise ServerError(ErrorCode.BadValue, message)
    if number is None or number not in TYPE_NAMES:
        raise ServerError(ErrorCode.BadValue, f"Invalid numerical type code: {shell_text(spec)}")
    return number


def type_of_alias(alias: str) -> int:
    """Return the number of the type that an alias names.

    Raises:
        ServerError: BadValue (2) when none is called that.
    """
    if alias == "missing":
        message = "'missing' is not a legal type name. To query for non-existence of a field, use {$exists:false}."
        raise ServerError(ErrorCode.BadValue, message)
    if alias not in TYPE_NUMBERS:
        raise ServerError(ErrorCode.BadValue, f"Unknown type name alias: {alias}")
    return TYPE_NUMBERS[alias]


@FIELD_OPERATORS.operator("$exists")
def parse_exists(operand: Operand) -> MatchExpression:
    """Match where the field is there, even if null; with a false operand where it is not.

    Reference:
        MongoDB manual, "$exists".
    """
    exists = Exists(operand.path)
    return exists if truth(operand.value) else Not(exists)


@FIELD_OPERATORS.operator("$type")
def parse_type(operand: Operand) -> MatchExpression:
    """Match values of the given BSON types, named by alias or number.

    Raises:
        ServerError: BadValue (2), TypeMismatch (14) or FailedToParse (9) for what names no type.

    Reference:
        MongoDB manual, "$type".
    """
    return Type(operand.path, parse_types(operand.path, operand.value))
