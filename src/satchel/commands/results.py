"""Replies with a cursor: the first batch now, the rest kept for getMore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from satchel.commands.command import Invocation, Reply
from satchel.commands.rights import CursorRights
from satchel.engine.cursors import Cursor
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.namespaces import Namespace
from satchel.settings import FIRST_BATCH_DOCUMENTS
from satchel.values.bson_types import Document, encode_document
from satchel.wire.cursor_reply import CursorReply


def first_batch(
    invocation: Invocation,
    cursor: Cursor,
    batch_size: int | None,
    *,
    single_batch: bool = False,
    extra: Document | None = None,
) -> Reply:
    """Return a cursor's first batch, and register the cursor when there is more.

    The snapshot that the cursor reads must be attached.

    Args:
        invocation: The command.
        cursor: A new cursor.
        batch_size: How many documents the client wants, or None for the default of 101.
        single_batch: Whether what does not fit into the batch is dropped.
        extra: Further fields of the reply.
    """
    limit = FIRST_BATCH_DOCUMENTS if batch_size is None else batch_size
    batch = cursor.next_batch(limit, *invocation.connection.batch_size)
    if not single_batch and not cursor.peek_exhausted():
        cursor.operation = invocation.operation
        cursor.seconds_left = None if cursor.await_data else invocation.operation.seconds_left
        if invocation.rights is not None:
            login = invocation.rights.login
            cursor.rights = CursorRights(None if login is None else login.user, invocation.needed)
        _register(invocation, cursor)
    return batch_reply(invocation, cursor, batch, "firstBatch", extra)


def _register(invocation: Invocation, cursor: Cursor) -> None:
    cursor.engine = invocation.engine
    cursor.session = invocation.operation.session
    cursor.txn_number = invocation.operation.txn_number
    cursor.any_session = invocation.connection.takes_short_cuts
    invocation.engine.cursors.register(cursor)


def batch_reply(
    invocation: Invocation,
    cursor: Cursor,
    batch: list[bytes],
    field: Literal["firstBatch", "nextBatch"],
    extra: Document | None = None,
) -> Reply:
    """Return the reply that carries a batch of a cursor (an `id` of 0: there are no more), and further fields."""
    elements = invocation.service.cluster_time_elements(invocation.connection.presentation)
    if extra:
        elements += encode_document(extra)[4:-1]
    fields = cursor.reply_fields() or {}
    if invocation.operation.at_cluster_time is not None:
        fields = {**fields, "atClusterTime": invocation.operation.at_cluster_time}
    of_cursor = encode_document(fields)[4:-1] if fields else b""
    return CursorReply(str(cursor.namespace), cursor.id, batch, field, elements, cursor_extra=of_cursor)


def documents_reply(
    invocation: Invocation,
    collection: str,
    documents: Iterable[Document],
    batch_size: int | None,
    extra: Document | None = None,
) -> Reply:
    """Return documents that are at hand already through a cursor, as listCollections and its like do."""
    encoded: Iterator[bytes] = iter([encode_document(document) for document in documents])
    cursor = Cursor(Namespace(invocation.database, collection), encoded, ReadSlot())
    return first_batch(invocation, cursor, batch_size, extra=extra)
