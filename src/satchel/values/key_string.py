"""KeyString: bytes whose memcmp order is the order of BSON values, for index keys, sorting, grouping and sets.

Equal values have equal keys, and a key says where it ends: no value's key is a prefix of another's, so the keys of
several values stand side by side in a compound key. `docs/format-keys.md` describes the bytes; index tables store
them, so a change here is a change of the file format.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.values.bson_types import BsonValue, Document, Field, Missing, Undefined
from satchel.values.collation import Collation
from satchel.values.compare import binary_sort_parts, regex_sort_parts
from satchel.values.numbers import decimal_parts

# The first byte of a key; 0x00 ends strings, objects and arrays. The numbers from NUMBER_LOW to NUMBER_HIGH are
# ZERO plus or minus a class of magnitude.
END: Final = b"\x00"
MIN_KEY: Final = b"\x08"
UNDEFINED_KEY: Final = b"\x10"
NULL_KEY: Final = b"\x14"
NAN_KEY: Final = b"\x20"
ZERO: Final = 0x2C
STRING: Final = b"\x40"
OBJECT: Final = b"\x48"
ARRAY: Final = b"\x50"
BINARY: Final = b"\x58"
OBJECT_ID: Final = b"\x60"
FALSE_KEY: Final = b"\x68"
TRUE_KEY: Final = b"\x69"
DATE: Final = b"\x70"
TIMESTAMP: Final = b"\x78"
REGEX: Final = b"\x80"
CODE: Final = b"\x88"
SCOPED_CODE: Final = b"\x90"
MAX_KEY: Final = b"\xf0"

# Classes of magnitude: between 0 and 1; an integral part of 1 to 8 bytes (one bit of them is a flag); from 2**63;
# infinite.
_SMALL: Final = 1
_INTEGRAL: Final = 1
_LARGE: Final = 10
_INFINITE: Final = 11

_ZERO_KEY: Final = bytes((ZERO,))
_POSITIVE: Final = tuple(bytes((ZERO + magnitude,)) for magnitude in range(_INFINITE + 1))
_NEGATIVE: Final = tuple(bytes((ZERO - magnitude,)) for magnitude in range(_INFINITE + 1))
_INVERTED: Final = bytes(range(255, -1, -1))

_SMALL_INT_KEYS: Final = (
    _ZERO_KEY,
    *(_POSITIVE[_INTEGRAL + 1] + bytes((value << 1,)) for value in range(1, 128)),
    *(_POSITIVE[_INTEGRAL + 2] + (value << 1).to_bytes(2, "big") for value in range(128, 1024)),
)

_FRACTION_BITS: Final = 52
_FRACTION_SCALE: Final = float(1 << _FRACTION_BITS)
_FRACTION_MASK: Final = (1 << _FRACTION_BITS) - 1
_FRACTION_BYTES: Final = 7
_LARGE_FROM: Final = 1 << 63
_MAX_DOUBLE: Final = math.nextafter(math.inf, 0.0)
_EXPONENT_BIAS: Final = 0x2000
_DATE_BIAS: Final = 1 << 63
_LONG_BINARY: Final = 0xFF

_double: Final = struct.Struct(">d")
_two_words: Final = struct.Struct(">cII")


def encode(value: Field, collation: Collation | None = None) -> bytes:
    """Return the key of one value.

    Args:
        value: A BSON value; MISSING and UNDEFINED have one key, which sorts before null's.
        collation: How strings compare; their keys are then made from its sort keys.
    """
    if collation is None:
        return _ENCODERS[value.__class__](value)
    return _encode_collated(value, collation)


def encode_all(values: Iterable[Field]) -> list[bytes]:
    """Return the key of each of several values, without a collation."""
    return [_ENCODERS[value.__class__](value) for value in values]


def encode_compound(values: Sequence[Field], descending: Sequence[bool], collation: Collation | None = None) -> bytes:
    """Return the key of several values side by side.

    Args:
        values: The components, the most significant first.
        descending: For each component whether it sorts from high to low; its bytes are then inverted.
        collation: As for `encode`.
    """
    if len(values) == 1 == len(descending):
        key = encode(values[0], collation)
        return key.translate(_INVERTED) if descending[0] else key
    parts = []
    for value, is_descending in zip(values, descending, strict=True):
        key = encode(value, collation)
        parts.append(key.translate(_INVERTED) if is_descending else key)
    return b"".join(parts)


def invert(key: bytes) -> bytes:
    """Return the descending form of an ascending key, or back."""
    return key.translate(_INVERTED)


def successor(prefix: bytes) -> bytes:
    """Return the least byte string that is greater than every string which begins with `prefix`.

    Raises:
        ValueError: `prefix` is empty or all 0xFF, and there is none; no key begins so.
    """
    stripped = prefix.rstrip(b"\xff")
    if not stripped:
        raise ValueError("there is no successor of an empty or all-ones prefix")
    return stripped[:-1] + bytes((stripped[-1] + 1,))


def bracket_bounds(value: Field) -> tuple[bytes, bytes]:
    """Return the bounds of the keys of all values of the type bracket of `value`.

    Returns:
        The least key or prefix, inclusive, and the upper bound, exclusive. NaN is within the bracket of numbers.
    """
    low = bytes((_BRACKET_OF_FIRST_BYTE[_ENCODERS[value.__class__](value)[0]],))
    return low, successor(_LAST_FIRST_BYTE.get(low, low))


def string_prefix(text: str) -> bytes:
    """Return what the keys of exactly those strings begin with that begin with `text` (without a collation)."""
    return STRING + _escaped(text)


def _escaped(text: str) -> bytes:
    return _escape(text.encode("utf-8", "surrogatepass"))


def _escape(data: bytes) -> bytes:
    # 0x00 ends a string, so it must not occur within; both replacements keep the order.
    if b"\x01" in data:
        data = data.replace(b"\x01", b"\x01\x02")
    if b"\x00" in data:
        data = data.replace(b"\x00", b"\x01\x01")
    return data


def _encode_string(value: str) -> bytes:
    if "\0" in value or "\x01" in value:
        return b"%b%b\0" % (STRING, _escaped(value))
    return b"\x40%b\0" % value.encode("utf-8", "surrogatepass")


def _encode_object_id(value: ObjectId) -> bytes:
    return OBJECT_ID + value.binary


def _encode_date(value: DatetimeMS) -> bytes:
    return DATE + (int(value) + _DATE_BIAS).to_bytes(8, "big")


def _encode_timestamp(value: Timestamp) -> bytes:
    return _two_words.pack(TIMESTAMP, value.time, value.inc)


def _encode_bool(value: bool) -> bytes:
    return TRUE_KEY if value else FALSE_KEY


def _encode_binary(value: bytes) -> bytes:
    length, subtype, data = binary_sort_parts(value)
    size = bytes((length,)) if length < _LONG_BINARY else b"\xff" + length.to_bytes(4, "big")
    return b"%b%b%c%b" % (BINARY, size, subtype, data)


def _encode_regex(value: Regex[str]) -> bytes:
    pattern, flags = regex_sort_parts(value)
    return b"%b%b\0%b\0" % (REGEX, _escaped(pattern), _escaped(flags))


def _encode_code(value: Code) -> bytes:
    if value.scope is None:
        return b"%b%b\0" % (CODE, _escaped(value))
    return b"%b%b\0%b" % (SCOPED_CODE, _escaped(value), _encode_object(dict(value.scope)))


def _encode_object(value: Document, collation: Collation | None = None) -> bytes:
    parts = [OBJECT]
    for name, inner in value.items():
        key = encode(inner, collation)
        # Objects compare, field by field, the type bracket first, then the name, then the value.
        parts.append(b"%c%b\0%b" % (_BRACKET_OF_FIRST_BYTE[key[0]], _escaped(name), key))
    parts.append(END)
    return b"".join(parts)


def _encode_array(value: Sequence[BsonValue], collation: Collation | None = None) -> bytes:
    return b"%b%b\0" % (ARRAY, b"".join([encode(inner, collation) for inner in value]))


def _encode_collated(value: Field, collation: Collation) -> bytes:
    if isinstance(value, str) and not isinstance(value, Code):
        return b"%b%b\0" % (STRING, _escape(collation.sort_key(value)))
    if isinstance(value, dict):
        return _encode_object(value, collation)
    if isinstance(value, list):
        return _encode_array(value, collation)
    return _ENCODERS[value.__class__](value)


def _encode_int(value: int) -> bytes:
    # The lowest bit says whether a fraction follows.
    if 0 <= value < len(_SMALL_INT_KEYS):
        return _SMALL_INT_KEYS[value]
    size = (value.bit_length() + 8) >> 3
    if size > 8:
        return _encode_decimal(value < 0, abs(int(value)), 0)
    if value > 0:
        return _POSITIVE[_INTEGRAL + size] + (value << 1).to_bytes(size, "big")
    return _NEGATIVE[_INTEGRAL + size] + ((1 << (size << 3)) - 1 + (value << 1)).to_bytes(size, "big")


def _encode_float(value: float) -> bytes:
    magnitude = abs(value)
    if magnitude < 1.0:
        return _double_key(value < 0, magnitude, _SMALL) if value else _ZERO_KEY
    if magnitude < _LARGE_FROM:
        integral = int(magnitude)
        if integral == magnitude:
            return _encode_int(int(value))
        return _fraction_key(value < 0, integral, int((magnitude - integral) * _FRACTION_SCALE))
    if magnitude == math.inf:
        return (_NEGATIVE if value < 0 else _POSITIVE)[_INFINITE]
    return _double_key(value < 0, magnitude, _LARGE) if magnitude == magnitude else NAN_KEY  # noqa: PLR0124


def _encode_decimal128(value: Decimal128) -> bytes:
    parts = decimal_parts(value)
    if parts is None:
        number = value.to_decimal()
        return NAN_KEY if number.is_nan() else (_NEGATIVE if number.is_signed() else _POSITIVE)[_INFINITE]
    return _encode_decimal(*parts)


def _encode_decimal(is_negative: bool, coefficient: int, exponent: int) -> bytes:
    if not coefficient:
        return _ZERO_KEY
    magnitude = len(str(coefficient)) + exponent
    if 0 < magnitude < 20:
        integral, fraction, is_exact = _split_decimal(coefficient, exponent)
        if integral < _LARGE_FROM:
            if is_exact and not fraction:
                return _encode_int(-integral if is_negative else integral)
            digits = b"" if is_exact else _decimal_digits(coefficient, exponent)
            return _fraction_key(is_negative, integral, fraction, digits)
    return _cut_double_key(is_negative, coefficient, exponent, _LARGE if magnitude > 0 else _SMALL)


def _split_decimal(coefficient: int, exponent: int) -> tuple[int, int, bool]:
    """Return a decimal's integral part, its fraction cut to 52 bits, and whether nothing was cut off."""
    if exponent >= 0:
        return coefficient * int(10**exponent), 0, True
    scaled, rest = divmod(coefficient << _FRACTION_BITS, 10**-exponent)
    return scaled >> _FRACTION_BITS, scaled & _FRACTION_MASK, rest == 0


