"""The narrow waist: what a transport (the driver in process, the socket server) asks of the engine behind it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable
from uuid import UUID

from satchel.settings import MAX_BATCH_BYTES
from satchel.values.bson_types import BsonValue, Document, Missing
from satchel.values.namespace import Namespace

if TYPE_CHECKING:
    from satchel.wire.cursor_reply import CursorReply
    from satchel.wire.messages import Request

_connection_ids = itertools.count(1)

Topology: TypeAlias = Literal["replset", "standalone", "mongos"]
"""As what a server shows itself: a replica set of one member, a lone server, or the router of a sharded cluster."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """What `hello` says of the server to the clients of one connection.

    Attributes:
        topology: As what the server shows itself.
        address: Where drivers are to connect to, `host:port` or the path of a Unix socket; None stands for the
            service's own synthetic address.
    """

    topology: Topology = "replset"
    address: str | None = None


IN_PROCESS: Final = Presentation()


class ConnectionDroppedError(ConnectionError):
    """The service wants the connection closed without an answer."""


class ShortCutRefusedError(Exception):
    """The service does not take this command without its message, and has done nothing yet."""


class Traffic(NamedTuple):
    """What a server knows of its connections: how many there are and have been, and the bytes that went over them."""

    current: int = 0
    available: int = 0
    created: int = 0
    active: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


class Peer(NamedTuple):
    """The two ends of a connection from outside.

    Attributes:
        client: The IP address that the client has; empty where it came through a Unix socket.
        server: The IP address that it came to; empty likewise.
        port: The client's port.
        subject: Whose the certificate is that the client has shown and TLS has verified, as RFC 2253 writes it; empty
            without one.
    """

    client: str
    server: str = ""
    port: int = 0
    subject: str = ""

    @property
    def is_local(self) -> bool:
        """Whether the client is on this machine: what MongoDB's localhost exception asks."""
        return not self.client or ip_address(self.client.partition("%")[0]).is_loopback

    def __str__(self) -> str:
        return f"{self.client}:{self.port}" if self.client else "anonymous unix socket"


class UserName(NamedTuple):
    """A user's full name: the same name in two databases is two users."""

    database: str
    name: str

    def __str__(self) -> str:
        return f"{self.name}@{self.database}"


class Login(NamedTuple):
    """Who has logged in on a connection.

    Attributes:
        user: The user's name.
        id: What tells the user from a later one of the same name; None for users that an old MongoDB made.
    """

    user: UserName
    id: UUID | None


class BatchSize(NamedTuple):
    """How much of a cursor's documents one reply may carry.

    Attributes:
        most_bytes: The bytes of BSON.
        least_documents: So many documents may come however large they are.
    """

    most_bytes: int
    least_documents: int


FULL_BATCH: Final = BatchSize(MAX_BATCH_BYTES, 1)


class ConnectionState:
    """What the service remembers of one client connection; one thread at a time uses it.

    Attributes:
        id: A number unique in this process (`connectionId` of hello).
        metadata: The `client` document of the first hello, or None before it.
        presentation: What `hello` tells this client about the server.
        peer: Where the client is; None in this process. Whoever can open the file may do everything; of the others a
            service with `authorization` demands a login, and the rights to what they do.
        login: Who is logged in, or None.
        conversation: A login that is under way; only its commands know what it is.
        takes_short_cuts: Whether commands come without the session that the driver would have sent with them.
        batch_size: How much a reply to this client may carry.
        closed: Whether the client has gone; a running operation looks at it and stops (ClientDisconnect, 279).
        closed_at: When it went, as `time.monotonic()` has it.
        deadline: When the client stops waiting for the command that runs, likewise; None when it does not.
    """

    __slots__ = (
        "_on_close",
        "batch_size",
        "closed",
        "closed_at",
        "conversation",
        "deadline",
        "id",
        "login",
        "metadata",
        "peer",
        "presentation",
        "takes_short_cuts",
    )

    # Clients that nobody closes go when the interpreter does, and find no names of modules any more.
    _monotonic = staticmethod(time.monotonic)

    def __init__(self, presentation: Presentation = IN_PROCESS) -> None:
        self.id = next(_connection_ids)
        self.presentation = presentation
        self.metadata: Document | None = None
        self.peer: Peer | None = None
        self.takes_short_cuts = False
        self.login: Login | None = None
        self.conversation: object = None
        self.batch_size = FULL_BATCH
        self.closed = False
        self.closed_at: float | None = None
        self.deadline: float | None = None
        self._on_close: list[Callable[[], None]] = []

    @property
    def app_name(self) -> str:
        """What the application calls itself; empty when it has not said."""
        application = (self.metadata or {}).get("application")
        name = application.get("name") if isinstance(application, dict) else None
        return name if isinstance(name, str) else ""

    @property
    def has_gone(self) -> bool:
        """Whether nobody waits for an answer any more."""
        return self.closed or (self.deadline is not None and time.monotonic() >= self.deadline)

    @property
    def seconds_left(self) -> float | None:
        """How long the client waits for the command that runs; None for as long as it takes."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def on_close(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, once, from any thread and without blocking, when the client goes away."""
        if callback not in self._on_close:
            self._on_close.append(callback)
        if self.closed:
            callback()

    def close(self) -> None:
        """Say that the client is gone (idempotent); wakes up what waits on its behalf."""
        if not self.closed:
            self.closed_at = self._monotonic()
            self.closed = True
            for callback in self._on_close:
                callback()
            self._on_close.clear()


