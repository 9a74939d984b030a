"""Predicates: conditions that a backend decides on what it can see of a document, in three-valued logic.

A predicate is pure data. Of each document it says *yes* (it matches, for certain), *no* (it does not, for certain) or
*ask* (only the engine can tell). A backend may always answer "ask" where it cannot be sure, never the other way round:
a document that is wrongly "no" is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias

from satchel.values.bson_types import BsonValue

Path: TypeAlias = tuple[str, ...]
"""The names of the fields on the way to a value; empty for the document or element itself."""


class Kind(Enum):
    """What a value is; doubles and integers are told apart, integers of different widths are not."""

    MISSING = auto()
    NULL = auto()
    FALSE = auto()
    TRUE = auto()
    INTEGER = auto()
    DOUBLE = auto()
    DECIMAL = auto()
    STRING = auto()
    OBJECT = auto()
    ARRAY = auto()
    BINARY = auto()
    OBJECT_ID = auto()
    DATE = auto()
    TIMESTAMP = auto()
    REGEX = auto()
    CODE = auto()
    MIN_KEY = auto()
    MAX_KEY = auto()


NUMBERS: Final = frozenset({Kind.INTEGER, Kind.DOUBLE, Kind.DECIMAL})
PRESENT: Final = frozenset(Kind) - {Kind.MISSING}


class OperandType(Enum):
    """What operands can be: of the types whose values compare as numbers, or as texts."""

    NUMBER = auto()
    STRING = auto()
    OBJECT_ID = auto()
    DATE = auto()
    UUID = auto()


@dataclass(frozen=True, slots=True)
class Operand:
    """The place of a value that others are compared with.

    The values themselves stand beside the predicate (`BoundPredicate`), so that predicates of one shape are equal and
    a backend translates them once.

    Attributes:
        index: Where the value stands.
        type: Of which type it is; `NUMBER` is an `int` or a `float` (not NaN).
        is_list: Whether there are several values, as a list.
    """

    index: int
    type: OperandType
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Ordered:
    """The value is of the operand's type (an integer or a double for a number), and before or after it.

    Strings compare by their UTF-8.

    Attributes:
        operator: `<`, `<=`, `>` or `>=`.
    """

    operator: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class Among:
    """The value equals the operand, or one of those in the list; integers and doubles equal numbers."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class Text:
    """The value is a string that contains the operand.

    Attributes:
        at_start: Whether it has to begin with it.
        ignore_case: Whether case does not count; then the operand is ASCII in lower case.
        is_enough: Whether that is all; otherwise "yes" becomes "ask".
    """

    operand: Operand
    at_start: bool = False
    ignore_case: bool = False
    is_enough: bool = True


@dataclass(frozen=True, slots=True)
class Length:
    """The value is an array of as many elements as the operand says."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class AnyElement:
    """The value is an array with an element of which a predicate holds.

    Attributes:
        predicate: The predicate; its paths start at the element.
        objects_only: Whether other elements than objects do not count (arrays then are "ask").
    """

    predicate: Predicate
    objects_only: bool = False


Relation: TypeAlias = Ordered | Among | Text | Length | AnyElement


@dataclass(frozen=True, slots=True)
class ValueTest:
    """What one value has to be: of one of the kinds `yes`, or as a relation says; one of the kinds `ask` may pass."""

    yes: frozenset[Kind] = frozenset()
    ask: frozenset[Kind] = frozenset()
    relations: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class Holds:
    """A test holds of a value that a path reaches, as MongoDB follows paths.

    An array on the way is stepped into: its objects take the path up, its other elements but arrays lack the field,
    and so does an array that has nothing else. Where the path ends before its last name the value is missing.

    Attributes:
        path: Names of which none is empty (unless it is the only one) or begins with `$`.
        expands: Whether an array at the end also passes by one of its elements.
    """

    path: Path
    test: ValueTest
    expands: bool = True


@dataclass(frozen=True, slots=True)
class And:
    """Yes where all children say yes, no where one says no; without children, yes."""

    children: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Yes where one child says yes, no where all say no; without children, no."""

    children: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Yes where the child says no, and no where it says yes."""

    child: Predicate


@dataclass(frozen=True, slots=True)
class Unknown:
    """Always ask."""


Predicate: TypeAlias = Holds | And | Or | Not | Unknown

ALWAYS: Final = And(())
NEVER: Final = Or(())
UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class BoundPredicate:
    """A predicate with the values of its operands."""

    predicate: Predicate
    values: tuple[BsonValue, ...]
