"""What updates promise beyond MongoDB's results, which are recorded in tests/conformance."""

from __future__ import annotations

import copy
import math

import pytest
from bson import Binary, Code, Decimal128, Int64, Regex
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.update import Update, check_size, check_upsert_filter, identical, parse_update
from satchel.values.bson_types import MAX_DOCUMENT_SIZE_BYTES, BsonValue, Document

NAMES = st.sampled_from("abc")
STEPS = st.sampled_from(["a", "b", "c", "0", "1", "$[]"])
PATHS = st.tuples(NAMES, st.lists(STEPS, max_size=2)).map(lambda path: ".".join([path[0], *path[1]]))
SCALARS = st.sampled_from([None, True, 1, 2, 2.5, "x", Int64(7), Decimal128("1.5")])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=3).map(lambda document: {"_id": 1, **document})
OPERANDS: dict[str, st.SearchStrategy[BsonValue]] = {
    "$set": VALUES,
    "$unset": st.just(""),
    "$inc": st.sampled_from([0, 1, 2.5, Int64(3)]),
    "$mul": st.sampled_from([1, 2, 0.5]),
    "$min": VALUES,
    "$max": VALUES,
    "$push": VALUES,
    "$addToSet": VALUES,
    "$pop": st.sampled_from([1, -1]),
    "$pull": SCALARS,
    "$pullAll": st.lists(SCALARS, max_size=2),
    "$rename": st.sampled_from(["d", "a.d", "e.f"]),
    "$bit": st.just({"or": 4}),
}


@st.composite
def updates(draw: st.DrawFn) -> Document:
    operators = draw(st.lists(st.sampled_from(sorted(OPERANDS)), min_size=1, max_size=2, unique=True))
    return {name: draw(st.dictionaries(PATHS, OPERANDS[name], min_size=1, max_size=2)) for name in operators}


def parsed(spec: BsonValue, **options: list[BsonValue]) -> Update:
    return parse_update(spec, Context(), **options)


def applied(spec: Document, document: Document) -> tuple[Update, Document] | None:
    try:
        update = parsed(spec)
        return update, update.apply(document)
    except ServerError:
        return None


@settings(max_examples=400, deadline=None)
@given(updates(), DOCUMENTS)
def test_the_document_stays_as_it_is(spec: Document, document: Document) -> None:
    before = copy.deepcopy(document)
    applied(spec, document)
    assert identical(document, before)


@settings(max_examples=400, deadline=None)
@given(updates(), DOCUMENTS)
def test_a_new_object_only_when_touched_and_only_where_touched(spec: Document, document: Document) -> None:
    found = applied(spec, document)
    if found is None:
        return
    update, result = found
    assert update.touched_paths is not None
    touched = {path.split(".")[0] for path in update.touched_paths}
    for name in document.keys() - touched:
        assert result[name] is document[name]
    assert result.keys() - document.keys() <= touched


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(PATHS, VALUES, min_size=1, max_size=3), DOCUMENTS)
def test_setting_twice_changes_nothing_the_second_time(values: Document, document: Document) -> None:
    found = applied({"$set": values}, document)
    if found is not None:
        update, result = found
        assert update.apply(result) is result


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS)
def test_setting_what_is_there_is_no_change(document: Document) -> None:
    values = {name: copy.deepcopy(value) for name, value in document.items()}
    assert parsed({"$set": values}).apply(document) is document
    assert parsed(values).apply(document) is document


@settings(max_examples=200, deadline=None)
@given(updates(), st.lists(DOCUMENTS, min_size=2, max_size=3))
def test_an_update_keeps_nothing_of_the_documents_it_met(spec: Document, documents: list[Document]) -> None:
    try:
        together = parsed(spec)
    except ServerError:
        return
    for document in documents:
        assert identical(outcome(together, document), outcome(parsed(spec), document))


def outcome(update: Update, document: Document) -> Document | int:
    """Return the updated document, or the code of the error."""
    try:
        return update.apply(document)
    except ServerError as error:
        return error.code


