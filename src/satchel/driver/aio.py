"""`AsyncMongoClient`, and its transport: like the synchronous one, but messages are answered in threads."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from functools import partial
from typing import Any

from bson.codec_options import TypeRegistry
from pymongo import ReadPreference

from satchel.driver.aio_collection import AsyncDatabase, own_async_database
from satchel.driver.aio_direct import AsyncDirectConnection, may_be_direct_and_wait
from satchel.driver.batch_stream import BatchStream
from satchel.driver.client import is_plain_operation, represent
from satchel.driver.direct import NO_SERVER, NotDirectError, is_unobserved
from satchel.driver.exchange import (
    INSTANT_COMMANDS,
    LOOP_BATCH_SIZE,
    LOOP_WRITE_SIZES,
    MESSAGE_SIZE_LIMIT_BYTES,
    Address,
    Link,
    NoExecutor,
    batch_size_after,
    check_size,
    describe,
    is_known,
    run,
    unpack,
    works_in_background,
)
from satchel.driver.lease import Lease, open_lease
from satchel.driver.private import (
    AsyncClientSession,
    AsyncConnection,
    AsyncHandler,
    AsyncPool,
    AsyncPyMongoClient,
    AsyncPyMongoDatabase,
    AsyncTopology,
    ConnectionClosedReason,
    DocumentType,
    GetMore,
    OpMsg,
    PoolOptions,
    Query,
    Response,
    ServerDescription,
)
from satchel.driver.target import Host, Target, check_encryption_key, parse_target
from satchel.driver.workers import Workers
from satchel.wire.messages import command_name
from satchel.wire.service import ConnectionState, DirectService, Service


class AsyncLink(Link):
    """Stands where PyMongo keeps an asynchronous socket."""

    async def close(self) -> None:  # type: ignore[override]
        """Say that the client has gone."""
        self.state.close()


class AsyncInProcessConnection(AsyncConnection):
    """A PyMongo connection whose other end is a function, called in a thread."""

    def __init__(self, service: Service, workers: Workers, pool: AsyncPool, connection_id: int) -> None:
        self._service = service
        self._workers = workers
        self._state = ConnectionState()
        self._state.batch_size = LOOP_BATCH_SIZE
        self._replies: deque[bytes] = deque()
        self._stream = BatchStream()
        self._link = AsyncLink(self._state, pool.opts.socket_timeout)
        super().__init__(self._link, pool, pool.address, connection_id, pool.is_sdam)  # type: ignore[arg-type]

    async def send_message(self, message: bytes, max_doc_size: int) -> None:
        """Run the command of `message` and keep its replies.

        When the task is cancelled the connection is closed, which the service notices; whether the command was carried
        out is then unknown, as with any server.
        """
        check_size(max_doc_size, self.max_bson_size)
        self.max_write_batch_size = batch_size_after(message, self.max_write_batch_size, LOOP_WRITE_SIZES)
        self._stream.begin(message)
        try:
            await self._run(message)
        except BaseException as error:
            await self._raise_connection_failure(error)

    async def receive_message(self, request_id: int | None) -> OpMsg:
        """Return the next reply."""
        try:
            if not self._replies and self._stream.message is not None:
                await self._run(self._stream.message)
            return self._stream.mark(unpack(self._replies))
        except BaseException as error:
            await self._raise_connection_failure(error)

    async def _run(self, message: bytes) -> None:
        call = partial(run, self._service, message, self._state)
        if command_name(message) in INSTANT_COMMANDS:
            self._replies = call()
        elif self._link.patience is None:
            self._replies = await self._workers.run(call)
        else:
            try:
                self._replies = await asyncio.wait_for(self._workers.run(call), self._link.patience)
            except TimeoutError as error:
                raise TimeoutError("timed out") from error

    async def close_conn(self, reason: str | None) -> None:
        """Close the connection, and the cursor whose batches are still to come."""
        await super().close_conn(reason)
        if self._stream.cursor_id:
            self._service.kill_cursor(self._stream.cursor_id)

    def abandon(self) -> None:
        """Tell the service that nobody waits for it any more."""
        self._state.close()

    def conn_closed(self) -> bool:
        """Tell whether the connection was closed; no socket can break."""
        return self._state.closed


class AsyncInProcessPool(AsyncPool):
    """A PyMongo pool that makes connections to a function."""

    def __init__(
        self, service: Service, workers: Workers, address: Address, options: PoolOptions, **arguments: Any
    ) -> None:
        self._service = service
        self._workers = workers
        self._connections: weakref.WeakSet[AsyncInProcessConnection] = weakref.WeakSet()
        super().__init__(address, options, **arguments)

    async def close(self) -> None:
        """Close the pool, and tell the service that those who still wait on its connections are gone."""
        await super().close()
        for connection in list(self._connections):
            connection.abandon()

    async def connect(self, handler: AsyncHandler | None = None) -> AsyncInProcessConnection:
        """Make a connection and shake hands."""
        connection = await self._new_connection()
        try:
            if not self.is_sdam:
                await connection.hello()
                connection.max_message_size = MESSAGE_SIZE_LIMIT_BYTES
                connection.max_write_batch_size = LOOP_WRITE_SIZES.most_documents
                self.is_writable = connection.is_writable
            if handler is not None:
                handler.contribute_socket(connection, completed_handshake=False)
            await connection.authenticate()
        except BaseException:
            async with self.lock:
                self.active_contexts.discard(connection.cancel_context)
            await connection.close_conn(ConnectionClosedReason.ERROR)
            raise
        if handler is not None:
            await handler.client._topology.receive_cluster_time(connection._cluster_time)
        return connection

    async def _new_connection(self) -> AsyncInProcessConnection:
        async with self.lock:
            connection_id = self.next_connection_id
            self.next_connection_id += 1
        self._telemetry.connection_created(connection_id)
        connection = AsyncInProcessConnection(self._service, self._workers, self, connection_id)
        async with self.lock:
            self.active_contexts.add(connection.cancel_context)
        self._connections.add(connection)
        return connection


class AsyncInProcessMonitor:
    """Tells the topology what the server is by asking the service.

    Topology calls `open`, `request_check` and `cancel_check` without awaiting them and with its lock held, so the
    change is made by a task of its own, on the next turn of the loop.
    """

    def __init__(
        self,
        service: Service,
        server_description: ServerDescription,
        topology: AsyncTopology,
        pool: AsyncPool,
        topology_settings: object,
    ) -> None:
        self._service = service
        self._address = server_description.address
        self._topology = weakref.proxy(topology)
        self._change: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Have the server described, unless it is known."""
        if not is_known(self._topology.description, self._address):
            change = self._topology.on_change(describe(self._service, self._address))
            self._change = asyncio.get_running_loop().create_task(change)

    def request_check(self) -> None:
        """Have the server described again after an error."""
        self.open()

    def cancel_check(self) -> None:
        """Have the server described again after a connection was lost."""
        self.open()

    def gc_safe_close(self) -> None:
        """Stop nothing: there is no thread."""

    async def close(self) -> None:
        """Stop nothing: there is no thread."""

    async def join(self) -> None:
        """Wait for the task that makes a change."""
        if self._change is not None and not self._change.done():
            await self._change


