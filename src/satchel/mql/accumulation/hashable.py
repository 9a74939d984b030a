"""Hashable stand-ins for BSON values: equal for equal values, so that groups and sets can be Python dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from enum import Enum
from typing import Final

from bson import Decimal128, Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from satchel.values.bson_types import Field
from satchel.values.collation import Collation
from satchel.values.key_string import encode


class _Special(Enum):
    TRUE = "true"
    FALSE = "false"
    NAN = "NaN"


ITSELF: Final = frozenset({str, int, Int64, ObjectId, DatetimeMS, type(None)})
"""Classes whose values are their own stand-ins (strings only without a collation)."""


def hashable(value: Field, collation: Collation | None = None) -> Hashable:
    """Return the stand-in of `value`; MISSING's is not null's.

    Numbers stand for themselves, whatever their type: Python's numeric tower hashes and compares them exactly.
    """
    cls = value.__class__
    if cls in ITSELF and (collation is None or cls is not str):
        return value
    convert = _CONVERSIONS.get(cls)
    return encode(value, collation) if convert is None else convert(value)


def _float(value: Field) -> Hashable:
    return value if value == value else _Special.NAN  # noqa: PLR0124 - only NaN is not itself


def _decimal(value: Field) -> Hashable:
    number = value.to_decimal()  # type: ignore[attr-defined]
    return _Special.NAN if number.is_nan() else number


def _boolean(value: Field) -> Hashable:
    return _Special.TRUE if value else _Special.FALSE


_CONVERSIONS: Final[dict[type, Callable[[Field], Hashable]]] = {
    float: _float,
    Decimal128: _decimal,
    bool: _boolean,
}
