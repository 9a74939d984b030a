"""The SQLite backend: one file, WAL, an ordinary table for each collection (`docs/format.md`)."""

from satchel.backends.sqlite.connection import MEMORY
from satchel.backends.sqlite.transactions import SqliteStorage

__all__ = ["MEMORY", "SqliteStorage"]
