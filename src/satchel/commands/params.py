"""Command fields, declared once and read by one reader.

A command's fields are a frozen dataclass whose fields are made with `param`; what is accepted without meaning anything
here, and what is not supported, are its class-level lists IGNORED and REFUSED. What a client sends is checked against
them: unknown fields, wrong types and missing fields get MongoDB's codes. UNSTABLE are those outside version 1 of the
Stable API, SECRETS those that neither logs nor `currentOp` show.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, ClassVar, Final, Protocol, TypeVar, cast

from bson import Binary, Int64, Timestamp

from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document, type_name
from satchel.values.numbers import Number, exact_int64, is_bson_number, truncated_int64

Kind = Callable[[str, BsonValue], object]
"""Reads a value: takes the field's full name for messages and the value, and returns what the command works with."""

_NO_DEFAULT: Final = dataclasses.MISSING


class Params(Protocol):
    """A dataclass of a command's fields."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    IGNORED: ClassVar[frozenset[str]]
    REFUSED: ClassVar[frozenset[str]]
    UNSTABLE: ClassVar[frozenset[str]]
    SECRETS: ClassVar[frozenset[str]]


P = TypeVar("P", bound=Params)


def param(kind: Kind, *, wire: str | None = None, default: object = _NO_DEFAULT, ignored: bool = False) -> Any:
    """Declare a command field.

    Args:
        kind: What values it takes, and how they are read.
        wire: Its name on the wire; by default the attribute's name in camel case.
        default: Its value when it is absent; without one the field is required. Null counts as absent, unless the kind
            is one that takes null.
        ignored: Whether it means nothing here, so that only its type counts.
    """
    metadata = {"kind": kind, "wire": wire, "ignored": ignored}
    if default is _NO_DEFAULT:
        return dataclasses.field(metadata=metadata)
    if isinstance(default, dict | list):
        return dataclasses.field(default_factory=default.copy, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def camel_case(name: str) -> str:
    """Return the wire name of an attribute: `batch_size` → `batchSize`."""
    return re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name.rstrip("_"))


GENERIC_FIELDS: Final = frozenset(
    {
        "$db", "lsid", "$clusterTime", "$readPreference", "$audit", "$client", "$configServerState", "$oplogQueryData",
        "$queryOptions", "$replData", "$configTime", "$topologyTime", "$impersonatedUsers", "$tenant",
        "txnNumber", "txnRetryCounter", "autocommit", "startTransaction", "coordinator",
        "readConcern", "writeConcern", "maxTimeMS", "maxTimeMSOpOnly", "comment", "clientOperationKey",
        "operationSessionInfo", "apiVersion", "apiStrict", "apiDeprecationErrors", "databaseVersion", "shardVersion",
        "rawData",
        "mayBypassWriteBlocking", "expectPrefix", "serialization_context", "mgmt", "startOrContinueTransaction",
        "versionContext", "traceCtx",
    }
)  # fmt: skip
"""Fields that every command takes; the dispatcher sees to those that mean something here."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Declared:
    attribute: str
    kind: Kind
    required: bool
    takes_null: bool


@lru_cache(maxsize=256)
def _declared(cls: type[Params]) -> Mapping[str, _Declared]:
    found = {}
    for field in dataclasses.fields(cls):
        required = field.default is _NO_DEFAULT and field.default_factory is _NO_DEFAULT
        kind = field.metadata["kind"]
        found[wire_name(field)] = _Declared(field.name, kind, required, getattr(kind, "takes_null", False))
    return found


def wire_name(field: dataclasses.Field[Any]) -> str:
    """Return the name that a field made with `param` has on the wire."""
    return field.metadata["wire"] or camel_case(field.name)


def read_params(cls: type[P], command: str, fields: Mapping[str, BsonValue], *, strict: bool = True) -> P:
    """Fill a command's dataclass from what a client sent.

    Args:
        cls: The dataclass.
        command: The command's name, for messages.
        fields: The command document (or a document inside it).
        strict: Whether unknown fields are an error.

    Raises:
        ServerError: Location40415 for an unknown field, Location40414 for a missing one, TypeMismatch (14) for a wrong
            type, NotImplemented (238) for a field that the server has and this one does not.
    """
    declared = _declared(cls)
    values: dict[str, object] = {}
    for name, value in fields.items():
        known = declared.get(name)
        if known is not None:
            if value is not None or known.takes_null:
                values[known.attribute] = known.kind(f"{command}.{name}", value)
        elif name in cls.REFUSED:
            if value not in (None, False):
                raise ServerError(ErrorCode.NotImplemented, f"BSON field '{command}.{name}' is not supported")
        elif strict and name not in GENERIC_FIELDS and name not in cls.IGNORED:
            raise ServerError(40415, f"BSON field '{command}.{name}' is an unknown field.")
    for name, known in declared.items():
        if known.required and known.attribute not in values:
            raise ServerError(40414, f"BSON field '{command}.{name}' is missing but a required field")
    return cls(**values)


def _wrong_type(name: str, value: BsonValue, expected: str) -> ServerError:
    return ServerError(
        ErrorCode.TypeMismatch,
        f"BSON field '{name}' is the wrong type '{type_name(value)}', expected type '{expected}'",
    )


def takes_null(kind: Kind) -> Kind:
    """Mark a kind that is to see null, to take it or to refuse it; for the others null is as good as absent."""
    kind.takes_null = True  # type: ignore[attr-defined]
    return kind


