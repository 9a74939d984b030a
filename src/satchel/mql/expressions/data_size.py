"""Data size expressions: `$binarySize`, `$bsonSize`."""

from __future__ import annotations

from satchel.errors import ServerError
from satchel.mql.expressions.expression import is_nullish
from satchel.mql.expressions.registry import operator
from satchel.mql.expressions.string_values import is_string
from satchel.values.bson_types import Field, encode_document, type_name
from satchel.values.numbers import narrow


@operator("$binarySize", minimum=1, maximum=1)
def binary_size(value: Field) -> Field:
    """Return the length of a string (in UTF-8) or of binary data in bytes; null for null and missing.

    Raises:
        ServerError: location 51276 for any other type.

    Reference:
        MongoDB manual, "$binarySize".
    """
    if is_nullish(value):
        return None
    if is_string(value):
        return narrow(len(value.encode()))
    if isinstance(value, bytes):
        return narrow(len(value))
    raise ServerError(51276, f"$binarySize requires a string or BinData argument, found: {type_name(value)}")


@operator("$bsonSize", minimum=1, maximum=1)
def bson_size(value: Field) -> Field:
    """Return how many bytes a document has as BSON; null for null and missing.

    Raises:
        ServerError: location 31393 for any other type.

    Reference:
        MongoDB manual, "$bsonSize".
    """
    if is_nullish(value):
        return None
    if not isinstance(value, dict):
        raise ServerError(31393, f"$bsonSize requires a document input, found: {type_name(value)}")
    return narrow(len(encode_document(value)))
