"""Documents and filters that have much to do with each other: few paths, and values of one theme that are near.

They are drawn from a plain random generator, which is ten times faster than Hypothesis's own and easier to aim.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from random import Random
from typing import TypeVar

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.values.bson_types import BsonValue, Document

T = TypeVar("T")

FOCUSES = (
    *(("a",), ("a",), ("a", "b"), ("a.b",), ("a.b", "a.c"), ("a", "a.b"), ("a.b.c",), ("a.b.c", "a.b"), ("a.a",)),
    *(("a.0",), ("a.0.b", "a.b"), ("a.b.0",), ("0", "0.1"), ("a.-1",), ("a.01", "a.1")),
    *(("",), ("a.",), (".a",), ("a..b", "a"), ("a b", "a b.c"), ("é", "é.日本"), ('q"q', 'a.q"q'), ("b\\s", "a.b\\s")),
    *(("n\nl",), ("'", "a.'"), ("[0]", "a[0]"), ("#", "*"), ("😀.a",), ("a.$oid", "a"), ("$x", "a.$x"), ("$prefix",)),
    *(("a.$date", "a"), ("a.$numberDecimal", "a"), ("a.$binary.length", "a")),
)
"""Paths that occur together. Some have names that SQLite's paths, JSON or the projection's tags could mistake."""

_BIG = 2**53
_LONG = "x" * 1024
_THEMES: tuple[tuple[BsonValue, ...], ...] = (
    (0, 1, 2, 3, 5, 1.0, 1.5, 2.5, Int64(2), -1),
    (0, 0.0, -0.0, 5e-324, -5e-324, 1, False, None, Decimal128("0"), Decimal128("-0")),
    (*map(Int64, range(_BIG - 2, _BIG + 4)), float(_BIG), float(_BIG + 2), Decimal128(str(_BIG + 1))),
    (0.1, math.nextafter(0.1, 1), math.nextafter(0.1, 0), 0.1 * (1 + 1e-13), 0.3, Decimal128("0.1"), Decimal128("0.3")),
    (1e22, 1e16, 1e-7, 123456789.123, 1e15, 9.99, 1e308, 1.7976931348623157e308, math.inf, -math.inf),
    (Int64(2**63 - 1), Int64(-(2**63)), 2.0**63, -(2.0**63), Decimal128("9223372036854775808"), 2**31 - 1),
    (math.nan, Decimal128("NaN"), Decimal128("Infinity"), 0, 1.5, Decimal128("1.5"), Decimal128("2"), 2),
    ("", "a", "ab", "abc", "b", "A", "B", "aB", "a\0", "a b", "5"),
    ("k", "K", "\u212a", "s", "S", "\u017f", "É", "é", "aé", "AÉ", "\u0131", "I", "\u0130"),
    ("\x01", "\x7f", "\n", "a\nb", "b\na", '"', "\\", "\u2028", "😀", "\ud7ff", "\uffff", "%", "_", "*", "["),
    ('{"$oid":"1"}', "[1]", '{"a":1}', "null", "true", "1", '["a"]', "{", "[", "a"),
    (_LONG, _LONG + "x", _LONG + "xy", _LONG + "y", _LONG[:-1], "x", "w", "y", "y" * 2000, _LONG[:-1] + "y"),
    (*("é" * 1024, "é" * 1025, "é" * 1023 + "f", "é" * 1024 + "a", "É" * 1025, "a" * 1025, "A" * 1025, "a", "é"),),
    tuple(DatetimeMS(ms) for ms in (0, 1, -1, 1000, 1_700_000_000_000, -62_135_596_800_000, 253_402_300_799_999)),
    tuple(DatetimeMS(ms) for ms in (0, 2**63 - 1, -(2**63), 253_402_300_800_000, -62_135_596_800_001, 1000)),
    (*(ObjectId(bytes(11) + bytes([last])) for last in range(4)), ObjectId(b"\xff" * 12), "0" * 24, None),
    (*(Binary(bytes(15) + bytes([last]), 4) for last in range(3)), Binary(b"a", 4), bytes(16), Binary(bytes(16), 3)),
    (True, False, 0, 1, None, "true", Decimal128("1")),
    (None, None, 0, "", [], {}, False, "a"),
    (MinKey(), MaxKey(), None, 1, "a", {}, []),
    (Timestamp(0, 1), Timestamp(1, 0), Regex("a"), Regex("^a", "i"), Code("a"), Code("a", {"$x": 1}), "a"),
    ({}, {"a": 1}, {"b": 1}, {"a": {"b": 1}}, {"$oid": "0" * 24}, {"b": None}, ObjectId(bytes(12)), DatetimeMS(0)),
    ([], [[]], [None], [1], [[1]], [{}], [{"b": 1}], 1, None),
)  # fmt: skip
"""Values of which a case has its own."""

_TAGGED = (
    *(ObjectId(bytes(12)), "0" * 24, DatetimeMS(0), "1970-01-01T00:00:00.000Z", Decimal128("5"), "5", b"12345", 5),
    *(_LONG + "x", _LONG, None, Binary(bytes(16), 4)),
)
"""Values that the projection tags, and what stands under the tags."""

_COMPARISONS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
_TYPES = (
    "double string object array binData objectId bool date null regex javascript int timestamp long decimal minKey "
    "maxKey number javascriptWithScope"
).split()
_PATTERNS = (
    *("", "a", "^a", "^", "^ab", "b$", "a.c", "a*", "ab?", "ab{0}", "ab+", "a|b", "^a|b", "a|^", ".*a", "^.*a", "a.*"),
    *("^a.*", "x{1024}", r"\.", r"a\b", "(a)", "(a)?", "[ab]", "^(?i)a", r"\Qa\E", r"ab\E?", "ab(?#c)*", "k", "s", "É"),
    *("^x", "^" + _LONG, "^" + _LONG + "y", _LONG + "y", "a\nb", "^b", "a#b", "a b", "5", "{", '"', "a(?!b)", "i", "x"),
)  # fmt: skip
_OPTIONS = ("", "", "", "i", "i", "m", "x", "s", "im", "u")
_OTHERS = ({"$mod": [2, 1]}, {"$bitsAllSet": 1}, {"$bitsAnyClear": 1}, {"$exists": True}, {"$exists": False})


class Cases:
    """Draws documents and filters about a few paths and values.

    Args:
        random: The source of all choices.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._chance = random.random
        self.paths = self._one_of(FOCUSES)
        first = _TAGGED if "$" in "".join(self.paths) else self._one_of(_THEMES)
        pool = (*first, *(self._one_of(_THEMES) if self._chance() < 0.3 else ()))
        self._pool = random.sample(pool, min(len(pool), random.randint(2, 8)))

    def _one_of(self, options: Sequence[T]) -> T:
        return options[int(self._chance() * len(options))]

    def documents(self, count: int) -> list[Document]:
        """Draw documents."""
        return [self._document() for _ in range(count)]

    def _document(self) -> Document:
        document: Document = {}
        for path in self.paths:
            if self._chance() < 0.9:
                self._grow(document, path.split("."))
        if self._chance() < 0.2:
            document["extra"] = self._value()
        return document

    def _grow(self, document: Document, parts: Sequence[str]) -> None:
        """Put something at, or on the way to, the end of a path."""
        name, rest = parts[0], parts[1:]
        grown = document.get(name)
        if rest and isinstance(grown, dict):
            document[name] = {**grown}
            self._grow(document[name], rest)
        elif name not in document or self._chance() < 0.5:
            document[name] = self._on_the_way(rest) if rest else self._value()

    def _on_the_way(self, rest: Sequence[str]) -> BsonValue:
        chance = self._chance()
        if chance < 0.1:
            return self._value()
        if chance < 0.5 or not rest:
            return self._object(rest)
        return [
            self._object(rest) if self._chance() < 0.7 else self._value(0.4) for _ in range(self._random.randint(0, 3))
        ]

    def _object(self, rest: Sequence[str]) -> Document:
        document: Document = {}
        if rest and self._chance() < 0.85:
            self._grow(document, rest)
        return document

    def _value(self, nesting: float = 0.3) -> BsonValue:
        """Draw a value of the pool, or an array or object of such."""
        chance = self._chance()
        if chance < nesting:
            return [self._value(nesting / 2) for _ in range(self._random.randint(0, 3))]
        if chance < nesting * 1.3:
            return {self._one_of(("a", "b", "c", "0")): self._value(nesting / 2)}
        return self._one_of(self._pool)

    def operand(self) -> BsonValue:
        """Draw a value to compare with."""
        return self._one_of(self._pool) if self._chance() < 0.85 else self._value()

    def filter(self, depth: int = 2) -> Document:
        """Draw a filter."""
        if depth and self._chance() < 0.3:
            children = [self.filter(depth - 1) for _ in range(self._random.randint(1, 3))]
            return {self._one_of(("$and", "$or", "$nor")): children}
        return {self._one_of(self.paths): self._condition(depth) for _ in range(self._random.randint(1, 2))}

    def _condition(self, depth: int) -> BsonValue:
        chance = self._chance()
        if chance < 0.1:
            return self.operand()
        return self._range() if chance < 0.3 else self._operators(depth)

    def _range(self) -> Document:
        return {
            self._one_of(("$gt", "$gte")): self.operand(),
            self._one_of(("$lt", "$lte")): self.operand(),
        }

    def _operators(self, depth: int) -> Document:
        chance = self._chance()
        if chance < 0.35:
            return {self._one_of(_COMPARISONS): self.operand()}
        if chance < 0.5:
            operands = [self.operand() for _ in range(self._random.randint(0, 5))]
            return {self._one_of(("$in", "$nin", "$all")): operands}
        if chance < 0.6:
            return {"$regex": self._pattern(), "$options": self._one_of(_OPTIONS)}
        if chance < 0.75 or not depth:
            sized = {"$size": self._random.randint(0, 3)}
            return self._one_of(({"$type": [self._one_of(_TYPES)]}, sized, *_OTHERS))
        if chance < 0.83:
            return {"$not": self._range() if self._chance() < 0.4 else self._operators(depth - 1)}
        return {"$elemMatch": self._element(depth - 1)}

    def _pattern(self) -> str:
        literals = [value.strip("\0")[:2] for value in self._pool if isinstance(value, str)]
        if not literals or self._chance() < 0.5:
            return self._one_of(_PATTERNS)
        literal = re.escape(self._one_of(literals))
        literal = self._one_of((literal, literal, literal.upper(), literal.lower(), literal.swapcase()))
        return self._one_of(("", "^", "^", ".*")) + literal + self._one_of(("", "", ".*", "?", "$"))

    def _element(self, depth: int) -> Document:
        if self._chance() < 0.4:
            return self._range() if self._chance() < 0.5 else self._operators(depth)
        ends = [path.rpartition(".")[2] for path in self.paths]
        return {self._one_of((*ends, "a", "b")): self._condition(depth) for _ in range(self._random.randint(1, 2))}
