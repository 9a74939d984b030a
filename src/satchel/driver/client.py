"""`MongoClient`: PyMongo's, on a file, on memory, or on servers."""

from __future__ import annotations

from functools import partial
from typing import Any

from bson.codec_options import TypeRegistry
from pymongo import ReadPreference

from satchel.driver.collection import Database, own_database
from satchel.driver.direct import NO_SERVER, DirectConnection, NotDirectError, is_unobserved, may_be_direct
from satchel.driver.exchange import NoExecutor, works_in_background
from satchel.driver.lease import Lease, open_lease
from satchel.driver.private import ClientSession, DocumentType, GetMore, PyMongoClient, PyMongoDatabase, Query, Response
from satchel.driver.target import Host, Target, check_encryption_key, parse_target
from satchel.driver.transport import InProcessMonitor, InProcessPool
from satchel.wire.service import DirectService


class MongoClient(PyMongoClient[DocumentType]):
    """A `pymongo.MongoClient` whose server is a file, and a function call away.

    It is PyMongo's own class underneath: every method, option and exception is documented there. With a `mongodb://`
    URL it is PyMongo's client and nothing else.

        client = MongoClient("app.db")          # a file; made when it is first written to
        client = MongoClient(":memory:")        # gone when the client is closed
        client = MongoClient("mongodb://host")  # a MongoDB server or cluster

    Clients on the same file share what is open; the last one to be closed, or collected as garbage, closes it. A client
    may be used after a fork, in both processes.

    Args:
        host: What `satchel.driver.target.parse_target` says. There is no default.
        port: As in PyMongo; for servers alone.
        document_class: As in PyMongo.
        tz_aware: As in PyMongo.
        connect: As in PyMongo; a file is opened at once in any case.
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
    _direct: DirectConnection | None = None

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
        kwargs["_pool_class"] = partial(InProcessPool, lease.service)
        kwargs["_monitor_class"] = partial(InProcessMonitor, lease.service)
        try:
            super().__init__(target.url(lease.service.address), None, *arguments, **kwargs)
        except BaseException:
            lease.end()
            raise
        self._init_kwargs["host"] = host
        if isinstance(lease.service, DirectService) and may_be_direct(self.options):
            self._direct = DirectConnection(lease.service, self.options)

    def close(self) -> None:
        """End the client's sessions and cursors, and let go of the file."""
        super().close()
        if self._direct is not None:
            self._direct.close()
        if self._lease is not None:
            self._lease.end()

    def __repr__(self) -> str:
        return represent(super().__repr__(), self._target, self._lease)

    def _init_background(self, old_pid: int | None = None) -> None:
        if self._lease is None:
            super()._init_background(old_pid)
            return
        # PyMongo is not told of a fork (it would warn): topology and connections are new, the service takes care of
        # what it has open.
        super()._init_background(None)
        if not works_in_background(self.options):
            self._kill_cursors_executor = NoExecutor()  # type: ignore[assignment]

    def _close_cursor_soon(self, cursor_id: int, address: Any, conn_mgr: Any = None) -> None:
        is_left_to_us = isinstance(self._kill_cursors_executor, NoExecutor) and conn_mgr is None
        if self._lease is None or not is_left_to_us:
            super()._close_cursor_soon(cursor_id, address, conn_mgr)
        elif cursor_id:
            self._lease.service.kill_cursor(cursor_id)

    def _short_cut(self, session: object = None) -> DirectConnection | None:
        """Return what takes a short cut, or None when a command has to go PyMongo's way."""
        if session is not None or self._direct is None or self._closed or not is_unobserved():
            return None
        return self._direct if self._get_bound_session() is None else None

    def _ensure_session(self, session: ClientSession | None = None) -> ClientSession | None:
        return None if self._short_cut(session) is not None else super()._ensure_session(session)

    def _retryable_write(
        self,
        retryable: bool,
        func: Any,
        session: ClientSession | None,
        operation: str,
        bulk: Any = None,
        operation_id: int | None = None,
    ) -> Any:
        if bulk is None and (direct := self._short_cut(session)) is not None:
            try:
                return func(None, direct, False)
            except NotDirectError:
                pass
        return super()._retryable_write(retryable, func, session, operation, bulk, operation_id)

    def _retryable_read(
        self, func: Any, read_pref: Any, session: ClientSession | None, *args: Any, **kwargs: Any
    ) -> Any:
        is_plain = read_pref == ReadPreference.PRIMARY and kwargs.get("conn_mgr") is None
        if is_plain and (direct := self._short_cut(session)) is not None:
            try:
                return func(None, NO_SERVER, direct, read_pref)
            except NotDirectError:
                pass
        return super()._retryable_read(func, read_pref, session, *args, **kwargs)

    def _run_operation(self, operation: Query | GetMore, run_with_conn: Any, address: Any = None) -> Response:
        direct = self._short_cut(operation.session) if is_plain_operation(operation, address, self._lease) else None
        if direct is not None:
            try:
                return direct.run_operation(operation, run_with_conn.__self__)
            except NotDirectError:
                pass
        if operation.exhaust and self._kill_cursors_queue:
            self._process_kill_cursors()  # exhaust cursors of the garbage collector still have their connections
        return super()._run_operation(operation, run_with_conn, address)

    def __getitem__(self, name: str) -> PyMongoDatabase[DocumentType]:
        return super().__getitem__(name) if self._direct is None else Database(self, name)

    def get_database(self, *args: Any, **kwargs: Any) -> Any:
        """Return a database, as PyMongo does."""
        made = super().get_database(*args, **kwargs)
        return made if self._direct is None else own_database(made)

    def get_default_database(self, *args: Any, **kwargs: Any) -> Any:
        """Return the database that the URL names, as PyMongo does."""
        made = super().get_default_database(*args, **kwargs)
        return made if self._direct is None else own_database(made)

    def _duplicate(self, **kwargs: Any) -> MongoClient[Any]:
        arguments = {**self._init_kwargs, **kwargs}
        if self._lease is not None:
            arguments["_lease"] = self._lease.share()
        return type(self)(**arguments)


def is_plain_operation(operation: Query | GetMore, address: Any, lease: Lease | None) -> bool:
    """Tell whether a cursor's operation is for our service, and nothing but a command and its reply."""
    is_ours = address is None or lease is None or address == lease.service.address
    is_alone = not operation.exhaust and operation.conn_mgr is None
    return is_ours and is_alone and operation.read_preference == ReadPreference.PRIMARY


def represent(pymongos: str, target: Target | None, lease: Lease | None) -> str:
    """Put the path where PyMongo's representation of a client has the address."""
    if target is None or lease is None:
        return pymongos
    host, port = lease.service.address
    return pymongos.replace(f"host=['{host}:{port}']", f"host={target.path!r}", 1)
