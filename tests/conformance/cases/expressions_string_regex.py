"""$regexMatch $regexFind $regexFindAll $replaceOne $replaceAll $split, and the dialect of patterns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Code, Regex

from ..case import Case
from ..expression_cases import ExpressionCases

_PATTERNS: list[tuple[str, str]] = [
    ("\\w", "é"), ("\\d", "\u0665"), ("\\s", "\u00a0"), ("\\bé", "é"), ("É", "é"), ("(?i)É", "é"), ("(*UCP)\\w", "é"),
    ("\\h", "\t"), ("\\R", "\n"), ("\\Aa\\z", "a"), ("a\\Z", "a\n"), ("a\\z", "a\n"), ("\\p{L}", "é"), ("\\p{Lu}", "É"),
    ("[[:alpha:]]", "a"), ("[[:alpha:]]", "é"), ("\\Qa.b\\E", "a.b"), ("a{,2}b", "aab"), ("\\x{e9}", "é"), ("\\141",
    "a"),
    ("\\cA", "\x01"), ("\\e", "\x1b"), ("(?<=a|bc)d", "bcd"), ("(?<!a|bc)d", "bcd xd"), ("(?i)a(?-i)b", "Ab"),
    ("x(?i)a", "xA"), ("(?:x(?i)a)b", "xAB"), ("a|b(?i)c|d", "D"), ("(?^i:a)", "A"), ("a++b", "aab"), ("(?>a+)b",
    "aab"),
    ("(?'n'a)\\k'n'", "aa"), ("(?P<n>a)(?P=n)", "aa"), ("(?<n>a)\\k{n}", "aa"), ("(a)\\g1", "aa"), ("(a)\\g{-1}", "aa"),
    ("\\X", "e\u0301"), ("\\N", "a"), ("(?#c)a", "a"), ("\\y", "y"), ("[z-a]", "a"), ("a**", "a"), ("[", "a"), ("\\",
    "a"),
    ("(?<n>a)(?<n>b)", "ab"), ("(?J)(?<n>a)(?<n>b)", "ab"), ("\\u0041", "A"), ("[\\b]", "\b"), ("(?(1)a|b)", "b"),
    ("(a)?(?(1)b|c)", "ab"), ("a]", "a]"), ("[]a]", "]"), ("[^]a]", "b"), ("[a-\\d]", "-"), ("(?s).", "\n"), (".",
    "\r"),
    ("(a)\\2", "aa"), ("\\18", "\x018"), ("[[.a.]]", "a"), ("[[:foo:]]", "a"), ("[a[b]]", "a]"), ("(", "x"), (")", "x"),
    ("?", "x"), ("a{2,1}", "a"), ("a{99999}", "a"), ("\\p{Foo}", "a"), ("(?z)", "a"), ("(?<", "a"), ("\\x{110000}",
    "a"),
    ("(?<=\\d+)a", "1a"), ("(?m)^b$", "a\nb\nc"), ("^b$", "a\nb\nc"), ("(?x) a b # c\n c", "abc"), ("[a&&b]+", "a&b"),
    ("[a--b]", "-"), ("[\\w-]+", "a-b"), ("[^\\W\\d]+", "ab1"), ("\\v", "\n"), ("\\H", "a"), ("[^\\H]", "\t"),
    ("(?U)a+", "aaa"), ("(?U)a+?", "aaa"), ("\\p{Greek}", "\u03b1"), ("\\P{L}", "1"), ("\\p{^L}", "1"), ("\\pL+", "ab"),
    ("[[:^digit:]]", "a"), ("x{", "x{"), ("x{1,a}", "x{1,a}"), ("{1}", "{1}"), ("[\\Qa]\\E]", "a"), ("é+", "éé"),
    ("((a)(b))\\3", "abb"), ("[\\101]", "A"), ("[\\x41-\\x43]", "B"), ("^*", "a"), ("(?!)", "a"), ("(?n)(a)(?<x>b)",
    "ab"),
    ("(?<n>a)?(?(<n>)b|c)", "ab"), ("[:alpha:]", "a"), ("\\g", "a"), ("(?=a)b|c", "c"), ("(?<=^|,)a", ",a"),
    ("(?<=a(?:b|cd))e", "acde"), ("^(?:(?=.*\\d)(?=.*[a-z]).{4,8})$", "abc1"),
]  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    yield from _dialect(make)
    yield from _beyond_python(make)
    yield from _finding(make)
    yield from _replacing(make)
    yield from _splitting(make)


def _dialect(make: ExpressionCases) -> Iterator[Case]:
    for pattern, text in _PATTERNS:
        yield make.of({"$regexFind": {"input": "$t", "regex": pattern}}, {"t": text})
        for options in ("i", "m", "s", "x"):
            everywhere = {"$regexFindAll": {"input": "$t", "regex": pattern, "options": options}}
            yield make.of(everywhere, {"t": f"{text}\n{text.upper()}"})


def _beyond_python(make: ExpressionCases) -> Iterator[Case]:
    """Patterns that Python's engine cannot run: a known difference."""
    for pattern, text in (("(a)(?1)", "aa"), ("a\\Kb", "ab"), ("(?|(a)|(b))\\1", "bb"), ("(?(?=a)a|b)", "b")):
        yield make.of({"$regexMatch": {"input": "$t", "regex": pattern}}, {"t": text})


