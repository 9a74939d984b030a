"""kill -9 while a process stores files: each path has a file whole or none, and repairing leaves nothing over."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from satchel import MongoClient
from satchel.deployment import is_in_use
from satchel.files import FileStorage
from satchel.files.audit import BucketAudit, Leaving, bucket_names
from satchel.gridfs import GridFSBucket
from tests.crash.files_writer import content_of

_WRITER = Path(__file__).with_name("files_writer.py")
_ROUNDS = 4


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_killed_writer_of_files(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    chance = random.Random(20_240_301)
    told = Told()
    for _ in range(_ROUNDS):
        _write_and_kill(path, told, lines=chance.randrange(2, 40), delay=chance.random() / 40)
        _repair(path)
        _check(path, told)


class Told:
    """What the writers said: the step whose bytes each path had last, or None; and what is uncertain."""

    def __init__(self) -> None:
        self.step: dict[str, int | None] = {}
        self.plain: set[int] = set()
        self.next = 1

    def line(self, line: str) -> None:
        """Take note of one line of a writer."""
        word, *rest = line.split()
        if word == "upload":
            self.step[rest[0]] = int(rest[1])
            self.next = int(rest[1]) + 1
        elif word == "move":
            self.step[rest[0]] = None
            self.step[rest[1]] = int(rest[2])
        elif word == "delete":
            self.step[rest[0]] = None
        elif word == "plain":
            self.plain.add(int(rest[0]))


def _write_and_kill(path: Path, told: Told, lines: int, delay: float) -> None:
    arguments = [sys.executable, "-m", "tests.crash.files_writer", str(path), str(told.next + 2)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=root) as writer:
        watchdog = threading.Timer(60, writer.kill)
        watchdog.start()
        assert writer.stdout is not None
        for count, line in enumerate(writer.stdout):
            if line.endswith("\n"):
                told.line(line)
            if count == lines:
                threading.Timer(delay, writer.send_signal, [signal.SIGKILL]).start()
        watchdog.cancel()
    assert writer.returncode == -signal.SIGKILL


def _audits(client: MongoClient[dict[str, Any]]) -> list[BucketAudit]:
    return [BucketAudit(client.crash, name) for name in bucket_names(client.crash)]


def _repair(path: Path) -> None:
    with MongoClient(path) as client:
        assert is_in_use(str(path))
        found = [list(audit.leavings()) for audit in _audits(client)]
    alone = not is_in_use(str(path))
    assert alone
    now = datetime.now(UTC)
    with MongoClient(path) as client:
        for audit, leavings in zip(_audits(client), found, strict=True):
            for leaving in leavings:
                assert not leaving.is_dead(now, alone=False, hours=1)
                assert leaving.is_dead(now, alone=alone, hours=1)
                audit.remove(leaving)
            audit.make_folders(audit.lost_folders())


def _check(path: Path, told: Told) -> None:
    with MongoClient(path) as client:
        storage = FileStorage(client.crash)
        steps: dict[str, int | None] = {}
        for info in storage.find():
            steps[info.path] = info.metadata["step"]
            assert storage.read(info.path) == content_of(info.metadata["step"]), info
        # Of the step that was under way when the process died, some may have happened: it changes two paths at most.
        differing = [name for name in told.step.keys() | steps.keys() if told.step.get(name) != steps.get(name)]
        assert len(differing) <= 2, differing
        told.step.update({name: steps.get(name) for name in differing})
        bucket = GridFSBucket(client.crash, "plain")
        assert told.plain <= {out._id for out in bucket.find()}
        for out in bucket.find():
            assert out.read() == content_of(out._id)
        for audit in _audits(client):
            problems: list[str | Leaving] = [*audit.problems(), *audit.leavings(), *audit.lost_folders()]
            assert problems == []
        for name in client.crash.list_collection_names():
            assert client.crash.command("validate", name, full=True)["valid"]
