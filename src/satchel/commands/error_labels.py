"""Labels that tell drivers what may be tried again after an error."""

from __future__ import annotations

from typing import Final

from satchel.errors import ErrorCode
from satchel.values.bson_types import Document

TRANSIENT: Final = "TransientTransactionError"
RETRYABLE: Final = "RetryableWriteError"
ENDINGS: Final = frozenset({"abortTransaction", "commitTransaction"})

_RETRYABLE_CODES: Final = frozenset(
    {
        ErrorCode.HostUnreachable, ErrorCode.HostNotFound, ErrorCode.NetworkTimeout, ErrorCode.ShutdownInProgress,
        ErrorCode.PrimarySteppedDown, ErrorCode.ExceededTimeLimit, ErrorCode.SocketException,
        ErrorCode.NotWritablePrimary, ErrorCode.InterruptedAtShutdown, ErrorCode.InterruptedDueToReplStateChange,
        ErrorCode.NotPrimaryNoSecondaryOk, ErrorCode.NotPrimaryOrSecondary,
    }
)  # fmt: skip
"""Failures after which the same command may succeed on another server, or on this one after a restart."""

_TRANSIENT_CODES: Final = frozenset(
    {
        ErrorCode.LockTimeout, ErrorCode.NoSuchTransaction, ErrorCode.PreparedTransactionInProgress,
        ErrorCode.SnapshotTooOld, ErrorCode.SnapshotUnavailable, ErrorCode.WriteConflict,
    }
)  # fmt: skip
"""Failures after which a transaction, tried again from its beginning, may succeed."""


def error_labels(code: int, command: Document, *, of_write_concern: bool = False) -> tuple[str, ...]:
    """Return the labels that MongoDB puts on an error.

    Args:
        code: The error's code.
        command: The command that failed.
        of_write_concern: Whether it is the error of a write concern, which leaves what was done as it is.
    """
    ends_transaction = next(iter(command)) in ENDINGS
    is_retryable, is_transient = code in _RETRYABLE_CODES, code in _TRANSIENT_CODES
    if "autocommit" in command and not ends_transaction:
        return (TRANSIENT,) if (is_retryable or is_transient) and not of_write_concern else ()
    if ends_transaction and is_transient and not of_write_concern:
        return (TRANSIENT,)
    return (RETRYABLE,) if is_retryable and (ends_transaction or "txnNumber" in command) else ()
