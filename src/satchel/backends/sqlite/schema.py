"""The tables of a Satchel file, and the SQL that makes them. `docs/format.md` says the same in prose."""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x53544348
"""`STCH`, in the header of every Satchel file."""

FORMAT_VERSION: Final = 1
"""`PRAGMA user_version`: the version of the file format that this release writes."""

PAGE_SIZE_BYTES: Final = 8192

CATALOG: Final = "satchel_catalog"
"""The catalog's table. A namespace always has a dot, so that no collection's table can take this name."""

CREATE_CATALOG: Final = f"""
    CREATE TABLE IF NOT EXISTS {CATALOG} (
        namespace TEXT PRIMARY KEY,  -- database.collection
        tbl TEXT NOT NULL,           -- the record table; empty for a view
        entry BLOB NOT NULL          -- BSON: options, indexes
    ) WITHOUT ROWID
"""


TOTALS: Final = "satchel_totals"
"""The table of the sizes of those record tables that keep count of them."""

CREATE_TOTALS: Final = f"""
    CREATE TABLE IF NOT EXISTS {TOTALS} (
        tbl TEXT PRIMARY KEY,        -- the record table
        documents INTEGER NOT NULL,
        bytes INTEGER NOT NULL       -- of all BSON
    ) WITHOUT ROWID
"""

CHANGES: Final = "satchel_changes"
"""The entries of the change log. While the table is there, changes are logged."""

CREATE_CHANGES: Final = f"""
    CREATE TABLE IF NOT EXISTS {CHANGES} (
        position INTEGER PRIMARY KEY,  -- seconds since 1970 << 31 | a number within the second
        entry BLOB NOT NULL            -- BSON
    )
"""

LOG_STATE: Final = "satchel_change_log"
"""The one row about the change log; it stays when the log is stopped."""

CREATE_CHANGE_LOG: Final = f"""
    CREATE TABLE IF NOT EXISTS {LOG_STATE} (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        lost INTEGER NOT NULL,         -- the position up to which (inclusive) nothing is known
        watched_at INTEGER NOT NULL    -- seconds since 1970: when a change stream last read the log
    )
"""

SESSIONS: Final = "satchel_sessions"
"""The table of what sessions have done last."""

CREATE_SESSIONS: Final = f"""
    CREATE TABLE IF NOT EXISTS {SESSIONS} (
        session BLOB PRIMARY KEY,    -- UUID and digest of the user
        used INTEGER NOT NULL,       -- milliseconds since 1970
        record BLOB NOT NULL         -- BSON: a transaction number and what was done under it
    ) WITHOUT ROWID
"""


def quote(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def create_record_table(table: str) -> str:
    """Return the SQL that makes a record table."""
    return f"""CREATE TABLE {quote(table)} (
        rid INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        doc BLOB,
        bson BLOB NOT NULL
    )"""


def create_index_table(index: str, *, unique: bool) -> str:
    """Return the SQL that makes an index table; in a unique one a key stands once."""
    primary_key = "key" if unique else "key, rid"
    return (
        f"CREATE TABLE {quote(index)} (key BLOB NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY ({primary_key}))"
        " WITHOUT ROWID"
    )


_TOTALS_CHANGES: Final = {
    "inserted": ("INSERT", "documents = documents + 1, bytes = bytes + length(NEW.bson)"),
    "deleted": ("DELETE", "documents = documents - 1, bytes = bytes - length(OLD.bson)"),
    "replaced": ("UPDATE OF bson", "bytes = bytes + length(NEW.bson) - length(OLD.bson)"),
}


def totals_triggers(table: str) -> dict[str, str]:
    """Return the SQL, without `CREATE TRIGGER` and its name, of the triggers that keep count of a record table."""
    literal = table.replace("'", "''")
    return {
        name: f"AFTER {event} ON {quote(table)} BEGIN UPDATE {TOTALS} SET {change} WHERE tbl = '{literal}'; END"
        for name, (event, change) in _TOTALS_CHANGES.items()
    }
