"""Short cuts see what another process has changed: indexes, validators, collections dropped, renamed and made anew."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from satchel import MongoClient
from tests.driver.other_process import perform

STEPS = 60
CONTENTS = {"collection": "c", "method": "find", "arguments": [{}]}
GENERATED_IDS = re.compile("[0-9a-f]{24}")
ENGLISH = {"locale": "en", "strength": 2}


def on(method: str, *arguments: Any, **options: Any) -> dict[str, Any]:
    return {"collection": "c", "method": method, "arguments": arguments, "options": options}


def on_database(method: str, *arguments: Any, **options: Any) -> dict[str, Any]:
    return {"method": method, "arguments": arguments, "options": options}


CHANGES = [
    on("drop"),
    on("drop_indexes"),
    on("create_index", [["a", 1]]),
    on("create_index", [["a", -1]]),
    on("create_index", [["a", 1]], unique=True),
    on("create_index", [["b", 1]], sparse=True),
    on("create_index", [["a", 1], ["b", 1]]),
    on_database("command", "collMod", "c", validator={"a": {"$in": [1, 2, None]}}),
    on_database("command", "collMod", "c", validator={}),
    on_database("create_collection", "c", capped=True, size=4096, max=3),
    on_database("create_collection", "c", collation=ENGLISH),
    on_database("create_collection", "c", validator={"a": 1}),
    on_database("create_collection", "c", viewOn="v", pipeline=[{"$match": {"a": {"$ne": 2}}}]),
    on("rename", "v", dropTarget=True),
    {**on("rename", "c", dropTarget=True), "collection": "v"},
    on("insert_many", [{"_id": i, "a": i % 3, "b": i} for i in range(5)], ordered=False),
    on("update_many", {}, {"$set": {"a": "A"}}),
    on("delete_many", {"a": 1}),
]


def calls(random: Random) -> dict[str, Any]:
    """Return a call that may take a short cut."""
    few, some = random.randrange(3), random.choice([0, 1, 2, "a", "A"])
    return random.choice(
        [
            on("find_one", {"_id": few}),
            on("find_one", {"a": some}),
            on("find", {"a": some}),
            on("find", {"a": {"$gt": 0}, "b": {"$lt": 9}}, sort=[["b", -1]], limit=2),
            on("count_documents", {"a": some}),
            on("estimated_document_count"),
            on("distinct", "a"),
            on("aggregate", [{"$group": {"_id": "$a", "n": {"$sum": 1}}}, {"$sort": {"_id": 1}}]),
            on("insert_one", {"_id": random.randrange(9), "a": some}),
            on("insert_many", [{"_id": random.randrange(9), "a": some}, {"a": few}]),
            on("update_one", {"_id": few}, {"$set": {"a": some}}),
            on("update_one", {"a": some}, {"$inc": {"b": 1}}),
            on("replace_one", {"_id": few}, {"a": some}),
            on("find_one_and_update", {"a": some}, {"$set": {"z": few}}),
            on("delete_one", {"a": some}),
        ]
    )


class OtherProcess:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def perform(self, which: str, call: dict[str, Any]) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([which, call]) + "\n")
        self._process.stdin.flush()
        return GENERATED_IDS.sub("", json.loads(self._process.stdout.readline()))


@pytest.fixture
def other(tmp_path: Path) -> Iterator[OtherProcess]:
    command = [sys.executable, "-m", "tests.driver.other_process", str(tmp_path / "a.db")]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield OtherProcess(process)
        assert process.stdin
        process.stdin.close()


@pytest.mark.parametrize("seed", range(3))
def test_what_another_process_has_changed(seed: int, other: OtherProcess, tmp_path: Path) -> None:
    random = Random(seed)
    with MongoClient[Any](tmp_path / "a.db") as client:
        for _ in range(STEPS):
            for change in random.sample(CHANGES, 2):
                assert other.perform("file", change) == other.perform("twin", change), change
            for call in [calls(random) for _ in range(3)]:
                found = GENERATED_IDS.sub("", perform(client, call).text)
                assert found == other.perform("twin", call), call
                assert other.perform("file", CONTENTS) == other.perform("twin", CONTENTS), call
