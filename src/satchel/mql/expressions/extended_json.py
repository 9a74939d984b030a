"""`$serializeEJSON` and `$deserializeEJSON`: between BSON values and MongoDB's Extended JSON as documents."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from functools import partial
from typing import Final

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.conversion import ConversionOptions, failure
from satchel.mql.expressions.convert_binary import BASE64, UUID_TEXT, with_subtype
from satchel.mql.expressions.convert_number import parse_decimal, parse_double, parse_hexadecimal_float
from satchel.mql.expressions.convert_text import number_text, to_string
from satchel.mql.expressions.date_format import iso_string
from satchel.mql.expressions.expression import Expression, Variables, is_nullish, unite
from satchel.mql.expressions.gregorian import DateParts, ms_of
from satchel.mql.expressions.registry import Parser, Signature, syntax
from satchel.mql.expressions.string_values import is_string
from satchel.mql.expressions.value_text import regex_options, value_text
from satchel.values.bson_types import INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, BsonValue, Document, Field, type_name
from satchel.values.numbers import is_bson_number, is_infinite, is_nan

_SERIALIZE: Final = Signature("$serializeEJSON", {"input": 9}, ("relaxed", "onError"))
_DESERIALIZE: Final = Signature("$deserializeEJSON", {"input": 9}, ("onError",))
_YEAR_10000_MS: Final = 253_402_300_800_000
_REGEX_FLAGS: Final = {"i": 2, "l": 4, "m": 8, "s": 16, "u": 32, "x": 64}


@syntax("$serializeEJSON")
def serialize_ejson(operand: BsonValue, parser: Parser) -> Expression:
    """Return a value in Extended JSON, as documents: relaxed unless `relaxed` is false.

    Raises:
        ServerError: BadValue (2) when `relaxed` is not a boolean, FailedToParse (9) for bad names.

    Reference:
        MongoDB manual, "$serializeEJSON".
    """
    given = parser.named(_SERIALIZE, operand)
    value_of, relaxed_of = given["input"].evaluate, given["relaxed"].evaluate if "relaxed" in given else _yes
    on_error = given.get("onError")

    def evaluate(document: Document, variables: Variables) -> Field:
        value = value_of(document, variables)
        relaxed = relaxed_of(document, variables)
        if not isinstance(relaxed, bool):
            raise ServerError(ErrorCode.BadValue, f"Unexpected value for relaxed: {value_text(relaxed)}")
        if is_nullish(value):
            return None
        with_relaxed = partial(_serialized, relaxed=relaxed)
        return _converted(with_relaxed, value, on_error, document, variables)

    return unite(evaluate, list(given.values()))


@syntax("$deserializeEJSON")
def deserialize_ejson(operand: BsonValue, parser: Parser) -> Expression:
    """Return the value that documents in Extended JSON say; `onError` where they are malformed.

    Raises:
        ServerError: ConversionFailure (241) without `onError`, FailedToParse (9) for bad names.

    Reference:
        MongoDB manual, "$deserializeEJSON".
    """
    given = parser.named(_DESERIALIZE, operand)
    value_of, on_error = given["input"].evaluate, given.get("onError")

    def evaluate(document: Document, variables: Variables) -> Field:
        value = value_of(document, variables)
        return None if is_nullish(value) else _converted(_deserialized, value, on_error, document, variables)

    return unite(evaluate, list(given.values()))


def _yes(_document: Document, _variables: Variables) -> Field:
    return True


def _converted(
    convert: Callable[[BsonValue], BsonValue],
    value: BsonValue,
    on_error: Expression | None,
    document: Document,
    variables: Variables,
) -> Field:
    """Convert, with `onError` for ConversionFailure; what fails before that, in the input, is not caught."""
    try:
        return convert(value)
    except ServerError as error:
        if on_error is None or error.code != ErrorCode.ConversionFailure:
            raise
        return on_error.evaluate(document, variables)


# Writing


def _serialized(value: BsonValue, relaxed: bool) -> BsonValue:
    if isinstance(value, dict):
        return {name: _serialized(item, relaxed) for name, item in value.items()}
    if isinstance(value, list):
        return [_serialized(item, relaxed) for item in value]
    if value is None or isinstance(value, bool) or is_string(value):
        return value
    if is_bson_number(value):
        return _serialized_number(value, relaxed)
    if isinstance(value, DatetimeMS):
        ms = int(value)
        if relaxed and 0 <= ms < _YEAR_10000_MS:
            return {"$date": iso_string(ms)}
        return {"$date": {"$numberLong": str(ms)}}
    return _WRITERS[value.__class__](value)


def _serialized_number(value: BsonValue, relaxed: bool) -> BsonValue:
    if isinstance(value, Decimal128):
        return {"$numberDecimal": str(value)}
    if isinstance(value, float):
        if relaxed and not is_nan(value) and not is_infinite(value):
            return value
        return {"$numberDouble": number_text(value)}
    if relaxed:
        return value
    return {"$numberLong" if isinstance(value, Int64) else "$numberInt": str(value)}


def _serialized_binary(value: bytes) -> Document:
    subtype = value.subtype if isinstance(value, Binary) else 0
    if subtype == 4 and len(value) == 16:
        return {"$uuid": to_string(value, ConversionOptions(format="uuid"))}
    return {"$binary": {"base64": base64.b64encode(value).decode(), "subType": f"{subtype:x}"}}


def _serialized_code(value: Code) -> Document:
    if value.scope is None:
        return {"$code": str(value)}
    return {"$code": str(value), "$scope": _serialized(dict(value.scope), relaxed=False)}


_WRITERS: Final[dict[type, Callable[..., Document]]] = {
    bytes: _serialized_binary,
    Binary: _serialized_binary,
    Code: _serialized_code,
    ObjectId: lambda value: {"$oid": str(value)},
    Regex: lambda value: {"$regularExpression": {"pattern": value.pattern, "options": regex_options(value)}},
    Timestamp: lambda value: {"$timestamp": {"t": Int64(value.time), "i": Int64(value.inc)}},
    MinKey: lambda _value: {"$minKey": 1},
    MaxKey: lambda _value: {"$maxKey": 1},
}


# Reading


def _deserialized(value: BsonValue) -> BsonValue:
    if isinstance(value, dict):
        return _deserialized_document(value)
    if isinstance(value, list):
        return [_deserialized(item) for item in value]
    if value is None or isinstance(value, bool | int | float) or is_string(value):
        return value
    raise failure(f"Extended JSON cannot contain BSON-only types: {type_name(value)} is not available in JSON")


def _deserialized_document(value: Document) -> BsonValue:
    names = list(value)
    if names and sorted(names) == ["$code", "$scope"]:
        return _read_code_with_scope(value)
    if names and names[0] in _READERS:
        read = _READERS[names[0]](value[names[0]])
        if len(names) > 1:
            raise failure(f"{names[0]} object contains additional fields")
        return read
    for name in names:
        if name in _READERS or name in ("$scope", "$id", "$ref"):
            raise failure(f"{name} must be the first field in the object")
    return {name: _deserialized(item) for name, item in value.items()}


def _text(name: str, value: BsonValue) -> str:
    if not is_string(value):
        raise failure(f"{name} value must be of type string")
    return value


def _parts(name: str, value: BsonValue, first: str, second: str) -> tuple[BsonValue, BsonValue]:
    """Return the two members of a document, either of which may be MISSING-like None."""
    if not isinstance(value, dict):
        raise failure(f"{name} value must be of type object")
    if not value.keys() <= {first, second}:
        raise failure(f"{name} object contains additional fields, expected {first} and {second} only")
    return value.get(first), value.get(second)


def _read_int(value: BsonValue) -> int:
    return _integer("$numberInt", value, INT32_MIN, INT32_MAX)


def _read_long(value: BsonValue) -> Int64:
    return Int64(_integer("$numberLong", value, INT64_MIN, INT64_MAX))


def _integer(name: str, value: BsonValue, least: int, greatest: int) -> int:
    match = _INTEGER.fullmatch(_text(name, value))
    if match is not None:
        base = 16 if match[1] else 8 if match[2] else 10
        digits = match[0].lower().replace("0x", "")
        if base != 8 or not set("89") & set(digits):
            number = int(digits, base)
            if least <= number <= greatest:
                return number
    raise failure(f"{name} value must be a string specifying an integer")


_INTEGER: Final = re.compile(r"[+-]?(?:0[xX]([0-9a-fA-F]+)|0([0-9]+)|[0-9]+)")


def _read_double(value: BsonValue) -> float:
    text = _text("$numberDouble", value)
    if not text[-1:].isalpha() or text in _SPECIAL_NUMBERS or _HEXADECIMAL.fullmatch(text):
        try:
            return parse_hexadecimal_float(text) if _HEXADECIMAL.fullmatch(text) else parse_double(text)
        except ServerError:
            pass
    raise _number_failure("$numberDouble")


_HEXADECIMAL: Final = re.compile(r"[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?", re.IGNORECASE)
_SPECIAL_NUMBERS: Final = frozenset({"NaN", "Infinity", "-Infinity"})


def _read_decimal(value: BsonValue) -> Decimal128:
    text = _text("$numberDecimal", value)
    if not text[-1:].isdigit() and not text.endswith(".") and text not in _SPECIAL_NUMBERS:
        raise _number_failure("$numberDecimal")
    try:
        return parse_decimal(text)
    except ServerError:
        raise _number_failure("$numberDecimal") from None


def _number_failure(name: str) -> ServerError:
    return failure(f"{name} value must be a string specifying a number, NaN, Infinity or -Infinity")


def _read_object_id(value: BsonValue) -> ObjectId:
    text = _text("$oid", value)
    if not re.fullmatch("[0-9a-fA-F]{24}", text):
        raise failure("$oid must be a 24 character hexadecimal string")
    return ObjectId(text)


_ISO_DATE: Final = re.compile(
    r"([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):([0-5][0-9])"
    r"(?::([0-5][0-9])(?:\.([0-9]{1,3}))?)?(?:Z|([+-])([01][0-9]|2[0-3]):?([0-5][0-9]))",
    re.ASCII,
)


def _read_date(value: BsonValue) -> DatetimeMS:
    if is_string(value):
        return DatetimeMS(_iso_date_ms(value))
    if not isinstance(value, dict):
        raise failure("$date value must be of type object or string")
    if list(value) != ["$numberLong"]:
        raise failure("$date must be a 64-bit signed integer as a string")
    return DatetimeMS(int(_read_long(value["$numberLong"])))


def _iso_date_ms(text: str) -> int:
    match = _ISO_DATE.fullmatch(text)
    if match is None:
        raise failure("$date must be a valid ISO-8601 string")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    millisecond = int(((match[7] or "") + "000")[:3])
    ms = ms_of(DateParts(year, month, day, hour, minute, second, millisecond))
    if match[8]:
        offset = (int(match[9]) * 60 + int(match[10])) * 60_000
        ms -= -offset if match[8] == "-" else offset
    if ms < 0:
        raise failure("$date must be a valid ISO-8601 string")
    return ms


def _read_binary(value: BsonValue) -> BsonValue:
    encoded, subtype = _parts("$binary", value, "base64", "subType")
    encoded, subtype = _text("$binary.base64", encoded), _text("$binary.subType", subtype)
    if not BASE64.fullmatch(encoded):
        raise failure("$binary.base64 must be a valid base64 encoded string")
    if not re.fullmatch("[0-9a-fA-F]{1,2}", subtype):
        raise failure("$binary.subType must be a hex representation of a single byte")
    return with_subtype(base64.b64decode(encoded), int(subtype, 16))


def _read_uuid(value: BsonValue) -> Binary:
    text = _text("$uuid", value)
    if not UUID_TEXT.fullmatch(text):
        raise failure("$uuid value must be a valid UUID string")
    return Binary(bytes.fromhex(text.replace("-", "")), 4)


def _read_regex(value: BsonValue) -> Regex[str]:
    pattern, options = _parts("$regularExpression", value, "pattern", "options")
    pattern, options = _text("$regularExpression.pattern", pattern), _text("$regularExpression.options", options)
    flags = 0
    for letter in options:
        flags |= _REGEX_FLAGS.get(letter, 0)
    return Regex(pattern, flags)


def _read_timestamp(value: BsonValue) -> Timestamp:
    time, increment = _parts("$timestamp", value, "t", "i")
    return Timestamp(_unsigned("$timestamp.t", time), _unsigned("$timestamp.i", increment))


def _unsigned(name: str, value: BsonValue) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise failure(f"{name} value must be of type int or long")
    return value & 0xFFFFFFFF


def _read_extreme(name: str, value: BsonValue) -> None:
    if not isinstance(value, int) or isinstance(value, bool | Int64):
        raise failure(f"{name} value must be of type int")
    if value != 1:
        raise failure(f"{name} value must be the integer 1")


def _read_min_key(value: BsonValue) -> MinKey:
    _read_extreme("$minKey", value)
    return MinKey()


def _read_max_key(value: BsonValue) -> MaxKey:
    _read_extreme("$maxKey", value)
    return MaxKey()


def _read_code_with_scope(value: Document) -> Code:
    code, scope = _text("$code", value["$code"]), value["$scope"]
    if not isinstance(scope, dict):
        raise failure("$scope value must be of type object")
    inner = _deserialized_document(scope)
    if not isinstance(inner, dict):
        raise failure("$scope value must be of type object")
    return Code(code, inner)


def _read_undefined(value: BsonValue) -> None:
    if not isinstance(value, bool):
        raise failure("$undefined value must be of type bool")
    if not value:
        raise failure("$undefined value must be true")


def _read_db_pointer(value: BsonValue) -> Document:
    namespace, identifier = _parts("$dbPointer", value, "$ref", "$id")
    return {"$ref": _text("$dbPointer.$ref", namespace), "$id": _read_object_id(_text("$dbPointer.$id", identifier))}


_READERS: Final[dict[str, Callable[[BsonValue], BsonValue]]] = {
    "$numberInt": _read_int,
    "$numberLong": _read_long,
    "$numberDouble": _read_double,
    "$numberDecimal": _read_decimal,
    "$oid": _read_object_id,
    "$date": _read_date,
    "$binary": _read_binary,
    "$uuid": _read_uuid,
    "$regularExpression": _read_regex,
    "$timestamp": _read_timestamp,
    "$minKey": _read_min_key,
    "$maxKey": _read_max_key,
    "$code": lambda value: Code(_text("$code", value)),
    "$undefined": _read_undefined,
    "$symbol": lambda value: _text("$symbol", value),
    "$dbPointer": _read_db_pointer,
}
