"""`make bench`: every peer in a fresh process, medians, one JSON line a figure, a table and a chart."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench import wire
from bench.chart import chart
from bench.peers import PEERS
from bench.workloads import WORKLOADS

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
CHART = ROOT / "docs" / "benchmarks.svg"
FLOOR = "sqlite3"

Figures = dict[str, dict[str, float | None]]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3, help="runs of each peer; the median counts")
    parser.add_argument("--limit", type=int, default=120, help="seconds that one workload may take")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated (%(default)s)")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md and its chart")
    options = parser.parse_args()
    figures, notes = _measure(options)
    table = _table(figures)
    print(table)
    RESULTS.mkdir(exist_ok=True)
    if options.write:
        _write(options, figures, notes, table)


def _measure(options: argparse.Namespace) -> tuple[Figures, list[str]]:
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    notes: dict[tuple[str, str], str] = {}
    peers = [peer for peer in options.peers.split(",") if peer != "mongodb" or "MONGODB_URI" in os.environ]
    for _ in range(options.repeat):
        for peer in peers:
            for line in _worker(peer, options):
                if line["value"] is None:
                    notes[peer, line["name"]] = line["note"]
                else:
                    values[peer][line["name"]].append(line["value"])
    figures: Figures = {
        peer: {name: statistics.median(each) for name, each in by_name.items()} for peer, by_name in values.items()
    }
    for peer, by_name in figures.items():
        for name, value in by_name.items():
            print(json.dumps({"peer": peer, "name": name, "median": value, "n": len(values[peer][name])}))
    return figures, [f"{peer}, {name}: {note}" for (peer, name), note in sorted(notes.items())]


def _worker(peer: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    command = [
        sys.executable,
        "-m",
        "bench.worker",
        peer,
        f"--documents={options.documents}",
        f"--limit={options.limit}",
    ]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if run.returncode:
        print(f"{peer} did not finish: {run.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return [json.loads(line) for line in run.stdout.splitlines()]


def _table(figures: Figures) -> str:
    peers = [peer for peer in PEERS if peer in figures]
    rows = [
        "| workload | " + " | ".join(peers) + " | ratio to floor |",
        "|---|" + "---|" * (len(peers) + 1),
    ]
    names = [(workload.name, workload.title) for workload in WORKLOADS]
    for name, title in [*names, ("disk", "disk, MB"), ("memory", "peak memory over the data, MB")]:
        cells = [_cell(figures[peer].get(name), name) for peer in peers]
        rows.append(f"| {title} | " + " | ".join(cells) + f" | {_ratio(figures, name)} |")
    return "\n".join(rows)


def _cell(value: float | None, name: str) -> str:
    if value is None:
        return "–"
    if name in ("disk", "memory"):
        return f"{value:.0f}"
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if value * scale >= 1:
            return f"{value * scale:.3g} {unit}"
    return f"{value * 1e6:.3g} µs"


def _ratio(figures: Figures, name: str) -> str:
    ours, floor = figures.get("satchel", {}).get(name), figures.get(FLOOR, {}).get(name)
    return "–" if ours is None or not floor else f"{ours / floor:.2f} ×"


def _write(options: argparse.Namespace, figures: Figures, notes: list[str], table: str) -> None:
    CHART.write_text(chart(figures, FLOOR))
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench`; not edited by hand. Every peer runs in a fresh process on the same "
        f"{options.documents:,} documents; answers are checked; the figures are medians of {options.repeat} runs on "
        "one machine, for one operation. Less is better, and differences under 30 % are noise. The floor is the same "
        "work by hand in the standard library's sqlite3, documents as JSON text (`bench/peers.py`).",
        "",
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores; "
        + ", ".join(_versions()),
        "",
        "![Ratios to the floor](benchmarks.svg)",
        "",
        table,
    ]
    if notes:
        lines += ["", "What has no figure:", "", *(f"* {note}" for note in notes)]
    lines += ["", *wire.section()]
    PAGE.write_text("\n".join(lines) + "\n")


def _versions() -> list[str]:
    found = []
    for name in ("satchel", "pymongo", "apsw-sqlite3mc", "mongomock", "neosqlite", "tinymongo"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main()
