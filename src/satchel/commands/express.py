"""The commonest writes, one plain document or statement each, past what other commands need.

They do what the commands do for the same, through the same functions. Where other rules might apply, and where
something fails, they leave no trace, and the command is to be run: it ends in the right error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satchel.commands.command import Invocation
from satchel.commands.writes import DeleteFields, UpdateFields, delete_statement, update_statement
from satchel.engine.catalog import CollectionEntry
from satchel.engine.namespaces import Namespace, is_system
from satchel.engine.operation import Operation
from satchel.engine.validators import validator_of
from satchel.engine.writes.collection_writer import CollectionWriter
from satchel.engine.writes.documents import prepare_insert
from satchel.engine.writes.statements import delete_documents, update_documents
from satchel.errors import ServerError
from satchel.values.bson_types import Document
from satchel.wire.messages import Request
from satchel.wire.service import ConnectionState

if TYPE_CHECKING:
    from satchel.commands.dispatch import Service


class _NotExpressError(Exception):
    """Other rules apply; the transaction is rolled back."""


_FAILURES = (ServerError, RecursionError, _NotExpressError)


class ExpressWrites:
    """Writes for one client in this process.

    Args:
        service: Where the engine is.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._engine = service.engine
        self._connection = ConnectionState()

    def insert(self, namespace: Namespace, bson: bytes) -> bool:
        """Insert one document; tell whether that has been done."""
        operation = self._operation(namespace, "insert")
        if operation is None:
            return False
        try:
            with self._engine.write(operation) as unit:
                entry = _plain(unit.catalog.get(namespace), operation)
                CollectionWriter(unit, entry).insert_unguarded([prepare_insert(bson, entry.collation)])
        except _FAILURES:
            return False
        self._engine.opcounters["insert"] += 1
        return True

    def update(self, namespace: Namespace, filter_: Document, update: Document) -> Document | None:
        """Update the first document that matches and return the reply; None when that has not been done."""
        operation = self._operation(namespace, "update")
        if operation is None:
            return None
        fields = UpdateFields(q=filter_, u=update)
        try:
            with self._engine.write(operation) as unit:
                entry = _plain(unit.catalog.get(namespace), operation)
                statement = update_statement(fields.check(), None, entry, self._invocation(operation))
                result = update_documents(unit, namespace, statement, operation)
        except _FAILURES:
            return None
        self._engine.opcounters["update"] += 1
        return {"n": result.matched, "nModified": result.modified, "ok": 1.0, **self._service.times()}

    def delete(self, namespace: Namespace, filter_: Document) -> Document | None:
        """Delete the first document that matches and return the reply; None when that has not been done."""
        operation = self._operation(namespace, "delete")
        if operation is None:
            return None
        fields = DeleteFields(q=filter_, limit=1)
        try:
            with self._engine.write(operation) as unit:
                entry = _plain(unit.catalog.get(namespace), operation)
                statement = delete_statement(fields, None, entry, self._invocation(operation))
                deleted = delete_documents(unit, namespace, statement)
        except _FAILURES:
            return None
        self._engine.opcounters["delete"] += 1
        return {"n": deleted, "ok": 1.0, **self._service.times()}

    def _operation(self, namespace: Namespace, command: str) -> Operation | None:
        """Return the operation of a write to a collection that is known; None for one that may not be written to."""
        catalog = self._engine.last_catalog
        if catalog is None or catalog.get(namespace) is None or is_system(namespace.collection):
            return None
        return Operation(namespace.database, command, client=self._connection)

    def _invocation(self, operation: Operation) -> Invocation:
        request = Request(0, operation.database, {}, {})
        return Invocation(self._service, self._engine, operation, self._connection, request)


def _plain(entry: CollectionEntry | None, operation: Operation) -> CollectionEntry:
    """Return the entry of a collection that has no rules of its own."""
    if entry is None or entry.is_view or entry.capped or validator_of(entry, operation) is not None:
        raise _NotExpressError
    return entry
