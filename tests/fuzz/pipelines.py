"""Random aggregation pipelines, whose results' order is known or can be made so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from bson import Int64

from satchel.values.bson_types import BsonValue, Document

from . import values
from .accumulators import Accumulators
from .draw import Draw
from .expressions import Expressions, literal
from .filters import Filters
from .shape import COLLECTION, Shape
from .windows import window_stage

_BY_ID: Final[Document] = {"$sort": {"_id": 1}}


@dataclass(frozen=True, slots=True)
class State:
    """What is known of the documents after some stages.

    Attributes:
        shape: Their fields.
        ordered: Their order is determined.
        distinct: `_id` is different in each and never an array, so that a sort by it has no ties.
        dated: `_id` and `at` are as the collection has them.
    """

    shape: Shape
    ordered: bool = True
    distinct: bool = True
    dated: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """Some stages and what comes out of them."""

    stages: list[Document]
    state: State


class Pipelines:
    """Makes pipelines.

    Args:
        draw: Where choices come from.
        indexed: Whether the collection may have indexes, so that its documents come in any order.
    """

    def __init__(self, draw: Draw, *, indexed: bool = False) -> None:
        self.draw = draw
        self.indexed = indexed

    def command(self) -> tuple[Document, bool]:
        """Return an aggregate command, and whether its result has an order."""
        stages, state = self.of(self.draw.whole(1, 5))
        return {"aggregate": "$coll", "pipeline": stages, "cursor": {}}, state.ordered

    def of(self, length: int, state: State | None = None, depth: int = 1) -> tuple[list[Document], State]:
        """Return a pipeline of at least `length` stages and what comes out of it.

        Args:
            length: The number of stages, not counting those that make an order.
            state: What goes in; by default the documents of a collection.
            depth: How many levels of inner pipelines there may be.
        """
        state = state or State(COLLECTION, ordered=not self.indexed)
        found: list[Document] = []
        for _ in range(length):
            step = self._step(state, depth)
            found += step.stages
            state = step.state
            if not state.ordered and state.distinct and self.draw.chance(0.8):
                found.append(dict(_BY_ID))
                state = replace(state, ordered=True)
        return found, state

    def _step(self, state: State, depth: int) -> Step:
        while True:
            make, needs_order, needs_dates, nests = self.draw.one(_STAGES)
            if (needs_order and not state.ordered) or (needs_dates and not state.dated) or (nests and not depth):
                continue
            return make(self, state, depth) if nests else make(self, state)

    def _expressions(self, state: State) -> Expressions:
        return Expressions(self.draw, state.shape)

    def _match(self, state: State) -> Step:
        return Step([{"$match": Filters(self.draw, state.shape, positions=False).of(2)}], state)

    def _project(self, state: State) -> Step:
        inclusive = self.draw.chance(0.7)
        paths = self._separate(state.shape.paths(), 4)
        if not paths:
            return self._add_fields(state)
        if not inclusive:
            return Step([{"$project": dict.fromkeys(paths, 0)}], self._removed(state, paths))
        found: Document = {path: self._included(state) for path in paths}
        if self.draw.chance(0.2) and "_id" not in found:
            found["_id"] = 0
        kept = {name: "any" for name in found if "." not in name and name != "_id"}
        kept |= {name: kind for name, kind in state.shape.fields.items() if found.get(name) == 1}
        has_id = found.get("_id", 1) == 1 and not _changes_id(found) and state.distinct
        return Step([{"$project": found}], State(state.shape.only(kept), state.ordered, has_id, dated=False))

    def _included(self, state: State) -> BsonValue:
        return 1 if self.draw.chance(0.4) else self._expressions(state).of("any", 3)

    def _separate(self, paths: list[str], most: int) -> list[str]:
        found: list[str] = []
        for path in self.draw.some(paths, 1, most):
            if not any(path.startswith(f"{other}.") or other.startswith(f"{path}.") for other in found):
                found.append(path)
        return found

    def _removed(self, state: State, paths: list[str]) -> State:
        return State(
            state.shape.without(*paths),
            state.ordered,
            state.distinct and "_id" not in paths and not _changes_id(paths),
            state.dated and not {"_id", "at"} & set(paths),
        )

    def _add_fields(self, state: State) -> Step:
        names = self.draw.some(["n", "s", "x", "y", "z", "o.n", "o.y", "r.n", "o.p"], 1, 3)
        if {"o.p", "o.n"} <= set(names):
            names.remove("o.p")
        stage = self.draw.one(["$set", "$addFields"])
        added = {name: self._expressions(state).of("any", 3) for name in names}
        kinds = {name.split(".")[0]: "any" for name in names}
        return Step([{stage: added}], replace(state, shape=state.shape.setting(**kinds)))

    def _unset(self, state: State) -> Step:
        paths = self._separate(state.shape.paths() or ["zz"], 3)
        return Step([{"$unset": paths[0] if len(paths) == 1 else paths}], self._removed(state, paths))

    def _sort(self, state: State) -> Step:
        if not state.distinct:
            return Step([], state)
        found: Document = {}
        for path in self.draw.some(state.shape.paths(), 0, 2):
            found[path] = self.draw.one([1, -1])
        found.pop("_id", None)
        return Step([{"$sort": {**found, "_id": self.draw.one([1, -1])}}], replace(state, ordered=True))

    def _limit(self, state: State) -> Step:
        return Step([{"$limit": self.draw.whole(1, 5)}], state)

    def _skip(self, state: State) -> Step:
        return Step([{"$skip": self.draw.whole(0, 3)}], state)

    def _group(self, state: State) -> Step:
        key, distinct = self._group_key(state)
        names = [f"f{i}" for i in range(self.draw.whole(0, 3))]
        makers = Accumulators(self.draw, state.shape, total={"_id": 1} if state.distinct else None)
        stage: Document = {"_id": key}
        after: Document = {}
        for name in names:
            stage[name], needs_sort = makers.of()
            if needs_sort:
                after[name] = sorted_array(f"${name}")
        shape = state.shape.only({"_id": "any", **dict.fromkeys(names, "any")})
        stages = [{"$group": stage}, *([{"$set": after}] if after else [])]
        return Step(stages, State(shape, ordered=False, distinct=distinct, dated=False))

    def _group_key(self, state: State) -> tuple[BsonValue, bool]:
        """Return a key, and whether it is never an array."""
        if self.draw.chance(0.15):
            return None, True
        if self.draw.chance(0.2):
            makers = self._expressions(state)
            return {"k": makers.of("any", 1), "n": makers.of("string", 1)}, True
        scalars = state.shape.paths("key", "bool", "string", "number", "date") or ["zz"]
        key: BsonValue = f"${self.draw.one(scalars)}"
        if self.draw.chance(0.4):
            key = self._expressions(state).of(self.draw.one(["number", "string", "bool", "any"]), 2)
        if self.draw.chance(0.2):
            return key, False
        return {"$cond": [{"$isArray": [key]}, "array", key]}, True

    def _sort_by_count(self, state: State) -> Step:
        key, distinct = self._group_key(state)
        is_expression = isinstance(key, str) or (isinstance(key, dict) and next(iter(key)).startswith("$"))
        shape = state.shape.only({"_id": "any", "count": "number"})
        stage = {"$sortByCount": key if is_expression else "$k"}
        return Step([stage], State(shape, ordered=False, distinct=distinct and is_expression, dated=False))

    def _count(self, state: State) -> Step:
        return Step([{"$count": "c"}], State(state.shape.only({"c": "number"}), True, False, False))

    def _unwind(self, state: State) -> Step:
        path = self.draw.one(state.shape.paths("numbers", "strings", "objects", "array", "any") or ["x"])
        after = replace(state, distinct=False, dated=False)
        kinds = {"numbers": "number", "strings": "string", "objects": "element"}
        if "." not in path:
            kind = kinds.get(state.shape.fields.get(path, ""), "any")
            after = replace(after, shape=state.shape.setting(**{path: kind}))
        if self.draw.chance(0.5):
            return Step([{"$unwind": f"${path}"}], after)
        spec: Document = {"path": f"${path}"}
        if self.draw.chance(0.5):
            spec["preserveNullAndEmptyArrays"] = True
        if self.draw.chance(0.5):
            spec["includeArrayIndex"] = self.draw.one(["i", "o.i"])
        return Step([{"$unwind": spec}], after)

    def _bucket(self, state: State) -> Step:
        boundaries = self.draw.one([[0, 2, 5], [-10, 0, 1, 1000], [0.5, Int64(3)], ["a", "b", "c"]])
        spec: Document = {"groupBy": self._expressions(state).of("number", 1), "boundaries": boundaries}
        if self.draw.chance(0.8):
            spec["default"] = self.draw.one(["other", None, -(2**30), 10**9])
        return self._bucketed("$bucket", spec, state)

    def _bucket_auto(self, state: State) -> Step:
        spec: Document = {"groupBy": self._expressions(state).of("number", 1), "buckets": self.draw.whole(1, 4)}
        if self.draw.chance(0.3):
            spec["groupBy"] = "$_id"
            spec["granularity"] = self.draw.one(["R5", "1-2-5", "E6", "POWERSOF2"])
        return self._bucketed("$bucketAuto", spec, state)

    def _bucketed(self, stage: str, spec: Document, state: State) -> Step:
        after: Document = {}
        if self.draw.chance(0.6):
            makers = Accumulators(self.draw, state.shape, total={"_id": 1} if state.distinct else None)
            output, needs_sort = makers.of(commutative=stage == "$bucketAuto")
            spec["output"] = {"f": output}
            after = {"f": sorted_array("$f")} if needs_sort else {}
        shape = state.shape.only({"_id": "any", "f": "any", "count": "number"})
        stages = [{stage: spec}, *([{"$set": after}] if after else [])]
        return Step(stages, State(shape, True, True, False))

    def _replace_root(self, state: State) -> Step:
        makers = self._expressions(state)
        inner = {"n": makers.of("number", 2), "x": makers.of("any", 2), "_id": "$_id"}
        root = self.draw.one([inner, inner, {"$mergeObjects": [makers.of("object", 1), inner]}, makers.of("object", 2)])
        shape = state.shape.only({"_id": "any", "n": "number", "x": "any"})
        keeps = state.distinct and root is inner
        stage = {"$replaceWith": root} if self.draw.chance(0.5) else {"$replaceRoot": {"newRoot": root}}
        return Step([stage], State(shape, state.ordered, keeps, False))

    def _redact(self, state: State) -> Step:
        choices = ["$$KEEP", "$$PRUNE", "$$DESCEND"]
        condition = Expressions(self.draw, state.shape).of("bool", 2)
        decision = {"$cond": [condition, self.draw.one(choices), self.draw.one(choices)]}
        return Step([{"$redact": decision}], replace(state, dated=False))

    def _lookup(self, state: State, depth: int) -> Step:
        spec: Document = {"from": "$coll.other", "as": self.draw.one(["j", "o.j", "x"])}
        if self.draw.chance(0.6):
            spec["localField"] = self.draw.one(["k", "n", "a", "r.k", "_id", "o.p.k", "zz", "x", "w"])
            spec["foreignField"] = self.draw.one(["k", "_id", "r.k", "a", "zz", "n", "x"])
        if "localField" not in spec or self.draw.chance(0.4):
            spec |= self._subpipeline(state, depth)
        after = replace(state, shape=state.shape.setting(**{str(spec["as"]).split(".")[0]: "any"}))
        return Step([{"$lookup": spec}, *self._unwound(spec)], after)

    def _subpipeline(self, state: State, depth: int) -> Document:
        shape = COLLECTION
        found: Document = {}
        if self.draw.chance(0.7):
            found["let"] = {"v": self._expressions(state).of("any", 1), "w": self._expressions(state).of("number", 1)}
            shape = shape.binding(v="any", w="number")
        inner = Pipelines(self.draw)
        stages, after = inner.of(self.draw.whole(0, 2), State(shape), depth - 1)
        return {**found, "pipeline": stages if after.ordered else [*stages, {"$count": "c"}]}

    def _unwound(self, spec: Document) -> list[Document]:
        """Perhaps unwind what was looked up, and group nothing: the order stays."""
        if not self.draw.chance(0.1):
            return []
        return [{"$set": {"joined": {"$size": {"$ifNull": [f"${spec['as']}", []]}}}}]

    def _graph_lookup(self, state: State) -> Step:
        spec: Document = {
            "from": "$coll.other",
            "startWith": self.draw.one(["$k", "$_id", "$a", "$r.k", 1]),
            "connectFromField": self.draw.one(["k", "r.k", "m", "_id"]),
            "connectToField": self.draw.one(["_id", "k", "r.k"]),
            "as": "g",
        }
        if self.draw.chance(0.4):
            spec["maxDepth"] = self.draw.whole(0, 2)
        if self.draw.chance(0.4):
            spec["depthField"] = "depth"
        if self.draw.chance(0.3):
            spec["restrictSearchWithMatch"] = Filters(self.draw, expressions=False).of(1)
        stages: list[Document] = [{"$graphLookup": spec}, {"$set": {"g": sorted_array("$g", {"_id": 1})}}]
        return Step(stages, replace(state, shape=state.shape.setting(g="objects")))

    def _union_with(self, state: State, depth: int) -> Step:
        if self.draw.chance(0.3):
            spec: BsonValue = "$coll.other"
            after = State(COLLECTION)
        else:
            stages, after = Pipelines(self.draw).of(self.draw.whole(0, 2), State(COLLECTION), depth - 1)
            spec = {"coll": "$coll.other", "pipeline": stages}
        return Step([{"$unionWith": spec}], replace(state, ordered=after.ordered, distinct=False, dated=False))

    def _facet(self, state: State, depth: int) -> Step:
        found: Document = {}
        for name in self.draw.some(["p", "q", "z"], 1, 3):
            stages, after = self.of(self.draw.whole(0, 3), state, depth - 1)
            found[name] = stages if after.ordered and stages else [*stages, {"$count": "c"}]
        return Step([{"$facet": found}], State(state.shape.only(dict.fromkeys(found, "array")), True, False, False))

    def _windows(self, state: State) -> Step:
        stage, names = window_stage(self.draw, state.shape)
        added = replace(state, shape=state.shape.setting(**dict.fromkeys(names, "any")), ordered=False)
        return Step([stage], added)

    def _densify(self, state: State) -> Step:
        dated = self.draw.chance(0.4)
        bounds: BsonValue = self.draw.one(["full", [0, 4], [2, 12]])
        if dated:
            bounds = self.draw.one(["full", [values.DATES[3], values.DATES[3].replace(day=5)]])
        step = {"step": 24, "unit": "hour"} if dated else {"step": self.draw.one([1, 2, 0.5, Int64(3)])}
        spec: Document = {"field": "at" if dated else "_id", "range": {**step, "bounds": bounds}}
        if self.draw.chance(0.2) and bounds != "full":
            spec["partitionByFields"] = ["b"]
        after = replace(state, ordered=False, dated=False, distinct=state.distinct and not dated and len(spec) == 2)
        return Step([{"$densify": spec}], after)

    def _fill(self, state: State) -> Step:
        output: Document = {}
        for name in self.draw.some([path for path in state.shape.fields if path not in ("_id", "at")] or ["x"], 1, 2):
            number = state.shape.fields.get(name) == "number" and self.draw.chance(0.5)
            method = {"method": "linear" if number else "locf"}
            output[name] = method if self.draw.chance(0.6) else {"value": self._expressions(state).of("any", 1)}
        spec: Document = {"sortBy": {self.draw.one(["_id", "at"]): 1}, "output": output}
        if self.draw.chance(0.3):
            spec["partitionByFields"] = ["b"]
        return Step([{"$fill": spec}], replace(state, ordered=False))

    def _documents(self, state: State, depth: int) -> Step:
        shape = state.shape.only({"k": "key", "x": "any"})
        made = self.draw.many(lambda: {"k": values.key(self.draw), "x": values.anything(self.draw)}, 0, 3)
        stages: list[Document] = [{"$documents": [{name: literal(v) for name, v in one.items()} for one in made]}]
        more, after = Pipelines(self.draw).of(1, State(shape, True, False, False), 0)
        spec = {"pipeline": stages + more}
        return Step([{"$unionWith": spec}], replace(state, ordered=after.ordered, distinct=False, dated=False))

    def _expression(self, state: State) -> Step:
        made = self._expressions(state).operator(3)
        return Step([{"$set": {"y": made}}], replace(state, shape=state.shape.setting(y="any")))


def sorted_array(reference: str, by: BsonValue = 1) -> Document:
    """Return an expression that gives an array in an order of its own."""
    return {"$cond": [{"$isArray": reference}, {"$sortArray": {"input": reference, "sortBy": by}}, reference]}


Make = Callable[..., Step]
_STAGES: Final[list[tuple[Make, bool, bool, bool]]] = [
    # the maker; whether it needs an order, the collection's own _id and at, inner pipelines
    (Pipelines._match, False, False, False),
    (Pipelines._match, False, False, False),
    (Pipelines._project, False, False, False),
    (Pipelines._project, False, False, False),
    (Pipelines._add_fields, False, False, False),
    (Pipelines._expression, False, False, False),
    (Pipelines._expression, False, False, False),
    (Pipelines._unset, False, False, False),
    (Pipelines._sort, False, False, False),
    (Pipelines._limit, True, False, False),
    (Pipelines._skip, True, False, False),
    (Pipelines._group, True, False, False),
    (Pipelines._group, True, False, False),
    (Pipelines._sort_by_count, False, False, False),
    (Pipelines._count, False, False, False),
    (Pipelines._unwind, False, False, False),
    (Pipelines._bucket, True, False, False),
    (Pipelines._bucket_auto, True, True, False),
    (Pipelines._replace_root, False, False, False),
    (Pipelines._redact, False, False, False),
    (Pipelines._lookup, True, False, True),
    (Pipelines._graph_lookup, False, False, False),
    (Pipelines._union_with, True, False, True),
    (Pipelines._facet, True, False, True),
    (Pipelines._windows, False, True, False),
    (Pipelines._windows, False, True, False),
    (Pipelines._densify, False, True, False),
    (Pipelines._fill, False, True, False),
    (Pipelines._documents, True, False, True),
]


def _changes_id(paths: Iterable[str]) -> bool:
    """Tell whether something inside `_id` is changed, which may make two of them alike."""
    return any(path.startswith("_id.") for path in paths)
