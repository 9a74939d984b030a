"""Many clients that read and write at once, and check what they get.

python -m tests.server.load --seconds 60 --clients 64 [--other-writer]     starts a server and puts it under load
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from tests.server.process import ServerProcess

_OTHER_WRITER = """
import sys
from satchel import MongoClient
with MongoClient(sys.argv[1]) as client:
    others = client.load.others
    others.insert_one({"n": 0})
    print("ready", flush=True)
    n = 1
    while not client.load.stop.find_one():
        others.insert_one({"n": n})
        n += 1
    print(n, flush=True)
"""


@dataclass(slots=True)
class Result:
    """What came of a load.

    Attributes:
        operations: How many were done, by all clients.
        errors: What went wrong, or was answered wrongly.
        written_by_other: How many documents the other process has written.
    """

    operations: int = 0
    errors: list[str] = field(default_factory=list)
    written_by_other: int = 0


def run_load(
    uri: str, clients: int, operations: int = 0, seconds: float = 0, other_writer: Path | None = None
) -> Result:
    """Put a server under load from `clients` threads, each with a connection of its own.

    Args:
        uri: The server.
        clients: How many.
        operations: How many each does; 0 means: until the time is over.
        seconds: For how long.
        other_writer: The file, for a further process to write to meanwhile.
    """
    result = Result()
    with MongoClient[dict[str, Any]](uri, maxPoolSize=clients, retryWrites=False) as client:
        client.load.shared.insert_one({"_id": "counter", "n": 0})
        writer = _start_other(other_writer) if other_writer is not None else None
        _run_threads(client, result, clients, _until(operations, seconds))
        counted = client.load.shared.find_one({"_id": "counter"})
        increments = client.load.things.count_documents({"kind": "increment"})
        if counted is None or counted["n"] != increments:
            result.errors.append(f"the counter is {counted}, and {increments} increments were acknowledged")
        if writer is not None:
            client.load.stop.insert_one({})
            result.written_by_other = int(writer.communicate(timeout=120)[0].split()[-1])
            if client.load.others.count_documents({}) != result.written_by_other:
                result.errors.append("not all that the other process wrote is there")
    return result


def _start_other(path: Path) -> subprocess.Popen[str]:
    writer = subprocess.Popen(
        [sys.executable, "-c", _OTHER_WRITER, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    return writer


def _until(operations: int, seconds: float) -> Callable[[int], bool]:
    end = time.monotonic() + seconds
    return lambda done: done < operations if operations else time.monotonic() < end


def _run_threads(
    client: MongoClient[dict[str, Any]], result: Result, clients: int, goes_on: Callable[[int], bool]
) -> None:
    lock = threading.Lock()

    def work(number: int) -> None:
        chance = random.Random(number)
        worker = _Worker(client, number, chance)
        done = 0
        error = None
        try:
            while goes_on(done):
                worker.step()
                done += 1
        except Exception as failure:
            error = f"client {number}: {type(failure).__name__}: {failure}"
        with lock:
            result.operations += done
            if error:
                result.errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class _Worker:
    """One client: it owns the documents with its number, so that it knows what it must read."""

    def __init__(self, client: MongoClient[dict[str, Any]], number: int, chance: random.Random) -> None:
        self._things = client.load.things
        self._shared = client.load.shared
        self._number = number
        self._chance = chance
        self._known: dict[str, int] = {}

    def step(self) -> None:
        """Do one thing, and check it."""
        self._chance.choice(
            (self._insert, self._read, self._read, self._update, self._delete, self._count, self._increment)
        )()

    def _insert(self) -> None:
        key = f"{self._number}-{self._chance.getrandbits(48)}"
        self._things.insert_one({"_id": key, "owner": self._number, "n": 0, "text": "x" * self._chance.randrange(2000)})
        self._known[key] = 0

    def _some(self) -> str | None:
        return self._chance.choice(list(self._known)) if self._known else None

    def _read(self) -> None:
        key = self._some()
        found = self._things.find_one({"_id": key}) if key else None
        assert key is None or (found is not None and found["n"] == self._known[key]), f"{key}: {found}"

    def _update(self) -> None:
        if key := self._some():
            assert self._things.update_one({"_id": key}, {"$inc": {"n": 1}}).modified_count == 1
            self._known[key] += 1

    def _delete(self) -> None:
        if key := self._some():
            assert self._things.delete_one({"_id": key}).deleted_count == 1
            del self._known[key]

    def _count(self) -> None:
        found = list(self._things.find({"owner": self._number}, {"n": 1}).batch_size(5))
        assert {document["_id"]: document["n"] for document in found} == self._known

    def _increment(self) -> None:
        self._shared.update_one({"_id": "counter"}, {"$inc": {"n": 1}})
        self._things.insert_one({"kind": "increment"})


def main() -> int:
    """Start a server on a new file and put it under load; 1 when anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.server.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--other-writer", action="store_true", help="let another process write to the file, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="satchel-load-") as folder:
        path = Path(folder) / "load.db"
        with ServerProcess(path, "--log-level=warning") as server:
            other = path if options.other_writer else None
            result = run_load(server.uri, options.clients, seconds=options.seconds, other_writer=other)
    print(f"{result.operations} operations of {options.clients} clients, {result.written_by_other} by another process")
    print("\n".join(result.errors) or "no errors")
    return 1 if result.errors else 0


if __name__ == "__main__":
    sys.exit(main())
