"""Random filters."""

from __future__ import annotations

from typing import Final

from bson import Decimal128, Int64, Regex

from satchel.values.bson_types import BsonValue, Document

from . import values
from .draw import Draw
from .expressions import Expressions
from .shape import COLLECTION, Shape

_TYPES: Final = [
    "double", "string", "object", "array", "binData", "objectId", "bool", "date", "null", "regex", "javascript", "int",
    "timestamp", "long", "decimal", "minKey", "maxKey", "number", 2, 16, -1, [1, "string"], ["number", "null"],
]  # fmt: skip
_COMPARISONS: Final = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]
_BITS: Final[list[BsonValue]] = [0, 1, 6, Int64(2**40), [0], [1, 3], [], b"\x05", 2.0]
_PATTERNS: Final[list[Document]] = [
    {"$regex": "^a"},
    {"$regex": "b"},
    {"$regex": "A", "$options": "i"},
    {"$regex": Regex("^.c", "s")},
    {"$regex": "^a b # x", "$options": "x"},
    {"$regex": "^$", "$options": "m"},
]
_MOD: Final = [[2, 0], [3, 1], [Int64(2), 1.0], [Decimal128("4"), 0], [-2, 1]]
_SCHEMAS: Final[list[Document]] = [
    {"required": ["n"]},
    {"properties": {"n": {"bsonType": "number", "minimum": 1}}},
    {"properties": {"s": {"type": "string", "maxLength": 2}}},
    {"properties": {"a": {"bsonType": "array", "minItems": 1, "items": {"bsonType": "number"}}}},
    {"properties": {"r": {"items": {"required": ["n"]}, "maxItems": 2}}, "minProperties": 5},
    {"not": {"required": ["x"]}},
    {"anyOf": [{"properties": {"k": {"enum": [1, "a"]}}}, {"required": ["o"]}]},
    {"properties": {"w": {"uniqueItems": True}}},
]


class Filters:
    """Makes filters on documents of a shape.

    Args:
        draw: Where choices come from.
        shape: The documents' fields.
        expressions: Whether `$expr` may come up.
        positions: Whether paths with numbers may come up.
    """

    def __init__(
        self, draw: Draw, shape: Shape = COLLECTION, *, expressions: bool = True, positions: bool = True
    ) -> None:
        self.draw = draw
        self.shape = shape
        self.expressions = expressions
        self.positions = positions

    def of(self, depth: int = 2) -> Document:
        """Return a filter."""
        if depth and self.draw.chance(0.25):
            name = self.draw.one(["$and", "$or", "$nor"])
            return {name: self.draw.many(lambda: self.of(depth - 1), 1, 3)}
        if self.draw.chance(0.06) and self.expressions:
            return {"$expr": Expressions(self.draw, self.shape).of("bool", 2)}
        if self.draw.chance(0.03):
            return {"$jsonSchema": self.draw.one(_SCHEMAS)}
        return dict(self._field(depth) for _ in range(self.draw.one([0, 1, 1, 1, 2, 2, 3])))

    def condition(self, kind: str, depth: int = 1) -> BsonValue:
        """Return what may stand beside a path: operators, or a value."""
        if self.draw.chance(0.2):
            return self.operand(kind)
        found: Document = {}
        for _ in range(self.draw.one([1, 1, 1, 2])):
            found |= self._operator(kind, depth)
        return {"$not": found} if depth and self.draw.chance(0.15) else found

    def operand(self, kind: str) -> BsonValue:
        """Return a value that fields of a kind may have."""
        if self.draw.chance(0.2):
            return values.anything(self.draw)
        inner = {"numbers": "number", "strings": "string", "objects": "element"}
        if kind in inner and self.draw.chance(0.7):
            kind = inner[kind]
        return values.MAKERS.get(kind, values.anything)(self.draw)

    def _field(self, depth: int) -> tuple[str, BsonValue]:
        if self.positions and self.draw.chance(0.1):
            return self.draw.one(["r.0.n", "a.0", "r.1", "o.p.0", "x.n.b", "zz", "a.n", "w.1", "x.0", "n.x"]), (
                self.condition("any", depth)
            )
        paths = self.shape.paths() or ["zz"]
        path = self.draw.one(paths)
        kind = dict.fromkeys(self.shape.paths("number", "key"), "number").get(path) or self._kind(path)
        return path, self.condition(kind, depth)

    def _kind(self, path: str) -> str:
        for kind in ("string", "date", "bool", "numbers", "strings", "objects", "object", "element"):
            if path in self.shape.paths(kind):
                return kind
        return "any"

    def _operator(self, kind: str, depth: int) -> Document:
        choice = self.draw.random.random()
        if choice < 0.45:
            return self._comparison(kind)
        if choice < 0.6:
            name = self.draw.one(["$in", "$nin", "$in", "$all"])
            return {name: self.draw.many(lambda: self._listed(kind, name), 0, 3)}
        if choice < 0.72 and depth:
            return {"$elemMatch": self._element(kind, depth - 1)}
        return self._other()

    def _comparison(self, kind: str) -> Document:
        name, operand = self.draw.one(_COMPARISONS), self.operand(kind)
        return {name: None if isinstance(operand, Regex) and name != "$eq" else operand}

    def _listed(self, kind: str, name: str) -> BsonValue:
        if name == "$all" and self.draw.chance(0.1):
            return self.draw.one(["a", Regex("^a")])
        return self.operand(kind)

    def _element(self, kind: str, depth: int) -> Document:
        if kind == "objects" or self.draw.chance(0.2):
            shape = self.shape.only({"n": "number", "s": "string", "k": "key"})
            return Filters(self.draw, shape, expressions=False).of(0)
        condition = self.condition("number" if kind == "numbers" else "string", depth)
        return condition if isinstance(condition, dict) and condition else {"$exists": True}

    def _other(self) -> Document:
        return self.draw.one(
            [
                {"$exists": self.draw.one([True, False, 1, 0])},
                {"$type": self.draw.one(_TYPES)},
                {"$size": self.draw.whole(0, 3)},
                {"$mod": self.draw.one(_MOD)},
                {self.draw.one(["$bitsAllSet", "$bitsAllClear", "$bitsAnySet", "$bitsAnyClear"]): self.draw.one(_BITS)},
                dict(self.draw.one(_PATTERNS)),
            ]
        )
