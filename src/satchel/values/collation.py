"""Collations: how strings compare when not by their bytes."""

from __future__ import annotations

from dataclasses import dataclass


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
        return text.casefold().encode("utf-8", "surrogatepass")
