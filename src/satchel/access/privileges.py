"""Privileges: actions on a resource, and whether a set of them allows what somebody is about to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from satchel.access.actions import ANY_ACTION
from satchel.engine.namespaces import Namespace, is_system
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document

_NOT_NORMAL_DATABASES: Final = ("local", "config")


class Resource(NamedTuple):
    """What an action is done to.

    Attributes:
        kind: A collection or more of them, the deployment as a whole, or anything at all.
        database: A database; empty for every one (but `local` and `config`).
        collection: A collection; empty for every one whose name is not one of MongoDB's own (`system.…`).
    """

    kind: Literal["namespace", "cluster", "any"] = "namespace"
    database: str = ""
    collection: str = ""

    def to_bson(self) -> Document:
        """Return the form that roles are stored and shown in."""
        if self.kind == "cluster":
            return {"cluster": True}
        if self.kind == "any":
            return {"anyResource": True}
        return {"db": self.database, "collection": self.collection}

    @classmethod
    def from_bson(cls, spec: BsonValue) -> Resource:
        """Read a resource.

        Raises:
            ServerError: FailedToParse (9), BadValue (2).
        """
        if not isinstance(spec, dict):
            raise ServerError(ErrorCode.FailedToParse, "resource must be an object")
        match spec:
            case {"cluster": True, **rest} if not rest:
                return CLUSTER
            case {"anyResource": True, **rest} if not rest:
                return ANY_RESOURCE
            case {"db": str(database), "collection": str(collection), **rest} if not rest:
                return cls("namespace", database, collection)
        raise ServerError(
            ErrorCode.BadValue,
            "resource must name a db and a collection, or be {cluster: true} or {anyResource: true}",
        )


CLUSTER: Final = Resource("cluster")
ANY_RESOURCE: Final = Resource("any")
ANY_NORMAL: Final = Resource()


def database_resource(database: str) -> Resource:
    """Return a database as a resource."""
    return Resource("namespace", database)


def collection_resource(namespace: Namespace) -> Resource:
    """Return a collection as a resource."""
    return Resource("namespace", *namespace)


class Privilege(NamedTuple):
    """Actions on a resource."""

    resource: Resource
    actions: frozenset[str]

    def to_bson(self) -> Document:
        """Return the form that roles are stored and shown in."""
        names: list[BsonValue] = [*sorted(self.actions)]
        return {"resource": self.resource.to_bson(), "actions": names}


class Privileges:
    """A set of privileges.

    Args:
        granted: Its privileges; several on one resource add up.
    """

    __slots__ = ("_granted",)

    def __init__(self, granted: Iterable[Privilege] = ()) -> None:
        merged: dict[Resource, frozenset[str]] = {}
        for resource, allowed in granted:
            merged[resource] = merged.get(resource, frozenset()) | allowed
        self._granted: Mapping[Resource, frozenset[str]] = merged

    def __iter__(self) -> Iterator[Privilege]:
        return (Privilege(resource, allowed) for resource, allowed in self._granted.items())

    def allows(self, needed: Privilege) -> bool:
        """Tell whether everything that is needed has been granted."""
        missing = needed.actions
        for pattern in _patterns(needed.resource):
            allowed = self._granted.get(pattern)
            if allowed is not None:
                missing = frozenset() if ANY_ACTION in allowed else missing - allowed
            if not missing:
                return True
        return False

    def touches_database(self, database: str) -> bool:
        """Tell whether anything is granted on a database or something in it."""
        return any(
            resource.kind == "any" or (resource.kind == "namespace" and resource.database in ("", database))
            for resource in self._granted
        )

    def touches_collection(self, namespace: Namespace) -> bool:
        """Tell whether anything is granted on a collection."""
        return any(pattern in self._granted for pattern in _patterns(collection_resource(namespace)))

    def without(self, privilege: Privilege) -> Privileges:
        """Return this set less the actions of one privilege on just its resource."""
        left = {**self._granted}
        left[privilege.resource] = left.get(privilege.resource, frozenset()) - privilege.actions
        return Privileges(Privilege(resource, allowed) for resource, allowed in left.items() if allowed)

    def to_bson(self) -> list[Document]:
        """Return the form that roles are stored and shown in."""
        return [privilege.to_bson() for privilege in self]


def _patterns(resource: Resource) -> Iterator[Resource]:
    """Yield the resources on which a grant counts for this one."""
    yield resource
    yield ANY_RESOURCE
    kind, database, collection = resource
    if kind != "namespace":
        return
    if collection:
        yield Resource("namespace", "", collection)
        if is_system(collection):
            return
        yield database_resource(database)
    if database not in _NOT_NORMAL_DATABASES:
        yield ANY_NORMAL
