"""Hypothesis strategies: documents, filters, index specifications and sorts that have something to do with each other.

The values come from a small pool, so that generated filters meet generated documents.
"""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass

from bson import Binary, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from hypothesis import strategies as st

PATHS = ["a", "b", "a.b", "a.0", "b.c", "a.b.c", "a.0.b", "_id"]

_SCALARS = [
    None,
    True,
    False,
    0,
    1,
    2,
    -1,
    Int64(1),
    Int64(2**53 + 1),
    0.5,
    1.0,
    -0.0,
    float(2**53),
    float("nan"),
    float("inf"),
    Decimal128("1.0"),
    Decimal128("0.1"),
    Decimal128("NaN"),
    "",
    "a",
    "ab",
    "abc",
    "B",
    "a\x00b",
    "é",
    b"a",
    Binary(b"a", 5),
    ObjectId("65e0a3c00000000000000001"),
    datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC),
    datetime.datetime(1960, 1, 1, tzinfo=datetime.UTC),
    Timestamp(1, 1),
    Regex("^a", "i"),
    MinKey(),
    MaxKey(),
]

scalars = st.sampled_from(_SCALARS)
"""One value of the pool, no array and no document."""

common_scalars = st.sampled_from([None, 0, 1, 2, 1.0, 0.5, "a", "ab", True])
"""The part of the pool that generated documents and filters share most."""

_leaves = common_scalars | scalars


def _objects(children: st.SearchStrategy[object]) -> st.SearchStrategy[dict]:
    return st.dictionaries(st.sampled_from(["b", "c", "0"]), children, max_size=2)


values = st.recursive(
    _leaves,
    lambda children: st.lists(children, max_size=3) | _objects(children),
    max_leaves=5,
)
"""Any value: scalars, arrays and documents, in each other."""


@st.composite
def documents(draw: st.DrawFn, max_size: int = 20) -> list[dict]:
    """Draw a collection's documents, `_id` 0, 1, 2, …"""
    bodies = draw(
        st.lists(st.fixed_dictionaries({}, optional={"a": values, "b": values, "z": values}), max_size=max_size)
    )
    return [{"_id": i, **body} for i, body in enumerate(bodies)]


operands = values | st.builds(lambda value: [value], common_scalars)
_comparisons = st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"])
_elements = st.one_of(
    st.builds(lambda name, value: {name: value}, _comparisons, operands.filter(lambda v: not isinstance(v, Regex))),
    st.builds(lambda found: {"$in": found}, st.lists(operands, max_size=3)),
    st.builds(lambda found: {"$nin": found}, st.lists(operands, max_size=3)),
    st.builds(lambda found: {"$exists": found}, st.booleans()),
    st.builds(
        lambda found: {"$type": found}, st.sampled_from(["number", "string", "null", "array", "object", "bool", "date"])
    ),
    st.sampled_from(
        [
            {"$regex": "^a"},
            {"$regex": "^ab?"},
            {"$regex": "b"},
            {"$regex": "^A", "$options": "i"},
            {"$mod": [2, 1]},
            {"$size": 1},
            {"$size": 0},
            {"$bitsAllSet": 1},
        ]
    ),
    st.builds(lambda found: {"$all": found}, st.lists(operands, max_size=2)),
    st.builds(lambda low, high: {"$gte": low, "$lt": high}, common_scalars, common_scalars),
    st.builds(
        lambda name, value: {"$elemMatch": {name: value}}, st.sampled_from(["$gt", "$lte", "$eq"]), common_scalars
    ),
    st.builds(lambda name, value: {"$elemMatch": {name: value}}, st.sampled_from(["b", "c"]), common_scalars),
)
_fields = st.one_of(_elements, st.builds(lambda found: {"$not": found}, _elements), operands)
_conditions = st.dictionaries(st.sampled_from(PATHS), _fields, min_size=1, max_size=3)

filters = st.recursive(
    _conditions,
    lambda children: st.builds(
        lambda name, found: {name: found},
        st.sampled_from(["$and", "$or", "$nor"]),
        st.lists(children, min_size=1, max_size=3),
    ),
    max_leaves=3,
)
"""Valid filters on `PATHS`."""

_partial_filters = st.sampled_from(
    [
        {"b": {"$gt": 0}},
        {"a": {"$exists": True}},
        {"a": {"$gte": 1}},
        {"b": {"$lt": "b"}},
        {"a": None},
        {"a": {"$type": "number"}},
        {"a": {"$in": [1, "a"]}},
        {"a": 1, "b": {"$exists": True}},
    ]
)


_WILDCARDS = [
    {"key": {"$**": 1}},
    {"key": {"a.$**": 1}},
    {"key": {"b": 1, "a.$**": 1}},
    {"key": {"a.$**": -1, "b": -1}},
    {"key": {"$**": 1}, "wildcardProjection": {"a": 1}},
    {"key": {"$**": 1}, "wildcardProjection": {"a.b": 0, "z": 0}},
    {"key": {"b": 1, "$**": 1}, "wildcardProjection": {"b": 0}},
    {"key": {"$**": 1, "c": -1}, "wildcardProjection": {"a": 1}},
]


@st.composite
def index_specs(draw: st.DrawFn) -> dict:
    """Draw an index specification without its name."""
    kind = draw(st.sampled_from(["plain", "plain", "plain", "hashed", "wildcard"]))
    if kind == "hashed":
        return {"key": {draw(st.sampled_from(PATHS[:-1])): "hashed"}}
    if kind == "wildcard":
        return draw(st.sampled_from(_WILDCARDS))
    paths = draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=3, unique=True))
    spec: dict = {"key": {path: draw(st.sampled_from([1, -1])) for path in paths}}
    option = draw(st.sampled_from(["none", "none", "sparse", "partial"]))
    if option == "sparse":
        spec["sparse"] = True
    elif option == "partial":
        spec["partialFilterExpression"] = draw(_partial_filters)
    return spec


