"""Who holds a service open: clients, each until it is closed or garbage-collected."""

from __future__ import annotations

import threading
import weakref

from pymongo.errors import OperationFailure

from satchel.errors import ServerError
from satchel.wire.service import Service


class _Holders:
    """Counts the leases of one reference to a service; the last one to end gives the reference back."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._count = 0
        # Garbage collection may end a lease while this thread is inside another one's code.
        self._lock = threading.RLock()

    def add(self) -> None:
        with self._lock:
            self._count += 1

    def drop(self) -> None:
        with self._lock:
            self._count -= 1
            last = self._count == 0
        if last:
            self.service.release()


class Lease:
    """A client's hold on a service. It ends when `end` is called, or when nothing refers to the lease any more.

    Args:
        service: A service, whose reference now belongs to this lease.
    """

    def __init__(self, service: Service, holders: _Holders | None = None) -> None:
        self.service = service
        self._holders = holders if holders is not None else _Holders(service)
        self._holders.add()
        self.end = weakref.finalize(self, self._holders.drop)
        """End the lease (idempotent). May block while files are closed."""

    def share(self) -> Lease:
        """Return a further lease of the same service."""
        return Lease(self.service, self._holders)


def open_lease(path: str, encryption_key: str | bytes | None = None) -> Lease:
    """Open the database at `path`, or take part in what this process has open there.

    Args:
        path: As in `Target`.
        encryption_key: The key of an encrypted file; `check_encryption_key` has seen it.

    Raises:
        OperationFailure: With MongoDB's code, when the file is not a database, of a newer format, or out of reach.
    """
    from satchel.deployment import open_service  # noqa: PLC0415 - so that a process of servers loads no engine

    try:
        return Lease(open_service(path, encryption_key=encryption_key))
    except ServerError as error:
        raise OperationFailure(f"{path}: {error.message}", error.code, error.reply()) from error
