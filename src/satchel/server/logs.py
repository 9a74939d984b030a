"""Where a server's log goes: standard error, and for the audit log a file if there is to be one."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from satchel.logs import LOGGER, RECENT, JsonFormatter, LogFormat, TextFormatter, event

__all__ = ["LogFormat", "audit_to_file", "event", "log_to_stderr"]


def log_to_stderr(log_format: LogFormat, level: str) -> None:
    """Write the events of Satchel to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    LOGGER.handlers[:] = [handler, RECENT]
    LOGGER.setLevel(level.upper())
    LOGGER.propagate = False


def audit_to_file(path: Path) -> None:
    """Append the audit log, which otherwise goes where the other events go, to a file that its owner alone can read.

    Raises:
        OSError: The file cannot be written.
    """
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("satchel.audit")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
