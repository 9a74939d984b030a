"""Fail points, with which the tests of drivers make commands fail: for services that were opened with test commands.

Reference:
    MongoDB's source documentation, "The failCommand Fail Point".
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from typing import Final

from satchel.commands.command import COMMANDS, Command, NoFields, Reply
from satchel.commands.dispatch import Service
from satchel.commands.error_labels import error_labels
from satchel.commands.express import ExpressWrites
from satchel.commands.generic import generic_arguments
from satchel.commands.handshake import AnyParams
from satchel.commands.in_session import STATEMENT_FIELDS
from satchel.commands.params import boolean, document, documents, non_negative, param, read_params, string, strings
from satchel.commands.rights import ANYONE
from satchel.engine.catalog import CollectionEntry
from satchel.engine.cursors import Cursor
from satchel.engine.namespaces import Namespace
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import MISSING, BsonValue, Document, Missing, decode_document, encode_document
from satchel.wire.cursor_reply import CursorReply
from satchel.wire.messages import Request
from satchel.wire.service import ConnectionDroppedError, ConnectionState, PlainFind, ShortCutRefusedError

_CONFIGURE: Final = "configureFailPoint"
_FAIL_COMMAND: Final = "failCommand"
_TRANSACTIONAL_WRITE: Final = "onPrimaryTransactionalWrite"
_GET_MORE: Final = "failGetMoreAfterCursorCheckout"
_TIME_OUT: Final = "maxTimeAlwaysTimeOut"
_NAMES: Final = frozenset({_FAIL_COMMAND, _TRANSACTIONAL_WRITE, _GET_MORE, _TIME_OUT})
_INSERTED_TOGETHER: Final = (500, 256 * 1024)
"""How many documents, and of how many bytes, MongoDB inserts at one go: a fail point of writes meets them once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailPointData(NoFields):
    """Fields of a fail point's `data`; others, as those of sharded clusters, mean nothing."""

    fail_commands: list[str] = param(strings, default=[])
    error_code: int | None = param(non_negative, default=None)
    error_labels: list[str] | None = param(strings, default=None)
    close_connection: bool = param(boolean, default=False)
    block_connection: bool = param(boolean, default=False)
    block_time_ms: int = param(non_negative, wire="blockTimeMS", default=0)
    write_concern_error: Document | None = param(document, default=None)
    app_name: str | None = param(string, default=None)
    namespace: str | None = param(string, default=None)
    fail_before_commit_exception_code: int | None = param(non_negative, default=None)


@dataclass(slots=True)
class _FailPoint:
    """A fail point that is set.

    Attributes:
        skips: How many more matching commands it lets pass.
        times: How many more it fails; None for all.
        hits: How many it has failed.
    """

    name: str
    data: FailPointData
    skips: int = 0
    times: int | None = None
    probability: float = 1.0
    hits: int = 0

    def matches(self, request: Request, connection: ConnectionState, cursor: Cursor | None) -> bool:
        """Tell whether a command is meant by it; a getMore has its cursor."""
        name = next(iter(request.command), "")
        if self.data.app_name is not None and self.data.app_name != _app_name(request, connection):
            return False
        if self.name == _TRANSACTIONAL_WRITE:
            return "txnNumber" in request.command and "autocommit" not in request.command
        if self.name == _TIME_OUT:
            return bool(request.command.get("maxTimeMS")) or _seconds_left(cursor) is not None
        if self.data.namespace is not None and f"{request.database}.{request.command[name]}" != self.data.namespace:
            return False
        command = COMMANDS.get(name)
        names = {name, command.name if command is not None else name}
        return not names.isdisjoint(["getMore"] if self.name == _GET_MORE else self.data.fail_commands)

    def meets(self, request: Request) -> bool:
        """Count a matching command, or each of its writes, and tell whether it is to fail."""
        times = _writes(request) if self.name == _TRANSACTIONAL_WRITE else 1
        return any(self._fires() for _ in range(times))

    def _fires(self) -> bool:
        if self.skips:
            self.skips -= 1
            return False
        if self.times == 0 or (self.probability < 1 and random.random() >= self.probability):
            return False
        if self.times is not None:
            self.times -= 1
        self.hits += 1
        return True

    def take_back(self) -> None:
        """Let the last command not count: it was not meant after all."""
        self.hits -= 1
        if self.times is not None:
            self.times += 1


def _seconds_left(cursor: Cursor | None) -> float | None:
    return None if cursor is None else cursor.seconds_left


