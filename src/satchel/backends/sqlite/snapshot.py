"""Reading and writing within one SQLite transaction: the `Reader` and `Writer` of the storage interface."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from operator import length_hint
from typing import Final, TypeAlias, TypeVar, cast

import apsw

from satchel.backends.sqlite import schema, sort_bounds
from satchel.backends.sqlite.change_log import SqliteChangeLog
from satchel.backends.sqlite.fields import FieldReader, can_read
from satchel.backends.sqlite.json_projection import project
from satchel.backends.sqlite.places import Place
from satchel.backends.sqlite.predicates import EVERYTHING, TRUE, Narrowing, narrowing
from satchel.backends.sqlite.schema import CATALOG, SESSIONS, TOTALS, quote
from satchel.errors import DuplicateKeyError
from satchel.storage.interface import (
    FULL_RANGE,
    CatalogRow,
    IndexedRecord,
    IndexRow,
    JudgedRecord,
    KeyRange,
    NewRecord,
    PartialRecords,
    Record,
    StorageStats,
    TableSize,
    Totals,
)
from satchel.storage.predicate import BoundPredicate, Path
from satchel.values.bson_types import BsonValue, Document

Row = TypeVar("Row")
Arguments: TypeAlias = "Sequence[object] | Mapping[str, object]"

_ALL: Final = Narrowing(TRUE, TRUE, TRUE, {})
_LAST_RID: Final = 2**63 - 1
_NO_LIMIT: Final = -1
_ASKED: Final = 2**31
"""What a record that a predicate cannot decide on adds to a sum to which others add 1 or 0."""

_STEPS_BETWEEN_CHECKS: Final = 20_000
"""Steps of SQLite's virtual machine: a few milliseconds."""


