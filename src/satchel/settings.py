"""Limits and defaults that the layers share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final

VERSION: Final = "8.0.0"
"""The MongoDB release whose behaviour and wire version Satchel claims."""

VERSION_ARRAY: Final = (8, 0, 0, 0)
MIN_WIRE_VERSION: Final = 0
MAX_WIRE_VERSION: Final = 25

MAX_WRITE_BATCH_SIZE: Final = 100_000
MAX_MESSAGE_SIZE_BYTES: Final = 48_000_000

FIRST_BATCH_DOCUMENTS: Final = 101
MAX_BATCH_BYTES: Final = 16 * 1024 * 1024
SESSION_TIMEOUT_MINUTES: Final = 30

SYNC_INTERVAL_SECONDS: Final = 0.1
"""How long an acknowledged `w: 1` write may be away from the disk (MongoDB's journal interval)."""

BUSY_TIMEOUT_SECONDS: Final = 90.0
"""How long a writer waits for another process's write transaction; longer than a transaction may live."""

ABANDONED_TRANSACTION_SECONDS: Final = 0.2
"""How long a transaction that has written goes on when the connection of its last command is gone: everybody else who
writes waits for it, and a driver that tries a commit again does so at once."""

MAX_SNAPSHOTS: Final = 100

MAX_INDEXES: Final = 64
MAX_VIEW_DEPTH: Final = 20

CHANGE_LOG_MAX_BYTES: Final = 64 * 1024 * 1024
CHANGE_LOG_RETENTION_SECONDS: Final = 24 * 3600
"""How long the entries of the change log are kept, and how long the log goes on without anybody reading it."""

MAX_EVENT_BYTES: Final = 16 * 1024 * 1024 + 8 * 1024
"""How large a change event may be: a little larger than the document that it tells of."""

CHANGE_LOG_CHECK_SECONDS: Final = 60.0
FILE_POLL_SECONDS: Final = 0.05
"""How often somebody who waits for data looks whether another process has written."""


@dataclass(slots=True)
class Limits:
    """Limits that `setParameter` changes, for one open file in one process.

    Attributes:
        cursor_timeout_seconds: How long a cursor may be idle.
        snapshot_history_seconds: How long a snapshot that was read with read concern "snapshot" can be read again.
        transaction_lifetime_seconds: How long a multi-document transaction may be open.
        transaction_lock_seconds: How long a transaction waits for another one to stop writing.
        ttl_interval_seconds: How often expired documents are removed.
        is_ttl_enabled: Whether they are.
        changed: Set when one has changed, for the thread that removes expired documents.
    """

    cursor_timeout_seconds: float = 600.0
    snapshot_history_seconds: float = 300.0
    transaction_lifetime_seconds: float = 60.0
    transaction_lock_seconds: float = 0.005
    ttl_interval_seconds: float = 60.0
    is_ttl_enabled: bool = True
    changed: threading.Event = field(default_factory=threading.Event)
