"""Conversions of `$convert` to strings, ObjectIds, and between JSON and documents or arrays."""

from __future__ import annotations

import base64
import json
import re
from typing import Final, NoReturn

from bson import Binary, Code, Decimal128, Int64, ObjectId, Regex
from bson.datetime_ms import DatetimeMS

from satchel.errors import ServerError
from satchel.mql.expressions.conversion import ConversionOptions, failure, failure_without_on_error, unsupported
from satchel.mql.expressions.date_format import iso_string
from satchel.mql.expressions.string_values import is_string
from satchel.mql.expressions.value_text import regex_text, value_text
from satchel.values.bson_types import BsonValue, type_name
from satchel.values.numbers import exact_int32, is_bson_number, is_infinite, is_nan, narrow

FORMAT_MISSING: Final = 4341115
_MAX_JSON_DEPTH: Final = 200
_HEX_DIGITS: Final = re.compile("[0-9a-fA-F]*")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_BASES: Final = {2: "b", 8: "o", 10: "d", 16: "X"}


def to_string(value: BsonValue, options: ConversionOptions) -> str:
    """Convert to a string.

    Raises:
        ServerError: ConversionFailure (241), location 4341115 when binary data has no format, location 18537 for a date
            outside the years 0 to 9999.
    """
    if is_string(value):
        return value
    if isinstance(value, bytes):
        return _binary_text(value, options.format)
    if is_bson_number(value):
        return number_text(value) if options.base is None else _in_base(value, options.base)
    if isinstance(value, dict | list):
        return _json(value)
    return _scalar_text(value)


def _scalar_text(value: BsonValue) -> str:
    if isinstance(value, DatetimeMS):
        return iso_string(int(value))
    if isinstance(value, Code) and value.scope is None:
        return str(value)
    if isinstance(value, Regex):
        return regex_text(value)
    return value_text(value)


def number_text(value: BsonValue) -> str:
    """Return a number as MongoDB converts it to a string: `1`, `1.5`, `1e+16`, `NaN`, `Infinity`."""
    if not isinstance(value, float):
        return str(value)
    if is_nan(value):
        return "NaN"
    if is_infinite(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value).removesuffix(".0")


def _in_base(value: Int64 | float | Decimal128, base: int) -> str:
    number = int(value) if isinstance(value, int) else exact_int32(value)
    if number is None:
        raise failure_without_on_error("Base conversion is not supported for non-integers", "")
    return format(number, _BASES[base])


def _binary_text(value: bytes, format_: str | None) -> str:
    subtype = value.subtype if isinstance(value, Binary) else 0
    is_uuid = subtype == 4 and len(value) == 16
    if format_ is None:
        raise ServerError(FORMAT_MISSING, "Format must be specified when converting from 'binData' to 'string'")
    if format_ == "uuid" or (format_ == "auto" and is_uuid):
        if not is_uuid:
            raise _binary_failure(value, "BinData does not represent a valid UUID")
        return str(Binary(value, 4).as_uuid())
    if format_ in ("base64", "auto"):
        return base64.b64encode(value).decode()
    if format_ == "base64url":
        return base64.urlsafe_b64encode(value).decode().rstrip("=")
    if format_ == "hex":
        return value.hex().upper()
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise _binary_failure(value, "BinData does not represent a valid UTF-8 string") from None


def _binary_failure(value: bytes, message: str) -> ServerError:
    return failure_without_on_error(f"Failed to convert '{value_text(value)}' to string", message)


def _json(value: BsonValue) -> str:
    """Return a document or array as JSON, types that JSON has not as strings."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quoted(name)}:{_json(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_json(item) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return value_text(value)
    if is_bson_number(value):
        return f'"{number_text(value)}"' if is_nan(value) or is_infinite(value) else number_text(value)
    if isinstance(value, bytes):
        return _quoted(_binary_text(value, "auto"))
    return _quoted(value if is_string(value) else _scalar_text(value))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def to_object_id(value: BsonValue, _options: ConversionOptions) -> ObjectId:
    """Convert to an ObjectId.

    Raises:
        ServerError: ConversionFailure (241).
    """
    if isinstance(value, ObjectId):
        return value
    if not is_string(value):
        raise unsupported(value, "objectId")
    length = len(value.encode())
    if length != 24:
        wrong = f"Invalid string length for parsing to OID, expected 24 but found {length}"
        raise failure_without_on_error(f"Failed to parse objectId '{value}'", wrong)
    if not _HEX_DIGITS.fullmatch(value):
        wrong = f"Invalid character found in hex string: {value.lstrip('0123456789abcdefABCDEF')[:1]}"
        raise failure_without_on_error(f"Failed to parse objectId '{value}'", wrong)
    return ObjectId(value)


def to_object(value: BsonValue, _options: ConversionOptions) -> BsonValue:
    """Convert JSON text to a document.

    Raises:
        ServerError: ConversionFailure (241).
    """
    if not is_string(value):
        raise unsupported(value, "object")
    return _parse_json(value, dict)


def array_from_json(text: str) -> BsonValue:
    """Convert JSON text to an array.

    Raises:
        ServerError: ConversionFailure (241).
    """
    return _parse_json(text, list)


def _parse_json(text: str, expected: type) -> BsonValue:
    try:
        value = _decoder.decode(text.removeprefix("\ufeff").partition("\0")[0])
    except (ValueError, RecursionError):
        raise failure("Input doesn't represent valid JSON") from None
    if not isinstance(value, dict | list):
        raise failure("Input doesn't represent valid JSON: Unexpected standalone value")
    checked = _checked_json(value, 1)
    if not isinstance(checked, expected):
        raise failure(f"Input doesn't match expected type '{type_name(expected())}'")
    return checked


def _checked_json(value: BsonValue, depth: int) -> BsonValue:
    """Return a JSON value in the engine's classes.

    Raises:
        ServerError: ConversionFailure (241).
    """
    if depth > _MAX_JSON_DEPTH and isinstance(value, dict | list):
        limit = f"Result exceeds maximum depth limit of {_MAX_JSON_DEPTH} levels of nested objects and arrays"
        raise failure(f"Input doesn't represent valid JSON: {limit}")
    if isinstance(value, dict):
        return {_checked_name(name): _checked_json(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_checked_json(item, depth + 1) for item in value]
    if isinstance(value, str) and _LONE_SURROGATE.search(value):
        raise failure("Input doesn't represent valid JSON")
    return value


def _checked_name(name: str) -> str:
    if "\0" in name:
        raise failure("Input doesn't represent valid JSON: Illegal embedded null byte")
    if _LONE_SURROGATE.search(name):
        raise failure("Input doesn't represent valid JSON")
    return name


def _parse_json_integer(text: str) -> BsonValue:
    number = int(text)
    return narrow(number) if abs(number) < 2**63 or number == -(2**63) else _parse_json_double(text)


def _parse_json_double(text: str) -> float:
    number = float(text)
    if is_infinite(number):
        raise ValueError(text)
    return number


def _refuse_json_constant(text: str) -> NoReturn:
    raise ValueError(text)


_decoder: Final = json.JSONDecoder(
    parse_int=_parse_json_integer, parse_float=_parse_json_double, parse_constant=_refuse_json_constant
)
