"""Sort orders over every type, arrays and missing fields."""

from __future__ import annotations

from collections.abc import Iterator

from ..case import Case


def cases() -> Iterator[Case]:
    for name in ("every value", "few values in arrays", "few values in objects", "numbers", "strings"):
        for direction in (1, -1):
            for path in ("v", "v.w", "v.a", "v.0"):
                yield Case(
                    f"{name} by {path} {direction}".replace(" ", "-"),
                    {"find": "$coll", "sort": {path: direction, "_id": 1}, "projection": {"_id": 1}},
                    name,
                )
