"""One client: a thread that reads its messages, has them run, and sends the replies."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from satchel.errors import ServerError
from satchel.server.logs import event
from satchel.server.message_reader import MessageBudget, MessageReader, StalledError
from satchel.server.options import ServerOptions
from satchel.values.bson_types import Document
from satchel.wire.cursor_reply import CursorReply
from satchel.wire.header import MAX_MESSAGE_SIZE_BYTES, ProtocolError, read_header
from satchel.wire.messages import Request, encode_reply, malformed_replies, parse_message
from satchel.wire.op_msg import MORE_TO_COME
from satchel.wire.service import ConnectionDroppedError, ConnectionState, DirectService, Peer, Presentation

if TYPE_CHECKING:
    import ssl

_log: Final = logging.getLogger("satchel.server")
_SEND_BYTES: Final = 1024 * 1024
_STRANGERS_MESSAGE_BYTES: Final = 1024 * 1024

Reply: TypeAlias = Document | CursorReply


class Connection:
    """One client of a server.

    Args:
        accepted: Its socket, which the connection closes.
        peer: Where it comes from.
        presentation: What hello tells it.

    Attributes:
        state: What the service remembers of it.
        commands, bytes_in, bytes_out: What has come and gone over it.
        busy_since: `time.monotonic()` at which the command that runs was begun, or None.
    """

    def __init__(self, accepted: socket.socket, peer: Peer, presentation: Presentation) -> None:
        self.state = ConnectionState(presentation)
        self.state.peer = self.peer = peer
        self.busy_since: float | None = None
        self.commands = self.bytes_in = self.bytes_out = 0
        self._socket = accepted
        self._is_ending = False

    def run(
        self,
        service: DirectService,
        options: ServerOptions,
        budget: MessageBudget,
        tls: ssl.SSLContext | None,
        on_end: Callable[[Connection], None],
    ) -> None:
        """Serve the client until one side ends it; never raises."""
        reason = "closed by the client"
        try:
            self._secure(options, tls)
            _Conversation(self, self._socket, service, options, budget).run()
        except (ProtocolError, StalledError) as error:
            reason = str(error)
        except ConnectionDroppedError:
            reason = "dropped by the service"
        except OSError as error:
            reason = f"lost: {error}"
        except Exception as error:
            _log.exception("a connection failed")
            reason = f"failed: {type(error).__name__}"
        finally:
            self.state.close()
            self._socket.close()
            on_end(self)
            event(
                _log, logging.INFO, "connection ended",
                client=str(self.peer), id=self.state.id, commands=self.commands, reason=reason,
            )  # fmt: skip

    def _secure(self, options: ServerOptions, tls: ssl.SSLContext | None) -> None:
        self._socket.settimeout(options.time_limits.handshake)
        if tls is not None:
            from satchel.server.tls import subject_of  # noqa: PLC0415 - loading OpenSSL takes longer than a server may

            self._socket = tls.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
            self._socket.do_handshake()
            self.state.peer = self.peer = self.peer._replace(subject=subject_of(self._socket))

    @property
    def is_ending(self) -> bool:
        """Whether no further message is to be read."""
        return self._is_ending

    def end(self) -> None:
        """Read no further messages: an idle client is cut off at once, a command that runs is answered first."""
        self._is_ending = True
        self._shut_down(socket.SHUT_RD)

    def abort(self) -> None:
        """Cut the client off, whatever it is doing."""
        self._is_ending = True
        self.state.close()
        self._shut_down(socket.SHUT_RDWR)

    def _shut_down(self, how: int) -> None:
        # SSLSocket's own method would pull the encryption from under the thread that uses it.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, how)

    def fileno(self) -> int:
        """Return the socket's descriptor, or -1 when it is closed."""
        return self._socket.fileno()


class _Conversation:
    """The messages of one connection, one after the other."""

    def __init__(
        self,
        connection: Connection,
        stream: socket.socket,
        service: DirectService,
        options: ServerOptions,
        budget: MessageBudget,
    ) -> None:
        self._connection = connection
        self._stream = stream
        self._service = service
        self._options = options
        self._reader = MessageReader(stream, budget)

    def run(self) -> None:
        """Answer every message until the stream ends.

        Raises:
            ProtocolError: The client sent what is no message.
            StalledError: The client takes too long.
            OSError: The connection is lost.
        """
        is_first = True
        while not self._connection.is_ending:
            with self._reader.message(is_first=is_first, limit_bytes=self._limit_bytes()) as message:
                if message is None:
                    return
                self._connection.bytes_in += len(message)
                self._answer(message)
            if is_first:
                self._stream.settimeout(self._options.time_limits.stall)
                is_first = False

    def _limit_bytes(self) -> int:
        """Return how long the next message may be: strangers get no room to fill."""
        is_stranger = self._service.authorization and self._connection.state.login is None
        return _STRANGERS_MESSAGE_BYTES if is_stranger else MAX_MESSAGE_SIZE_BYTES

    def _answer(self, message: bytes | memoryview) -> None:
        try:
            request = parse_message(message)
        except ServerError as error:
            for refusal in malformed_replies(message, error):
                self._send(refusal)
            return
        reply = self._run(request)
        if request.exhaust_allowed:
            request, reply = self._stream_batches(request, reply)
        if not request.more_to_come:
            self._send(_encoded(request, reply))

    def _run(self, request: Request) -> Reply:
        connection = self._connection
        connection.commands += 1
        connection.busy_since = time.monotonic()
        try:
            return self._service.run(request, connection.state)
        finally:
            connection.busy_since = None

    def _stream_batches(self, request: Request, reply: Reply) -> tuple[Request, Reply]:
        """Send one batch after the other unasked, for a getMore that allows it.

        Returns:
            The last reply, which is still to be sent, and the request that it answers.
        """
        while not self._connection.is_ending and _has_more(request, reply):
            batch = _encoded(request, reply, flags=MORE_TO_COME)
            try:
                self._send(batch)
            except OSError:
                self._service.kill_cursor(int(str(request.command["getMore"])))
                raise
            # In such a chain each message answers the one before.
            request = dataclasses.replace(request, request_id=read_header(batch).request_id)
            reply = self._run(request)
        return request, reply

    def _send(self, message: bytes) -> None:
        self._connection.bytes_out += len(message)
        view = memoryview(message)
        while view:
            try:
                sent = self._stream.send(view[:_SEND_BYTES])
            except TimeoutError as error:
                raise StalledError("the client did not take a reply within the time limit") from error
            view = view[sent:]


def _has_more(request: Request, reply: Reply) -> bool:
    return isinstance(reply, CursorReply) and reply.cursor_id != 0 and next(iter(request.command)) == "getMore"


def _encoded(request: Request, reply: Reply, flags: int = 0) -> bytes:
    """Return the message, or the one that says that the reply cannot be said in BSON."""
    try:
        return encode_reply(request, reply, flags=flags)
    except ServerError as error:
        return encode_reply(request, error.reply())
