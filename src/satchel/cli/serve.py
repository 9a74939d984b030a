"""`satchel serve`: a file as a MongoDB server."""

from __future__ import annotations

import argparse
import gc
import importlib
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from satchel.logs import LOGGER, event
from satchel.server.logs import LogFormat, audit_to_file, log_to_stderr
from satchel.server.options import DEFAULT_PORT, ConfigurationError, ServerOptions, TlsOptions
from satchel.server.server import Server
from satchel.wire.service import Topology

if TYPE_CHECKING:
    from satchel.server.metrics import MetricsServer

_RESERVED_DESCRIPTORS: Final = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("path", type=Path, help="the file, which is made when it is not there")
    parser.add_argument("--read-only", action="store_true", help="refuse writes")
    where = parser.add_argument_group("where it listens")
    where.add_argument("--host", action="append", metavar="NAME", help="an address (repeatable; default 127.0.0.1)")
    where.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default %(default)s)")
    where.add_argument("--unix-socket", type=Path, metavar="PATH", help="listen on a Unix socket as well")
    where.add_argument("--no-tcp", action="store_true", help="listen on the Unix socket alone")
    where.add_argument("--max-connections", type=int, default=1000, metavar="N", help="(default %(default)s)")
    shown = parser.add_argument_group("how drivers see it")
    shown.add_argument("--topology", choices=get_args(Topology), default="replset", help="(default %(default)s)")
    shown.add_argument("--advertise", metavar="HOST:PORT", help="where drivers are to connect; behind port mapping")
    rights = parser.add_argument_group("who may use it")
    either = rights.add_mutually_exclusive_group()
    either.add_argument("--auth", action="store_true", default=None, help="clients must log in")
    rights.add_argument("--audit-log", type=Path, metavar="FILE", help="append logins and denials, as JSON lines")
    either.add_argument("--no-auth", dest="auth", action="store_false", help="nobody has to, not even from elsewhere")
    rights.add_argument("--tls-certificate", type=Path, metavar="PEM", help="encrypt TCP: certificate (and key)")
    rights.add_argument("--tls-key", type=Path, metavar="PEM", help="the private key, when it is a file of its own")
    rights.add_argument("--tls-client-ca", type=Path, metavar="PEM", help="let in only clients with its certificates")
    rights.add_argument(
        "--enable-test-commands",
        action="store_true",
        help="let clients set fail points: for the tests of drivers alone",
    )
    watch = parser.add_argument_group("how it is watched")
    watch.add_argument("--metrics", metavar="HOST:PORT", help="answer http://HOST:PORT/metrics, for Prometheus")
    logs = parser.add_argument_group("what it logs, on standard error")
    logs.add_argument("--log-format", choices=get_args(LogFormat), default="text", help="(default %(default)s)")
    logs.add_argument("--log-level", choices=["debug", "info", "warning", "error"], default="info")
    logs.add_argument("--slow-ms", type=int, default=100, help="commands that take longer (default %(default)s)")


def run(options: argparse.Namespace, key: str | bytes | None = None) -> int:
    """Serve until SIGTERM or SIGINT; a second one ends the process at once."""
    log_to_stderr(options.log_format, options.log_level)
    if options.audit_log is not None:
        audit_to_file(options.audit_log)
    _allow_descriptors(options.max_connections + _RESERVED_DESCRIPTORS)
    try:
        server = Server(_server_options(options))
        server.bind()
        metrics = _metrics_server(options.metrics)
    except ConfigurationError as error:
        print(f"satchel: {error}", file=sys.stderr)
        return 2
    stop = _StopSignal()
    # Clients can connect from here on. They are greeted when the file is open, before all commands are loaded.
    gc.disable()
    deployment = importlib.import_module("satchel.deployment")
    service = deployment.open_service(
        str(options.path),
        read_only=options.read_only,
        encryption_key=key,
        test_commands=options.enable_test_commands,
    )
    service.authorization = bool(options.auth)
    service.activity.profiler.slow_ms = options.slow_ms
    try:
        server.start(service)
        if metrics is not None:
            metrics.start(service)
            event(LOGGER, logging.INFO, "metrics", url=metrics.url)
        print(*server.uris, sep="\n", flush=True)
        importlib.import_module("satchel.commands.command").COMMANDS.load()
        gc.freeze()
        gc.enable()
        stop.wait()
        server.stop(service)
    finally:
        if metrics is not None:
            metrics.stop()
        service.release()
    return 0


def _metrics_server(address: str | None) -> MetricsServer | None:
    """Take the address of the metrics, if there is one; without it no HTTP server is even loaded."""
    if address is None:
        return None
    from satchel.server.metrics import MetricsServer  # noqa: PLC0415

    return MetricsServer(address)


def _server_options(options: argparse.Namespace) -> ServerOptions:
    tls = None
    if options.tls_certificate is not None:
        tls = TlsOptions(options.tls_certificate, options.tls_key, options.tls_client_ca)
    elif options.tls_key is not None or options.tls_client_ca is not None:
        raise ConfigurationError("--tls-key and --tls-client-ca need --tls-certificate")
    hosts = tuple(options.host or ("127.0.0.1",))
    return ServerOptions(
        hosts=() if options.no_tcp else hosts,
        port=options.port,
        unix_socket=options.unix_socket,
        tls=tls,
        topology=options.topology,
        advertise=options.advertise,
        max_connections=options.max_connections,
        authentication=options.auth,
    )


class _StopSignal:
    """The first SIGTERM or SIGINT; a second one ends the process at once."""

    def __init__(self) -> None:
        self._has_come = False
        # The system may have another thread take the signal, or this one just before it sleeps: then nothing would wake
        # it. A byte in a socket is not missed.
        self._woken, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: object) -> None:
        if self._has_come:
            # The log of the file is whole at any moment; the next to open it finds all that was acknowledged.
            os._exit(128 + number)
        self._has_come = True

    def wait(self) -> None:
        """Wait until it has come."""
        self._woken.recv(1)


def _allow_descriptors(wanted: int) -> None:
    """Raise the limit of open files to what the connections may need, as far as the system lets us."""
    try:
        resource = importlib.import_module("resource")
    except ImportError:
        return  # Windows has no such limit
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard >= 0 else wanted, hard))
