"""$concat $toUpper $toLower $strcasecmp $strLen… $substr… $indexOf… $trim $ltrim $rtrim."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Code, Decimal128, Int64, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from ..case import Case
from ..expression_cases import ExpressionCases

_NAN = float("nan")
_TEXTS: list[Any] = ["", "abc", "héé", "ÀÉ ß ÿ", "日本😀", "a\0b", "İı ǅ", "A-Z_09", "e\u0301"]
_COERCED: list[Any] = [
    1, Int64(-5), 1.0, 1.5, 123456.789, 1e6, 1e-5, 1e300, _NAN, -0.0, float("-inf"), Decimal128("1.50"),
    Decimal128("1E+6000"), Decimal128("NaN"), DatetimeMS(0), DatetimeMS(-1), DatetimeMS(2**62), Timestamp(1577934245,
    7),
    Timestamp(0, 1), Code("function() {}"), Code("x", {"a": 1}), Regex("a", "i"), None, True,
]  # fmt: skip
_INDEXES: list[Any] = [
    0, 1, 2, 3, 4, 5, 6, 100, -1, 1.0, 1.5, -0.5, Int64(2), Int64(2**40), Decimal128("1"), Decimal128("1.5"),
    Decimal128("2.5"), Decimal128("NaN"), Decimal128("1E+6000"), _NAN, float("inf"), 2.0**31, "1", None, True, [1],
]  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    yield from _joining(make)
    yield from _slicing(make)
    yield from _searching(make)
    yield from _trimming(make)


def _joining(make: ExpressionCases) -> Iterator[Case]:
    operands: list[Any] = [
        [], "a", ["a"], ["a", "b", "c"], ["a", None, 1], ["a", 1, None], [None], ["$missing", 1], ["$missing",
        {"$divide":
        [1, "$zero"]}], ["a", {"$concat": ["b", "c"]}], [1], [["a", "b"]], ["a", "$missing"], {"$literal": "a"}, None,
    ]  # fmt: skip
    yield from make.each_of(*({"$concat": operand} for operand in operands), document={"zero": 0})
    yield from make.each_in({"$concat": ["<", "$v", ">"]}, "few values")
    for operator in ("$toUpper", "$toLower"):
        yield from make.each_in({operator: "$v"}, "few values")
        yield from make.each_in({operator: "$v"}, [{"v": value} for value in [*_TEXTS, *_COERCED]])
        yield from make.each_of({operator: []}, {operator: ["a", "b"]}, {operator: ["aB"]}, {operator: {"a": 1}})
    pairs: list[Any] = ["a", "A", "b", "", "é", "É", "Z", "_", "ab", None, 1, 1.0, 10, True, DatetimeMS(0)]
    yield from make.pairs("$strcasecmp", ["a", "é", "", None, 1, "Z"], pairs)
    yield from make.each_of({"$strcasecmp": ["a"]}, {"$strcasecmp": ["a", "b", "c"]}, {"$strcasecmp": "a"})
    for operator in ("$strLenBytes", "$strLenCP"):
        yield from make.each_in({operator: "$v"}, "few values")
        yield make.of({operator: "$v"}, *({"v": text} for text in _TEXTS))
        yield from make.each_of({operator: []}, {operator: ["a", "b"]}, {operator: ["a"]}, {operator: {"a": 1}})


def _slicing(make: ExpressionCases) -> Iterator[Case]:
    for operator in ("$substr", "$substrBytes", "$substrCP"):
        yield from make.each_in({operator: ["$v", 0, 2]}, "few values")
        yield from make.each_in({operator: ["$v", 1, 3]}, [{"v": value} for value in [*_TEXTS, *_COERCED]])
        yield from make.each_in({operator: ["hé😀llo", "$v", 2]}, [{"v": value} for value in _INDEXES])
        yield from make.each_in({operator: ["hé😀llo", 1, "$v"]}, [{"v": value} for value in _INDEXES])
        yield from make.each_of({operator: []}, {operator: ["a", 1]}, {operator: ["a", 1, 2, 3]}, {operator: "a"})
    both = [{"a": a, "b": b} for a in range(8) for b in range(-1, 9)]
    yield from make.each_in({"$substrBytes": ["é😀b", "$a", "$b"]}, both)
    yield make.of({"$substrCP": ["é😀bcd", "$a", {"$max": [0, "$b"]}]}, *both)


def _searching(make: ExpressionCases) -> Iterator[Case]:
    for operator in ("$indexOfBytes", "$indexOfCP"):
        yield from make.each_in({operator: ["$v", "a"]}, "few values")
        yield from make.each_in({operator: ["abc", "$v"]}, "few values")
        yield from make.each_in({operator: ["hello", "l", "$v"]}, [{"v": value} for value in _INDEXES])
        yield from make.each_in({operator: ["hello", "l", 0, "$v"]}, [{"v": value} for value in _INDEXES])
        found = [{"s": s, "t": t} for s in ("", "ab", "héa😀a") for t in ("", "a", "é", "😀", "x")]
        yield make.of({operator: ["$s", "$t"]}, *found)
        for start in range(5):
            yield make.of({operator: ["$s", "$t", start]}, *found)
            for end in (0, 1, 3, 9):
                yield make.of({operator: ["$s", "$t", start, end]}, *found)
        yield from make.each_of(
            {operator: ["a"]}, {operator: ["a", "b", 1, 2, 3]}, {operator: "a"}, {operator: [None, 1, "x", "y"]},
            {operator: ["$missing", "b", -1]}, {operator: ["abc", "b", None]}, {operator: ["abc", "b", "$missing"]},
        )  # fmt: skip


def _trimming(make: ExpressionCases) -> Iterator[Case]:
    spaces = " \t\n\v\f\r\0\u00a0\u1680\u2000\u2005\u200a"
    others = ("\u0085", "\u180e", "\u200b", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\ufeff", "\x01", "\x1f")
    texts: list[Any] = ["", "a", f"{spaces}a b{spaces}", spaces, *(f"{other}a{other}" for other in others)]
    for operator in ("$trim", "$ltrim", "$rtrim"):
        yield make.of({operator: {"input": "$v"}}, *({"v": text} for text in texts))
        yield from make.each_in({operator: {"input": "$v"}}, "few values")
        yield from make.each_in({operator: {"input": "abcba", "chars": "$v"}}, "few values")
        chars = ["", "a", "ba", "é", "é😀", " ", "xyz", "aa"]
        yield make.of({operator: {"input": "$s", "chars": "$c"}}, *(
            {"s": text, "c": char} for text in ("aabaa", "éaé", "😀é", "  a ", "") for char in chars
        ))  # fmt: skip
        bad: list[Any] = [
            1, "a", None, [], ["a"], {}, {"chars": "a"}, {"input": "a", "x": 1}, {"input": "$missing", "chars": 5},
            {"input": 1, "chars": 2}, {"input": "a", "chars": "$missing"}, {"input": None},
        ]  # fmt: skip
        yield from make.each_of(*({operator: operand} for operand in bad))
