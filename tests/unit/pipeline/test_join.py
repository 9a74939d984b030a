"""Joins by table and by filter find the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.mql.context import Context
from satchel.mql.pipeline.join import ForeignCollection, joined_values
from satchel.values.bson_types import BsonValue, Document
from satchel.values.namespace import Namespace
from tests.conformance.list_source import ListSource

from .collections_in_lists import HERE

SCALARS = st.sampled_from([None, 0, 1, 1.0, True, "a", "", {"k": 1}, {}, float("nan")])
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), inner.map(lambda v: {"k": v})), max_leaves=4
)
DOCUMENTS = st.lists(st.one_of(st.just({}), VALUES.map(lambda value: {"a": value})), max_size=6).map(
    lambda found: [{"_id": position, **document} for position, document in enumerate(found)]
)


class IndexedSource(ListSource):
    """A source that claims an index on everything, so that joins read by filter."""

    def find_equal(self, namespace: Namespace, path: str, value: BsonValue, context: Context) -> Iterator[Document]:
        return self.read(namespace, [{"$match": {path: {"$eq": value}}}], context)

    def has_index(self, _namespace: Namespace, path: str) -> bool:
        return True

    def read(self, namespace: Namespace, pipeline: Sequence[Document], context: Context) -> Iterator[Document]:
        return super().read(namespace, list(pipeline), context)


@settings(max_examples=300, deadline=None)
@given(
    DOCUMENTS, st.lists(VALUES, min_size=1, max_size=3), st.sampled_from(["a", "a.k", "a.0", "a.k.k"]), st.booleans()
)
def test_table_finds_what_the_filter_finds(
    documents: list[Document], values: list[object], path: str, null_is_missing: bool
) -> None:
    found = [
        ForeignCollection(source({"here": documents}), HERE, path, [], Context(), null_is_missing=null_is_missing).find(
            values
        )
        for source in (ListSource, IndexedSource)
    ]
    assert repr(found[0]) == repr(found[1])


def test_values_of_the_near_side() -> None:
    document: Document = {"a": [{"k": 1}, {"k": [2, 3]}, 5, {}, [{"k": 9}]], "b": [[1], 2], "c": {"d": None}}
    assert joined_values(document, ["a", "k"]) == [1, 2, 3]
    assert joined_values(document, ["a", "1", "k"]) == [2, 3]
    assert joined_values(document, ["b"]) == [[1], 2]
    assert joined_values(document, ["b", "0"]) == [1]
    assert joined_values(document, ["c", "d"]) == [None]
    assert joined_values(document, ["c", "x"]) == []
