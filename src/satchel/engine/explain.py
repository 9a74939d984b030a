"""Explaining plans: the tree that runs, in MongoDB's words."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final, cast

from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.query import QueryRun, counted_scan
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.namespaces import Namespace
from satchel.engine.planner.solution import Access, CollScan, IndexUnion, IxScan, QuerySolution
from satchel.errors import ErrorCode, ServerError
from satchel.mql.match.comparison import Eq
from satchel.mql.match.tree import Or
from satchel.storage.interface import Reader
from satchel.values.bson_types import BsonValue, Document

VERBOSITIES: Final = ("queryPlanner", "executionStats", "allPlansExecution")


COUNT: Final[Document] = {"stage": "COUNT"}
"""The outer stage of a count."""

_SINGLE_STAGES: Final = ("UPDATE", "DELETE")


def check_verbosity(verbosity: str) -> str:
    """Return `verbosity` when it is one of MongoDB's.

    Raises:
        ServerError: BadValue (2).
    """
    if verbosity not in VERBOSITIES:
        raise ServerError(
            ErrorCode.BadValue, f"Enumeration value '{verbosity}' for field 'explain.verbosity' is not a valid value."
        )
    return verbosity


def explain_query(
    run: QueryRun,
    namespace: Namespace,
    entry: CollectionEntry | None,
    slot: ReadSlot,
    *,
    verbosity: str,
    outer: tuple[Document, ...] = (),
) -> Document:
    """Return `queryPlanner` and, if wanted, `executionStats` of a query.

    Args:
        run: The query.
        namespace: What it reads.
        entry: The collection, or None when there is none.
        slot: Where the snapshot is.
        verbosity: One of `VERBOSITIES`.
        outer: Stages above the query's own, the outermost first, as `{"stage": "COUNT"}`.
    """
    solution = None if entry is None else run.solve(entry, slot)
    plan: Document = {"stage": "EOF"} if solution is None else _inner_plan(solution, run, slot.unit.reader, outer)
    for stage in reversed(outer):
        plan = {**stage, "inputStage": plan}
    reply: Document = {
        "explainVersion": "1",
        "queryPlanner": {
            "namespace": str(namespace),
            "parsedQuery": run.query.filter.spec(),
            "indexFilterSet": False,
            "maxIndexedOrSolutionsReached": False,
            "maxIndexedAndSolutionsReached": False,
            "maxScansToExplodeReached": False,
            "winningPlan": plan,
            "rejectedPlans": [] if solution is None else [_access_tree(each, {}) for each in solution.rejected],
        },
    }
    if verbosity != "queryPlanner":
        reply["executionStats"] = _execute(run, solution, entry, slot, plan)
    return reply


def _inner_plan(solution: QuerySolution, run: QueryRun, reader: Reader, outer: tuple[Document, ...]) -> Document:
    counted = counted_scan(solution) if outer == (COUNT,) else None
    if counted is not None:
        return _count_scan(counted)
    plan = plan_tree(solution, run, reader)
    if outer and outer[0]["stage"] in _SINGLE_STAGES and plan["stage"] == "LIMIT":
        return cast("Document", plan["inputStage"])  # that one document is meant goes without saying
    return plan


def plan_tree(solution: QuerySolution, run: QueryRun, reader: Reader) -> Document:
    """Return the stages of a plan, the last one to run outermost, with what the storage makes of the filter."""
    if _is_id_lookup(solution, run):
        return {"stage": "EXPRESS_IXSCAN", "keyPattern": {"_id": 1}, "indexName": "_id_"}
    condition: Document = {} if solution.residual is None else {"filter": solution.residual.spec()}
    if solution.predicate is not None:
        condition["satchel"] = {"narrowed": reader.explain(solution.predicate)}
    tree = _access_tree(solution.access, condition)
    sort = run.query.sort
    if sort is not None and not solution.sorted:
        sorting: Document = {"stage": "SORT", "sortPattern": sort.spec(), "memLimit": run.context.memory_limit_bytes}
        if run.limit is not None:
            sorting["limitAmount"] = run.skip + run.limit
        tree = {**sorting, "type": "simple", "inputStage": tree}
    if run.skip:
        tree = {"stage": "SKIP", "skipAmount": run.skip, "inputStage": tree}
    if run.limit is not None and not (sort is not None and not solution.sorted):
        tree = {"stage": "LIMIT", "limitAmount": run.limit, "inputStage": tree}
    if isinstance(run.query.filter, Or) and run.query.hint is None:
        tree = {"stage": "SUBPLAN", "inputStage": tree}
    return tree


def _is_id_lookup(solution: QuerySolution, run: QueryRun) -> bool:
    access = solution.access
    if not isinstance(access, IxScan) or not access.index.is_id or solution.residual is not None:
        return False
    return isinstance(run.query.filter, Eq) and run.query.sort is None and not run.skip and run.query.hint is None


def _access_tree(access: Access, condition: Document) -> Document:
    if isinstance(access, CollScan):
        return {"stage": "COLLSCAN", **condition, "direction": _direction(access.backward)}
    if isinstance(access, IxScan):
        return {"stage": "FETCH", **condition, "inputStage": _index_scan(access)}
    if isinstance(access, IndexUnion):
        scans: list[BsonValue] = [_index_scan(child) for child in access.children]
        return {"stage": "FETCH", **condition, "inputStage": {"stage": "OR", "inputStages": scans}}
    return {"stage": "EOF"}


def _direction(backward: bool) -> str:
    return "backward" if backward else "forward"


def _index_scan(access: IxScan) -> Document:
    index = access.index
    return {
        "stage": "IXSCAN",
        "keyPattern": dict(index.key_pattern),
        "indexName": index.name,
        "isMultiKey": index.multikey,
        "isUnique": index.unique and not index.is_id,
        "isSparse": index.sparse,
        "isPartial": index.partial_filter is not None,
        "indexVersion": 2,
        "direction": _direction(access.backward),
        "indexBounds": access.shown(),
    }


def _count_scan(access: IxScan) -> Document:
    stage = _index_scan(access)
    del stage["direction"]
    return {**stage, "stage": "COUNT_SCAN"}


def _reads_keys_alone(plan: Document) -> bool:
    below = plan.get("inputStage")
    return isinstance(below, dict) and below["stage"] == "COUNT_SCAN"


def _execute(
    run: QueryRun, solution: QuerySolution | None, entry: CollectionEntry | None, slot: ReadSlot, plan: Document
) -> Document:
    """Run the query and return what it took: how long as it is, and what it looks at without the storage's help."""
    examined: list[int] = []
    started = finished = time.perf_counter()
    returned = 0
    if solution is not None and entry is not None:
        returned = sum(1 for _ in run.run(solution, entry, slot))
        finished = time.perf_counter()
        for _ in run.run(replace(solution, predicate=None), entry, slot, examined):
            pass
    by_index = solution is not None and isinstance(solution.access, IxScan | IndexUnion)
    return {
        "executionSuccess": True,
        "nReturned": returned,
        "executionTimeMillis": round((finished - started) * 1000),
        "totalKeysExamined": len(examined) if by_index else 0,
        "totalDocsExamined": 0 if _reads_keys_alone(plan) else len(examined),
        "executionStages": {**plan, "nReturned": returned, "isEOF": 1},
    }
