"""Structured logs: one line an event, as text or as JSON, with its attributes."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

LogFormat = Literal["text", "json"]

_SEVERITIES: Final = {"CRITICAL": "F", "ERROR": "E", "WARNING": "W", "INFO": "I", "DEBUG": "D"}


def event(logger: logging.Logger, level: int, message: str, **attributes: object) -> None:
    """Log an event with attributes, which stay apart from its text."""
    if logger.isEnabledFor(level):
        logger.log(level, message, extra={"attributes": attributes})


class _Formatter(logging.Formatter):
    def _attributes(self, record: logging.LogRecord) -> Mapping[str, object]:
        found: Mapping[str, object] = getattr(record, "attributes", {})
        return {**found, "exception": self.formatException(record.exc_info)} if record.exc_info else found

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        """Return the time of an event in UTC, to the millisecond."""
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03}Z"


class JsonFormatter(_Formatter):
    """An event as a JSON object, with the names of MongoDB's log: `t`, `s`, `c`, `ctx`, `msg`, `attr`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "t": {"$date": self.formatTime(record)},
            "s": _SEVERITIES.get(record.levelname, record.levelname),
            "c": record.name,
            "ctx": record.threadName,
            "msg": record.getMessage(),
            "attr": self._attributes(record),
        }
        return json.dumps(line, default=str, ensure_ascii=False)


class TextFormatter(_Formatter):
    """An event as a line for people: time, severity, thread, message, then `name=value` pairs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        attributes = "".join(f" {name}={value}" for name, value in self._attributes(record).items())
        severity = _SEVERITIES.get(record.levelname, record.levelname)
        return f"{self.formatTime(record)} {severity} [{record.threadName}] {record.getMessage()}{attributes}"


def log_to_stderr(log_format: LogFormat, level: str) -> None:
    """Write the events of Satchel to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logger = logging.getLogger("satchel")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


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
