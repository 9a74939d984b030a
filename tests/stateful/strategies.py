"""Hypothesis strategies: documents, filters, index specifications and sorts that have something to do with each other.

The values come from a small pool, so that generated filters meet generated documents.
"""

from __future__ import annotations

import datetime

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


@st.composite
def index_specs(draw: st.DrawFn) -> dict:
    """Draw an index specification without its name."""
    kind = draw(st.sampled_from(["plain", "plain", "plain", "hashed", "wildcard"]))
    if kind == "hashed":
        return {"key": {draw(st.sampled_from(PATHS[:-1])): "hashed"}}
    if kind == "wildcard":
        return {"key": draw(st.sampled_from([{"$**": 1}, {"a.$**": 1}]))}
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


# The strategies above are broad; those below keep to few paths and few values, so that several predicates, several
# components of an index and several elements of an array come together.

_FOCUSES = [
    ("a",),
    ("a", "b"),
    ("b", "a"),
    ("a.b", "a.c"),
    ("a.b", "b"),
    ("a", "a.b"),
    ("a.b.c", "a.b"),
    ("a.0", "a"),
    ("a", "b", "c"),
    ("c", "a.c", "a.b"),
]
_FEW = st.sampled_from([None, 1, 2, 3, 1.5, Int64(2), "a", "b", float("nan"), MinKey()])
_few_values = st.one_of(_FEW, _FEW, st.lists(_FEW, max_size=3), st.lists(_FEW, min_size=2, max_size=3))
_inner = st.fixed_dictionaries(
    {}, optional={"b": _few_values | st.builds(lambda v: {"c": v}, _few_values), "c": _few_values}
)
_outer = st.one_of(_few_values, _inner, st.lists(_inner, max_size=3), st.lists(st.one_of(_FEW, _inner), max_size=3))
_focused_bodies = st.fixed_dictionaries({}, optional={"a": _outer, "b": _few_values, "c": _few_values})

_bounds = st.builds(
    lambda name, value: {name: value}, st.sampled_from(["$gt", "$gte", "$lt", "$lte", "$eq", "$ne"]), _FEW
)
_two_bounds = st.builds(lambda low, high: {"$gte": low, "$lte": high}, _FEW, _FEW)
_focused_conditions = st.one_of(
    _bounds,
    _bounds,
    _two_bounds,
    st.builds(lambda found: {"$in": found}, st.lists(_FEW | st.just([]), min_size=1, max_size=3)),
    st.builds(lambda found: {"$elemMatch": found}, _two_bounds | _bounds),
    st.builds(lambda found: {"$not": found}, _bounds),
    st.builds(lambda found: {"$exists": found}, st.booleans()),
    st.builds(lambda found: {"$all": found}, st.lists(_FEW, min_size=1, max_size=2)),
    st.sampled_from([{"$type": "number"}, {"$regex": "^a"}, {"$size": 2}, {"$eq": []}, {"$eq": [1, 2]}, {"$gt": []}]),
)


@st.composite
def focused(draw: st.DrawFn) -> tuple[list[dict], list[dict], list[dict], list[dict]]:
    """Draw documents, index specifications, filters and sorts about the same few paths."""
    focus = draw(st.sampled_from(_FOCUSES))
    bodies = draw(st.lists(_focused_bodies, min_size=3, max_size=12))
    specs = draw(st.lists(_focused_index(focus), min_size=1, max_size=2))
    filters_ = draw(st.lists(_focused_filter(focus), min_size=1, max_size=6))
    sorts_ = draw(st.lists(_focused_sort(focus), min_size=1, max_size=2))
    return [{"_id": i, **body} for i, body in enumerate(bodies)], specs, filters_, sorts_


@st.composite
def _focused_index(draw: st.DrawFn, focus: tuple[str, ...]) -> dict:
    paths = draw(st.permutations(focus))[: draw(st.integers(1, len(focus)))]
    spec: dict = {"key": {path: draw(st.sampled_from([1, 1, -1])) for path in paths}}
    option = draw(st.sampled_from(["none", "none", "sparse", "partial", "hashed", "wildcard"]))
    if option == "sparse":
        spec["sparse"] = True
    elif option == "partial":
        spec["partialFilterExpression"] = {
            focus[0]: draw(st.sampled_from([{"$gt": 1}, {"$exists": True}, {"$lte": 2}]))
        }
    elif option == "hashed":
        spec["key"][paths[-1]] = "hashed"
    elif option == "wildcard":
        spec["key"] = {"$**": 1}
    return spec


@st.composite
def _focused_filter(draw: st.DrawFn, focus: tuple[str, ...]) -> dict:
    conditions = st.builds(lambda path, found: {path: found}, st.sampled_from(focus), _focused_conditions)
    objects = st.builds(
        lambda path, found: {path: {"$elemMatch": found}},
        st.just(focus[0].split(".", maxsplit=1)[0]),
        st.dictionaries(st.sampled_from(["b", "c"]), _focused_conditions, min_size=1, max_size=2),
    )
    parts = draw(st.lists(st.one_of(conditions, conditions, conditions, objects), min_size=1, max_size=4))
    return {draw(st.sampled_from(["$and", "$and", "$and", "$or"])): parts}


@st.composite
def _focused_sort(draw: st.DrawFn, focus: tuple[str, ...]) -> dict:
    paths = draw(st.permutations(focus))[: draw(st.integers(1, len(focus)))]
    return {path: draw(st.sampled_from([1, -1])) for path in paths}