class SqliteReader:
    """A snapshot on one connection. `close` ends every statement that is still being read."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._open_cursors: list[apsw.Cursor] = []
        self._is_watched = False
        self._change_log: SqliteChangeLog | None = None
        self._fields = FieldReader(connection)

    @property
    def change_log(self) -> SqliteChangeLog:
        """The change log in this transaction."""
        if self._change_log is None:
            self._change_log = SqliteChangeLog(self._connection)
        return self._change_log

    def close(self) -> None:
        """End every scan that has not run out, so that the snapshot can end."""
        if self._open_cursors:
            for cursor in self._open_cursors:
                cursor.close(True)
            self._open_cursors.clear()
        if self._is_watched:
            self.watch(None)

    def watch(self, check: Callable[[], None] | None) -> None:
        """Call `check` now and then while something is read; what it raises ends the reading. None ends the watch."""
        if check is not None:

            def handler() -> bool:
                check()
                return False

            self._connection.set_progress_handler(handler, _STEPS_BETWEEN_CHECKS)
        elif self._is_watched:
            self._connection.set_progress_handler(None)
        self._is_watched = check is not None

    def catalog_version(self) -> int:
        """Return SQLite's schema cookie, which every change of the catalog moves."""
        version: int = self._connection.execute("PRAGMA schema_version").get
        return version

    def catalog_rows(self) -> list[CatalogRow]:
        """Return every entry of the catalog."""
        rows = self._connection.execute(f"SELECT namespace, tbl, entry FROM {CATALOG}")
        return [CatalogRow(*row) for row in rows]

    def get(self, table: str, rid: int) -> bytes | None:
        """Return the BSON of one record."""
        return cast(
            bytes | None, self._connection.execute(f"SELECT bson FROM {quote(table)} WHERE rid = ?", (rid,)).get
        )

    def get_by_id(self, table: str, id_key: bytes) -> Record | None:
        """Return the record whose `_id` has the KeyString `id_key`."""
        record: Record | None = self._connection.execute(_by_id_sql(table), (id_key,)).get
        return record

    def get_by_key(self, table: str, index: str, key: bytes) -> Record | None:
        """Return the first record that an index leads to from a key."""
        record: Record | None = self._connection.execute(_by_key_sql(table, index), (key,)).get
        return record

    def documents_at(self, table: str, index: str, key: bytes) -> list[bytes]:
        """Return the BSON of all records that an index leads to from a key, in the order of their record ids."""
        return [bson for (bson,) in self._connection.execute(_documents_at_sql(table, index), (key,))]

    def scan(
        self, table: str, *, after: int | None = None, backward: bool = False, predicate: BoundPredicate | None = None
    ) -> Iterator[JudgedRecord]:
        """Yield the records in natural order, beyond the record id `after`."""
        narrowed = _narrowing(predicate)
        start = (_LAST_RID if backward else 0) if after is None else after
        beyond, order = ("<", "DESC") if backward else (">", "ASC")
        sql = (
            f"SELECT t.rid, t.bson, {narrowed.certain} FROM {quote(table)} AS t"
            f" WHERE t.rid {beyond} :after AND {narrowed.possible} ORDER BY t.rid {order}"
        )
        return self._rows(sql, {"after": start, **narrowed.arguments})

    def can_read_fields(self, names: Iterable[str]) -> bool:
        """Tell whether `read_fields` can read these dotted paths, and is quicker than decoding documents."""
        return can_read(names)

    def read_fields(
        self,
        table: str,
        names: Sequence[str],
        *,
        after: int,
        predicate: BoundPredicate | None = None,
        with_rids: bool = False,
    ) -> PartialRecords:
        """Return fields of the next records in natural order, beyond `after`; `names` are dotted paths."""
        narrowed = _ALL if predicate is None else narrowing(predicate)
        return self._fields.read_next(table, tuple(names), narrowed, after=after, with_rids=with_rids)

    def read_listed_fields(
        self, table: str, names: Sequence[str], rids: Sequence[int], *, predicate: BoundPredicate | None = None
    ) -> PartialRecords:
        """Return fields of the records of a list, in its order; `names` are dotted paths."""
        narrowed = _ALL if predicate is None else narrowing(predicate)
        return self._fields.read_listed(table, tuple(names), narrowed, rids)

    def sort_bound(
        self, table: str, path: Path, count: int, *, descending: bool, predicate: BoundPredicate | None = None
    ) -> BsonValue:
        """Return a value that `count` records come before or have; None where it would not be found quickly."""
        narrowed, place = _ALL if predicate is None else narrowing(predicate), Place("t.doc", path=path)
        sample = self._connection.execute(
            sort_bounds.sample_sql(table, place, narrowed.possible), narrowed.arguments
        ).fetchall()
        form = sort_bounds.form_of(cast("list[tuple[str | None]]", sample))
        if form is None:
            return None
        sql = sort_bounds.bound_sql(table, place, form, narrowed, descending=descending)
        value = self._connection.execute(sql, {"before": count - 1, **narrowed.arguments}).get
        return None if value is None else form.bound(value, descending=descending)

    def scan_ids(
        self,
        table: str,
        bounds: KeyRange,
        *,
        after: bytes | None = None,
        backward: bool = False,
        predicate: BoundPredicate | None = None,
    ) -> Iterator[IndexedRecord]:
        """Yield the records in the order of their `_id` keys, beyond the key `after`."""
        narrowed = _narrowing(predicate)
        where, arguments = _id_conditions(bounds, after, backward)
        sql = (
            f"SELECT t.id, t.rid, t.bson, {narrowed.certain} FROM {quote(table)} AS t"
            f" WHERE {where} AND {narrowed.possible} ORDER BY t.id {'DESC' if backward else 'ASC'}"
        )
        return self._rows(sql, {**arguments, **narrowed.arguments})

    def scan_index(
        self,
        table: str,
        index: str,
        bounds: KeyRange,
        *,
        after: IndexRow | None = None,
        backward: bool = False,
        predicate: BoundPredicate | None = None,
    ) -> Iterator[IndexedRecord]:
        """Yield the records that the index rows within `bounds` lead to, in key order, beyond the row `after`."""
        narrowed = _narrowing(predicate)
        where, arguments = _key_conditions(bounds, after, backward)
        order = "i.key DESC, i.rid DESC" if backward else "i.key, i.rid"
        sql = (
            f"SELECT i.key, i.rid, t.bson, {narrowed.certain}"
            f" FROM {quote(index)} AS i CROSS JOIN {quote(table)} AS t ON t.rid = i.rid"
            f" WHERE {where} AND {narrowed.possible} ORDER BY {order}"
        )
        return self._rows(sql, {**arguments, **narrowed.arguments})

    def scan_keys(self, index: str, bounds: KeyRange = FULL_RANGE) -> Iterator[IndexRow]:
        """Yield the rows of an index within `bounds`, in key order."""
        where, arguments = _key_conditions(bounds, None, backward=False)
        return self._rows(
            f"SELECT i.key, i.rid FROM {quote(index)} AS i WHERE {where} ORDER BY i.key, i.rid", arguments
        )

    def scan_id_keys(self, table: str, bounds: KeyRange) -> Iterator[IndexRow]:
        """Yield the `_id` keys within `bounds`, in order, with the record ids that they lead to."""
        where, arguments = _id_conditions(bounds, None, backward=False)
        return self._rows(f"SELECT t.id, t.rid FROM {quote(table)} AS t WHERE {where} ORDER BY t.id", arguments)

    def count(self, table: str) -> int:
        """Return how many records a table has."""
        return self._number(f"SELECT count(*) FROM {quote(table)}", ())

    def count_matching(self, table: str, predicate: BoundPredicate) -> tuple[int, Iterator[JudgedRecord]]:
        """Return how many records a predicate is certain of, and the records that it cannot decide on."""
        narrowed, records = narrowing(predicate), f"FROM {quote(table)} AS t"
        if narrowed.answer:
            counts = f"SELECT coalesce(sum(ifnull({narrowed.answer}, {_ASKED})), 0) {records}"
            asked, certain = divmod(self._number(counts, narrowed.arguments), _ASKED)
        else:
            counts = f"SELECT count(*), count(*) FILTER (WHERE {narrowed.certain}) {records} WHERE {narrowed.possible}"
            possible, certain = cast("tuple[int, int]", self._connection.execute(counts, narrowed.arguments).get)
            asked = possible - certain
        if not asked:
            return certain, iter(())
        sql = f"SELECT t.rid, t.bson, FALSE {records} WHERE {narrowed.possible} AND NOT {narrowed.certain}"
        return certain, self._rows(sql, narrowed.arguments)

    def explain(self, predicate: BoundPredicate) -> str:
        """Return the SQL that a scan narrows with."""
        return narrowing(predicate).possible

    def count_keys(self, index: str, bounds: KeyRange, limit: int | None = None) -> int:
        """Return how many rows of an index lie within `bounds`, counting no further than `limit`."""
        where, arguments = _key_conditions(bounds, None, backward=False)
        return self._number(
            f"SELECT count(*) FROM (SELECT 1 FROM {quote(index)} AS i WHERE {where} LIMIT :limit)",
            {**arguments, "limit": _NO_LIMIT if limit is None else limit},
        )

    def count_ids(self, table: str, bounds: KeyRange, limit: int | None = None) -> int:
        """Return how many `_id` keys lie within `bounds`, counting no further than `limit`."""
        where, arguments = _id_conditions(bounds, None, backward=False)
        return self._number(
            f"SELECT count(*) FROM (SELECT 1 FROM {quote(table)} AS t WHERE {where} LIMIT :limit)",
            {**arguments, "limit": _NO_LIMIT if limit is None else limit},
        )

    def sample(self, table: str, size: int) -> list[Record]:
        """Return up to `size` records chosen at random, without repetition."""
        name = quote(table)
        sql = f"SELECT rid, bson FROM {name} WHERE rid IN (SELECT rid FROM {name} ORDER BY random() LIMIT ?)"
        return cast(list[Record], self._connection.execute(sql, (size,)).fetchall())

    def last_rid(self, table: str) -> int:
        """Return the greatest record id of a table, 0 when it is empty."""
        return self._number(f"SELECT coalesce(max(rid), 0) FROM {quote(table)}", ())

    def data_bytes(self, table: str) -> int:
        """Return the bytes of all BSON in a record table."""
        return self._number(f"SELECT coalesce(sum(length(bson)), 0) FROM {quote(table)}", ())

    def totals(self, table: str) -> Totals:
        """Return how many records a table has that keeps count of them, and the bytes of their BSON."""
        rows = self._connection.execute(f"SELECT documents, bytes FROM {TOTALS} WHERE tbl = ?", (table,)).fetchall()
        return Totals(*cast("tuple[int, int]", rows[0]))

    def table_size(self, table: str) -> TableSize:
        """Return the bytes that a record or index table takes, its automatic indexes included."""
        sql = """
            SELECT coalesce(sum(payload), 0), coalesce(sum(pgsize), 0) FROM dbstat
            WHERE aggregate = 1 AND name IN (SELECT name FROM sqlite_schema WHERE tbl_name = ?)
        """
        payload, allocated = self._connection.execute(sql, (table,)).fetchall()[0]
        return TableSize(cast("int", payload), cast("int", allocated))

    def file_stats(self) -> StorageStats:
        """Return the sizes of the whole file."""
        pages, free, size = (
            cast(int, self._connection.pragma(name)) for name in ("page_count", "freelist_count", "page_size")
        )
        return StorageStats(pages * size, free * size, size)

    def session_record(self, session: bytes) -> bytes | None:
        """Return what was last put on record for a session."""
        try:
            rows = self._connection.execute(f"SELECT record FROM {SESSIONS} WHERE session = ?", (session,))
        except apsw.SQLError:  # nobody has needed the table yet
            return None
        return cast("bytes | None", rows.get)

    def check(self) -> list[str]:
        """Return what SQLite's integrity check finds; empty when the file is sound."""
        lines = [row[0] for row in self._connection.execute("PRAGMA integrity_check")]
        return [] if lines == ["ok"] else lines

    def _rows(self, sql: str, arguments: Arguments) -> Iterator[Row]:
        cursor = self._connection.cursor()
        self._open_cursors.append(cursor)
        return cast(Iterator[Row], cursor.execute(sql, arguments))

    def _number(self, sql: str, arguments: Arguments) -> int:
        number: int = self._connection.execute(sql, arguments).get
        return number


