"""count and distinct."""

from __future__ import annotations

from collections.abc import Iterator

from ..case import Case
from ..providers import NUMBERS
from ..wrong_types import WRONG, given

_TWENTY = [{"_id": i, "a": i % 5, "b": {"c": [i % 3, i % 2]}} for i in range(20)]
_WRONG = {kind: value for kind, value in WRONG.items() if kind != "int"}


def cases() -> Iterator[Case]:
    yield from _count()
    yield from _distinct()


def _count() -> Iterator[Case]:
    yield Case("count-all", {"count": "$coll"}, _TWENTY)
    yield Case("count-query", {"count": "$coll", "query": {"a": 3}}, _TWENTY)
    yield Case("count-array", {"count": "$coll", "query": {"b.c": 2}}, _TWENTY)
    yield Case("count-no-collection", {"count": "$coll"})
    yield Case("count-filter", {"count": "$coll", "filter": {"a": 3}}, _TWENTY)
    for skip in (0, 2, 15, 30):
        for limit in (0, 1, 10, 30):
            yield Case(f"count-skip-{skip}-limit-{limit}", {"count": "$coll", "skip": skip, "limit": limit}, _TWENTY)
    yield Case("count-query-skip-limit", {"count": "$coll", "query": {"a": 3}, "skip": 1, "limit": 2}, _TWENTY)
    for i, number in enumerate(NUMBERS):
        yield Case(f"count-limit-number-{i}", {"count": "$coll", "limit": number}, _TWENTY)
        yield Case(f"count-skip-number-{i}", {"count": "$coll", "skip": number}, _TWENTY)
    for parameter in "query limit skip hint collation maxTimeMS comment readConcern count fields".split():
        for kind, value in _WRONG.items():
            yield Case(f"count-{parameter}-{kind}", {"count": "$coll", parameter: given(parameter, value)}, _TWENTY)
    yield Case("count-unknown-field", {"count": "$coll", "nope": 1}, _TWENTY)
    yield Case("count-bad-operator", {"count": "$coll", "query": {"a": {"$nope": 1}}}, _TWENTY)
    yield Case("count-hint-unknown", {"count": "$coll", "hint": "nope"}, _TWENTY)
    yield Case("count-hint-id", {"count": "$coll", "hint": "_id_"}, _TWENTY)


def _distinct() -> Iterator[Case]:
    for name in ("every value", "few values in arrays", "few values in objects", "shapes", "shop"):
        for key in (
            "v",
            "v.w",
            "v.a",
            "v.0",
            "a",
            "a.b",
            "a.b.c",
            "a.0",
            "a.0.b",
            "a.b.0",
            "tags",
            "reviews.user",
            "nope",
        ):
            yield Case(f"{name} {key}".replace(" ", "-"), {"distinct": "$coll", "key": key}, name, unordered=True)
    yield Case("distinct-sorted-numbers", {"distinct": "$coll", "key": "v"}, [{"v": v} for v in (3, 1.5, 2, 1, 3)])
    yield Case("distinct-query", {"distinct": "$coll", "key": "a", "query": {"a": {"$gt": 2}}}, _TWENTY, unordered=True)
    yield Case(
        "distinct-numbers-1-1.0", {"distinct": "$coll", "key": "v"}, [{"v": 1}, {"v": 1.0}, {"v": 2.0}, {"v": 2}]
    )
    yield Case("distinct-no-collection", {"distinct": "$coll", "key": "a"})
    collated = {"distinct": "$coll", "key": "v", "collation": {"locale": "en", "strength": 2}}
    yield Case("distinct-collation", collated, [{"v": "a"}, {"v": "A"}, {"v": "b"}])
    for parameter in "key query collation maxTimeMS comment readConcern distinct hint".split():
        for kind, value in _WRONG.items():
            yield Case(
                f"distinct-{parameter}-{kind}",
                {"distinct": "$coll", "key": "a", parameter: given(parameter, value)},
                _TWENTY,
            )
    for name, key in {
        "empty": "",
        "dollar": "$a",
        "dot-end": "a.",
        "dot-start": ".a",
        "dots": "a..b",
        "nul": "a\x00",
    }.items():
        yield Case(f"distinct-path-{name}", {"distinct": "$coll", "key": key}, _TWENTY)
    yield Case("distinct-no-key", {"distinct": "$coll"}, _TWENTY)
    yield Case("distinct-unknown-field", {"distinct": "$coll", "key": "a", "nope": 1}, _TWENTY)
