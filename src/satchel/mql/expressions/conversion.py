"""What the conversions of `$convert` share: their options, and how they fail."""

from __future__ import annotations

from dataclasses import dataclass

from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, type_name


@dataclass(frozen=True, slots=True)
class ConversionOptions:
    """The further arguments of `$convert`.

    Attributes:
        base: 2, 8, 10 or 16 for integers in text, or None for MongoDB's usual notation.
        format: How binary data looks as text: base64, base64url, utf8, hex, uuid or auto. None when not given.
        big_endian: Whether the highest byte of a number comes first in binary data.
        subtype: The subtype of resulting binary data.
    """

    base: int | None = None
    format: str | None = None
    big_endian: bool = False
    subtype: int = 0


def failure(message: str) -> ServerError:
    """Return ConversionFailure (241), which `onError` catches."""
    return ServerError(ErrorCode.ConversionFailure, message)


def failure_without_on_error(message: str, detail: object) -> ServerError:
    """Return ConversionFailure (241) in the wording of most of MongoDB's conversions."""
    return failure(f"{message} in $convert with no onError value: {detail}")


def unsupported(value: BsonValue, target: str) -> ServerError:
    """Return the failure for two types between which there is no conversion."""
    return failure(f"Unsupported conversion from {type_name(value)} to {target} in $convert with no onError value")
