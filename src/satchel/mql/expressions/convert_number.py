"""Conversions of `$convert` to numbers, booleans and dates."""

from __future__ import annotations

import math
import re
import struct
from decimal import ROUND_DOWN, Context, Decimal
from typing import Final

from bson import Binary, Decimal128, Int64
from bson.datetime_ms import DatetimeMS

from satchel.mql.expressions.conversion import ConversionOptions, failure, failure_without_on_error, unsupported
from satchel.mql.expressions.date_arguments import as_date
from satchel.mql.expressions.date_text import parse_date
from satchel.mql.expressions.string_values import is_string
from satchel.mql.expressions.value_text import value_text
from satchel.values.bson_types import INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, BsonValue
from satchel.values.numbers import from_decimal, is_bson_number, is_infinite, is_nan, to_decimal

_SMALLEST_NORMAL_DOUBLE: Final = 2.2250738585072014e-308
_CUT_TO_34_DIGITS: Final = Context(prec=34, rounding=ROUND_DOWN, Emin=-999_999_999, Emax=999_999_999)
_LARGEST_DECIMAL_EXPONENT: Final = 6144
_SMALLEST_DECIMAL_EXPONENT: Final = -6176
_LONGEST_EXPONENT: Final = 9  # digits; beyond, any number but zero is out of range

