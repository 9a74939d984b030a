"""`satchel serve` in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Self


class ServerProcess:
    """A server process; leaving its block kills it.

    Attributes:
        uri: The URL that it printed first.
    """

    def __init__(self, path: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "satchel.cli", "serve", str(path), "--port=0", *arguments]
        self._log: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - `__exit__` closes it
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True)
        self.uri = self._read_uri()

    def _read_uri(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if not line:
            self.process.wait(60)
            message = f"the server ended with {self.process.returncode}: {self.log()}"
            self.__exit__(None, None, None)
            raise AssertionError(message)
        return line

    def log(self) -> str:
        """Return what it has logged."""
        self._log.seek(0)
        return self._log.read()

    def stop(self, signal_number: int) -> int:
        """Send a signal, wait for the end, and return the exit status."""
        self.process.send_signal(signal_number)
        return self.process.wait(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._log.close()
