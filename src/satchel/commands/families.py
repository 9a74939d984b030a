"""Imports every module of commands, so that they are registered."""

from satchel.commands import (
    aggregation,
    bulk_write,
    collections,
    crud,
    cursors,
    diagnostics,
    explain,
    handshake,
    indexes,
    sessions,
)

__all__ = [
    "aggregation",
    "bulk_write",
    "collections",
    "crud",
    "cursors",
    "diagnostics",
    "explain",
    "handshake",
    "indexes",
    "sessions",
]
