"""What a server is told: where it listens, how it shows itself, its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from satchel.wire.service import Topology

DEFAULT_PORT: Final = 27017


class ConfigurationError(Exception):
    """The options contradict each other, or what they name cannot be used."""


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """What TLS needs.

    Attributes:
        certificate: A PEM file with the server's certificate and, unless `key` is given, its private key.
        key: A PEM file with the private key.
        client_ca: A PEM file with the authorities whose clients are let in; without one every client is.
    """

    certificate: Path
    key: Path | None = None
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long a client may keep a thread waiting, in seconds.

    Attributes:
        handshake: For TLS, and for the first message.
        stall: For the next bytes of a message that has begun, and for taking those of a reply.
        drain: For commands that run when the server is told to stop; what is left then is interrupted.
        interrupt: For commands that were interrupted.
    """

    handshake: float = 20.0
    stall: float = 30.0
    drain: float = 5.0
    interrupt: float = 5.0


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What a server is told.

    Attributes:
        hosts: Names or addresses to listen on; none means no TCP.
        port: The TCP port; 0 takes a free one.
        unix_socket: The path of a Unix socket to listen on as well.
        tls: Whether, and how, TCP connections are encrypted.
        topology: As what the server shows itself to drivers.
        advertise: The `host:port` that drivers are told to connect to; None means: where they have connected to.
        max_connections: How many clients may be connected at once; further ones are turned away.
        authentication: Whether clients must log in; None means: not said, which is no, and allowed on loopback alone.
    """

    hosts: tuple[str, ...] = ("127.0.0.1",)
    port: int = DEFAULT_PORT
    unix_socket: Path | None = None
    tls: TlsOptions | None = None
    topology: Topology = "replset"
    advertise: str | None = None
    max_connections: int = 1000
    authentication: bool | None = None
    time_limits: TimeLimits = field(default_factory=TimeLimits)
