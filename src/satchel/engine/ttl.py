"""Documents that expire: TTL indexes, and the thread that removes what is past its time."""

from __future__ import annotations

import logging
import os
import threading
import time

from satchel.engine.engine import Engine
from satchel.errors import ServerError

_log = logging.getLogger("satchel")


class TtlMonitor:
    """Removes expired documents, once a minute if not told otherwise, in a thread that runs while there is a TTL index.

    Args:
        engine: The engine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        engine.on_catalog_change(self._look)
        if not engine.storage.read_only:
            with engine.read():
                pass

    def _look(self) -> None:
        """Start the thread when a TTL index has appeared (called when the catalog has been read anew)."""
        catalog = self._engine.last_catalog
        running = self._thread is not None and self._thread.is_alive() and self._pid == os.getpid()
        if running or catalog is None or self._stop.is_set() or self._engine.storage.read_only:
            return
        if any(index.expires for entry in catalog for index in entry.indexes):
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._run, name="satchel-ttl", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        from satchel.engine.expiry import remove_expired  # noqa: PLC0415 - it needs most of the engine

        while self._wait():
            try:
                remove_expired(self._engine)
            except ServerError:
                if not self._stop.is_set():
                    _log.exception("removing expired documents failed; it is tried again")

    def _wait(self) -> bool:
        """Wait until expired documents are due to be removed; False when the file is about to be closed."""
        limits, began = self._engine.limits, time.monotonic()
        while not self._stop.is_set():
            left = began + limits.ttl_interval_seconds - time.monotonic()
            if left <= 0:
                if limits.is_ttl_enabled:
                    return True
                began = time.monotonic()
            limits.changed.wait(max(0.0, left))
            limits.changed.clear()
        return False

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._engine.limits.changed.set()
        if self._thread is not None and self._pid == os.getpid():
            self._thread.join()
