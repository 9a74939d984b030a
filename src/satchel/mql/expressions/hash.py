"""Hash expressions: `$hash`, `$hexHash`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from satchel.errors import ServerError
from satchel.mql.expressions.expression import is_nullish
from satchel.mql.expressions.registry import named_operator
from satchel.mql.expressions.string_values import is_string
from satchel.mql.expressions.value_text import value_text
from satchel.values.bson_types import Field, type_name
from satchel.values.xxhash64 import xxhash64

_ALGORITHMS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "md5": lambda raw: hashlib.md5(raw, usedforsecurity=False).digest(),
    "sha256": lambda raw: hashlib.sha256(raw).digest(),
    "xxh64": lambda raw: xxhash64(raw).to_bytes(8, "big"),
}


@named_operator("$hash", required={"input": 9, "algorithm": 9}, folds=False)
def hash_operator(value: Field, algorithm: Field) -> Field:
    """Return the hash of a string or of binary data as binary data; null for null and missing.

    Raises:
        ServerError: location 10754000 to 10754002 for bad arguments.

    Reference:
        MongoDB manual, "$hash".
    """
    return _digest(value, algorithm)


@named_operator("$hexHash", required={"input": 9, "algorithm": 9}, folds=False)
def hex_hash(value: Field, algorithm: Field) -> Field:
    """Return the hash of a string or of binary data in hexadecimal digits; null for null and missing.

    Raises:
        ServerError: location 10754000 to 10754002 for bad arguments.

    Reference:
        MongoDB manual, "$hexHash".
    """
    digest = _digest(value, algorithm)
    return None if digest is None else digest.hex().upper()


def _digest(value: Field, algorithm: Field) -> bytes | None:
    if is_nullish(value):
        return None
    if not is_string(value) and not isinstance(value, bytes):
        found = f"found: {type_name(value)} with value {value_text(value)}"
        raise ServerError(10754000, f"$hash requires that 'input' be a valid UTF-8 string or binData, {found}")
    if not is_string(algorithm):
        found = f"found: {type_name(algorithm)} with value {value_text(algorithm)}"
        raise ServerError(10754001, f"$hash requires that 'algorithm' be a string, {found}")
    compute = _ALGORITHMS.get(algorithm)
    if compute is None:
        known = "'md5', 'sha256' and 'xxh64'"
        message = f"Currently, the only supported algorithms for $hash are {known}, found: {algorithm}"
        raise ServerError(10754002, message)
    return compute(value.encode() if isinstance(value, str) else value)
