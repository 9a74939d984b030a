"""Which indexes a plan may use, as far as that needs no look at the filter; light, so that a file is open soon."""

from __future__ import annotations

from functools import lru_cache

from satchel.engine.catalog import CollectionEntry, IndexEntry


def usable_indexes(entry: CollectionEntry) -> list[IndexEntry]:
    """Return the indexes that the planner may look at."""
    return [index for index in entry.indexes if not index.hidden]


@lru_cache(maxsize=1024)
def sole_index(entry: CollectionEntry, path: str) -> IndexEntry | None:
    """Return the only index that the planner could choose for an equality on a path, if it decides alone."""
    indexes = usable_indexes(entry)
    if any(index.kind != "btree" for index in indexes) or any(part.isdigit() for part in path.split(".")):
        return None
    leading = [index for index in indexes if index.paths[0] == path]
    if len(leading) != 1 or len(leading[0].paths) > 1:
        return None
    (index,) = leading
    return index if index.partial_filter is None and index.collation == entry.collation else None
