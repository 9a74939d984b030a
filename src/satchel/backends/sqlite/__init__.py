"""The SQLite backend: one file, WAL, an ordinary table for each collection (`docs/format.md`)."""

from satchel.backends.sqlite.backup import backup
from satchel.backends.sqlite.cipher import Cipher
from satchel.backends.sqlite.connection import MEMORY, is_open_elsewhere
from satchel.backends.sqlite.rekey import rekey
from satchel.backends.sqlite.transactions import SqliteStorage, restart_after_fork

__all__ = ["MEMORY", "Cipher", "SqliteStorage", "backup", "is_open_elsewhere", "rekey", "restart_after_fork"]