def not_null(kind: Kind) -> Kind:
    """Return a kind like `kind` for which null is of the wrong type."""

    @takes_null
    @wraps(kind)
    def read(name: str, value: BsonValue) -> object:
        return kind(name, value)

    return read


@takes_null
def any_value(name: str, value: BsonValue) -> BsonValue:
    """Take a value of any type."""
    return value


def string(name: str, value: BsonValue) -> str:
    """Take a string."""
    if not isinstance(value, str):
        raise _wrong_type(name, value, "string")
    return value


@takes_null
def collection(name: str, value: BsonValue) -> str:
    """Take the name of a collection."""
    if not isinstance(value, str):
        raise ServerError(ErrorCode.InvalidNamespace, f"collection name has invalid type {type_name(value)}")
    return value


@takes_null
def collection_or_one(name: str, value: BsonValue) -> str | None:
    """Take the name of a collection, or 1 for the database itself (None)."""
    if isinstance(value, str):
        return value
    if exact_int64(value) == 1:
        return None
    raise ServerError(
        ErrorCode.FailedToParse, "Invalid command format: the 'aggregate' field must specify a collection name or 1"
    )


def document(name: str, value: BsonValue) -> Document:
    """Take a document."""
    if not isinstance(value, dict):
        raise _wrong_type(name, value, "object")
    return value


def array(name: str, value: BsonValue) -> list[BsonValue]:
    """Take an array."""
    if not isinstance(value, list):
        raise _wrong_type(name, value, "array")
    return value


def documents(name: str, value: BsonValue) -> list[Document]:
    """Take an array of documents."""
    return [document(f"{name}.{index}", item) for index, item in enumerate(array(name, value))]


def strings(name: str, value: BsonValue) -> list[str]:
    """Take an array of strings."""
    return [string(f"{name}.{index}", item) for index, item in enumerate(array(name, value))]


def boolean(name: str, value: BsonValue) -> bool:
    """Take a boolean, or a number as one."""
    if isinstance(value, bool):
        return value
    if is_bson_number(value):
        return exact_int64(value) != 0
    raise _wrong_type(name, value, "bool")


def truth(name: str, value: BsonValue) -> bool:
    """Take anything: only false and zero mean no."""
    return exact_int64(value) != 0 if is_bson_number(value) else value is not False


def strict_boolean(name: str, value: BsonValue) -> bool:
    """Take a boolean and nothing else."""
    if not isinstance(value, bool):
        raise _wrong_type(name, value, "bool")
    return value


def _number(name: str, value: BsonValue) -> Number:
    if not is_bson_number(value):
        raise ServerError(
            ErrorCode.TypeMismatch,
            f"BSON field '{name}' is the wrong type '{type_name(value)}', expected types "
            "'[long, int, decimal, double]'",
        )
    return value


flag: Final[Kind] = not_null(strict_boolean)
"""A boolean that may be left out, but not be null."""


def integer(name: str, value: BsonValue) -> int:
    """Take a number, without its fraction and within 64 bits; NaN is 0."""
    return truncated_int64(_number(name, value))


def whole_number(name: str, value: BsonValue) -> int:
    """Take a number that has no fraction and fits into 64 bits."""
    number = exact_int64(_number(name, value))
    if number is None:
        raise ServerError(ErrorCode.FailedToParse, f"Expected an integer: {name.rpartition('.')[2]}: {value}")
    return number


def within(kind: Kind, minimum: int, maximum: int | None = None) -> Kind:
    """Return a kind like `kind`, which reads numbers, for those from `minimum` to `maximum`."""

    @wraps(kind)
    def read(name: str, value: BsonValue) -> int:
        number = cast("int", kind(name, value))
        if number < minimum or (maximum is not None and number > maximum):
            bound = f">= {minimum}" if number < minimum else f"<= {maximum}"
            raise ServerError(
                ErrorCode.BadValue,
                f"BSON field '{name.rpartition('.')[2]}' value must be {bound}, actual value '{number}'",
            )
        return number

    return read


non_negative: Final[Kind] = within(integer, 0)


def int64(name: str, value: BsonValue) -> int:
    """Take an integer of BSON type long."""
    if value.__class__ is not Int64:
        raise _wrong_type(name, value, "long")
    return cast("int", value)


def int64s(name: str, value: BsonValue) -> list[int]:
    """Take an array of integers of BSON type long."""
    return [int64(f"{name}.{index}", item) for index, item in enumerate(array(name, value))]


def timestamp(name: str, value: BsonValue) -> Timestamp:
    """Take a timestamp."""
    if not isinstance(value, Timestamp):
        raise _wrong_type(name, value, "timestamp")
    return value


def binary(name: str, value: BsonValue) -> bytes:
    """Take binary data."""
    if not isinstance(value, bytes | Binary):
        raise _wrong_type(name, value, "binData")
    return value


@takes_null
def string_or_document(name: str, value: BsonValue) -> str | Document:
    """Take a string or a document (a hint: an index's name or key pattern)."""
    if isinstance(value, str | dict):
        return value
    raise ServerError(ErrorCode.FailedToParse, f"Hint must be a string or an object, not {type_name(value)}")


@takes_null
def pipeline_or_document(name: str, value: BsonValue) -> Document | list[BsonValue]:
    """Take the `u` of an update: a document or a pipeline."""
    if isinstance(value, dict | list):
        return value
    raise ServerError(ErrorCode.FailedToParse, "Update argument must be either an object or an array")
