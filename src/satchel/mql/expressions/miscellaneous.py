"""Operators of no family: random numbers, generated ids, metadata, hashes of index keys."""

from __future__ import annotations

import hashlib
import struct
import uuid
from typing import Final

from bson import Binary, Code, Decimal128, Int64, ObjectId

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.expression import Expression, Variables, unite, unoptimised
from satchel.mql.expressions.registry import Parser, apply, syntax
from satchel.mql.stable_api import check_metadata
from satchel.values.bson_types import INT64_MAX, INT64_MIN, MISSING, BsonValue, Document, Field, encode_document
from satchel.values.compare import type_order
from satchel.values.numbers import Number, is_bson_number, is_nan, to_decimal

METADATA_KINDS: Final = frozenset(
    {
        "recordId",
        "indexKey",
        "sortKey",
        "randVal",
        "searchHighlights",
        "searchScoreDetails",
        "searchSequenceToken",
        "timeseriesBucketMinTime",
        "timeseriesBucketMaxTime",
    }
)
"""What `$meta` can be asked for; the engine knows the first three of a document, the others have no value."""

UNAVAILABLE_METADATA: Final = {
    "textScore": "text score",
    "searchScore": "$search score",
    "searchRootDocumentId": "$search root document id",
    "vectorSearchScore": "$vectorSearch score",
    "geoNearDistance": "$geoNear distance",
    "geoNearPoint": "$geoNear point",
    "score": "score",
    "scoreDetails": "scoreDetails",
}
"""Metadata of operators and stages that no query here has, with MongoDB's words for it."""

METADATA_PREFIX: Final = "$meta "
"""`{$meta: "recordId"}` reads the variable `"$meta recordId"`: no user's variable can have such a name."""


@syntax("$rand")
def rand(operand: BsonValue, parser: Parser) -> Expression:
    """Return a random double from 0 up to, without, 1.

    Raises:
        ServerError: Location3040501 for any argument, Location10065 for an operand that is not an object.

    Reference:
        MongoDB manual, "$rand".
    """
    _refuse_arguments("$rand", operand, 3040501)
    random = parser.context.random
    return unite(lambda _document, _variables: random.random(), [])


@syntax("$createObjectId")
def create_object_id(operand: BsonValue, _parser: Parser) -> Expression:
    """Return a new ObjectId.

    Raises:
        ServerError: FailedToParse (9) for any operand but an empty document.

    Reference:
        MongoDB manual, "$createObjectId".
    """
    if operand != {}:
        raise ServerError(
            ErrorCode.FailedToParse,
            "$createObjectId only accepts the empty object as argument. "
            "To convert a value to an ObjectId, use $toObjectId.",
        )
    return unite(lambda _document, _variables: ObjectId(), [])


@syntax("$createUUID")
def create_uuid(operand: BsonValue, _parser: Parser) -> Expression:
    """Return a new random UUID.

    Reference:
        MongoDB manual, "$createUUID".
    """
    _refuse_arguments("$createUUID", operand, 9)
    return unite(lambda _document, _variables: Binary.from_uuid(uuid.uuid4()), [])


def _refuse_arguments(name: str, operand: BsonValue, code: int) -> None:
    if not isinstance(operand, dict | list):
        raise ServerError(10065, f"invalid parameter: expected an object ({name})")
    if operand:
        raise ServerError(code, f"{name} does not currently accept arguments")


@syntax("$expr")
def expr(operand: BsonValue, parser: Parser) -> Expression:
    """Evaluate the operand: the filters' `$expr` has no effect of its own within an expression."""
    return parser.parse(operand)


@syntax("$meta")
def meta(operand: BsonValue, parser: Parser) -> Expression:
    """Return metadata of the document: the variable that a find's projection sets, otherwise no value.

    Raises:
        ServerError: Location17307 for an operand that is not a string, Location17308 for an unknown kind, Location40218
            for a kind that the query does not produce.

    Reference:
        MongoDB manual, "$meta".
    """
    if not isinstance(operand, str):
        raise ServerError(17307, "$meta only supports string arguments")
    check_metadata(operand, parser.context)
    if operand in UNAVAILABLE_METADATA:
        raise ServerError(40218, f"query requires {UNAVAILABLE_METADATA[operand]} metadata, but it is not available")
    if operand not in METADATA_KINDS:
        raise ServerError(17308, f"Unsupported $meta field: {operand}")
    variable = METADATA_PREFIX + operand

    def evaluate(_document: Document, variables: Variables) -> Field:
        return variables.get(variable, MISSING)

    return Expression(evaluate, variables=frozenset({variable}))


@syntax("$toHashedIndexKey")
def to_hashed_index_key(operand: BsonValue, parser: Parser) -> Expression:
    """Return the int64 under which a hashed index holds the value of the operand (which may be an array).

    Reference:
        MongoDB manual, "$toHashedIndexKey".
    """
    part = parser.without_optimising().parse(operand)
    return unoptimised(apply(hashed_key, [part]), [part])


def hashed_key(value: Field) -> Int64:
    """Return MongoDB's hash of a value: the first eight bytes of an MD5; numbers hash as integers, cut off."""
    value = None if value is MISSING else value
    digest = hashlib.md5(struct.pack("<i", 0), usedforsecurity=False)
    digest.update(_hash_input(value))
    return Int64(struct.unpack("<q", digest.digest()[:8])[0])


def _hash_input(value: Field, name: str | None = None) -> bytes:
    """Return type, name (of a member) and contents of a value as the bytes that are hashed."""
    head = struct.pack("<i", type_order(value))
    if name is not None:
        head += name.encode() + b"\0"
    return head + _contents(value)


def _contents(value: Field) -> bytes:
    if is_bson_number(value):
        return struct.pack("<q", _cut_to_int64(value))
    if isinstance(value, dict):
        return b"".join(_hash_input(member, name) for name, member in value.items()) + _END
    if isinstance(value, list):
        return b"".join(_hash_input(member, str(index)) for index, member in enumerate(value)) + _END
    if isinstance(value, Code) and value.scope is not None:
        text = str(value).encode() + b"\0"
        return text + _contents(dict(value.scope))
    return _bson_contents(value)


_END: Final = struct.pack("<i", 0)


def _bson_contents(value: BsonValue) -> bytes:
    """Return the bytes of a value within a BSON document, without its type and name."""
    return encode_document({"": value})[4 + 2 : -1]


def _cut_to_int64(value: Number) -> int:
    """Return a number as the int64 that is hashed: doubles are cut off, decimals rounded half to even."""
    if isinstance(value, int):
        return int(value)
    if is_nan(value):
        return 0
    if isinstance(value, Decimal128):
        number = to_decimal(value)
        whole = number.to_integral_value() if number.is_finite() else number
        return INT64_MAX if whole > INT64_MAX else INT64_MIN if whole < INT64_MIN else int(whole)
    if value == _TWO_TO_63:
        return INT64_MIN
    return INT64_MAX if value > _TWO_TO_63 else INT64_MIN if value < INT64_MIN else int(value)


_TWO_TO_63: Final = 2.0**63
"""The one double that MongoDB's conversion to int64 overflows on."""
