"""Doubles in JSON text: what SQLite's reading of them can be trusted with.

SQLite does not promise to read the text of a double to the last bit. What it reads is near enough, though, to tell
doubles apart that are not close neighbours; and a double has one text, so that equal texts are equal doubles.
"""

from __future__ import annotations

import math
import sys
from typing import Final, NamedTuple

import orjson

_RELATIVE: Final = 2.0**-46
_ABSOLUTE: Final = 2.0**-1068


class Window(NamedTuple):
    """Numbers around a bound: a double that SQLite reads as one beyond them is beyond the bound."""

    low: float
    high: float


def window(bound: float) -> Window:
    """Return the numbers of which SQLite cannot tell for certain on which side of the bound they are."""
    middle = max(-sys.float_info.max, min(float(bound), sys.float_info.max))
    margin = abs(middle) * _RELATIVE + _ABSOLUTE
    return Window(
        -math.inf if bound == -math.inf else middle - margin, math.inf if bound == math.inf else middle + margin
    )


def double_texts(number: float) -> tuple[str, ...]:
    """Return the texts of the doubles that equal a number: none where there is no such double, two of zero."""
    double = float(number)
    if double != number or math.isinf(double):
        return ()
    return ("0.0", "-0.0") if not double else (orjson.dumps(double).decode(),)
