"""kill -9 while a process writes: what was acknowledged is there, and the indexes agree with the documents."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from satchel import MongoClient

_WRITER = Path(__file__).with_name("writer.py")
_ROUNDS = 6


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_killed_writer_loses_nothing_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    chance = random.Random(20_240_229)
    acknowledged = Acknowledged()
    for _ in range(_ROUNDS):
        _write_and_kill(path, acknowledged, lines=chance.randrange(1, 400), delay=chance.random() / 50)
        _check(path, acknowledged)


class Acknowledged:
    """What the writers were told is written."""

    def __init__(self) -> None:
        self.documents: set[object] = set()
        self.deleted: set[object] = set()
        self.pushed: dict[int, set[int]] = {}
        self.next = 1

    def line(self, line: str) -> None:
        """Take note of one line of a writer."""
        word, *numbers = line.split()
        values = [int(number) for number in numbers]
        if word == "insert":
            self.documents.add(values[0])
            self.next = values[0] + 1
        elif word == "update":
            self.pushed.setdefault(values[0], set()).add(values[1])
        elif word == "delete":
            self.deleted.add(values[0])
        elif word == "batch":
            self.documents.update(f"{values[0]}-{i}" for i in range(50))


def _write_and_kill(path: Path, acknowledged: Acknowledged, lines: int, delay: float) -> None:
    # The step that was under way may or may not be in the file, so numbers are not used twice.
    arguments = [sys.executable, str(_WRITER), str(path), str(acknowledged.next + 10)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
        watchdog = threading.Timer(60, writer.kill)
        watchdog.start()
        for count, line in enumerate(writer.stdout):
            if line.endswith("\n"):
                acknowledged.line(line)
            if count == lines:
                threading.Timer(delay, writer.send_signal, [signal.SIGKILL]).start()
        watchdog.cancel()
    assert writer.returncode == -signal.SIGKILL


def _check(path: Path, acknowledged: Acknowledged) -> None:
    with MongoClient(str(path)) as client:
        things = client.crash.things
        found = {document["_id"]: document for document in things.find()}
        # A delete that was under way when the process died may have happened.
        missing = acknowledged.documents - acknowledged.deleted - found.keys()
        assert len(missing) <= 1, missing
        assert all((isinstance(gone, int) and (gone + 3) % 5 == 0) for gone in missing)
        acknowledged.deleted |= missing
        assert not acknowledged.deleted & found.keys()
        for identifier, pushed in acknowledged.pushed.items():
            if identifier in found:
                assert pushed <= set(found[identifier]["tags"]), identifier
                assert found[identifier]["v"] >= len(pushed)
        reply = client.crash.command("validate", "things", full=True)
        assert reply["valid"], reply
        assert things.count_documents({"tags": {"$gte": 0}}) == sum(
            bool(document["tags"]) for document in found.values()
        )
