"""Sets of characters of PCRE's regular expressions, as ranges that Python's `re` understands inside `[…]`."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Code point ranges, both ends included, in order and apart."""

DIGIT: Final[Ranges] = ((0x30, 0x39),)
WORD: Final[Ranges] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Final[Ranges] = ((0x09, 0x0D), (0x20, 0x20))
HORIZONTAL: Final[Ranges] = (
    (0x09, 0x09),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x180E, 0x180E),
    (0x2000, 0x200A),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
)
VERTICAL: Final[Ranges] = ((0x0A, 0x0D), (0x85, 0x85), (0x2028, 0x2029))

POSIX: Final[dict[str, Ranges]] = {
    "alpha": ((0x41, 0x5A), (0x61, 0x7A)),
    "lower": ((0x61, 0x7A),),
    "upper": ((0x41, 0x5A),),
    "alnum": ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)),
    "ascii": ((0x00, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": DIGIT,
    "graph": ((0x21, 0x7E),),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": SPACE,
    "word": WORD,
    "xdigit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
}
"""The sets of `[:name:]`."""

_CATEGORIES: Final = frozenset(
    {"C", "Cc", "Cf", "Cn", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No"}
    | {"P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs"}
)

_SCRIPTS: Final = {
    "arabic": ("ARABIC",),
    "armenian": ("ARMENIAN",),
    "bengali": ("BENGALI",),
    "cyrillic": ("CYRILLIC",),
    "devanagari": ("DEVANAGARI",),
    "ethiopic": ("ETHIOPIC",),
    "georgian": ("GEORGIAN",),
    "greek": ("GREEK",),
    "han": ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "CJK RADICAL", "KANGXI RADICAL"),
    "hangul": ("HANGUL",),
    "hebrew": ("HEBREW",),
    "hiragana": ("HIRAGANA",),
    "katakana": ("KATAKANA",),
    "latin": ("LATIN",),
    "thai": ("THAI",),
}
# Python knows no scripts; a character's name begins with its own, which is right for all but some punctuation.


def text_of(ranges: Iterable[tuple[int, int]]) -> str:
    """Return ranges as the inside of a character class of Python's `re`."""
    return "".join(_escape(first) if first == last else f"{_escape(first)}-{_escape(last)}" for first, last in ranges)


def complement(ranges: Ranges) -> Ranges:
    """Return all code points that are not in `ranges`."""
    result: list[tuple[int, int]] = []
    start = 0
    for first, last in ranges:
        if first > start:
            result.append((start, first - 1))
        start = last + 1
    if start <= sys.maxunicode:
        result.append((start, sys.maxunicode))
    return tuple(result)


@lru_cache(maxsize=64)
def property_ranges(name: str) -> Ranges | None:
    """Return the characters with a Unicode property: a general category, a common script, or one of PCRE's own.

    Returns:
        None when there is no such property, or none that is known here.
    """
    has = _property_test(name)
    if has is None:
        return None
    result: list[tuple[int, int]] = []
    start: int | None = None
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and has(chr(code))
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            result.append((start, code - 1))
            start = None
    return tuple(result)


def _property_test(name: str) -> Callable[[str], bool] | None:
    category = unicodedata.category
    if name in _CATEGORIES:
        return lambda character: category(character).startswith(name)
    special = _SPECIAL_PROPERTIES.get(name)
    if special is not None:
        return special
    prefixes = _SCRIPTS.get(name.lower().replace("_", "").replace(" ", ""))
    if prefixes is None:
        return None
    return lambda character: unicodedata.name(character, "").startswith(prefixes)


_SPECIAL_PROPERTIES: Final[dict[str, Callable[[str], bool]]] = {
    "Any": lambda _character: True,
    "L&": lambda character: unicodedata.category(character) in ("Lu", "Ll", "Lt"),
    "Xan": lambda character: unicodedata.category(character)[0] in "LN",
    "Xwd": lambda character: unicodedata.category(character)[0] in "LN" or character == "_",
    "Xsp": lambda character: unicodedata.category(character)[0] == "Z" or character in "\t\n\v\f\r",
    "Xps": lambda character: unicodedata.category(character)[0] == "Z" or character in "\t\n\v\f\r",
}


def _escape(code: int) -> str:
    if code < 0x80:
        character = chr(code)
        return character if character.isalnum() else f"\\x{code:02x}"
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"
