"""String expressions: joining, slicing, searching, trimming, case."""

from __future__ import annotations

from typing import Final

from satchel.errors import ServerError
from satchel.mql.expressions.expression import Expression, Variables, combine, is_nullish
from satchel.mql.expressions.registry import ABSENT, Parser, named_operator, operator, syntax
from satchel.mql.expressions.string_values import (
    coerce_to_long,
    coerce_to_string,
    is_string,
)
from satchel.mql.expressions.value_text import value_text
from satchel.values.bson_types import BsonValue, Document, Field, is_number, type_name
from satchel.values.numbers import exact_int32, narrow

_WHITESPACE: Final = "\0\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_UPPER: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LOWER: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@syntax("$concat")
def concat(operand: BsonValue, parser: Parser) -> Expression:
    """Join strings; null when any of them is null or missing.

    Raises:
        ServerError: location 16702 when an operand before the first null is not a string.

    Reference:
        MongoDB manual, "$concat".
    """
    operands = parser.operands("$concat", operand)
    evaluates = [one.evaluate for one in operands]

    def evaluate(document: Document, variables: Variables) -> Field:
        texts: list[str] = []
        for one in evaluates:
            value = one(document, variables)
            if is_nullish(value):
                return None
            if not is_string(value):
                raise ServerError(16702, f"$concat only supports strings, not {type_name(value)}")
            texts.append(value)
        return "".join(texts)

    return combine(evaluate, operands)


@operator("$toUpper", minimum=1, maximum=1)
def to_upper(value: Field) -> Field:
    """Return the value as a string with ASCII letters in upper case; null and missing become the empty string.

    Raises:
        ServerError: location 16007 for a type without text.

    Reference:
        MongoDB manual, "$toUpper".
    """
    return coerce_to_string(value).translate(_UPPER)


@operator("$toLower", minimum=1, maximum=1)
def to_lower(value: Field) -> Field:
    """Return the value as a string with ASCII letters in lower case; null and missing become the empty string.

    Raises:
        ServerError: location 16007 for a type without text.

    Reference:
        MongoDB manual, "$toLower".
    """
    return coerce_to_string(value).translate(_LOWER)


@operator("$strcasecmp", minimum=2, maximum=2)
def strcasecmp(left: Field, right: Field) -> Field:
    """Compare two values as strings, without regard to the case of ASCII letters: -1, 0 or 1.

    Raises:
        ServerError: location 16007 for a type without text.

    Reference:
        MongoDB manual, "$strcasecmp".
    """
    first = coerce_to_string(left).translate(_UPPER).encode()
    second = coerce_to_string(right).translate(_UPPER).encode()
    return (first > second) - (first < second)


@operator("$strLenBytes", minimum=1, maximum=1)
def str_len_bytes(text: Field) -> Field:
    """Return the length of a string in UTF-8 bytes.

    Raises:
        ServerError: location 34473 when the operand is not a string, null and missing included.

    Reference:
        MongoDB manual, "$strLenBytes".
    """
    if not is_string(text):
        raise ServerError(34473, f"$strLenBytes requires a string argument, found: {type_name(text)}")
    return narrow(len(text.encode()))


@operator("$strLenCP", minimum=1, maximum=1)
def str_len_cp(text: Field) -> Field:
    """Return the length of a string in code points.

    Raises:
        ServerError: location 34471 when the operand is not a string, null and missing included.

    Reference:
        MongoDB manual, "$strLenCP".
    """
    if not is_string(text):
        raise ServerError(34471, f"$strLenCP requires a string argument, found: {type_name(text)}")
    return narrow(len(text))


