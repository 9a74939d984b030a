"""Error labels: whether a driver may open a change stream again after an error."""

from __future__ import annotations

from typing import Final

from satchel.errors import ErrorCode

RESUMABLE_CODES: Final = frozenset(
    {
        ErrorCode.HostUnreachable, ErrorCode.HostNotFound, ErrorCode.NetworkTimeout, ErrorCode.ShutdownInProgress,
        ErrorCode.FailedToSatisfyReadPreference, ErrorCode.StaleEpoch, ErrorCode.PrimarySteppedDown,
        ErrorCode.RetryChangeStream, ErrorCode.ExceededTimeLimit, ErrorCode.SocketException,
        ErrorCode.NotWritablePrimary, ErrorCode.InterruptedAtShutdown, ErrorCode.InterruptedDueToReplStateChange,
        ErrorCode.StaleConfig, ErrorCode.NotPrimaryNoSecondaryOk, ErrorCode.NotPrimaryOrSecondary,
    }
)  # fmt: skip
_FATAL_CODES: Final = frozenset({ErrorCode.ChangeStreamFatalError, ErrorCode.ChangeStreamHistoryLost})


def change_stream_labels(code: int) -> tuple[str, ...]:
    """Return the labels of an error that a getMore of a change stream ends with."""
    if code in RESUMABLE_CODES:
        return ("ResumableChangeStreamError",)
    return ("NonResumableChangeStreamError",) if code in _FATAL_CODES else ()
