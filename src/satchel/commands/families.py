"""Imports every module of commands, so that they are registered."""

from satchel.commands import (
    administration,
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
    unsupported,
    writes,
)

__all__ = [
    "administration",
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
    "unsupported",
    "writes",
]