class Service(Protocol):
    """A MongoDB server as a function: whole wire messages in and out. Any number of threads call it."""

    address: tuple[str, int]
    """A synthetic (host, port), unique per open service, so that clients of two services never compare equal."""

    def handle(self, message: bytes | memoryview, connection: ConnectionState) -> Sequence[bytes]:
        """Run the command of one wire message.

        Never raises for what a client did wrong: that is an error reply. An `awaitData` getMore blocks its caller
        up to its time limit, and nobody else.

        Args:
            message: One whole message: OP_MSG, OP_QUERY or OP_COMPRESSED.
            connection: The state of the connection that it came in on.

        Returns:
            The replies; empty for a request that wants none (`moreToCome`).

        Raises:
            ProtocolError: When the bytes are no message at all; the connection is to be closed.
            ConnectionDroppedError: When it is to be closed for another reason.
        """
        ...

    def hello(self) -> Document:
        """Return the reply of the `hello` command, as a monitor sees it."""
        ...

    def kill_cursor(self, cursor_id: int) -> None:
        """Forget a cursor, soon. Never blocks and never raises: garbage collection calls it."""
        ...

    def release(self) -> None:
        """Give up one reference that `open_service` gave (each only once); the last one closes the files."""
        ...


class Images(NamedTuple):
    """A document before and after a change, as BSON.

    Attributes:
        before: None when no document was found.
        after: None when it was deleted, too; the same object when nothing was changed.
    """

    before: bytes | None
    after: bytes | None


class ExpressWrites(Protocol):
    """Writes that are so plain that no command is needed. Where one is, nothing is done.

    Filters have the classes of the engine; documents and updates are BSON.
    """

    def insert(self, namespace: Namespace, bson: bytes) -> bool:
        """Insert one document; tell whether that has been done."""
        ...

    def update(
        self, namespace: Namespace, filter_: Document, update: bytes, *, upsert: bool = False
    ) -> Document | None:
        """Update the first document that matches and return the reply; None when that has not been done.

        An upsert is done where a document matches.
        """
        ...

    def delete(self, namespace: Namespace, filter_: Document) -> Document | None:
        """Delete the first document that matches and return the reply; None when that has not been done."""
        ...

    def find_and_modify(self, namespace: Namespace, filter_: Document, update: bytes | None) -> Images | None:
        """Update or, without an update, delete the first document that matches; None when that has not been done."""
        ...


class PlainFind(NamedTuple):
    """A find without options, in the engine's classes.

    Attributes:
        limit: How many documents at most; 0 means all.
        batch_size: How many in the first batch, or None for the default.
        single_batch: Whether what does not fit into it is dropped.
    """

    namespace: Namespace
    filter: Document
    projection: Document
    sort: Document
    skip: int
    limit: int
    batch_size: int | None
    single_batch: bool


@runtime_checkable
class DirectService(Service, Protocol):
    """A service that takes commands without a message's bytes, too."""

    authorization: bool
    """Whether clients from outside this process must log in."""

    traffic: Callable[[], Traffic]
    """Asks the server in front about its connections; whoever listens sets it."""

    def express_writes(self) -> ExpressWrites:
        """Return the writes that need no command."""
        ...

    def run(self, request: Request, connection: ConnectionState) -> Document | CursorReply:
        """Run one command, which is what `handle` does between parsing a message and building one.

        A failure is the reply that says so.

        Raises:
            ConnectionDroppedError: When the connection is to be closed.
            ShortCutRefusedError: When the command has to come as a message.
        """
        ...

    def find(self, find: PlainFind, connection: ConnectionState) -> CursorReply | None:
        """Return the reply of a find, without the times that a message would carry; None means: ask with `run`."""
        ...

    def find_first(self, namespace: Namespace, *, only_id: bool) -> bytes | Missing | None:
        """Return the document that a find without a filter finds first, or its `_id` alone; else as `find_equal`."""
        ...

    def interrupt(self) -> None:
        """Have every running operation end soon with InterruptedAtShutdown (11600)."""
        ...

    def find_equal(self, namespace: Namespace, path: str, value: BsonValue) -> bytes | Missing | None:
        """Return the first document that a find for one value finds; MISSING means: ask with `run`.

        Args:
            namespace: Where to look.
            path: The field, `_id` or another.
            value: An ObjectId, a string, or an integer.

        Raises:
            ServerError: The storage has failed.
        """
        ...

    def quick_count(self, namespace: Namespace, filter_: Document, command: str) -> int | Missing:
        """Return how many documents match a filter; MISSING means: ask with `run`.

        Args:
            namespace: A collection.
            filter_: The filter, in the engine's classes.
            command: The command that it stands for, to be counted.

        Raises:
            ServerError: What is wrong with the filter; the storage has failed.
        """
        ...
