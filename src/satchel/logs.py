"""Structured logs: one line an event, as text or as JSON, with its attributes; the last of them are kept for getLog."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Final, Literal

LogFormat = Literal["text", "json"]

LOGGER: Final = logging.getLogger("satchel")
_SEVERITIES: Final = {"CRITICAL": "F", "ERROR": "E", "WARNING": "W", "INFO": "I", "DEBUG": "D"}
_KEPT_LINES: Final = 1024


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


class RecentLines(logging.Handler):
    """Keeps the last lines of the log in memory, as MongoDB does for `getLog`.

    Attributes:
        total: How many lines there have been.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.total = 0
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._lines_lock = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        line = self.format(record)
        with self._lines_lock:
            self.total += 1
            self._lines.append(line)

    def lines(self) -> list[str]:
        """Return what is kept, oldest first."""
        with self._lines_lock:
            return list(self._lines)


RECENT: Final = RecentLines()
"""What a server's log has said last; where Satchel is a library, logs are the application's, and this stays empty."""