def _writes(request: Request) -> int:
    """Return into how many writes MongoDB divides a command: small documents are inserted together."""
    sizes = [len(document) for items in request.sequences.values() for document in items]
    for name in STATEMENT_FIELDS:
        sizes += [len(encode_document(each)) for each in documents(name, request.command.get(name, []))]
    if next(iter(request.command)) != "insert":
        return max(1, len(sizes))
    most, most_bytes = _INSERTED_TOGETHER
    writes, count, total = 1, 0, 0
    for size in sizes:
        if count and (count == most or total + size > most_bytes):
            writes, count, total = writes + 1, 0, 0
        count, total = count + 1, total + size
    return writes


def _app_name(request: Request, connection: ConnectionState) -> BsonValue:
    """Return the name that the application has given itself, with hello itself in mind."""
    client = connection.metadata or request.command.get("client")
    application = client.get("application") if isinstance(client, dict) else None
    return application.get("name") if isinstance(application, dict) else None


@dataclass(slots=True)
class _FailPoints:
    points: dict[str, _FailPoint] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def configure(self, command: Document) -> Document:
        """Set or unset a fail point as `configureFailPoint` says, and return how often it has fired until now.

        Raises:
            ServerError: FailPointSetFailed (127), BadValue (2), or what is wrong with its fields.
        """
        name, mode = command[_CONFIGURE], command.get("mode")
        if name not in _NAMES:
            raise ServerError(ErrorCode.FailPointSetFailed, f"{name} not found")
        assert isinstance(name, str)
        data = read_params(FailPointData, name, document("data", command.get("data", {})), strict=False)
        with self.lock:
            before = self.points.pop(name, None)
            if mode != "off":
                self.points[name] = _with_mode(_FailPoint(name, data), mode)
        return {"count": before.hits if before is not None else 0}

    def take(self, request: Request, connection: ConnectionState, cursor: Cursor | None) -> _FailPoint | None:
        """Return the fail point that a command hits."""
        with self.lock:
            for each in self.points.values():
                if each.matches(request, connection, cursor) and each.meets(request):
                    return each
        return None


def _with_mode(point: _FailPoint, mode: BsonValue) -> _FailPoint:
    if mode == "alwaysOn":
        return point
    if isinstance(mode, dict) and len(mode) == 1:
        if "times" in mode:
            point.times = non_negative("times", mode["times"])  # type: ignore[assignment]
            return point
        if "skip" in mode:
            point.skips = non_negative("skip", mode["skip"])  # type: ignore[assignment]
            return point
        if isinstance(probability := mode.get("activationProbability"), float):
            point.probability = probability
            return point
    raise ServerError(ErrorCode.BadValue, f"unknown mode of a fail point: {mode}")


_TEST_VERSION_2: Final = Command("testVersion2", AnyParams, lambda *_: {}, access=ANYONE)
"""A command of a version of the API that is to come, for tests that want one refused."""


class _ExpressWrites(ExpressWrites):
    def __init__(self, service: FailingService) -> None:
        super().__init__(service)
        self._fail_points = service.fail_points

    def _known(self, namespace: Namespace) -> CollectionEntry | None:
        return None if self._fail_points.points else super()._known(namespace)


