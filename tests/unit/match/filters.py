"""Strategies for filters, and for documents that they are likely to match."""

from __future__ import annotations

from typing import Final

from bson import Regex
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from satchel.testing.strategies import values
from satchel.values.bson_types import BsonValue, Document

_SMALL: Final[SearchStrategy[BsonValue]] = st.sampled_from((None, 0, 1, 1.0, 2, True, "a", "b", [], [1], {}, {"a": 1}))
operands: Final = st.one_of(_SMALL, _SMALL, values)
paths: Final = st.sampled_from(("a", "b", "a.b", "a.0", "b.a.c"))

_SHAPES: Final = st.recursive(
    operands,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc0"), inner, max_size=3)),
    max_leaves=6,
)
documents: Final[SearchStrategy[Document]] = st.dictionaries(st.sampled_from("ab"), _SHAPES, max_size=2)

_no_regex: Final = operands.filter(lambda value: not isinstance(value, Regex))
_lists: Final = st.lists(operands.filter(lambda value: not isinstance(value, Regex | dict)), max_size=4)
predicates: Final[SearchStrategy[Document]] = st.one_of(
    st.builds(lambda name, value: {name: value}, st.sampled_from(("$gt", "$gte", "$lt", "$lte", "$ne")), _no_regex),
    st.builds(lambda value: {"$eq": value}, operands),
    st.builds(lambda name, members: {name: members}, st.sampled_from(("$in", "$nin")), _lists),
    st.builds(lambda members: {"$all": members}, _lists),
    st.builds(lambda wanted: {"$exists": wanted}, st.booleans()),
    st.builds(lambda kind: {"$type": kind}, st.sampled_from(("int", "number", "string", "array", "object", "null"))),
    st.builds(lambda size: {"$size": size}, st.integers(0, 3)),
    st.builds(lambda rest: {"$mod": [2, rest]}, st.integers(0, 1)),
    st.builds(lambda bit: {"$bitsAnySet": [bit]}, st.integers(0, 2)),
    st.builds(lambda value: {"$elemMatch": {"$gte": value}}, _no_regex),
    st.builds(lambda value: {"$elemMatch": {"a": {"$eq": value}}}, operands),
    st.builds(lambda text: {"$regex": text}, st.sampled_from(("a", "^b", ""))),
)


def _nested(inner: SearchStrategy[Document]) -> SearchStrategy[Document]:
    lists = st.lists(inner, min_size=1, max_size=3)
    return st.builds(lambda name, parts: {name: parts}, st.sampled_from(("$and", "$or", "$nor")), lists)


_on_path: Final[SearchStrategy[Document]] = st.one_of(
    st.builds(lambda path, predicate: {path: predicate}, paths, predicates),
    st.builds(lambda path, predicate: {path: {"$not": predicate}}, paths, predicates),
    st.just({}),
)
filters: Final[SearchStrategy[Document]] = st.recursive(_on_path, _nested, max_leaves=6)
