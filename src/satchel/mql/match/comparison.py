"""`$eq $ne $gt $gte $lt $lte $in $nin`: a value compared with one of its own type bracket, or found in a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import eq, ge, gt, le, lt
from typing import Any, ClassVar, Final

from bson import Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.errors import ErrorCode, ServerError
from satchel.mql.match.evaluation import regex_test
from satchel.mql.match.patterns import compile_pattern, options_of
from satchel.mql.match.registry import FIELD_OPERATORS, TOP_LEVEL_OPERATORS, Operand
from satchel.mql.match.tree import Leaf, Matcher, MatchExpression, Not, Test, passes
from satchel.values import key_string
from satchel.values.bson_types import MISSING, BsonValue, Document, Field, Missing
from satchel.values.collation import Collation
from satchel.values.compare import NUMBER_ORDER, compare, type_order
from satchel.values.numbers import is_nan

_NUMBERS: Final[frozenset[type]] = frozenset({int, Int64, float})

# Of which classes a value may be, by the operand's class, so that Python's own comparison is MongoDB's.
_PLAIN: Final[dict[type, frozenset[type]]] = {
    int: _NUMBERS,
    Int64: _NUMBERS,
    float: _NUMBERS,
    **{cls: frozenset({cls}) for cls in (str, bool, ObjectId, DatetimeMS, Timestamp)},
}
INCOMPLETE_DBREF: Final = ("$ref", "$id", "$db")
"""The names of a DBRef, any of which makes a document a value where an incomplete DBRef may stand."""

_NO_CLASSES: Final[frozenset[type]] = frozenset()


@dataclass(frozen=True, eq=False)
class Comparison(Leaf):
    """A value stands in a relation to the operand, and is of its type bracket.

    Attributes:
        value: The operand.
        collation: How strings compare.
    """

    value: BsonValue
    collation: Collation | None = None
    operator: ClassVar[str]
    relation: ClassVar[Callable[[Any, Any], bool]]

    def operators(self) -> Document:
        """Return the comparison without its path."""
        return {self.operator: self.value}

    def compile_test(self) -> Test:
        """Make the function that compares one value, with Python's own comparison where that is the same."""
        operand, relation = self.value, type(self).relation
        plain = plain_classes(operand, self.collation)
        if not plain:
            return self._general

        def test(value: Field) -> bool:
            return relation(value, operand) if value.__class__ in plain else self._general(value)

        return test

    def compile(self) -> Matcher:
        """Make the matcher; on a top-level field and a plain operand without any call of Python code."""
        plain = plain_classes(self.value, self.collation)
        if len(self.parts) > 1 or not plain:
            return super().compile()
        name, operand, relation = self.path, self.value, type(self).relation

        def matches(document: Document) -> bool:
            value = document.get(name, MISSING)
            cls = value.__class__
            if cls in plain:
                return relation(value, operand)
            return passes(value, self.test) if cls is list else self._general(value)

        return matches

    @cached_property
    def _general(self) -> Test:
        """The function that compares values of any class; made when one comes that is not plain."""
        operand, collation, relation = self.value, self.collation, type(self).relation
        order = type_order(operand)
        any_type = isinstance(operand, MinKey | MaxKey)
        nan_order = is_nan(operand)

        def test(value: Field) -> bool:
            value = None if value is MISSING else value
            other = type_order(value)
            if other != order:
                return any_type and relation(other, order)
            if order == NUMBER_ORDER and is_nan(value) is not nan_order:
                return False
            return relation(compare(value, operand, collation), 0)

        return test


class Eq(Comparison):
    """The value equals the operand; null equals a missing field."""

    rank: ClassVar[int] = 5
    operator: ClassVar[str] = "$eq"
    relation: ClassVar[Callable[[Any, Any], bool]] = eq

    def own_equalities(self) -> Iterator[tuple[str, BsonValue]]:
        """Yield the path and the operand."""
        yield self.path, self.value


class Lt(Comparison):
    """The value is less than the operand."""

    rank: ClassVar[int] = 7
    operator: ClassVar[str] = "$lt"
    relation: ClassVar[Callable[[Any, Any], bool]] = lt


