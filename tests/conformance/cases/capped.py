"""Capped collections: what they keep and refuse."""

from __future__ import annotations

from collections.abc import Iterator

from ..case import Case


def _capped(**options: object) -> dict:
    return {"create": "$coll", "capped": True, "size": 100_000, **options}


def _insert(*ids: int) -> dict:
    return {"insert": "$coll", "documents": [{"_id": i, "a": i} for i in ids]}


def cases() -> Iterator[Case]:
    three = [_capped(max=3), _insert(1, 2)]
    yield Case("max", _insert(3, 4, 5), setup=three)
    yield Case("max-one-batch", _insert(*range(10)), setup=[_capped(max=3)])
    large = [{"_id": i, "pad": "x" * 2000} for i in range(6)]
    yield Case("size", {"insert": "$coll", "documents": large}, setup=[_capped(size=8192)])
    yield Case(
        "document-too-large",
        {"insert": "$coll", "documents": [{"_id": 1, "p": "x" * 9000}]},
        setup=[_capped(size=4096)],
    )
    setup = [_capped(max=5), _insert(3, 1, 2)]
    yield Case("natural-order", {"find": "$coll"}, setup=setup)
    yield Case("reverse", {"find": "$coll", "sort": {"$natural": -1}}, setup=setup)
    yield Case("tailable", {"find": "$coll", "tailable": True}, setup=setup)
    yield Case("tailable-await", {"find": "$coll", "tailable": True, "awaitData": True, "batchSize": 2}, setup=setup)
    yield Case("tailable-sort", {"find": "$coll", "tailable": True, "sort": {"a": 1}}, setup=setup)
    yield Case("tailable-natural", {"find": "$coll", "tailable": True, "sort": {"$natural": 1}}, setup=setup)
    yield Case("tailable-reverse", {"find": "$coll", "tailable": True, "sort": {"$natural": -1}}, setup=setup)
    yield Case("tailable-limit", {"find": "$coll", "tailable": True, "limit": 1}, setup=setup)
    yield Case("tailable-single-batch", {"find": "$coll", "tailable": True, "singleBatch": True}, setup=setup)
    yield Case("tailable-empty", {"find": "$coll", "tailable": True}, setup=[_capped()])
    updates = {
        "same-size": {"$set": {"a": 9}},
        "grow": {"$set": {"b": "x" * 50}},
        "shrink": {"$unset": {"a": 1}},
        "replace": {"a": "longer than before"},
    }
    for name, update in updates.items():
        yield Case(f"update-{name}", {"update": "$coll", "updates": [{"q": {"_id": 1}, "u": update}]}, setup=setup)
    yield Case("delete-one", {"delete": "$coll", "deletes": [{"q": {"_id": 1}, "limit": 1}]}, setup=setup)
    yield Case("delete-all", {"delete": "$coll", "deletes": [{"q": {}, "limit": 0}]}, setup=setup)
    yield Case("find-and-remove", {"findAndModify": "$coll", "query": {"_id": 1}, "remove": True}, setup=setup)
    upsert = {"update": "$coll", "updates": [{"q": {"_id": 8}, "u": {"$set": {"a": 1}}, "upsert": True}]}
    yield Case("upsert", upsert, setup=[_capped(max=3), _insert(1, 2, 3)])
    ttl = {"createIndexes": "$coll", "indexes": [{"key": {"a": 1}, "name": "a_1", "expireAfterSeconds": 5}]}
    yield Case("ttl-index", ttl, setup=[_capped()])
    unique = {"createIndexes": "$coll", "indexes": [{"key": {"a": 1}, "name": "a_1", "unique": True}]}
    yield Case("unique-after-roll", _insert(4, 1), setup=[_capped(max=3), _insert(1, 2, 3), unique])
    duplicate = {"insert": "$coll", "documents": [{"_id": 9, "a": 2}]}
    yield Case("unique-duplicate", duplicate, setup=[_capped(max=3), _insert(1, 2, 3), unique])