_INTEGER: Final = {
    2: re.compile("[+-]?[01]+"),
    8: re.compile("[+-]?[0-7]+"),
    10: re.compile("[+-]?[0-9]+"),
    16: re.compile("(?:[+-](?:0[xX])?)?[0-9a-fA-F]+"),
}
_DECIMAL: Final = re.compile(r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?")
_SPECIAL: Final = re.compile(r"([+-]?)(inf|infinity|nan)", re.IGNORECASE)
_NAN_WITH_PAYLOAD: Final = re.compile(r"[+-]?nan\(\w*\)", re.IGNORECASE | re.ASCII)
_HEXADECIMAL_FLOAT: Final = re.compile(r"[+-]0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?", re.IGNORECASE)


def to_bool(value: BsonValue, _options: ConversionOptions) -> bool:
    """Convert to a boolean: false and zero are false, all else is true."""
    if is_bson_number(value):
        return bool(to_decimal(value)) if isinstance(value, Decimal128) else value != 0
    return value is not False


def to_double(value: BsonValue, options: ConversionOptions) -> float:
    """Convert to a double.

    Raises:
        ServerError: ConversionFailure (241).
    """
    if isinstance(value, bool | float):
        return float(value)
    if isinstance(value, int | DatetimeMS):
        return float(int(value))
    if isinstance(value, Decimal128):
        return _double_of_decimal(value)
    if is_string(value):
        return parse_double(value) if options.base is None else float(parse_integer(value, options.base))
    if isinstance(value, bytes):
        return _double_of_binary(value, options)
    raise unsupported(value, "double")


def to_int(value: BsonValue, options: ConversionOptions) -> int:
    """Convert to an int of 32 bits, cutting fractions off.

    Raises:
        ServerError: ConversionFailure (241).
    """
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        number, shown = int(value), ""
    elif is_string(value):
        number, shown = parse_integer(value, options.base or 10), ""
        if options.base is None:
            _check_parsed_range(value, number)
    elif isinstance(value, bytes):
        number, shown = _integer_of_binary(value, options, (1, 2, 4)), ""
    elif isinstance(value, float | Decimal128):
        if isinstance(value, float) and math.isfinite(value) and not INT32_MIN <= value <= INT32_MAX:
            raise failure_without_on_error("Conversion would overflow target type", value_text(value))
        number, shown = _whole(value), value_text(value)
    else:
        raise unsupported(value, "int")
    if not INT32_MIN <= number <= INT32_MAX:
        raise failure_without_on_error("Conversion would overflow target type", shown)
    return number


def _check_parsed_range(text: str, number: int) -> None:
    if not INT32_MIN <= number <= INT32_MAX:
        raise failure(f"Failed to parse number '{text}' in $convert with no onError value: Overflow")


def to_long(value: BsonValue, options: ConversionOptions) -> Int64:
    """Convert to a long, cutting fractions off.

    Raises:
        ServerError: ConversionFailure (241).
    """
    if isinstance(value, int | DatetimeMS):
        return Int64(int(value))
    if is_string(value):
        return Int64(parse_integer(value, options.base or 10))
    if isinstance(value, bytes):
        return Int64(_integer_of_binary(value, options, (1, 2, 4, 8)))
    if isinstance(value, float | Decimal128):
        return Int64(_long_of_number(value))
    raise unsupported(value, "long")


def to_decimal128(value: BsonValue, options: ConversionOptions) -> Decimal128:
    """Convert to a decimal; a double with 15 digits.

    Raises:
        ServerError: ConversionFailure (241).
    """
    if isinstance(value, Decimal128):
        return value
    if isinstance(value, int | DatetimeMS):
        return from_decimal(Decimal(int(value)))
    if isinstance(value, float):
        return from_decimal(to_decimal(value))
    if is_string(value):
        return (
            parse_decimal(value) if options.base is None else from_decimal(Decimal(parse_integer(value, options.base)))
        )
    raise unsupported(value, "decimal")


def to_date(value: BsonValue, _options: ConversionOptions) -> DatetimeMS:
    """Convert to a date.

    Raises:
        ServerError: ConversionFailure (241), DurationOverflow (159).
    """
    ms = as_date(value)
    if ms is not None:
        return DatetimeMS(ms)
    if isinstance(value, Int64):
        return DatetimeMS(int(value))
    if isinstance(value, float | Decimal128):
        return DatetimeMS(_long_of_number(value))
    if is_string(value):
        return DatetimeMS(parse_date(value))
    raise unsupported(value, "date")


def parse_integer(text: str, base: int) -> int:
    """Return the 64-bit integer that a text holds.

    Raises:
        ServerError: ConversionFailure (241).
    """
    _refuse_hexadecimal_prefix(text)
    if text in ("", "+", "-"):
        raise failure_without_on_error(f"Failed to parse number '{text}'", "No digits")
    if not _INTEGER[base].fullmatch(text):
        raise failure_without_on_error(f"Failed to parse number '{text}'", "Did not consume whole string.")
    number = int(text, base)
    if not INT64_MIN <= number <= INT64_MAX:
        raise failure_without_on_error(f"Failed to parse number '{text}'", "Overflow")
    return number


def _refuse_hexadecimal_prefix(text: str) -> None:
    if text[:2] in ("0x", "0X"):
        raise failure_without_on_error("Illegal hexadecimal input", text)


def parse_double(text: str) -> float:
    """Return the double that a text holds.

    Raises:
        ServerError: ConversionFailure (241).
    """
    _refuse_hexadecimal_prefix(text)
    if _SPECIAL.fullmatch(text):
        return float(text)
    if _NAN_WITH_PAYLOAD.fullmatch(text):
        return math.nan
    if _HEXADECIMAL_FLOAT.fullmatch(text):  # only behind a sign
        return parse_hexadecimal_float(text)
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise failure_without_on_error(f"Failed to parse number '{text}'", _what_is_wrong(text))
    number = float(text)
    if math.isinf(number) or (number == 0 and match[2].strip("0.")):
        raise failure_without_on_error(f"Failed to parse number '{text}'", "Out of range")
    return number


def parse_hexadecimal_float(text: str) -> float:
    """Return the double that a text holds in C's notation with hexadecimal digits.

    Raises:
        ServerError: ConversionFailure (241) when it is out of range.
        ValueError: It is not in that notation.
    """
    try:
        number = float.fromhex(text)
    except OverflowError:
        number = math.inf
    if math.isinf(number) or (number == 0 and re.search("[1-9a-f]", text.lower().partition("x")[2].partition("p")[0])):
        raise failure_without_on_error(f"Failed to parse number '{text}'", "Out of range")
    return number


def _what_is_wrong(text: str) -> str:
    if not text:
        return "Empty string"
    if text[0].isspace():
        return "Leading whitespace"
    has_number = _DECIMAL.match(text) or _SPECIAL.match(text)
    return "Did not consume whole string" if has_number else "Invalid number"


def parse_decimal(text: str) -> Decimal128:
    """Return the decimal that a text holds, cut to 34 digits.

    Raises:
        ServerError: ConversionFailure (241).
    """
    _refuse_hexadecimal_prefix(text)
    if special := _SPECIAL.fullmatch(text):
        if special[2].lower() == "nan":
            return Decimal128("NaN")
        return Decimal128("-Infinity" if special[1] == "-" else "Infinity")
    match = _DECIMAL.fullmatch(text)
    if match is None:
        wrong = "Failed to parse string to decimal" if text else "Empty string"
        raise failure_without_on_error(f"Failed to parse number '{text}'", wrong)
    sign, digits, exponent = match[1], match[2], match[3] or "0"
    if not digits.strip("0."):
        exponent = _bounded_exponent(exponent)
    elif len(exponent.lstrip("+-0")) > _LONGEST_EXPONENT:
        raise _out_of_decimal_range(text, overflow=exponent[0] != "-")
    return _checked_decimal(text, Decimal(f"{sign}{digits}E{exponent}"))


def _bounded_exponent(exponent: str) -> str:
    """Return the exponent of a zero, held within what `Decimal` can say."""
    return exponent if len(exponent.lstrip("+-0")) <= _LONGEST_EXPONENT else exponent[:1] + "9999"


def _checked_decimal(text: str, number: Decimal) -> Decimal128:
    if not number:
        return from_decimal(number)
    if number.adjusted() > _LARGEST_DECIMAL_EXPONENT:
        raise _out_of_decimal_range(text, overflow=True)
    if number.adjusted() < _SMALLEST_DECIMAL_EXPONENT + 33 and _has_digits_below(number):
        raise _out_of_decimal_range(text, overflow=False)
    return from_decimal(_CUT_TO_34_DIGITS.plus(number))


def _has_digits_below(number: Decimal) -> bool:
    """Tell whether a number has digits other than 0 that no decimal128 can hold."""
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    below = _SMALLEST_DECIMAL_EXPONENT - exponent
    return below > 0 and any(digits[-below:])


def _out_of_decimal_range(text: str, *, overflow: bool) -> Exception:
    which = "overflow" if overflow else "underflow"
    return failure_without_on_error(
        f"Failed to parse number '{text}'", f"Conversion from string to decimal would {which}"
    )


def _double_of_decimal(value: Decimal128) -> float:
    number = float(to_decimal(value))
    if is_nan(value) or is_infinite(value) or not to_decimal(value):
        return number
    if math.isinf(number) or abs(number) < _SMALLEST_NORMAL_DOUBLE:
        raise failure_without_on_error("Conversion would overflow target type", value)
    return number


def _whole(value: float | Decimal128) -> int:
    if is_nan(value):
        raise failure("Attempt to convert NaN value to integer type in $convert with no onError value")
    if is_infinite(value):
        raise failure("Attempt to convert infinity value to integer type in $convert with no onError value")
    number = to_decimal(value) if isinstance(value, Decimal128) else value
    if isinstance(number, Decimal) and number and number.adjusted() > 20:
        return INT64_MAX + 1  # too large anyway, and perhaps thousands of digits long
    return int(number)


def _long_of_number(value: float | Decimal128) -> int:
    number = _whole(value)
    if not INT64_MIN <= number <= INT64_MAX:
        raise failure_without_on_error("Conversion would overflow target type", value_text(value))
    return number


def _integer_of_binary(value: bytes, options: ConversionOptions, lengths: tuple[int, ...]) -> int:
    if len(value) not in lengths:
        raise _invalid_length(value)
    return int.from_bytes(value, "big" if options.big_endian else "little", signed=True)


def _double_of_binary(value: bytes, options: ConversionOptions) -> float:
    if len(value) not in (4, 8):
        raise _invalid_length(value)
    number: float = struct.unpack((">" if options.big_endian else "<") + ("f" if len(value) == 4 else "d"), value)[0]
    return number


def _invalid_length(value: bytes | Binary) -> Exception:
    return failure(
        f"Failed to convert '{value_text(value)}' to number in $convert because of invalid length: {len(value)}"
    )