def _fraction_key(is_negative: bool, integral: int, fraction: int, digits: bytes = b"") -> bytes:
    """Return the key of a magnitude from 1 to 2**63 that is no integer; `digits` continue a fraction that was cut."""
    size = (integral.bit_length() + 8) >> 3
    bits = (integral << 1 | 1) << (8 * _FRACTION_BYTES) | fraction << 4 | bool(digits)
    return _signed(is_negative, _INTEGRAL + size, bits.to_bytes(size + _FRACTION_BYTES, "big") + digits)


def _double_key(is_negative: bool, magnitude: float, magnitude_class: int, digits: bytes = b"") -> bytes:
    """Return the key of a magnitude below 1 or from 2**63: the double's bits and a flag in the sign's place."""
    bits = int.from_bytes(_double.pack(magnitude), "big")
    payload = (bits << 1 | bool(digits)).to_bytes(8, "big")
    return _signed(is_negative, magnitude_class, payload + digits)


def _cut_double_key(is_negative: bool, coefficient: int, exponent: int, magnitude_class: int) -> bytes:
    magnitude = Decimal(f"{coefficient}E{exponent}")
    cut = min(float(magnitude), _MAX_DOUBLE)
    if cut > magnitude:
        cut = math.nextafter(cut, 0.0)
    digits = b"" if cut == magnitude else _decimal_digits(coefficient, exponent)
    return _double_key(is_negative, cut, magnitude_class, digits)


