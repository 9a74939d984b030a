"""Rewrites keep the answer, and do what they are for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.mql.context import Context
from satchel.mql.pipeline import parse_pipeline
from satchel.mql.pipeline.chunk import chunked
from satchel.mql.sort import sort_documents
from satchel.values.bson_types import Document

from .collections_in_lists import parse, run, run_as_written

VALUES = st.sampled_from(
    [None, 0, 1, 2, 2.0, "x", [], [1, 2], [0], {"k": 1}, {"k": None}, [{"k": 1}, {"k": 2}], [{"k": [1]}, 5]]
)
NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.sampled_from(["a", "b", "c", "a.k", "b.k", "c.k", "r.b", "r"])
DOCUMENTS = st.lists(st.dictionaries(NAMES, VALUES), max_size=6).map(
    lambda found: [{"_id": position, **fields} for position, fields in enumerate(found)]
)


def conditions() -> st.SearchStrategy[Document]:
    operands = st.sampled_from(
        [None, 1, 2, {"$gt": 0}, {"$ne": 1}, {"$exists": False}, {"$in": [0, 2]}, [], {"$size": 2}]
    )
    single = st.dictionaries(PATHS, operands, min_size=1, max_size=2)
    joined = st.lists(single, min_size=1, max_size=2).flatmap(
        lambda members: st.sampled_from([{"$and": members}, {"$or": members}, {"$nor": members}])
    )
    computed = PATHS.map(lambda path: {"$expr": {"$gte": [f"${path}", 1]}})
    return st.one_of(single, joined, computed, st.just({}))


STAGES = st.one_of(
    conditions().map(lambda filter_: {"$match": filter_}),
    conditions().map(lambda filter_: {"$match": filter_}),
    st.dictionaries(PATHS, st.sampled_from([1, "x", {"k": 3}, [1]]), max_size=1).map(lambda fields: {"$set": fields}),
    st.dictionaries(st.sampled_from(["a", "b", "a.k", "_id"]), st.just(1), min_size=1, max_size=1).map(
        lambda fields: {"$project": fields}
    ),
    st.dictionaries(st.sampled_from(["a", "b", "a.k"]), st.just(0), min_size=1, max_size=1).map(
        lambda fields: {"$project": fields}
    ),
    st.dictionaries(st.sampled_from(["c", "x"]), st.just("$a"), min_size=1).map(lambda fields: {"$project": fields}),
    PATHS.map(lambda path: {"$unset": path}),
    PATHS.map(lambda path: {"$unwind": f"${path}"}),
    PATHS.map(lambda path: {"$unwind": {"path": f"${path}", "preserveNullAndEmptyArrays": True}}),
    PATHS.map(lambda path: {"$unwind": {"path": f"${path}", "includeArrayIndex": "c"}}),
    PATHS.map(lambda path: {"$sort": {path: 1, "_id": 1}}),
    NAMES.map(lambda name: {"$sort": {name: -1}}),
    st.integers(1, 4).map(lambda number: {"$limit": number}),
    st.integers(0, 3).map(lambda number: {"$skip": number}),
    NAMES.map(lambda name: {"$lookup": {"from": "here", "as": "r", "localField": name, "foreignField": "b"}}),
    st.just({"$unwind": "$r"}),
    NAMES.map(lambda name: {"$group": {"_id": f"${name}", "a": {"$push": "$_id"}, "b": {"$first": "$b"}}}),
    st.just({"$unionWith": "here"}),
)


@settings(max_examples=300, deadline=None)
@given(DOCUMENTS, st.lists(STAGES, max_size=5))
def test_rewritten_pipeline_gives_what_the_written_one_gives(documents: list[Document], specs: list[Document]) -> None:
    try:
        expected = run_as_written(specs, documents)
    except Exception as error:
        expected = [{"error": type(error)}]
        return
    assert run(specs, documents) == expected


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS, st.lists(STAGES, max_size=5))
def test_leading_part_and_rest_give_what_the_pipeline_gives(documents: list[Document], specs: list[Document]) -> None:
    pipeline = parse(specs, here=documents)
    try:
        expected = list(pipeline.run(iter(documents)))
    except Exception:
        return
    leading = pipeline.leading()
    found = list(documents)
    if leading.match is not None:
        found = [document for document in found if leading.match.matches(document)]
    if leading.sort is not None:
        found = sort_documents(found, leading.sort)
    found = found[leading.skip :]
    if leading.limit is not None:
        found = found[: leading.limit]
    assert list(leading.rest.run(iter(found))) == expected
    assert list(leading.rest.run_chunks(chunked(found, 2))) == expected


def shown(*specs: Document) -> list[Document]:
    return [dict(spec) for spec in parse_pipeline(list(specs), Context()).spec()]


def test_filters_meet_at_the_source() -> None:
    assert shown({"$set": {"x": 1}}, {"$match": {"a": 1}}, {"$sort": {"b": 1}}, {"$match": {"x": 1, "b": 2}}) == [
        {"$match": {"a": 1, "b": 2}},
        {"$set": {"x": 1}},
        {"$match": {"x": 1}},
        {"$sort": {"b": 1}},
    ]


def test_filters_stay_behind_what_changes_the_number_of_documents() -> None:
    specs: list[Document] = [{"$limit": 3}, {"$match": {"a": 1}}]
    assert [next(iter(spec)) for spec in shown(*specs)] == ["$limit", "$match"]


def test_random_order_is_not_the_engines() -> None:
    leading = parse([{"$sort": {"x": {"$meta": "randVal"}}}]).leading()
    assert leading.sort is None
    assert len(leading.rest.stages) == 1


def test_filter_goes_into_a_join() -> None:
    join: Document = {"$lookup": {"from": "far", "as": "r", "localField": "a", "foreignField": "b"}}
    specs = parse([join, {"$unwind": "$r"}, {"$match": {"r.x": 5, "a": 1, "r": {"$ne": 1}}}]).spec()
    assert [next(iter(spec)) for spec in specs] == ["$match", "$lookup", "$unwind", "$match"]
    operand: Any = specs[1]["$lookup"]
    assert operand["pipeline"] == [{"$match": {"x": 5}}]
    assert specs[3] == {"$match": {"r": {"$ne": 1}}}


@pytest.mark.parametrize(
    ("specs", "skip", "limit"),
    [
        ([{"$skip": 2}, {"$skip": 3}], 5, None),
        ([{"$limit": 9}, {"$skip": 2}, {"$limit": 5}], 2, 5),
        ([{"$limit": 3}, {"$skip": 5}], 5, 0),
        ([{"$limit": 7}, {"$limit": 3}, {"$skip": 1}], 1, 2),
    ],
)
def test_windows_fold(specs: list[Document], skip: int, limit: int | None) -> None:
    leading = parse(specs).leading()
    assert (leading.skip, leading.limit, leading.rest.stages) == (skip, limit, ())


def test_sort_knows_how_many_are_asked_for() -> None:
    assert shown({"$group": {"_id": "$a"}}, {"$sort": {"_id": 1}}, {"$skip": 2}, {"$limit": 3})[1] == {
        "$sort": {"sortKey": {"_id": 1}, "limit": 5}
    }


@pytest.mark.parametrize(
    ("specs", "fields"),
    [
        ([], None),
        ([{"$match": {"a": 1}}], None),
        ([{"$project": {"a": 1, "x": "$b.c"}}], {"_id", "a", "b.c"}),
        ([{"$group": {"_id": "$a", "n": {"$sum": "$b.c"}}}], {"a", "b.c"}),
        ([{"$unwind": "$a"}, {"$group": {"_id": "$a.k", "n": {"$sum": "$b"}}}], {"a", "b"}),
        ([{"$count": "n"}], set()),
        ([{"$replaceWith": "$a"}], {"a"}),
        ([{"$group": {"_id": None, "all": {"$push": "$$ROOT"}}}], None),
        ([{"$facet": {"x": [{"$count": "n"}], "y": [{"$project": {"a": 1, "_id": 0}}]}}], {"a"}),
        ([{"$set": {"x": "$b"}}, {"$group": {"_id": "$x"}}], {"b", "x"}),
        ([{"$unset": "c"}, {"$sort": {"a.0.k": 1, "b": 1}}, {"$count": "n"}], {"a", "b"}),
    ],
)
def test_needed_fields(specs: list[Document], fields: set[str] | None) -> None:
    found = parse(specs).leading().rest.fields() if specs and "$match" not in specs[0] else parse(specs).fields()
    assert found == (None if fields is None else frozenset(fields))
