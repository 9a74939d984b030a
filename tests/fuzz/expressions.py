"""Random aggregation expressions, typed, so that most succeed on most documents.

`SIGNATURES` says for each operator what it gives and takes; what needs variables or constants has a function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from bson import Decimal128, Int64, ObjectId, Regex, Timestamp

from satchel.values.bson_types import BsonValue, Document

from . import values
from .draw import Draw
from .shape import ELEMENT_KINDS, Shape

SIGNATURES: Final = """
number  $add number+
number  $subtract number number
number  $multiply number+
number  $divide number nonzero
number  $mod number nonzero
number  $abs number
number  $ceil number
number  $floor number
number  $exp int
number  $ln positive
number  $log10 positive
number  $log positive base
number  $sqrt positive
number  $pow number int
number  $round number place?
number  $trunc number place?
number  $sigmoid number
number  $sin number
number  $cos number
number  $tan int
number  $asin unitary
number  $acos unitary
number  $atan number
number  $atan2 number number
number  $sinh int
number  $cosh int
number  $tanh number
number  $asinh number
number  $acosh positive
number  $atanh unitary
number  $degreesToRadians number
number  $radiansToDegrees number
number  $sum any+
number  $sum numbers
number  $avg any+
number  $avg numbers
number  $stdDevPop any+
number  $stdDevPop numbers
number  $stdDevSamp numbers
any     $min any+
any     $min array
any     $max any+
any     $max array
number  $median {input:numbers method:approximate}
numbers $percentile {input:finites p:quantiles method:approximate}
int     $bitAnd integer+
int     $bitOr integer+
int     $bitXor integer+
int     $bitNot integer
int     $cmp any any
bool    $eq any any
bool    $ne any any
bool    $gt any any
bool    $gte any any
bool    $lt number number
bool    $lte any any
bool    $and any*
bool    $or any*
bool    $not any
bool    $isArray any
bool    $isNumber any
bool    $in any array
bool    $allElementsTrue array
bool    $anyElementTrue array
bool    $setEquals array+
bool    $setIsSubset array array
bool    $toBool any
int     $size array
any     $arrayElemAt array index
any     $first array
any     $last array
array   $slice array index
array   $slice array index count
int     $indexOfArray array any
int     $indexOfArray array any count count?
array   $reverseArray array
array   $concatArrays array+
numbers $range int int step?
array   $objectToArray object
object  $arrayToObject pairs
array   $setUnion array+
array   $setIntersection array+
array   $setDifference array array
string  $concat string+
string  $toUpper string
string  $toLower string
int     $strcasecmp string string
int     $strLenBytes text
int     $strLenCP text
string  $substrCP string count count
string  $substrBytes ascii count count
string  $substr ascii count count
int     $indexOfBytes string text count?
int     $indexOfCP string text count? count?
string  $trim {input:string chars?:text}
string  $ltrim {input:string chars?:text}
string  $rtrim {input:string chars?:text}
bool    $regexMatch {input:string regex:pattern options?:options}
object  $regexFind {input:string regex:pattern}
array   $regexFindAll {input:string regex:pattern}
string  $replaceOne {input:string find:text replacement:text}
string  $replaceAll {input:string find:letter replacement:text}
strings $split string letter
string  $type any
number  $toInt numeric
number  $toLong numeric
number  $toDouble numeric
number  $toDecimal numeric
string  $toString printable
date    $toDate instant
any     $toObjectId hex
any     $toUUID uuid
any     $toArray arraytext
any     $toObject objecttext
int     $subtype binary
int     $binarySize string
int     $bsonSize object
int     $tsSecond timestamp
int     $tsIncrement timestamp
int     $year date
int     $month date
int     $dayOfMonth {date:date timezone?:zone}
int     $hour {date:date timezone?:zone}
int     $minute date
int     $second date
int     $millisecond date
int     $dayOfYear date
int     $dayOfWeek {date:date timezone?:zone}
int     $week date
int     $isoDayOfWeek date
int     $isoWeek date
int     $isoWeekYear date
object  $dateToParts {date:date timezone?:zone iso8601?:literal_bool}
date    $dateFromParts {year:year month?:month day?:int hour?:int minute?:int second?:int timezone?:zone}
date    $dateFromParts {isoWeekYear:year isoWeek?:month isoDayOfWeek?:int millisecond?:int}
date    $dateAdd {startDate:date unit:unit amount:amount timezone?:zone}
date    $dateSubtract {startDate:date unit:unit amount:amount timezone?:zone}
number  $dateDiff {startDate:date endDate:date unit:unit timezone?:zone startOfWeek?:weekday}
date    $dateTrunc {date:date unit:unit binSize?:binsize timezone?:zone startOfWeek?:weekday}
string  $dateToString {date:date format?:format timezone?:zone onNull?:any}
date    $dateFromString {dateString:datetext timezone?:zone onError:any onNull?:any}
date    $add date amount
date    $subtract date amount
number  $subtract date date
any     $convert {input:scalar to:type onError:any onNull?:any}
any     $ifNull any any+
any     $cond {if:any then:any else:any}
any     $cond bool any any
number  $cond bool number number
string  $cond bool string string
array   $cond bool array array
object  $mergeObjects object+
any     $getField {field:name input:object}
any     $getField name
object  $setField {field:name input:object value:any}
object  $unsetField {field:name input:object}
array   $firstN {n:positive_int input:array}
array   $lastN {n:positive_int input:array}
array   $minN {n:positive_int input:array}
array   $maxN {n:positive_int input:array}
array   $sortArray {input:array sortBy:order}
array   $zip {inputs:arrays useLongestLength?:literal_bool}
any     $literal any_literal
any     $const any_literal
number  $toHashedIndexKey scalar
any     $hash {input:text algorithm:algorithm}
string  $hexHash {input:text algorithm:algorithm}
number  $similarityDotProduct vector vector
number  $similarityCosine vector vector
number  $similarityEuclidean vector vector
any     $serializeEJSON {input:any relaxed?:literal_bool onError?:any}
any     $deserializeEJSON {input:any onError?:any}
any     $expr any
"""
NOT_GENERATED: Final = {
    "$rand": "random",
    "$createObjectId": "random",
    "$createUUID": "random",
    "$function": "needs JavaScript (difference 6)",
    "$meta": "needs text search",
}
"""The operators that are left out, with the reason."""

_LITERALS: Final[Mapping[str, list[BsonValue]]] = {
    "int": [0, 1, 2, 3, -1, Int64(2)],
    "amount": [0, 1, -1, 5, Int64(40)],
    "positive": [1, 2, 0.5, Int64(7), Decimal128("2"), 10],
    "positive_int": [1, 2, 3],
    "nonzero": [1, 2, -3, 0.5, Int64(4), Decimal128("0.3"), 7],
    "base": [2, 10, 3.5],
    "unitary": [0, 1, -1, 0.5, Decimal128("0.25")],
    "place": [-2, -1, 0, 1, 3],
    "count": [0, 1, 2, 4],
    "index": [0, 1, 2, -1, -2],
    "step": [1, 2, -1],
    "binsize": [1, 2, 5],
    "integer": [0, 1, 6, -5, Int64(2**40), 2**31 - 1],
    "approximate": ["approximate"],
    "quantiles": [[0.5], [0, 1], [0.25, 0.9]],
    "finites": [[1, 2, 3.5], [Int64(4)], [], None, "$a"],
    "pairs": [[["a", 1], ["b", 2]], [{"k": "x", "v": None}], [], None],
    "text": ["a", "b", "", " ", ",", "é", "ab", "日"],
    "ascii": ["abcdef", "a", "", None],
    "letter": ["a", ",", "b"],
    "pattern": ["a", "^a", "b.?", "(a)(b)?", Regex("A", "i"), "[a-c]+", "$"],
    "options": ["i", "", "s"],
    "zone": ["UTC", "Europe/Amsterdam", "America/New_York", "+05:30", "Asia/Tokyo"],
    "unit": ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"],
    "weekday": ["sunday", "monday", "fri"],
    "format": ["%Y-%m-%d", "%H:%M:%S.%L", "%j %u %V %G", "%z %Z", "%d/%b/%Y", "%%"],
    "datetext": ["2024-02-29", "2024-02-29T10:00:00Z", "2024-02-29 13:00", "nonsense", "", "July 4th 2020"],
    "year": [2024, 1970, 2000, 1900],
    "month": [1, 2, 12, 13, 0],
    "type": [
        "int",
        "long",
        "double",
        "decimal",
        "string",
        "bool",
        "date",
        "objectId",
        "binData",
        99,
        "minKey",
        "array",
    ],
    "numeric": [1, 2.5, "10", "-3", True, Decimal128("2"), Int64(5)],
    "printable": [1, 1.5, Decimal128("1E+3"), True, "a", 1e300, -0.0, ObjectId("65e0a3c00000000000000001"), None],
    "instant": [0, Int64(1709214359123), 1.5e12, "2024-02-29T10:00:00Z", Timestamp(5, 1)],
    "hex": ["65e0a3c00000000000000001", ObjectId("65e0a3c00000000000000001"), None],
    "uuid": ["12345678-1234-5678-1234-567812345678", None],
    "arraytext": ["[1, 2]", None, "[]"],
    "objecttext": ['{"a": 1}', None],
    "binary": [b"abc", None],
    "timestamp": [Timestamp(7, 8), None],
    "algorithm": ["md5", "sha256", "xxh64"],
    "vector": [[1, 2], [0.5, 3], [Int64(4), 1.0]],
    "name": ["n", "s", "x", "zz", "a"],
    "literal_bool": [True, False],
    "order": [1, -1, {"n": 1, "s": 1}, {"s": -1, "n": 1}],
}
"""Kinds of operands that are mostly constants. Booleans in them stand for themselves."""
_ALSO_FIELDS: Final = {"int": "number", "positive": "number", "index": "number", "numeric": "number", "text": "string"}
_ALWAYS_LITERAL: Final = frozenset({"approximate", "literal_bool", "order", "name", "quantiles"})


def _read(line: str) -> tuple[str, str, list[tuple[str, str]] | list[str]]:
    kind, name, operands = line.split(None, 2)
    if not operands.startswith("{"):
        return kind, name, operands.split()
    return kind, name, [(part.split(":")[0], part.split(":")[1]) for part in operands[1:-1].split()]


_READ: Final = [_read(line) for line in SIGNATURES.strip().splitlines()]
_BINDING: Final = {
    "$let": "any",
    "$map": "array",
    "$filter": "array",
    "$reduce": "any",
    "$switch": "any",
}


def generated_operators() -> set[str]:
    """Return the names of the operators that are generated."""
    return {name for _, name, _ in _READ} | set(_BINDING)


def literal(value: BsonValue) -> BsonValue:
    """Return an expression whose value is `value`."""
    plain = value is None or isinstance(value, bool | int | float | Decimal128)
    if plain or (isinstance(value, str) and not value.startswith("$")):
        return value
    return {"$literal": value} if isinstance(value, str | dict | list) else value


class Expressions:
    """Makes expressions on documents of a shape.

    Args:
        draw: Where choices come from.
        shape: What the expressions may refer to.
    """

    def __init__(self, draw: Draw, shape: Shape) -> None:
        self.draw = draw
        self.shape = shape

    def of(self, kind: str = "any", depth: int = 3) -> BsonValue:
        """Return an expression that mostly gives a value of a kind.

        Args:
            kind: As in `SIGNATURES`.
            depth: How deep operators may be nested.
        """
        if kind in _LITERALS and (kind in _ALWAYS_LITERAL or self.draw.chance(0.7)):
            return self._constant(kind)
        special = _SPECIAL.get(kind)
        if special is not None:
            return special(self, depth)
        if depth <= 0 or self.draw.chance(0.2):
            return self._leaf(kind)
        return self._operator(_ALSO_FIELDS.get(kind, kind), depth)

    def operator(self, depth: int = 3) -> BsonValue:
        """Return an expression with an operator, all operators being equally frequent."""
        if self.draw.chance(0.1):
            return self._binding(self.draw.one(list(_BINDING)), depth)
        return self._call(*self.draw.one(_READ)[1:], depth)

    def _operator(self, kind: str, depth: int) -> BsonValue:
        if kind == "any":
            return self.operator(depth)
        wanted = {kind, "any"} if self.draw.chance(0.05) else _GIVES.get(kind, {kind})
        choices = [(name, operands) for found, name, operands in _READ if found in wanted]
        return self._call(*self.draw.one(choices), depth) if choices else self._leaf(kind)

    def _call(self, name: str, operands: list[tuple[str, str]] | list[str], depth: int) -> BsonValue:
        if operands and isinstance(operands[0], tuple):
            return {name: self._named(operands, depth)}
        found: list[BsonValue] = []
        for operand in operands:
            found += self._operands(str(operand), depth - 1)
        if name in ("$literal", "$const", "$expr") or (len(found) == 1 and self.draw.chance(0.7)):
            return {name: found[0]}
        return {name: found}

    def _operands(self, operand: str, depth: int) -> list[BsonValue]:
        kind, suffix = (operand[:-1], operand[-1]) if operand[-1] in "+*?" else (operand, "")
        least, most = {"": (1, 1), "+": (1, 3), "*": (0, 3), "?": (0, 1)}[suffix]
        return self.draw.many(lambda: self.of(kind, depth), least, most)

    def _named(self, operands: list[tuple[str, str]], depth: int) -> Document:
        found: Document = {}
        for name, kind in operands:
            if not name.endswith("?") or self.draw.chance(0.4):
                found[name.rstrip("?")] = self.of(kind, depth - 1)
        return found

    def _constant(self, kind: str) -> BsonValue:
        value = self.draw.one(_LITERALS[kind])
        return value if kind in _ALWAYS_LITERAL or (isinstance(value, str) and len(value) > 1) else literal(value)

    def _leaf(self, kind: str) -> BsonValue:
        kind = _ALSO_FIELDS.get(kind, kind)
        if self.draw.chance(0.03):
            kind = "any"
        references = self.shape.references(kind)
        if references and self.draw.chance(0.75):
            return self.draw.one(references)
        if kind in _LITERALS:
            return self._constant(kind)
        make = values.MAKERS.get("numbers" if kind == "array" else kind, values.scalar)
        return literal(make(self.draw))

    def _binding(self, name: str, depth: int) -> BsonValue:
        return {name: getattr(self, "_" + name[1:])(depth - 1)}

    def _inner(self, **kinds: str) -> Expressions:
        return Expressions(self.draw, self.shape.binding(**kinds))

    def _input(self, depth: int) -> tuple[BsonValue, str]:
        kind = self.draw.one(list(ELEMENT_KINDS))
        return self.of(kind, depth), ELEMENT_KINDS[kind]

    def _let(self, depth: int) -> Document:
        kind = self.draw.one(["number", "string", "any", "array"])
        inner = self._inner(v=kind)
        return {"vars": {"v": self.of(kind, depth)}, "in": inner.of("any", depth)}

    def _map(self, depth: int) -> Document:
        given, kind = self._input(depth)
        if self.draw.chance(0.5):
            return {"input": given, "in": self._inner(this=kind).of("any", depth)}
        return {"input": given, "as": "e", "in": self._inner(e=kind).of("any", depth)}

    def _filter(self, depth: int) -> Document:
        given, kind = self._input(depth)
        limit = {"limit": self.draw.whole(1, 3)} if self.draw.chance(0.2) else {}
        return {"input": given, "as": "e", "cond": self._inner(e=kind).of("bool", depth), **limit}

    def _reduce(self, depth: int) -> Document:
        given, kind = self._input(depth)
        result = self.draw.one(["number", "string", "any"])
        inner = self._inner(this=kind, value=result)
        return {"input": given, "initialValue": self.of(result, 0), "in": inner.of(result, depth)}

    def _switch(self, depth: int) -> Document:
        branches = self.draw.many(lambda: {"case": self.of("bool", depth), "then": self.of("any", depth)}, 1, 3)
        return {"branches": branches, "default": self.of("any", depth)}

    def _arrays(self, depth: int) -> BsonValue:
        return self.draw.many(lambda: self.of("array", depth), 1, 3)

    def _any_literal(self, _: int) -> BsonValue:
        return values.anything(self.draw)

    def _scalar(self, depth: int) -> BsonValue:
        return self.of(self.draw.one(["number", "string", "date", "bool"]), depth)


_GIVES: Final[Mapping[str, set[str]]] = {
    "number": {"number", "int"},
    "array": {"array", "numbers", "strings"},
    "numbers": {"numbers"},
    "element": {"object"},
}
_SPECIAL: Final[Mapping[str, Callable[[Expressions, int], BsonValue]]] = {
    "arrays": Expressions._arrays,
    "any_literal": Expressions._any_literal,
    "scalar": Expressions._scalar,
}
OPERATOR_NAME: Final = re.compile(r"\$[a-zA-Z]\w*")
