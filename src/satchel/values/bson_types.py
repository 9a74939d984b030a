"""The types of BSON values as Python holds them inside the engine, and their MongoDB names and numbers.

Inside the engine a document is a `dict` as `decode_document` makes it, and a value has exactly one of these classes:

| BSON | Python | BSON | Python |
|---|---|---|---|
| double | `float` | regex | `bson.Regex` |
| string | `str` | javascript | `bson.Code` without scope |
| object | `dict` | javascriptWithScope | `bson.Code` with scope |
| array | `list` | int | `int` within 32 bits |
| binData | `bytes` (subtype 0) or `bson.Binary` | timestamp | `bson.Timestamp` |
| objectId | `bson.ObjectId` | long | `bson.Int64` |
| bool | `bool` | decimal | `bson.Decimal128` |
| date | `bson.datetime_ms.DatetimeMS` | minKey, maxKey | `bson.MinKey`, `bson.MaxKey` |
| null | `None` | | |

BSON's deprecated undefined, symbol and dbPointer are read as null, string and a DBRef document.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from enum import Enum
from typing import Final, TypeAlias

from bson import (
    Binary,
    Code,
    DBRef,
    Decimal128,
    Int64,
    MaxKey,
    MinKey,
    ObjectId,
    Regex,
    Timestamp,
    decode,
    decode_all,
    encode,
)
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument

from satchel.errors import ErrorCode, ServerError

BsonValue: TypeAlias = object
"""Any BSON value, as the table of this module says."""

Document: TypeAlias = dict[str, BsonValue]


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING
"""The absence of a field; `None` is BSON null."""

Field: TypeAlias = object
"""A BSON value, or `MISSING`."""


class Undefined(Enum):
    """The type of `UNDEFINED`."""

    UNDEFINED = "undefined"


UNDEFINED: Final = Undefined.UNDEFINED
"""BSON undefined, which stands in an index, and only there, for an empty array."""

MAX_DOCUMENT_SIZE_BYTES: Final = 16 * 1024 * 1024
_INT32: Final = struct.Struct("<i")
MAX_RESULT_SIZE_BYTES: Final = MAX_DOCUMENT_SIZE_BYTES + 16 * 1024
"""How large a document that a read makes may be: a stored one, and something that is added to it."""

MAX_NESTING_DEPTH: Final = 180

INT32_MIN: Final = -(2**31)
INT32_MAX: Final = 2**31 - 1
INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1

CODEC_OPTIONS: Final[CodecOptions[Document]] = CodecOptions(
    document_class=dict, datetime_conversion=DatetimeConversion.DATETIME_MS
)

_RAW_OPTIONS: Final = CodecOptions(document_class=RawBSONDocument, datetime_conversion=DatetimeConversion.DATETIME_MS)
_LARGE_BYTES: Final = 16 * 1024
_DBREF_FIELD: Final = b"$ref\0"
_NESTING_CLASSES: Final = frozenset({RawBSONDocument, list, Code, DBRef})
"""What PyMongo leaves raw, and what documents can be in."""

EMPTY_NAMED_PREFIX_BYTES: Final = 6
"""Length, type and empty name before the only document inside a document."""

TYPE_NUMBERS: Final[dict[str, int]] = {
    "double": 1,
    "string": 2,
    "object": 3,
    "array": 4,
    "binData": 5,
    "undefined": 6,
    "objectId": 7,
    "bool": 8,
    "date": 9,
    "null": 10,
    "regex": 11,
    "dbPointer": 12,
    "javascript": 13,
    "symbol": 14,
    "javascriptWithScope": 15,
    "int": 16,
    "timestamp": 17,
    "long": 18,
    "decimal": 19,
    "minKey": -1,
    "maxKey": 127,
}
"""MongoDB's type aliases and their BSON numbers ($type accepts both; `number` is an alias of four of them)."""

TYPE_NAMES: Final[dict[int, str]] = {number: name for name, number in TYPE_NUMBERS.items()}
NUMBER_TYPE_NAMES: Final = frozenset({"double", "int", "long", "decimal"})

_NAME_OF_CLASS: Final[dict[type, str]] = {
    float: "double",
    str: "string",
    dict: "object",
    list: "array",
    bytes: "binData",
    Binary: "binData",
    ObjectId: "objectId",
    bool: "bool",
    DatetimeMS: "date",
    type(None): "null",
    Regex: "regex",
    Code: "javascript",
    Timestamp: "timestamp",
    Int64: "long",
    Decimal128: "decimal",
    MinKey: "minKey",
    MaxKey: "maxKey",
    Missing: "missing",
    Undefined: "undefined",
}


def type_name(value: Field) -> str:
    """Return MongoDB's type alias of `value` (`"missing"` for `MISSING`)."""
    cls = value.__class__
    if cls is int:
        return "int" if INT32_MIN <= value <= INT32_MAX else "long"  # type: ignore[operator]
    if cls is Code:
        return "javascript" if value.scope is None else "javascriptWithScope"  # type: ignore[attr-defined]
    try:
        return _NAME_OF_CLASS[cls]
    except KeyError:
        raise TypeError(f"{cls.__name__} is not a BSON type of the engine") from None


