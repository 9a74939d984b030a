"""The server: listens, gives every client a thread, watches over them, and stops in good order."""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from satchel.server.addresses import bind_tcp, bind_unix, is_loopback, is_tcp, own_address, peer_of, uri
from satchel.server.connection import Connection
from satchel.server.logs import event
from satchel.server.message_reader import MessageBudget
from satchel.server.options import ConfigurationError, ServerOptions
from satchel.server.peers import is_gone
from satchel.wire.service import DirectService, Presentation, Traffic

if TYPE_CHECKING:
    import ssl

_log: Final = logging.getLogger("satchel.server")
_LARGE_MESSAGES_BYTES: Final = 512 * 1024 * 1024
_WATCH_SECONDS: Final = 0.5
_RETRY_ACCEPT_SECONDS: Final = 0.2


class Server:
    """A socket server in front of one service.

    Args:
        options: What it is told; contradictions raise.

    Raises:
        ConfigurationError: The options contradict each other, or TLS cannot use its files.
    """

    def __init__(self, options: ServerOptions) -> None:
        _check(options)
        self._options = options
        self._tls = _tls_context(options)
        self._budget = MessageBudget(_LARGE_MESSAGES_BYTES)
        self._listeners: list[socket.socket] = []
        self._connections: set[Connection] = set()
        self._ended_traffic = Traffic()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._wake, self._woken = socket.socketpair()
        self._threads: list[threading.Thread] = []

    def bind(self) -> None:
        """Take the addresses; clients can connect from now on, and are answered once `start` was called.

        Raises:
            ConfigurationError: An address cannot be had.
        """
        if self._options.unix_socket is not None:
            self._listeners.append(bind_unix(self._options.unix_socket.absolute()))
        self._listeners += bind_tcp(self._options.hosts, self._options.port)

    @property
    def uris(self) -> list[str]:
        """The URLs with which clients on this machine reach it, TCP first."""
        found = [uri(listener, tls=self._tls is not None) for listener in self._listeners]
        return sorted(found, key=lambda each: each.startswith("mongodb://%2F"))

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    def traffic(self) -> Traffic:
        """Return how many connections there are and have been, and the bytes that went over them."""
        with self._changed:
            connections, past = list(self._connections), self._ended_traffic
        return Traffic(
            current=len(connections),
            available=max(0, self._options.max_connections - len(connections)),
            created=past.created + len(connections),
            active=sum(each.busy_since is not None for each in connections),
            bytes_in=past.bytes_in + sum(each.bytes_in for each in connections),
            bytes_out=past.bytes_out + sum(each.bytes_out for each in connections),
        )

    def wait_until_empty(self, seconds: float) -> bool:
        """Wait until no client is connected, and tell whether that came to pass within `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._connections, seconds)

    def start(self, service: DirectService) -> None:
        """Answer clients, in threads, until `stop`."""
        service.traffic = self.traffic
        accept = threading.Thread(target=self._accept, args=(service,), name="listener", daemon=True)
        watch = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._threads = [accept, watch]
        for thread in self._threads:
            thread.start()
        event(_log, logging.INFO, "listening", uris=self.uris, topology=self._options.topology)

    def _accept(self, service: DirectService) -> None:
        with selectors.DefaultSelector() as selector:
            for listener in (self._woken, *self._listeners):
                listener.setblocking(False)
                selector.register(listener, selectors.EVENT_READ)
            while not self._stopping.is_set():
                for key, _ in selector.select():
                    if key.fileobj is not self._woken:
                        assert isinstance(key.fileobj, socket.socket)
                        self._accept_one(key.fileobj, service)

    def _accept_one(self, listener: socket.socket, service: DirectService) -> None:
        try:
            accepted, client = listener.accept()
        except (BlockingIOError, ConnectionError):
            return  # the client has gone again
        except OSError as error:
            # Most likely out of descriptors; the client stays in the queue.
            event(_log, logging.ERROR, "cannot accept a connection", error=error)
            self._stopping.wait(_RETRY_ACCEPT_SECONDS)
            return
        try:
            self._begin(accepted, client, service)
        except OSError:
            accepted.close()  # the client has gone again
        except RuntimeError as error:
            event(_log, logging.ERROR, "cannot start a thread", error=error)
            accepted.close()

    def _begin(self, accepted: socket.socket, client: object, service: DirectService) -> None:
        """Give an accepted client its thread, or turn it away."""
        if is_tcp(accepted):
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        here = self._options.advertise or own_address(accepted)
        connection = Connection(accepted, peer_of(accepted, client), Presentation(self._options.topology, here))
        if len(self._connections) >= self._options.max_connections:
            event(_log, logging.WARNING, "too many connections", client=str(connection.peer), limit=self.connections)
            accepted.close()
            return
        with self._changed:
            self._connections.add(connection)
        tls = self._tls if is_tcp(accepted) else None
        arguments = (service, self._options, self._budget, tls, self._ended)
        name = f"conn{connection.state.id}"
        try:
            threading.Thread(target=connection.run, args=arguments, name=name, daemon=True).start()
        except RuntimeError:
            self._ended(connection)
            raise
        event(
            _log, logging.INFO, "connection accepted",
            client=str(connection.peer), id=connection.state.id, connections=self.connections,
        )  # fmt: skip

    def _ended(self, connection: Connection) -> None:
        with self._changed:
            self._connections.discard(connection)
            past = self._ended_traffic
            self._ended_traffic = Traffic(
                created=past.created + 1,
                bytes_in=past.bytes_in + connection.bytes_in,
                bytes_out=past.bytes_out + connection.bytes_out,
            )
            self._changed.notify_all()

    def _watch(self) -> None:
        """Interrupt commands whose clients have gone: the thread that runs one does not look at its socket."""
        while not self._stopping.wait(_WATCH_SECONDS):
            long_ago = time.monotonic() - _WATCH_SECONDS
            for connection in self._snapshot():
                since = connection.busy_since
                if since is not None and since < long_ago and is_gone(connection.fileno()):
                    event(_log, logging.INFO, "client gone while its command runs", id=connection.state.id)
                    connection.abort()

    def _snapshot(self) -> list[Connection]:
        with self._changed:
            return list(self._connections)

    def stop(self, service: DirectService) -> None:
        """Stop listening, let commands that run finish for a while, interrupt the rest, cut every client off (once)."""
        if self._stopping.is_set():
            return
        event(_log, logging.INFO, "stopping", connections=self.connections)
        self._stopping.set()
        self._wake.send(b"\0")
        for thread in self._threads:
            thread.join()
        self._close_listeners()
        for connection in self._snapshot():
            connection.end()
        if not self.wait_until_empty(self._options.time_limits.drain):
            event(_log, logging.WARNING, "interrupting commands", connections=self.connections)
            service.interrupt()
            self.wait_until_empty(self._options.time_limits.interrupt)
        for connection in self._snapshot():
            connection.abort()
        self.wait_until_empty(self._options.time_limits.interrupt)
        event(_log, logging.INFO, "stopped", connections=self.connections)

    def _close_listeners(self) -> None:
        for listener in (self._wake, self._woken, *self._listeners):
            listener.close()
        if self._options.unix_socket is not None:
            self._options.unix_socket.unlink(missing_ok=True)


def _tls_context(options: ServerOptions) -> ssl.SSLContext | None:
    if options.tls is None:
        return None
    from satchel.server.tls import tls_context  # noqa: PLC0415 - loading OpenSSL takes longer than a server may

    return tls_context(options.tls)


def _check(options: ServerOptions) -> None:
    """Refuse options that contradict each other.

    Raises:
        ConfigurationError: Which ones.
    """
    if not options.hosts and options.unix_socket is None:
        raise ConfigurationError("there is nothing to listen on")
    open_hosts = [host for host in options.hosts if not is_loopback(host)]
    if open_hosts and options.authentication is None:
        raise ConfigurationError(
            f"{open_hosts[0]} can be reached from other machines: ask for logins with --auth, "
            "or say --no-auth to let everybody read and write"
        )


@contextlib.contextmanager
def serving(service: DirectService, options: ServerOptions) -> Iterator[Server]:
    """Serve for the block, and stop in good order.

    Raises:
        ConfigurationError: As `Server` and `Server.bind`.
    """
    server = Server(options)
    server.bind()
    server.start(service)
    try:
        yield server
    finally:
        server.stop(service)
