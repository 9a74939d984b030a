"""Sessions as a client has them, in wire messages."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from bson import Binary, Int64

from .conftest import Reply, Server


class Session:
    """Sends commands in a session; `begin` numbers transactions and retryable writes."""

    def __init__(self, server: Server, identifier: uuid.UUID | None = None) -> None:
        self.server = server
        self.lsid = {"id": Binary.from_uuid(identifier or uuid.uuid4())}
        self._numbers = itertools.count(1)
        self.number = 0
        self._starts = False

    def at(self, server: Server) -> Session:
        """Return the same session on another connection, or after a restart."""
        other = Session(server)
        other.lsid, other.number = self.lsid, self.number
        return other

    def fields(self) -> dict[str, Any]:
        """Return the fields of a command of the transaction."""
        fields = {"lsid": self.lsid, "txnNumber": Int64(self.number), "autocommit": False}
        if self._starts:
            fields["startTransaction"] = True
        self._starts = False
        return fields

    def begin(self) -> None:
        self.number = next(self._numbers)
        self._starts = True

    def run(self, command: dict[str, Any], database: str = "db") -> Reply:
        return self.server.run({**command, **self.fields()}, database)

    def ok(self, command: dict[str, Any], database: str = "db") -> Reply:
        return self.server.ok({**command, **self.fields()}, database)

    def code(self, command: dict[str, Any], database: str = "db") -> int:
        return self.server.code({**command, **self.fields()}, database)

    def insert(self, *ids: object, collection: str = "c") -> Reply:
        return self.ok({"insert": collection, "documents": [{"_id": each} for each in ids]})

    def ids(self, collection: str = "c") -> list[object]:
        reply = self.ok({"find": collection, "batchSize": 1000})
        return [document["_id"] for document in reply["cursor"]["firstBatch"]]

    def commit(self, **fields: Any) -> Reply:
        return self.run({"commitTransaction": 1, **fields}, "admin")

    def abort(self) -> Reply:
        return self.run({"abortTransaction": 1}, "admin")

    def retryable(self, command: dict[str, Any], number: int, database: str = "db") -> Reply:
        """Run a retryable write."""
        return self.server.run({**command, "lsid": self.lsid, "txnNumber": Int64(number)}, database)


def ids(server: Server, collection: str = "c") -> list[object]:
    return [document["_id"] for document in server.found(collection)]
