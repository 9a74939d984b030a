"""Protocols between the engine and a storage backend.

A backend keeps *record tables* (record id → document), *index tables* (key bytes → record id), and one catalog of
opaque entries. It knows bytes and their order; what a key means, and which keys a document has, is the engine's
business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from satchel.settings import Limits
from satchel.storage.blocks import BlockStore
from satchel.storage.change_log import ChangeLogReader, ChangeLogWriter
from satchel.storage.predicate import BoundPredicate, Path
from satchel.values.bson_types import BsonValue, Document, Field

Record: TypeAlias = tuple[int, bytes]
"""A stored document: its record id (natural order) and its BSON."""

IndexRow: TypeAlias = tuple[bytes, int]
"""A row of an index table: the key and the record id it leads to."""

JudgedRecord: TypeAlias = tuple[int, bytes, int]
"""A record that a scan met: its record id, its BSON, and 1 where the scan's predicate is certain of it, else 0."""

IndexedRecord: TypeAlias = tuple[bytes, int, bytes, int]
"""A record that was met through an index: the key that led to it, and then what a `JudgedRecord` has."""


class NewRecord(NamedTuple):
    """A record to be written: its id, the KeyString of its `_id`, its BSON, and the same document decoded."""

    rid: int
    id_key: bytes
    bson: bytes
    document: Document


class PartialRecords(NamedTuple):
    """Some fields of records that follow each other in natural order.

    Attributes:
        last_rid: The record id of the last of them, or None when there was no record any more.
        columns: Of each field its value in each record, or MISSING; None when only the records say.
        rids: The record ids, if they were asked for.
    """

    last_rid: int | None
    columns: dict[str, list[Field]] | None
    rids: list[int]


@dataclass(frozen=True, slots=True)
class KeyRange:
    """The keys from `low`, inclusive, to `high`, exclusive; `None` leaves an end open."""

    low: bytes | None = None
    high: bytes | None = None


FULL_RANGE = KeyRange()


@dataclass(frozen=True, slots=True)
class CatalogRow:
    """One collection or view in the catalog; `entry` is BSON that only the engine reads."""

    namespace: str
    table: str
    entry: bytes


@dataclass(frozen=True, slots=True)
class TableSize:
    """Bytes on disk of a table (0 where the backend cannot tell)."""

    data_bytes: int
    allocated_bytes: int


class Totals(NamedTuple):
    """How many records a table has, and the bytes of their BSON."""

    documents: int
    bytes: int


