"""What the synchronous and the asynchronous transport have in common: messages and descriptions."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, Final, NamedTuple

import bson
from pymongo.errors import DocumentTooLarge
from pymongo.topology_description import TopologyDescription

from satchel.driver.private import ClientOptions, Hello, OpMsg, ServerDescription
from satchel.errors import ServerError
from satchel.values.bson_types import encode_document
from satchel.wire.header import HEADER, HEADER_SIZE_BYTES, OP_COMPRESSED, ProtocolError
from satchel.wire.messages import command_name, parse_message
from satchel.wire.op_compressed import decompress_body
from satchel.wire.service import BatchSize, ConnectionState, Service

Address = tuple[str, int | None]

INSTANT_COMMANDS: Final = frozenset({b"hello", b"ismaster", b"isMaster", b"ping", b"buildInfo", b"buildinfo"})
"""Commands that touch no data; an event loop may run them itself."""

MESSAGE_SIZE_LIMIT_BYTES: Final = 17 * 1024 * 1024
"""Where PyMongo divides a bulk write in process: above the largest document, and below the 48 MB of a socket, because
a message is in memory several times while it is encoded and copied."""


class WriteSizes(NamedTuple):
    """How PyMongo shall divide bulk writes.

    Attributes:
        goal_bytes: Messages should not be much larger.
        most_documents: Nor have more documents.
    """

    goal_bytes: int
    most_documents: int


WRITE_SIZES: Final = WriteSizes(4 * 1024 * 1024, 100_000)
LOOP_WRITE_SIZES: Final = WriteSizes(512 * 1024, 500)
"""For asynchronous clients: PyMongo encodes a message at one go, and meanwhile its event loop stands still."""

LOOP_BATCH_SIZE: Final = BatchSize(128 * 1024, 4)
"""What replies to them carry at most: a batch is decoded at one go, too. (A few large documents: files.)"""

_BULK_WRITES: Final = frozenset({b"insert", b"update", b"delete", b"bulkWrite"})


class ServiceFailureError(ConnectionError):
    """The service broke down instead of answering; as an OSError it becomes PyMongo's AutoReconnect."""


class Link:
    """Stands where PyMongo keeps a socket; closing it tells the service that the client has gone.

    Attributes:
        state: What the service remembers of the connection.
        patience: How many seconds PyMongo waits for an answer; None for as long as it takes.
    """

    def __init__(self, state: ConnectionState, patience: float | None = None) -> None:
        self.state = state
        self.patience = patience

    @property
    def get_conn(self) -> Link:
        """What PyMongo calls `settimeout` on."""
        return self

    def settimeout(self, timeout: float | None) -> None:
        """Take note of how long to wait for an answer."""
        self.patience = timeout

    def is_closing(self) -> bool:
        """Tell whether it has been closed."""
        return self.state.closed

    def close(self) -> None:
        """Say that the client has gone."""
        self.state.close()

    def __del__(self) -> None:
        self.state.close()


def run(service: Service, message: bytes, state: ConnectionState) -> deque[bytes]:
    """Run one wire message.

    Raises:
        ServiceFailureError: When the service raises, which it does only when it is broken, or when the connection was
            closed meanwhile.
    """
    try:
        replies = deque(service.handle(message, state))
    except Exception as error:
        raise ServiceFailureError(f"the embedded server failed: {type(error).__name__}: {error}") from error
    if state.closed:
        raise ServiceFailureError("the connection was closed")
    return replies


def run_within(service: Service, message: bytes, state: ConnectionState, patience: float | None) -> deque[bytes]:
    """Run one wire message in this thread; the service ends it when nobody waits any more.

    Raises:
        ServiceFailureError: As `run`.
        TimeoutError: It has taken longer than `patience` seconds, so that what came of it is not known.
    """
    if patience is None:
        return run(service, message, state)
    state.deadline = time.monotonic() + patience
    try:
        replies = run(service, message, state)
        if state.has_gone:
            raise TimeoutError("timed out")
        return replies
    finally:
        state.deadline = None


def unpack(replies: deque[bytes]) -> OpMsg:
    """Take the next reply.

    Raises:
        ServiceFailureError: When there is none.
    """
    if not replies:
        raise ServiceFailureError("the embedded server did not answer")
    message = replies.popleft()
    body: bytes | memoryview = memoryview(message)[HEADER_SIZE_BYTES:]
    if HEADER.unpack_from(message)[3] == OP_COMPRESSED:
        _, _, body = decompress_body(body)
    return OpMsg.unpack(body)


def check_size(document_size_bytes: int, limit_bytes: int | None) -> None:
    """Refuse a document that is too large for any server.

    Raises:
        DocumentTooLarge: As PyMongo does before it sends one.
    """
    if limit_bytes is not None and document_size_bytes > limit_bytes:
        raise DocumentTooLarge(
            f"BSON document too large ({document_size_bytes} bytes) - the connected server "
            f"supports BSON document sizes up to {limit_bytes} bytes."
        )


def batch_size_after(message: bytes, batch_size: int, sizes: WriteSizes = WRITE_SIZES) -> int:
    """Return into how many documents at most PyMongo shall divide the bulk write that follows `message`.

    Few when documents are large, as GridFS's chunks are: their messages then stay small, at no loss of speed.

    Args:
        message: What was sent.
        batch_size: The number so far; at most MongoDB's `maxWriteBatchSize`.
        sizes: What messages should be like.
    """
    batch_size = min(batch_size, sizes.most_documents)
    is_large = len(message) > sizes.goal_bytes
    if not is_large and (batch_size == sizes.most_documents or command_name(message) not in _BULK_WRITES):
        return batch_size
    try:
        documents = sum(map(len, parse_message(message).sequences.values()))
    except (ProtocolError, ServerError):
        return batch_size
    if is_large:
        return max(1, min(documents * sizes.goal_bytes // len(message), sizes.most_documents))
    was_cut = documents == batch_size and len(message) < sizes.goal_bytes // 4
    return min(4 * batch_size, sizes.most_documents) if was_cut else batch_size


def describe(service: Service, address: Address) -> ServerDescription:
    """Return the service as PyMongo's monitors describe a server."""
    document: dict[str, Any] = bson.decode(encode_document(service.hello()))
    return ServerDescription(address, Hello(document), 0.0)


def is_known(description: TopologyDescription, address: Address) -> bool:
    """Tell whether the topology knows what the server is; a server that is not of the topology counts as known."""
    server = description.server_descriptions().get(address)
    return server is None or server.is_server_type_known


def works_in_background(options: ClientOptions) -> bool:
    """Tell whether there is something for PyMongo's background thread to do.

    It keeps up the pool, and where somebody listens to commands it kills the cursors of the garbage collector, which
    otherwise die at once.
    """
    pool_options = options.pool_options
    listeners = pool_options._event_listeners
    is_observed = listeners is not None and listeners.enabled_for_commands
    return is_observed or pool_options.min_pool_size > 0 or pool_options.max_idle_time_seconds is not None


class NoExecutor:
    """Stands where PyMongo keeps its background thread, for clients that need none."""

    def open(self) -> None:
        """Start nothing."""

    def close(self, _dummy: object = None) -> None:
        """Stop nothing."""

    def wake(self) -> None:
        """Wake nothing."""

    def join(self, _timeout: float | None = None) -> None:
        """Wait for nothing."""
