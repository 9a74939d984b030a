"""Run the workloads of a suite on one peer, in a process of its own, and print one JSON line for each figure."""

from __future__ import annotations

import argparse
import json
import resource
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

from bench.data import Clock, Dataset
from bench.peers import PEERS
from bench.workloads import SUITES, Workload


class _TimeOutError(BaseException):
    """A workload took longer than it may."""


def _time_out(_signal: int, _frame: FrameType | None) -> None:
    raise _TimeOutError


def main() -> None:
    """Run the peer that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--suite", choices=SUITES, required=True)
    parser.add_argument("--documents", type=int, required=True)
    parser.add_argument("--limit", type=int, required=True, help="seconds that one workload may take")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, _time_out)
    data = Dataset(options.documents, PEERS[options.peer].lookups)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peer = PEERS[options.peer].make(folder)
        for workload in SUITES[options.suite]:
            if hasattr(peer, workload.name) and not _run(peer, workload, data, options.limit):
                break
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        peer.close()
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    _print("disk", size or None)
    _print("memory", memory)


def _run(peer: Any, workload: Workload, data: Dataset, limit: int) -> bool:
    """Run a workload; tell whether those after it can run."""
    data.clock = Clock()
    signal.alarm(limit)
    try:
        answer = getattr(peer, workload.name)(data)
        real, processor = data.clock.seconds()
    except _TimeOutError:
        _print(workload.name, None, f"over {limit} s")
        return workload.name != "insert_many"
    except Exception as error:
        _print(workload.name, None, f"{type(error).__name__}: {error}"[:150])
        return workload.name != "insert_many"
    finally:
        signal.alarm(0)
    if workload.check(answer, data):
        count = workload.operations(data)
        _print(workload.name, real / count, processor=processor / count)
    else:
        _print(workload.name, None, f"wrong answer: {answer}"[:150])
    return True


def _print(name: str, value: float | None, note: str = "", processor: float | None = None) -> None:
    line = {"name": name, "value": value, "processor": processor, "note": note}
    print(json.dumps({key: each for key, each in line.items() if each or key == "value"}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
