"""The stages, one module each; importing this package registers them all."""

from __future__ import annotations

from satchel.mql.pipeline.stages import (
    bucket,
    bucket_auto,
    count,
    documents,
    facet,
    graph_lookup,
    group,
    limit,
    lookup,
    match,
    project,
    redact,
    replace_root,
    sample,
    skip,
    sort,
    sort_by_count,
    union_with,
    unwind,
)

__all__ = [
    "bucket",
    "bucket_auto",
    "count",
    "documents",
    "facet",
    "graph_lookup",
    "group",
    "limit",
    "lookup",
    "match",
    "project",
    "redact",
    "replace_root",
    "sample",
    "skip",
    "sort",
    "sort_by_count",
    "union_with",
    "unwind",
]
