"""Transactions of the storage that stay open between commands, on a file and in memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from bson import encode

from satchel.backends.sqlite import SqliteStorage
from satchel.errors import ErrorCode, ServerError, StorageError, TransactionLostError, WriteConflictError
from satchel.storage.interface import NewRecord, Reader, Writer


@pytest.fixture(params=["file", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStorage]:
    storage = SqliteStorage(":memory:" if request.param == "memory" else str(tmp_path / "app.db"))
    with storage.write() as writer:
        assert writer.create_table("db.c") == "db.c"
    yield storage
    storage.close()


def put(writer: Writer, number: int) -> None:
    document = {"_id": number}
    writer.insert("db.c", [NewRecord(number, bytes([number]), encode(document), document)])


def rids(reader: Reader) -> list[int]:
    return [rid for rid, _, _ in reader.scan("db.c")]


def seen(storage: SqliteStorage) -> list[int]:
    with storage.read() as reader:
        return rids(reader)


def test_what_is_written_is_seen_inside_at_once_and_outside_after_the_commit(storage: SqliteStorage) -> None:
    transaction = storage.begin()
    with transaction.write() as writer:
        put(writer, 1)
    with transaction.read() as reader:
        assert rids(reader) == [1]
    assert seen(storage) == []
    transaction.commit()
    assert seen(storage) == [1]


def test_a_snapshot_does_not_move(storage: SqliteStorage) -> None:
    transaction = storage.begin()
    with transaction.read() as reader:
        assert rids(reader) == []
    with storage.write() as writer:
        put(writer, 1)
    with transaction.read() as reader:
        assert rids(reader) == []
    transaction.commit()


def test_rolling_back_undoes_and_lets_others_write(storage: SqliteStorage) -> None:
    transaction = storage.begin()
    with transaction.write() as writer:
        put(writer, 1)
    transaction.rollback()
    transaction.rollback()
    with storage.write() as writer:
        put(writer, 2)
    assert seen(storage) == [2]
    with pytest.raises(TransactionLostError), transaction.read():
        pass


def test_whoever_writes_first_has_won(storage: SqliteStorage) -> None:
    first, second = storage.begin(), storage.begin()
    for transaction in (first, second):
        with transaction.read() as reader:
            assert rids(reader) == []
    with first.write() as writer:
        put(writer, 1)
    with pytest.raises(WriteConflictError), second.write():
        pass
    first.commit()
    with pytest.raises(WriteConflictError), second.write():
        pass
    second.rollback()
    assert seen(storage) == [1]


def test_a_write_since_the_snapshot_is_a_conflict(storage: SqliteStorage) -> None:
    transaction = storage.begin()
    with transaction.read() as reader:
        assert rids(reader) == []
    with storage.write() as writer:
        put(writer, 1)
    with pytest.raises(WriteConflictError), transaction.write():
        pass
    transaction.rollback()


def test_a_transaction_that_begins_with_a_write_has_the_newest_snapshot(storage: SqliteStorage) -> None:
    transaction = storage.begin()
    with storage.write() as writer:
        put(writer, 1)
    with transaction.write() as writer:
        put(writer, 2)
    transaction.commit()
    assert seen(storage) == [1, 2]


def test_a_write_outside_waits_for_the_transaction(storage: SqliteStorage) -> None:
    transaction = storage.begin()
    with transaction.write() as writer:
        put(writer, 1)
    waits = threading.Event()

    def write() -> None:
        with storage.write(check=waits.set) as writer:
            put(writer, 2)

    thread = threading.Thread(target=write)
    thread.start()
    assert waits.wait(30)
    assert seen(storage) == []
    transaction.commit()
    thread.join()
    assert seen(storage) == [1, 2]


def test_waiting_ends_when_the_check_says_so(storage: SqliteStorage) -> None:
    transaction = storage.begin()
    with transaction.write() as writer:
        put(writer, 1)

    def give_up() -> None:
        raise ServerError(ErrorCode.MaxTimeMSExpired, "enough")

    with pytest.raises(ServerError), storage.write(check=give_up):
        pass
    transaction.rollback()
    with storage.write() as writer:
        put(writer, 2)
    assert seen(storage) == [2]


def test_a_commit_from_another_thread(storage: SqliteStorage) -> None:
    transaction = storage.begin()
    with transaction.write() as writer:
        put(writer, 1)
    thread = threading.Thread(target=transaction.commit)
    thread.start()
    thread.join()
    assert seen(storage) == [1]


def test_closing_rolls_open_transactions_back(tmp_path: Path) -> None:
    storage = SqliteStorage(str(tmp_path / "app.db"))
    with storage.write() as writer:
        writer.create_table("db.c")
    transaction = storage.begin()
    with transaction.write() as writer:
        put(writer, 1)
    storage.close()
    with pytest.raises(StorageError), transaction.read():
        pass
    again = SqliteStorage(str(tmp_path / "app.db"))
    assert seen(again) == []
    again.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_has_the_file_but_not_the_transaction(storage: SqliteStorage) -> None:
    transaction = storage.begin()
    with transaction.write() as writer:
        put(writer, 1)
    child = os.fork()
    if not child:
        try:
            with transaction.read():
                os._exit(1)
        except TransactionLostError:
            os._exit(0 if seen(storage) == [] else 2)
        finally:
            os._exit(3)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    transaction.commit()
    assert seen(storage) == [1]


def test_what_a_session_has_done_is_on_record(storage: SqliteStorage) -> None:
    with storage.read() as reader:
        assert reader.session_record(b"a") is None
    with storage.write() as writer:
        writer.put_session_record(b"a", 1000, b"first")
        writer.put_session_record(b"b", 2000, b"second")
        writer.put_session_record(b"a", 1500, b"third")
    with storage.write() as writer:
        assert writer.session_record(b"a") == b"third"
        writer.delete_session_records(2000)
    with storage.read() as reader:
        assert reader.session_record(b"a") is None
        assert reader.session_record(b"b") == b"second"


def test_a_write_waits_for_the_transaction_of_another_process(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    here, there = SqliteStorage(path), SqliteStorage(path)  # for SQLite as good as two processes
    with here.write() as writer:
        writer.create_table("db.c")
    transaction = there.begin()
    with transaction.write() as writer:
        put(writer, 1)

    def give_up() -> None:
        raise ServerError(ErrorCode.MaxTimeMSExpired, "enough")

    with pytest.raises(ServerError) as caught, here.write(check=give_up):
        pass
    assert caught.value.code == ErrorCode.MaxTimeMSExpired
    other = here.begin()
    with pytest.raises(WriteConflictError), other.write():
        pass
    other.rollback()
    waits = threading.Event()

    def write() -> None:
        with here.write(check=waits.set) as writer:
            put(writer, 2)

    thread = threading.Thread(target=write)
    thread.start()
    assert waits.wait(30)
    transaction.commit()
    thread.join()
    assert seen(there) == [1, 2]
    here.close()
    there.close()
