"""Random accumulators of `$group`, `$bucket` and windows."""

from __future__ import annotations

from typing import Final

from satchel.values.bson_types import BsonValue, Document

from .draw import Draw
from .expressions import Expressions
from .shape import Shape

_PLAIN: Final = {
    "$sum": "number",
    "$avg": "number",
    "$min": "any",
    "$max": "any",
    "$first": "any",
    "$last": "any",
    "$push": "any",
    "$addToSet": "any",
    "$stdDevPop": "number",
    "$stdDevSamp": "number",
    "$mergeObjects": "object",
    "$setUnion": "strings",
    "$concatArrays": "strings",
}
_SEVERAL: Final = ["$firstN", "$lastN", "$minN", "$maxN"]
_RANKED: Final = ["$top", "$bottom", "$topN", "$bottomN"]
_UNORDERED: Final = frozenset({"$addToSet", "$setUnion"})
_ORDER_DEPENDENT: Final = frozenset({"$first", "$last", "$push", "$firstN", "$lastN", "$mergeObjects", "$concatArrays"})
NOT_GENERATED: Final = {"$accumulator": "needs JavaScript (difference 6)"}
"""The accumulators that are left out, with the reason."""


def generated_accumulators() -> set[str]:
    """Return the names of the accumulators that are generated."""
    return {*_PLAIN, *_SEVERAL, *_RANKED, "$count", "$median", "$percentile"}


class Accumulators:
    """Makes accumulators over documents of a shape.

    Args:
        draw: Where choices come from.
        shape: What the operands may refer to.
        total: A sort without ties on the documents, or None when there is none.
    """

    def __init__(self, draw: Draw, shape: Shape, total: Document | None) -> None:
        self.draw = draw
        self.expressions = Expressions(draw, shape)
        self.total = total

    def of(self, *, commutative: bool = False) -> tuple[Document, bool]:
        """Return an accumulator, and whether it gives an array in no order.

        Args:
            commutative: Only one that does not depend on the order of the documents.
        """
        names = sorted(generated_accumulators())
        while True:
            name = self.draw.one(names)
            if not (commutative and name in _ORDER_DEPENDENT) and not (name in _RANKED and self.total is None):
                return {name: self._operand(name)}, name in _UNORDERED

    def _operand(self, name: str) -> BsonValue:
        if name == "$count":
            return {}
        if name in _SEVERAL:
            return {"input": self.expressions.of("any", 2), "n": self.draw.whole(1, 3)}
        if name in _RANKED:
            return self._ranked(name)
        if name == "$median":
            return {"input": self.expressions.of("number", 1), "method": "approximate"}
        if name == "$percentile":
            return {"input": self.expressions.of("number", 1), "p": [0.5, 0.9], "method": "approximate"}
        return self.expressions.of(_PLAIN[name], 2)

    def _ranked(self, name: str) -> Document:
        paths = self.draw.some(self.expressions.shape.paths(), 0, 1)
        sort_by = {path: self.draw.one([1, -1]) for path in paths if path != "_id"}
        output = [self.expressions.of("any", 1), self.expressions.of("any", 1)]
        found: Document = {"sortBy": {**sort_by, **(self.total or {})}}
        found["output"] = output if self.draw.chance(0.4) else output[0]
        return {**found, "n": self.draw.whole(1, 3)} if name.endswith("N") else found
