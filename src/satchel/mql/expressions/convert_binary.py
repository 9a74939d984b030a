"""Conversions of `$convert` to binary data, and between arrays of numbers and vectors in binary data."""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from typing import Final
from uuid import UUID

from bson import Binary, Int64

from satchel.errors import ServerError
from satchel.mql.expressions.conversion import ConversionOptions, failure, failure_without_on_error, unsupported
from satchel.mql.expressions.convert_text import FORMAT_MISSING, array_from_json
from satchel.mql.expressions.string_values import is_string
from satchel.values.bson_types import BsonValue, encode_document

_UUID: Final = 4
_VECTOR: Final = 9
_INT8: Final = 0x03
_PACKED_BIT: Final = 0x10
_FLOAT32: Final = 0x27
_KINDS: Final = (_PACKED_BIT, _INT8, _FLOAT32)  # from the smallest to the largest
BASE64: Final = re.compile("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_BASE64_URL: Final = re.compile("(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}==|[A-Za-z0-9_-]{3}=)?")
UUID_TEXT: Final = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def to_binary(value: BsonValue, options: ConversionOptions) -> BsonValue:
    """Convert to binary data.

    Raises:
        ServerError: ConversionFailure (241), location 4341115 when a string has no format.
    """
    if isinstance(value, bytes):
        if (value.subtype if isinstance(value, Binary) else 0) != options.subtype:
            raise failure("Conversions between different BinData subtypes are not supported")
        return value
    if is_string(value):
        return with_subtype(_bytes_of_text(value, options), options.subtype)
    if isinstance(value, list):
        return Binary(_vector(value, options), _VECTOR)
    if isinstance(value, dict):
        return with_subtype(encode_document(value), options.subtype)
    return with_subtype(_bytes_of_number(value, options), options.subtype)


def with_subtype(raw: bytes, subtype: int) -> bytes | Binary:
    """Return binary data of a subtype in the engine's class for it."""
    return Binary(raw, subtype) if subtype else bytes(raw)


def to_array(value: BsonValue, options: ConversionOptions) -> BsonValue:
    """Convert JSON text, or a vector in binary data, to an array.

    Raises:
        ServerError: ConversionFailure (241), location 10506600 to 10506606 for a malformed vector.
    """
    if is_string(value):
        return array_from_json(value)
    if not isinstance(value, bytes):
        raise unsupported(value, "array")
    if not isinstance(value, Binary) or value.subtype != _VECTOR:
        raise failure("Conversion from binData to array is only supported for bindata with the vector subtype")
    return _array_of_vector(bytes(value), options)


def _bytes_of_number(value: BsonValue, options: ConversionOptions) -> bytes:
    order = ">" if options.big_endian else "<"
    if isinstance(value, float):
        return struct.pack(f"{order}d", value)
    if isinstance(value, Int64):
        return struct.pack(f"{order}q", value)
    if isinstance(value, int) and not isinstance(value, bool):
        return struct.pack(f"{order}i", value)
    raise unsupported(value, "binData")


def _bytes_of_text(text: str, options: ConversionOptions) -> bytes:
    if options.format is None:
        raise ServerError(FORMAT_MISSING, "Format must be specified when converting from 'string' to 'binData'")
    if (options.subtype == _UUID) != (options.format == "uuid"):
        raise _text_failure(text, "Only the 'uuid' format is allowed with the UUID subtype")
    if options.format == "utf8":
        return text.encode()
    if options.format == "uuid":
        if not UUID_TEXT.fullmatch(text):
            raise _text_failure(text, f"Invalid UUID string: {text}")
        return UUID(text).bytes
    if options.format == "hex":
        return _bytes_of_hex(text)
    if options.format == "auto":
        raise _text_failure(text, "Invalid format 'auto'")
    return _bytes_of_base64(text, url=options.format == "base64url")


def _text_failure(text: str, message: str) -> ServerError:
    return failure_without_on_error(f"Failed to parse BinData '{text}'", message)


def _bytes_of_hex(text: str) -> bytes:
    if len(text.encode()) % 2:
        raise _text_failure(text, "Hex blob with odd digit count")
    try:
        return binascii.unhexlify(text.encode())
    except binascii.Error:
        raise _text_failure(text, "The character failed to parse from hex.") from None