def test_unchanged_parts_are_shared() -> None:
    document: Document = {"_id": 1, "a": {"x": [1], "y": [2]}, "b": [3]}
    result = parsed({"$set": {"a.z": 1}}).apply(document)
    assert result["b"] is document["b"]
    assert result["a"]["x"] is document["a"]["x"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("spec", "options", "paths"),
    [
        ({"$set": {"a": 1, "b.c": 2}}, {}, {"a", "b.c"}),
        ({"$set": {"a.$.b": 1, "c.0.d": 2, "e.$[].f": 3}}, {}, {"a.b", "c.d", "e.f"}),
        ({"$set": {"a.$[i].b": 1}}, {"array_filters": [{"i": 1}]}, {"a.b"}),
        ({"$rename": {"a": "b.c"}}, {}, {"a", "b.c"}),
        ({"$set": {}}, {}, set()),
        ({"a": 1}, {}, None),
        ([{"$set": {"a": 1}}], {}, None),
    ],
)
def test_touched_paths(spec: BsonValue, options: dict[str, list[BsonValue]], paths: set[str] | None) -> None:
    assert parsed(spec, **options).touched_paths == paths


def test_kinds() -> None:
    assert parsed({"$set": {"a": 1}}).kind == "modifiers"
    assert parsed({"a": 1}).kind == "replacement"
    assert parsed({}).kind == "replacement"
    assert parsed([{"$set": {"a": 1}}]).kind == "pipeline"


def test_needs_position() -> None:
    assert parsed({"$set": {"a.$": 1}}).needs_position
    assert parsed({"$set": {"b": 1}, "$inc": {"a.$.b.$[]": 1}}).needs_position
    assert not parsed({"$set": {"a.$[]": 1}}).needs_position
    assert not parsed({"a": 1}).needs_position


def test_the_same_update_at_several_positions() -> None:
    update = parsed({"$set": {"a.$.x": 9, "a.1.y": 8}})
    document: Document = {"_id": 1, "a": [{}, {}]}
    assert update.apply(document, position=0)["a"] == [{"x": 9}, {"y": 8}]
    assert update.apply(document, position=1)["a"] == [{}, {"x": 9, "y": 8}]
    assert update.apply(document, position=0)["a"] == [{"x": 9}, {"y": 8}]


def test_replacing_many_documents_is_refused() -> None:
    with pytest.raises(ServerError) as raised:
        parse_update({"a": 1}, Context(), replace_allowed=False)
    assert raised.value.code == 9


def test_an_upsert_puts_the_id_first() -> None:
    match = parse_filter({"a": 1, "_id": 5}, Context())
    assert list(parsed({"$set": {"b": 2}}).upsert_document(match)) == ["_id", "a", "b"]
    assert "_id" not in parsed({"$set": {"b": 2}}).upsert_document(parse_filter({"a": 1}, Context()))


def test_an_upsert_by_an_expression_is_refused_whether_or_not_something_matches() -> None:
    with pytest.raises(ServerError) as raised:
        check_upsert_filter(parse_filter({"$expr": {"$eq": ["$a", 1]}}, Context()))
    assert raised.value.code == 224


def test_the_size_of_a_result() -> None:
    check_size(MAX_DOCUMENT_SIZE_BYTES)
    with pytest.raises(ServerError) as raised:
        check_size(MAX_DOCUMENT_SIZE_BYTES + 1)
    assert raised.value.code == 10334


DIFFERENT = [
    0.0,
    -0.0,
    0,
    Int64(0),
    False,
    None,
    Decimal128("0"),
    Decimal128("0.0"),
    "",
    b"",
    Binary(b"", 5),
    {},
    [],
    {"a": 1, "b": 2},
    {"b": 2, "a": 1},
    {"a": 1.0, "b": 2},
    [1, 2],
    [1, 2.0],
    Regex("a"),
    Regex("a", "i"),
    Code("a"),
    Code("a", {}),
    Code("a", {"x": 1}),
    math.nan,
]


@pytest.mark.parametrize("left", range(len(DIFFERENT)))
def test_identical(left: int) -> None:
    for right, value in enumerate(DIFFERENT):
        assert identical(copy.deepcopy(DIFFERENT[left]), value) is (left == right)
