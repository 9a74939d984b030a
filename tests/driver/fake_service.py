"""A service small enough to be read: a dict of BSON. It tests the driver before and apart from the engine."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import bson

from satchel.errors import ServerError
from satchel.values.bson_types import Document, decode_document
from satchel.wire.cursor_reply import CursorReply
from satchel.wire.messages import Request, encode_reply, parse_message
from satchel.wire.service import ConnectionState

_numbers = itertools.count(1)

Reply = Document | CursorReply


def _succeed(_name: str) -> None:
    return


class FakeService:
    """Knows insert, find by equality, getMore, delete of everything, hello, ping, endSessions, and `sleep`."""

    def __init__(self) -> None:
        self.address = (f"fake-{next(_numbers)}", 27017)
        self.collections: dict[tuple[str, str], list[bytes]] = {}
        self.cursors: dict[int, tuple[str, list[bytes]]] = {}
        self.commands: list[str] = []
        self.threads: set[int] = set()
        self.states: list[ConnectionState] = []
        self.killed: list[int] = []
        self.released = 0
        self.fail: Callable[[str], None] = _succeed

    def handle(self, message: bytes | memoryview, connection: ConnectionState) -> Sequence[bytes]:
        request = parse_message(message)
        name = next(iter(request.command))
        self.commands.append(name)
        self.threads.add(threading.get_ident())
        if connection not in self.states:
            self.states.append(connection)
        self.fail(name)
        try:
            command: Callable[[Request, ConnectionState], Reply] = getattr(self, f"run_{name.lower()}")
            reply = command(request, connection)
        except AttributeError:
            reply = ServerError(59, f"no such command: '{name}'").reply()
        except ServerError as error:
            reply = error.reply()
        return [] if request.more_to_come else [encode_reply(request, reply)]

    def hello(self) -> Document:
        name = "{}:{}".format(*self.address)
        now = datetime(2026, 11, 21)
        raw = bson.encode(
            {
                "helloOk": True,
                "isWritablePrimary": True,
                "ismaster": True,
                "hosts": [name],
                "me": name,
                "primary": name,
                "setName": "satchel",
                "setVersion": 1,
                "electionId": bson.ObjectId("7fffffff0000000000000001"),
                "lastWrite": {"opTime": {"ts": bson.Timestamp(1, 1), "t": 1}, "lastWriteDate": now},
                "maxBsonObjectSize": 16 * 1024 * 1024,
                "maxMessageSizeBytes": 48_000_000,
                "maxWriteBatchSize": 100_000,
                "localTime": now,
                "logicalSessionTimeoutMinutes": 30,
                "minWireVersion": 0,
                "maxWireVersion": 25,
                "readOnly": False,
                "ok": 1.0,
            }
        )
        return decode_document(raw)

    def kill_cursor(self, cursor_id: int) -> None:
        self.killed.append(cursor_id)
        self.cursors.pop(cursor_id, None)

    def release(self) -> None:
        self.released += 1

    def run_hello(self, request: Request, connection: ConnectionState) -> Reply:
        connection.metadata = request.command.get("client", connection.metadata)  # type: ignore[assignment]
        cluster_time = {
            "clusterTime": bson.Timestamp(7, 1),
            "signature": {"hash": bytes(20), "keyId": bson.Int64(0)},
        }
        return {**self.hello(), "connectionId": connection.id, "$clusterTime": cluster_time}

    run_ismaster = run_hello

    def run_ping(self, _request: Request, _connection: ConnectionState) -> Reply:
        return {"ok": 1.0}

    run_endsessions = run_ping

    def run_sleep(self, request: Request, connection: ConnectionState) -> Reply:
        woken = threading.Event()
        connection.on_close(woken.set)
        seconds = float(request.command["sleep"])  # type: ignore[arg-type]
        woken.wait(seconds if connection.seconds_left is None else min(seconds, connection.seconds_left))
        return {"ok": 1.0, "closed": connection.closed}

    def run_insert(self, request: Request, _connection: ConnectionState) -> Reply:
        documents = list(request.sequences.get("documents", ()))
        if "documents" in request.command:
            documents = [bson.encode(document) for document in request.command["documents"]]  # type: ignore[attr-defined]
        self._collection(request, "insert").extend(documents)
        return {"n": len(documents), "ok": 1.0}

    def run_find(self, request: Request, _connection: ConnectionState) -> Reply:
        wanted: dict[str, Any] = request.command.get("filter", {})  # type: ignore[assignment]
        found = [
            raw
            for raw in self._collection(request, "find")
            if all(bson.decode(raw).get(name) == value for name, value in wanted.items())
        ]
        limit = abs(int(request.command.get("limit", 0))) or None  # type: ignore[call-overload]
        namespace = f"{request.database}.{request.command['find']}"
        return self._batch(namespace, found[:limit], request, "firstBatch")

    def run_getmore(self, request: Request, _connection: ConnectionState) -> Reply:
        cursor_id = int(request.command["getMore"])  # type: ignore[call-overload]
        if cursor_id not in self.cursors:
            raise ServerError(43, f"cursor id {cursor_id} not found")
        return self._batch(*self.cursors.pop(cursor_id), request, "nextBatch", cursor_id)

    def run_killcursors(self, request: Request, _connection: ConnectionState) -> Reply:
        ids: list[int] = request.command["cursors"]  # type: ignore[assignment]
        for cursor_id in ids:
            self.cursors.pop(cursor_id, None)
        return {"cursorsKilled": ids, "cursorsNotFound": [], "cursorsAlive": [], "cursorsUnknown": [], "ok": 1.0}

    def run_delete(self, request: Request, _connection: ConnectionState) -> Reply:
        collection = self._collection(request, "delete")
        count = len(collection)
        collection.clear()
        return {"n": count, "ok": 1.0}

    def _collection(self, request: Request, name: str) -> list[bytes]:
        return self.collections.setdefault((request.database, str(request.command[name])), [])

    def _batch(self, namespace: str, found: list[bytes], request: Request, field: Any, cursor_id: int = 0) -> Reply:
        size = int(request.command.get("batchSize", 101))  # type: ignore[call-overload]
        if len(found) <= size:
            return CursorReply(namespace, 0, found, field)
        cursor_id = cursor_id or next(_numbers)
        self.cursors[cursor_id] = (namespace, found[size:])
        return CursorReply(namespace, cursor_id, found[:size], field)