def _narrowing(predicate: BoundPredicate | None) -> Narrowing:
    return EVERYTHING if predicate is None else narrowing(predicate)


def _id_conditions(bounds: KeyRange, after: bytes | None, backward: bool) -> tuple[str, dict[str, object]]:
    arguments: dict[str, object] = {"low": bounds.low, "high": bounds.high, "after": after}
    conditions = {"low": "t.id >= :low", "high": "t.id < :high", "after": f"t.id {'<' if backward else '>'} :after"}
    return _given(conditions, arguments)


def _key_conditions(bounds: KeyRange, after: IndexRow | None, backward: bool) -> tuple[str, dict[str, object]]:
    # The end that lies behind is left out: SQLite would start from it.
    arguments: dict[str, object] = {
        "low": bounds.low if after is None or backward else None,
        "high": bounds.high if after is None or not backward else None,
        "after": after and after[0],
    }
    conditions = {
        "low": "i.key >= :low",
        "high": "i.key < :high",
        "after": f"(i.key, i.rid) {'<' if backward else '>'} (:after, :after_rid)",
    }
    where, used = _given(conditions, arguments)
    return where, {**used, "after_rid": after[1]} if after is not None else used


def _given(conditions: dict[str, str], arguments: dict[str, object]) -> tuple[str, dict[str, object]]:
    """Return the conditions whose argument is given, as one, with the arguments."""
    used = {name: value for name, value in arguments.items() if value is not None}
    return " AND ".join(conditions[name] for name in used) or "TRUE", used