def _finding(make: ExpressionCases) -> Iterator[Case]:
    arguments: list[Any] = [
        {"input": "café au lait", "regex": "a"}, {"input": "café au", "regex": "(.)u"}, {"input": "abc", "regex":
        "(x)?(b)"}, {"input": "abc", "regex": ""}, {"input": "ABC", "regex": "b", "options": "i"}, {"input": "ABC",
        "regex": Regex("b", "i"), "options": "i"}, {"input": "ABC", "regex": Regex("b"), "options": "i"}, {"input":
        "ABC", "regex": Regex("b", "i"), "options": ""}, {"input": "ABC", "regex": Regex("b", "i"), "options": None},
        {"input": "abc", "regex": "b", "options": "q"}, {"input": "abc", "regex": "b", "options": "imsxu"}, {"input":
        "abc", "regex": "a\0b"}, {"input": "a\0b", "regex": "b"}, {"input": "abc", "regex": "b", "options": "i\0"},
        {"input": "", "regex": ""}, {"input": "aXbX", "regex": "X|$"}, {"input": None, "regex": "("}, {"input": None,
        "regex": "a", "options": "q"}, {"input": "a", "regex": None, "options": "q"}, {"input": "a", "regex": None,
        "options": 1}, {"input": "$missing", "regex": "("}, {"input": "foobar", "regex": "(?=(o))"}, {"input": "a",
        "regex": Code("a")}, {"input": "a"}, {"regex": "a"}, {"input": "a", "regex": "a", "x": 1}, {}, 1, "a", None, [],
        {"input": "$missing", "regex": "$missing"}, {"input": "ab ba", "regex": "b*"}, {"input": "aa", "regex": "a??"},
    ]  # fmt: skip
    for operator in ("$regexMatch", "$regexFind", "$regexFindAll"):
        yield from make.each_of(*({operator: argument} for argument in arguments))
        yield from make.each_in({operator: {"input": "$v", "regex": "a"}}, "few values")
        yield from make.each_in({operator: {"input": "aa", "regex": "$v"}}, "few values")
        yield from make.each_in({operator: {"input": "aa", "regex": "A", "options": "$v"}}, "few values")


def _replacing(make: ExpressionCases) -> Iterator[Case]:
    found: list[tuple[Any, Any]] = [
        ("abcabc", "b"), ("abcabc", ""), ("", ""), ("aaa", "aa"), ("héé", "é"), ("aa", Regex("a??")), ("aab",
        Regex("a??")), ("aé", Regex("x*")), ("ab", Regex("(?=b)|b")), ("a\r\nb", Regex("")), ("a b", Regex("^|b")),
        ("abab", Regex("a(?=b)")), ("a", Regex("(")), (None, Regex("(")), ("a1b2", Regex("([0-9])")), ("abc",
        Regex("b*")), ("aBc", Regex("b", "i")), ("a\nb", Regex("a.b", "s")), ("$1", "$"), (".a.", "."),
    ]  # fmt: skip
    for operator in ("$replaceOne", "$replaceAll"):
        for text, wanted in found:
            replace = {operator: {"input": "$t", "find": "$f", "replacement": "<$1\\1>"}}
            yield make.of(replace, {"t": text, "f": wanted})
        for name in ("input", "find", "replacement"):
            arguments: dict[str, Any] = {"input": "aa", "find": "a", "replacement": "b", name: "$v"}
            yield from make.each_in({operator: arguments}, "few values")
        bad: list[Any] = [
            1, "a", None, [], {}, {"input": 1}, {"input": 1, "find": 1}, {"find": 1, "replacement": 1}, {"input": 1,
            "find": 1, "replacement": 1}, {"input": 1, "find": 1, "replacement": 1, "x": 1}, {"input": None, "find": 1,
            "replacement": 1},
        ]  # fmt: skip
        yield from make.each_of(*({operator: operand} for operand in bad))


def _splitting(make: ExpressionCases) -> Iterator[Case]:
    found: list[tuple[Any, Any]] = [
        ("a-b-c", "-"), ("", " "), ("a-b", "--"), ("aXbX", "X"), ("a\0b", "\0"), ("aa", Regex("a??")), ("aé",
        Regex("x*")), ("ab", Regex("(?=b)|b")), ("abab", Regex("a(b)?")), (None, Regex("(")), ("a", Regex("(")), ("abc",
        Regex("^")), ("abc", Regex("$")), ("", Regex("")), ("abc", Regex("(a)|(b)")), ("aBc", Regex("b", "i")), ("日本",
        "本"), ("aaa", "aa"), ("abc", ""),
    ]  # fmt: skip
    for text, separator in found:
        yield make.of({"$split": ["$t", "$s"]}, {"t": text, "s": separator})
    yield from make.each_in({"$split": ["$v", "a"]}, "few values")
    yield from make.each_in({"$split": ["a b", "$v"]}, "few values")
    yield from make.each_of({"$split": []}, {"$split": ["a"]}, {"$split": ["a", "b", 1]}, {"$split": "a"})
