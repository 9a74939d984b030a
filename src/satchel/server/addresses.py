"""Addresses: binding the sockets to listen on, and writing down what is at the ends of a connection."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from satchel.server.options import ConfigurationError
from satchel.wire.service import Peer

_BACKLOG: Final = 512
_NOT_HERE: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_MAPPED_PREFIX: Final = "::ffff:"

SocketAddress = tuple[str, int]


def resolve(host: str, port: int) -> list[tuple[int, SocketAddress]]:
    """Return the address families and addresses of a name.

    Raises:
        ConfigurationError: The name has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host}: {error.strerror or error}") from error
    addresses = dict.fromkeys((int(family), (str(address[0]), port)) for family, *_, address in found)
    return list(addresses)


def is_loopback(host: str) -> bool:
    """Tell whether whoever connects to `host` is on this machine."""
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for _, (address, _) in resolve(host, 0))


def bind_tcp(hosts: Iterable[str], port: int) -> list[socket.socket]:
    """Listen on every address of `hosts`; with port 0 all of them get the same free port.

    Raises:
        ConfigurationError: An address cannot be had.
    """
    listeners: list[socket.socket] = []
    try:
        for host in hosts:
            _bind_host(host, port, listeners)
    except BaseException:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _bind_host(host: str, port: int, listeners: list[socket.socket]) -> None:
    """Listen on the addresses of one name, of which some may not be there (IPv6 is not everywhere)."""
    before = len(listeners)
    missing: OSError | None = None
    for family, (address, _) in resolve(host, port):
        chosen = port or (listeners[0].getsockname()[1] if listeners else 0)
        try:
            listeners.append(_listener(family, (address, chosen)))
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise ConfigurationError(f"cannot listen on {host_port(address, chosen)}: {error.strerror}") from error
            missing = error
    if len(listeners) == before and missing is not None:
        raise ConfigurationError(f"cannot listen on {host}: {missing.strerror}") from missing


def _listener(family: int, address: SocketAddress) -> socket.socket:
    both = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
    return socket.create_server(
        address, family=socket.AddressFamily(family), backlog=_BACKLOG, dualstack_ipv6=both, reuse_port=False
    )


def bind_unix(path: Path) -> socket.socket:
    """Listen on a Unix socket that this user alone may use; a socket that a dead server left is replaced.

    Raises:
        ConfigurationError: The path cannot be had.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_if_dead(path)
        previous = os.umask(0o077)
        try:
            listener.bind(str(path))
        finally:
            os.umask(previous)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"cannot listen on {path}: {error.strerror or error}") from error
    except BaseException:
        listener.close()
        raise
    return listener


def _remove_if_dead(path: Path) -> None:
    if not path.exists() or not stat.S_ISSOCK(path.stat().st_mode):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise ConfigurationError(f"cannot listen on {path}: another server does")


def host_port(host: str, port: int) -> str:
    """Return an address as it stands in URLs and in hello."""
    host = host.removeprefix(_MAPPED_PREFIX)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def peer_of(accepted: socket.socket, client: object) -> Peer:
    """Return the two ends of a connection, whose client is what `accept` said."""
    if not isinstance(client, tuple) or not is_tcp(accepted):
        return Peer("")
    server = accepted.getsockname()
    return Peer(client[0].removeprefix(_MAPPED_PREFIX), server[0].removeprefix(_MAPPED_PREFIX), client[1])


def is_tcp(connection: socket.socket) -> bool:
    """Tell TCP from Unix sockets."""
    return connection.family in (socket.AF_INET, socket.AF_INET6)


def own_address(accepted: socket.socket) -> str:
    """Return where the client of a connection has connected to, as it stands in hello."""
    address = accepted.getsockname()
    return host_port(address[0], address[1]) if is_tcp(accepted) else str(address)


def uri(listener: socket.socket, *, tls: bool) -> str:
    """Return the URL with which a client on this machine reaches a listener."""
    address = listener.getsockname()
    if not is_tcp(listener):
        return f"mongodb://{quote(address, safe='')}/"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address[0], address[0])
    return f"mongodb://{host_port(host, address[1])}/" + ("?tls=true" if tls else "")
