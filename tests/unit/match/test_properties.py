"""What must hold of every filter and document."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.mql.context import Context
from satchel.mql.match.parser import Parser, parse_filter
from satchel.mql.match.tree import Leaf
from satchel.values.bson_types import BsonValue, Document
from satchel.values.path import element_values, leaf_values

from .filters import documents, filters, operands, paths, predicates

_CONTEXT = Context()


@given(filters, documents)
@settings(max_examples=300)
def test_normal_form_matches_what_was_written(spec: Document, document: Document) -> None:
    plain = Parser(_CONTEXT).document(spec)
    normal = parse_filter(spec, _CONTEXT)
    assert normal.matches(document) is plain.matches(document)
    assert normal.written.matches(document) is plain.matches(document)


@given(filters, documents)
@settings(max_examples=300)
def test_spec_of_a_filter_means_the_same(spec: Document, document: Document) -> None:
    expression = parse_filter(spec, _CONTEXT)
    again = parse_filter(expression.spec(), _CONTEXT)
    assert again.matches(document) is expression.matches(document)


@given(filters, documents)
def test_nor_is_the_opposite(spec: Document, document: Document) -> None:
    matches = parse_filter(spec, _CONTEXT).matches(document)
    assert parse_filter({"$nor": [spec]}, _CONTEXT).matches(document) is not matches


@given(paths, predicates, documents)
@settings(max_examples=300)
def test_compiled_leaf_agrees_with_its_test(path: str, predicate: Document, document: Document) -> None:
    for node in Parser(_CONTEXT).operators(path, predicate):
        if isinstance(node, Leaf):
            reached = element_values if node.expands else leaf_values
            expected = any(node.test(value) for value in reached(document, node.parts))
            assert node.matches(document) is expected


@given(paths, st.lists(operands.filter(lambda value: not isinstance(value, dict)), max_size=4), documents)
def test_in_is_any_of_its_members(path: str, members: list[BsonValue], document: Document) -> None:
    alone = [parse_filter({path: {"$in": [member]}}, _CONTEXT).matches(document) for member in members]
    assert parse_filter({path: {"$in": members}}, _CONTEXT).matches(document) is any(alone)


@given(filters, documents)
def test_position_only_where_it_matches_an_array(spec: Document, document: Document) -> None:
    expression = parse_filter(spec, _CONTEXT)
    if expression.matches(document):
        position = expression.position(document)
        assert position is None or 0 <= position < 4
