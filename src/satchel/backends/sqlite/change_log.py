"""The change log in SQLite: see `satchel.storage.change_log`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, cast

import apsw

from satchel.backends.sqlite.schema import CHANGES, CREATE_CHANGE_LOG, CREATE_CHANGES, LOG_STATE
from satchel.storage.change_log import LogEntry, LogState

_ROWS_AT_ONCE: Final = 500
_ROOM: Final = 8
"""A log that is too large loses an eighth of its size more, so that it is not trimmed again at once."""


class SqliteChangeLog:
    """The change log, as the transaction on a connection sees it.

    Args:
        connection: The connection of a reader or writer.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def is_kept(self) -> bool:
        """Tell whether changes are being logged."""
        return self._has_table(CHANGES)

    def _has_table(self, name: str) -> bool:
        sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
        return self._connection.execute(sql, (name,)).get is not None

    def state(self) -> LogState | None:
        """Return what is known of the log; None when there never was one."""
        if not self._has_table(LOG_STATE):
            return None
        rows = self._connection.execute(f"SELECT lost, watched_at FROM {LOG_STATE}").fetchall()
        return LogState(*cast("tuple[int, int]", rows[0]))

    def entries(self, after: int) -> Iterator[LogEntry]:
        """Yield the entries beyond a position, in order; no statement stays open between two of them."""
        sql = f"SELECT position, entry FROM {CHANGES} WHERE position > ? ORDER BY position LIMIT {_ROWS_AT_ONCE}"
        while rows := cast("list[tuple[int, bytes]]", self._connection.execute(sql, (after,)).fetchall()):
            for row in rows:
                yield LogEntry(*row)
            after = rows[-1][0]

    def get(self, position: int) -> bytes | None:
        """Return one entry."""
        sql = f"SELECT entry FROM {CHANGES} WHERE position = ?"
        return cast("bytes | None", self._connection.execute(sql, (position,)).get)

    def last_position(self) -> int:
        """Return the position of the newest entry; that up to which all is lost when there is none."""
        sql = f"SELECT coalesce((SELECT max(position) FROM {CHANGES}), (SELECT lost FROM {LOG_STATE}))"
        return cast("int", self._connection.execute(sql).get)

    def start(self, position: int, now: int) -> None:
        """Begin to log; all before `position`, inclusive, is lost."""
        self._connection.execute(CREATE_CHANGE_LOG)
        self._connection.execute(CREATE_CHANGES)
        self._connection.execute(
            f"INSERT INTO {LOG_STATE} (id, lost, watched_at) VALUES (1, ?1, ?2)"
            " ON CONFLICT (id) DO UPDATE SET lost = max(lost, ?1), watched_at = ?2",
            (position, now),
        )

    def append(self, entries: Iterable[LogEntry]) -> None:
        """Add entries at the end."""
        self._connection.executemany(f"INSERT INTO {CHANGES} (position, entry) VALUES (?, ?)", entries)

    def shift(self, first: int, distance: int) -> None:
        """Move the entries from `first` on to later positions, the last one first so that none meets another."""
        sql = f"SELECT position FROM {CHANGES} WHERE position >= ? ORDER BY position DESC"
        positions = cast("list[tuple[int]]", self._connection.execute(sql, (first,)).fetchall())
        self._connection.executemany(
            f"UPDATE {CHANGES} SET position = ? WHERE position = ?",
            ((position + distance, position) for (position,) in positions),
        )

    def note_watched(self, now: int) -> None:
        """Remember that somebody reads the log."""
        self._connection.execute(f"UPDATE {LOG_STATE} SET watched_at = max(watched_at, ?)", (now,))

    def trim(self, before: int, max_bytes: int) -> None:
        """Take entries away, oldest first: those before a position, and more until the rest has not too many bytes."""
        cut = max(before - 1, self._end_of_excess(max_bytes))
        sql = f"SELECT max(position) FROM {CHANGES} WHERE position <= ?"
        last = cast("int | None", self._connection.execute(sql, (cut,)).get)
        if last is not None:
            self._connection.execute(f"DELETE FROM {CHANGES} WHERE position <= ?", (last,))
            self._connection.execute(f"UPDATE {LOG_STATE} SET lost = max(lost, ?)", (last,))

    def _end_of_excess(self, max_bytes: int) -> int:
        """Return the position of the last entry that is too much, 0 when none is."""
        total = cast("int", self._connection.execute(f"SELECT coalesce(sum(length(entry)), 0) FROM {CHANGES}").get)
        if total <= max_bytes:
            return 0
        excess = total - max_bytes + max_bytes // _ROOM
        sql = f"""
            SELECT position FROM (SELECT position, sum(length(entry)) OVER (ORDER BY position) AS so_far FROM {CHANGES})
            WHERE so_far >= ? LIMIT 1
        """
        return cast("int", self._connection.execute(sql, (excess,)).get)

    def stop(self) -> None:
        """Log no longer, and take all entries away."""
        self._connection.execute(f"UPDATE {LOG_STATE} SET lost = ?", (self.last_position(),))
        self._connection.execute(f"DROP TABLE {CHANGES}")
