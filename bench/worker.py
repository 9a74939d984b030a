"""Run the workloads on one peer, in a process of its own, and print one JSON line for each figure."""

from __future__ import annotations

import argparse
import json
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Any

from bench.data import documents
from bench.peers import PEERS
from bench.workloads import WORKLOADS, Workload


class _TimeOutError(Exception):
    """A workload took longer than it may."""


def _time_out(_signal: int, _frame: FrameType | None) -> None:
    raise _TimeOutError


def main() -> None:
    """Run the peer that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--documents", type=int, required=True)
    parser.add_argument("--limit", type=int, required=True, help="seconds that one workload may take")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, _time_out)
    content = list(documents(options.documents))
    memory_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peer = PEERS[options.peer](folder)
        for workload in WORKLOADS:
            _run(peer, workload, content, options)
        peer.close()
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        _print(options.peer, "disk", "MB", size / 1e6)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory_before
    _print(options.peer, "memory", "MB", memory / 1e3)


def _run(peer: Any, workload: Workload, content: list[dict[str, Any]], options: argparse.Namespace) -> None:
    signal.alarm(options.limit)
    start = time.perf_counter()
    try:
        answer = getattr(peer, workload.name)(content)
        seconds = time.perf_counter() - start
    except _TimeOutError:
        _print(options.peer, workload.name, "s/op", None, f"over {options.limit} s")
        return
    except Exception as error:
        _print(options.peer, workload.name, "s/op", None, f"{type(error).__name__}: {error}"[:200])
        return
    finally:
        signal.alarm(0)
    if not workload.check(answer, len(content)):
        _print(options.peer, workload.name, "s/op", None, f"wrong answer: {answer}")
        return
    _print(options.peer, workload.name, "s/op", seconds / workload.operations(len(content)))


def _print(peer: str, name: str, unit: str, value: float | None, note: str = "") -> None:
    line = {"peer": peer, "name": name, "unit": unit, "value": value}
    print(json.dumps({**line, "note": note} if note else line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
