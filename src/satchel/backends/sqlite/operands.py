"""Operands of predicates as parameters of SQL: each in the roles that conditions have for it.

A role is a function of the operand; the SQL is the same whatever the operand is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import orjson
from bson import ObjectId
from bson.datetime_ms import DatetimeMS

from satchel.backends.sqlite.doubles import double_texts, window
from satchel.backends.sqlite.json_projection import MAX_STRING_CHARACTERS, date_text, uuid_text
from satchel.storage.predicate import OperandType
from satchel.values.numbers import exact_int64

Role: TypeAlias = Callable[..., object]
Tagged: TypeAlias = ObjectId | DatetimeMS | bytes

TAGS: Final = {OperandType.OBJECT_ID: "$oid", OperandType.DATE: "$date", OperandType.UUID: "$uuid"}
"""Under which tag the projection has values of a type that JSON lacks."""

_NO_TEXT: Final = ""
"""Equals none of the texts that it is compared with, for they are not empty."""


def number(operand: float) -> float:
    """Return a number, to compare integers with."""
    return int(operand) if isinstance(operand, int) else operand


def low(operand: float) -> float:
    """Return the number below which SQLite's reading of a double is less than the operand, for certain."""
    return window(operand).low


def high(operand: float) -> float:
    """Return the number above which SQLite's reading of a double is greater than the operand, for certain."""
    return window(operand).high


def high_above_booleans(operand: float) -> float:
    """Return `high`, but above what SQLite makes of booleans."""
    return max(high(operand), 1)


def low_below_booleans(operand: float) -> float:
    """Return `low`, but below what SQLite makes of booleans."""
    return min(low(operand), 0)


def double_text(operand: float) -> str:
    """Return the text of the double that equals a number."""
    return next(iter(double_texts(operand)), _NO_TEXT)


def other_double_text(operand: float) -> str:
    """Return the other text, if there are two (of zero)."""
    return next(reversed(double_texts(operand)), _NO_TEXT)


def string(operand: str) -> str:
    """Return a string."""
    return operand


def length(operand: str) -> int:
    """Return the length of a string in characters."""
    return len(operand)


def prefix(operand: str) -> str:
    """Return as much of a string as the projection has of a long one."""
    return operand[:MAX_STRING_CHARACTERS]


def prefix_length(operand: str) -> int:
    """Return the length of `prefix`."""
    return min(len(operand), MAX_STRING_CHARACTERS)


def long_prefix(operand: str) -> str:
    """Return what the projection has of a string that is too long for it."""
    return operand[:MAX_STRING_CHARACTERS] if len(operand) > MAX_STRING_CHARACTERS else _NO_TEXT


def tagged(operand: Tagged) -> str:
    """Return the text under the tag of a value; of dates that the projection cannot have, one before or after all."""
    if isinstance(operand, DatetimeMS):
        text = date_text(operand)
        return text if text is not None else "" if int(operand) < 0 else "~"
    return str(operand) if isinstance(operand, ObjectId) else uuid_text(operand)


def whole_numbers(operands: Sequence[float]) -> str:
    """Return those of the numbers that integers can equal, as a JSON array."""
    return _array([whole for operand in operands if (whole := exact_int64(operand)) is not None])


def lists_low(operands: Sequence[float]) -> float:
    """Return the least `low`."""
    return min(map(low, operands))


def lists_high(operands: Sequence[float]) -> float:
    """Return the greatest `high`."""
    return max(map(high, operands))


def texts_of_doubles(operands: Sequence[float]) -> str:
    """Return the texts of the doubles that equal one of the numbers, as a JSON array."""
    return _array([text for operand in operands for text in double_texts(operand)])


def strings(operands: Sequence[str]) -> str:
    """Return strings as a JSON array, without those that the projection cannot have."""
    return _array([operand for operand in operands if "\0" not in operand])


def long_prefixes(operands: Sequence[str]) -> str:
    """Return what the projection has of the strings that are too long for it, as a JSON array."""
    return _array([text for operand in operands if "\0" not in operand and (text := long_prefix(operand))])


def all_tagged(operands: Sequence[Tagged]) -> str:
    """Return the texts under the tags of values, as a JSON array."""
    return _array([tagged(operand) for operand in operands])


def _array(values: Sequence[str | int]) -> str:
    return orjson.dumps(values).decode()
