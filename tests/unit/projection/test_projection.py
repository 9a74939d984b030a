"""What projections promise beyond MongoDB's results, which are recorded in tests/conformance."""

from __future__ import annotations

import copy

import pytest
from bson import Int64
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.projection import Projection, parse_add_fields, parse_projection, parse_unset
from satchel.values.bson_types import Document

NAMES = st.sampled_from("abc")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
VALUES = st.recursive(
    st.sampled_from([None, True, 1, 2.5, "x", Int64(7)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=3).map(lambda document: {"_id": 1, **document})
INCLUSIONS = st.dictionaries(PATHS, st.sampled_from([1, "$a", "$b.c", "text", {"$literal": 5}]), min_size=1, max_size=3)
EXCLUSIONS = st.dictionaries(PATHS, st.just(0), min_size=1, max_size=3)
ADDITIONS = st.dictionaries(PATHS, st.sampled_from([1, "$a", "$b.c", None, "$$REMOVE"]), min_size=1, max_size=3)


def find_projection(spec: Document) -> Projection | None:
    try:
        return parse_projection(spec, Context())
    except ServerError:
        return None


def added(spec: Document) -> Projection | None:
    try:
        return parse_add_fields(spec, Context())
    except ServerError:
        return None


PROJECTIONS = (INCLUSIONS | EXCLUSIONS).map(find_projection) | ADDITIONS.map(added)


@settings(max_examples=300, deadline=None)
@given(PROJECTIONS, DOCUMENTS)
def test_the_document_stays_as_it_is(projection: Projection | None, document: Document) -> None:
    before = copy.deepcopy(document)
    if projection is not None:
        projection.apply(document)
    assert document == before


@settings(max_examples=300, deadline=None)
@given(INCLUSIONS.map(find_projection), DOCUMENTS)
def test_an_inclusion_reads_nothing_but_its_fields(projection: Projection | None, document: Document) -> None:
    if projection is None or projection.fields is None:
        return
    top_level = {path.split(".")[0] for path in projection.fields}
    narrowed = {name: value for name, value in document.items() if name in top_level}
    assert projection.apply(narrowed) == projection.apply(document)


@given(DOCUMENTS, st.sets(NAMES, min_size=1))
def test_inclusion_and_exclusion_of_the_same_fields_are_the_whole(document: Document, names: set[str]) -> None:
    included = parse_projection({**dict.fromkeys(names, 1), "_id": 0}, Context()).apply(document)
    excluded = parse_projection(dict.fromkeys(names, 0), Context()).apply(document)
    assert {**excluded, **included} == document
    assert not included.keys() & excluded.keys()


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ({"a": 1}, {"_id", "a"}),
        ({"a": 1, "_id": 0}, {"a"}),
        ({"a.b": 1, "c": "$d.e"}, {"_id", "a.b", "d.e"}),
        ({"a": {"b": 1, "c": 1}}, {"_id", "a.b", "a.c"}),
        ({"a.b": "$c"}, {"_id", "a", "c"}),
        ({"x": "$$ROOT"}, None),
        ({"a": 0}, None),
        ({"a": {"$slice": 1}, "b": 1}, {"_id", "a", "b"}),
        ({"a": {"$elemMatch": {"b": 1}}}, {"_id", "a"}),
    ],
)
def test_fields(spec: Document, fields: set[str] | None) -> None:
    assert parse_projection(spec, Context()).fields == fields


def test_fields_of_an_addition_are_what_its_expressions_read() -> None:
    assert parse_add_fields({"x": "$a", "y.z": {"$add": ["$b.c", 1]}}, Context()).fields == {"a", "b.c"}
    assert parse_add_fields({"x": "$$ROOT"}, Context()).fields is None
    assert parse_unset("a", Context()).fields is None


def test_metadata_comes_from_the_caller() -> None:
    projection = parse_projection({"id": {"$meta": "recordId"}, "key": {"$meta": "sortKey"}}, Context())
    assert projection.metadata == {"recordId", "sortKey"}
    assert projection.apply({"_id": 1}, metadata={"recordId": Int64(7), "sortKey": [1, 2]}) == {
        "_id": 1,
        "id": Int64(7),
        "key": [1, 2],
    }
    assert projection.apply({"_id": 1}) == {"_id": 1}


def test_metadata_inside_an_expression() -> None:
    projection = parse_projection({"x": {"$add": [{"$meta": "recordId"}, 1]}}, Context())
    assert projection.metadata == {"recordId"}
    assert projection.apply({"_id": 1}, metadata={"recordId": Int64(7)}) == {"_id": 1, "x": Int64(8)}


def test_variables_that_come_later() -> None:
    projection = parse_add_fields({"x": "$$later"}, Context(unbound=frozenset({"later"})))
    assert projection.apply({"_id": 1}, variables={"later": 5}) == {"_id": 1, "x": 5}


def test_needs_position() -> None:
    match = parse_filter({"a": 2}, Context())
    projection = parse_projection({"a.$": 1}, Context(), match)
    document: Document = {"_id": 1, "a": [1, 2, 3]}
    assert projection.needs_position
    assert projection.apply(document, match.position(document)) == {"_id": 1, "a": [2]}
    assert not parse_projection({"a": 1}, Context(), match).needs_position


def test_a_positional_operator_needs_a_filter() -> None:
    with pytest.raises(ServerError) as raised:
        parse_projection({"a.$": 1}, Context())
    assert raised.value.code == 51050


def test_kinds() -> None:
    assert parse_projection({"a": 1}, Context()).kind == "inclusion"
    assert parse_projection({"_id": 0}, Context()).kind == "exclusion"
    assert parse_projection({}, Context()).kind == "exclusion"
    assert parse_add_fields({"a": 1}, Context()).kind == "addition"
    assert parse_unset(["a"], Context()).kind == "exclusion"