def is_number(value: Field) -> bool:
    """Tell whether `value` is of a BSON number type (booleans are not)."""
    return value.__class__ in _NUMBER_CLASSES


_NUMBER_CLASSES: Final = frozenset({int, Int64, float, Decimal128})

PLAIN_CLASSES: Final = frozenset(
    {str, int, float, bool, Int64, ObjectId, DatetimeMS, Decimal128, Timestamp, bytes, Binary}
)
"""Classes of values which, in a filter, ask for values equal to themselves, of which an index has them all."""


def decode_document(raw: bytes | memoryview) -> Document:
    """Decode one BSON document into the engine's classes.

    Raises:
        ServerError: InvalidBSON (22) when `raw` is not one well-formed document.
    """
    try:
        if len(raw) > _LARGE_BYTES:  # looking at few values is quicker than looking at many bytes, of a chunk for one
            document = dict(RawBSONDocument(bytes(raw), _RAW_OPTIONS))
            if _NESTING_CLASSES.isdisjoint(map(type, document.values())):
                return document
        if _DBREF_FIELD in (raw if isinstance(raw, bytes) else bytes(raw)):
            return {name: _plain(value) for name, value in RawBSONDocument(bytes(raw), _RAW_OPTIONS).items()}
        return decode(raw, CODEC_OPTIONS)
    except (BSONError, RecursionError, ValueError) as error:
        raise ServerError(ErrorCode.InvalidBSON, f"invalid BSON: {error}") from error


def decode_documents(raw: Sequence[bytes]) -> list[Document]:
    """Decode many BSON documents, each as `decode_document` does.

    Raises:
        ServerError: InvalidBSON (22) when one of them is not a well-formed document.
    """
    if raw and len(raw[0]) > _LARGE_BYTES:  # putting them together takes longer than decoding one by one
        return [decode_document(each) for each in raw]
    together = b"".join(raw)
    if _DBREF_FIELD in together:
        return [decode_document(each) for each in raw]
    try:
        return decode_all(together, CODEC_OPTIONS)
    except (BSONError, RecursionError, ValueError) as error:
        raise ServerError(ErrorCode.InvalidBSON, f"invalid BSON: {error}") from error


def _plain(value: BsonValue) -> BsonValue:
    """Decode what PyMongo left raw: decoding at once would make every document with a `$ref` a `DBRef`."""
    if isinstance(value, RawBSONDocument):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if value.__class__ is Code and value.scope is not None:
        return Code(str(value), _plain(value.scope))  # type: ignore[arg-type]
    return value


def encode_document(document: Document) -> bytes:
    """Encode a document of the engine's classes.

    Raises:
        ServerError: InvalidBSON (22) when a value or name cannot be said in BSON (a NUL in a name, too deep).
    """
    try:
        if "_id" in document and next(iter(document)) != "_id":
            # PyMongo would put `_id` first, but only in the outermost document.
            return encode({"": document}, False, CODEC_OPTIONS)[EMPTY_NAMED_PREFIX_BYTES:-1]
        return encode(document, False, CODEC_OPTIONS)
    except (BSONError, RecursionError, OverflowError, ValueError) as error:
        raise ServerError(ErrorCode.InvalidBSON, f"cannot be encoded as BSON: {error}") from error


def encode_result(document: Document) -> bytes:
    """Encode a document that a read has made.

    Raises:
        ServerError: BSONObjectTooLarge (10334); InvalidBSON (22) as in `encode_document`.
    """
    return checked_result(encode_document(document))


def with_array(bson: bytes, name: str, members: Sequence[bytes]) -> bytes:
    """Return a document, as BSON, with an array of documents behind its other fields, which it has not yet.

    Raises:
        ServerError: BSONObjectTooLarge (10334).
    """
    parts = [b""]
    for number, member in enumerate(members):
        parts += (b"\x03%d\0" % number, member)
    array = b"".join(parts)
    fields = b"%b\x04%b\0%b%b\0\0" % (bson[4:-1], name.encode(), _INT32.pack(len(array) + 5), array)
    return checked_result(_INT32.pack(len(fields) + 4) + fields)


def checked_result(bson: bytes) -> bytes:
    """Return a document that a read has made, if it is not too large.

    Raises:
        ServerError: BSONObjectTooLarge (10334).
    """
    if len(bson) > MAX_RESULT_SIZE_BYTES:
        raise ServerError(
            ErrorCode.BSONObjectTooLarge,
            f"BSONObj size: {len(bson)} (0x{len(bson):X}) is invalid. Size must be between 0 and "
            f"{MAX_RESULT_SIZE_BYTES}(16MB)",
        )
    return bson


def compile_regex(regex: Regex[str]) -> re.Pattern[str]:
    """Compile a BSON regex with Python's engine (the options i, m, s and x mean the same there).

    Raises:
        ServerError: location 51091 when the pattern is not a regular expression.
    """
    try:
        return re.compile(regex.pattern, regex.flags & ~re.LOCALE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ServerError(51091, f"Regular expression is invalid: {error}") from error
