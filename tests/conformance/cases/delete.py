"""delete: one, many, in bulk, and its errors."""

from __future__ import annotations

from collections.abc import Iterator

from ..case import Case
from ..wrong_types import WRONG, given

_SIX = [{"_id": i, "a": i % 3, "s": "aAbBcC"[i]} for i in range(6)]


def cases() -> Iterator[Case]:
    for limit in (0, 1):
        for name, query in {
            "all": {},
            "some": {"a": 1},
            "none": {"a": 9},
            "id": {"_id": 3},
            "in": {"_id": {"$in": [1, 5]}},
        }.items():
            yield Case(f"{name}-limit-{limit}", {"delete": "$coll", "deletes": [{"q": query, "limit": limit}]}, _SIX)
    several = [{"q": {"a": 1}, "limit": 1}, {"q": {"a": 2}, "limit": 0}, {"q": {"a": 2}, "limit": 0}]
    yield Case("several", {"delete": "$coll", "deletes": several}, _SIX)
    broken = [{"q": {"a": 1}, "limit": 1}, {"q": {"a": {"$nope": 1}}, "limit": 1}, {"q": {"a": 2}, "limit": 1}]
    yield Case("error-ordered", {"delete": "$coll", "deletes": broken}, _SIX)
    yield Case("error-unordered", {"delete": "$coll", "deletes": broken, "ordered": False}, _SIX)
    yield Case("no-collection", {"delete": "$coll", "deletes": [{"q": {}, "limit": 0}]})
    collated = {"q": {"s": "a"}, "limit": 0, "collation": {"locale": "en", "strength": 2}}
    yield Case("collation", {"delete": "$coll", "deletes": [collated]}, _SIX)
    yield Case("hint", {"delete": "$coll", "deletes": [{"q": {"a": 1}, "limit": 0, "hint": "_id_"}]}, _SIX)
    yield Case("hint-unknown", {"delete": "$coll", "deletes": [{"q": {"a": 1}, "limit": 0, "hint": "nope"}]}, _SIX)
    let = {"deletes": [{"q": {"$expr": {"$eq": ["$a", "$$x"]}}, "limit": 0}], "let": {"x": 2}}
    yield Case("let", {"delete": "$coll", **let}, _SIX)
    for limit in (2, -1, 1.0, 0.5, 2**40, None, True, "1"):
        yield Case(
            f"limit-{type(limit).__name__}-{limit}", {"delete": "$coll", "deletes": [{"q": {}, "limit": limit}]}, _SIX
        )
    yield Case("no-limit", {"delete": "$coll", "deletes": [{"q": {}}]}, _SIX)
    yield Case("no-query", {"delete": "$coll", "deletes": [{"limit": 1}]}, _SIX)
    yield Case("no-deletes", {"delete": "$coll"}, _SIX)
    yield Case("empty-deletes", {"delete": "$coll", "deletes": []}, _SIX)
    yield Case("unknown-field", {"delete": "$coll", "deletes": [{"q": {}, "limit": 1}], "nope": 1}, _SIX)
    yield Case("unknown-field-of-delete", {"delete": "$coll", "deletes": [{"q": {}, "limit": 1, "nope": 1}]}, _SIX)
    for kind, value in WRONG.items():
        for parameter in ("delete", "ordered", "let", "writeConcern", "maxTimeMS", "comment"):
            command = {"delete": "$coll", "deletes": [{"q": {}, "limit": 1}], parameter: given(parameter, value)}
            yield Case(f"{parameter}-{kind}", command, _SIX)
        for parameter in ("q", "hint", "collation"):
            delete = {"q": {}, "limit": 1, parameter: given(parameter, value)}
            yield Case(f"{parameter}-{kind}", {"delete": "$coll", "deletes": [delete]}, _SIX)
    yield Case("write-concern-0-unknown", {"delete": "$coll", "deletes": [], "writeConcern": {"w": "nope"}}, _SIX)
