"""What Satchel does where it differs and no recorded case shows it; the numbers are those of `docs/differences.md`."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

import pytest
from bson import Decimal128, decode, encode
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from satchel import MongoClient

DOCUMENTED = (Path(__file__).parents[2] / "docs" / "differences.md").read_text()


@pytest.fixture
def things() -> Iterator[Collection]:
    with MongoClient(":memory:") as client:
        yield client.shop.things


def run(things: Collection, *pipeline: dict) -> list[dict]:
    return [decode(encode(document)) for document in things.aggregate(list(pipeline))]


def section(number: int) -> str:
    return re.search(rf"^## {number}\..*?(?=^## |\Z)", DOCUMENTED, re.MULTILINE | re.DOTALL).group()


def test_10_time_zones_are_the_machines(things: Collection) -> None:
    moment = datetime.datetime(1960, 7, 1, 12, tzinfo=datetime.UTC)
    things.insert_one({"moment": moment})
    for name in ("Europe/Berlin", "America/New_York", "Asia/Kolkata"):
        expected = moment.astimezone(zoneinfo.ZoneInfo(name)).strftime("%H:%M")
        text = {"$dateToString": {"date": "$moment", "format": "%H:%M", "timezone": name}}
        assert run(things, {"$project": {"_id": 0, "text": text}}) == [{"text": expected}]


def test_16_a_database_is_there_when_it_has_a_collection(things: Collection) -> None:
    client = things.database.client
    assert client.list_database_names() == []
    things.insert_one({})
    assert client.list_database_names() == ["shop"]
    assert "`listDatabases` shows the databases that have a collection" in section(16)


def test_11_percentiles_are_exact(things: Collection) -> None:
    things.insert_many([{"n": n} for n in range(1, 20_002)])
    percentile = {"$percentile": {"input": "$n", "p": [0.5, 0.999], "method": "approximate"}}
    assert run(things, {"$group": {"_id": None, "p": percentile}})[0]["p"] == [10001.0, 19981.0]


def test_11_greatest_of_negative_numbers(things: Collection) -> None:
    things.insert_many([{"n": -1}, {"n": -2}])
    percentile = {"$percentile": {"input": "$n", "p": [1], "method": "approximate"}}
    assert run(things, {"$group": {"_id": None, "p": percentile}})[0]["p"] == [-1.0]


def test_12_windows_recover_from_overflow(things: Collection) -> None:
    huge = Decimal128("9.9E+6144")
    things.insert_many([{"_id": i, "n": n} for i, n in enumerate([huge, huge, 1, 2])])
    window = {"$sum": "$n", "window": {"documents": [-1, 0]}}
    found = run(things, {"$setWindowFields": {"sortBy": {"_id": 1}, "output": {"total": window}}})
    assert [str(document["total"]) for document in found][1:] == ["Infinity", "Infinity", "3"]


def test_13_densify_adds_no_document_that_is_there(things: Collection) -> None:
    things.insert_many([{"_id": 1, "p": "a", "n": 1}, {"_id": 2, "p": "a", "n": 3}, {"_id": 3, "p": "b", "n": 2}])
    densify = {"field": "n", "partitionByFields": ["p"], "range": {"step": 1, "bounds": "full"}}
    found = run(things, {"$densify": densify}, {"$sort": {"p": 1, "n": 1}}, {"$project": {"_id": 0}})
    assert [(document["p"], document["n"]) for document in found] == [(p, n) for p in "ab" for n in (1, 2, 3)]


@pytest.mark.parametrize("stage", re.findall(r"`(\$\w+)`", section(14)))
def test_14_stages_that_need_another_server(things: Collection, stage: str) -> None:
    with pytest.raises(OperationFailure) as refused:
        run(things, {stage: {}})
    assert refused.value.code == 238


def test_21_a_constant_match_stays_behind_what_fails(things: Collection) -> None:
    things.insert_many([{"a": 0}, {"a": 1}])
    fails = {"$set": {"b": {"$divide": [1, "$a"]}}}
    assert len(run(things, fails, {"$match": {"a": {"$gt": 0}}})) == 1
    with pytest.raises(OperationFailure):
        run(things, fails, {"$match": {"$expr": {"$gt": [1, 2]}}})


def test_22_a_field_computed_to_nothing_keeps_no_place(things: Collection) -> None:
    things.insert_one({"_id": 1})
    found = run(things, {"$set": {"a": "$missing"}}, {"$set": {"b": 1}}, {"$set": {"a": 2}})
    assert list(found[0]) == ["_id", "b", "a"]


def test_23_sorting_by_a_position(things: Collection) -> None:
    things.insert_many([{"_id": 1, "a": [3, 0]}, {"_id": 2, "a": [1, 9]}, {"_id": 3, "a": [2]}])
    found = run(things, {"$set": {"b": 1}}, {"$sort": {"a.0": 1}}, {"$project": {"_id": 1}})
    assert [document["_id"] for document in found] == [2, 3, 1]


def test_24_transactions_conflict_over_the_file(things: Collection) -> None:
    things.insert_many([{"_id": 1}, {"_id": 2}])
    client = things.database.client
    with client.start_session() as first, client.start_session() as second:
        first.start_transaction()
        second.start_transaction()
        assert things.count_documents({}, session=first) == things.count_documents({}, session=second) == 2
        things.update_one({"_id": 1}, {"$set": {"a": 1}}, session=first)
        with pytest.raises(OperationFailure) as caught:
            things.update_one({"_id": 2}, {"$set": {"a": 1}}, session=second)
        assert caught.value.code == 112
        first.commit_transaction()
    assert things.count_documents({"a": 1}) == 1
