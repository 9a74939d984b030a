"""Ctrl-C in the middle of a write: nothing is left behind that later writes meet."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from satchel import MongoClient


class Interrupting:
    """A connection that is interrupted once, right after SQLite has run a statement.

    Args:
        connection: What it stands for.
        statement: The statement.
    """

    def __init__(self, connection: Any, statement: str) -> None:
        self._connection = connection
        self._statement = statement

    def execute(self, sql: str, *arguments: Any) -> Any:
        """Run a statement."""
        cursor = self._connection.execute(sql, *arguments)
        if sql == self._statement:
            self._statement = ""
            raise KeyboardInterrupt
        return cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@pytest.mark.parametrize("is_in_memory", [False, True])
@pytest.mark.parametrize(("statement", "is_there"), [("BEGIN IMMEDIATE", False), ("COMMIT", True)])
def test_writes_go_on_after_an_interrupt(tmp_path: Path, is_in_memory: bool, statement: str, is_there: bool) -> None:
    with MongoClient(":memory:" if is_in_memory else str(tmp_path / "a.db")) as client:
        collection = client.shop.c
        collection.insert_one({"_id": 1})
        storage = client._lease.service.engine.storage  # type: ignore[union-attr]
        connection = storage._writer  # type: ignore[attr-defined]
        storage._writer = Interrupting(connection, statement)  # type: ignore[attr-defined]
        with pytest.raises(KeyboardInterrupt):
            collection.insert_one({"_id": 2})
        storage._writer = connection  # type: ignore[attr-defined]
        assert not storage.write_lock._lock.locked()  # type: ignore[attr-defined]
        collection.insert_one({"_id": 3})
        assert (collection.find_one({"_id": 2}) is not None) is is_there


@pytest.mark.parametrize("is_in_memory", [False, True])
def test_an_interrupt_between_two_functions(tmp_path: Path, is_in_memory: bool) -> None:
    """A signal's handler may run when `__exit__` is called, before the first line of it."""
    entered: list[str] = []

    def trace(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_qualname == "_Write.__exit__":
            entered.append(event)
            sys.settrace(None)
            raise KeyboardInterrupt

    with MongoClient(":memory:" if is_in_memory else str(tmp_path / "a.db")) as client:
        collection = client.shop.c
        collection.insert_one({"_id": 1})
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            collection.insert_one({"_id": 2})
        except KeyboardInterrupt:
            entered.append("interrupted")
        finally:
            sys.settrace(before)
        assert entered == ["call", "interrupted"]
        lock = client._lease.service.engine.storage.write_lock._lock  # type: ignore[union-attr]
        if is_taken := lock.locked():
            lock.release()  # so that the client can be closed
        assert not is_taken
        collection.insert_one({"_id": 3})
        assert collection.find_one({"_id": 2}) is None
