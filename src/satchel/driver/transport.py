"""The synchronous transport: a pool of connections that call a function, and a monitor that asks a function."""

from __future__ import annotations

import weakref
from collections import deque
from typing import Any

from satchel.driver.batch_stream import BatchStream
from satchel.driver.exchange import (
    MESSAGE_SIZE_LIMIT_BYTES,
    Address,
    Link,
    batch_size_after,
    check_size,
    describe,
    is_known,
    run_within,
    unpack,
)
from satchel.driver.private import (
    Connection,
    ConnectionClosedReason,
    Handler,
    OpMsg,
    Pool,
    PoolOptions,
    ServerDescription,
    Topology,
)
from satchel.wire.service import ConnectionState, Service


class InProcessConnection(Connection):
    """A PyMongo connection whose other end is a function."""

    def __init__(self, service: Service, pool: Pool, connection_id: int) -> None:
        self._service = service
        self._state = ConnectionState()
        self._replies: deque[bytes] = deque()
        self._stream = BatchStream()
        self._link = Link(self._state, pool.opts.socket_timeout)
        super().__init__(self._link, pool, pool.address, connection_id, pool.is_sdam)  # type: ignore[arg-type]

    def send_message(self, message: bytes, max_doc_size: int) -> None:
        """Run the command of `message` and keep its replies."""
        check_size(max_doc_size, self.max_bson_size)
        self.max_write_batch_size = batch_size_after(message, self.max_write_batch_size)
        self._stream.begin(message)
        try:
            self._run(message)
        except BaseException as error:
            self._raise_connection_failure(error)

    def receive_message(self, request_id: int | None) -> OpMsg:
        """Return the next reply."""
        try:
            if not self._replies and self._stream.message is not None:
                self._run(self._stream.message)
            return self._stream.mark(unpack(self._replies))
        except BaseException as error:
            self._raise_connection_failure(error)

    def _run(self, message: bytes) -> None:
        self._replies = run_within(self._service, message, self._state, self._link.patience)

    def close_conn(self, reason: str | None) -> None:
        """Close the connection, and the cursor whose batches are still to come."""
        super().close_conn(reason)
        if self._stream.cursor_id:
            self._service.kill_cursor(self._stream.cursor_id)

    def abandon(self) -> None:
        """Tell the service that nobody waits for it any more."""
        self._state.close()

    def conn_closed(self) -> bool:
        """Tell whether the connection was closed; no socket can break."""
        return self._state.closed


class InProcessPool(Pool):
    """A PyMongo pool that makes connections to a function."""

    def __init__(self, service: Service, address: Address, options: PoolOptions, **arguments: Any) -> None:
        self._service = service
        self._connections: weakref.WeakSet[InProcessConnection] = weakref.WeakSet()
        super().__init__(address, options, **arguments)

    def close(self) -> None:
        """Close the pool, and tell the service that those who still wait on its connections are gone."""
        super().close()
        for connection in list(self._connections):
            connection.abandon()

    def connect(self, handler: Handler | None = None) -> InProcessConnection:
        """Make a connection and shake hands."""
        connection = self._new_connection()
        try:
            if not self.is_sdam:
                connection.hello()
                connection.max_message_size = MESSAGE_SIZE_LIMIT_BYTES
                self.is_writable = connection.is_writable
            if handler is not None:
                handler.contribute_socket(connection, completed_handshake=False)
            connection.authenticate()
        except BaseException:
            with self.lock:
                self.active_contexts.discard(connection.cancel_context)
            connection.close_conn(ConnectionClosedReason.ERROR)
            raise
        if handler is not None:
            handler.client._topology.receive_cluster_time(connection._cluster_time)
        return connection

    def _new_connection(self) -> InProcessConnection:
        with self.lock:
            connection_id = self.next_connection_id
            self.next_connection_id += 1
        self._telemetry.connection_created(connection_id)
        connection = InProcessConnection(self._service, self, connection_id)
        with self.lock:
            self.active_contexts.add(connection.cancel_context)
        self._connections.add(connection)
        return connection


class InProcessMonitor:
    """Tells the topology what the server is, at once and without a thread, by asking the service.

    Topology calls `open`, `request_check` and `cancel_check` with its lock held.
    """

    def __init__(
        self,
        service: Service,
        server_description: ServerDescription,
        topology: Topology,
        pool: Pool,
        topology_settings: object,
    ) -> None:
        self._service = service
        self._address = server_description.address
        self._topology = weakref.proxy(topology)

    def open(self) -> None:
        """Describe the server, unless it is known."""
        if not is_known(self._topology.description, self._address):
            self._topology._process_change(describe(self._service, self._address))

    def request_check(self) -> None:
        """Describe the server again after an error."""
        self.open()

    def cancel_check(self) -> None:
        """Describe the server again after a connection was lost."""
        self.open()

    def close(self) -> None:
        """Stop nothing: there is no thread."""

    def gc_safe_close(self) -> None:
        """Stop nothing: there is no thread."""

    def join(self) -> None:
        """Wait for nothing: there is no thread."""
