"""The nodes of a parsed filter: what all share, the logical ones, and leaves that test the values at a path.

A planner looks at the classes and their public fields; an executor calls `matches`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self, TypeAlias

from satchel.values.bson_types import MISSING, BsonValue, Document, Field
from satchel.values.path import Parts, element_leaves, leaves, split

Matcher: TypeAlias = Callable[[Document], bool]
Test: TypeAlias = Callable[[Field], bool]


@dataclass(frozen=True, eq=False)
class MatchExpression(ABC):
    """A condition on documents.

    Attributes:
        rank: Where nodes of the class stand among the children of `$and` and `$or`: MongoDB's order.
    """

    rank: ClassVar[int]

    @cached_property
    def matches(self) -> Matcher:
        """The compiled condition: tells whether a document meets it."""
        return self.compile()

    @cached_property
    def test(self) -> Test:
        """The condition on one value, its path left out: how `$elemMatch` asks of an element."""
        return self.compile_test()

    @cached_property
    def written(self) -> MatchExpression:
        """The condition as the user ordered it, where this is a parsed filter in normal form; else this node."""
        return self

    def keeping(self, written: MatchExpression) -> Self:
        """Return this node with another `written`."""
        kept = copy(self)
        kept.__dict__["written"] = written
        return kept

    def branches(self) -> tuple[MatchExpression, ...]:
        """Return the conditions that this one is made of."""
        return ()

    def descendants(self) -> Iterator[MatchExpression]:
        """Yield this node and all below it."""
        yield self
        for branch in self.branches():
            yield from branch.descendants()

    @abstractmethod
    def compile(self) -> Matcher:
        """Make the function that tells whether a document matches."""

    @abstractmethod
    def compile_test(self) -> Test:
        """Make the function that tells whether a value meets the condition, arrays not expanded."""

    @abstractmethod
    def spec(self) -> Document:
        """Return the condition as a filter, in the form that explain shows."""

    def operators(self) -> Document:
        """Return the condition without its path, as it stands in `{$elemMatch: {...}}` and `{$not: {...}}`."""
        return self.spec()

    def position(self, document: Document) -> int | None:
        """Return the array position that the positional operator `$` stands for in a document that matches."""
        return None

    def equalities(self) -> Iterator[tuple[str, BsonValue]]:
        """Return the paths whose value is given, for the document that an upsert inserts; a path may come twice."""
        return self.written.own_equalities()

    def own_equalities(self) -> Iterator[tuple[str, BsonValue]]:
        """Yield the equalities of this node and those below it."""
        yield from ()


@dataclass(frozen=True, eq=False)
class Leaf(MatchExpression):
    """A condition on the values that a path reaches.

    Attributes:
        path: The dotted path.
        expands: Whether an array at the end of the path also meets the condition by one of its elements.
    """

    path: str
    expands: ClassVar[bool] = True

    @cached_property
    def parts(self) -> Parts:
        """The steps of the path."""
        return split(self.path)

    @abstractmethod
    def operators(self) -> Document:
        """Return the condition without its path: `{"$gt": 5}`."""

    def spec(self) -> Document:
        """Return the condition as a filter."""
        return {self.path: self.operators()}

    def compile(self) -> Matcher:
        """Make the function that tells whether a document matches."""
        if len(self.parts) == 1:
            return _field_matcher(self.path, self.test, expands=self.expands)
        return _path_matcher(self.parts, self.test, expands=self.expands)

    def position(self, document: Document) -> int | None:
        """Return the position of the array element through which the document matches, if there is one."""
        reached = element_leaves if self.expands else leaves
        return next((leaf.place for leaf in reached(document, self.parts) if self.test(leaf.value)), None)


def passes(value: Field, test: Test) -> bool:
    """Tell whether a value at the end of a path passes: an array by any of its elements, or as a whole."""
    if value.__class__ is list:
        for element in value:
            if test(element):
                return True
    return test(value)


def _field_matcher(name: str, test: Test, *, expands: bool) -> Matcher:
    if not expands:
        return lambda document: test(document.get(name, MISSING))

    def matches(document: Document) -> bool:
        value = document.get(name, MISSING)
        return passes(value, test) if value.__class__ is list else test(value)

    return matches


def _path_matcher(parts: Parts, test: Test, *, expands: bool) -> Matcher:
    reached = element_leaves if expands else leaves

    def matches(document: Document) -> bool:
        value: Field = document
        for part in parts:
            if value.__class__ is dict:
                value = value.get(part, MISSING)
            elif value.__class__ is list:
                return any(test(leaf.value) for leaf in reached(document, parts))
            else:
                return test(MISSING)
        return passes(value, test) if expands else test(value)

    return matches


@dataclass(frozen=True, eq=False)
class Connective(MatchExpression):
    """A node made of conditions on the same document."""

    children: tuple[MatchExpression, ...]
    operator: ClassVar[str]

    def branches(self) -> tuple[MatchExpression, ...]:
        """Return the conditions that this one is made of."""
        return self.children

    def spec(self) -> Document:
        """Return the condition as a filter."""
        return {self.operator: [child.spec() for child in self.children]}


@dataclass(frozen=True, eq=False)
class And(Connective):
    """All children match; without children, anything does."""

    rank: ClassVar[int] = 0
    operator: ClassVar[str] = "$and"

    def compile(self) -> Matcher:
        """Make the function that tells whether a document matches."""
        return _all_of([child.matches for child in self.children])

    def compile_test(self) -> Test:
        """Make the function that tells whether a value meets all conditions."""
        return _all_of([child.test for child in self.children])

    def spec(self) -> Document:
        """Return the condition as a filter."""
        return super().spec() if self.children else {}

    def operators(self) -> Document:
        """Return the conditions without their path."""
        merged: Document = {}
        for child in self.children:
            merged |= child.operators()
        return merged

    def position(self, document: Document) -> int | None:
        """Return the position that the last child with one gives."""
        found = [child.position(document) for child in self.children]
        return next((position for position in reversed(found) if position is not None), None)

    def own_equalities(self) -> Iterator[tuple[str, BsonValue]]:
        """Yield the equalities of the children."""
        for child in self.children:
            yield from child.own_equalities()


@dataclass(frozen=True, eq=False)
class Or(Connective):
    """At least one child matches."""

    rank: ClassVar[int] = 1
    operator: ClassVar[str] = "$or"

    def compile(self) -> Matcher:
        """Make the function that tells whether a document matches."""
        return _any_of([child.matches for child in self.children])

    def compile_test(self) -> Test:
        """Make the function that tells whether a value meets one of the conditions."""
        return _any_of([child.test for child in self.children])


@dataclass(frozen=True, eq=False)
class Nor(Connective):
    """No child matches."""

    rank: ClassVar[int] = 19
    operator: ClassVar[str] = "$nor"

    def compile(self) -> Matcher:
        """Make the function that tells whether a document matches."""
        return _none_of(_any_of([child.matches for child in self.children]))

    def compile_test(self) -> Test:
        """Make the function that tells whether a value meets none of the conditions."""
        return _none_of(_any_of([child.test for child in self.children]))


@dataclass(frozen=True, eq=False)
class Not(MatchExpression):
    """The child does not match."""

    child: MatchExpression
    rank: ClassVar[int] = 18

    def branches(self) -> tuple[MatchExpression, ...]:
        """Return the condition that is negated."""
        return (self.child,)

    def compile(self) -> Matcher:
        """Make the function that tells whether a document matches."""
        return _none_of(self.child.matches)

    def compile_test(self) -> Test:
        """Make the function that tells whether a value does not meet the condition."""
        return _none_of(self.child.test)

    def spec(self) -> Document:
        """Return the condition as a filter."""
        if isinstance(self.child, Leaf):
            return {self.child.path: self.operators()}
        return {"$nor": [self.child.spec()]}

    def operators(self) -> Document:
        """Return the condition without its path."""
        return {"$not": self.child.operators()}


@dataclass(frozen=True, eq=False)
class AlwaysTrue(MatchExpression):
    """Every document matches."""

    rank: ClassVar[int] = 25

    def compile(self) -> Matcher:
        """Make the function that says yes."""
        return lambda _document: True

    def compile_test(self) -> Test:
        """Make the function that says yes."""
        return lambda _value: True

    def spec(self) -> Document:
        """Return the condition as a filter."""
        return {}


@dataclass(frozen=True, eq=False)
class AlwaysFalse(MatchExpression):
    """No document matches."""

    rank: ClassVar[int] = 24

    def compile(self) -> Matcher:
        """Make the function that says no."""
        return lambda _document: False

    def compile_test(self) -> Test:
        """Make the function that says no."""
        return lambda _value: False

    def spec(self) -> Document:
        """Return the condition as a filter."""
        return {"$alwaysFalse": 1}


def _all_of(tests: list[Callable[..., bool]]) -> Callable[..., bool]:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda value: first(value) and second(value)

    def all_pass(value: object) -> bool:
        for test in tests:  # noqa: SIM110  a generator would double the cost
            if not test(value):
                return False
        return True

    return all_pass


def _any_of(tests: list[Callable[..., bool]]) -> Callable[..., bool]:
    if len(tests) == 1:
        return tests[0]

    def any_passes(value: object) -> bool:
        for test in tests:  # noqa: SIM110  a generator would double the cost
            if test(value):
                return True
        return False

    return any_passes


def _none_of(test: Callable[..., bool]) -> Callable[..., bool]:
    return lambda value: not test(value)
