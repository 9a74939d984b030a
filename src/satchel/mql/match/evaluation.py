"""`$expr $mod $regex $sampleRate $comment`: conditions that compute."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from bson import Decimal128, Int64
from bson import Regex as BsonRegex

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.boolean import truth
from satchel.mql.expressions.expression import NO_VARIABLES, Expression
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.match.patterns import compile_pattern, flags_of, options_of
from satchel.mql.match.registry import FIELD_OPERATORS, TOP_LEVEL_OPERATORS, Operand
from satchel.mql.match.tree import AlwaysFalse, AlwaysTrue, Leaf, Matcher, MatchExpression, Test
from satchel.values.bson_types import INT64_MAX, INT64_MIN, BsonValue, Document, Field
from satchel.values.compare import compare
from satchel.values.numbers import Number, is_bson_number, narrow, truncated_int64


@dataclass(frozen=True, eq=False)
class Regex(Leaf):
    """A value is a string in which a regular expression finds something, or is that regular expression.

    Attributes:
        pattern: The pattern, in PCRE's syntax.
        options: Letters of `imsxu`, as given.
    """

    pattern: str
    options: str
    rank: ClassVar[int] = 10

    @classmethod
    def of(cls, path: str, regex: BsonRegex[str]) -> Regex:
        """Return the node for a regular expression that is a BSON value."""
        return cls(path, regex.pattern, options_of(regex))

    @property
    def regex(self) -> BsonRegex[str]:
        """The regular expression as a BSON value."""
        return BsonRegex(self.pattern, flags_of(self.options))

    def operators(self) -> Document:
        """Return the operator without its path."""
        return {"$regex": self.pattern, **({"$options": self.options} if self.options else {})}

    def compile_test(self) -> Test:
        """Make the function that searches a value."""
        return _search_test(self.pattern, self.options)


def regex_test(regex: BsonRegex[str]) -> Test:
    """Make the function that tells whether a value is matched by, or is, the regular expression."""
    return _search_test(regex.pattern, options_of(regex))


def _search_test(pattern: str, options: str) -> Test:
    search = compile_pattern(pattern, options).search
    letters = sorted(set(options))

    def test(value: Field) -> bool:
        if value.__class__ is str:
            return search(value) is not None
        return isinstance(value, BsonRegex) and value.pattern == pattern and sorted(options_of(value)) == letters

    return test


@dataclass(frozen=True, eq=False)
class Mod(Leaf):
    """A value is a number that leaves a remainder when its whole part is divided.

    Attributes:
        divisor: What it is divided by.
        remainder: What must be left; it has the sign of the value.
    """

    divisor: int
    remainder: int
    rank: ClassVar[int] = 11

    def operators(self) -> Document:
        """Return the operator without its path."""
        return {"$mod": [narrow(self.divisor), narrow(self.remainder)]}

    def compile_test(self) -> Test:
        """Make the function that divides a value."""
        divisor, remainder = abs(self.divisor), self.remainder

        def test(value: Field) -> bool:
            if not is_bson_number(value) or not _is_finite(value):
                return False
            whole = truncated_int64(value)
            if whole in _LIMITS and not _fits_int64(value):
                return False
            return (whole % divisor if whole >= 0 else -(-whole % divisor)) == remainder

        return test


_LIMITS: Final = (INT64_MIN, INT64_MAX)


def _fits_int64(value: Number) -> bool:
    return compare(value, Int64(INT64_MIN)) >= 0 and compare(value, Int64(INT64_MAX)) <= 0


def _is_finite(value: BsonValue) -> bool:
    if isinstance(value, Decimal128):
        return value.to_decimal().is_finite()
    return isinstance(value, int | float) and math.isfinite(value)


@dataclass(frozen=True, eq=False)
class Expr(MatchExpression):
    """An aggregation expression is true of the document.

    Attributes:
        expression: The parsed expression.
        source: The expression as the user wrote it.
    """

    expression: Expression
    source: BsonValue
    rank: ClassVar[int] = 23

    def compile(self) -> Matcher:
        """Make the function that evaluates the expression."""
        evaluate = self.expression.evaluate
        return lambda document: truth(evaluate(document, NO_VARIABLES))

    def compile_test(self) -> Test:
        """Refuse: an expression is on a document, never on an array element."""
        raise AssertionError("$expr stands only at the top level")

    def spec(self) -> Document:
        """Return the condition as a filter."""
        return {"$expr": self.source}


@dataclass(frozen=True, eq=False)
class SampleRate(MatchExpression):
    """Each document matches with a given probability, by itself.

    Attributes:
        rate: The probability.
        random: Gives a number from 0 up to 1, each time another.
    """

    rate: float
    random: Callable[[], float]
    rank: ClassVar[int] = 23

    def compile(self) -> Matcher:
        """Make the function that draws lots."""
        rate, draw = self.rate, self.random
        return lambda _document: draw() < rate

    def compile_test(self) -> Test:
        """Refuse: lots are drawn for documents, never for array elements."""
        raise AssertionError("$sampleRate stands only at the top level")

    def spec(self) -> Document:
        """Return the condition as a filter."""
        return {"$sampleRate": self.rate}


@TOP_LEVEL_OPERATORS.operator("$expr")
def parse_expr(operand: Operand) -> MatchExpression:
    """Match where an aggregation expression is true.

    Raises:
        ServerError: The expression's own error, or BadValue (2) below `$elemMatch`.

    Reference:
        MongoDB manual, "$expr".
    """
    _expect_top_level(operand)
    expression = parse_expression(operand.value, operand.parser.context)
    if expression.is_constant:
        return AlwaysTrue() if truth(expression.value) else AlwaysFalse()
    return Expr(expression, operand.value)


@TOP_LEVEL_OPERATORS.operator("$sampleRate")
def parse_sample_rate(operand: Operand) -> MatchExpression:
    """Match each document with the given probability.

    Raises:
        ServerError: BadValue (2) unless the operand is a number from 0 to 1.

    Reference:
        MongoDB manual, "$sampleRate".
    """
    _expect_top_level(operand)
    rate = operand.value
    if not is_bson_number(rate):
        raise ServerError(ErrorCode.BadValue, "argument to $sampleRate must be a numeric type")
    probability = float(rate.to_decimal() if isinstance(rate, Decimal128) else rate)
    if not 0 <= probability <= 1:
        raise ServerError(ErrorCode.BadValue, "numeric argument to $sampleRate must be in [0, 1]")
    if probability in (0, 1):
        return AlwaysTrue() if probability else AlwaysFalse()
    return SampleRate(probability, operand.parser.context.random.random)


def _expect_top_level(operand: Operand) -> None:
    if not operand.parser.is_top_level:
        raise ServerError(ErrorCode.BadValue, f"{operand.name} can only be applied to the top-level document")


@TOP_LEVEL_OPERATORS.operator("$comment")
def parse_comment(_operand: Operand) -> None:
    """Say nothing about documents: the comment is for logs and profiles.

    Reference:
        MongoDB manual, "$comment".
    """


@FIELD_OPERATORS.operator("$mod")
def parse_mod(operand: Operand) -> MatchExpression:
    """Match numbers whose whole part leaves the given remainder.

    Raises:
        ServerError: BadValue (2) unless the operand is an array of divisor and remainder, and the divisor is not 0.

    Reference:
        MongoDB manual, "$mod".
    """
    pair = operand.value
    if not isinstance(pair, list):
        raise ServerError(ErrorCode.BadValue, "malformed mod, needs to be an array")
    if len(pair) != 2:
        extent = "not enough" if len(pair) < 2 else "too many"
        raise ServerError(ErrorCode.BadValue, f"malformed mod, {extent} elements")
    for part, value in zip(("divisor", "remainder"), pair, strict=True):
        if not is_bson_number(value):
            raise ServerError(ErrorCode.BadValue, f"malformed mod, {part} not a number")
    divisor, remainder = _whole_part("divisor", pair[0]), _whole_part("remainder", pair[1])
    if divisor == 0:
        raise ServerError(ErrorCode.BadValue, "divisor cannot be 0")
    return Mod(operand.path, divisor, remainder)


def _whole_part(part: str, value: BsonValue) -> int:
    prefix = f"malformed mod, {part} value is invalid :: caused by :: "
    if not _is_finite(value):
        raise ServerError(ErrorCode.BadValue, f"{prefix}Unable to coerce NaN/Inf to integral type")
    number = int(value.to_decimal() if isinstance(value, Decimal128) else value)  # type: ignore[call-overload]
    if not INT64_MIN <= number <= INT64_MAX:
        raise ServerError(ErrorCode.BadValue, f"{prefix}Out of bounds coercing to integral value")
    return int(number)


@FIELD_OPERATORS.operator("$regex")
def parse_regex(operand: Operand) -> MatchExpression:
    """Match strings in which the regular expression finds something.

    Raises:
        ServerError: BadValue (2) for an operand of a wrong type, location 51075 for options given twice, 51091 for a
            pattern that is no regular expression, 51108 for unknown options.

    Reference:
        MongoDB manual, "$regex".
    """
    pattern, options = operand.value, operand.siblings.get("$options", "")
    if options.__class__ is not str:
        raise ServerError(ErrorCode.BadValue, "$options has to be a string")
    if isinstance(pattern, BsonRegex):
        own = options_of(pattern)
        if own and "$options" in operand.siblings:
            raise ServerError(51075, "options set in both $regex and $options")
        return make_regex(operand.path, pattern.pattern, own or options)
    if pattern.__class__ is not str:
        raise ServerError(ErrorCode.BadValue, "$regex has to be a string")
    return make_regex(operand.path, pattern, options)


@FIELD_OPERATORS.operator("$options")
def parse_options(operand: Operand) -> None:
    """Say how the `$regex` beside it matches.

    Raises:
        ServerError: BadValue (2) when there is none.

    Reference:
        MongoDB manual, "$regex".
    """
    if "$regex" not in operand.siblings:
        raise ServerError(ErrorCode.BadValue, "$options needs a $regex")


def make_regex(path: str, pattern: str, options: str) -> Regex:
    """Return the node of a regular expression, checked.

    Raises:
        ServerError: Location 51091 for a pattern that is no regular expression, 51108 for unknown options.
    """
    compile_pattern(pattern, options)
    return Regex(path, pattern, options)
