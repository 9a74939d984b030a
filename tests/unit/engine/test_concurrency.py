"""Several threads, several processes, one file."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from satchel import MongoClient

THREADS = 8
ROUNDS = 50


def test_threads_lose_no_increment(tmp_path: Path) -> None:
    with MongoClient(tmp_path / "app.db") as client:
        counters = client.a.counters
        counters.insert_one({"_id": 1, "n": 0})
        counters.create_index("n")
        failures: list[BaseException] = []

        def work() -> None:
            try:
                for _ in range(ROUNDS):
                    counters.update_one({"_id": 1}, {"$inc": {"n": 1}})
                    assert counters.find_one({"_id": 1}) is not None
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert counters.find_one() == {"_id": 1, "n": THREADS * ROUNDS}
        assert client.a.command("validate", "counters")["valid"]


def test_threads_share_a_database_in_memory() -> None:
    with MongoClient(":memory:") as client:
        numbers = client.a.numbers

        def work(start: int) -> None:
            for number in range(start, start + ROUNDS):
                numbers.insert_one({"_id": number})

        threads = [threading.Thread(target=work, args=(number * ROUNDS,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(numbers.distinct("_id")) == list(range(THREADS * ROUNDS))


_PROCESS = """
import sys
from satchel import MongoClient
client = MongoClient(sys.argv[1])
for number in range(int(sys.argv[2])):
    client.a.counters.update_one({"_id": 1}, {"$inc": {"n": 1}}, upsert=True)
    client.a["made_by_" + sys.argv[3]].insert_one({"_id": number})
    client.a.shared.insert_one({"by": sys.argv[3], "tags": [number, "x"]})
"""


def test_processes_lose_nothing_and_see_each_others_collections(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with MongoClient(path) as client:
        client.a.shared.create_index("tags")
        processes = [
            subprocess.Popen([sys.executable, "-c", _PROCESS, str(path), str(ROUNDS), name]) for name in ("one", "two")
        ]
        assert [process.wait() for process in processes] == [0, 0]
        assert client.a.counters.find_one() == {"_id": 1, "n": 2 * ROUNDS}
        assert set(client.a.list_collection_names()) == {"counters", "made_by_one", "made_by_two", "shared"}
        assert client.a.shared.count_documents({"tags": "x"}) == 2 * ROUNDS
        for name in client.a.list_collection_names():
            assert client.a.command("validate", name)["valid"], name


def test_a_cursor_goes_on_while_others_write(tmp_path: Path) -> None:
    with MongoClient(tmp_path / "app.db") as client:
        numbers = client.a.numbers
        numbers.insert_many({"_id": number, "a": number % 7} for number in range(1000))
        numbers.create_index("a")
        for query in ({}, {"a": {"$gte": 0}}):
            seen = []
            for document in numbers.find(query, batch_size=10):
                seen.append(document["_id"])
                if len(seen) % 50 == 0:
                    numbers.delete_one({"_id": document["_id"]})
                    numbers.insert_one({"_id": document["_id"], "a": document["a"]})
            assert set(seen) >= set(range(1000)) - set(seen[::50]), query


def test_an_open_cursor_holds_no_snapshot(tmp_path: Path) -> None:
    with MongoClient(tmp_path / "app.db") as client:
        client.a.numbers.insert_many({"_id": number} for number in range(300))
        cursor = client.a.numbers.find(batch_size=2)
        next(cursor)
        storage = client._lease.service.engine.storage  # type: ignore[union-attr]
        busy, *_ = storage._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0]
        assert busy == 0
        assert len(list(cursor)) == 299
