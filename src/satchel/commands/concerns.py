"""Read and write concerns: checked as MongoDB does, and what of them means something for one file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, type_name
from satchel.values.numbers import exact_int64

READ_LEVELS: Final = ("local", "majority", "linearizable", "available", "snapshot")
_WRITE_FIELDS: Final = frozenset({"w", "j", "wtimeout", "fsync", "provenance", "wOpTime"})
_READ_FIELDS: Final = frozenset(
    {"level", "afterClusterTime", "atClusterTime", "afterOpTime", "provenance", "allowTransactionTableSnapshot"}
)
MAX_W: Final = 50


@dataclass(frozen=True, slots=True)
class WriteConcern:
    """What an acknowledgement has to mean.

    Attributes:
        is_durable: Whether the change has to be on the disk: `j: true`, `fsync: true` or `w: "majority"`.
    """

    is_durable: bool = False


DEFAULT_WRITE_CONCERN: Final = WriteConcern()


def write_concern(spec: BsonValue) -> WriteConcern:
    """Read a command's `writeConcern`.

    Raises:
        ServerError: FailedToParse (9), TypeMismatch (14), UnsatisfiableWriteConcern (100),
            UnknownReplWriteConcern (79).
    """
    if spec is None:
        return DEFAULT_WRITE_CONCERN
    if not isinstance(spec, dict):
        raise ServerError(
            ErrorCode.TypeMismatch,
            f'"writeConcern" had the wrong type. Expected object, found {type_name(spec)}',
        )
    for name in spec:
        if name not in _WRITE_FIELDS:
            raise ServerError(40415, f"BSON field 'writeConcern.{name}' is an unknown field.")
    w = spec.get("w")
    if isinstance(w, str):
        if w != "majority":
            raise ServerError(
                ErrorCode.UnknownReplWriteConcern,
                f'No write concern mode named "{w}" found in replica set configuration',
            )
    elif w is not None and not isinstance(w, dict):
        _check_w(exact_int64(w))
    return WriteConcern(bool(spec.get("j")) or bool(spec.get("fsync")) or w == "majority")


def _check_w(number: int | None) -> None:
    if number is None or not 0 <= number <= MAX_W:
        raise ServerError(
            ErrorCode.FailedToParse, "w has to be a non-negative number and not greater than 50; found: {number}"
        )
    if number > 1:
        raise ServerError(ErrorCode.UnsatisfiableWriteConcern, "Not enough data-bearing nodes")


def read_concern(spec: BsonValue) -> str:
    """Check a command's `readConcern` and return its level; every level reads a consistent snapshot here.

    Raises:
        ServerError: TypeMismatch (14), FailedToParse (9), BadValue (2).
    """
    if not isinstance(spec, dict):
        raise ServerError(
            ErrorCode.TypeMismatch, f'"readConcern" had the wrong type. Expected object, found {type_name(spec)}'
        )
    for name in spec:
        if name not in _READ_FIELDS:
            raise ServerError(40415, f"BSON field 'readConcern.{name}' is an unknown field.")
    level = spec.get("level", "local")
    if not isinstance(level, str):
        raise ServerError(
            ErrorCode.TypeMismatch,
            f"BSON field 'readConcern.level' is the wrong type '{type_name(level)}', expected type 'string'",
        )
    if level not in READ_LEVELS:
        raise ServerError(
            ErrorCode.BadValue, f"Enumeration value '{level}' for field 'readConcern.level' is not a valid value."
        )
    return level
