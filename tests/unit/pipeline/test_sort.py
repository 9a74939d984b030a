"""Sort patterns: keys order documents, and the quick ways sort as keys do."""

from __future__ import annotations

import pytest
from bson import Decimal128, Int64, ObjectId
from bson.datetime_ms import DatetimeMS
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.sort import natural_order, parse_sort, sort_documents
from satchel.values.bson_types import BsonValue, Document
from satchel.values.collation import parse_collation

VALUES = st.one_of(
    st.integers(-5, 5),
    st.floats(-3, 3),
    st.sampled_from([float("nan"), Int64(2), Decimal128("1.5"), None, "a", "b", "", True, False]),
    st.sampled_from([DatetimeMS(5), DatetimeMS(-5), ObjectId(b"a" * 12), ObjectId(b"b" * 12), [], [3, 1], {"k": 1}]),
)
ONE_KIND = st.sampled_from(
    [
        st.integers(-5, 5),
        st.floats(-3, 3),
        st.one_of(st.integers(-3, 3), st.floats(-3, 3)),
        st.text("abé\U0001f600", max_size=2),
        st.booleans(),
        st.integers(-9, 9).map(DatetimeMS),
        st.binary(min_size=12, max_size=12).map(ObjectId),
        VALUES,
    ]
).flatmap(lambda kind: st.lists(st.dictionaries(st.sampled_from(["a", "b"]), kind), max_size=8))
PATTERNS = st.sampled_from([{"a": 1}, {"a": -1}, {"a": 1, "b": -1}, {"b": -1, "a": -1}, {"a.k": 1, "b": 1}])


@settings(max_examples=300, deadline=None)
@given(ONE_KIND, PATTERNS, st.integers(0, 10))
def test_sorting_is_sorting_by_key(documents: list[Document], spec: Document, limit: int) -> None:
    pattern = parse_sort(spec, Context())
    numbered = [{"_id": position, **document} for position, document in enumerate(documents)]
    try:
        expected = sorted(numbered, key=pattern.key)
    except ServerError as error:
        assert "parallel arrays" in error.message  # noqa: PT017 - arrays in two fields have no key
        return
    assert repr(sort_documents(numbered, pattern)) == repr(expected)
    assert repr(sort_documents(iter(numbered), pattern, limit)) == repr(expected[:limit])


def test_few_of_many() -> None:
    documents: list[Document] = [{"_id": i, "a": i * 7919 % 5000} for i in range(5000)]
    pattern = parse_sort({"a": -1}, Context())
    assert sort_documents(iter(documents), pattern, 5) == sorted(documents, key=lambda d: -d["a"])[:5]  # type: ignore[operator]


def test_collation() -> None:
    context = Context(collation=parse_collation({"locale": "en", "strength": 2}))
    documents: list[Document] = [{"_id": i, "a": a} for i, a in enumerate(["b", "A", "a", "B"])]
    assert [d["_id"] for d in sort_documents(documents, parse_sort({"a": 1}, context))] == [1, 2, 0, 3]


def test_random_order_holds_all_documents() -> None:
    documents: list[Document] = [{"_id": i} for i in range(20)]
    shuffled = sort_documents(documents, parse_sort({"x": {"$meta": "randVal"}}, Context()))
    assert sorted(d["_id"] for d in shuffled) == list(range(20))  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("spec", "direction"), [({"$natural": 1}, 1), ({"$natural": -1.0}, -1), ({"a": 1}, None), ({}, None)]
)
def test_natural_order(spec: BsonValue, direction: int | None) -> None:
    assert natural_order(spec) == direction


@pytest.mark.parametrize("spec", [{"$natural": 2}, {"$natural": 1, "a": 1}, {"$natural": "x"}])
def test_bad_natural_order(spec: BsonValue) -> None:
    with pytest.raises(ServerError) as raised:
        natural_order(spec)
    assert raised.value.code == 2
