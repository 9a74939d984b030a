"""Set operators: arrays as sets, in which numbers of equal value are one element."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Final

from bson import Decimal128, Int64

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.boolean import truth
from satchel.mql.expressions.expression import Expression, combine, is_nullish
from satchel.mql.expressions.registry import Association, Parser, apply, operator, syntax
from satchel.values.bson_types import BsonValue, Field, type_name
from satchel.values.collation import Collation
from satchel.values.key_string import encode
from satchel.values.numbers import exact_int64

_EXACT_IN_DOUBLE: Final = 2**53


def set_key(value: Field, collation: Collation | None = None) -> Hashable:
    """Return something hashable that is equal for equal values, and cheaper than a KeyString for common types."""
    cls = value.__class__
    if cls is str and collation is None:
        return value
    if cls is int:
        return value
    if cls is Int64 or cls is float or cls is Decimal128:
        number = exact_int64(value)
        if number is not None and -_EXACT_IN_DOUBLE <= number <= _EXACT_IN_DOUBLE:
            return number
    return encode(value, collation)


def unique(values: Iterable[BsonValue], collation: Collation | None = None) -> dict[Hashable, BsonValue]:
    """Return the values by their `set_key`, the first of several equal ones, in order."""
    found: dict[Hashable, BsonValue] = {}
    for value in values:
        found.setdefault(set_key(value, collation), value)
    return found


def _sorted_values(found: dict[Hashable, BsonValue], collation: Collation | None) -> list[BsonValue]:
    return sorted(found.values(), key=lambda value: encode(value, collation))


@operator("$setUnion", context=True, association=Association.ANY)
def set_union(context: Context, *arrays: Field) -> Field:
    """Return the elements of all arrays, each once, in MongoDB's order; null if an array is null.

    Raises:
        ServerError: Location17043 for what is neither array nor null.

    Reference:
        MongoDB manual, "$setUnion".
    """
    joined: dict[Hashable, BsonValue] = {}
    for array in arrays:
        if is_nullish(array):
            return None
        for key, value in unique(_operand("$setUnion", 17043, array), context.collation).items():
            joined.setdefault(key, value)
    return _sorted_values(joined, context.collation)


@operator("$setIntersection", context=True, association=Association.ANY)
def set_intersection(context: Context, *arrays: Field) -> Field:
    """Return the elements that all arrays have, each once, in MongoDB's order; null if an array is null.

    Raises:
        ServerError: Location17047 for what is neither array nor null.

    Reference:
        MongoDB manual, "$setIntersection".
    """
    common: dict[Hashable, BsonValue] | None = None
    for array in arrays:
        if is_nullish(array):
            return None
        elements = unique(_operand("$setIntersection", 17047, array), context.collation)
        common = elements if common is None else {key: common[key] for key in common if key in elements}
        if not common:
            break
    return _sorted_values(common or {}, context.collation)


def _operand(name: str, code: int, array: Field) -> list[BsonValue]:
    if not isinstance(array, list):
        raise ServerError(code, f"All operands of {name} must be arrays. One argument is of type: {type_name(array)}")
    return array


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


@operator("$setIsSubset", minimum=2, maximum=2, context=True)
def set_is_subset(context: Context, left: Field, right: Field) -> Field:
    """Tell whether the second array has all elements of the first.

    Raises:
        ServerError: Location17046 or 17042 for what is not an array.

    Reference:
        MongoDB manual, "$setIsSubset".
    """
    part = _one_of_two("$setIsSubset", "First", 17046, left)
    whole = _one_of_two("$setIsSubset", "Second", 17042, right)
    return unique(part, context.collation).keys() <= unique(whole, context.collation).keys()


def _one_of_two(name: str, which: str, code: int, array: Field) -> list[BsonValue]:
    if not isinstance(array, list):
        raise ServerError(
            code, f"both operands of {name} must be arrays. {which} argument is of type: {type_name(array)}"
        )
    return array


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
    return combine(apply(_equal_sets(parser.context.collation), operands), checked)


def _equal_sets(collation: Collation | None) -> Callable[..., Field]:
    def equal_sets(*arrays: Field) -> Field:
        first = unique(_same_elements_operand(1, arrays[0], 17044), collation).keys()
        return all(
            unique(_same_elements_operand(number, array, 17044), collation).keys() == first
            for number, array in enumerate(arrays[1:], 2)
        )

    return equal_sets


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