@operator("$substrCP", minimum=3, maximum=3)
def substr_cp(text: Field, start: Field, length: Field) -> Field:
    """Return the part of a string that begins at a code point and has at most `length` of them.

    Raises:
        ServerError: location 34450 to 34455 for a start or length that is not an integer from 0 on, location 16007
            for a type without text.

    Reference:
        MongoDB manual, "$substrCP".
    """
    string = coerce_to_string(text)
    first = _code_points(start, "starting index", 34450, 34451)
    count = _code_points(length, "length", 34452, 34453)
    if count < 0:
        raise ServerError(34454, "$substrCP: length must be a nonnegative integer.")
    if first < 0:
        raise ServerError(34455, "$substrCP: the starting index must be nonnegative integer.")
    return string[first : first + count]


def _code_points(value: Field, what: str, not_number: int, not_integer: int) -> int:
    if not is_number(value):
        raise ServerError(not_number, f"$substrCP: {what} must be a numeric type (is BSON type {type_name(value)})")
    number = exact_int32(value)
    if number is None:
        message = f"$substrCP: {what} cannot be represented as a 32-bit integral value: {value_text(value)}"
        raise ServerError(not_integer, message)
    return number


@operator("$substrBytes", minimum=3, maximum=3)
def substr_bytes(text: Field, start: Field, length: Field) -> Field:
    """Return the part of a string that begins at a UTF-8 byte and has at most `length` bytes.

    Args:
        text: The string, or a value that is read as one.
        start: The first byte, from 0.
        length: How many bytes; negative means all that follow.

    Raises:
        ServerError: location 16034, 16035 or 50752 for a bad start or length, location 28656 or 28657 when a code
            point would be cut, location 16007 for a type without text.

    Reference:
        MongoDB manual, "$substrBytes".
    """
    raw = coerce_to_string(text).encode()
    if not is_number(start):
        kind = type_name(start)
        raise ServerError(16034, f"$substrBytes:  starting index must be a numeric type (is BSON type {kind})")
    if not is_number(length):
        raise ServerError(16035, f"$substrBytes:  length must be a numeric type (is BSON type {type_name(length)})")
    first, count = coerce_to_long(start), coerce_to_long(length)
    if first < 0:
        raise ServerError(50752, f"$substrBytes:  starting index must be non-negative (got: {first})")
    end = len(raw) if count < 0 else min(first + count, len(raw))
    if first >= len(raw):
        return ""
    if _is_continuation(raw[first]):
        raise ServerError(28656, "$substrBytes:  Invalid range, starting index is a UTF-8 continuation byte.")
    if end < len(raw) and _is_continuation(raw[end]):
        message = "$substrBytes:  Invalid range, ending index is in the middle of a UTF-8 character."
        raise ServerError(28657, message)
    return raw[first:end].decode()


def _is_continuation(byte: int) -> bool:
    return byte & 0xC0 == 0x80


@syntax("$substr")
def substr(operand: BsonValue, parser: Parser) -> Expression:
    """Do what `$substrBytes` does; the older name.

    Reference:
        MongoDB manual, "$substr".
    """
    return parser.parse({"$substrBytes": operand})


@operator("$indexOfBytes", minimum=2, maximum=4)
def index_of_bytes(text: Field, token: Field, start: Field = ABSENT, end: Field = ABSENT) -> Field:
    """Return at which UTF-8 byte a string first has a substring, or -1.

    Args:
        text: Where to look; null when it is null or missing.
        token: What to look for.
        start: The byte to begin at.
        end: The byte before which the substring must end.

    Raises:
        ServerError: location 40091 or 40092 for what is not a string, location 40096 or 40097 for a bad range.

    Reference:
        MongoDB manual, "$indexOfBytes".
    """
    if is_nullish(text):
        return None
    string, wanted = _search_strings("$indexOfBytes", text, token, 40091)
    raw = string.encode()
    first, last = _search_range("$indexOfBytes", start, end, len(raw))
    if first > last:
        return -1
    return raw.find(wanted.encode(), first, last)


