"""BSON values as MongoDB's messages print them: `{ name: "a", n: 1.0 }`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.values.bson_types import BsonValue


def shell_text(value: BsonValue) -> str:
    """Return `value` in the notation of MongoDB's own error messages."""
    writer = _WRITERS.get(value.__class__)
    return writer(value) if writer is not None else str(value)


def _document(value: dict[str, BsonValue]) -> str:
    inner = ", ".join(f"{name}: {shell_text(item)}" for name, item in value.items())
    return f"{{ {inner} }}" if inner else "{}"


def _array(value: list[BsonValue]) -> str:
    inner = ", ".join(shell_text(item) for item in value)
    return f"[ {inner} ]" if inner else "[]"


def _double(value: float) -> str:
    if math.isnan(value):
        return "nan.0"
    if math.isinf(value):
        return "inf.0" if value > 0 else "-inf.0"
    return repr(value) if not value.is_integer() or abs(value) >= 1e15 else f"{value:.1f}"


def _binary(value: bytes) -> str:
    subtype = value.subtype if isinstance(value, Binary) else 0
    if subtype == 4 and len(value) == 16:
        return f'UUID("{Binary(value, 4).as_uuid()}")'
    return f"BinData({subtype}, {value.hex().upper()})"


def _string(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_WRITERS: Final[dict[type, Callable[..., str]]] = {
    dict: _document,
    list: _array,
    str: _string,
    float: _double,
    bool: lambda value: "true" if value else "false",
    type(None): lambda value: "null",
    bytes: _binary,
    Binary: _binary,
    ObjectId: lambda value: f"ObjectId('{value}')",
    DatetimeMS: lambda value: f"new Date({int(value)})",
    Int64: str,
    Decimal128: str,
    Timestamp: lambda value: f"Timestamp({value.time}, {value.inc})",
    Regex: lambda value: f"/{value.pattern}/",
    Code: str,
    MinKey: lambda value: "MinKey",
    MaxKey: lambda value: "MaxKey",
}
