"""Regular expressions in filters: compiled, with MongoDB's errors."""

from __future__ import annotations

import re
from typing import Final

from bson import Regex

from satchel.errors import ErrorCode, ServerError
from satchel.values.pcre import PcreError, compile_pcre

_FLAGS: Final = {"i": re.I, "l": re.L, "m": re.M, "s": re.S, "u": re.U, "x": re.X}
_OPTIONS: Final = frozenset("imsxu")


def compile_pattern(pattern: str, options: str) -> re.Pattern[str]:
    """Compile a pattern.

    Raises:
        ServerError: Location 51091 for a pattern that is no regular expression, 51108 for unknown options, BadValue (2)
            for a NUL in the pattern, NotImplemented (238) for what Python's engine cannot do.
    """
    if "\0" in pattern:
        raise ServerError(ErrorCode.BadValue, "Regular expression cannot contain an embedded null byte")
    for option in options:
        if option not in _OPTIONS:
            raise ServerError(51108, f" invalid flag in regex options: {option}")
    try:
        return compile_pcre(pattern, options)
    except PcreError as error:
        if error.unsupported:
            raise ServerError(ErrorCode.NotImplemented, error.message) from error
        raise ServerError(51091, f"Regular expression is invalid: {error.message}") from error


def options_of(regex: Regex[str]) -> str:
    """Return the option letters of a BSON regular expression, in alphabetical order."""
    return "".join(letter for letter, flag in _FLAGS.items() if regex.flags & flag)


def flags_of(options: str) -> int:
    """Return the flags of a BSON regular expression with these option letters."""
    flags = 0
    for letter in options:
        flags |= _FLAGS[letter]
    return flags