class SqliteWriter(SqliteReader):
    """A write transaction on the write connection."""

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo, when the block raises, what was written in it."""
        self._connection.execute("SAVEPOINT satchel")
        try:
            yield
        except BaseException:
            # A full disk makes SQLite roll the whole transaction back by itself.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO satchel; RELEASE satchel")
            raise
        self._connection.execute("RELEASE satchel")

    def add(self, table: str, id_key: bytes, bson: bytes, document: Document) -> int:
        """Add one record behind all others and return its record id.

        Raises:
            DuplicateKeyError: The `_id` key is there already.
        """
        try:
            self._connection.execute(_insert_sql(table), (None, id_key, _json_text(document, bson), bson))
        except apsw.ConstraintError as error:
            raise DuplicateKeyError("", id_key) from error
        return self._connection.last_insert_rowid()

    def insert(self, table: str, records: Sequence[NewRecord]) -> None:
        """Add records.

        Raises:
            DuplicateKeyError: An `_id` key is there already.
        """
        left = iter(records)
        rows = ((rid, id_key, _json_text(document, bson), bson) for rid, id_key, bson, document in left)
        try:
            self._connection.executemany(_insert_sql(table), rows)
        except apsw.ConstraintError as error:
            raise DuplicateKeyError("", records[-length_hint(left) - 1].id_key) from error

    def replace(self, table: str, rid: int, bson: bytes, document: Document) -> None:
        """Put another document in the place of a record."""
        self._connection.execute(_replace_sql(table), (_json_text(document, bson), bson, rid))

    def delete(self, table: str, rids: Iterable[int]) -> None:
        """Remove records."""
        self._connection.executemany(f"DELETE FROM {quote(table)} WHERE rid = ?", ((rid,) for rid in rids))

    def insert_keys(self, index: str, rows: Sequence[IndexRow]) -> None:
        """Add rows to an index.

        Raises:
            DuplicateKeyError: The index is unique and holds a key already.
        """
        left = iter(rows)
        try:
            self._connection.executemany(_insert_keys_sql(index), left)
        except apsw.ConstraintError as error:
            raise DuplicateKeyError(index, rows[-length_hint(left) - 1][0]) from error

    def delete_keys(self, index: str, rows: Iterable[IndexRow]) -> None:
        """Remove rows from an index; rows that are not there are passed over."""
        self._connection.executemany(f"DELETE FROM {quote(index)} WHERE key = ? AND rid = ?", rows)

    def create_table(self, namespace: str) -> str:
        """Create an empty record table for a namespace and return the table's name."""
        table = self._free_name(namespace)
        self._connection.execute(schema.create_record_table(table))
        return table

    def clear(self, table: str) -> None:
        """Remove every row of a record or index table."""
        self._connection.execute(f"DELETE FROM {quote(table)}")

    def drop_table(self, table: str) -> None:
        """Remove a record table and its records."""
        self._end_scans()
        if self._totals_triggers(table):
            self._connection.execute(f"DELETE FROM {TOTALS} WHERE tbl = ?", (table,))
        self._connection.execute(f"DROP TABLE {quote(table)}")

    def rename_table(self, table: str, namespace: str) -> str:
        """Give a table the name that fits another namespace and return it."""
        self._end_scans()
        name = self._free_name(namespace)
        triggers = self._totals_triggers(table)
        for trigger in triggers:
            self._connection.execute(f"DROP TRIGGER {quote(trigger)}")
        self._connection.execute(f"ALTER TABLE {quote(table)} RENAME TO {quote(name)}")
        if triggers:
            self._connection.execute(f"UPDATE {TOTALS} SET tbl = ? WHERE tbl = ?", (name, table))
            self._create_totals_triggers(name)
        return name

    def keep_totals(self, table: str) -> None:
        """Count a record table's records and bytes, and from now on keep count."""
        self._connection.execute(schema.CREATE_TOTALS)
        self._connection.execute(
            f"INSERT INTO {TOTALS} SELECT ?, count(*), coalesce(sum(length(bson)), 0) FROM {quote(table)}", (table,)
        )
        self._create_totals_triggers(table)

    def _create_totals_triggers(self, table: str) -> None:
        for change, definition in schema.totals_triggers(table).items():
            trigger = self._free_name(f"{table}${change}")
            self._connection.execute(f"CREATE TRIGGER {quote(trigger)} {definition}")

    def _totals_triggers(self, table: str) -> list[str]:
        sql = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?"
        return [cast("str", name) for (name,) in self._connection.execute(sql, (table,)).fetchall()]

    def create_index(self, table: str, name: str, *, unique: bool) -> str:
        """Create an empty index table and return its name."""
        index = self._free_name(f"{table}${name}")
        self._connection.execute(schema.create_index_table(index, unique=unique))
        return index

    def drop_index(self, index: str) -> None:
        """Remove an index table."""
        self.drop_table(index)

    def put_catalog_row(self, row: CatalogRow) -> None:
        """Add or replace a catalog entry."""
        self._connection.execute(
            f"INSERT OR REPLACE INTO {CATALOG} (namespace, tbl, entry) VALUES (?, ?, ?)",
            (row.namespace, row.table, row.entry),
        )
        self._move_catalog_version()

    def delete_catalog_row(self, namespace: str) -> None:
        """Remove a catalog entry."""
        self._connection.execute(f"DELETE FROM {CATALOG} WHERE namespace = ?", (namespace,))
        self._move_catalog_version()

    def put_session_record(self, session: bytes, used_ms: int, record: bytes) -> None:
        """Put on record what a session has done, in the place of what was there."""
        self._connection.execute(schema.CREATE_SESSIONS)
        self._connection.execute(f"INSERT OR REPLACE INTO {SESSIONS} VALUES (?, ?, ?)", (session, used_ms, record))

    def delete_session_records(self, before_ms: int) -> None:
        """Remove the records of sessions that were last used before a time."""
        self._connection.execute(schema.CREATE_SESSIONS)
        self._connection.execute(f"DELETE FROM {SESSIONS} WHERE used < ?", (before_ms,))

    def _end_scans(self) -> None:
        """SQLite refuses to drop a table that is being read."""
        self.close()

    def _move_catalog_version(self) -> None:
        self._connection.execute(f"PRAGMA schema_version = {self.catalog_version() + 1}")

    def _free_name(self, wanted: str) -> str:
        """Return `wanted`, or the first name after it that is free: SQLite's table names ignore case, ours do not."""
        if wanted.lower().startswith("sqlite_"):
            wanted = "_" + wanted
        name, number = wanted, 1
        while self._connection.execute("SELECT 1 FROM sqlite_schema WHERE lower(name) = lower(?)", (name,)).get:
            number += 1
            name = f"{wanted}~{number}"
        return name


