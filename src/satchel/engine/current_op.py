"""What the engine is doing: its operations and idle cursors, as `currentOp` and `$currentOp` show them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, cast

from bson import Int64
from bson.datetime_ms import DatetimeMS

from satchel.engine.cursors import Cursor
from satchel.engine.engine import Engine
from satchel.engine.operation import Operation
from satchel.values.bson_types import BsonValue, Document, encode_document

HOST: Final = "satchel"
_KINDS: Final = {"delete": "remove", "find": "query", "getMore": "getmore", "insert": "insert", "update": "update"}
_TRUNCATED_BYTES: Final = 1000


def current_operations(engine: Engine, asking: Operation, spec: Document) -> Iterator[Document]:
    """Yield what `$currentOp` shows.

    Args:
        engine: Whose operations.
        asking: The operation that wants to know. Without `allUsers` it sees those of its own user; where nobody has
            logged in, all.
        spec: The options of `$currentOp`.
    """
    sees_all = bool(spec.get("allUsers")) or asking.user is None
    for operation in list(engine.operations.values()):
        if sees_all or operation.user == asking.user:
            yield _running(operation, truncated=bool(spec.get("truncateOps")))
    if spec.get("idleCursors"):
        for cursor in engine.cursors.idle():
            if cursor.operation is not None and (sees_all or cursor.operation.user == asking.user):
                yield _idle(cursor, cursor.operation)


def operation_kind(operation: Operation) -> str:
    """Return MongoDB's word for what an operation is."""
    return _KINDS.get(operation.command, "command")


def _running(operation: Operation, *, truncated: bool) -> Document:
    seconds = time.monotonic() - operation.started
    document: Document = {
        "type": "op",
        "host": HOST,
        "desc": f"conn{operation.connection_id}" if operation.connection_id else "internal",
        "connectionId": operation.connection_id,
        **_client_fields(operation),
        "active": True,
        "currentOpTime": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "opid": operation.id,
        "secs_running": Int64(int(seconds)),
        "microsecs_running": Int64(int(seconds * 1e6)),
        "op": operation_kind(operation),
        "ns": operation.namespace_text,
        "redacted": False,
        "command": _command(operation, truncated=truncated),
    }
    if operation.killed is not None:
        document["killPending"] = True
    return document


def _client_fields(operation: Operation) -> Document:
    client, fields = operation.client, cast("Document", {})
    if client is not None:
        if client.peer is not None:
            fields["client"] = str(client.peer)
        if client.app_name:
            fields["appName"] = client.app_name
        if client.metadata is not None:
            fields["clientMetadata"] = client.metadata
    if operation.user is not None:
        fields["effectiveUsers"] = [{"user": operation.user.name, "db": operation.user.database}]
    lsid = operation.body.get("lsid")
    return fields if lsid is None else {**fields, "lsid": lsid}


def _command(operation: Operation, *, truncated: bool) -> Document:
    command: Document = {**operation.body, "$db": operation.database}
    if truncated and len(encode_document(command)) > _TRUNCATED_BYTES:
        return {"$truncated": str(command)[:_TRUNCATED_BYTES]}
    return command


def _idle(cursor: Cursor, opened_by: Operation) -> Document:
    idle = time.monotonic() - cursor.used_at
    details: Document = {
        "cursorId": Int64(cursor.id),
        "lastAccessDate": DatetimeMS(int((time.time() - idle) * 1000)),
        "noCursorTimeout": cursor.no_timeout,
        "tailable": cursor.tailable,
        "awaitData": cursor.await_data,
        "originatingCommand": cast("BsonValue", _command(opened_by, truncated=False)),
    }
    return {
        "type": "idleCursor",
        "host": HOST,
        **_client_fields(opened_by),
        "ns": str(cursor.namespace),
        "cursor": details,
    }
