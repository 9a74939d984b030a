"""Bringing commits to the disk: at once and shared (group commit), or within a tenth of a second behind the writer.

SQLite runs with `synchronous = NORMAL`: a commit is written to the log (atomic, and safe from a killed process) but not
fsynced. A durable commit fsyncs the log itself; whoever comes while another's fsync is under way shares the next one.
For the others a thread does it, which lives only while there is something to bring.
"""

from __future__ import annotations

import os
import threading

from satchel.errors import StorageError
from satchel.settings import SYNC_INTERVAL_SECONDS

_IDLE_ROUNDS = 20


class DiskSync:
    """Counts commits, and knows how many of them the disk has.

    Args:
        path: The database file, or None where there is no disk to sync to.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._committed = 0
        self._synced = 0
        self._sync_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._thread_lock = threading.Lock()
        self._stop = threading.Event()

    @property
    def commits(self) -> int:
        """How many commits were counted."""
        return self._committed

    def note_commit(self) -> int:
        """Count a commit (the caller holds the write lock) and return its number; the thread will see to it."""
        self._committed += 1
        if self._thread is None and self._path is not None:
            with self._thread_lock:
                if self._thread is None and not self._stop.is_set():
                    self._start_thread()
        return self._committed

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run, name="satchel-sync", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return  # The interpreter is about to end and has no more threads; `close` comes soon.
        self._thread = thread

    def sync(self, ticket: int | None = None) -> None:
        """Return once the commit `ticket` (None: every commit so far) is on the disk.

        Raises:
            StorageError: The disk has failed; the commit may or may not be on it.
        """
        if self._path is None:
            return
        wanted = self._committed if ticket is None else ticket
        if self._synced >= wanted:
            return
        with self._sync_lock:
            if self._synced >= wanted:
                return
            target = self._committed
            _fsync(self._path + "-wal")
            self._synced = target

    def close(self) -> None:
        """Bring what is left to the disk and end the thread."""
        self._stop.set()
        thread = self._thread
        if thread is not None:
            thread.join()
        self.sync()

    def abandon(self) -> None:
        """Forget the thread, which a fork has left in the parent."""
        self._thread = None

    def _run(self) -> None:
        idle = 0
        while not self._stop.wait(SYNC_INTERVAL_SECONDS):
            if self._synced == self._committed:
                idle += 1
                if idle >= _IDLE_ROUNDS and self._end_when_idle():
                    return
                continue
            idle = 0
            try:
                self.sync()
            except StorageError:
                continue  # the next round tries again; a durable write reports its own failure

    def _end_when_idle(self) -> bool:
        with self._thread_lock:
            thread, self._thread = self._thread, None
            if self._synced != self._committed:  # by somebody who has still seen the thread
                self._thread = thread
                return False
            return True


def _fsync(path: str) -> None:
    """Fsync a file if it is there: an empty log may be gone.

    Closing a file drops the process's POSIX locks on it; SQLite holds none on the log.

    Raises:
        StorageError: The system says that it failed.
    """
    try:
        descriptor = os.open(path, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(f"the log could not be brought to the disk: {error}") from error