@lru_cache(maxsize=256)
def _by_id_sql(table: str) -> str:
    return f"SELECT rid, bson FROM {quote(table)} WHERE id = ?"


@lru_cache(maxsize=1024)
def _by_key_sql(table: str, index: str) -> str:
    return f"SELECT t.rid, t.bson {_at_key(table, index)} LIMIT 1"


@lru_cache(maxsize=1024)
def _documents_at_sql(table: str, index: str) -> str:
    return f"SELECT t.bson {_at_key(table, index)}"


def _at_key(table: str, index: str) -> str:
    """Return the end of a statement that reads the records `t` to which an index leads from a key, in their order."""
    return f"FROM {quote(index)} AS i CROSS JOIN {quote(table)} AS t ON t.rid = i.rid WHERE i.key = ? ORDER BY i.rid"


@lru_cache(maxsize=256)
def _insert_sql(table: str) -> str:
    return f"INSERT INTO {quote(table)} (rid, id, doc, bson) VALUES (?, ?, jsonb(?), ?)"


@lru_cache(maxsize=256)
def _replace_sql(table: str) -> str:
    return f"UPDATE {quote(table)} SET doc = jsonb(?), bson = ? WHERE rid = ?"


@lru_cache(maxsize=1024)
def _insert_keys_sql(index: str) -> str:
    return f"INSERT INTO {quote(index)} (key, rid) VALUES (?, ?)"


def _json_text(document: Document, bson: bytes) -> str | None:
    """Return the projection as SQLite's `jsonb` wants it: as text (a blob would be taken for JSONB)."""
    projection = project(document, bson)
    return None if projection is None else projection.decode()
