"""Writes to many documents: only the first megabytes of them are kept in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.collection import Collection

from satchel import MongoClient
from satchel.engine.execution.match import Match
from satchel.engine.writes import found
from satchel.engine.writes.found import Found


@pytest.fixture(params=[[], ["n"]], ids=["no index", "an index"])
def things(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collection[Any]]:
    monkeypatch.setattr(found, "_MOST_KEPT_BYTES", 500)
    with MongoClient[dict[str, Any]](":memory:") as client:
        collection = client.shop.things
        for name in request.param:
            collection.create_index(name)
        collection.insert_many([{"_id": number, "n": number, "pad": "x" * 100} for number in range(50)])
        yield collection
        assert client.shop.command("validate", "things")["valid"]


def test_an_update_reaches_them_all(things: Collection[Any]) -> None:
    result = things.update_many({"n": {"$gte": 10}}, {"$inc": {"n": 100}})
    assert (result.matched_count, result.modified_count) == (40, 40)
    assert sorted(each["n"] for each in things.find()) == [*range(10), *range(110, 150)]


def test_an_update_that_moves_documents_ahead_of_the_scan(things: Collection[Any]) -> None:
    assert things.update_many({"n": {"$gte": 0}}, {"$inc": {"n": 1}}).modified_count == 50
    assert sorted(each["n"] for each in things.find()) == list(range(1, 51))


def test_a_delete_reaches_them_all(things: Collection[Any]) -> None:
    assert things.delete_many({"n": {"$gte": 10}}).deleted_count == 40
    assert [each["n"] for each in things.find()] == list(range(10))
    assert things.delete_many({}).deleted_count == 10


def test_a_delete_that_a_change_stream_hears_of(things: Collection[Any]) -> None:
    with things.watch() as stream:
        things.delete_many({"n": {"$gte": 10}})
        assert [next(stream)["documentKey"]["_id"] for _ in range(40)] == list(range(10, 50))


class Records:
    """Counts the records that are read again."""

    def __init__(self) -> None:
        self.read: list[int] = []

    def get(self, _table: str, rid: int) -> bytes:
        self.read.append(rid)
        return b"%d" % rid


def test_what_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found, "_MOST_KEPT_BYTES", 25)
    records = Records()
    matches = Found((Match(rid, b"x" * 10, None) for rid in range(10)), records, _Entry())  # type: ignore[arg-type]
    assert len(matches) == 10
    assert matches.rids == list(range(10))
    assert records.read == []
    assert [match.rid for match in matches] == list(range(10))
    assert records.read == list(range(3, 10))
    assert matches[-1].bson == b"9"
    assert [match.bson for match in matches[2:4]] == [b"x" * 10, b"3"]


class _Entry:
    table = "shop.things"
