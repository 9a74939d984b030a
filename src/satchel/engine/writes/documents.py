"""What a document has to be before it is stored: an `_id` in front, of an allowed type; within MongoDB's limits."""

from __future__ import annotations

from typing import Final

from bson import Binary, Code, Int64, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.engine.timestamps import current_timestamp
from satchel.errors import ErrorCode, ServerError
from satchel.mql.update.result import depth_of
from satchel.storage.interface import NewRecord
from satchel.values import key_string
from satchel.values.bson_types import (
    MAX_DOCUMENT_SIZE_BYTES,
    MAX_NESTING_DEPTH,
    MISSING,
    BsonValue,
    Document,
    Field,
    decode_document,
    encode_document,
)
from satchel.values.collation import Collation

_EMPTY_TIMESTAMP: Final = Timestamp(0, 0)
_EMPTY_TIMESTAMP_BYTES: Final = bytes(9)
"""What every document with an empty timestamp contains: the end of its name, and the timestamp."""

_LARGE_BYTES: Final = 16 * 1024
_SURELY_SHALLOW_BYTES: Final = 7 * MAX_NESTING_DEPTH
"""Each level of nesting takes seven bytes: type, end of name, length, end of document."""

_CONTAINERS: Final = frozenset({dict, list, Code})
_FIRST_NAME: Final = slice(5, 9)
_ID_NAME: Final = b"_id\0"
_ID_CLASSES: Final = frozenset({ObjectId, int, Int64, str, float, bytes, Binary, DatetimeMS})
"""Classes of which every value may be an `_id`."""


def prepare_insert(
    source: bytes | Document, collation: Collation | None = None, decoded: Document | None = None
) -> tuple[bytes, bytes, Document]:
    """Make a document that a client sent ready to be stored.

    Args:
        source: The document, as BSON or decoded.
        collation: The collection's collation, under which `_id`s are told apart.
        decoded: The same document decoded, if somebody has done that already.

    Returns:
        The KeyString of `_id`, the BSON as it will be stored, and the document decoded.

    Raises:
        ServerError: BSONObjectTooLarge (10334), InvalidBSON (22), InvalidIdField (53), BadValue (2).
    """
    if isinstance(source, dict):
        document, bson = source, b""
    else:
        if len(source) > _SURELY_SHALLOW_BYTES:
            check_size(source)
        document, bson = decoded or decode_document(source), bytes(source)
    if bson[_FIRST_NAME] != _ID_NAME or _may_have_empty_timestamp(bson, document):
        complete = _with_id_in_front(_with_timestamps(document))
        if complete is not document or not bson:
            document, bson = complete, encode_document(complete)
            check_size(bson)
    if len(bson) > _SURELY_SHALLOW_BYTES:
        _check_depth(bson, document)
    identifier = document["_id"]
    if identifier.__class__ not in _ID_CLASSES:
        check_id(identifier)
    return key_string.encode(identifier, collation), bson, document


def new_record(rid: int, prepared: tuple[bytes, bytes, Document]) -> NewRecord:
    """Return the record of a prepared document."""
    return NewRecord(rid, *prepared)


def check_size(bson: bytes | memoryview) -> None:
    """Raise BSONObjectTooLarge (10334) for a document over 16 MiB."""
    if len(bson) > MAX_DOCUMENT_SIZE_BYTES:
        raise ServerError(
            ErrorCode.BSONObjectTooLarge,
            f"BSONObj size: {len(bson)} (0x{len(bson):X}) is invalid. Size must be between 0 and "
            f"{MAX_DOCUMENT_SIZE_BYTES}(16MB)",
        )


def _may_have_empty_timestamp(bson: bytes, document: Document) -> bool:
    if len(bson) > _LARGE_BYTES:  # looking at few values is quicker than looking at many bytes, of a chunk for one
        return Timestamp in map(type, document.values())
    return _EMPTY_TIMESTAMP_BYTES in bson


def _check_depth(bson: bytes, document: Document) -> None:
    """Raise Overflow (15) for a document that is nested too deeply."""
    if len(bson) > _LARGE_BYTES and _CONTAINERS.isdisjoint(map(type, document.values())):
        return  # as above
    # Every nested document or array begins with a byte of its own, so most documents need no walk.
    if bson.count(b"\x03") + bson.count(b"\x04") > MAX_NESTING_DEPTH and depth_of(document) > MAX_NESTING_DEPTH + 1:
        raise ServerError(ErrorCode.Overflow, f"Document exceeds maximum nesting depth of {MAX_NESTING_DEPTH}")


_DBREF_FIELDS: Final = ("$ref", "$id", "$db")


def check_id(value: BsonValue) -> None:
    """Raise when `value` may not be an `_id`.

    Raises:
        ServerError: InvalidIdField (53) for an array, a regex or undefined; DollarPrefixedFieldName (52) for a
            document with a `$` name in it.
    """
    if isinstance(value, list):
        raise ServerError(ErrorCode.InvalidIdField, "The '_id' value cannot be of type array")
    if isinstance(value, Regex):
        raise ServerError(ErrorCode.InvalidIdField, "The '_id' value cannot be of type regex")
    if isinstance(value, dict):
        for name in value:
            if name[:1] == "$" and name not in _DBREF_FIELDS:
                raise ServerError(
                    ErrorCode.DollarPrefixedFieldName,
                    f"_id fields may not contain '$'-prefixed fields: {name} is not valid for storage.",
                )


def _with_id_in_front(document: Document) -> Document:
    identifier: Field = document.get("_id", MISSING)
    if identifier is MISSING:
        return {"_id": ObjectId(), **document}
    if next(iter(document)) == "_id":
        return document
    return {"_id": identifier, **document}


def _with_timestamps(document: Document) -> Document:
    """Put the current time in the place of empty timestamps at the top level, as MongoDB does (but not in `_id`)."""
    empty = [name for name, value in document.items() if value.__class__ is Timestamp and value == _EMPTY_TIMESTAMP]
    if not empty or empty == ["_id"]:
        return document
    return {**document, **{name: current_timestamp() for name in empty if name != "_id"}}
