"""Cutting a stream of bytes into wire messages, without trusting a length that it gives."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from satchel.wire.header import (
    HEADER_SIZE_BYTES,
    MAX_MESSAGE_SIZE_BYTES,
    OP_COMPRESSED,
    OP_MSG,
    OP_QUERY,
    ProtocolError,
    read_header,
)

_FIRST_READ_BYTES: Final = 16 * 1024
_GROWTH_BYTES: Final = 1024 * 1024
_SLOWEST_BYTES_PER_SECOND: Final = 64 * 1024
_LARGE_BYTES: Final = 1024 * 1024
_OPCODES: Final = frozenset({OP_QUERY, OP_COMPRESSED, OP_MSG})


class StalledError(Exception):
    """The client began a message and does not go on with it, or never begins its first."""


class MessageBudget:
    """How many bytes of large messages may be in memory at once, of all connections together.

    Args:
        limit_bytes: The limit; one message alone may exceed it.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._used = 0
        self._changed = threading.Condition()

    @contextmanager
    def reserved(self, size_bytes: int) -> Iterator[None]:
        """Wait until `size_bytes` are free, and hold them for the block; small messages do not count."""
        if size_bytes < _LARGE_BYTES:
            yield
            return
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + size_bytes <= self._limit)
            self._used += size_bytes
        try:
            yield
        finally:
            with self._changed:
                self._used -= size_bytes
                self._changed.notify_all()


class MessageReader:
    """Reads one message after the other.

    The header is checked before anything else is read, and memory grows with what has come, not with what was said.

    Args:
        connection: A socket whose time-out is how long the next bytes may take.
        budget: Where room for large messages is taken from.
    """

    def __init__(self, connection: socket.socket, budget: MessageBudget) -> None:
        self._connection = connection
        self._budget = budget
        self._ahead = b""

    @contextmanager
    def message(
        self, *, is_first: bool = False, limit_bytes: int = MAX_MESSAGE_SIZE_BYTES
    ) -> Iterator[bytes | memoryview | None]:
        """Read the next message, whose room is held for the block; None at the end of the stream.

        Args:
            is_first: Whether the client must not be idle before it.
            limit_bytes: The size that it may have.

        Raises:
            ProtocolError: The header is impossible, or of a message that no server takes any more.
            StalledError: The client takes too long.
            OSError: The connection is lost.
        """
        start = self._start(is_first=is_first)
        if start is None:
            yield None
            return
        length = _checked_length(start, limit_bytes)
        if len(start) >= length:
            self._ahead = start[length:]
            yield start if len(start) == length else start[:length]
            return
        with self._budget.reserved(length):
            yield memoryview(self._rest(start, length))

    def _start(self, *, is_first: bool) -> bytes | None:
        """Return a header at least, or None when the client is gone; wait as long as it sends nothing."""
        start, self._ahead = self._ahead, b""
        while len(start) < HEADER_SIZE_BYTES:
            try:
                received = self._connection.recv(_FIRST_READ_BYTES)
            except TimeoutError as error:
                if start or is_first:
                    raise StalledError("no whole message header within the time limit") from error
                continue
            if not received:
                if start:
                    raise ProtocolError("the client closed the connection within a message header")
                return None
            start += received
        return start

    def _rest(self, start: bytes, length: int) -> bytearray:
        """Read the message that begins with `start` to its end."""
        message = bytearray(start)
        message.extend(bytes(min(length, max(_GROWTH_BYTES, len(start))) - len(start)))
        filled = len(start)
        deadline = time.monotonic() + (self._connection.gettimeout() or 0) + length / _SLOWEST_BYTES_PER_SECOND
        while filled < length:
            if filled == len(message):
                message.extend(bytes(min(len(message), length - filled)))
            with memoryview(message) as view:
                filled += self._receive_into(view[filled:])
            if time.monotonic() > deadline:
                raise StalledError(f"a message of {length} bytes did not come within the time limit for it")
        return message

    def _receive_into(self, view: memoryview) -> int:
        try:
            received = self._connection.recv_into(view)
        except TimeoutError as error:
            raise StalledError("the rest of a message did not come within the time limit") from error
        if not received:
            raise ProtocolError("the client closed the connection within a message")
        return received


def _checked_length(start: bytes, limit_bytes: int) -> int:
    header = read_header(start)
    if header.length > limit_bytes:
        raise ProtocolError(f"a message of {header.length} bytes is too long here")
    if header.opcode not in _OPCODES:
        raise ProtocolError(f"opcode {header.opcode} is not supported")
    return header.length
