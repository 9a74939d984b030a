"""Names of databases and collections, and what MongoDB allows in them."""

from __future__ import annotations

from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.values.namespace import Namespace

MAX_DATABASE_NAME_BYTES: Final = 63
MAX_NAMESPACE_BYTES: Final = 255
EXTERNAL: Final = "$external"
"""The database of users whom somebody else vouches for, as who has issued their certificates; it has no collections."""
_FORBIDDEN_IN_DATABASE: Final = frozenset('/\\. "$*<>:|?\0')


def parse_namespace(full: str) -> Namespace:
    """Split `database.collection` at its first dot and check both parts.

    Raises:
        ServerError: InvalidNamespace (73).
    """
    database, _, collection = full.partition(".")
    return checked_namespace(database, collection)


def checked_namespace(database: str, collection: str) -> Namespace:
    """Return the namespace, when both names are allowed.

    Raises:
        ServerError: InvalidNamespace (73).
    """
    check_database_name(database)
    namespace = Namespace(database, collection)
    invalid = (
        not collection
        or collection.startswith(".")
        or "\0" in collection
        or ("$" in collection and not _is_special(namespace))
    )
    if invalid:
        raise ServerError(ErrorCode.InvalidNamespace, f"Invalid namespace specified '{namespace}'")
    return namespace


def check_database_name(database: str) -> None:
    """Raise InvalidNamespace (73) when `database` cannot be a database's name."""
    if not database or len(database.encode()) > MAX_DATABASE_NAME_BYTES or _FORBIDDEN_IN_DATABASE & set(database):
        raise ServerError(ErrorCode.InvalidNamespace, f"Invalid database name: '{database}'")


def check_command_database(database: str) -> None:
    """Raise InvalidNamespace (73) when no command can be sent to a database of that name."""
    if database != EXTERNAL:
        check_database_name(database)


def _is_special(namespace: Namespace) -> bool:
    return namespace.collection in ("$cmd.aggregate", "$cmd.listCollections") or namespace == ("local", "oplog.$main")


def check_creatable(namespace: Namespace) -> None:
    """Raise InvalidNamespace (73) when users cannot create a collection of this name."""
    if is_system(namespace.collection) and namespace.collection not in _CREATABLE:
        raise ServerError(ErrorCode.InvalidNamespace, f"Invalid system namespace: {namespace}")


def check_length(namespace: Namespace) -> None:
    """Raise InvalidNamespace (73) when no collection can have so long a name; asking for it is no error."""
    if len(str(namespace).encode()) > MAX_NAMESPACE_BYTES:
        raise ServerError(ErrorCode.InvalidNamespace, f"Fully qualified namespace is too long. Namespace: {namespace}")


_CREATABLE: Final = frozenset({"system.js", "system.users", "system.profile", "system.roles", "system.version"})


def is_system(collection: str) -> bool:
    """Tell whether the collection's name is one of MongoDB's own."""
    return collection.startswith("system.")


__all__ = [
    "Namespace",
    "check_command_database",
    "check_creatable",
    "check_database_name",
    "check_length",
    "checked_namespace",
    "is_system",
    "parse_namespace",
]
