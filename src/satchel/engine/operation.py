"""One running operation: its language context, its time limit, its durability, and whether somebody killed it."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bson import Timestamp

from satchel.engine.namespaces import Namespace
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.values.bson_types import Document
from satchel.wire.service import ConnectionState, UserName

if TYPE_CHECKING:
    from satchel.engine.retryable import StatementHistory
    from satchel.engine.sessions import SessionId

_operation_ids = itertools.count(1)


@dataclass(slots=True)
class Operation:
    """What a command carries through the engine.

    Attributes:
        database: The database that the command names.
        command: The command's name, for `currentOp` and logs.
        durable: Whether a write has to be on the disk before it is acknowledged (`j: true`, `w: "majority"`).
        deadline: `time.monotonic()` at which the operation runs out of time, or None.
        client: The connection that it came on; None for the engine's own work.
        bypass_validation: Whether `bypassDocumentValidation` was given.
        session: The session that it belongs to, or None.
        txn_number: The number of the multi-document transaction that it is part of, or None.
        history: What the statements of a retryable write have done before and do now, or None.
        has_write_errors: Whether a statement of a write command has failed, though the command has not.
        at_cluster_time: The point in time that a read with read concern "snapshot" sees, or None.
        successor: The getMore that goes on with this operation's cursor: its time limit counts now, and whether it was
            killed.
    """

    database: str
    command: str = ""
    durable: bool = False
    deadline: float | None = None
    client: ConnectionState | None = None
    bypass_validation: bool = False
    session: SessionId | None = None
    txn_number: int | None = None
    history: StatementHistory | None = None
    has_write_errors: bool = False
    at_cluster_time: Timestamp | None = None
    comment: object = None
    body: Document = field(default_factory=dict)
    context: Context = field(default_factory=Context)
    id: int = field(default_factory=lambda: next(_operation_ids))
    started: float = field(default_factory=time.monotonic)
    killed: ErrorCode | None = None
    successor: Operation | None = None

    def __post_init__(self) -> None:
        self.context.check_interrupt = self.check_interrupt

    @property
    def user(self) -> UserName | None:
        """Who is logged in where it came from, or None."""
        login = self.client.login if self.client is not None else None
        return None if login is None else login.user

    def namespace(self, collection: str) -> Namespace:
        """Return a collection of the command's database."""
        return Namespace(self.database, collection)

    @property
    def is_in_transaction(self) -> bool:
        """Whether it is part of a multi-document transaction."""
        return self.txn_number is not None

    @property
    def namespace_text(self) -> str:
        """What it works on, for people and logs: `database.collection`, or the database alone."""
        named = self.body.get("collection") if self.command == "getMore" else next(iter(self.body.values()), None)
        if isinstance(named, str) and named:
            return named if self.command == "renameCollection" else f"{self.database}.{named}"
        return self.database

    def check_interrupt(self) -> None:
        """Raise when the operation is to end.

        Raises:
            ServerError: MaxTimeMSExpired (50) past the deadline; the code that it was killed with; ClientDisconnect
                (279) when nobody waits for it any more.
        """
        current = self.successor or self
        if current.deadline is not None and time.monotonic() > current.deadline:
            raise ServerError(ErrorCode.MaxTimeMSExpired, "operation exceeded time limit")
        if current.killed is not None:
            raise ServerError(current.killed, "operation was interrupted")
        if current.client is not None and current.client.has_gone:
            raise ServerError(ErrorCode.ClientDisconnect, "operation was interrupted because a client disconnected")

    @property
    def is_interrupted(self) -> bool:
        """Whether it was killed, or nobody waits for it any more."""
        return self.killed is not None or (self.client is not None and self.client.has_gone)

    @property
    def connection_id(self) -> int:
        """The number of the connection that it came on; 0 for the engine's own work."""
        return 0 if self.client is None else self.client.id

    def set_time_limit(self, max_time_ms: int) -> None:
        """Let the operation end `max_time_ms` milliseconds from its start; 0 means no limit."""
        if max_time_ms:
            self.deadline = self.started + max_time_ms / 1000

    @property
    def seconds_left(self) -> float | None:
        """How much of the time limit is left, or None without a limit."""
        return None if self.deadline is None else self.deadline - time.monotonic()
