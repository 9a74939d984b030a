"""Blocking stages that run out of memory: on disk they give the same, without disk MongoDB's error."""

from __future__ import annotations

import random

import pytest
from bson import Decimal128, Int64

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.values.bson_types import Document

from .collections_in_lists import run

_RANDOM = random.Random(3)
DOCUMENTS: list[Document] = [
    {
        "_id": i,
        "k": _RANDOM.choice([1, 1.0, Int64(2), Decimal128("3"), "a", "b", None, [1, 2], {"x": 1}]),
        "v": _RANDOM.choice([i, i * 0.1, Decimal128(str(i)), Int64(i), None, "text"]),
        "n": _RANDOM.random(),
    }
    for i in range(400)
]
ACCUMULATORS: Document = {
    "sum": {"$sum": "$v"},
    "avg": {"$avg": "$v"},
    "min": {"$min": "$v"},
    "max": {"$max": "$v"},
    "first": {"$first": "$v"},
    "last": {"$last": "$v"},
    "push": {"$push": "$v"},
    "count": {"$count": {}},
    "firstN": {"$firstN": {"n": 3, "input": "$v"}},
    "lastN": {"$lastN": {"n": 3, "input": "$v"}},
    "minN": {"$minN": {"n": 3, "input": "$n"}},
    "maxN": {"$maxN": {"n": 3, "input": "$n"}},
    "top": {"$top": {"sortBy": {"n": 1}, "output": "$_id"}},
    "bottomN": {"$bottomN": {"n": 3, "sortBy": {"n": 1}, "output": "$_id"}},
    "median": {"$median": {"input": "$n", "method": "approximate"}},
    "set": {"$addToSet": "$v"},
    "merged": {"$mergeObjects": {"$cond": [{"$eq": ["$v", None]}, {"a": "$_id"}, {"b": "$_id"}]}},
    "arrays": {"$concatArrays": {"$map": {"input": {"$range": [0, 2]}, "in": "$n"}}},
}
PIPELINES: dict[str, list[Document]] = {
    "$sort": [{"$sort": {"k": 1, "n": -1}}],
    "$sort ties": [{"$sort": {"k": -1}}],
    "$group": [{"$group": {"_id": "$k", **ACCUMULATORS}}, {"$sort": {"first": 1, "count": 1, "n": 1}}],
    "$group compound": [
        {"$group": {"_id": {"k": "$k", "m": {"$mod": ["$_id", 3]}}, "p": {"$push": "$_id"}}},
        {"$sort": {"p": 1}},
    ],
    "$bucketAuto": [{"$bucketAuto": {"groupBy": "$n", "buckets": 5, "output": {"ids": {"$push": "$_id"}}}}],
    "$facet": [{"$facet": {"a": [{"$limit": 2}], "b": [{"$skip": 390}], "c": [{"$count": "n"}]}}],
    "$setWindowFields": [
        {
            "$setWindowFields": {
                "partitionBy": {"$mod": ["$_id", 4]},
                "sortBy": {"n": 1},
                "output": {"r": {"$rank": {}}, "s": {"$sum": "$_id", "window": {"documents": [-2, 0]}}},
            }
        }
    ],
}


def small(*, allow_disk_use: bool) -> Context:
    return Context(memory_limit_bytes=20_000, allow_disk_use=allow_disk_use)


@pytest.mark.parametrize("name", PIPELINES)
def test_same_result_on_disk(name: str) -> None:
    expected = run(PIPELINES[name], DOCUMENTS)
    found = run(PIPELINES[name], DOCUMENTS, small(allow_disk_use=True))
    assert [repr(document) for document in found] == [repr(document) for document in expected]


@pytest.mark.parametrize("name", PIPELINES)
def test_error_without_disk(name: str) -> None:
    with pytest.raises(ServerError) as raised:
        run(PIPELINES[name], DOCUMENTS, small(allow_disk_use=False))
    assert raised.value.code == ErrorCode.QueryExceededMemoryLimitNoDiskUseAllowed


def test_a_group_of_its_own_has_a_limit() -> None:
    long: list[Document] = [{"_id": i, "text": "x" * 1000} for i in range(200)]
    with pytest.raises(ServerError) as raised:
        run([{"$group": {"_id": None, "all": {"$push": "$text"}}}], long * 90, small(allow_disk_use=True))
    assert raised.value.code == ErrorCode.ExceededMemoryLimit


def test_graph_lookup_has_a_limit() -> None:
    graph = {"from": "here", "startWith": 0, "connectFromField": "next", "connectToField": "_id", "as": "r"}
    chain: list[Document] = [{"_id": i, "next": i + 1, "text": "x" * 100} for i in range(500)]
    with pytest.raises(ServerError) as raised:
        run([{"$limit": 1}, {"$graphLookup": graph}], chain, small(allow_disk_use=True))
    assert raised.value.code == 40099


def test_joins_do_without_a_table_when_it_is_too_large() -> None:
    far: list[Document] = [{"_id": i, "k": i % 7, "text": "x" * 100} for i in range(300)]
    join = [{"$lookup": {"from": "far", "as": "r", "localField": "_id", "foreignField": "k"}}, {"$limit": 8}]
    near: list[Document] = [{"_id": i} for i in range(8)]
    assert run(join, near, small(allow_disk_use=False), far=far) == run(join, near, far=far)


def test_interrupts_are_looked_for() -> None:
    class KilledError(Exception):
        pass

    def interrupt() -> None:
        raise KilledError

    context = Context(check_interrupt=interrupt)
    for specs in PIPELINES.values():
        with pytest.raises(KilledError):
            run(specs, DOCUMENTS, context)