def _decimal_digits(coefficient: int, exponent: int) -> bytes:
    """Return a decimal once more, exactly: the exponent of its first digit, and its digits in pairs."""
    digits = str(coefficient)
    first_exponent = len(digits) - 1 + exponent
    digits = digits.rstrip("0")
    pairs = (digits[start : start + 2].ljust(2, "0") for start in range(0, len(digits), 2))
    return (first_exponent + _EXPONENT_BIAS).to_bytes(2, "big") + bytes([int(pair) + 1 for pair in pairs]) + END


def _signed(is_negative: bool, magnitude_class: int, payload: bytes) -> bytes:
    if is_negative:
        return _NEGATIVE[magnitude_class] + payload.translate(_INVERTED)
    return _POSITIVE[magnitude_class] + payload


def _constant(key: bytes) -> Callable[[object], bytes]:
    return lambda _value: key


_ENCODERS: Final[dict[type, Callable[[Any], bytes]]] = {
    MinKey: _constant(MIN_KEY),
    Missing: _constant(UNDEFINED_KEY),
    Undefined: _constant(UNDEFINED_KEY),
    type(None): _constant(NULL_KEY),
    int: _encode_int,
    Int64: _encode_int,
    float: _encode_float,
    Decimal128: _encode_decimal128,
    str: _encode_string,
    dict: _encode_object,
    list: _encode_array,
    bytes: _encode_binary,
    Binary: _encode_binary,
    ObjectId: _encode_object_id,
    bool: _encode_bool,
    DatetimeMS: _encode_date,
    Timestamp: _encode_timestamp,
    Regex: _encode_regex,
    Code: _encode_code,
    MaxKey: _constant(MAX_KEY),
}

_LAST_FIRST_BYTE: Final = {NAN_KEY: _POSITIVE[_INFINITE], FALSE_KEY: TRUE_KEY}


def _bracket_table() -> bytes:
    """Map the first byte of a key to the first byte of the least key of its type bracket."""
    table = bytearray(range(256))
    for low, high in _LAST_FIRST_BYTE.items():
        for first in range(low[0], high[0] + 1):
            table[first] = low[0]
    return bytes(table)


_BRACKET_OF_FIRST_BYTE: Final = _bracket_table()