class FailingService(Service):
    """A service that knows `configureFailPoint`, and says of itself that test commands are enabled."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.fail_points = _FailPoints()

    def run(self, request: Request, connection: ConnectionState) -> Reply:
        """Run one command, or fail it."""
        if self.fail_points.points and _is_short_cut(request, connection):
            raise ShortCutRefusedError
        try:
            return self._run_or_fail(request, connection)
        except ServerError as error:
            return {**error.reply(), **self.times(connection.presentation)}

    def _run_or_fail(self, request: Request, connection: ConnectionState) -> Reply:
        name = next(iter(request.command), "")
        if name == _CONFIGURE and request.database == "admin" and not self.authorization:
            return {**self.fail_points.configure(request.command), "ok": 1.0, **self.times(connection.presentation)}
        if name == _TEST_VERSION_2.name:
            generic_arguments(_TEST_VERSION_2, request.command)
            return {"ok": 1.0, **self.times(connection.presentation)}
        if self.fail_points.points:
            cursor = self._cursor(request)
            point = self.fail_points.take(request, connection, cursor)
            if point is not None:
                return self._fail(point, request, connection, cursor)
        reply = super().run(request, connection)
        if name == "getParameter" and isinstance(reply, dict) and "enableTestCommands" in reply:
            reply["enableTestCommands"] = True
        return reply

    def find_equal(self, namespace: Namespace, path: str, value: BsonValue) -> bytes | Missing | None:
        """Return the first document that a find for one value finds, unless that may have to fail."""
        return MISSING if self.fail_points.points else super().find_equal(namespace, path, value)

    def quick_count(self, namespace: Namespace, filter_: Document, command: str) -> int | Missing:
        """Return how many documents match a filter, unless that may have to fail."""
        return MISSING if self.fail_points.points else super().quick_count(namespace, filter_, command)

    def find(self, find: PlainFind, connection: ConnectionState) -> CursorReply | None:
        """Return the reply of a find, unless that may have to fail."""
        return None if self.fail_points.points else super().find(find, connection)

    def find_first(self, namespace: Namespace, *, only_id: bool) -> bytes | Missing | None:
        """Return the first document of a collection, unless that may have to fail."""
        return MISSING if self.fail_points.points else super().find_first(namespace, only_id=only_id)

    def express_writes(self) -> ExpressWrites:
        """Return the commonest writes, unless they may have to fail."""
        if self._express_writes is None:
            self._express_writes = _ExpressWrites(self)
        return self._express_writes

    def _fail(self, point: _FailPoint, request: Request, connection: ConnectionState, cursor: Cursor | None) -> Reply:
        data = point.data
        if point.name == _TRANSACTIONAL_WRITE:
            if data.fail_before_commit_exception_code is None:
                reply = super().run(request, connection)
                if _was_done_before(reply):
                    point.take_back()
                    return reply
            raise ConnectionDroppedError
        if point.name == _TIME_OUT:
            raise ServerError(ErrorCode.MaxTimeMSExpired, "operation exceeded time limit")
        if data.block_connection:
            _block(data.block_time_ms, request, connection, cursor)
        if data.close_connection:
            raise ConnectionDroppedError
        if data.error_code is not None:
            labels = data.error_labels
            if labels is None:
                labels = [*error_labels(data.error_code, request.command)]
                labels += cursor.error_labels(data.error_code) if cursor and point.name == _GET_MORE else []
            raise ServerError(data.error_code, f"Failing command via '{point.name}' failpoint", labels=tuple(labels))
        reply = super().run(request, connection)
        return reply if data.write_concern_error is None else _with_write_concern_error(reply, data, request)

    def _cursor(self, request: Request) -> Cursor | None:
        """Return the cursor of a getMore."""
        cursor_id = request.command.get("getMore")
        return self.engine.cursors.get(cursor_id) if isinstance(cursor_id, int) else None


def _is_short_cut(request: Request, connection: ConnectionState) -> bool:
    """Tell whether a command comes straight from PyMongo's functions: those have no message, and so no number."""
    return connection.peer is None and request.request_id == 0


def _was_done_before(reply: Reply) -> bool:
    """Tell whether a write has come once more, so that nothing was written."""
    found = decode_document(bytes(reply)) if isinstance(reply, CursorReply) else reply
    return "retriedStmtIds" in found or "retriedStmtId" in found


def _block(milliseconds: int, request: Request, connection: ConnectionState, cursor: Cursor | None) -> None:
    """Wait, but not for longer than the command may take, nor when its client has gone; that time counts.

    Raises:
        ServerError: MaxTimeMSExpired (50), ClientDisconnect (279).
    """
    gone = threading.Event()
    connection.on_close(gone.set)
    limit, left = request.command.get("maxTimeMS"), _seconds_left(cursor)
    limit_ms = limit if isinstance(limit, int) and limit > 0 else None if left is None else 1000 * left
    seconds = milliseconds / 1000
    if limit_ms is not None and limit_ms <= milliseconds:
        gone.wait(max(0.0, limit_ms) / 1000)
        raise ServerError(ErrorCode.MaxTimeMSExpired, "operation exceeded time limit")
    if connection.seconds_left is not None:
        seconds = min(seconds, connection.seconds_left)
    gone.wait(seconds)
    if connection.has_gone:
        raise ServerError(ErrorCode.ClientDisconnect, "operation was interrupted because a client disconnected")
    if cursor is not None and left is not None:
        cursor.seconds_left = left - milliseconds / 1000
    elif limit_ms is not None:
        request.command["maxTimeMS"] = int(limit_ms) - milliseconds


def _with_write_concern_error(reply: Reply, data: FailPointData, request: Request) -> Reply:
    assert data.write_concern_error is not None
    found = decode_document(bytes(reply)) if isinstance(reply, CursorReply) else reply
    found["writeConcernError"] = data.write_concern_error
    code = data.write_concern_error.get("code")
    labels = data.error_labels
    if labels is None:
        labels = [*error_labels(int(str(code)), request.command, of_write_concern=True)]
    return {**found, "errorLabels": labels} if labels else found
