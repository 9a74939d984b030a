"""Literal text in regular expressions: what every string that matches has to contain, as far as it is plain to see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_LITERAL: Final = re.compile(r"[^\\.^$*+?()\[\]{}|]|\\[!-/:-@\[-`{-~]", re.DOTALL)
_TOO_CLEVER: Final = ("|", "(?#", r"\E", r"\Q")
"""What makes the text before it optional, or hides what a quantifier belongs to."""


@dataclass(frozen=True, slots=True)
class LiteralText:
    """What a string has to contain for a pattern to match.

    Attributes:
        text: The text; in lower case and ASCII, if case does not count.
        at_start: Whether the string has to begin with it.
        ignore_case: Whether case does not count.
        is_enough: Whether every such string matches.
    """

    text: str
    at_start: bool
    ignore_case: bool
    is_enough: bool


def literal_text(pattern: str, options: str) -> LiteralText | None:
    """Return what a string has to contain for the pattern to match, or None when nothing is known.

    Args:
        pattern: A regular expression, valid.
        options: Its letters out of `imsxu`.
    """
    if "x" in options or any(sign in pattern for sign in _TOO_CLEVER):
        return None
    anchored = pattern.startswith("^")
    body = pattern[anchored:]
    floats = body.startswith(".*")
    body = body[2 * floats :]
    letters, rest = _leading_literals(body)
    text = "".join(letters)
    ignore_case = "i" in options
    if ignore_case:
        if not text.isascii():
            return None
        text = text.lower()
    return LiteralText(
        text,
        at_start=anchored and not floats and "m" not in options,
        ignore_case=ignore_case,
        is_enough=rest in ("", ".*") and not (anchored and (floats or "m" in options)),
    )


def _leading_literals(body: str) -> tuple[list[str], str]:
    """Return the characters that a pattern begins with, and the rest of it."""
    letters: list[str] = []
    position = 0
    while (found := _LITERAL.match(body, position)) is not None:
        letters.append(found.group()[-1])
        position = found.end()
    if letters and body[position : position + 1] in ("*", "?", "{"):
        letters.pop()
    return letters, body[position:]
