"""Collations: how strings compare when not by their bytes.

MongoDB sorts by ICU's tables. Here the order of the Unicode Collation Algorithm's root is approximated with what
Python's `unicodedata` knows: spaces, punctuation, symbols, digits, letters; letters by their base letter, then by
accents, then by case. All locales share that order (a numbered difference, see docs/differences.md). Index keys hold
these sort keys, so their bytes are part of the file format.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document, type_name
from satchel.values.locales import LOCALES, suggested_locale
from satchel.values.numbers import is_bson_number, truncated_int64

COLLATION_VERSION: Final = "57.1"
"""The collator version that MongoDB 8 reports and asks for."""


@dataclass(frozen=True, slots=True)
class Collation:
    """MongoDB's collation document, with its defaults.

    Attributes:
        locale: An ICU locale name; every locale sorts by the root order (see docs/differences.md).
        strength: 1 compares letters, 2 accents too, 3 case too, 4 punctuation, 5 the exact code points.
        case_level: Compare case at strengths 1 and 2.
        case_first: "off", "upper" or "lower".
        numeric_ordering: Compare runs of digits as numbers.
        alternate: "non-ignorable", or "shifted": spaces and punctuation count at strength 4 only.
        max_variable: Which characters "shifted" means: "punct", or "space".
        normalization: Accepted; text is always normalised.
        backwards: Compare accents from the end of the string.
    """

    locale: str
    strength: int = 3
    case_level: bool = False
    case_first: str = "off"
    numeric_ordering: bool = False
    alternate: str = "non-ignorable"
    max_variable: str = "punct"
    normalization: bool = False
    backwards: bool = False

    def sort_key(self, text: str) -> bytes:
        """Return bytes whose memcmp order is the order of strings under this collation; equal strings, equal bytes."""
        if text.isascii() and self._is_plain():
            return self._ascii_key(text)
        elements = list(self._elements(text))
        levels = [b"".join(element.primary for element in elements)]
        if self.strength >= 2:
            accents = [element.secondary for element in elements]
            levels.append(_join(reversed(accents) if self.backwards else accents))
        if self.case_level:
            levels.append(_join(element.tertiary.translate(_CASE_ONLY) for element in elements if element.primary))
        if self.strength >= 3:
            levels.append(_join(element.tertiary for element in elements))
        if self.strength >= 4 and self.alternate == "shifted":
            levels.append(b"".join(element.quaternary for element in elements))
        if self.strength == 5:
            exact = unicodedata.normalize("NFD", text).encode("utf-8", "surrogatepass")
            return _LEVEL_END.join([*levels, exact])
        return _LEVEL_END.join(levels).rstrip(_LEVEL_END)

    def spec(self) -> Document:
        """Return the collation document in full, as `listCollections` and `explain` show it."""
        return {
            "locale": self.locale,
            "caseLevel": self.case_level,
            "caseFirst": self.case_first,
            "strength": self.strength,
            "numericOrdering": self.numeric_ordering,
            "alternate": self.alternate,
            "maxVariable": self.max_variable,
            "normalization": self.normalization,
            "backwards": self.backwards,
            "version": COLLATION_VERSION,
        }

    def _is_plain(self) -> bool:
        return (
            self.strength <= 3
            and self.alternate == "non-ignorable"
            and not self.numeric_ordering
            and not self.case_level
            and self.case_first != "upper"
        )

    def _ascii_key(self, text: str) -> bytes:
        # The general algorithm in two table look-ups: ASCII text has no accents.
        raw = text.encode("ascii")
        primary = raw.translate(_ASCII_PRIMARY, _ASCII_IGNORABLE)
        case = raw.translate(_ASCII_CASE, _ASCII_IGNORABLE).rstrip(_LOWER) if self.strength == 3 else b""
        return primary + _LEVEL_END * 2 + case if case else primary

    def _elements(self, text: str) -> Iterator[_Element]:
        """Yield the collation elements of a text."""
        after_shifted = False
        for digits, characters in groupby(unicodedata.normalize("NFD", text), _is_digit):
            if digits and self.numeric_ordering:
                yield from _number_elements("".join(str(unicodedata.decimal(digit)) for digit in characters))
                after_shifted = False
                continue
            for character in characters:
                for element in _character_elements(character):
                    if self._is_shifted(element) or (after_shifted and not element.primary):
                        after_shifted = True
                        yield _Element(b"", b"", b"", element.group, element.primary)
                    else:
                        after_shifted = False
                        yield self._case_ordered(element)

    def _is_shifted(self, element: _Element) -> bool:
        if self.alternate != "shifted":
            return False
        return element.group == _SPACE or (element.group == _PUNCTUATION and self.max_variable == "punct")

    def _case_ordered(self, element: _Element) -> _Element:
        if self.case_first != "upper" or not element.primary:
            return element
        return element._replace(tertiary=element.tertiary.translate(_UPPER_FIRST))


class _Element(NamedTuple):
    """One collation element: its weights on four levels, and the group of its character."""

    primary: bytes
    secondary: bytes
    tertiary: bytes
    group: int
    quaternary: bytes = b"\xff"


_IGNORABLE: Final = 0
_SPACE: Final = 1
_PUNCTUATION: Final = 2
_SYMBOL: Final = 3
_CURRENCY: Final = 4
_NUMBER: Final = 5
_LETTER: Final = 6
_MARK: Final = 7

# Weights are at least 0x03, so that the end of a level is less than any; trailing common weights are dropped.
_LEVEL_END: Final = b"\x02"
_COMMON: Final = b"\x04"
_LOWER: Final = b"\x04"
_LOWER_VARIANT: Final = b"\x05"
_UPPER: Final = b"\x08"
_UPPER_VARIANT: Final = b"\x09"
_UPPER_FIRST: Final = bytes.maketrans(
    _LOWER + _LOWER_VARIANT + _UPPER + _UPPER_VARIANT, _UPPER + _UPPER_VARIANT + _LOWER + _LOWER_VARIANT
)
_CASE_ONLY: Final = bytes.maketrans(_LOWER_VARIANT + _UPPER_VARIANT, _LOWER + _UPPER)

_ASCII_SPACES: Final = "\t\n\v\f\r "
_ASCII_PUNCTUATION: Final = "_-,;:!?.'\"()[]{}@*/\\&#%"
_ASCII_SYMBOLS: Final = "`^+<=>|~"
_FIRST_SPACE: Final = 0x04
_FIRST_PUNCTUATION: Final = 0x0B
_FIRST_SYMBOL: Final = 0x23
_DOLLAR: Final = 0x2D
_NUMBER_RUN: Final = b"\x30"
_MAX_RUN: Final = 200

# Characters beyond ASCII stand behind those of their group, by code point; letters need no prefix.
_GROUP_PREFIX: Final = {
    _SPACE: b"\x0a",
    _PUNCTUATION: b"\x22",
    _SYMBOL: b"\x2b",
    _CURRENCY: b"\x2e",
    _NUMBER: b"\x3a",
    _LETTER: b"",
}

# The common accents in the order of the Unicode Collation Algorithm; others follow by code point.
_ACCENTS: Final = (
    "\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0307"
    "\u0338\u0327\u0326\u0328\u0304\u030f\u0311\u0309\u0323\u031b"
)
_FIRST_ACCENT: Final = 0x10
_OTHER_ACCENT: Final = b"\x80"
_STROKE: Final = bytes((_FIRST_ACCENT + _ACCENTS.index("\u0338"),))

# Letters that Unicode does not decompose but that sort as accented forms of others.
_SPELLED: Final = {
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "ħ": "h",
    "ß": "ss",
}
_FIRST_KATAKANA: Final = "ァ"
_LAST_KATAKANA: Final = "ヶ"
_HIRAGANA_OFFSET: Final = -0x60


def _join(weights: Iterable[bytes]) -> bytes:
    return b"".join(weights).rstrip(_COMMON)


def _is_digit(character: str) -> bool:
    return unicodedata.category(character) == "Nd"


def _number_elements(digits: str) -> Iterator[_Element]:
    """Yield one element for a number: first its length without leading zeros, then its digits."""
    digits = digits.lstrip("0")
    for start in range(0, len(digits) or 1, _MAX_RUN):
        run = digits[start : start + _MAX_RUN]
        primary = b"%b%c%b" % (_NUMBER_RUN, _FIRST_SPACE + len(run), run.encode("ascii"))
        yield _Element(primary, _COMMON, _LOWER, _NUMBER)


@lru_cache(maxsize=8192)
def _character_elements(character: str) -> tuple[_Element, ...]:
    """Return the collation elements of one character of a decomposed text."""
    if unicodedata.combining(character):
        return (_Element(b"", _accent_weight(character), _LOWER, _MARK),)
    compatible = _compatible(character)
    is_upper = character.lower() != character
    is_variant = compatible != character
    case = (_UPPER_VARIANT if is_variant else _UPPER) if is_upper else _LOWER_VARIANT if is_variant else _LOWER
    elements: list[_Element] = []
    for part in unicodedata.normalize("NFD", compatible.lower()):
        spelled = _SPELLED.get(part)
        elements.extend(_element(letter, case) for letter in spelled or part.casefold())
        if spelled:
            elements.append(_Element(b"", _STROKE, _LOWER, _MARK))
    return tuple(elements)


def _compatible(character: str) -> str:
    """Return the plain characters that a character is a variant of (`2` of `²`), or itself."""
    if _FIRST_KATAKANA <= character <= _LAST_KATAKANA:
        return chr(ord(character) + _HIRAGANA_OFFSET)
    compatible = unicodedata.normalize("NFKD", character)
    return character if compatible.startswith(" ") and len(compatible) > 1 else compatible


def _accent_weight(mark: str) -> bytes:
    rank = _ACCENTS.find(mark)
    return bytes((_FIRST_ACCENT + rank,)) if rank >= 0 else _OTHER_ACCENT + mark.encode()


def _element(character: str, case: bytes) -> _Element:
    group = _group(character)
    if group == _IGNORABLE:
        return _Element(b"", b"", b"", group, b"")
    if group == _MARK:
        return _Element(b"", _accent_weight(character), _LOWER, group)
    return _Element(_primary(character, group), _COMMON, case, group)


_GROUP_OF_CATEGORY: Final = {
    "P": _PUNCTUATION,
    "S": _SYMBOL,
    "Z": _SPACE,
    "N": _NUMBER,
    "M": _MARK,
}


def _group(character: str) -> int:
    category = unicodedata.category(character)
    if category == "Cc":
        return _SPACE if character in _ASCII_SPACES or character == "\x85" else _IGNORABLE
    if category == "Cf":
        return _IGNORABLE
    if category == "Sc":
        return _CURRENCY
    return _GROUP_OF_CATEGORY.get(category[0], _LETTER)


def _primary(character: str, group: int) -> bytes:
    if character.isascii():
        return bytes((_ascii_primary(character),))
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return b"%d" % digit
    return _GROUP_PREFIX[group] + character.encode("utf-8", "surrogatepass")


def _ascii_primary(character: str) -> int:
    for first, members in (
        (_FIRST_SPACE, _ASCII_SPACES),
        (_FIRST_PUNCTUATION, _ASCII_PUNCTUATION),
        (_FIRST_SYMBOL, _ASCII_SYMBOLS),
        (_DOLLAR, "$"),
    ):
        if character in members:
            return first + members.index(character)
    return ord(character.lower())


_ASCII: Final = "".join(map(chr, range(128)))
_ASCII_IGNORABLE: Final = bytes(ord(character) for character in _ASCII if _group(character) == _IGNORABLE)
_ASCII_PRIMARY: Final = bytes(_ascii_primary(character) for character in _ASCII) + bytes(128)
_ASCII_CASE: Final = b"".join(_UPPER if character.isupper() else _LOWER for character in _ASCII) + bytes(128)


_BOOLEAN_FIELDS: Final = {
    "caseLevel": "case_level",
    "numericOrdering": "numeric_ordering",
    "normalization": "normalization",
    "backwards": "backwards",
}
_CHOICE_FIELDS: Final = {
    "caseFirst": ("case_first", ("upper", "lower", "off")),
    "alternate": ("alternate", ("non-ignorable", "shifted")),
    "maxVariable": ("max_variable", ("punct", "space")),
}


def parse_collation(spec: BsonValue) -> Collation | None:
    """Read a collation document.

    Returns:
        The collation, or None for `{locale: "simple"}` and for an empty document.

    Raises:
        ServerError: BadValue (2) for an unknown locale or a value out of range; TypeMismatch (14);
            IDLFailedToParse (40414) without a locale; IDLUnknownField (40415);
            IncompatibleCollationVersion (161) for another collator version.
    """
    if not isinstance(spec, dict):
        raise _wrong_type("collation", spec, "object")
    if not spec:
        return None
    fields: dict[str, object] = {}
    for name, value in spec.items():
        if value is not None:
            _read_field(name, value, fields)
    locale = fields.get("locale")
    if locale is None:
        raise ServerError(ErrorCode.IDLFailedToParse, "BSON field 'collation.locale' is missing but a required field")
    if locale == "simple":
        return None
    version = fields.pop("version", COLLATION_VERSION)
    fields.setdefault("backwards", locale == "fr_CA")
    collation = Collation(**fields)  # type: ignore[arg-type]
    _check(collation, spec, version)
    return collation


def _read_field(name: str, value: BsonValue, fields: dict[str, object]) -> None:
    if name in ("locale", "version"):
        fields[name] = _string(name, value)
    elif name == "strength":
        fields[name] = _strength(value)
    elif name in _BOOLEAN_FIELDS:
        if not isinstance(value, bool):
            raise _wrong_type(f"collation.{name}", value, "bool")
        fields[_BOOLEAN_FIELDS[name]] = value
    elif name in _CHOICE_FIELDS:
        attribute, choices = _CHOICE_FIELDS[name]
        text = _string(name, value)
        if text not in choices:
            raise _not_a_choice(name, text)
        fields[attribute] = text
    else:
        raise ServerError(ErrorCode.IDLUnknownField, f"BSON field 'collation.{name}' is an unknown field.")


def _string(name: str, value: BsonValue) -> str:
    if not isinstance(value, str):
        raise _wrong_type(f"collation.{name}", value, "string")
    return value


def _strength(value: BsonValue) -> int:
    if not is_bson_number(value):
        raise ServerError(
            ErrorCode.TypeMismatch,
            f"BSON field 'strength' is the wrong type '{type_name(value)}', "
            "expected types '[decimal, double, long, int]'",
        )
    strength = truncated_int64(value)
    if strength < 0 or strength > 5:
        bound = "<= 5" if strength > 5 else ">= 0"
        raise ServerError(ErrorCode.BadValue, f"BSON field 'strength' value must be {bound}, actual value '{strength}'")
    if strength == 0:
        raise _not_a_choice("strength", "0")
    return strength


def _wrong_type(name: str, value: BsonValue, expected: str) -> ServerError:
    return ServerError(
        ErrorCode.TypeMismatch,
        f"BSON field '{name}' is the wrong type '{type_name(value)}', expected type '{expected}'",
    )


def _not_a_choice(name: str, text: str) -> ServerError:
    return ServerError(
        ErrorCode.BadValue, f"Enumeration value '{text}' for field 'collation.{name}' is not a valid value."
    )


def _check(collation: Collation, spec: Document, version: object) -> None:
    locale = collation.locale
    if version != COLLATION_VERSION:
        raise ServerError(
            ErrorCode.IncompatibleCollationVersion,
            f"Requested collation version {version} but the only available collator version was {COLLATION_VERSION}. "
            f"Requested collation spec: {spec}",
        )
    if not locale:
        raise ServerError(ErrorCode.BadValue, f"Field 'locale' cannot be the empty string in: {spec}")
    if locale not in LOCALES:
        suggestion = suggested_locale(locale)
        hint = f". Did you mean '{suggestion}'?" if suggestion else ""
        raise ServerError(ErrorCode.BadValue, f"Field 'locale' is invalid in: {spec}{hint}")
    if collation.strength < 3 and not collation.case_level and collation.case_first != "off":
        raise ServerError(
            ErrorCode.BadValue,
            f"'caseFirst' is invalid unless 'caseLevel' is on or 'strength' is greater than 2 in: {spec}",
        )
    if collation.strength == 1 and collation.backwards:
        raise ServerError(ErrorCode.BadValue, f"'backwards' is invalid with 'strength' of 1 in: {spec}")
