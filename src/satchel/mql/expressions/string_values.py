"""How the string operators read values that are not strings."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN
from typing import Final, TypeGuard

from bson import Code, Decimal128, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.errors import ServerError
from satchel.mql.expressions.date_format import MONTH_NAMES, iso_string
from satchel.mql.expressions.gregorian import MS_PER_SECOND, parts_of
from satchel.values.bson_types import INT64_MAX, INT64_MIN, MISSING, Field, type_name

_NOT_COERCIBLE: Final = 16007
_OUT_OF_LONG_RANGE: Final = 31109


def is_string(value: Field) -> TypeGuard[str]:
    """Tell whether `value` is a BSON string (`Code` is a `str` too, but not one)."""
    return value.__class__ is str


def coerce_to_long(value: Field) -> int:
    """Return a number as 64-bit integer: a double loses its fraction, a decimal is rounded to the even neighbour.

    Raises:
        ServerError: location 31109 when it is out of range or not a finite number.
    """
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        number = int(value)
    elif isinstance(value, Decimal128) and value.to_decimal().is_finite() and value.to_decimal().adjusted() < 20:
        number = int(value.to_decimal().to_integral_value(ROUND_HALF_EVEN))
    else:
        number = INT64_MAX + 1
    if not INT64_MIN <= number <= INT64_MAX:
        coerced = f"{value:g}" if isinstance(value, float) else value
        raise ServerError(_OUT_OF_LONG_RANGE, f"Can't coerce out of range value {coerced} to long")
    return number


def coerce_to_string(value: Field) -> str:
    """Return what the older string operators take a value for; null and missing are the empty string.

    Raises:
        ServerError: location 16007 for types without text, location 18537 for a year outside 0 to 9999.
    """
    if isinstance(value, str):
        return value if not isinstance(value, Code) or value.scope is None else _not_coercible(value)
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return _not_coercible(value)
    if isinstance(value, int | Decimal128):
        return str(value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, DatetimeMS):
        return iso_string(int(value))
    if isinstance(value, Timestamp):
        return _timestamp_text(value)
    return _not_coercible(value)


def _not_coercible(value: Field) -> str:
    raise ServerError(_NOT_COERCIBLE, f"can't convert from BSON type {type_name(value)} to String")


def _timestamp_text(value: Timestamp) -> str:
    """Return `Jan  2 03:04:05:7`: time in UTC without the year, then the increment."""
    parts = parts_of(value.time * MS_PER_SECOND)
    month = MONTH_NAMES[parts.month - 1][:3]
    return f"{month} {parts.day:2d} {parts.hour:02d}:{parts.minute:02d}:{parts.second:02d}:{value.inc}"
