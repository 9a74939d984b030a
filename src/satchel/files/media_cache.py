"""A bounded cache of media that were read, for a limited time."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable


class MediaCache:
    """Keeps the media that were used last, by their content: a hit is never out of date.

    Args:
        max_bytes: What it holds at most; 0 keeps nothing.
        seconds: How long something stays.
        clock: Tells the time in seconds.
    """

    def __init__(
        self, max_bytes: int = 64 * 1024 * 1024, seconds: float = 2 * 3600, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._held: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()
        self._used_bytes = 0

    @property
    def used_bytes(self) -> int:
        """How much is held."""
        return self._used_bytes

    def put(self, content: bytes) -> bytes:
        """Keep a content, and return the digest by which it is found."""
        digest = hashlib.blake2b(content, digest_size=20).digest()
        if len(content) <= self._max_bytes:
            with self._lock:
                self._drop(digest)
                self._held[digest] = (self._clock() + self._seconds, content)
                self._used_bytes += len(content)
                self._expire()
        return digest

    def get(self, digest: bytes) -> bytes | None:
        """Return a content, or None when it is not held any more."""
        with self._lock:
            self._expire()
            found = self._held.get(digest)
            if found is None:
                return None
            self._held.move_to_end(digest)
            return found[1]

    def _expire(self) -> None:
        now = self._clock()
        for digest in [digest for digest, (until, _) in self._held.items() if until <= now]:
            self._drop(digest)
        while self._used_bytes > self._max_bytes:
            self._drop(next(iter(self._held)))

    def _drop(self, digest: bytes) -> None:
        found = self._held.pop(digest, None)
        if found is not None:
            self._used_bytes -= len(found[1])
