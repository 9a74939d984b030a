"""Values as the aggregation language's own messages print them: `{a: 1, b: ["x"]}`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.errors import ServerError
from satchel.mql.expressions.date_format import iso_string
from satchel.values.bson_types import Field, Missing
from satchel.values.shell_text import shell_text

_REGEX_OPTIONS: Final = ((2, "i"), (8, "m"), (16, "s"), (64, "x"))


def value_text(value: Field) -> str:
    """Return `value` in the notation of MongoDB's aggregation messages, which is not the shell's."""
    return _WRITERS[value.__class__](value)


def regex_text(regex: Regex[str]) -> str:
    """Return a regular expression between slashes, with its options."""
    return f"/{regex.pattern}/{regex_options(regex)}"


def regex_options(regex: Regex[str]) -> str:
    """Return the option letters of a regular expression, in alphabetical order."""
    return "".join(letter for flag, letter in _REGEX_OPTIONS if regex.flags & flag)


def _date(value: DatetimeMS) -> str:
    try:
        return iso_string(int(value))
    except ServerError:
        return "illegal date"


def _binary(value: bytes) -> str:
    subtype = value.subtype if isinstance(value, Binary) else 0
    return f'BinData({subtype}, "{value.hex().upper()}")'


def _code(value: Code) -> str:
    if value.scope is None:
        return f'Code("{value}")'
    return f'CodeWScope("{value}", {shell_text(dict(value.scope))})'


def _document(value: dict[str, Field]) -> str:
    return "{" + ", ".join(f"{name}: {value_text(item)}" for name, item in value.items()) + "}"


_WRITERS: Final[dict[type, Callable[..., str]]] = {
    Missing: lambda _value: "MISSING",
    float: lambda value: f"{value:g}",
    str: lambda value: json.dumps(value, ensure_ascii=False),
    dict: _document,
    list: lambda value: "[" + ", ".join(value_text(item) for item in value) + "]",
    bytes: _binary,
    Binary: _binary,
    ObjectId: str,
    bool: lambda value: "true" if value else "false",
    DatetimeMS: _date,
    type(None): lambda _value: "null",
    Regex: regex_text,
    Code: _code,
    int: str,
    Int64: str,
    Decimal128: str,
    Timestamp: lambda value: f"Timestamp({value.time}, {value.inc})",
    MinKey: lambda _value: "MinKey",
    MaxKey: lambda _value: "MaxKey",
}