class Reader(Protocol):
    """A snapshot of the whole file. One thread uses it at a time.

    A scan that is given a predicate leaves the records out to which the predicate says no.
    """

    @property
    def change_log(self) -> ChangeLogReader:
        """The change log in this snapshot."""

    def watch(self, check: Callable[[], None] | None) -> None:
        """Call `check` now and then while something is read; what it raises ends the reading. None ends the watch."""

    def catalog_version(self) -> int:
        """Return a number that changes whenever the catalog does, in whichever process."""

    def catalog_rows(self) -> list[CatalogRow]:
        """Return every entry of the catalog."""

    def get(self, table: str, rid: int) -> bytes | None:
        """Return the BSON of one record."""

    def get_by_id(self, table: str, id_key: bytes) -> Record | None:
        """Return the record whose `_id` has the KeyString `id_key`."""

    def get_by_key(self, table: str, index: str, key: bytes) -> Record | None:
        """Return the first record that an index leads to from a key."""

    def documents_at(self, table: str, index: str, key: bytes) -> list[bytes]:
        """Return the BSON of all records that an index leads to from a key, in the order of their record ids."""

    def scan(
        self, table: str, *, after: int | None = None, backward: bool = False, predicate: BoundPredicate | None = None
    ) -> Iterator[JudgedRecord]:
        """Yield the records in natural order, beyond the record id `after`."""

    def can_read_fields(self, names: Iterable[str]) -> bool:
        """Tell whether `read_fields` can read these dotted paths, and is quicker than decoding documents."""

    def read_fields(
        self,
        table: str,
        names: Sequence[str],
        *,
        after: int,
        predicate: BoundPredicate | None = None,
        with_rids: bool = False,
    ) -> PartialRecords:
        """Return fields of the next records in natural order, beyond the record id `after`; `names` are dotted paths.

        Without columns when a path goes through an array, or the predicate is not certain of one of the records.
        """

    def read_listed_fields(
        self, table: str, names: Sequence[str], rids: Sequence[int], *, predicate: BoundPredicate | None = None
    ) -> PartialRecords:
        """Return the same of the records of a list, in its order, if there are such; a list must not be long."""

    def sort_bound(
        self, table: str, path: Path, count: int, *, descending: bool, predicate: BoundPredicate | None = None
    ) -> BsonValue:
        """Return a value that `count` records have at a path or come before, in a sort by it.

        Only records count of which the predicate is certain and that have no array on the path. None when there are not
        as many, or when the value would not be found quickly.
        """

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

    def scan_keys(self, index: str, bounds: KeyRange = FULL_RANGE) -> Iterator[IndexRow]:
        """Yield the rows of an index within `bounds`, in key order."""

    def scan_id_keys(self, table: str, bounds: KeyRange) -> Iterator[IndexRow]:
        """Yield the `_id` keys within `bounds`, in order, with the record ids that they lead to."""

    def count(self, table: str) -> int:
        """Return how many records a table has."""

    def count_matching(self, table: str, predicate: BoundPredicate) -> tuple[int, Iterator[JudgedRecord]]:
        """Return how many records a predicate is certain of, and the records that it cannot decide on."""

    def explain(self, predicate: BoundPredicate) -> str:
        """Return a predicate in the backend's own words, for people."""

    def count_keys(self, index: str, bounds: KeyRange, limit: int | None = None) -> int:
        """Return how many rows of an index lie within `bounds`, counting no further than `limit`."""

    def count_ids(self, table: str, bounds: KeyRange, limit: int | None = None) -> int:
        """Return how many `_id` keys lie within `bounds`, counting no further than `limit`."""

    def sample(self, table: str, size: int) -> list[Record]:
        """Return up to `size` records chosen at random, without repetition."""

    def last_rid(self, table: str) -> int:
        """Return the greatest record id of a table, 0 when it is empty."""

    def data_bytes(self, table: str) -> int:
        """Return the bytes of all BSON in a record table."""

    def totals(self, table: str) -> Totals:
        """Return the same at once, for a table that keeps count (`Writer.keep_totals`)."""

    def table_size(self, table: str) -> TableSize:
        """Return the bytes that a record or index table takes."""

    def session_record(self, session: bytes) -> bytes | None:
        """Return what was last put on record for a session."""

    def check(self) -> list[str]:
        """Return what is wrong with the file itself, one line each; empty when it is sound."""