@operator("$indexOfCP", minimum=2, maximum=4)
def index_of_cp(text: Field, token: Field, start: Field = ABSENT, end: Field = ABSENT) -> Field:
    """Return at which code point a string first has a substring, or -1.

    Args:
        text: Where to look; null when it is null or missing.
        token: What to look for.
        start: The code point to begin at.
        end: The code point before which the substring must end.

    Raises:
        ServerError: location 40093 or 40094 for what is not a string, location 40096 or 40097 for a bad range.

    Reference:
        MongoDB manual, "$indexOfCP".
    """
    if is_nullish(text):
        return None
    string, wanted = _search_strings("$indexOfCP", text, token, 40093)
    first, last = _search_range("$indexOfCP", start, end, len(string))
    if not wanted and not string:
        return 0 if first == 0 else -1
    if first >= last:  # unlike $indexOfBytes, this one finds nothing in an empty range
        return -1
    return string.find(wanted, first, last)


def _search_strings(name: str, text: Field, token: Field, code: int) -> tuple[str, str]:
    if not is_string(text):
        raise ServerError(code, f"{name} requires a string as the first argument, found: {type_name(text)}")
    if not is_string(token):
        raise ServerError(code + 1, f"{name} requires a string as the second argument, found: {type_name(token)}")
    return text, token


def _search_range(name: str, start: Field, end: Field, length: int) -> tuple[int, int]:
    first = 0 if start is ABSENT else _search_index(name, start, "starting")
    last = length if end is ABSENT else _search_index(name, end, "ending")
    return first, min(last, length)


def _search_index(name: str, value: Field, which: str) -> int:
    index = exact_int32(value)
    if index is None:
        found = f"found a value of type: {type_name(value)}, with value: {value_text(value)}"
        raise ServerError(40096, f"{name} requires an integral {which} index, {found}")
    if index < 0:
        raise ServerError(40097, f"{name} requires a nonnegative {which} index, found: {index}")
    return index


@named_operator("$trim", required={"input": 50695}, optional=("chars",), not_object=50696, unknown=50694)
def trim(text: Field, chars: Field) -> Field:
    """Remove whitespace, or any of the code points `chars`, from both ends of a string.

    Raises:
        ServerError: location 50699 or 50700 for what is not a string.

    Reference:
        MongoDB manual, "$trim".
    """
    found = _trim_operands("$trim", text, chars)
    return None if found is None else found[0].strip(found[1])


@named_operator("$ltrim", required={"input": 50695}, optional=("chars",), not_object=50696, unknown=50694)
def ltrim(text: Field, chars: Field) -> Field:
    """Remove whitespace, or any of the code points `chars`, from the beginning of a string.

    Raises:
        ServerError: location 50699 or 50700 for what is not a string.

    Reference:
        MongoDB manual, "$ltrim".
    """
    found = _trim_operands("$ltrim", text, chars)
    return None if found is None else found[0].lstrip(found[1])


@named_operator("$rtrim", required={"input": 50695}, optional=("chars",), not_object=50696, unknown=50694)
def rtrim(text: Field, chars: Field) -> Field:
    """Remove whitespace, or any of the code points `chars`, from the end of a string.

    Raises:
        ServerError: location 50699 or 50700 for what is not a string.

    Reference:
        MongoDB manual, "$rtrim".
    """
    found = _trim_operands("$rtrim", text, chars)
    return None if found is None else found[0].rstrip(found[1])


def _trim_operands(name: str, text: Field, chars: Field) -> tuple[str, str] | None:
    if is_nullish(text):
        return None
    if not is_string(text):
        found = f"{value_text(text)} (of type {type_name(text)})"
        raise ServerError(50699, f"{name} requires its input to be a string, got {found} instead.")
    if chars is ABSENT:
        return text, _WHITESPACE
    if is_nullish(chars):
        return None
    if not is_string(chars):
        found = f"{value_text(chars)} (of type {type_name(chars)})"
        raise ServerError(50700, f"{name} requires 'chars' to be a string, got {found} instead.")
    return text, chars
