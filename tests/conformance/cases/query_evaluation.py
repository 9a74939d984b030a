"""$expr $mod $regex $sampleRate, operators that do not exist, and operator documents that are none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Decimal128, Int64, Regex

from ..case import Case
from ..slug import Slugs

_MODS: list[Any] = [
    [2, 0], [2, 1], [3, 1], [3, -1], [-3, 1], [7, 0], [1, 0], [Int64(2**40), 0], [Int64(2**62), 1], [5, 2.9], [4.7, 0],
    [Decimal128("4.9"), 0], [2, -0.5], [2, Decimal128("1.2")], [-1, 0], [Int64(-(2**63)), 0],
    [], [2], [2, 1, 0], [0, 1], [0.5, 0], ["2", 0], [2, "0"], [None, 0], [2, None], [float("nan"), 0],
    [2, float("inf")], [1e20, 0],
    [2, 1e20], [Decimal128("NaN"), 0], [Decimal128("1E+30"), 0], [True, 0], 2, "2", None, {}, {"0": 2},
]  # fmt: skip
_PATTERNS = [
    "", "a", "^a", "b$", "^$", ".", "A", "[a-c]+$", "^[^a]", "a|b", "(a)(b)?", "é", "日", "😀", "\\d", "\\D", "\\w+",
    "\\W", "\\s", "\\bb",
    "a\\x00b", "line$", "^nbreak", "break\\z", "break\\Z", "\\Aline", "\\$price", "a.b", "e.", "^.$", "[[:alpha:]]",
    "[[:digit:]]+$",
    "(?i)ABC", "(?<x>a)b", "(?P<x>a)b", "a{2}", "a{,2}b", "(?=ab)", "(?!a)", "(?<=a)b", "(?<!a)b", "(?>a+)b", "a++b",
    "\\h", "\\R", "\\p{L}",
    "\\p{Lu}", "\\Qa b\\E", "\\x{e9}", "\\u", "(", ")", "[", "]", "*", "a**", "(?z)", "\\", "a{2,1}", "(?<n>a)(?<n>b)",
    "(a)\\2", "[z-a]",
    "a b", "a #b", "#", "(?#c)a", "\\N", "a\nb", "line.break", "line\\sbreak",
]  # fmt: skip
_OPTIONS: list[Any] = ["", "i", "m", "s", "x", "u", "imsx", "ii", "z", "g", "l", "I", 1, None, True, Regex("i"), []]
_EXPRESSIONS: list[Any] = [
    1, 0, None, True, False, "a", "$a", "$a.b", "$missing", "$$ROOT", [], {}, {"a": 1}, {"$eq": ["$a", 1]},
    {"$gt": ["$a", "$b"]},
    {"$and": [{"$gt": ["$a", 0]}, {"$lt": ["$a", 4]}]}, {"$or": ["$a", "$b"]}, {"$not": ["$a"]}, {"$in": [1, "$a"]},
    {"$isArray": "$a"},
    {"$eq": ["$a", None]}, {"$lt": ["$a", "x"]}, {"$ne": ["$a.b", 1]}, {"$eq": [{"$type": "$a"}, "missing"]},
    {"$rand": {}},
    {"$literal": 0}, {"$cond": ["$a", "$b", True]}, {"$eq": ["$a"]}, {"$nope": 1}, "$$nope", {"$eq": 1}, "$", "$$",
    "$a.", {"a": 1, "$b": 1},
    {"$divide": [1, 0]}, float("nan"), 0.0, Decimal128("0"), Int64(0), "",
]  # fmt: skip
_OPERATOR_DOCUMENTS: list[Any] = [
    {"$gt": 1, "b": 1}, {"b": 1, "$gt": 1}, {"$nope": 1}, {"$gt": 0, "$nope": 1}, {"$": 1}, {"$ref": "c", "$id": 1},
    {"$id": 1, "$x": 1},
    {"$ref": "c"}, {"$id": 1}, {"$db": "d"}, {"$ref": "c", "$gt": 1}, {"$gt": 1, "$ref": "c", "$id": 1},
    {"$eq": {"$gt": 1}},
    {"$where": "1"}, {"$expr": 1}, {"$comment": "x"}, {"$jsonSchema": {}}, {"$sampleRate": 1}, {"$query": 1},
    {"$set": 1}, {"$slice": 1},
    {"$gt": Regex("a")}, {"$lte": Regex("a")}, {"$ne": Regex("a")}, {"$eq": Regex("abc")}, {"$maxDistance": 1},
    {"$meta": 1},
]  # fmt: skip
_TOP_LEVEL = [
    "$gt",
    "$eq",
    "$in",
    "$regex",
    "$exists",
    "$nope",
    "$query",
    "$orderby",
    "$set",
    "$size",
    "$elemMatch",
    "$",
    "$a",
]


def cases() -> Iterator[Case]:
    slug = Slugs()
    yield from _mods(slug)
    yield from _regexes(slug)
    for expression in _EXPRESSIONS:
        yield _find(slug("$expr", expression), {"$expr": expression}, "shapes")
    for rate in (0, 1, 0.0, 1.0, Decimal128("1"), -1, 1.5, float("nan"), "1", None, True, [], Decimal128("1.5")):
        yield _find(slug("$sampleRate", rate), {"$sampleRate": rate}, "few values")
    for spec in _OPERATOR_DOCUMENTS:
        yield _find(slug("operators", spec), {"v": spec}, "few values")
    for name in _TOP_LEVEL:
        for operand in (1, {"a": 1}, []):
            yield _find(slug("top", name.replace("$", "D"), operand), {name: operand}, "few values")


def _find(name: str, spec: Any, documents: str) -> Case:
    return Case(name, {"find": "$coll", "filter": spec, "projection": {"_id": 1}}, documents)


def _mods(slug: Slugs) -> Iterator[Case]:
    for operand in _MODS:
        yield _find(slug("$mod", operand), {"v": {"$mod": operand}}, "every value")
        yield _find(slug("$mod", "arrays", operand), {"v": {"$mod": operand}}, "few values in arrays")


def _regexes(slug: Slugs) -> Iterator[Case]:
    for i, pattern in enumerate(_PATTERNS):
        for options in ("", "i", "m", "sx"):
            name = slug("$regex", str(i), pattern, options)
            yield _find(name, {"v": {"$regex": pattern, "$options": options}}, "strings")
    for options in _OPTIONS:
        yield _find(slug("$options", options), {"v": {"$regex": "A b", "$options": options}}, "strings")
        yield _find(slug("$options", "first", options), {"v": {"$options": options, "$regex": "^A"}}, "strings")
        yield _find(slug("$options", "regex", options), {"v": {"$regex": Regex("^A"), "$options": options}}, "strings")
        both = {"v": {"$regex": Regex("^A", "i"), "$options": options}}
        yield _find(slug("$options", "both", options), both, "strings")
        yield _find(slug("$options", "alone", options), {"v": {"$options": options}}, "strings")
    for pattern in (1, None, True, [], {}, {"$gt": 1}, Regex("^a"), Regex("^A", "i"), Regex("(")):
        yield _find(slug("$regex", "operand", pattern), {"v": {"$regex": pattern}}, "every value")
        yield _find(slug("$regex", "implicit", pattern), {"v": pattern}, "few values in arrays")
    yield _find("regex-and-others", {"v": {"$regex": "^a", "$gt": "a", "$options": "i", "$ne": "ab"}}, "strings")
