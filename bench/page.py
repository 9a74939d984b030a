"""The page of the benchmarks: tables of what was measured, as times and as ratios, and what became of the targets."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from bench.peers import PEERS
from bench.remarks import REMARKS
from bench.workloads import SMALL_FILES, SUITES, Workload

FLOOR = "sqlite3"
FLOORS = frozenset({"sqlite3", "apsw", "tables", "file"})
SERVERS = frozenset({"oracle", "mongodb"})


class Figure(NamedTuple):
    """What was measured: the median of real time (or megabytes), of processors' time, and of how many runs."""

    value: float
    processor: float | None
    n: int


Figures = dict[str, dict[str, Figure]]
"""Figures by peer and workload."""


@dataclass(slots=True)
class Run:
    """All that one run has measured.

    Attributes:
        figures: By suite.
        notes: Why a peer has no figure, by suite, peer and workload.
    """

    documents: int
    growth: int
    repeat: int
    figures: dict[str, Figures] = field(default_factory=dict)
    notes: dict[tuple[str, str, str], str] = field(default_factory=dict)


_TITLES = {
    "documents": "Documents",
    "growth": "Ten times as many documents",
    "files": "Files (GridFS)",
    "start": "From nothing",
    "async": "The asynchronous client",
}
_SIZES = (("disk", "disk, MB"), ("memory", "peak memory of the process, MB"))


def tables(run: Run) -> str:
    """Return every suite's table."""
    return "\n\n".join(f"## {_TITLES[suite]}\n\n{_table(suite, figures)}" for suite, figures in run.figures.items())


def _table(suite: str, figures: Figures) -> str:
    peers = [peer for peer in PEERS if peer in figures]
    ratios = ["÷ sqlite3", "÷ sqlite3, processor", "÷ best peer"] if "satchel" in figures else []
    rows = ["| | " + " | ".join([*peers, *ratios]) + " |", "|---|" + "---|" * (len(peers) + len(ratios))]
    for name, title in [*((each.name, each.title) for each in SUITES[suite]), *_SIZES]:
        cells = [_cell(figures[peer].get(name), name) for peer in peers]
        rows.append(f"| {title} | " + " | ".join([*cells, *_ratios(figures, name, len(ratios))]) + " |")
    return "\n".join(rows)


def _cell(figure: Figure | None, name: str) -> str:
    if figure is None:
        return "–"
    if name in ("disk", "memory"):
        return f"{figure.value:.0f}"
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if figure.value * scale >= 1:
            return f"{figure.value * scale:.3g} {unit}"
    return f"{figure.value * 1e6:.3g} µs"


def _ratios(figures: Figures, name: str, count: int) -> list[str]:
    if not count:
        return []
    rivals = [figures[peer][name] for peer in figures if peer not in FLOORS | {"satchel"} and name in figures[peer]]
    best = min(rivals, default=None)
    ours, floor = figures["satchel"].get(name), figures.get(FLOOR, {}).get(name)
    return [_times(ours, floor), _times(ours, floor, of_processor=True), _times(ours, best)]


def ratio(ours: Figure | None, other: Figure | None, *, of_processor: bool = False) -> float | None:
    """Return how many times as long the one takes as the other."""
    if ours is None or other is None:
        return None
    if of_processor:
        return ours.processor / other.processor if ours.processor and other.processor else None
    return ours.value / other.value if other.value else None


def _times(ours: Figure | None, other: Figure | None, *, of_processor: bool = False) -> str:
    found = ratio(ours, other, of_processor=of_processor)
    return "–" if found is None else f"{found:.2g} ×" if found < 10 else f"{found:.0f} ×"


