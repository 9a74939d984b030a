"""The workloads: what each peer is asked to do, how much of it, and how its answer is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LOOKUPS = 1000


@dataclass(frozen=True, slots=True)
class Workload:
    """One thing to time.

    Attributes:
        name: Its name in figures and tables; also the method of a peer that does it.
        title: What the table says.
        operations: How many operations one call does, given the number of documents.
        check: Tells whether the answer of a call is right, given the number of documents.
    """

    name: str
    title: str
    operations: Callable[[int], int]
    check: Callable[[Any, int], bool]


def _many(_documents: int) -> int:
    return LOOKUPS


def _once(_documents: int) -> int:
    return 1


WORKLOADS = (
    Workload("insert_many", "insert_many, `_id` and two indexes", lambda n: n, lambda answer, n: answer == n),
    Workload("insert_one", "insert_one", _many, lambda answer, n: answer == LOOKUPS),
    Workload("find_by_id", "find_one by `_id`", _many, lambda answer, n: answer == LOOKUPS),
    Workload("find_by_index", "find_one by index", _many, lambda answer, n: answer == LOOKUPS),
    Workload("range_sorted", "date range by index, sorted, limit 100", lambda n: 50, lambda answer, n: answer == 100),
    Workload("scan", "scan, 1 % match", _once, lambda answer, n: answer == n // 100),
    Workload("count", "count without index", _once, lambda answer, n: 0.4 * n < answer < 0.6 * n),
    Workload("update_one", "update_one, $inc by `_id`", _many, lambda answer, n: answer == LOOKUPS),
    Workload("update_many", "update_many of a tenth", _once, lambda answer, n: answer == n // 10),
    Workload("match_group", "$match + $group", _once, lambda answer, n: answer == 50),
    Workload("unwind_group", "$unwind + $group", _once, lambda answer, n: answer == 20),
    Workload("lookup", "$lookup of 1,000 by index", _once, lambda answer, n: answer == LOOKUPS),
    Workload("delete_many", "delete_many of a tenth", _once, lambda answer, n: answer == n // 10),
    Workload("file_put", "GridFS put, 64 MiB", _once, lambda answer, n: answer == 64 << 20),
    Workload("file_get", "GridFS get, 64 MiB", _once, lambda answer, n: answer == 64 << 20),
    Workload("small_put", "GridFS put, 300 files of 100 KiB", lambda n: 300, lambda answer, n: answer == 300),
    Workload("small_get", "GridFS get, 300 files of 100 KiB", lambda n: 300, lambda answer, n: answer == 300),
    Workload("reopen", "open, and find_one", _once, lambda answer, n: answer == 1),
)
