"""Imports every module of commands, so that they are registered."""

from satchel.commands import (
    aggregation,
    bulk_write,
    collections,
    count_distinct,
    cursors,
    diagnostics,
    explain,
    find,
    find_and_modify,
    handshake,
    indexes,
    sessions,
    writes,
)

__all__ = [
    "aggregation",
    "bulk_write",
    "collections",
    "count_distinct",
    "cursors",
    "diagnostics",
    "explain",
    "find",
    "find_and_modify",
    "handshake",
    "indexes",
    "sessions",
    "writes",
]