sorts = st.dictionaries(st.sampled_from(PATHS), st.sampled_from([1, -1]), min_size=1, max_size=2)
"""Sort patterns on `PATHS`."""


# The strategies above are broad. What follows keeps to few paths and few values, so that several predicates, components
# of an index and elements of an array come together; it draws from a plain random generator, which is ten times faster.

_FOCUSES = [
    ("a",),
    ("a", "b"),
    ("b", "a"),
    ("a.b", "a.c"),
    ("a.b", "a.c"),
    ("a.b", "a.c", "b"),
    ("a.b", "b"),
    ("a", "a.b"),
    ("a.b.c", "a.b"),
    ("a.0", "a"),
    ("a.0.b", "a.b"),
    ("a", "b", "c"),
    ("c", "a.c", "a.b"),
]
_RARE = [value for value in _SCALARS if not isinstance(value, Regex)]
_FEW = [1, 1, 2, 2, 3, 3, None, "a", "A", 1.5, Int64(2)]


@dataclass
class Focused:
    """Documents, indexes, filters and sorts about the same few paths.

    Args:
        seed: Decides everything.
    """

    seed: int

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._paths = self._random.choice(_FOCUSES)
        self.collation = {"locale": "en", "strength": 2} if self._random.random() < 0.15 else None
        self.documents = [self._document(i) for i in range(self._random.randrange(4, 14))]
        self.specs = [self._index() for _ in range(self._random.randrange(1, 3))]
        self.filters = [self._filter() for _ in range(10)]
        self.sorts = [self._sort() for _ in range(2)]

    def _few(self) -> object:
        return self._random.choice(_FEW if self._random.random() < 0.9 else _RARE)

    def _value(self) -> object:
        chance = self._random.random()
        if chance < 0.6:
            return self._few()
        if chance < 0.95:
            return [self._few() for _ in range(self._random.randrange(4))]
        return [[self._few()], self._few()]

    def _inner(self) -> dict:
        chosen = {name: self._value() for name in ("b", "c") if self._random.random() < 0.8}
        if "b" in chosen and self._random.random() < 0.3:
            chosen["b"] = {"c": self._value()}
        return chosen

    def _outer(self) -> object:
        if all("." not in path for path in self._paths) or self._random.random() < 0.2:
            return self._value()
        if self._random.random() < 0.2:
            return self._inner()
        return [self._inner() if self._random.random() < 0.9 else self._few() for _ in range(self._random.randrange(4))]

    def _document(self, identifier: int) -> dict:
        made = {"a": self._outer, "b": self._value, "c": self._value}
        return {"_id": identifier, **{name: make() for name, make in made.items() if self._random.random() < 0.8}}

    def _some_paths(self) -> list[str]:
        return self._random.sample(self._paths, self._random.randrange(1, len(self._paths) + 1))

    def _index(self) -> dict:
        spec: dict = {"key": {path: self._random.choice([1, 1, -1]) for path in self._some_paths()}}
        option = self._random.choice(["none", "none", "none", "none", "sparse", "partial", "hashed", "wildcard"])
        if option == "sparse":
            spec["sparse"] = True
        elif option == "partial":
            condition = self._random.choice([{"$gt": 1}, {"$exists": True}, {"$lte": 2}, {"$eq": 2}])
            spec["partialFilterExpression"] = {self._paths[0]: condition}
        elif option == "hashed":
            spec["key"][next(iter(spec["key"]))] = "hashed"
        elif option == "wildcard":
            spec = dict(self._random.choice(_WILDCARDS))
        if self.collation is not None and self._random.random() < 0.7:
            spec["collation"] = self.collation
        return spec

    def _bound(self) -> dict:
        return {self._random.choice(["$gt", "$gte", "$lt", "$lte", "$eq"]): self._few()}

    def _condition(self) -> dict:
        choice = self._random.random()
        if choice < 0.55:
            return self._bound()
        return self._random.choice(
            [
                {"$in": [self._few(), self._few()]},
                {"$in": [self._few(), [], None]},
                {"$gte": self._few(), "$lte": self._few()},
                {"$elemMatch": {**self._bound(), **self._bound()}},
                {"$not": self._bound()},
                {"$ne": self._few()},
                {"$exists": self._random.random() < 0.5},
                {"$all": [self._few(), self._few()]},
                {"$type": "number"},
                {"$regex": "^a"},
                {"$size": 2},
                {"$eq": self._value()},
                {"$gt": self._value()},
            ]
        )

    def _part(self) -> dict:
        if self._random.random() < 0.15:
            root = self._paths[0].split(".", maxsplit=1)[0]
            names = self._random.sample(["b", "c"], self._random.randrange(1, 3))
            return {root: {"$elemMatch": {name: self._condition() for name in names}}}
        return {self._random.choice(self._paths): self._condition()}

    def _filter(self) -> dict:
        parts = [self._part() for _ in range(self._random.randrange(1, 4))]
        if self._random.random() < 0.4:
            parts = [{path: self._bound()} for path in self._some_paths()]
        operator = self._random.choice(["$and", "$and", "$and", "$and", "$or"])
        if operator == "$or" and self._random.random() < 0.5:
            return {"$and": [{"$or": parts}, self._part()]}
        return {operator: parts}

    def _sort(self) -> dict:
        return {path: self._random.choice([1, -1]) for path in self._some_paths()}
