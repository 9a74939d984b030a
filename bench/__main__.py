"""`make bench`: every peer in a fresh process, medians, one JSON line a figure, tables and a chart."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from bench import wire
from bench.chart import chart
from bench.page import Figure, Figures, Run, page, tables
from bench.peers import PEERS
from bench.workloads import SUITES

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"
FIGURES = RESULTS / "figures.jsonl"
NOTES = RESULTS / "notes.json"
PAGE = ROOT / "docs" / "benchmarks.md"
CHART = ROOT / "docs" / "benchmarks.svg"
SECONDS_BETWEEN_END_AND_KILL = 60


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--growth", type=int, default=1_000_000, help="documents of the suite that shows growth")
    parser.add_argument("--repeat", type=int, default=3, help="runs of Satchel and the floors; medians count")
    parser.add_argument("--limit", type=int, default=60, help="seconds that one workload may take")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated (%(default)s)")
    parser.add_argument("--suites", default=",".join(SUITES), help="comma-separated (%(default)s)")
    parser.add_argument("--add", action="store_true", help="keep the last run's figures that this one does not replace")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md and its chart")
    options = parser.parse_args()
    run = measure(options)
    RESULTS.mkdir(exist_ok=True)
    NOTES.write_text(json.dumps([[*key, note] for key, note in run.notes.items()]))
    FIGURES.write_text("".join(f"{json.dumps(line)}\n" for line in _lines(run)))
    print(tables(run))
    if options.write:
        CHART.write_text(chart(run.figures["documents"]))
        PAGE.write_text("\n".join([page(run), *wire.section(), ""]))


def measure(options: argparse.Namespace) -> Run:
    """Run suite after suite, the peers of each by turns."""
    run = Run(options.documents, options.growth, options.repeat)
    if options.add:
        _add_last(run)
    for suite in options.suites.split(","):
        values: dict[str, dict[str, list[Figure]]] = defaultdict(lambda: defaultdict(list))
        for turn in range(1 if suite == "growth" else options.repeat):
            for name in options.peers.split(","):
                peer = PEERS[name]
                if suite not in peer.suites or (turn and not peer.repeats) or not _is_there(peer.variable):
                    continue
                for key in [key for key in run.notes if key[:2] == (suite, name)]:
                    del run.notes[key]
                for line in _worker(name, suite, options):
                    _note(run, values, suite, name, line)
        run.figures[suite] = {**run.figures.get(suite, {}), **_medians(values)}
        for line in _lines(run, suite):
            print(json.dumps(line), flush=True)
    return run


def _add_last(run: Run) -> None:
    """Add the figures and notes of the last run."""
    for line in map(json.loads, FIGURES.read_text().splitlines()):
        figures = run.figures.setdefault(line["suite"], {}).setdefault(line["peer"], {})
        figures[line["name"]] = Figure(line["median"], line["processor"], line["n"])
    for suite, peer, name, note in json.loads(NOTES.read_text()) if NOTES.exists() else ():
        run.notes[suite, peer, name] = note


def _is_there(variable: str) -> bool:
    return not variable or variable in os.environ


def _worker(peer: str, suite: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    documents = options.growth if suite == "growth" else options.documents
    command = [sys.executable, "-m", "bench.worker", peer, f"--suite={suite}", f"--documents={documents}"]
    limit = options.limit * (4 if suite == "growth" else 1)
    patience = limit * len(SUITES[suite]) + SECONDS_BETWEEN_END_AND_KILL
    try:
        run = subprocess.run(
            [*command, f"--limit={limit}"], capture_output=True, text=True, cwd=ROOT, check=False, timeout=patience
        )
    except subprocess.TimeoutExpired as error:
        return [json.loads(line) for line in (error.stdout or b"").decode().splitlines()]
    if run.returncode:
        print(f"{peer} did not finish: {run.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return [json.loads(line) for line in run.stdout.splitlines()]


def _note(run: Run, values: dict[str, dict[str, list[Figure]]], suite: str, peer: str, line: dict[str, Any]) -> None:
    if line["value"] is None:
        run.notes[suite, peer, line["name"]] = line.get("note", "nothing")
    else:
        values[peer][line["name"]].append(Figure(line["value"], line.get("processor"), 1))


def _medians(values: dict[str, dict[str, list[Figure]]]) -> Figures:
    return {peer: {name: _median(figures) for name, figures in by_name.items()} for peer, by_name in values.items()}


def _median(figures: list[Figure]) -> Figure:
    processor = [figure.processor for figure in figures if figure.processor is not None]
    return Figure(
        statistics.median(figure.value for figure in figures),
        statistics.median(processor) if processor else None,
        len(figures),
    )


def _lines(run: Run, *suites: str) -> list[dict[str, Any]]:
    return [
        {
            "suite": suite,
            "peer": peer,
            "name": name,
            "median": figure.value,
            "processor": figure.processor,
            "n": figure.n,
        }
        for suite in suites or run.figures
        for peer, by_name in run.figures[suite].items()
        for name, figure in by_name.items()
    ]


if __name__ == "__main__":
    main()
