"""Views: on collections, on views, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Int64

from satchel.errors import ErrorCode

from .conftest import Server

COLLATION = {"locale": "en", "strength": 2}


@pytest.fixture
def viewed(server: Server) -> Server:
    server.ok(
        {"insert": "c", "documents": [{"_id": number, "a": number % 3, "s": "xX"[number % 2]} for number in range(9)]}
    )
    server.ok({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})
    view(server, "small", "c", {"$match": {"_id": {"$lt": 6}}})
    return server


def view(server: Server, name: str, source: str, *pipeline: dict[str, Any], **options: Any) -> None:
    server.ok({"create": name, "viewOn": source, "pipeline": list(pipeline), **options})


def ids(documents: list[dict[str, Any]]) -> list[int]:
    return sorted(document["_id"] for document in documents)


def aggregate(server: Server, name: str, *pipeline: dict[str, Any]) -> list[dict[str, Any]]:
    return server.ok({"aggregate": name, "pipeline": list(pipeline), "cursor": {}})["cursor"]["firstBatch"]


def test_every_way_to_read(viewed: Server) -> None:
    assert ids(viewed.found("small")) == [0, 1, 2, 3, 4, 5]
    assert ids(viewed.found("small", {"a": 1})) == [1, 4]
    assert viewed.ok({"count": "small", "query": {"a": 1}})["n"] == 2
    assert viewed.ok({"count": "small"})["n"] == 6
    assert viewed.ok({"count": "small", "skip": 1, "limit": 3})["n"] == 3
    assert viewed.ok({"distinct": "small", "key": "a"})["values"] == [0, 1, 2]
    assert ids(aggregate(viewed, "small", {"$match": {"a": 2}})) == [2, 5]


def test_views_on_views(viewed: Server) -> None:
    view(viewed, "odd", "small", {"$match": {"s": "X"}})
    view(viewed, "named", "odd", {"$set": {"n": {"$multiply": ["$_id", 10]}}})
    assert [each["n"] for each in viewed.found("named", {"n": {"$gt": 10}})] == [30, 50]


def test_a_change_below_shows_above(viewed: Server) -> None:
    view(viewed, "top", "small")
    viewed.ok({"insert": "c", "documents": [{"_id": -1}]})
    assert -1 in ids(viewed.found("top"))
    viewed.ok({"collMod": "small", "viewOn": "c", "pipeline": [{"$match": {"_id": 8}}]})
    assert ids(viewed.found("top")) == [8]


def test_a_view_on_nothing_is_empty(server: Server) -> None:
    view(server, "v", "nowhere")
    assert server.found("v") == []
    assert server.ok({"count": "v"})["n"] == 0
    server.ok({"insert": "nowhere", "documents": [{"_id": 1}]})
    assert ids(server.found("v")) == [1]


def test_batches_over_a_view(viewed: Server) -> None:
    cursor = viewed.ok({"find": "small", "batchSize": 2})["cursor"]
    assert cursor["ns"] == "db.small"
    more = viewed.ok({"getMore": Int64(cursor["id"]), "collection": "small"})["cursor"]
    assert len(cursor["firstBatch"]) + len(more["nextBatch"]) == 6


def test_cycles_are_refused(viewed: Server) -> None:
    assert viewed.code({"create": "self", "viewOn": "self", "pipeline": []}) == ErrorCode.GraphContainsCycle
    view(viewed, "one", "two")
    assert viewed.code({"create": "two", "viewOn": "one", "pipeline": []}) == ErrorCode.GraphContainsCycle


def test_depth_is_limited(viewed: Server) -> None:
    below = "c"
    for depth in range(20):
        view(viewed, f"v{depth}", below)
        below = f"v{depth}"
    assert len(viewed.found(below)) == 9
    assert viewed.code({"create": "deepest", "viewOn": below, "pipeline": []}) == ErrorCode.ViewDepthLimitExceeded


@pytest.mark.parametrize("stage", [{"$out": "d"}, {"$merge": "d"}])
def test_a_view_writes_nothing(viewed: Server, stage: dict[str, Any]) -> None:
    assert viewed.code({"create": "w", "viewOn": "c", "pipeline": [stage]}) == ErrorCode.OptionNotSupportedOnView


@pytest.mark.parametrize(
    "command",
    [
        {"createIndexes": "small", "indexes": [{"key": {"a": 1}, "name": "a"}]},
        {"listIndexes": "small"},
        {"dropIndexes": "small", "index": "*"},
        {"findAndModify": "small", "remove": True},
        {"collStats": "small"},
        {"validate": "small"},
    ],
    ids=lambda command: next(iter(command)),
)
def test_what_a_view_is_not(viewed: Server, command: dict[str, Any]) -> None:
    assert viewed.code(command) == ErrorCode.CommandNotSupportedOnView


@pytest.mark.parametrize(
    "command",
    [
        {"insert": "small", "documents": [{}]},
        {"update": "small", "updates": [{"q": {}, "u": {"$set": {"a": 1}}}]},
        {"delete": "small", "deletes": [{"q": {}, "limit": 0}]},
    ],
    ids=lambda command: next(iter(command)),
)
def test_writes_fail_statement_by_statement(viewed: Server, command: dict[str, Any]) -> None:
    (error,) = viewed.ok(command)["writeErrors"]
    assert error["code"] == ErrorCode.CommandNotSupportedOnView
    assert len(viewed.found("c")) == 9


@pytest.mark.parametrize(
    "option",
    [{"returnKey": True}, {"showRecordId": True}, {"tailable": True}, {"min": {"a": 1}}, {"singleBatch": True}],
    ids=lambda option: next(iter(option)),
)
def test_options_that_pipelines_do_not_have(viewed: Server, option: dict[str, Any]) -> None:
    assert viewed.code({"find": "small", **option}) == ErrorCode.InvalidPipelineOperator
    assert viewed.code({"explain": {"find": "small", **option}}) == ErrorCode.InvalidPipelineOperator


def test_a_single_document_is_a_single_batch(viewed: Server) -> None:
    assert len(viewed.ok({"find": "small", "limit": 1, "singleBatch": True})["cursor"]["firstBatch"]) == 1


def test_hints_reach_the_collection_below(viewed: Server) -> None:
    backward = viewed.ok({"find": "small", "sort": {"$natural": -1}})["cursor"]["firstBatch"]
    assert [each["_id"] for each in backward] == [5, 4, 3, 2, 1, 0]
    by_a = viewed.ok({"find": "small", "hint": "a_1"})["cursor"]["firstBatch"]
    assert [each["a"] for each in by_a] == [0, 0, 1, 1, 2, 2]
    assert viewed.code({"find": "small", "hint": "nope"}) == ErrorCode.BadValue


def test_a_view_has_one_collation(viewed: Server) -> None:
    view(viewed, "folded", "c", collation=COLLATION)
    assert len(viewed.found("folded", {"s": "x"})) == 9
    viewed.ok({"find": "folded", "collation": COLLATION})
    other = {"locale": "fr"}
    for command in (
        {"find": "folded", "collation": other},
        {"count": "folded", "collation": other},
        {"distinct": "folded", "key": "s", "collation": other},
        {"aggregate": "folded", "pipeline": [], "cursor": {}, "collation": other},
        {"find": "small", "collation": other},
        {"create": "mixed", "viewOn": "folded", "pipeline": []},
        {"aggregate": "c", "pipeline": [{"$lookup": {"from": "folded", "pipeline": [], "as": "x"}}], "cursor": {}},
    ):
        assert viewed.code(command) == ErrorCode.OptionNotSupportedOnView, command


def test_stages_read_views(viewed: Server) -> None:
    lookup = {"$lookup": {"from": "small", "localField": "_id", "foreignField": "_id", "as": "found"}}
    assert [len(each["found"]) for each in aggregate(viewed, "c", lookup, {"$sort": {"_id": 1}})] == [1] * 6 + [0] * 3
    assert len(aggregate(viewed, "c", {"$unionWith": "small"})) == 15


def test_a_pipeline_on_a_view_may_write(viewed: Server) -> None:
    aggregate(viewed, "small", {"$out": "copy"})
    assert ids(viewed.found("copy")) == [0, 1, 2, 3, 4, 5]


def test_listing(viewed: Server) -> None:
    listed = viewed.ok({"listCollections": 1, "filter": {"type": "view"}})["cursor"]["firstBatch"]
    assert listed == [
        {
            "name": "small",
            "type": "view",
            "options": {"viewOn": "c", "pipeline": [{"$match": {"_id": {"$lt": 6}}}]},
            "info": {"readOnly": True},
        }
    ]


def test_dropping_a_view_leaves_what_is_below(viewed: Server) -> None:
    viewed.ok({"drop": "small"})
    assert viewed.found("small") == []
    assert len(viewed.found("c")) == 9


def test_explain_shows_the_plan_below(viewed: Server) -> None:
    explained = viewed.ok({"explain": {"find": "small", "filter": {"a": 1}}, "verbosity": "queryPlanner"})
    assert explained["queryPlanner"]["namespace"] == "db.c"
    assert explained["queryPlanner"]["winningPlan"]["inputStage"]["indexName"] in ("a_1", "_id_")
