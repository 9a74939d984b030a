"""Operators on whole arrays: access by position, search, slices, building and conversion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.accumulation import hashable
from satchel.mql.expressions.expression import Expression, any_failing, combine, constant, is_nullish, raising
from satchel.mql.expressions.operands import describe, require_int32
from satchel.mql.expressions.registry import ABSENT, Association, Parser, apply, checking, operator, sequential, syntax
from satchel.values.bson_types import MISSING, BsonValue, Document, Field, type_name
from satchel.values.collation import Collation
from satchel.values.compare import equal
from satchel.values.numbers import exact_int32

_RANGE_MEMORY_LIMIT_BYTES: Final = 100 * 1024 * 1024
_RANGE_ELEMENT_BYTES: Final = 16


@operator("$isArray", minimum=1, maximum=1)
def is_array(value: Field) -> Field:
    """Tell whether the operand is an array.

    Reference:
        MongoDB manual, "$isArray".
    """
    return isinstance(value, list)


@operator("$size", minimum=1, maximum=1)
def size(value: Field) -> Field:
    """Return the number of elements of an array.

    Raises:
        ServerError: Location17124 when the operand is not an array.

    Reference:
        MongoDB manual, "$size (aggregation)".
    """
    if not isinstance(value, list):
        raise ServerError(17124, f"The argument to $size must be an array, but was of type: {type_name(value)}")
    return len(value)


@operator("$arrayElemAt", minimum=2, maximum=2)
def array_elem_at(array: Field, index: Field) -> Field:
    """Return the element at a position; negative positions count from the end. No such element is missing.

    Raises:
        ServerError: Location28689 for what is not an array, Location28690 and 28691 for a bad position.

    Reference:
        MongoDB manual, "$arrayElemAt".
    """
    if is_nullish(array) or is_nullish(index):
        return None
    elements = _array_of("$arrayElemAt", array)
    position = require_int32(index, 28690, 28691, "$arrayElemAt's second argument")
    if not -len(elements) <= position < len(elements):
        return MISSING
    return elements[position]


def _array_of(name: str, array: Field) -> list[BsonValue]:
    if not isinstance(array, list):
        raise ServerError(28689, f"{name}'s first argument must be an array, but is {type_name(array)}")
    return array


@operator("$first", minimum=1, maximum=1)
def first(array: Field) -> Field:
    """Return the first element of an array; of an empty one nothing.

    Raises:
        ServerError: Location28689 for what is neither array nor null.

    Reference:
        MongoDB manual, "$first (array operator)".
    """
    if is_nullish(array):
        return None
    elements = _array_of("$first", array)
    return elements[0] if elements else MISSING


@operator("$last", minimum=1, maximum=1)
def last(array: Field) -> Field:
    """Return the last element of an array; of an empty one nothing.

    Raises:
        ServerError: Location28689 for what is neither array nor null.

    Reference:
        MongoDB manual, "$last (array operator)".
    """
    if is_nullish(array):
        return None
    elements = _array_of("$last", array)
    return elements[-1] if elements else MISSING


def _is_slice_of_null(values: Sequence[Field]) -> bool:
    """Check the first two operands of `$slice`, before the third one is evaluated."""
    if len(values) < 2:
        return False
    if is_nullish(values[0]) or is_nullish(values[1]):
        return True
    if not isinstance(values[0], list):
        raise ServerError(28724, f"First argument to $slice must be an array, but is of type: {type_name(values[0])}")
    require_int32(values[1], 28725, 28726, "Second argument to $slice")
    return False


@operator("$slice", minimum=2, maximum=3, evaluation=checking(_is_slice_of_null))
def slice_(array: Field, start_or_count: Field, count: Field = ABSENT) -> Field:
    """Return a part of an array: its first (or last) n elements, or n elements from a position.

    Raises:
        ServerError: Location28724 for what is not an array, Location28725 to 28729 for bad numbers.

    Reference:
        MongoDB manual, "$slice (aggregation)".
    """
    if _is_slice_of_null([array, start_or_count]) or not isinstance(array, list):
        return None
    number = require_int32(start_or_count, 28725, 28726, "Second argument to $slice")
    if count is ABSENT:
        return array[:number] if number >= 0 else array[number:]
    if is_nullish(count):
        return None
    length = require_int32(count, 28727, 28728, "Third argument to $slice")
    if length <= 0:
        raise ServerError(28729, f"Third argument to $slice must be positive: {describe(count)}")
    start = number if number >= 0 else max(0, len(array) + number)
    return array[start : start + length]


@syntax("$in")
def in_(operand: BsonValue, parser: Parser) -> Expression:
    """Tell whether an array has an element equal to the value.

    Raises:
        ServerError: Location40081 when the second operand is not an array.

    Reference:
        MongoDB manual, "$in (aggregation)".
    """
    operands = parser.operands("$in", operand, 2, 2)
    value, array = operands
    collation = parser.context.collation
    if array.is_constant and isinstance(array.value, list):
        elements = frozenset(hashable(element, collation) for element in array.value)
        return combine(apply(lambda wanted: hashable(wanted, collation) in elements, [value]), operands)
    return combine(apply(partial(_is_in, collation), operands), operands)


def _is_in(collation: Collation | None, value: Field, array: Field) -> bool:
    if not isinstance(array, list):
        raise ServerError(40081, f"$in requires an array as a second argument, found: {type_name(array)}")
    return any(equal(value, element, collation) for element in array)


@syntax("$indexOfArray")
def index_of_array(operand: BsonValue, parser: Parser) -> Expression:
    """Return the position of the first element equal to the value, between two positions; -1 if there is none.

    Raises:
        ServerError: Location40090 for what is not an array, Location50809 when only that is constant,
            Location9711600 and 9711601 for a bad position.

    Reference:
        MongoDB manual, "$indexOfArray".
    """
    operands = parser.operands("$indexOfArray", operand, 2, 4)
    array = operands[0]
    is_simplified = parser.optimises and not any_failing(operands) and not all(part.is_constant for part in operands)
    is_known = array.is_constant and is_simplified
    if is_known and is_nullish(array.value):
        return constant(None)
    if is_known and not isinstance(array.value, list):
        return raising(
            50809,
            f"First operand of $indexOfArray must be an array. First argument is of type: {type_name(array.value)}",
        )
    # MongoDB evaluates the value that is searched after the positions.
    value = operands.pop(1)
    in_order = [array, *operands[1:], value]
    compute = sequential(partial(_index_of, parser.context.collation), in_order, _is_search_in_null)
    return combine(compute, in_order)


def _is_search_in_null(values: Sequence[Field]) -> bool:
    """Check the array of `$indexOfArray`, before the other operands are evaluated."""
    if is_nullish(values[0]):
        return True
    if not isinstance(values[0], list):
        raise ServerError(40090, f"$indexOfArray requires an array as a first argument, found: {type_name(values[0])}")
    return False


def _index_of(collation: Collation | None, array: Field, *rest: Field) -> Field:
    if _is_search_in_null([array]) or not isinstance(array, list):
        return None
    *positions, value = rest
    begin = _position("starting", positions[0]) if positions else 0
    stop = min(len(array), _position("ending", positions[1])) if len(positions) > 1 else len(array)
    for index in range(begin, stop):
        if equal(array[index], value, collation):
            return index
    return -1


def _position(which: str, value: Field) -> int:
    position = exact_int32(value)
    if position is None:
        raise ServerError(
            9711600,
            f"$indexOfArray requires an integral {which} index, found a value of type: {type_name(value)}, "
            f"with value: {describe(value)}",
        )
    if position < 0:
        raise ServerError(9711601, f"$indexOfArray requires a nonnegative {which} index, found: {position}")
    return position


@operator("$reverseArray", minimum=1, maximum=1)
def reverse_array(array: Field) -> Field:
    """Return the elements in the opposite order.

    Raises:
        ServerError: Location34435 for what is neither array nor null.

    Reference:
        MongoDB manual, "$reverseArray".
    """
    if is_nullish(array):
        return None
    if not isinstance(array, list):
        raise ServerError(34435, f"The argument to $reverseArray must be an array, but was of type: {type_name(array)}")
    return array[::-1]


def _is_null(values: Sequence[Field]) -> bool:
    """Check the operand of `$concatArrays` that was evaluated last; null makes the result null."""
    array = values[-1]
    if is_nullish(array):
        return True
    if not isinstance(array, list):
        raise ServerError(28664, f"$concatArrays only supports arrays, not {type_name(array)}")
    return False


@operator("$concatArrays", association=Association.RUNS, evaluation=checking(_is_null))
def concat_arrays(*arrays: Field) -> Field:
    """Return the elements of all arrays as one; null if one of them is null.

    Raises:
        ServerError: Location28664 for what is neither array nor null.

    Reference:
        MongoDB manual, "$concatArrays".
    """
    joined: list[BsonValue] = []
    for array in arrays:
        if _is_null([array]):
            return None
        joined += array  # type: ignore[arg-type]
    return joined


def _check_range(values: Sequence[Field]) -> bool:
    """Check the first two operands of `$range`, before the third one is evaluated."""
    if len(values) == 2:
        require_int32(values[0], 34443, 34444, "$range's starting value")
        require_int32(values[1], 34445, 34446, "$range's ending value")
    return False


@operator("$range", minimum=2, maximum=3, evaluation=checking(_check_range))
def range_(start: Field, end: Field, step: Field = 1) -> Field:
    """Return the int32 numbers from `start` up to, without, `end`.

    Raises:
        ServerError: Location34443 to 34449 for bad numbers, ExceededMemoryLimit (146) for over 100 MB.

    Reference:
        MongoDB manual, "$range".
    """
    begin = require_int32(start, 34443, 34444, "$range's starting value")
    stop = require_int32(end, 34445, 34446, "$range's ending value")
    stride = require_int32(step, 34447, 34448, "$range's step value")
    if stride == 0:
        raise ServerError(34449, "$range requires a non-zero step value")
    numbers = range(begin, stop, stride)
    needed = len(numbers) * _RANGE_ELEMENT_BYTES
    if needed > _RANGE_MEMORY_LIMIT_BYTES:
        raise ServerError(
            ErrorCode.ExceededMemoryLimit,
            f"$range would use too much memory ({needed} bytes) and cannot spill to disk. "
            f"Memory limit: {_RANGE_MEMORY_LIMIT_BYTES} bytes",
        )
    return list(numbers)


@operator("$objectToArray", minimum=1, maximum=1)
def object_to_array(value: Field) -> Field:
    """Return a document's fields as an array of `{k, v}`.

    Raises:
        ServerError: Location40390 for what is neither document nor null.

    Reference:
        MongoDB manual, "$objectToArray".
    """
    if is_nullish(value):
        return None
    if not isinstance(value, dict):
        raise ServerError(40390, f"$objectToArray requires a document input, found: {type_name(value)}")
    return [{"k": name, "v": inner} for name, inner in value.items()]


@operator("$arrayToObject", minimum=1, maximum=1)
def array_to_object(value: Field) -> Field:
    """Return a document made of `{k, v}` documents or of `[k, v]` pairs; a later pair of the same name wins.

    Raises:
        ServerError: Location40386 for what is neither array nor null, Location40387 to 40399 for bad elements.

    Reference:
        MongoDB manual, "$arrayToObject".
    """
    if is_nullish(value):
        return None
    if not isinstance(value, list):
        raise ServerError(40386, f"$arrayToObject requires an array input, found: {type_name(value)}")
    built: Document = {}
    if not value:
        return built
    read = _reader_of_elements_like(value[0])
    for element in value:
        name, inner = read(element)
        built[name] = inner
    return built


def _reader_of_elements_like(element: BsonValue) -> Callable[[BsonValue], tuple[str, BsonValue]]:
    if isinstance(element, list):
        return _read_pair
    if isinstance(element, dict):
        return _read_named
    raise ServerError(40398, f"Unrecognised input type format for $arrayToObject: {type_name(element)}")


def _read_pair(element: BsonValue) -> tuple[str, BsonValue]:
    if not isinstance(element, list):
        raise ServerError(
            40396,
            "$arrayToObject requires a consistent input format. Elements must all be arrays or all be objects. "
            f"Array was detected, now found: {type_name(element)}",
        )
    if len(element) != 2:
        raise ServerError(
            40397, f"$arrayToObject requires an array of size 2 arrays,found array of size: {len(element)}"
        )
    name, value = element
    if not isinstance(name, str):
        raise ServerError(
            40395,
            "$arrayToObject requires an array of key-value pairs, where the key must be of type string. "
            f"Found key type: {type_name(name)}",
        )
    return _object_key(name, 4940400), value


def _read_named(element: BsonValue) -> tuple[str, BsonValue]:
    if not isinstance(element, dict):
        raise ServerError(
            40391,
            "$arrayToObject requires a consistent input format. Elements must all be arrays or all be objects. "
            f"Object was detected, now found: {type_name(element)}",
        )
    if len(element) != 2:
        raise ServerError(
            40392,
            f"$arrayToObject requires an object keys of 'k' and 'v'. Found incorrect number of keys:{len(element)}",
        )
    name = element.get("k", MISSING)
    value = element.get("v", MISSING)
    if name is MISSING or value is MISSING:
        raise ServerError(40393, "$arrayToObject requires an object with keys 'k' and 'v'. Missing either or both")
    if not isinstance(name, str):
        raise ServerError(
            40394,
            "$arrayToObject requires an object with keys 'k' and 'v', where the value of 'k' must be of type string. "
            f"Found type: {type_name(name)}",
        )
    return _object_key(name, 4940401), value


def _object_key(name: str, code: int) -> str:
    if "\0" in name:
        raise ServerError(code, "Key field cannot contain an embedded null byte")
    return name
