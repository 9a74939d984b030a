"""The service: wire messages in, wire messages out. The one entrance to the engine."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, cast

from bson import Int64

from satchel.access.control import AccessControl
from satchel.commands import handshake
from satchel.commands.activity import Activity
from satchel.commands.command import COMMANDS, Command, Invocation, Reply
from satchel.commands.concerns import WriteConcern, read_concern, write_concern
from satchel.commands.generic import GenericArguments, generic_arguments
from satchel.commands.in_session import run_in_session
from satchel.commands.params import read_params
from satchel.commands.rights import authorize, redacted
from satchel.engine.engine import Engine
from satchel.engine.express import find_equal, find_first
from satchel.engine.namespaces import Namespace, check_command_database
from satchel.engine.operation import Operation
from satchel.engine.timestamps import current_timestamp
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.values.bson_types import MISSING, BsonValue, Document, Missing, decode_document, encode_document
from satchel.wire.cursor_reply import CursorReply
from satchel.wire.messages import Request, encode_reply, malformed_replies, parse_message
from satchel.wire.service import IN_PROCESS, ConnectionState, PlainFind, Presentation, Traffic

if TYPE_CHECKING:
    from satchel.commands.express import ExpressWrites

_log = logging.getLogger("satchel")
_ports: Final = itertools.count(27017)


class Service:
    """A MongoDB server as a function (see `satchel.wire.service.Service`).

    Args:
        engine: The engine of one open file; `release` of the last reference closes it.
        on_release: Called by `release`; whoever counts references gives it. Without one, `release` closes the engine.

    Attributes:
        traffic: Asks the server in front, if there is one, about its connections.
        authorization: Whether clients from outside this process (those with a `peer`) must log in, and may do only what
            their roles allow.
    """

    def __init__(self, engine: Engine, on_release: Callable[[], None] | None = None) -> None:
        self.engine = engine
        self.authorization = False
        self.traffic: Callable[[], Traffic] = Traffic
        self.access = AccessControl(engine)
        self.activity = Activity(engine)
        self.address = ("satchel.localhost", next(_ports) % 65536)
        self._on_release = on_release or self.close
        self._operations_lock = threading.Lock()
        self._express_writes: ExpressWrites | None = None

    def handle(self, message: bytes | memoryview, connection: ConnectionState) -> Sequence[bytes]:
        """Run the command of one wire message and return the replies (none for `moreToCome`)."""
        try:
            request = parse_message(message)
        except ServerError as error:
            return malformed_replies(message, error)
        reply = self.run(request, connection)
        return [] if request.more_to_come else [encode_reply(request, reply)]

    def run(self, request: Request, connection: ConnectionState) -> Reply:
        """Run one command; a failure is the reply that says so."""
        try:
            return self._run(request, connection)
        except ServerError as error:
            return {**error.reply(), **self.times(connection.presentation)}
        except RecursionError:
            return {
                **ServerError(ErrorCode.Overflow, "the command is nested too deeply").reply(),
                **self.times(connection.presentation),
            }
        except Exception as error:
            _log.exception("command %s failed", next(iter(request.command), ""))
            failure = ServerError(ErrorCode.InternalError, f"{type(error).__name__}: {error}")
            return {**failure.reply(), **self.times(connection.presentation)}

    def find_equal(self, namespace: Namespace, path: str, value: BsonValue) -> bytes | Missing | None:
        """Return the first document that a find for one value finds; MISSING where only `run` knows."""
        return MISSING if self.activity.profiler.is_active else find_equal(self.engine, namespace, path, value)

    def quick_count(self, namespace: Namespace, filter_: Document, command: str) -> int | Missing:
        """Return how many documents match a filter; MISSING where only `run` knows."""
        from satchel.engine.quick_count import quick_count  # noqa: PLC0415 - who only looks documents up does without

        counted = MISSING if self.activity.profiler.is_active else quick_count(self.engine, namespace, filter_)
        if counted is not MISSING:
            self.engine.opcounters[command] += 1
        return counted

    def find(self, find: PlainFind, connection: ConnectionState) -> CursorReply | None:
        """Return the reply of a find, or None where only `run` knows."""
        from satchel.commands.express_find import express_find  # noqa: PLC0415 - who only looks documents up needs none

        return express_find(self, find, connection)

    def find_first(self, namespace: Namespace, *, only_id: bool) -> bytes | Missing | None:
        """Return the first document of a collection, or its `_id` alone; MISSING where only `run` knows."""
        return MISSING if self.activity.profiler.is_active else find_first(self.engine, namespace, only_id=only_id)

    def express_writes(self) -> ExpressWrites:
        """Return the commonest writes, past what other commands need."""
        if self._express_writes is None:
            from satchel.commands.express import ExpressWrites  # noqa: PLC0415 - who only reads does without

            self._express_writes = ExpressWrites(self)
        return self._express_writes

    def _run(self, request: Request, connection: ConnectionState) -> Reply:
        name = next(iter(request.command), "")
        command = COMMANDS.get(name)
        if command is None:
            raise ServerError(ErrorCode.CommandNotFound, f"no such command: '{name}'")
        check_command_database(request.database)
        if command.is_admin_only and request.database != "admin":
            raise ServerError(ErrorCode.Unauthorized, f"{command.name} may only be run against the admin database.")
        generic = generic_arguments(command, request.command)
        fields = _with_sequences(request)
        params = read_params(command.params, command.name, fields, strict=command.is_strict)
        concern = _concerns(generic)
        operation = _operation(command, request, connection, generic, durable=concern.is_durable)
        operation.context.temporary_blocks = self.engine.storage.temporary_blocks
        try:
            with self.activity.running(operation, is_write=command.is_write):
                invocation = Invocation(self, self.engine, operation, connection, request)
                if self.authorization and connection.peer is not None:
                    authorize(command, params, invocation)
                if generic.is_plain:
                    reply = command.run(params, invocation)
                else:
                    reply = run_in_session(command, params, invocation, generic)
        except ServerError as error:
            if concern.error is None:
                raise
            # A failed command may have written something, so MongoDB waits, and tells of that, too.
            return {**error.reply(), **concern.failure(), **self.times(connection.presentation)}
        return self._finished(reply, concern, connection.presentation)

    def _finished(self, reply: Reply, concern: WriteConcern, presentation: Presentation) -> Reply:
        if isinstance(reply, CursorReply):
            if concern.error is None:
                return reply
            reply = decode_document(bytes(reply))
        reply.setdefault("ok", 1.0)
        reply.update(concern.failure())
        reply.update(self.times(presentation))
        return reply

    def times(self, presentation: Presentation = IN_PROCESS) -> Document:
        """Return the times that every reply has; those of a lone server have none."""
        if presentation.topology == "standalone":
            return {}
        now = self.engine.change_log.clock.now()
        return {
            "$clusterTime": {
                "clusterTime": now,
                "signature": {"hash": bytes(20), "keyId": Int64(0)},
            },
            "operationTime": now,
        }

    def cluster_time_elements(self, presentation: Presentation) -> bytes:
        """Return `$clusterTime` and `operationTime` as BSON elements, for replies that are built from bytes."""
        return encode_document(self.times(presentation))[4:-1]

    def hello(self) -> Document:
        """Return the reply of the `hello` command, as a monitor sees it."""
        read_only = self.engine.storage.read_only
        return {**handshake.hello_reply(IN_PROCESS, self.address, 0, read_only=read_only), "ok": 1.0}

    def interrupt(self) -> None:
        """Have every running operation end soon with InterruptedAtShutdown (11600)."""
        self.engine.interrupt()

    def kill_cursor(self, cursor_id: int) -> None:
        """Forget a cursor. Never blocks for long and never raises: garbage collection calls it."""
        self.engine.cursors.abandon(cursor_id)

    def close(self) -> None:
        """Close the engine, after what the profiler still has to write."""
        self.activity.profiler.close()
        self.engine.close()

    def release(self) -> None:
        """Give up one reference that `open_service` gave."""
        self._on_release()


def _concerns(generic: GenericArguments) -> WriteConcern:
    if generic.read_concern is not None:
        read_concern(generic.read_concern)
    return write_concern(generic.write_concern)


def _operation(
    command: Command, request: Request, connection: ConnectionState, generic: GenericArguments, *, durable: bool
) -> Operation:
    operation = Operation(
        request.database,
        command.name,
        durable=durable,
        client=connection,
        comment=generic.comment,
        body=redacted(command, request.command),
        context=Context(
            cluster_time=current_timestamp() if command.name == "aggregate" else None,
            api_strict=bool(generic.api_strict),
        ),
    )
    operation.set_time_limit(generic.max_time_ms)
    return operation


def _with_sequences(request: Request) -> Document:
    """Return the command's fields with those that came as document sequences; `documents` stay undecoded."""
    if not request.sequences:
        return request.command
    fields = dict(request.command)
    for name, raw in request.sequences.items():
        fields[name] = [] if name == "documents" else cast("BsonValue", [decode_document(item) for item in raw])
    return fields
