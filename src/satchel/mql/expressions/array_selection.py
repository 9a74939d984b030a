"""Operators that pick or order the elements of an array: `$firstN`, `$lastN`, `$minN`, `$maxN`, `$sortArray`."""

from __future__ import annotations

from collections.abc import Callable

from satchel.errors import ServerError
from satchel.mql.accumulation import ExtremumN
from satchel.mql.expressions.expression import Expression, Variables, is_nullish, unite, unoptimised
from satchel.mql.expressions.operands import beyond_int64, describe
from satchel.mql.expressions.registry import Parser, Signature, syntax
from satchel.values.bson_types import MISSING, BsonValue, Document, Field, is_number, type_name
from satchel.values.collation import Collation
from satchel.values.key_string import encode
from satchel.values.numbers import exact_int32, exact_int64, is_bson_number

_Pick = Callable[[list[BsonValue], int], list[BsonValue]]


def _signature(name: str, not_object: int) -> Signature:
    return Signature(name, {"n": 5787906, "input": 5787907}, not_object=not_object, unknown=5787901)


@syntax("$firstN")
def first_n(operand: BsonValue, parser: Parser) -> Expression:
    """Return the first `n` elements of the array `input`.

    Raises:
        ServerError: Location5787801 and 57879xx for bad arguments, Location5788200 when `input` is not an array.

    Reference:
        MongoDB manual, "$firstN (array operator)".
    """
    return _selection(_signature("$firstN", 5787801), operand, parser, lambda array, count: array[:count])


@syntax("$lastN")
def last_n(operand: BsonValue, parser: Parser) -> Expression:
    """Return the last `n` elements of the array `input`.

    Raises:
        ServerError: Location5787801 and 57879xx for bad arguments, Location5788200 when `input` is not an array.

    Reference:
        MongoDB manual, "$lastN (array operator)".
    """
    return _selection(_signature("$lastN", 5787801), operand, parser, lambda array, count: array[-count:])


@syntax("$minN")
def min_n(operand: BsonValue, parser: Parser) -> Expression:
    """Return the `n` least elements of the array `input`, in order; nulls do not count.

    Raises:
        ServerError: Location57879xx for bad arguments, Location5788200 when `input` is not an array.

    Reference:
        MongoDB manual, "$minN (array operator)".
    """
    return _selection(_signature("$minN", 5787900), operand, parser, _extremes(parser, largest=False))


@syntax("$maxN")
def max_n(operand: BsonValue, parser: Parser) -> Expression:
    """Return the `n` greatest elements of the array `input`, the greatest first; nulls do not count.

    Raises:
        ServerError: Location57879xx for bad arguments, Location5788200 when `input` is not an array.

    Reference:
        MongoDB manual, "$maxN (array operator)".
    """
    return _selection(_signature("$maxN", 5787900), operand, parser, _extremes(parser, largest=True))


def _extremes(parser: Parser, *, largest: bool) -> _Pick:
    collation = parser.context.collation

    def pick(array: list[BsonValue], count: int) -> list[BsonValue]:
        extremes = ExtremumN(count, collation, greatest=largest)
        extremes.add_many(array)
        return extremes.result()

    return pick


def order_key(collation: Collation | None) -> Callable[[Field], bytes]:
    """Return a key function for `sorted` that gives MongoDB's order."""
    return lambda value: encode(value, collation)


def _selection(signature: Signature, operand: BsonValue, parser: Parser, pick: _Pick) -> Expression:
    given = parser.without_optimising().named(signature, operand)
    count_of, input_of = given["n"].evaluate, given["input"].evaluate

    def evaluate(document: Document, variables: Variables) -> Field:
        count = positive_count(count_of(document, variables))
        array = input_of(document, variables)
        if not isinstance(array, list):
            raise ServerError(5788200, "Input must be an array")
        return pick(array, count)

    return unoptimised(evaluate, list(given.values()))


