"""The stages, one module each; importing this package registers them all."""

from __future__ import annotations

from satchel.mql.pipeline.stages import (
    count,
    limit,
    match,
    project,
    replace_root,
    sample,
    skip,
    sort,
    unwind,
)

__all__ = ["count", "limit", "match", "project", "replace_root", "sample", "skip", "sort", "unwind"]
