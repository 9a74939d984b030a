"""Timestamp expressions: `$tsSecond`, `$tsIncrement`."""

from __future__ import annotations

from bson import Int64, Timestamp

from satchel.errors import ServerError
from satchel.mql.expressions.expression import is_nullish
from satchel.mql.expressions.registry import operator
from satchel.values.bson_types import Field, type_name


@operator("$tsSecond", minimum=1, maximum=1)
def ts_second(value: Field) -> Field:
    """Return the seconds of a timestamp as a long; null for null and missing.

    Raises:
        ServerError: location 5687301 for any other type.

    Reference:
        MongoDB manual, "$tsSecond".
    """
    if is_nullish(value):
        return None
    if not isinstance(value, Timestamp):
        raise ServerError(5687301, f"Argument to $tsSecond must be a timestamp, but is {type_name(value)}")
    return Int64(value.time)


@operator("$tsIncrement", minimum=1, maximum=1)
def ts_increment(value: Field) -> Field:
    """Return the increment of a timestamp as a long; null for null and missing.

    Raises:
        ServerError: location 5687302 for any other type.

    Reference:
        MongoDB manual, "$tsIncrement".
    """
    if is_nullish(value):
        return None
    if not isinstance(value, Timestamp):
        raise ServerError(5687302, f"Argument to $tsIncrement must be a timestamp, but is {type_name(value)}")
    return Int64(value.inc)
