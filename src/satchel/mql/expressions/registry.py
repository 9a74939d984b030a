"""The registry of expression operators, and the three ways to declare one.

An *eager* operator is a function of its operands' values; the registry parses, counts and evaluates them:

    @operator("$subtract", minimum=2, maximum=2)
    def subtract(left: Field, right: Field) -> Field:
        '''Subtract ...'''

An operator with *named* arguments gets them in the order of the declaration, required ones first; one that the user
left out arrives as `ABSENT` (one that is given and evaluates to nothing arrives as `MISSING`):

    @named_operator("$trim", required={"input": 50695}, optional=("chars",), not_object=50696, unknown=50694)
    def trim(text: Field, chars: Field) -> Field:
        '''Trim ...'''

A *lazy* operator parses its operand itself and builds an `Expression`; for operators that bind variables, evaluate
only some operands, or specialise on constants. `combine` folds constants and collects fields:

    @syntax("$ifNull")
    def if_null(operand: BsonValue, parser: Parser) -> Expression:
        '''Return ...'''
        first, second = parser.operands("$ifNull", operand, 2, 2)
        def evaluate(document: Document, variables: Variables) -> Field: ...
        return combine(evaluate, [first, second])

With `context=True` the function of an eager operator gets the `Context` as first argument (for its
collation). Every value is as in `satchel.values.bson_types`; a function returns `MISSING` for "no value", never a plain
`int` beyond 32 bits, and raises `ServerError` with MongoDB's code. Errors of constant operands surface when the
expression is parsed, without further ado. A module of operators has to be imported in `expressions/__init__.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from itertools import groupby
from typing import Final, Protocol, TypeAlias, TypeVar

from satchel.mql.context import Context
from satchel.mql.expressions.expression import NO_VARIABLES, Evaluate, Expression, Variables, combine, unite
from satchel.mql.registry import Registry
from satchel.values.bson_types import MISSING, BsonValue, Document, Field

Compute: TypeAlias = Callable[..., Field]
Check: TypeAlias = Callable[[Sequence[Field]], bool]
Evaluation: TypeAlias = Callable[[Compute, Sequence[Expression]], Evaluate]
Function = TypeVar("Function", bound=Callable[..., object])


class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"

    def __bool__(self) -> bool:
        return False


class Association(Enum):
    """Which constant operands MongoDB's optimiser folds together although other operands vary.

    It shows: folding raises the errors of constants at once, and `ANY` moves constants behind the other operands.
    """

    NONE = "none"
    LEFT = "left"
    RUNS = "runs"
    ANY = "any"


ABSENT: Final = Absent.ABSENT
"""Stands for an optional named argument that was not given."""


class Parser(Protocol):
    """What an operator's parse function may ask of the parser of its scope (see `expressions.parser.Parser`)."""

    @property
    def context(self) -> Context:
        """The operation's circumstances."""

    @property
    def optimises(self) -> bool:
        """Whether MongoDB would simplify what is parsed here."""

    def parse(self, spec: BsonValue) -> Expression:
        """Parse any expression."""

    def without_optimising(self) -> Parser:
        """Return a parser of the same scope for the operands of an operator in which MongoDB optimises nothing."""

    def operands(self, name: str, operand: BsonValue, minimum: int = 0, maximum: int | None = None) -> list[Expression]:
        """Parse and count the operands of the operator `name`."""

    def named(self, signature: Signature, operand: BsonValue) -> dict[str, Expression]:
        """Check and parse named arguments."""

    def named_specs(self, signature: Signature, operand: BsonValue) -> Document:
        """Check named arguments, and return them unparsed."""

    def binding(self, names: Iterable[str], constants: Variables = NO_VARIABLES) -> Parser:
        """Return the parser of an inner scope with more variables."""


Syntax: TypeAlias = Callable[[BsonValue, Parser], Expression]

OPERATORS: Final[Registry[Syntax]] = Registry("expression operator", "satchel.mql.expressions.families")


@dataclass(frozen=True, slots=True)
class Signature:
    """The named arguments of an operator, and the error codes of its own that MongoDB has for bad ones.

    Attributes:
        name: The operator.
        required: Argument → the code when it is missing.
        optional: The other arguments.
        not_object: The code when the operand is not an object.
        unknown: The code when there is any other argument.
    """

    name: str
    required: Mapping[str, int]
    optional: Sequence[str] = ()
    not_object: int = 9
    unknown: int = 9
    arguments: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", (*self.required, *self.optional))


def operator(
    name: str,
    *,
    minimum: int = 0,
    maximum: int | None = None,
    context: bool = False,
    association: Association = Association.NONE,
    evaluation: Evaluation | None = None,
) -> Callable[[Function], Function]:
    """Declare an eager operator: a function of its operands' values.

    Args:
        name: MongoDB's name, with the dollar.
        minimum: The least number of operands.
        maximum: The greatest; None is any.
        context: Whether the function gets the `Context` first.
        association: Whether some of the operands can be folded when not all are constant.
        evaluation: The order in which operands are evaluated and looked at: `checking(...)`, `apply_right_first`;
            None is `apply`.
    """

    def register(function: Function) -> Function:
        def parse(operand: BsonValue, parser: Parser) -> Expression:
            operands = parser.operands(name, operand, minimum, maximum)
            compute = partial(function, parser.context) if context else function
            if association is not Association.NONE and parser.optimises:
                operands = fold_operands(compute, operands, association)
            return combine((evaluation or apply)(compute, operands), operands)

        declare(name, function, parse)
        return function

    return register


