"""Read and write concerns: checked as MongoDB does, and what of them means something for one file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from bson import Timestamp

from satchel.commands.command import NoFields
from satchel.commands.params import any_value, boolean, param, read_params, string, takes_null, timestamp
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document, type_name
from satchel.values.numbers import is_bson_number, truncated_int64

READ_LEVELS: Final = ("local", "majority", "linearizable", "available", "snapshot")
MAX_W: Final = 50
_MAX_INT32: Final = 2**31 - 1


@takes_null
def _w(name: str, value: BsonValue) -> int | str:
    """Take the `w` of a write concern: a number of members or a mode's name; tags stand for a mode."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, dict):
        if not value:
            raise ServerError(ErrorCode.FailedToParse, "tagged write concern requires tags")
        return ", ".join(value)
    if not is_bson_number(value):
        raise ServerError(
            ErrorCode.FailedToParse, f"w has to be a number, string, or object; found: {type_name(value)}"
        )
    number = truncated_int64(value)
    if not 0 <= number <= MAX_W:
        raise ServerError(
            ErrorCode.FailedToParse, f"w has to be a non-negative number and not greater than {MAX_W}; found: {number}"
        )
    return number


def _timeout(name: str, value: BsonValue) -> int:
    """Take a number of milliseconds; whatever is no number means 0."""
    number = truncated_int64(value) if is_bson_number(value) else 0
    if abs(number) > _MAX_INT32:
        raise ServerError(ErrorCode.FailedToParse, "wtimeout must be a 32-bit integer")
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteConcernFields(NoFields):
    """Fields of `writeConcern`."""

    w: int | str = param(_w, default=1)
    j: bool = param(boolean, default=False)
    fsync: bool = param(boolean, default=False)
    wtimeout: int = param(_timeout, default=0)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"provenance", "wOpTime", "wElectionId"})


@dataclass(frozen=True, slots=True)
class WriteConcern:
    """What an acknowledgement has to mean.

    Attributes:
        is_durable: Whether the change has to be on the disk: `j: true`, `fsync: true` or `w: "majority"`.
        error: Why the concern cannot be met, which the reply says beside the command's outcome; or None.
    """

    is_durable: bool = False
    error: ServerError | None = None

    def failure(self) -> Document:
        """Return the fields that tell of the error in a reply; none if there is no error."""
        if self.error is None:
            return {}
        code, name = self.error.code, self.error.code_name
        return {"writeConcernError": {"code": code, "codeName": name, "errmsg": self.error.message}}


DEFAULT_WRITE_CONCERN: Final = WriteConcern()


def write_concern(spec: Document | None) -> WriteConcern:
    """Read a command's `writeConcern`, as the one member of a replica set understands it.

    Raises:
        ServerError: FailedToParse (9), TypeMismatch (14), Location40415 for an unknown field.
    """
    if not spec:
        return DEFAULT_WRITE_CONCERN
    fields = read_params(WriteConcernFields, "WriteConcernOptions", spec)
    if fields.j and fields.fsync:
        raise ServerError(ErrorCode.FailedToParse, "fsync and j options cannot be used together")
    return WriteConcern(fields.j or fields.fsync or fields.w == "majority", _unsatisfiable(fields.w))


def _unsatisfiable(w: int | str) -> ServerError | None:
    if isinstance(w, int):
        if w <= 1:
            return None
        return ServerError(ErrorCode.UnsatisfiableWriteConcern, "Not enough data-bearing nodes")
    if w == "majority":
        return None
    return ServerError(
        ErrorCode.UnknownReplWriteConcern, f'No write concern mode named "{w}" found in replica set configuration'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadConcernFields(NoFields):
    """Fields of `readConcern`."""

    level: str = param(string, default="local")
    after_cluster_time: Timestamp | None = param(timestamp, default=None)
    at_cluster_time: Timestamp | None = param(timestamp, default=None)
    after_op_time: BsonValue = param(any_value, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"provenance", "allowTransactionTableSnapshot"})


def read_concern(spec: Document) -> ReadConcernFields:
    """Check a command's `readConcern` and return it; every level reads a consistent snapshot here.

    Raises:
        ServerError: TypeMismatch (14), BadValue (2), Location40415 for an unknown field; InvalidOptions (72) for a
            point in time that level "snapshot" alone has.
    """
    fields = read_params(ReadConcernFields, "readConcern", spec)
    if fields.level not in READ_LEVELS:
        raise ServerError(
            ErrorCode.BadValue,
            f"Enumeration value '{fields.level}' for field 'readConcern.level' is not a valid value.",
        )
    if fields.at_cluster_time is not None:
        if fields.level != "snapshot":
            raise ServerError(
                ErrorCode.InvalidOptions,
                "readConcern level 'snapshot' is required when specifying atClusterTime",
            )
        if fields.after_cluster_time is not None:
            raise ServerError(ErrorCode.InvalidOptions, "Specify one of atClusterTime or afterClusterTime, not both")
    return fields
