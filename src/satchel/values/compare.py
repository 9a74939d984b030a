"""The order of BSON values: one total order over all types, in which the four number types compare as numbers.

Reference:
    MongoDB manual, "Comparison/Sort Order".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.values.bson_types import BsonValue, Document, Field, Missing, Undefined
from satchel.values.collation import Collation
from satchel.values.numbers import to_decimal

MIN_KEY_ORDER: Final = -1
UNDEFINED_ORDER: Final = 0
NULL_ORDER: Final = 5
NUMBER_ORDER: Final = 10
STRING_ORDER: Final = 15
OBJECT_ORDER: Final = 20
ARRAY_ORDER: Final = 25
BINARY_ORDER: Final = 30
OBJECT_ID_ORDER: Final = 35
BOOLEAN_ORDER: Final = 40
DATE_ORDER: Final = 45
TIMESTAMP_ORDER: Final = 47
REGEX_ORDER: Final = 50
CODE_ORDER: Final = 60
SCOPED_CODE_ORDER: Final = 65
MAX_KEY_ORDER: Final = 127

_ORDER_OF_CLASS: Final[dict[type, int]] = {
    MinKey: MIN_KEY_ORDER,
    Missing: UNDEFINED_ORDER,
    Undefined: UNDEFINED_ORDER,
    type(None): NULL_ORDER,
    int: NUMBER_ORDER,
    Int64: NUMBER_ORDER,
    float: NUMBER_ORDER,
    Decimal128: NUMBER_ORDER,
    str: STRING_ORDER,
    dict: OBJECT_ORDER,
    list: ARRAY_ORDER,
    bytes: BINARY_ORDER,
    Binary: BINARY_ORDER,
    ObjectId: OBJECT_ID_ORDER,
    bool: BOOLEAN_ORDER,
    DatetimeMS: DATE_ORDER,
    Timestamp: TIMESTAMP_ORDER,
    Regex: REGEX_ORDER,
    Code: CODE_ORDER,
    MaxKey: MAX_KEY_ORDER,
}

# Two values of one of these classes compare as Python compares them.
# A str compares by code points, which is the order of its UTF-8 bytes.
_PLAIN_CLASSES: Final = frozenset({int, Int64, str, bool, ObjectId})

_REGEX_FLAG_LETTERS: Final = ((2, "i"), (4, "l"), (8, "m"), (16, "s"), (32, "u"), (64, "x"))


def type_order(value: Field) -> int:
    """Return the number of the bracket in which `value` sorts: 10 for all numbers, 15 for strings, and so on."""
    cls = value.__class__
    if cls is Code and value.scope is not None:  # type: ignore[attr-defined]
        return SCOPED_CODE_ORDER
    try:
        return _ORDER_OF_CLASS[cls]
    except KeyError:
        raise TypeError(f"{cls.__name__} is not a BSON type of the engine") from None


def compare(left: Field, right: Field, collation: Collation | None = None) -> int:
    """Compare two values in MongoDB's total order.

    Args:
        left: A value, or MISSING, which sorts before null.
        right: Likewise.
        collation: How strings compare; None means by their bytes.

    Returns:
        -1, 0 or 1. NaN is the least number and equal to itself.
    """
    cls = left.__class__
    if cls is right.__class__ and cls in _PLAIN_CLASSES and (collation is None or cls is not str):
        return _three_way(left, right)
    order = type_order(left)
    other_order = type_order(right)
    if order != other_order:
        return -1 if order < other_order else 1
    return _COMPARERS[order](left, right, collation)


def equal(left: Field, right: Field, collation: Collation | None = None) -> bool:
    """Tell whether two values are equal in MongoDB's order: numbers by value, objects field by field in order."""
    cls = left.__class__
    if cls is right.__class__ and cls in _PLAIN_CLASSES and (collation is None or cls is not str):
        return left == right
    return compare(left, right, collation) == 0


def binary_sort_parts(value: bytes) -> tuple[int, int, bytes]:
    """Return what binary data sorts by: length, subtype, bytes; subtype 2 counts its inner length prefix."""
    subtype = value.subtype if isinstance(value, Binary) else 0
    data = bytes(value)
    if subtype == 2:
        data = len(data).to_bytes(4, "little") + data
    return len(data), subtype, data


