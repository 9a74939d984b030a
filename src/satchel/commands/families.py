"""Imports every module of commands, so that they are registered."""

from satchel.commands import (
    aggregation,
    collections,
    crud,
    cursors,
    diagnostics,
    explain,
    handshake,
    indexes,
    sessions,
)

__all__ = ["aggregation", "collections", "crud", "cursors", "diagnostics", "explain", "handshake", "indexes", "sessions"]
