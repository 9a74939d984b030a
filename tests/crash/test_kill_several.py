"""kill -9 while several processes write documents, files and the catalog: all that was acknowledged is there."""

from __future__ import annotations

import multiprocessing
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from satchel import MongoClient
from satchel.cli.main import main

from .steps import Left, Writer, applied, read_log, write_until_killed

_WRITERS = 3
_ROUNDS = 4
_STEPS_A_ROUND = 12


def _write(path: Path, me: int, log: Path, first: int, left: Left) -> None:
    write_until_killed(MongoClient(path), me, log, first, left)


@pytest.mark.skipif(sys.platform == "win32", reason="no fork and no SIGKILL on Windows")
def test_killed_writers_lose_nothing_acknowledged(tmp_path: Path) -> None:
    path, chance = tmp_path / "app.db", random.Random(20_260_229)
    with MongoClient(path) as client:
        client.crash.things.create_index("tags")
        client.crash.things.create_index("u", unique=True)
    left = [Left() for _ in range(_WRITERS)]
    for number in range(_ROUNDS):
        logs = [tmp_path / f"round{number}-writer{me}" for me in range(_WRITERS)]
        _write_and_kill(path, logs, left, first=1 + number * 100_000, delay=chance.random() / 20)
        left = [_found(path, me, log, left[me]) for me, log in enumerate(logs)]
        # An upload that was cut short leaves chunks, which belong to no file; nothing else may be wrong.
        assert main(["check", "--repair", str(path)]) == 0
        assert main(["check", str(path)]) == 0


def _write_and_kill(path: Path, logs: list[Path], left: list[Left], first: int, delay: float) -> None:
    context = multiprocessing.get_context("fork")
    writers = []
    for me, log in enumerate(logs):
        log.touch()
        arguments = (path, me, log, first, left[me])
        writers.append(context.Process(target=_write, args=arguments, daemon=True))
    for writer in writers:
        writer.start()
    deadline = time.monotonic() + 60
    while any(log.read_bytes().count(b"done") < _STEPS_A_ROUND for log in logs) and time.monotonic() < deadline:
        assert all(writer.is_alive() for writer in writers)
        time.sleep(0.01)
    time.sleep(delay)
    for writer in writers:
        writer.kill()
    for writer in writers:
        writer.join()
        assert writer.exitcode == -signal.SIGKILL
        writer.close()


def _found(path: Path, me: int, log: Path, left: Left) -> Left:
    """Return what a writer has left, which must be what its log says."""
    done, begun = read_log(log)
    assert len(done) >= _STEPS_A_ROUND
    for step in done:
        left = applied(left, step)
    allowed = [left] if begun is None else [left, applied(left, begun)]
    with MongoClient(path) as client:
        found = Writer(client, me).found()
    assert found in allowed, begun
    return found
