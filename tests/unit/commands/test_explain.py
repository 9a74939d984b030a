"""Explain: the plans that run, and that nothing is changed."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.errors import ErrorCode

from .conftest import Server


@pytest.fixture
def indexed(server: Server) -> Server:
    server.ok(
        {"insert": "c", "documents": [{"_id": number, "a": number, "t": [number, -number]} for number in range(50)]}
    )
    indexes = [{"key": {"a": 1}, "name": "a_1"}, {"key": {"t": 1}, "name": "t_1"}]
    server.ok({"createIndexes": "c", "indexes": indexes})
    return server


def plan(server: Server, command: dict[str, Any]) -> dict[str, Any]:
    return server.ok({"explain": command, "verbosity": "queryPlanner"})["queryPlanner"]["winningPlan"]


def stages(tree: dict[str, Any]) -> list[str]:
    return [tree["stage"], *(stages(tree["inputStage"]) if "inputStage" in tree else [])]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"a": 5}, ["COUNT", "COUNT_SCAN"]),
        ({"a": {"$gt": 5}}, ["COUNT", "COUNT_SCAN"]),
        ({"t": 5}, ["COUNT", "COUNT_SCAN"]),
        ({"_id": {"$gt": 7}}, ["COUNT", "COUNT_SCAN"]),
        ({"a": 5, "z": 1}, ["COUNT", "FETCH", "IXSCAN"]),
        ({"z": 5}, ["COUNT", "COLLSCAN"]),
        ({}, ["RECORD_STORE_FAST_COUNT"]),
    ],
)
def test_counts(indexed: Server, query: dict[str, Any], expected: list[str]) -> None:
    assert stages(plan(indexed, {"count": "c", "query": query})) == expected


@pytest.mark.parametrize(
    "query", [{"a": 5}, {"a": {"$gte": 5}}, {"t": {"$lt": 3}}, {"t": {"$in": [1, -1]}}, {"_id": 7}]
)
@pytest.mark.parametrize("window", [{}, {"limit": 3}, {"skip": 2}, {"skip": 1, "limit": 5}, {"limit": -2}])
def test_a_count_of_keys_is_a_count_of_documents(
    indexed: Server, query: dict[str, Any], window: dict[str, int]
) -> None:
    by_keys = indexed.ok({"count": "c", "query": query, **window})["n"]
    by_scan = indexed.ok({"count": "c", "query": query, "hint": {"$natural": 1}, **window})["n"]
    assert by_keys == by_scan


def test_a_count_of_keys_examines_no_document(indexed: Server) -> None:
    command = {"count": "c", "query": {"a": {"$gt": 40}}}
    found = indexed.ok({"explain": command, "verbosity": "executionStats"})["executionStats"]
    assert (found["totalKeysExamined"], found["totalDocsExamined"]) == (9, 0)


def test_an_or_is_planned_by_itself(indexed: Server) -> None:
    assert stages(plan(indexed, {"find": "c", "filter": {"$or": [{"a": 1}, {"t": 2}]}})) == ["SUBPLAN", "FETCH", "OR"]
    assert stages(plan(indexed, {"find": "c", "filter": {"$or": [{"a": 1}, {"z": 2}]}})) == ["SUBPLAN", "COLLSCAN"]


@pytest.mark.parametrize(
    ("command", "stage"),
    [
        ({"update": "c", "updates": [{"q": {"a": 1}, "u": {"$set": {"z": 1}}, "multi": True}]}, "UPDATE"),
        ({"delete": "c", "deletes": [{"q": {"a": 1}, "limit": 0}]}, "DELETE"),
        ({"findAndModify": "c", "query": {"a": 1}, "remove": True}, "DELETE"),
        ({"findAndModify": "c", "query": {"a": 1}, "update": {"$set": {"z": 1}}}, "UPDATE"),
    ],
)
def test_writes_are_explained_and_not_done(indexed: Server, command: dict[str, Any], stage: str) -> None:
    before = indexed.found("c")
    explained = indexed.ok({"explain": command, "verbosity": "executionStats"})
    assert stages(explained["queryPlanner"]["winningPlan"]) == [stage, "FETCH", "IXSCAN"]
    assert explained["executionStats"]["executionSuccess"] is True
    assert indexed.found("c") == before


def test_let_counts_in_explained_writes(indexed: Server) -> None:
    update = {"q": {"$expr": {"$eq": ["$a", "$$x"]}}, "u": {"$set": {"z": 1}}}
    indexed.ok({"explain": {"update": "c", "updates": [update], "let": {"x": 1}}})


def test_what_was_asked_is_shown(indexed: Server) -> None:
    explained = indexed.ok({"explain": {"find": "c", "filter": {"a": 1}}})
    assert explained["command"] == {"find": "c", "filter": {"a": 1}, "$db": "db"}
    assert explained["serverInfo"]["version"]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"explain": {"ping": 1}}, ErrorCode.IllegalOperation),
        ({"explain": {"nope": 1}}, ErrorCode.CommandNotFound),
        ({"explain": {"find": "c"}, "verbosity": "loud"}, ErrorCode.BadValue),
        ({"explain": {"find": "c", "nope": 1}}, 40415),
        ({"explain": {"update": "c", "updates": []}}, ErrorCode.InvalidLength),
        ({"explain": {"findAndModify": "c"}}, ErrorCode.FailedToParse),
    ],
)
def test_errors(indexed: Server, command: dict[str, Any], code: int) -> None:
    assert indexed.code(command) == code
