"""Set operators: arrays as sets, in which numbers of equal value are one element."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, KeysView, Sequence
from functools import partial
from typing import Final, TypeAlias

from bson import Int64

from satchel.errors import ServerError
from satchel.mql.accumulation import hashable
from satchel.mql.context import Context
from satchel.mql.expressions.boolean import truth
from satchel.mql.expressions.expression import (
    Evaluate,
    Expression,
    Variables,
    any_failing,
    combine,
    is_nullish,
    raising,
    unite,
)
from satchel.mql.expressions.registry import Association, Parser, apply, checking, operator, sequential, syntax
from satchel.values.bson_types import BsonValue, Document, Field, type_name
from satchel.values.collation import Collation
from satchel.values.key_string import encode

_Elements: TypeAlias = dict[Hashable, BsonValue]


_INTEGERS: Final = frozenset({int, Int64})
_STRINGS: Final = frozenset({str})


def unique(values: Iterable[BsonValue], collation: Collation | None = None) -> _Elements:
    """Return the values by their `hashable`, the first of several equal ones, in order."""
    found: _Elements = {}
    for value in values:
        found.setdefault(hashable(value, collation), value)
    return found


def _sorted_values(found: _Elements, collation: Collation | None) -> list[BsonValue]:
    classes = {value.__class__ for value in found.values()}
    if classes <= _INTEGERS or (classes == _STRINGS and collation is None):
        return sorted(found.values())  # type: ignore[type-var]
    return sorted(found.values(), key=lambda value: encode(value, collation))


def _operand(name: str, code: int, array: Field) -> list[BsonValue]:
    if not isinstance(array, list):
        raise ServerError(code, f"All operands of {name} must be arrays. One argument is of type: {type_name(array)}")
    return array


def _is_null(name: str, code: int, values: Sequence[Field]) -> bool:
    """Check the operand that was evaluated last; null makes the result null."""
    if is_nullish(values[-1]):
        return True
    _operand(name, code, values[-1])
    return False


@operator(
    "$setUnion", context=True, association=Association.ANY, evaluation=checking(partial(_is_null, "$setUnion", 17043))
)
def set_union(context: Context, *arrays: Field) -> Field:
    """Return the elements of all arrays, each once, in MongoDB's order; null if an array is null.

    Raises:
        ServerError: Location17043 for what is neither array nor null.

    Reference:
        MongoDB manual, "$setUnion".
    """
    joined: _Elements = {}
    for array in arrays:
        if is_nullish(array):
            return None
        for key, value in unique(_operand("$setUnion", 17043, array), context.collation).items():
            joined.setdefault(key, value)
    return _sorted_values(joined, context.collation)


@operator(
    "$setIntersection",
    context=True,
    association=Association.ANY,
    evaluation=checking(partial(_is_null, "$setIntersection", 17047)),
)
def set_intersection(context: Context, *arrays: Field) -> Field:
    """Return the elements that all arrays have, each once, in MongoDB's order; null if an array is null.

    Raises:
        ServerError: Location17047 for what is neither array nor null.

    Reference:
        MongoDB manual, "$setIntersection".
    """
    common: _Elements | None = None
    for array in arrays:
        if is_nullish(array):
            return None
        elements = unique(_operand("$setIntersection", 17047, array), context.collation)
        common = elements if common is None else _intersection(common, elements)
    return _sorted_values(common or {}, context.collation)


def _intersection(left: _Elements, right: _Elements) -> _Elements:
    """Return the common elements; of equal ones those of the smaller set, as MongoDB does."""
    fewer, more = (right, left) if len(right) < len(left) else (left, right)
    return {key: value for key, value in fewer.items() if key in more}


@operator("$setDifference", minimum=2, maximum=2, context=True)
def set_difference(context: Context, left: Field, right: Field) -> Field:
    """Return the elements of the first array that the second lacks, each once; null if an array is null.

    Raises:
        ServerError: Location17048 or 17049 for what is neither array nor null.

    Reference:
        MongoDB manual, "$setDifference".
    """
    if is_nullish(left) or is_nullish(right):
        return None
    kept = _one_of_two("$setDifference", "First", 17048, left)
    removed = unique(_one_of_two("$setDifference", "Second", 17049, right), context.collation)
    return [value for key, value in unique(kept, context.collation).items() if key not in removed]


@syntax("$setIsSubset")
def set_is_subset(operand: BsonValue, parser: Parser) -> Expression:
    """Tell whether the second array has all elements of the first.

    Raises:
        ServerError: Location17046 or 17042 for what is not an array, Location17311 for a second operand that is
            constant, and the first is not.

    Reference:
        MongoDB manual, "$setIsSubset".
    """
    left, right = parser.operands("$setIsSubset", operand, 2, 2)
    collation = parser.context.collation

    def is_subset(part: Field, whole: Field) -> Field:
        inner = _one_of_two("$setIsSubset", "First", 17046, part)
        outer = _one_of_two("$setIsSubset", "Second", 17042, whole)
        return unique(inner, collation).keys() <= unique(outer, collation).keys()

    if not (right.is_constant and parser.optimises) or left.is_constant or any_failing([left]):
        return combine(sequential(is_subset, [left, right], _check_subset), [left, right])
    if not isinstance(right.value, list):
        return raising(17311, _not_arrays("$setIsSubset", "Second", right.value))
    whole = unique(right.value, collation).keys()
    return combine(
        apply(
            lambda part: unique(_one_of_two("$setIsSubset", "First", 17046, part), collation).keys() <= whole, [left]
        ),
        [left],
    )


def _check_subset(values: Sequence[Field]) -> bool:
    _one_of_two("$setIsSubset", "First", 17046, values[0])
    return False


def _one_of_two(name: str, which: str, code: int, array: Field) -> list[BsonValue]:
    if not isinstance(array, list):
        raise ServerError(code, _not_arrays(name, which, array))
    return array


def _not_arrays(name: str, which: str, array: Field) -> str:
    return f"both operands of {name} must be arrays. {which} argument is of type: {type_name(array)}"


@syntax("$setEquals")
def set_equals(operand: BsonValue, parser: Parser) -> Expression:
    """Tell whether all arrays have the same elements.

    Raises:
        ServerError: Location17045 for fewer than two operands, Location17044 for what is not an array, Location5887502
            when that is a constant.

    Reference:
        MongoDB manual, "$setEquals".
    """
    operands = parser.operands("$setEquals", operand)
    if len(operands) < 2:
        raise ServerError(17045, f"$setEquals needs at least two arguments had: {len(operands)}")
    checked = [_checked_constant(number, part) for number, part in enumerate(operands, 1)]
    if parser.optimises:
        # The first constant is what MongoDB compares the others with.
        position = next((index for index, part in enumerate(operands) if part.is_constant), 0)
        operands.insert(0, operands.pop(position))
    return unite(_equal_sets([part.evaluate for part in operands], parser.context.collation), checked)


def _equal_sets(operands: list[Evaluate], collation: Collation | None) -> Evaluate:
    def evaluate(document: Document, variables: Variables) -> Field:
        first: KeysView[Hashable] | None = None
        for number, part in enumerate(operands, 1):
            array = _same_elements_operand(number, part(document, variables), 17044)
            elements = unique(array, collation).keys()
            if first is None:
                first = elements
            elif elements != first:
                return False
        return True

    return evaluate


def _same_elements_operand(number: int, array: Field, code: int) -> list[BsonValue]:
    if not isinstance(array, list):
        raise ServerError(
            code,
            f"All operands of $setEquals must be arrays. {number}-th argument is of type: {type_name(array)}",
        )
    return array


def _checked_constant(number: int, part: Expression) -> Expression:
    """Give a constant that is not an array the error that MongoDB has for it."""
    if not part.is_constant:
        return part
    return combine(lambda _document, _variables: _same_elements_operand(number, part.value, 5887502), [])


@operator("$allElementsTrue", minimum=1, maximum=1)
def all_elements_true(array: Field) -> Field:
    """Tell whether no element of an array counts as false.

    Raises:
        ServerError: Location17040 for what is not an array.

    Reference:
        MongoDB manual, "$allElementsTrue".
    """
    if not isinstance(array, list):
        raise ServerError(17040, f"$allElementsTrue's argument must be an array, but is {type_name(array)}")
    return all(truth(element) for element in array)


@operator("$anyElementTrue", minimum=1, maximum=1)
def any_element_true(array: Field) -> Field:
    """Tell whether some element of an array counts as true.

    Raises:
        ServerError: Location17041 for what is not an array.

    Reference:
        MongoDB manual, "$anyElementTrue".
    """
    if not isinstance(array, list):
        raise ServerError(17041, f"$anyElementTrue's argument must be an array, but is {type_name(array)}")
    return any(truth(element) for element in array)