def regex_sort_parts(value: Regex[str]) -> tuple[str, str]:
    """Return what a regular expression sorts by: its pattern, and the letters of its flags in alphabetical order."""
    return value.pattern, "".join(letter for bit, letter in _REGEX_FLAG_LETTERS if value.flags & bit)


def _three_way(left: Any, right: Any) -> int:
    return 1 if left > right else -1 if left < right else 0


def _always_equal(_left: BsonValue, _right: BsonValue, _collation: Collation | None) -> int:
    return 0


def _compare_plain(left: BsonValue, right: BsonValue, _collation: Collation | None) -> int:
    return _three_way(left, right)


def _comparable(value: float | Decimal128) -> float | Decimal:
    # Python compares int, float and Decimal with each other exactly; only a signalling NaN refuses.
    if not isinstance(value, Decimal128):
        return value
    number = to_decimal(value)
    return math.nan if number.is_nan() else number


def _compare_numbers(left: float | Decimal128, right: float | Decimal128, _collation: Collation | None) -> int:
    number, other = _comparable(left), _comparable(right)
    number_is_nan, other_is_nan = number != number, other != other  # noqa: PLR0124
    if number_is_nan or other_is_nan:
        return other_is_nan - number_is_nan
    return _three_way(number, other)


def _compare_strings(left: str, right: str, collation: Collation | None) -> int:
    if collation is None:
        return _three_way(left, right)
    return _three_way(collation.sort_key(left), collation.sort_key(right))


def _compare_objects(left: Document, right: Document, collation: Collation | None) -> int:
    for (name, value), (other_name, other_value) in zip(left.items(), right.items(), strict=False):
        result = (
            _three_way(type_order(value), type_order(other_value))
            or _three_way(name, other_name)
            or compare(value, other_value, collation)
        )
        if result:
            return result
    return _three_way(len(left), len(right))


def _compare_arrays(left: Sequence[BsonValue], right: Sequence[BsonValue], collation: Collation | None) -> int:
    for value, other_value in zip(left, right, strict=False):
        result = compare(value, other_value, collation)
        if result:
            return result
    return _three_way(len(left), len(right))


def _compare_binaries(left: bytes, right: bytes, _collation: Collation | None) -> int:
    return _three_way(binary_sort_parts(left), binary_sort_parts(right))


def _compare_dates(left: DatetimeMS, right: DatetimeMS, _collation: Collation | None) -> int:
    return _three_way(int(left), int(right))


def _compare_timestamps(left: Timestamp, right: Timestamp, _collation: Collation | None) -> int:
    return _three_way((left.time, left.inc), (right.time, right.inc))


def _compare_regexes(left: Regex[str], right: Regex[str], _collation: Collation | None) -> int:
    return _three_way(regex_sort_parts(left), regex_sort_parts(right))


def _compare_codes(left: Code, right: Code, _collation: Collation | None) -> int:
    return _three_way(str(left), str(right))


def _compare_scoped_codes(left: Code, right: Code, _collation: Collation | None) -> int:
    return _three_way(str(left), str(right)) or _compare_objects(dict(left.scope or {}), dict(right.scope or {}), None)


_COMPARERS: Final[dict[int, Callable[[Any, Any, Collation | None], int]]] = {
    MIN_KEY_ORDER: _always_equal,
    UNDEFINED_ORDER: _always_equal,
    NULL_ORDER: _always_equal,
    NUMBER_ORDER: _compare_numbers,
    STRING_ORDER: _compare_strings,
    OBJECT_ORDER: _compare_objects,
    ARRAY_ORDER: _compare_arrays,
    BINARY_ORDER: _compare_binaries,
    OBJECT_ID_ORDER: _compare_plain,
    BOOLEAN_ORDER: _compare_plain,
    DATE_ORDER: _compare_dates,
    TIMESTAMP_ORDER: _compare_timestamps,
    REGEX_ORDER: _compare_regexes,
    CODE_ORDER: _compare_codes,
    SCOPED_CODE_ORDER: _compare_scoped_codes,
    MAX_KEY_ORDER: _always_equal,
}
