"""Random `$setWindowFields` stages over documents whose `_id` and `at` are unique."""

from __future__ import annotations

from typing import Final

from satchel.values.bson_types import BsonValue, Document

from .accumulators import Accumulators
from .draw import Draw
from .expressions import Expressions
from .shape import Shape

_RANKING: Final = ["$rank", "$denseRank", "$documentNumber"]
_FUNCTIONS: Final = [
    "$derivative",
    "$integral",
    "$locf",
    "$linearFill",
    "$shift",
    "$covariancePop",
    "$covarianceSamp",
    "$expMovingAvg",
    "$minMaxScaler",
]


def generated_functions() -> set[str]:
    """Return the names of the window functions that are generated."""
    return {*_RANKING, *_FUNCTIONS}


def window_stage(draw: Draw, shape: Shape) -> tuple[Document, list[str]]:
    """Return a stage and the names of the fields that it adds."""
    sort_field = draw.one(["_id", "_id", "at"])
    spec: Document = {"sortBy": {sort_field: 1}}
    partitions = shape.paths("bool", "key")
    if partitions and draw.chance(0.5):
        spec["partitionBy"] = f"${draw.one(partitions)}"
    names = draw.some(["f", "g", "h"], 1, 2)
    maker = _Windows(draw, shape, sort_field)
    outputs = [maker.of() for _ in names]
    return {"$setWindowFields": {**spec, "output": dict(zip(names, outputs, strict=True))}}, names


class _Windows:
    def __init__(self, draw: Draw, shape: Shape, sort_field: str) -> None:
        self.draw = draw
        self.shape = shape
        self.sort_field = sort_field
        self.expressions = Expressions(draw, shape)

    def of(self) -> Document:
        choice = self.draw.random.random()
        if choice < 0.15:
            return {self.draw.one(_RANKING): {}}
        if choice < 0.5:
            return self._function(self.draw.one(_FUNCTIONS))
        while True:
            output, unordered = Accumulators(self.draw, self.shape, {"_id": 1}).of()
            if not unordered:
                return {**output, **self._window(0.7)}

    def _function(self, name: str) -> Document:
        number = self.expressions.of("number", 1)
        unit = {"unit": self.draw.one(["hour", "day", "minute"])} if self.sort_field == "at" else {}
        if name in ("$derivative", "$integral"):
            return {name: {"input": number, **unit}, **self._window(1.0 if name == "$derivative" else 0.6)}
        if name == "$shift":
            default = {"default": self.draw.one([0, None, "none"])} if self.draw.chance(0.5) else {}
            return {name: {"output": self.expressions.of("any", 1), "by": self.draw.whole(-2, 2), **default}}
        if name == "$expMovingAvg":
            return {name: {"input": number, **self.draw.one([{"N": 2}, {"alpha": 0.3}])}}
        if name == "$minMaxScaler":
            return {
                name: {"input": number, **({"min": 1, "max": 5} if self.draw.chance(0.3) else {})},
                **self._window(),
            }
        if name.startswith("$covariance"):
            return {name: [number, self.expressions.of("number", 1)], **self._window()}
        return {name: number if name == "$linearFill" else self.expressions.of("any", 1)}

    def _window(self, probability: float = 0.5) -> Document:
        if not self.draw.chance(probability):
            return {}
        if self.draw.chance(0.5):
            bounds: list[BsonValue] = self.draw.one(
                [
                    [-1, 1],
                    ["unbounded", "current"],
                    ["current", 2],
                    [-2, -1],
                    ["unbounded", "unbounded"],
                    [0, 0],
                    [1, 2],
                ]
            )
            return {"window": {"documents": bounds}}
        bounds = self.draw.one(
            [[-1, 1], ["unbounded", "current"], [-10, 0], [0, 2.5], ["current", "unbounded"], [1, 3]]
        )
        unit = {"unit": self.draw.one(["hour", "day", "minute"])} if self.sort_field == "at" else {}
        if unit:
            bounds = [int(bound) if isinstance(bound, float) else bound for bound in bounds]
        return {"window": {"range": bounds, **unit}}
