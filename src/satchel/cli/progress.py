"""A line on the terminal that says how far something is. Where there is no terminal there is no line."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import Final, Self

from satchel.cli.info import size_text

_EVERY_SECONDS: Final = 0.1
_BAR_WIDTH: Final = 20


class ProgressBar:
    """The progress of one thing, on standard error.

    Args:
        name: What it is.
        of_bytes: Whether what is counted are bytes.
    """

    def __init__(self, name: str, *, of_bytes: bool = True) -> None:
        self._name = "".join(char if char.isprintable() else "?" for char in name)
        self._of_bytes = of_bytes
        self._is_shown = sys.stderr.isatty()
        self._start = self._last = time.monotonic()
        self._width = 0

    def show(self, done: int, total: int | None) -> None:
        """Say how much is done, and of how much, if that is known; not more often than eyes can follow."""
        now = time.monotonic()
        if self._is_shown and now - self._last >= _EVERY_SECONDS:
            self._last = now
            self._write(self._line(done, total, now - self._start))

    def _line(self, done: int, total: int | None, seconds: float) -> str:
        parts = []
        if total:
            filled = _BAR_WIDTH * done // total
            parts.append(f"[{'#' * filled:{_BAR_WIDTH}}] {100 * done // total:3} %")
        if self._of_bytes:
            parts.append(f"{size_text(done)}, {size_text(done / max(seconds, 0.001))}/s")
        end = "  ".join(parts)
        room = shutil.get_terminal_size().columns - len(end) - 3
        return f"{self._name[-max(room, 10) :]}  {end}"

    def _write(self, line: str) -> None:
        sys.stderr.write(f"\r{line:{self._width}}")
        sys.stderr.flush()
        self._width = len(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        if self._width:
            self._write("")
            sys.stderr.write("\r")