class Lte(Comparison):
    """The value is not greater than the operand."""

    rank: ClassVar[int] = 6
    operator: ClassVar[str] = "$lte"
    relation: ClassVar[Callable[[Any, Any], bool]] = le


class Gt(Comparison):
    """The value is greater than the operand."""

    rank: ClassVar[int] = 8
    operator: ClassVar[str] = "$gt"
    relation: ClassVar[Callable[[Any, Any], bool]] = gt


class Gte(Comparison):
    """The value is not less than the operand."""

    rank: ClassVar[int] = 9
    operator: ClassVar[str] = "$gte"
    relation: ClassVar[Callable[[Any, Any], bool]] = ge


@dataclass(frozen=True, eq=False)
class In(Leaf):
    """The value equals one of several, or is matched by one of several regular expressions.

    Attributes:
        values: The values, sorted, no two equal.
        regexes: The regular expressions, in the order given.
        collation: How strings compare; regular expressions do not heed it.
    """

    values: tuple[BsonValue, ...]
    regexes: tuple[Regex[str], ...] = ()
    collation: Collation | None = None
    rank: ClassVar[int] = 13

    def operators(self) -> Document:
        """Return the operator with its list."""
        return {"$in": [*self.values, *self.regexes]}

    def compile_test(self) -> Test:
        """Make the function that looks a value up: in a set of Python values, else among KeyStrings."""
        plain, collation = _plain_sets(self.values, self.collation), self.collation
        keys = {key_string.encode(value, collation) for value in self.values}
        uncompared = {dict, list}.difference(value.__class__ for value in self.values)
        searches = [regex_test(pattern) for pattern in self.regexes]
        encode = key_string.encode

        def test(value: Field) -> bool:
            cls = value.__class__
            members = plain.get(cls)
            if members is not None:
                if value in members:
                    return True
            elif cls not in uncompared and encode(value, collation) in keys:
                return True
            return any(search(value) for search in searches)

        return test


def in_list(path: str, members: list[BsonValue], collation: Collation | None) -> In:
    """Return the node of `$in` for the members as a user gives them."""
    values: dict[bytes, BsonValue] = {}
    for member in members:
        if not isinstance(member, Regex):
            values.setdefault(key_string.encode(member, collation), member)
    regexes = tuple(member for member in members if isinstance(member, Regex))
    return In(path, tuple(values[key] for key in sorted(values)), regexes, collation)


def plain_classes(operand: BsonValue, collation: Collation | None) -> frozenset[type]:
    """Return the classes of values which Python compares with the operand as MongoDB does."""
    if is_nan(operand) or (collation is not None and isinstance(operand, str)):
        return _NO_CLASSES
    return _PLAIN.get(operand.__class__, _NO_CLASSES)


def _plain_sets(values: tuple[BsonValue, ...], collation: Collation | None) -> dict[type, set[BsonValue]]:
    """Return, by class of value, the set in which to look; a class without one needs KeyStrings."""
    nulls: set[BsonValue] = {None, MISSING} if any(value is None for value in values) else set()
    sets: dict[type, set[BsonValue]] = {type(None): nulls, Missing: nulls}
    for classes in {frozenset({cls}) if cls not in _NUMBERS else _NUMBERS for cls in _PLAIN}:
        members = {value for value in values if value.__class__ in classes and plain_classes(value, collation)}
        if str in classes and collation is not None:
            continue
        if classes is _NUMBERS and any(isinstance(value, Decimal128) or is_nan(value) for value in values):
            continue
        sets |= dict.fromkeys(classes, members)
    return sets


@FIELD_OPERATORS.operator("$eq")
def parse_eq(operand: Operand) -> MatchExpression:
    """Match values equal to the operand; a regular expression equals only itself here.

    Reference:
        MongoDB manual, "$eq".
    """
    return Eq(operand.path, operand.value, operand.parser.context.collation)


