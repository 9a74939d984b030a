"""Limits and defaults that the layers share."""

from __future__ import annotations

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
CURSOR_TIMEOUT_SECONDS: Final = 600.0
SESSION_TIMEOUT_MINUTES: Final = 30

SYNC_INTERVAL_SECONDS: Final = 0.1
"""How long an acknowledged `w: 1` write may be away from the disk (MongoDB's journal interval)."""

BUSY_TIMEOUT_SECONDS: Final = 90.0
"""How long a writer waits for another process's write transaction; longer than a transaction may live."""

TRANSACTION_LIFETIME_SECONDS: Final = 60.0
"""How long a multi-document transaction may be open (MongoDB's transactionLifetimeLimitSeconds)."""

ABANDONED_TRANSACTION_SECONDS: Final = 0.2
"""How long a transaction that has written goes on when the connection of its last command is gone: everybody else who
writes waits for it, and a driver that tries a commit again does so at once."""

TRANSACTION_LOCK_SECONDS: Final = 0.005
"""How long a transaction waits for another one to stop writing (MongoDB's maxTransactionLockRequestTimeoutMillis)."""

SNAPSHOT_HISTORY_SECONDS: Final = 300.0
"""How long a snapshot that was read with read concern "snapshot" can be read again."""

MAX_SNAPSHOTS: Final = 100

TTL_INTERVAL_SECONDS: Final = 60.0

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
