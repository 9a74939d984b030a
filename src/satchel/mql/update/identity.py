"""When a value is the same to the last bit: what decides whether an update changed anything."""

from __future__ import annotations

import struct
from typing import Final

from bson import Code, Decimal128, Regex

from satchel.values.bson_types import BsonValue

_DOUBLE: Final = struct.Struct("<d")


def identical(left: BsonValue, right: BsonValue) -> bool:
    """Tell whether two values have the same BSON bytes.

    That is stricter than equality: types, the order of fields, the sign of zero and `1.0` or `1.00` count; NaN is
    identical to itself.
    """
    if left is right:
        return True
    if left.__class__ is not right.__class__:
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(map(identical, left.values(), right.values()))
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(identical, left, right))
    if isinstance(left, float) and isinstance(right, float):
        return _DOUBLE.pack(left) == _DOUBLE.pack(right)
    return _identical_scalars(left, right)


def _identical_scalars(left: BsonValue, right: BsonValue) -> bool:
    if isinstance(left, Decimal128) and isinstance(right, Decimal128):
        return left.bid == right.bid
    if isinstance(left, Regex) and isinstance(right, Regex):
        return left.pattern == right.pattern and left.flags == right.flags
    if isinstance(left, Code) and isinstance(right, Code):
        return str(left) == str(right) and identical(left.scope, right.scope)
    return left == right