class AsyncNoExecutor(NoExecutor):
    """The asynchronous kind."""

    async def join(self, _timeout: float | None = None) -> None:  # type: ignore[override]
        """Wait for nothing."""


class AsyncMongoClient(AsyncPyMongoClient[DocumentType]):
    """A `pymongo.AsyncMongoClient` whose server is a file.

    Commands run in threads of the client's own, as many as run at once, so the event loop is never held up by one. Only
    what takes microseconds and need not wait runs on the loop's thread itself.

    Args:
        host: What `satchel.driver.target.parse_target` says. There is no default.
        port: As in PyMongo; for servers alone.
        document_class: As in PyMongo.
        tz_aware: As in PyMongo.
        connect: As in PyMongo.
        type_registry: As in PyMongo.
        encryption_key: The key of an encrypted file, or of one to be made: a passphrase, or 32 bytes.
        kwargs: PyMongo's further options.

    Raises:
        ConfigurationError: When `host` or `encryption_key` is none of what it can be.
        OperationFailure: When the file is not a database, of a newer format, or out of reach;
            AuthenticationFailed (18) when `encryption_key` is not the file's.
    """

    _lease: Lease | None = None
    _target: Target | None = None
    _direct: AsyncDirectConnection | None = None

    def __init__(  # noqa: PLR0913 - PyMongo's arguments, and a key
        self,
        host: Host = None,
        port: int | None = None,
        document_class: type[DocumentType] | None = None,
        tz_aware: bool | None = None,
        connect: bool | None = None,
        type_registry: TypeRegistry | None = None,
        *,
        encryption_key: str | bytes | None = None,
        **kwargs: Any,
    ) -> None:
        self._target = target = parse_target(host, port)
        check_encryption_key(encryption_key, target)
        arguments = (document_class, tz_aware, connect, type_registry)
        if target is None:
            super().__init__(host, port, *arguments, **kwargs)  # type: ignore[arg-type]
            return
        lease: Lease = kwargs.pop("_lease", None) or open_lease(target.path, encryption_key)
        self._lease = lease
        self._workers = Workers()
        kwargs["_pool_class"] = partial(AsyncInProcessPool, lease.service, self._workers)
        kwargs["_monitor_class"] = partial(AsyncInProcessMonitor, lease.service)
        try:
            super().__init__(target.url(lease.service.address), None, *arguments, **kwargs)
        except BaseException:
            lease.end()
            raise
        self._init_kwargs["host"] = host
        if isinstance(lease.service, DirectService) and may_be_direct_and_wait(self.options):
            self._direct = AsyncDirectConnection(lease.service, self._workers, self.options)

    async def close(self) -> None:
        """End the client's sessions and cursors, and let go of the file."""
        await super().close()
        if self._direct is not None:
            self._direct.close()
        if self._lease is not None and self._lease.end.alive:
            try:
                await self._workers.run(self._lease.end)
            finally:
                self._workers.close()

    aclose = close

    def abandon(self) -> None:
        """Let go of the file without an event loop, as garbage collection does: for clients whose loop has ended.

        Sessions are left to their time-out. With `mongodb://` servers it does nothing.
        """
        if self._lease is not None:
            self._closed = True
            if self._direct is not None:
                self._direct.close()
            self._workers.close()
            self._lease.end()

    def __repr__(self) -> str:
        return represent(super().__repr__(), self._target, self._lease)

    def _init_background(self, old_pid: int | None = None) -> None:
        if self._lease is None:
            super()._init_background(old_pid)
            return
        super()._init_background(None)
        if not works_in_background(self.options):
            self._kill_cursors_executor = AsyncNoExecutor()  # type: ignore[assignment]

    def _close_cursor_soon(self, cursor_id: int, address: Any, conn_mgr: Any = None) -> None:
        is_left_to_us = isinstance(self._kill_cursors_executor, NoExecutor) and conn_mgr is None
        if self._lease is None or not is_left_to_us:
            super()._close_cursor_soon(cursor_id, address, conn_mgr)
        elif cursor_id:
            self._lease.service.kill_cursor(cursor_id)

    def _short_cut(self, session: object = None) -> AsyncDirectConnection | None:
        """Return what takes a short cut, or None when a command has to go PyMongo's way, as a client's first one does.

        A client that has begun on another event loop is PyMongo's to complain about.
        """
        if session is not None or self._direct is None or self._closed or not self._opened:
            return None
        if not _is_running(self._loop) or not is_unobserved():
            return None
        return self._direct if self._get_bound_session() is None else None

    def _ensure_session(self, session: AsyncClientSession | None = None) -> AsyncClientSession | None:
        return None if self._short_cut(session) is not None else super()._ensure_session(session)

    async def _retryable_write(
        self,
        retryable: bool,
        func: Any,
        session: AsyncClientSession | None,
        operation: str,
        bulk: Any = None,
        operation_id: int | None = None,
    ) -> Any:
        if bulk is None and (direct := self._short_cut(session)) is not None:
            try:
                return await func(None, direct, False)
            except NotDirectError:
                pass
        return await super()._retryable_write(retryable, func, session, operation, bulk, operation_id)

    async def _retryable_read(
        self, func: Any, read_pref: Any, session: AsyncClientSession | None, *args: Any, **kwargs: Any
    ) -> Any:
        is_plain = read_pref == ReadPreference.PRIMARY and kwargs.get("conn_mgr") is None
        if is_plain and (direct := self._short_cut(session)) is not None:
            try:
                return await func(None, NO_SERVER, direct, read_pref)
            except NotDirectError:
                pass
        return await super()._retryable_read(func, read_pref, session, *args, **kwargs)

    async def _run_operation(self, operation: Query | GetMore, run_with_conn: Any, address: Any = None) -> Response:
        direct = self._short_cut(operation.session) if is_plain_operation(operation, address, self._lease) else None
        if direct is not None:
            try:
                return await direct.run_operation(operation, run_with_conn.__self__)
            except NotDirectError:
                pass
        if operation.exhaust and self._kill_cursors_queue:
            await self._process_kill_cursors()  # exhaust cursors of the garbage collector still have their connections
        return await super()._run_operation(operation, run_with_conn, address)

    def __getitem__(self, name: str) -> AsyncPyMongoDatabase[DocumentType]:
        return super().__getitem__(name) if self._direct is None else AsyncDatabase(self, name)

    def get_database(self, *args: Any, **kwargs: Any) -> Any:
        """Return a database, as PyMongo does."""
        made = super().get_database(*args, **kwargs)
        return made if self._direct is None else own_async_database(made)

    def get_default_database(self, *args: Any, **kwargs: Any) -> Any:
        """Return the database that the URL names, as PyMongo does."""
        made = super().get_default_database(*args, **kwargs)
        return made if self._direct is None else own_async_database(made)

    def _duplicate(self, **kwargs: Any) -> AsyncMongoClient[Any]:
        arguments = {**self._init_kwargs, **kwargs}
        if self._lease is not None:
            arguments["_lease"] = self._lease.share()
        return type(self)(**arguments)


def _is_running(loop: asyncio.AbstractEventLoop | None) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