def _bytes_of_base64(text: str, *, url: bool) -> bytes:
    padded = text
    if url and len(text) % 4 > 1:
        padded += "=" * (4 - len(text) % 4)
    if len(padded.encode()) % 4:
        raise _text_failure(text, "invalid base64")
    if not (_BASE64_URL if url else BASE64).fullmatch(padded):
        raise _text_failure(text, "Invalid base64 character")
    return base64.urlsafe_b64decode(padded) if url else base64.b64decode(padded)


def _vector(values: list[BsonValue], options: ConversionOptions) -> bytes:
    """Return the smallest vector that holds all values: bits, else 8-bit integers, else 32-bit floats."""
    kind = max((_KINDS.index(_vector_kind(value)) for value in values), default=0)
    if _KINDS[kind] == _PACKED_BIT:
        return _packed_bits([bool(value) for value in values])
    if any(isinstance(value, bool) for value in values):
        code, target = (16003, "int") if _KINDS[kind] == _INT8 else (16005, "double")
        raise ServerError(code, f"can't convert from BSON type bool to {target}")
    numbers = [value for value in values if isinstance(value, int | float)]
    if _KINDS[kind] == _INT8:
        return bytes([_INT8, 0]) + struct.pack(f"{len(numbers)}b", *[int(number) for number in numbers])
    order = ">" if options.big_endian else "<"
    return bytes([_FLOAT32, 0]) + struct.pack(f"{order}{len(numbers)}f", *[_float32(number) for number in numbers])


def _vector_kind(value: BsonValue) -> int:
    """Return the smallest kind of vector that holds a value.

    Raises:
        ServerError: ConversionFailure (241) when there is none.
    """
    if isinstance(value, bool):
        return _PACKED_BIT
    if isinstance(value, float):
        return _INT8 if value.is_integer() and -128 <= value <= 127 else _FLOAT32
    if not isinstance(value, int) or isinstance(value, Int64):
        raise failure("Converting array to BinData requires an array with numeric or bool content")
    if not -128 <= value <= 127:
        raise failure("Converting a BSON array with integers larger than INT8 is not supported.")
    return _PACKED_BIT if value in (0, 1) else _INT8


def _packed_bits(bits: list[bool]) -> bytes:
    padding = -len(bits) % 8
    number = int("".join("1" if bit else "0" for bit in bits) + "0" * padding or "0", 2)
    return bytes([_PACKED_BIT, padding]) + number.to_bytes((len(bits) + padding) // 8, "big")


def _array_of_vector(raw: bytes, options: ConversionOptions) -> list[BsonValue]:
    if not raw:
        return []
    if len(raw) == 1:
        raise ServerError(10506601, "binData length invalid")
    kind, padding, data = raw[0], raw[1], raw[2:]
    if kind not in (_INT8, _PACKED_BIT, _FLOAT32):
        kinds = "0x10 for PACKED_BIT, 0x03 for INT8, or 0x27 for FLOAT32"
        raise ServerError(10506600, f"Invalid dType for provided BinData vector. Valid options are {kinds}.")
    if padding > (7 if kind == _PACKED_BIT else 0):
        raise ServerError(10506606, "Padding must be between 0 and 7 for PACKED_BIT vectors, or 0 otherwise")
    if kind == _INT8:
        return [byte - 256 if byte > 127 else byte for byte in data]
    if kind == _PACKED_BIT:
        bits = [bool(byte >> shift & 1) for byte in data for shift in range(7, -1, -1)]
        return list(bits[: len(bits) - padding] if bits else [])
    if len(data) % 4:
        raise ServerError(10506602, "BinData vector of type FLOAT32 has a length that is not a multiple of 4")
    return list(struct.unpack(f"{'>' if options.big_endian else '<'}{len(data) // 4}f", data))


def _float32(value: float) -> float:
    """Return a double within the range of 32 bits; beyond, it becomes infinite."""
    try:
        struct.pack("<f", value)
    except OverflowError:
        return math.copysign(math.inf, value)
    return value
