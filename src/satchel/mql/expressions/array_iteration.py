"""Operators that evaluate an expression for every element of an array: `$map`, `$filter`, `$reduce`.

The element is a variable (`this` by default), and so is its position: `IDX`, or what `arrayIndexAs` names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, TypeAlias

from satchel.errors import ServerError
from satchel.mql.expressions.boolean import truth
from satchel.mql.expressions.expression import Evaluate, Expression, Variables, is_nullish, unite
from satchel.mql.expressions.operands import describe
from satchel.mql.expressions.registry import Parser, Signature, syntax
from satchel.mql.expressions.variable import check_variable_name
from satchel.values.bson_types import MISSING, BsonValue, Document, Field, type_name
from satchel.values.numbers import exact_int32

_MAP = Signature("$map", {"input": 16880, "in": 16882}, ("as", "arrayIndexAs"), not_object=16878, unknown=16879)
_FILTER = Signature(
    "$filter", {"input": 28648, "cond": 28650}, ("as", "limit", "arrayIndexAs"), not_object=28646, unknown=28647
)
_REDUCE = Signature(
    "$reduce",
    {"input": 40077, "initialValue": 40078, "in": 40079},
    ("as", "valueAs", "arrayIndexAs"),
    not_object=40075,
    unknown=40076,
)
_INDEX: Final = "IDX"
_Elements: TypeAlias = Callable[[Document, Variables], list[BsonValue] | None]


@syntax("$map")
def map_(operand: BsonValue, parser: Parser) -> Expression:
    """Return the values of `in` for each element of `input`; where there is none, null.

    Raises:
        ServerError: Location16878 to 16882 for bad arguments, Location16883 when `input` is neither array nor null.

    Reference:
        MongoDB manual, "$map".
    """
    specs = parser.named_specs(_MAP, operand)
    source = parser.parse(specs["input"])
    name, index = _names(specs)
    body = parser.binding([name, index]).parse(specs["in"])
    elements = _elements(source, "$map", 16883)
    body_of = body.evaluate
    uses_index = index in body.variables

    def evaluate(document: Document, variables: Variables) -> Field:
        array = elements(document, variables)
        if array is None:
            return None
        scope = dict(variables)
        mapped = []
        for position, element in enumerate(array):
            scope[name] = element
            if uses_index:
                scope[index] = position
            value = body_of(document, scope)
            mapped.append(None if value is MISSING else value)
        return mapped

    return _iterating(evaluate, [source], body.binding([name, index]))


@syntax("$filter")
def filter_(operand: BsonValue, parser: Parser) -> Expression:
    """Return the elements of `input` for which `cond` is true, at most `limit` of them.

    Raises:
        ServerError: Location28646 to 28650 for bad arguments, Location28651 when `input` is neither array nor null,
            Location327391 and 327392 for a `limit` that is not a positive int32.

    Reference:
        MongoDB manual, "$filter (aggregation)".
    """
    specs = parser.named_specs(_FILTER, operand)
    source = parser.parse(specs["input"])
    limit = parser.parse(specs.get("limit"))
    name, index = _names(specs)
    body = parser.binding([name, index]).parse(specs["cond"])
    elements = _elements(source, "$filter", 28651)
    body_of, limit_of = body.evaluate, limit.evaluate

    def matching(array: list[BsonValue], document: Document, variables: Variables) -> Iterator[BsonValue]:
        scope = dict(variables)
        for position, element in enumerate(array):
            scope[name] = element
            scope[index] = position
            if truth(body_of(document, scope)):
                yield element

    def evaluate(document: Document, variables: Variables) -> Field:
        array = elements(document, variables)
        if not array:
            return array
        return list(islice(matching(array, document, variables), _limit(limit_of(document, variables))))

    return _iterating(evaluate, [source, limit], body.binding([name, index]))


def _limit(value: Field) -> int | None:
    if is_nullish(value):
        return None
    limit = exact_int32(value)
    if limit is None:
        raise ServerError(327391, f"$filter: limit must be represented as a 32-bit integral value: {describe(value)}")
    if limit <= 0:
        raise ServerError(327392, f"$filter: limit must be greater than 0: {limit}")
    return limit


@syntax("$reduce")
def reduce(operand: BsonValue, parser: Parser) -> Expression:
    """Combine the elements of `input`: `in` sees the result so far (`value`) and the next element (`this`).

    Raises:
        ServerError: Location40075 to 40079 for bad arguments, Location40080 when `input` is neither array nor null.

    Reference:
        MongoDB manual, "$reduce".
    """
    specs = parser.named_specs(_REDUCE, operand)
    source = parser.parse(specs["input"])
    initial = parser.parse(specs["initialValue"])
    name, index = _names(specs)
    result = _name_of(specs, "valueAs", "value")
    bound = [name, index, result]
    body = parser.binding(bound).parse(specs["in"])
    elements = _elements(source, "$reduce", 40080)
    initial_of, body_of = initial.evaluate, body.evaluate

    def evaluate(document: Document, variables: Variables) -> Field:
        array = elements(document, variables)
        if array is None:
            return None
        scope = dict(variables)
        value = initial_of(document, variables)
        for position, element in enumerate(array):
            scope[name] = element
            scope[index] = position
            scope[result] = value
            value = body_of(document, scope)
        return value

    return _iterating(evaluate, [source, initial], body.binding(bound))


def _names(specs: Document) -> tuple[str, str]:
    """Return the names of the variables for the element and its position."""
    name = _name_of(specs, "as", "this")
    if "arrayIndexAs" not in specs:
        return name, _INDEX
    index = check_variable_name(specs["arrayIndexAs"])
    if index == name:
        raise ServerError(9375801, "'as' and 'arrayIndexAs' cannot have the same name")
    return name, index


def _name_of(specs: Document, argument: str, default: str) -> str:
    return check_variable_name(specs[argument]) if argument in specs else default


def _elements(source: Expression, operator: str, code: int) -> _Elements:
    """Return a closure that gives the input array, or None for null and missing."""
    source_of = source.evaluate

    def evaluate(document: Document, variables: Variables) -> list[BsonValue] | None:
        array = source_of(document, variables)
        if isinstance(array, list):
            return array
        if is_nullish(array):
            return None
        raise ServerError(code, f"input to {operator} must be an array not {type_name(array)}")

    return evaluate


def _iterating(evaluate: Evaluate, sources: list[Expression], body: Expression) -> Expression:
    """Build the expression; MongoDB never folds these, so that their own errors wait for a document."""
    return unite(evaluate, [*sources, body])