def page(run: Run) -> str:
    """Return docs/benchmarks.md."""
    parts = [
        "# Benchmarks",
        "Made by `make bench`; not edited by hand. Every peer runs in a fresh process on the same "
        f"{run.documents:,} documents (about 300 bytes, eleven fields; `bench/data.py`); answers are checked. The "
        f"figures are for one operation: medians of {run.repeat} runs of Satchel and the floors, which run by turns; "
        "the other peers, and the suite with more documents, run once. mongomock and TinyMongo are asked for 10 single "
        "operations instead of 1,000. Less is better, and differences under 30 % are noise.",
        "This run was made on a **shared two-core machine** on which other programs were at work now and then. "
        "Real time says little there; so the ratio of processors' time (user and system, all threads) "
        "stands beside it, and the targets are judged by that. It is not given for servers, whose work is done in "
        "another process.",
        "The floors are the same work by hand (`bench/floors.py`): documents as JSON text in SQLite, WAL, "
        "`synchronous = NORMAL` as in Satchel, through the standard library's `sqlite3` and through `apsw`; and plain "
        "files. `tables` is the floor of Satchel's design: its own tables filled and read by hand (`bench/tables.py`). "
        "`oracle` is the engine with which the tests compare answers (MongoDB's, in another process).",
        ", ".join([f"{platform.python_implementation()} {platform.python_version()}", *_versions()])
        + f"; {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f} over 15 minutes at the end.",
        "![Ratios to the floor](benchmarks.svg)",
        tables(run),
        f"A put or get of one of {SMALL_FILES:,} small files is one call of PyMongo's `GridFSBucket`: a put "
        "looks whether the indexes are there, and writes chunks and file in two commits." + _small_rates(run),
        "## Targets",
        "\n".join(["| | target | processor | real time | |", "|---|---|---|---|---|", *_targets(run)]),
        *_explained(run),
    ]
    if run.notes:
        parts += ["## What has no figure", "\n".join(_no_figures(run))]
    return "\n\n".join(parts) + "\n"


def _small_rates(run: Run) -> str:
    figures = run.figures.get("files", {}).get("satchel", {})
    put, get = figures.get("small_put"), figures.get("small_get")
    if put is None or get is None:
        return ""
    return f" That is {1 / put.value:,.0f} puts and {1 / get.value:,.0f} gets a second."


def _judged(run: Run) -> Iterator[tuple[Workload, float | None, float | None]]:
    """Yield the workloads that have a target, with the ratios to the floor in processors' and in real time."""
    for suite in ("documents", "files"):
        figures = run.figures.get(suite, {})
        for workload in SUITES[suite]:
            if workload.target is not None:
                pair = [figures.get(peer, {}).get(workload.name) for peer in ("satchel", FLOOR)]
                yield workload, ratio(*pair, of_processor=True), ratio(*pair)


def _is_met(workload: Workload, processor: float | None) -> bool:
    return processor is not None and workload.target is not None and processor <= workload.target


def _targets(run: Run) -> Iterator[str]:
    for workload, processor, real in _judged(run):
        cells = ["–" if value is None else f"{value:.2f} ×" for value in (workload.target, processor, real)]
        yield f"| {workload.title} | {' | '.join(cells)} | {'met' if _is_met(workload, processor) else 'missed'} |"
    start = run.figures.get("start", {}).get("satchel", {}).get("start")
    if start is not None and start.processor is not None:
        verdict = "met" if start.processor <= 0.25 else "missed"
        milliseconds = f"{start.processor * 1e3:.0f} ms | {start.value * 1e3:.0f} ms"
        yield f"| import, open, and first find_one | 250 ms | {milliseconds} | {verdict} |"
    for name, title, target in (("disk", "disk", 55), ("memory", "peak memory", 80)):
        size = run.figures.get("documents", {}).get("satchel", {}).get(name)
        if size is not None:
            yield f"| {title} | {target} MB | {size.value:.0f} MB | | {'met' if size.value <= target else 'missed'} |"
    memory = [run.figures.get("files", {}).get(peer, {}).get("memory") for peer in ("satchel", "file")]
    if memory[0] is not None and memory[1] is not None:
        over = memory[0].value - memory[1].value
        yield f"| peak memory, files | file + 60 MB | file + {over:.0f} MB | | {'met' if over <= 60 else 'missed'} |"


def _explained(run: Run) -> Iterator[str]:
    missed = [workload.name for workload, processor, _ in _judged(run) if not _is_met(workload, processor)]
    lines = [f"* {REMARKS[name]}" for name in [*missed, "disk", "memory"] if name in REMARKS]
    if lines:
        yield "Why targets are missed, and where the floor of this design is:"
        yield "\n".join(lines)


def _no_figures(run: Run) -> Sequence[str]:
    return [f"* {suite}, {peer}, {name}: {note}" for (suite, peer, name), note in sorted(run.notes.items())]


def _versions() -> Iterator[str]:
    for name in ("satchel", "pymongo", "apsw-sqlite3mc", "mongomock", "neosqlite", "tinymongo"):
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
