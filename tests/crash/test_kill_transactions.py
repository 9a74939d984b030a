"""kill -9 while two processes run transactions: a transfer is there whole or not at all, and an acknowledged one is."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from satchel import MongoClient

from .transfers import ACCOUNTS

_WRITER = Path(__file__).with_name("transfers.py")
_ROUNDS = 3


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_transfers_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with MongoClient(path) as client:
        for database in (client.east, client.west):
            database.accounts.insert_many([{"_id": each, "balance": 100, "count": 0} for each in range(ACCOUNTS)])
    chance = random.Random(17)
    acknowledged: set[str] = set()
    for round_ in range(_ROUNDS):
        seen = _run_and_kill(path, round_, lines=chance.randrange(5, 60), delay=chance.random() / 50)
        assert {name.partition("-")[0] for name in seen} == {"a", "b"}
        acknowledged |= seen
        _check(path, acknowledged)


def _run_and_kill(path: Path, seed: int, lines: int, delay: float) -> set[str]:
    """Run two writers; kill one after so many lines of its own, and the other somewhat later."""
    seen: dict[str, set[str]] = {"a": set(), "b": set()}
    processes = {
        name: subprocess.Popen(
            [sys.executable, str(_WRITER), str(path), name, str(seed)], stdout=subprocess.PIPE, text=True
        )
        for name in seen
    }
    threads = [
        threading.Thread(target=_read_and_kill, args=(processes[name], seen[name], lines + extra, delay))
        for extra, name in enumerate(seen)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen["a"] | seen["b"]


def _read_and_kill(process: subprocess.Popen[str], seen: set[str], lines: int, delay: float) -> None:
    with process:
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        assert process.stdout is not None
        for count, line in enumerate(process.stdout):
            if line.endswith("\n") and count:
                seen.add(line.strip())
            if count == lines:
                threading.Timer(delay, process.send_signal, [signal.SIGKILL]).start()
        watchdog.cancel()


def _check(path: Path, acknowledged: set[str]) -> None:
    with MongoClient(path) as client:
        transfers = list(client.journal.transfers.find())
        assert acknowledged <= {transfer["_id"] for transfer in transfers}
        given, taken = Counter[int](), Counter[int]()
        counts: dict[str, Counter[int]] = {"from": Counter(), "to": Counter()}
        for transfer in transfers:
            given[transfer["from"]] += transfer["amount"]
            taken[transfer["to"]] += transfer["amount"]
            for side, counter in counts.items():
                counter[transfer[side]] += 1
        for account in client.east.accounts.find():
            assert account["balance"] == 100 - given[account["_id"]]
            assert account["count"] == counts["from"][account["_id"]]
        for account in client.west.accounts.find():
            assert account["balance"] == 100 + taken[account["_id"]]
            assert account["count"] == counts["to"][account["_id"]]
        assert client.journal.command("validate", "transfers", full=True)["valid"]