@FIELD_OPERATORS.operator("$ne")
def parse_ne(operand: Operand) -> MatchExpression:
    """Match where no value equals the operand.

    Raises:
        ServerError: BadValue (2) for a regular expression.

    Reference:
        MongoDB manual, "$ne".
    """
    if isinstance(operand.value, Regex):
        raise ServerError(ErrorCode.BadValue, "Can't have regex as arg to $ne.")
    return Not(Eq(operand.path, operand.value, operand.parser.context.collation))


@FIELD_OPERATORS.operator("$gt")
def parse_gt(operand: Operand) -> MatchExpression:
    """Match values of the operand's type that are greater.

    Raises:
        ServerError: BadValue (2) for a regular expression.

    Reference:
        MongoDB manual, "$gt".
    """
    return _range(Gt, operand)


@FIELD_OPERATORS.operator("$gte")
def parse_gte(operand: Operand) -> MatchExpression:
    """Match values of the operand's type that are greater or equal; null matches a missing field.

    Raises:
        ServerError: BadValue (2) for a regular expression.

    Reference:
        MongoDB manual, "$gte".
    """
    return _range(Gte, operand)


@FIELD_OPERATORS.operator("$lt")
def parse_lt(operand: Operand) -> MatchExpression:
    """Match values of the operand's type that are less.

    Raises:
        ServerError: BadValue (2) for a regular expression.

    Reference:
        MongoDB manual, "$lt".
    """
    return _range(Lt, operand)


@FIELD_OPERATORS.operator("$lte")
def parse_lte(operand: Operand) -> MatchExpression:
    """Match values of the operand's type that are less or equal; null matches a missing field.

    Raises:
        ServerError: BadValue (2) for a regular expression.

    Reference:
        MongoDB manual, "$lte".
    """
    return _range(Lte, operand)


def _range(node: type[Comparison], operand: Operand) -> Comparison:
    if isinstance(operand.value, Regex):
        message = f"Can't have RegEx as arg to non-equality predicate over field '{operand.path}'."
        raise ServerError(ErrorCode.BadValue, message)
    return node(operand.path, operand.value, operand.parser.context.collation)


@FIELD_OPERATORS.operator("$in")
def parse_in(operand: Operand) -> MatchExpression:
    """Match values equal to, or matched by, a member of the list.

    Raises:
        ServerError: BadValue (2) for an operand that is no array, or has operators inside.

    Reference:
        MongoDB manual, "$in".
    """
    return _parse_list(operand)


def _parse_list(operand: Operand) -> In:
    members = operand.value
    if not isinstance(members, list):
        raise ServerError(ErrorCode.BadValue, f"{operand.name} needs an array")
    if any(is_operator_document(member) for member in members):
        raise ServerError(ErrorCode.BadValue, "cannot nest $ under $in")
    for member in members:
        if isinstance(member, Regex):
            compile_pattern(member.pattern, options_of(member))
    return in_list(operand.path, members, operand.parser.context.collation)


@FIELD_OPERATORS.operator("$nin")
def parse_nin(operand: Operand) -> MatchExpression:
    """Match where no value equals, or is matched by, a member of the list.

    Raises:
        ServerError: BadValue (2) as for `$in`.

    Reference:
        MongoDB manual, "$nin".
    """
    return Not(_parse_list(operand))


def _parse_reference_field(operand: Operand) -> MatchExpression:
    """Match a field of a DBRef, where a filter is on the DBRef itself; the operand is always a value.

    Reference:
        MongoDB manual, "Database References".
    """
    return Eq(operand.name, operand.value, operand.parser.context.collation)


for _name in INCOMPLETE_DBREF:
    TOP_LEVEL_OPERATORS.operator(_name)(_parse_reference_field)


def is_operator_document(value: BsonValue, *, references: tuple[str, ...] = ()) -> bool:
    """Tell whether a value is a document of operators: its first name begins with `$`, and it is no DBRef.

    Args:
        value: Any value.
        references: Names that make it an incomplete DBRef, which is a value too.
    """
    if not isinstance(value, dict) or not value:
        return False
    if not next(iter(value)).startswith("$"):
        return False
    return not (("$ref" in value and "$id" in value) or any(name in value for name in references))
