"""Metrics for Prometheus, over HTTP on an address of their own.

Reference:
    Prometheus, "Exposition formats", text format 0.0.4.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from satchel.server.options import ConfigurationError

if TYPE_CHECKING:
    from satchel.commands.dispatch import Service

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_READ_SECONDS: Final = 10.0
Labels = Mapping[str, str]
Sample = tuple[str, Labels, float]


def metrics_text(service: Service) -> str:
    """Return what there is to measure of a service, in Prometheus's text format."""
    return "".join(f"{line}\n" for line in _lines(service))


def _lines(service: Service) -> Iterator[str]:
    for name, kind, help_text, samples in _families(service):
        yield f"# HELP {name} {help_text}"
        yield f"# TYPE {name} {kind}"
        for suffix, labels, value in samples:
            yield f"{name}{suffix}{_label_text(labels)} {_number(value)}"


def _families(service: Service) -> Iterator[tuple[str, str, str, list[Sample]]]:
    yield from _command_families(service)
    yield from _connection_families(service)
    yield from _storage_families(service)
    engine = service.engine
    cursors = engine.cursors
    yield "satchel_cursors_open", "gauge", "Open cursors.", [("", {}, len(cursors))]
    yield "satchel_cursors_opened_total", "counter", "Cursors opened.", [("", {}, cursors.opened_total)]
    yield "satchel_cursors_timed_out_total", "counter", "Cursors that timed out.", [("", {}, cursors.timed_out_total)]
    yield "satchel_operations_running", "gauge", "Commands that run.", [("", {}, len(engine.operations))]
    yield "satchel_uptime_seconds", "gauge", "Since the file was opened.", [("", {}, time.time() - engine.started)]


def _command_families(service: Service) -> Iterator[tuple[str, str, str, list[Sample]]]:
    from satchel.commands.activity import BUCKETS_SECONDS  # noqa: PLC0415 - loads the engine, and a server starts fast

    timings = sorted(service.activity.commands().items())
    yield (
        "satchel_commands_total",
        "counter",
        "Commands, by name.",
        [("", {"command": name}, count) for name, count in sorted(service.engine.opcounters.items())],
    )
    yield (
        "satchel_commands_failed_total",
        "counter",
        "Commands that failed, by name.",
        [("", {"command": name}, timing.failed) for name, timing in timings],
    )
    samples: list[Sample] = []
    for name, timing in timings:
        running = 0
        for bound, count in zip((*BUCKETS_SECONDS, float("inf")), timing.buckets, strict=True):
            running += count
            samples.append(("_bucket", {"command": name, "le": _number(bound)}, running))
        samples += [("_sum", {"command": name}, timing.seconds), ("_count", {"command": name}, timing.count)]
    yield "satchel_command_duration_seconds", "histogram", "How long commands take, by name.", samples


def _connection_families(service: Service) -> Iterator[tuple[str, str, str, list[Sample]]]:
    traffic = service.traffic()
    yield "satchel_connections", "gauge", "Connections.", [("", {}, traffic.current)]
    yield "satchel_connections_created_total", "counter", "Connections ever made.", [("", {}, traffic.created)]
    yield (
        "satchel_network_bytes_total",
        "counter",
        "Bytes of messages, by direction.",
        [("", {"direction": "in"}, traffic.bytes_in), ("", {"direction": "out"}, traffic.bytes_out)],
    )


def _storage_families(service: Service) -> Iterator[tuple[str, str, str, list[Sample]]]:
    from satchel.commands.server_status import memory_bytes, sqlite_memory_bytes, wal_bytes  # noqa: PLC0415

    storage = service.engine.storage
    sizes = storage.stats()
    for name, help_text, value in (
        ("file_bytes", "Size of the file.", sizes.file_bytes),
        ("free_bytes", "Bytes in the file that are free.", sizes.free_bytes),
        ("wal_bytes", "Size of the log beside the file.", wal_bytes(storage.path)),
        ("cache_bytes", "Memory that SQLite has, most of it for its page caches.", sqlite_memory_bytes()),
        ("resident_memory_bytes", "Memory of the process.", memory_bytes()[0]),
    ):
        yield f"satchel_{name}", "gauge", help_text, [("", {}, value)]


def _label_text(labels: Labels) -> str:
    if not labels:
        return ""
    escaped = {
        name: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"


def _number(value: float) -> str:
    return "+Inf" if value == float("inf") else repr(value)


class MetricsServer:
    """Answers `GET /metrics`.

    Args:
        address: `HOST:PORT`; port 0 takes a free one.

    Raises:
        ConfigurationError: The address cannot be had.
    """

    def __init__(self, address: str) -> None:
        host, colon, port = address.rpartition(":")
        if not colon or not port.isdecimal():
            raise ConfigurationError(f"--metrics takes HOST:PORT, not {address}")
        try:
            self._http = _HttpServer((host.strip("[]") or "127.0.0.1", int(port)), _Handler)
        except (OSError, OverflowError) as error:
            raise ConfigurationError(f"cannot serve metrics on {address}: {error}") from error
        self._thread = threading.Thread(target=self._http.serve_forever, name="metrics", daemon=True)

    @property
    def url(self) -> str:
        """Where the metrics are."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}/metrics"

    def start(self, service: Service) -> None:
        """Answer, in a thread, until `stop`."""
        self._http.measure = lambda: metrics_text(service)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    measure: Callable[[], str]


class _Handler(BaseHTTPRequestHandler):
    timeout = _READ_SECONDS

    def do_GET(self) -> None:
        """Answer a GET."""
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        assert isinstance(self.server, _HttpServer)
        body = self.server.measure().encode()
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: every scrape would be a line."""