class Writer(Reader, Protocol):
    """A write transaction: it sees its own changes, and there is one at a time."""

    @property
    def change_log(self) -> ChangeLogWriter:
        """The change log in this transaction."""

    def savepoint(self) -> AbstractContextManager[object]:
        """Undo, when the block raises, what was written in it."""

    def add(self, table: str, id_key: bytes, bson: bytes, document: Document) -> int:
        """Add one record behind all others and return its record id.

        Raises:
            DuplicateKeyError: The `_id` key is there already.
        """

    def insert(self, table: str, records: Sequence[NewRecord]) -> None:
        """Add records.

        Raises:
            DuplicateKeyError: An `_id` key is there already.
        """

    def replace(self, table: str, rid: int, bson: bytes, document: Document) -> None:
        """Put another document in the place of a record."""

    def delete(self, table: str, rids: Iterable[int]) -> None:
        """Remove records."""

    def insert_keys(self, index: str, rows: Sequence[IndexRow]) -> None:
        """Add rows to an index.

        Raises:
            DuplicateKeyError: The index is unique and holds a key already.
        """

    def delete_keys(self, index: str, rows: Iterable[IndexRow]) -> None:
        """Remove rows from an index; rows that are not there are passed over."""

    def create_table(self, namespace: str) -> str:
        """Create an empty record table for a namespace and return the table's name."""

    def keep_totals(self, table: str) -> None:
        """Have a record table keep count of its records and their bytes, from now on and in every process."""

    def clear(self, table: str) -> None:
        """Remove every row of a record or index table."""

    def drop_table(self, table: str) -> None:
        """Remove a record table and its records."""

    def rename_table(self, table: str, namespace: str) -> str:
        """Give a record table the name that fits another namespace and return it."""

    def create_index(self, table: str, name: str, *, unique: bool) -> str:
        """Create an empty index table and return its name."""

    def drop_index(self, index: str) -> None:
        """Remove an index table."""

    def put_catalog_row(self, row: CatalogRow) -> None:
        """Add or replace a catalog entry."""

    def delete_catalog_row(self, namespace: str) -> None:
        """Remove a catalog entry."""

    def put_session_record(self, session: bytes, used_ms: int, record: bytes) -> None:
        """Put on record what a session has done, in the place of what was there.

        Args:
            session: What tells it from other sessions.
            used_ms: The time of its last use, in milliseconds since 1970.
            record: What to remember; only the engine reads it.
        """

    def delete_session_records(self, before_ms: int) -> None:
        """Remove the records of sessions that were last used before a time."""


class OpenTransaction(Protocol):
    """A transaction that stays open between commands. One thread at a time uses it.

    Its snapshot is that of its first `read` or `write`. It holds up other writers from its first `write` on, and nobody
    before.
    """

    @property
    def has_written(self) -> bool:
        """Whether `write` was entered."""

    def read(self) -> AbstractContextManager[Reader]:
        """Read the snapshot, and what the transaction has changed, for the length of the block.

        Raises:
            TransactionLostError: The transaction is no more.
        """

    def write(self, check: Callable[[], None] | None = None) -> AbstractContextManager[Writer]:
        """Read and write for the length of the block; what was written stays when the block raises.

        Args:
            check: Called while others write; what it raises ends the waiting.

        Raises:
            WriteConflictError: Somebody has written since the snapshot, or another transaction goes on writing.
            TransactionLostError: The transaction is no more.
        """

    def commit(self) -> None:
        """Make everything that was written visible to others, and end; `Storage.sync` makes it durable."""

    def rollback(self) -> None:
        """Undo what was written and end the transaction, if it has not ended."""


@dataclass(frozen=True, slots=True)
class StorageStats:
    """Sizes of the whole file in bytes."""

    file_bytes: int
    free_bytes: int
    page_bytes: int


class Storage(Protocol):
    """A file that is open."""

    limits: Limits
    """The limits of this process, which others may change."""

    @property
    def path(self) -> str:
        """The file's path, or `:memory:`."""

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""

    def read(self) -> AbstractContextManager[Reader]:
        """Open a snapshot for the length of the block."""

    def write(
        self, *, durable: bool = False, check: Callable[[], None] | None = None
    ) -> AbstractContextManager[Writer]:
        """Run the block as a write transaction: commit at its end, roll back when it raises.

        Args:
            durable: Return only once the change has reached the disk (fsync); otherwise it does within 100 ms.
            check: Called while others write; what it raises ends the waiting.
        """

    def begin(self) -> OpenTransaction:
        """Return a transaction that stays open between commands until `commit` or `rollback`."""

    def version(self) -> int:
        """Return a number that changes whenever anybody, in whichever process, has changed the file.

        Two numbers tell nothing when the process has forked in between.
        """

    def stats(self) -> StorageStats:
        """Return the sizes of the file."""

    def temporary_blocks(self) -> BlockStore:
        """Return a place for what does not fit into memory, as safe from other eyes as the file itself."""

    def sync(self) -> None:
        """Bring every committed change to the disk before returning."""

    def compact(self) -> int:
        """Give free space back to the file system and return the bytes freed."""

    def close(self) -> None:
        """Close every connection; later calls raise StorageError."""
