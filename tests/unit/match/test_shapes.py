"""A filter made from its shape is the one that the parser makes, node for node."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.match.normalise import normalise
from satchel.mql.match.parser import Parser, parse_filter
from satchel.mql.match.shapes import conjunction
from satchel.mql.match.tree import MatchExpression
from satchel.testing.strategies import few_values, scalars
from satchel.values.bson_types import Document
from satchel.values.collation import parse_collation

COLLATIONS = [None, parse_collation({"locale": "en", "strength": 2})]
VALUES = st.one_of(scalars, few_values())
OPERATORS = st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$exists", "$bad", "x"])
CONDITIONS = st.one_of(
    VALUES,
    st.dictionaries(OPERATORS, VALUES, max_size=3),
    st.dictionaries(st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), VALUES, min_size=1, max_size=4),
)
PATHS = st.sampled_from(["a", "b", "_id", "a.b", "", "a.0", "$a", "b.$c"])
FILTERS = st.dictionaries(PATHS, CONDITIONS, max_size=4)
DOCUMENTS = st.dictionaries(
    st.sampled_from(["a", "b", "_id"]), st.one_of(VALUES, st.lists(VALUES, max_size=2), st.just({"b": 1})), max_size=3
)


def taken_apart(node: MatchExpression, *, with_written: bool = True) -> tuple[Any, ...]:
    """Return all that there is in a tree."""
    fields = {name: repr(value) for name, value in vars(node).items() if name in ("path", "value", "collation")}
    branches = [taken_apart(branch) for branch in node.branches()]
    written = taken_apart(node.written, with_written=False) if with_written else None
    return type(node), fields, repr(node.spec()), branches, written


def outcome(spec: Document, context: Context, *, by_shape: bool) -> object:
    try:
        parsed = parse_filter(spec, context) if by_shape else normalise(Parser(context).document(spec))
        return taken_apart(parsed)
    except ServerError as error:
        return error.code, error.message


@given(st.lists(FILTERS, min_size=1, max_size=4), st.sampled_from(COLLATIONS), DOCUMENTS)
def test_a_shape_gives_what_the_parser_gives(specs: list[Document], collation: Any, document: Document) -> None:
    context = Context(collation=collation)
    for spec in specs:
        assert outcome(spec, context, by_shape=True) == outcome(spec, context, by_shape=False)
        made = conjunction(spec, collation)
        if made is not None:
            assert made.matches(document) == normalise(Parser(context).document(spec)).matches(document)
            assert made.position(document) == normalise(Parser(context).document(spec)).position(document)


@pytest.mark.parametrize(
    ("spec", "has_shape"),
    [
        ({"a": 1, "b": "x"}, True),
        ({"a": {"$gt": 1, "$lte": 5}, "_id": 3}, True),
        ({"a": {"$ne": 1}}, True),
        ({"a": {"$in": [1]}}, False),
        ({"a": None, "b": 1}, False),
        ({"a": {}, "b": 1}, False),
        ({"a": {"x": 1}}, False),
        ({"$or": [{"a": 1}]}, False),
        ({}, False),
    ],
)
def test_which_filters_have_a_shape(spec: Document, has_shape: bool) -> None:
    assert (conjunction(spec, None) is not None) is has_shape
