"""Diagnostic stages: what $collStats, $indexStats, $planCacheStats, $currentOp and $listSessions refuse."""

from __future__ import annotations

from collections.abc import Iterator

from satchel.values.bson_types import BsonValue

from ..case import Case
from ..pipelines import pipeline

_ONE = [{"_id": 1}]
_ENGINE = [{"create": "$coll.engine"}]  # a setup keeps the case from the language alone
_STATISTICS: list[BsonValue] = [
    5,
    None,
    [],
    {"count": {}},
    {"count": 5},
    {"count": {"x": 1}},
    {"storageStats": 5},
    {"storageStats": {"scale": 0}},
    {"storageStats": {"scale": "a"}},
    {"latencyStats": 5},
    {"latencyStats": {"histograms": 5}},
    {"latencyStats": {"z": 1}},
    {"queryExecStats": 5},
    {"z": 1},
]


def cases() -> Iterator[Case]:
    counted = {"$project": {"count": 1, "ns": {"$type": "$ns"}, "storage": {"$type": "$storageStats.size"}}}
    for number, operand in enumerate(_STATISTICS):
        setup = _ENGINE if operand == {"count": {}} else ()
        yield pipeline(f"collStats-{number}", [{"$collStats": operand}, counted], _ONE, setup=setup)
    yield pipeline("collStats-second", [{"$limit": 1}, {"$collStats": {}}], _ONE)
    yield pipeline("collStats-missing", [{"$collStats": {"count": {}}}], None, setup=_ENGINE)
    yield pipeline("collStats-database", [{"$collStats": {}}], None, collection=1)
    for name in ("indexStats", "planCacheStats"):
        for number, operand in enumerate(
            [5, None, {"x": 1}, [], {"allHosts": True}, {"allHosts": 5}, {"allHosts": False}]
        ):
            yield pipeline(f"{name}-{number}", [{f"${name}": operand}], _ONE)
        yield pipeline(f"{name}-second", [{"$limit": 1}, {f"${name}": {}}], _ONE)
        yield pipeline(f"{name}-missing", [{f"${name}": {}}], None, setup=_ENGINE)
    yield pipeline("indexStats", [{"$indexStats": {}}, {"$project": {"name": 1, "key": 1}}], _ONE, setup=_ENGINE)
    for number, operand in enumerate([5, None, {"z": 1}, {"allUsers": 5}, {}]):
        yield pipeline(f"currentOp-{number}", [{"$currentOp": operand}], _ONE)
        yield pipeline(f"currentOp-database-{number}", [{"$currentOp": operand}], None, collection=1)
    for number, operand in enumerate([5, None, {"z": 1}]):
        yield pipeline(f"listSessions-{number}", [{"$listSessions": operand}], _ONE)
        yield pipeline(f"listLocalSessions-{number}", [{"$listLocalSessions": operand}], None, collection=1)
