"""Read and write concerns, the Stable API, and other fields that every command takes."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Decimal128, Int64, Timestamp

from satchel.commands.concerns import write_concern

from .conftest import Server


@pytest.mark.parametrize(
    ("concern", "is_durable"),
    [
        (None, False),
        ({}, False),
        ({"w": 1}, False),
        ({"w": 0}, False),
        ({"w": 1.5}, False),
        ({"w": 1, "wtimeout": "soon"}, False),
        ({"w": "majority"}, True),
        ({"j": True}, True),
        ({"j": 1}, True),
        ({"j": False}, False),
        ({"fsync": True}, True),
        ({"w": 1, "provenance": "clientSupplied"}, False),
    ],
)
def test_what_has_to_reach_the_disk(concern: dict[str, Any] | None, is_durable: bool) -> None:
    found = write_concern(concern)
    assert found.is_durable == is_durable
    assert found.error is None


@pytest.mark.parametrize(
    ("concern", "code"),
    [
        ({"w": 51}, 9),
        ({"w": -1}, 9),
        ({"w": True}, 9),
        ({"w": {}}, 9),
        ({"j": True, "fsync": True}, 9),
        ({"j": "yes"}, 14),
        ({"wtimeout": 2**40}, 9),
        ({"nope": 1}, 40415),
        ("majority", 14),
        ([], 14),
    ],
)
def test_malformed_write_concerns_change_nothing(server: Server, concern: object, code: int) -> None:
    assert server.code({"insert": "c", "documents": [{}], "writeConcern": concern}) == code
    assert server.found("c") == []


@pytest.mark.parametrize(("w", "code"), [(2, 100), (50, 100), ("nope", 79), (None, 79), ({"dc": 2}, 79)], ids=str)
def test_what_one_member_cannot_satisfy_is_told_after_the_write(server: Server, w: object, code: int) -> None:
    reply = server.ok({"insert": "c", "documents": [{"_id": 1}], "writeConcern": {"w": w}})
    assert reply["n"] == 1
    assert reply["writeConcernError"]["code"] == code
    assert server.found("c") == [{"_id": 1}]


def test_a_cursor_reply_tells_it_too(server: Server) -> None:
    server.ok({"insert": "c", "documents": [{"_id": 1}]})
    out = {"aggregate": "c", "pipeline": [{"$out": "d"}], "cursor": {}, "writeConcern": {"w": 3}}
    reply = server.ok(out)
    assert reply["writeConcernError"]["codeName"] == "UnsatisfiableWriteConcern"
    assert server.found("d") == [{"_id": 1}]


@pytest.mark.parametrize("command", [{"find": "c"}, {"ping": 1}, {"listCollections": 1}, {"distinct": "c", "key": "a"}])
def test_commands_that_write_nothing_take_no_write_concern(server: Server, command: dict[str, Any]) -> None:
    assert server.code({**command, "writeConcern": {"w": 1}}) == 72


@pytest.mark.parametrize("level", ["local", "majority", "linearizable", "available", "snapshot"])
def test_every_read_concern_is_met(server: Server, level: str) -> None:
    server.ok({"find": "c", "readConcern": {"level": level, "afterClusterTime": Timestamp(1, 1)}})


@pytest.mark.parametrize(
    ("concern", "code"),
    [({"level": "nope"}, 2), ({"level": 1}, 14), ({"nope": 1}, 40415), ("local", 14), ({"afterClusterTime": 1}, 14)],
)
def test_malformed_read_concerns(server: Server, concern: object, code: int) -> None:
    assert server.code({"find": "c", "readConcern": concern}) == code


@pytest.mark.parametrize("concern", [None, {}, {"level": None}])
def test_empty_read_concerns(server: Server, concern: object) -> None:
    server.ok({"find": "c", "readConcern": concern})


@pytest.mark.parametrize("limit", [0, 60_000, Int64(60_000), 60_000.0, Decimal128("60000"), None, 2**31 - 1])
def test_time_limits(server: Server, limit: object) -> None:
    server.ok({"find": "c", "maxTimeMS": limit})


@pytest.mark.parametrize(("limit", "code"), [(-1, 2), (2**31, 2), (1.5, 9), (float("nan"), 9), ("1", 14), (True, 14)])
def test_malformed_time_limits(server: Server, limit: object, code: int) -> None:
    assert server.code({"find": "c", "maxTimeMS": limit}) == code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"apiVersion": "2"}, 322),
        ({"apiVersion": 1}, 14),
        ({"apiStrict": True}, 4886600),
        ({"apiDeprecationErrors": False}, 4886600),
        ({"apiVersion": "1", "apiStrict": "yes"}, 14),
    ],
)
def test_malformed_api_versions(server: Server, fields: dict[str, Any], code: int) -> None:
    assert server.code({"find": "c", **fields}) == code


def test_a_strict_api_has_its_commands_and_no_other(server: Server) -> None:
    strict = {"apiVersion": "1", "apiStrict": True}
    server.ok({"find": "c", **strict})
    assert server.code({"distinct": "c", "key": "a", **strict}) == 323
    server.ok({"distinct": "c", "key": "a", "apiVersion": "1"})


def test_a_failure_tells_of_the_write_concern_too(server: Server) -> None:
    server.ok({"create": "c"})
    reply = server.run({"create": "c", "capped": True, "size": 4096, "writeConcern": {"w": 3}})
    assert reply["code"] == 48
    assert reply["writeConcernError"]["code"] == 100


@pytest.mark.parametrize("stage", [{"$out": "d"}, {"$merge": "d"}])
def test_what_writes_cannot_read_linearizably(server: Server, stage: dict[str, Any]) -> None:
    command = {"aggregate": "c", "pipeline": [stage], "cursor": {}}
    assert server.code({**command, "readConcern": {"level": "linearizable"}}) == 72
    server.ok({**command, "readConcern": {"level": "majority"}})


@pytest.mark.parametrize("comment", ["text", 1, None, {"any": ["thing"]}])
def test_a_comment_is_anything(server: Server, comment: object) -> None:
    server.ok({"ping": 1, "comment": comment})
