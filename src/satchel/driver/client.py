"""`MongoClient`: PyMongo's, on a file, on memory, or on servers."""

from __future__ import annotations

from functools import partial
from typing import Any

from bson.codec_options import TypeRegistry

from satchel.driver.exchange import NoExecutor
from satchel.driver.lease import Lease, open_lease
from satchel.driver.private import DocumentType, PyMongoClient
from satchel.driver.target import Host, Target, parse_target
from satchel.driver.transport import InProcessMonitor, InProcessPool


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
        kwargs: PyMongo's further options.

    Raises:
        ConfigurationError: When `host` is none of what it can be.
        OperationFailure: When the file is not a database, of a newer format, or out of reach.
    """

    _lease: Lease | None = None
    _target: Target | None = None

    def __init__(
        self,
        host: Host = None,
        port: int | None = None,
        document_class: type[DocumentType] | None = None,
        tz_aware: bool | None = None,
        connect: bool | None = None,
        type_registry: TypeRegistry | None = None,
        *,
        _lease: Lease | None = None,
        **kwargs: Any,
    ) -> None:
        self._target = target = parse_target(host, port)
        arguments = (document_class, tz_aware, connect, type_registry)
        if target is None:
            super().__init__(host, port, *arguments, **kwargs)  # type: ignore[arg-type]
            return
        self._lease = lease = _lease if _lease is not None else open_lease(target.path)
        kwargs["_pool_class"] = partial(InProcessPool, lease.service)
        kwargs["_monitor_class"] = partial(InProcessMonitor, lease.service)
        try:
            super().__init__(target.url(lease.service.address), None, *arguments, **kwargs)
        except BaseException:
            lease.end()
            raise
        self._init_kwargs["host"] = host

    def close(self) -> None:
        """End the client's sessions and cursors, and let go of the file."""
        super().close()
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
        self._kill_cursors_executor = NoExecutor()  # type: ignore[assignment]

    def _close_cursor_soon(self, cursor_id: int, address: Any, conn_mgr: Any = None) -> None:
        if self._lease is None:
            super()._close_cursor_soon(cursor_id, address, conn_mgr)
        elif cursor_id:
            self._lease.service.kill_cursor(cursor_id)

    def _duplicate(self, **kwargs: Any) -> MongoClient[Any]:
        arguments = {**self._init_kwargs, **kwargs}
        if self._lease is not None:
            arguments["_lease"] = self._lease.share()
        return type(self)(**arguments)


def represent(pymongos: str, target: Target | None, lease: Lease | None) -> str:
    """Put the path where PyMongo's representation of a client has the address."""
    if target is None or lease is None:
        return pymongos
    host, port = lease.service.address
    return pymongos.replace(f"host=['{host}:{port}']", f"host={target.path!r}", 1)
