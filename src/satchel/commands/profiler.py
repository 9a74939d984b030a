"""The profiler: operations noted in a database's capped collection `system.profile`.

A thread of its own writes them, for a write may have to wait for another transaction, and a read that is profiled
must not.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bson.datetime_ms import DatetimeMS

from satchel.engine.current_op import operation_kind
from satchel.engine.engine import Engine
from satchel.engine.namespaces import Namespace
from satchel.engine.operation import Operation
from satchel.errors import ServerError
from satchel.values.bson_types import Document, encode_document

if TYPE_CHECKING:
    from satchel.mql.match import MatchExpression

PROFILE: Final = "system.profile"
CAPPED_BYTES: Final = 1024 * 1024
DEFAULT_SLOW_MS: Final = 100
_WAIT_SECONDS: Final = 0.05
_MAX_WAITING: Final = 1000
_MAX_COMMAND_BYTES: Final = 50 * 1024
_log: Final = logging.getLogger("satchel")


@dataclass(frozen=True, slots=True)
class Level:
    """What of a database is profiled.

    Attributes:
        level: 0 for nothing, 1 for what is slow or matches the filter, 2 for everything.
        filter: Decides alone at level 1, where there is one; over the documents that would be written.
        filter_spec: The same as the client gave it.
    """

    level: int = 0
    filter: MatchExpression | None = None
    filter_spec: Document | None = None


OFF: Final = Level()


@dataclass(frozen=True, slots=True)
class _Note:
    database: str
    document: Document
    written: threading.Event


class Profiler:
    """The profiler of one service; its settings last as long as the service, as MongoDB's do.

    Args:
        engine: Where it writes.

    Attributes:
        slow_ms: From how many milliseconds on an operation is slow, for the log, too.
        sample_rate: Which part of the slow ones is noted.
        is_active: Whether any database is profiled.
    """

    def __init__(self, engine: Engine) -> None:
        self.slow_ms = DEFAULT_SLOW_MS
        self.sample_rate = 1.0
        self._engine = engine
        self._levels: dict[str, Level] = {}
        self.is_active = False
        self._notes: queue.Queue[_Note | None] = queue.Queue(_MAX_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def level(self, database: str) -> Level:
        """Return what of a database is profiled."""
        return self._levels.get(database, OFF)

    def set_level(self, database: str, level: Level) -> None:
        """Change what of a database is profiled."""
        with self._lock:
            self._levels[database] = level
            self.is_active = any(each.level for each in self._levels.values())

    def consider(self, operation: Operation, namespace: str, seconds: float, error: BaseException | None) -> None:
        """Note an operation, if it is to be noted; it is written when this returns, unless that takes long."""
        level = self.level(operation.database)
        if not level.level or namespace.endswith(f".{PROFILE}"):
            return
        document = _profile_document(operation, namespace, seconds, error)
        if level.level == 1 and not self._is_wanted(level, document, seconds):
            return
        note = _Note(operation.database, document, threading.Event())
        self._ensure_thread()
        try:
            self._notes.put_nowait(note)
        except queue.Full:
            return
        if not operation.is_in_transaction:  # what writes would have to wait for the transaction
            note.written.wait(_WAIT_SECONDS)

    def _is_wanted(self, level: Level, document: Document, seconds: float) -> bool:
        if level.filter is not None:
            return level.filter.matches(document)
        return seconds * 1000 >= self.slow_ms and random.random() < self.sample_rate

    def _ensure_thread(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # threads do not survive a fork
                self._thread = threading.Thread(target=self._write_notes, name="profiler", daemon=True)
                self._thread.start()

    def _write_notes(self) -> None:
        while (note := self._notes.get()) is not None:
            try:
                self._write(note)
            except ServerError as error:
                _log.warning("the profiler cannot write: %s", error.message)
            finally:
                note.written.set()

    def _write(self, note: _Note) -> None:
        from satchel.engine.writes.statements import WriteErrors, insert_documents  # noqa: PLC0415 - seldom needed

        operation = Operation(note.database, "profile")
        namespace = Namespace(note.database, PROFILE)
        with self._engine.write(operation) as unit:
            if unit.catalog.get(namespace) is None:
                unit.create_collection(namespace, {"capped": True, "size": CAPPED_BYTES})
            insert_documents(unit, namespace, [note.document], operation, WriteErrors(ordered=True))

    def close(self) -> None:
        """Write what waits, and stop."""
        with self._lock:
            self._levels.clear()
            self.is_active = False
            thread, self._thread = self._thread, None
        if thread is not None:
            self._notes.put(None)
            thread.join()


def _profile_document(operation: Operation, namespace: str, seconds: float, error: BaseException | None) -> Document:
    """Return an operation as MongoDB's profiler notes it."""
    document: Document = {
        "op": operation_kind(operation),
        "ns": namespace,
        "command": _bounded({**operation.body, "$db": operation.database}),
        "ts": DatetimeMS(time.time_ns() // 1_000_000),
        "millis": int(seconds * 1000),
        "micros": int(seconds * 1_000_000),
        "opid": operation.id,
    }
    client = operation.client
    if client is not None:
        document["connectionId"] = client.id
        document["client"] = client.peer.client if client.peer is not None else ""
        document["appName"] = client.app_name
    if operation.user is not None:
        document["user"] = str(operation.user)
        document["allUsers"] = [{"user": operation.user.name, "db": operation.user.database}]
    if isinstance(error, ServerError):
        document.update(errCode=error.code, errName=error.code_name, errMsg=error.message)
    return document


def _bounded(command: Document) -> Document:
    """Return a command, or the beginning of its text where it is too large to be kept, as MongoDB does."""
    size = len(encode_document(command))
    return command if size <= _MAX_COMMAND_BYTES else {"$truncated": str(command)[:_MAX_COMMAND_BYTES]}