def named_operator(
    name: str,
    *,
    required: Mapping[str, int],
    optional: Sequence[str] = (),
    not_object: int = 9,
    unknown: int = 9,
    folds: bool = True,
) -> Callable[[Function], Function]:
    """Declare an eager operator with named arguments; the codes are as in `Signature`.

    With `folds=False` it is evaluated for each document even if all its arguments are constant, and fails only then.
    """
    signature = Signature(name, required, optional, not_object, unknown)

    def register(function: Function) -> Function:
        def parse(operand: BsonValue, parser: Parser) -> Expression:
            given = parser.named(signature, operand)
            order = [given.get(argument) for argument in signature.arguments]
            return (combine if folds else unite)(apply_named(function, order), list(given.values()))

        declare(name, function, parse)
        return function

    return register


def syntax(name: str) -> Callable[[Syntax], Syntax]:
    """Declare an operator that parses its own operand."""
    return OPERATORS.operator(name)


def declare(name: str, function: Callable[..., object], parse: Syntax) -> None:
    """Register `parse` under the name, module and docstring of the function that it wraps."""
    parse.__doc__ = function.__doc__
    parse.__module__ = function.__module__
    parse.__name__ = function.__name__
    OPERATORS.operator(name)(parse)


def fold_operands(function: Compute, operands: Sequence[Expression], association: Association) -> list[Expression]:
    """Replace groups of two or more constant operands by their common value, as `association` allows."""
    if all(operand.is_constant for operand in operands):
        return list(operands)
    if association is Association.ANY:
        varying = [operand for operand in operands if not operand.is_constant]
        return [*varying, *_folded(function, [operand for operand in operands if operand.is_constant])]
    folded: list[Expression] = []
    for is_constant, run in groupby(operands, key=lambda operand: operand.is_constant):
        group = list(run)
        may_fold = is_constant and (association is Association.RUNS or not folded)
        folded += _folded(function, group) if may_fold else group
    return folded


def _folded(function: Compute, constants: list[Expression]) -> list[Expression]:
    return [combine(apply(function, constants), constants)] if len(constants) > 1 else constants


def checking(check: Check) -> Evaluation:
    """Return `sequential` with this check."""

    def evaluation(function: Compute, operands: Sequence[Expression]) -> Evaluate:
        return sequential(function, operands, check)

    return evaluation


def sequential(function: Compute, operands: Sequence[Expression], check: Check) -> Evaluate:
    """Return the closure of an operator that looks at its first operands before it evaluates the others.

    Args:
        function: Computes the value, and does all checks again.
        operands: The operands.
        check: Gets the values so far, after each but the last. It raises the operator's error for them, or returns
            True when the result is null whatever follows.
    """
    if all(operand.is_plain for operand in operands[1:]):
        return apply(function, operands)
    evaluates = [operand.evaluate for operand in operands[:-1]]
    last = operands[-1].evaluate

    def evaluate(document: Document, variables: Variables) -> Field:
        values: list[Field] = []
        for part in evaluates:
            values.append(part(document, variables))
            if check(values):
                return None
        return function(*values, last(document, variables))

    return evaluate


def apply_right_first(function: Compute, operands: Sequence[Expression]) -> Evaluate:
    """Return what `apply` returns, for two operands of which the second one is evaluated first."""
    left, right = operands
    if right.is_plain or left.is_plain:
        return apply(function, operands)
    first, second = left.evaluate, right.evaluate

    def evaluate(document: Document, variables: Variables) -> Field:
        value = second(document, variables)
        return function(first(document, variables), value)

    return evaluate


def apply(function: Compute, operands: Sequence[Expression]) -> Evaluate:
    """Return the closure that evaluates `operands` and calls `function` with their values."""
    if len(operands) == 1:
        return _apply_one(function, operands[0])
    if len(operands) == 2:
        return _apply_two(function, operands[0], operands[1])
    evaluates = [operand.evaluate for operand in operands]
    if len(operands) == 3:
        first, second, third = evaluates
        return lambda document, variables: function(
            first(document, variables), second(document, variables), third(document, variables)
        )
    return lambda document, variables: function(*[evaluate(document, variables) for evaluate in evaluates])


def _apply_one(function: Compute, operand: Expression) -> Evaluate:
    if operand.path is not None and len(operand.path) == 1:
        name = operand.path[0]
        return lambda document, _variables: function(document.get(name, MISSING))
    evaluate = operand.evaluate
    return lambda document, variables: function(evaluate(document, variables))


def _apply_two(function: Compute, left: Expression, right: Expression) -> Evaluate:
    first, second = left.evaluate, right.evaluate
    if right.is_constant:
        value = right.value
        if left.path is not None and len(left.path) == 1:
            name = left.path[0]
            return lambda document, _variables: function(document.get(name, MISSING), value)
        return lambda document, variables: function(first(document, variables), value)
    return lambda document, variables: function(first(document, variables), second(document, variables))


def apply_named(function: Compute, operands: Sequence[Expression | None]) -> Evaluate:
    """Return the closure that calls `function` with the values of `operands`, ABSENT for None."""
    evaluates = [None if operand is None else operand.evaluate for operand in operands]

    def evaluate(document: Document, variables: Variables) -> Field:
        return function(*[ABSENT if inner is None else inner(document, variables) for inner in evaluates])

    return evaluate