def positive_count(value: Field) -> int:
    """Return the `n` of an operator like `$firstN`.

    Raises:
        ServerError: Location5787902, 5787903 or 5787908, Location31109 beyond 64 bits.
    """
    if not is_bson_number(value):
        raise ServerError(5787902, f"Value for 'n' must be of integral type, but found {describe(value)}")
    number = exact_int64(value)
    if number is None:
        if beyond_int64(value):
            raise ServerError(31109, f"Can't coerce out of range value {describe(value)} to long")
        raise ServerError(5787903, f"Value for 'n' must be of integral type, but found {describe(value)}")
    if number <= 0:
        raise ServerError(5787908, f"'n' must be greater than 0, found {number}")
    return number


@syntax("$sortArray")
def sort_array(operand: BsonValue, parser: Parser) -> Expression:
    """Return the elements of `input` ordered by themselves (`sortBy: 1`) or by fields (`sortBy: {a: 1, "b.c": -1}`).

    The order is stable. Paths do not go through arrays; a number in them is a position.

    Raises:
        ServerError: Location2942500 to 2942503 for bad arguments, Location2942504 when `input` is neither array nor
            null, Location2942505 to 2942507 for a bad `sortBy`.

    Reference:
        MongoDB manual, "$sortArray".
    """
    specs = parser.named_specs(_SORT_ARRAY, operand)
    order = _parse_order(specs["sortBy"], parser.context.collation)
    source = parser.parse(specs["input"])
    source_of = source.evaluate

    def evaluate(document: Document, variables: Variables) -> Field:
        array = source_of(document, variables)
        if is_nullish(array):
            return None
        if not isinstance(array, list):
            raise ServerError(
                2942504, f"The input argument to $sortArray must be an array, but was of type: {type_name(array)}"
            )
        return order(array)

    return unite(evaluate, [source])


_SORT_ARRAY = Signature("$sortArray", {"input": 2942502, "sortBy": 2942503}, not_object=2942500, unknown=2942501)
_Order = Callable[[list[BsonValue]], list[BsonValue]]


def _parse_order(spec: BsonValue, collation: Collation | None) -> _Order:
    key = order_key(collation)
    if isinstance(spec, dict):
        return _parse_pattern(spec, key)
    if not is_number(spec):
        raise ServerError(
            2942507,
            "The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields",
        )
    direction = exact_int32(spec)
    if direction not in {1, -1}:
        raise ServerError(2942506, "The $sort element value must be either 1 or -1")
    return lambda array: sorted(array, key=key, reverse=direction == -1)


def _parse_pattern(spec: Document, key: Callable[[Field], bytes]) -> _Order:
    if not spec:
        raise ServerError(2942505, "The sort pattern is empty when it should be a set of fields.")
    for path, direction in spec.items():
        if not is_number(direction) or exact_int32(direction) not in {1, -1}:
            raise ServerError(2942505, "The sort element value must be either 1 or -1")
        if not path:
            raise ServerError(2942505, "The sort field cannot be empty")
        if not all(path.split(".")):
            raise ServerError(2942505, f"The sort field is a dotted field but has an empty part: {path}")
    # The least significant field first: each pass is stable.
    passes = [(tuple(path.split(".")), exact_int32(direction) == -1) for path, direction in reversed(spec.items())]

    def order(array: list[BsonValue]) -> list[BsonValue]:
        for parts, is_descending in passes:
            array = sorted(array, key=_component_key(parts, key), reverse=is_descending)
        return array

    return order


def _component_key(parts: tuple[str, ...], key: Callable[[Field], bytes]) -> Callable[[BsonValue], bytes]:
    return lambda element: key(_component(element, parts))


def _component(element: BsonValue, parts: tuple[str, ...]) -> BsonValue:
    """Return what a sort path finds in an element; nothing is null."""
    if not isinstance(element, dict):
        return None
    value: Field = element
    for part in parts:
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return None if value is MISSING else value
