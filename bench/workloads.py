"""The workloads: what each peer is asked to do, how much of it, and how its answer is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.data import Dataset

LARGE_BYTES = 256 << 20
SMALL_BYTES = 100 << 10
SMALL_FILES = 1000
RANGES = 50


@dataclass(frozen=True, slots=True)
class Workload:
    """One thing to time.

    Attributes:
        name: Its name in figures and tables; also the method of a peer that does it.
        title: What the table says.
        operations: How many operations one call does.
        check: Tells whether the answer of a call is right.
        target: Issue 3's target as a ratio to the floor, or None.
        grows: Whether it is measured with ten times the documents, too.
    """

    name: str
    title: str
    operations: Callable[[Dataset], int]
    check: Callable[[Any, Dataset], bool]
    target: float | None = None
    grows: bool = False


def _each(data: Dataset) -> int:
    return data.lookups


def _once(_data: Dataset) -> int:
    return 1


def _all_found(answer: Any, data: Dataset) -> bool:
    return bool(answer == data.lookups)


def _is_tenth(answer: Any, data: Dataset) -> bool:
    return bool(answer == data.count // 10)


DOCUMENTS = (
    Workload(
        "insert_many",
        "insert_many, `_id` and two indexes",
        lambda data: data.count,
        lambda answer, data: answer == data.count,
        1.83,
        grows=True,
    ),
    Workload("insert_one", "insert_one", _each, _all_found, 2.0),
    Workload("find_by_id", "find_one by `_id`", _each, _all_found, 2.5, grows=True),
    Workload("find_by_index", "find_one by index", _each, _all_found, 2.5, grows=True),
    Workload(
        "range_sorted",
        "date range by index, sorted, limit 100",
        lambda _data: RANGES,
        lambda answer, _data: answer == 100,
        1.5,
        grows=True,
    ),
    Workload("scan", "scan, 1 % match", _once, lambda answer, data: answer == data.count // 100, 0.5, grows=True),
    Workload(
        "count",
        "count without index",
        _once,
        lambda answer, data: 0.4 * data.count < answer < 0.6 * data.count,
        0.5,
        grows=True,
    ),
    Workload("distinct", "distinct values of a field", _once, lambda answer, _data: answer == 50, None),
    Workload("sort_limit", "sort without index, limit 10", _once, lambda answer, _data: answer == 10, None),
    Workload("update_one", "update_one, $inc by `_id`", _each, _all_found, 2.0),
    Workload("update_many", "update_many of a tenth", _once, _is_tenth, 3.0),
    Workload(
        "match_group",
        "$match + $group",
        _once,
        lambda answer, data: answer[0] == 50 and 0.4 * data.count < answer[1] < 0.6 * data.count,
        1.0,
        grows=True,
    ),
    Workload(
        "unwind_group", "$unwind + $group", _once, lambda answer, data: answer == (20, 3 * data.count), 1.0, grows=True
    ),
    Workload("lookup", "$lookup by index", _each, _all_found, 2.0),
    Workload("delete_many", "delete_many of a tenth", _once, _is_tenth, 1.5),
    Workload("reopen", "open again, and find_one", _once, lambda answer, _data: answer == 1, None),
)

FILES = (
    Workload("file_put", "put 256 MiB", _once, lambda answer, _data: answer == LARGE_BYTES, 1.11),
    Workload("file_get", "get 256 MiB", _once, lambda answer, _data: answer == LARGE_BYTES, 1.11),
    Workload(
        "small_put",
        "put 1,000 files of 100 KiB, each",
        lambda _data: SMALL_FILES,
        lambda answer, _data: answer == SMALL_FILES,
        1.0,
    ),
    Workload(
        "small_get",
        "get 1,000 files of 100 KiB, each",
        lambda _data: SMALL_FILES,
        lambda answer, _data: answer == SMALL_FILES,
        1.0,
    ),
)

START = (Workload("start", "import, open, and first find_one", _once, lambda answer, _data: answer == 1),)

ASYNC = (
    Workload("find_by_id", "find_one by `_id`, asynchronous", _each, _all_found),
    Workload("insert_one", "insert_one, asynchronous", _each, _all_found),
)

SUITES = {
    "documents": DOCUMENTS,
    "growth": tuple(workload for workload in DOCUMENTS if workload.grows),
    "files": FILES,
    "start": (*(each for each in DOCUMENTS if each.name == "insert_many"), *START),
    "async": (*(each for each in DOCUMENTS if each.name == "insert_many"), *ASYNC),
}
"""Workloads that run one after the other in one process; the first ones prepare the data."""
