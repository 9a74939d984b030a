"""Changing users and roles, in one write transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from satchel.access.accounts import ROLES, USERS, Name, RoleName, account_id
from satchel.engine.namespaces import Namespace
from satchel.engine.units import WriteUnit
from satchel.engine.writes.collection_writer import CollectionWriter
from satchel.engine.writes.documents import prepare_insert
from satchel.values import key_string
from satchel.values.bson_types import Document, decode_document
from satchel.wire.service import UserName


class AccountWriter:
    """Writes users and roles.

    Args:
        unit: The write transaction.
    """

    def __init__(self, unit: WriteUnit) -> None:
        self._unit = unit

    def insert(self, name: Name, document: Document) -> None:
        """Add a user or role that is not there yet."""
        entry = self._unit.ensure_collection(_namespace(name))
        CollectionWriter(self._unit, entry).insert([prepare_insert({"_id": account_id(name), **document})])

    def replace(self, name: Name, document: Document) -> None:
        """Give a user or role that is there another document."""
        entry = self._unit.catalog.require(_namespace(name))
        record = self._unit.reader.get_by_id(entry.table, key_string.encode(account_id(name), entry.collation))
        assert record is not None, "whoever replaces an account has just read it"
        CollectionWriter(self._unit, entry).replace(record[0], decode_document(record[1]), document)

    def delete(self, kind: type[Name], is_meant: Callable[[Document], bool]) -> int:
        """Remove users, or roles, and return how many there were."""
        entry = self._unit.catalog.get(_namespace_of(kind))
        if entry is None:
            return 0
        meant = [(rid, bson) for rid, bson, _ in self._unit.reader.scan(entry.table) if is_meant(decode_document(bson))]
        CollectionWriter(self._unit, entry).delete_records(meant)
        return len(meant)

    def take_roles_away(self, gone: Iterable[RoleName]) -> None:
        """Remove roles, which are no more, from all users and roles that have them."""
        references = [role.to_bson() for role in gone]
        for namespace in (USERS, ROLES):
            entry = self._unit.catalog.get(namespace)
            if entry is None:
                continue
            writer = CollectionWriter(self._unit, entry)
            for rid, bson, _ in list(self._unit.reader.scan(entry.table)):
                document = decode_document(bson)
                roles = document.get("roles")
                left = [role for role in roles if role not in references] if isinstance(roles, list) else roles
                if left != roles:
                    writer.replace(rid, document, {**document, "roles": left})


def _namespace(name: Name) -> Namespace:
    return _namespace_of(type(name))


def _namespace_of(kind: type[Name]) -> Namespace:
    return USERS if kind is UserName else ROLES
