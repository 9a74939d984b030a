"""Users and roles as the file has them: ordinary documents in `admin.system.users` and `admin.system.roles`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from bson import Binary

from satchel.access.actions import ACTIONS
from satchel.access.builtin_roles import builtin_privileges
from satchel.access.privileges import Privilege, Privileges, Resource
from satchel.access.restrictions import Restriction, parse_restrictions
from satchel.access.scram import Credentials, Mechanism
from satchel.engine.namespaces import Namespace
from satchel.engine.units import ReadUnit
from satchel.errors import ServerError
from satchel.values import key_string
from satchel.values.bson_types import BsonValue, Document, decode_document
from satchel.wire.service import Login, UserName

USERS: Final = Namespace("admin", "system.users")
ROLES: Final = Namespace("admin", "system.roles")

EXTERNAL_CREDENTIALS: Final[Document] = {"external": True}


class RoleName(NamedTuple):
    """A role's full name."""

    database: str
    name: str

    def __str__(self) -> str:
        return f"{self.name}@{self.database}"

    def to_bson(self) -> Document:
        """Return the form in which users and roles refer to it."""
        return {"role": self.name, "db": self.database}


Name = UserName | RoleName


@dataclass(frozen=True, slots=True)
class User:
    """A user, as stored."""

    name: UserName
    document: Document

    @property
    def login(self) -> Login:
        """Who this is, for a connection."""
        identifier = self.document.get("userId")
        is_uuid = isinstance(identifier, Binary) and identifier.subtype == 4 and len(identifier) == 16
        return Login(self.name, UUID(bytes=bytes(identifier)) if is_uuid and isinstance(identifier, bytes) else None)

    @property
    def roles(self) -> list[RoleName]:
        """The roles that it has itself."""
        return role_names(self.document.get("roles"))

    @property
    def mechanisms(self) -> list[str]:
        """The mechanisms that it can log in with."""
        credentials = self.document.get("credentials")
        return sorted(credentials) if isinstance(credentials, dict) else []

    @property
    def is_external(self) -> bool:
        """Whether it has no password, because somebody else vouches for it."""
        return self.document.get("credentials") == EXTERNAL_CREDENTIALS

    def credentials(self, mechanism: Mechanism) -> Credentials | None:
        """Return what is kept of its password for a mechanism."""
        stored = self.document.get("credentials")
        return Credentials.from_bson(stored.get(mechanism.name)) if isinstance(stored, dict) else None

    @property
    def restrictions(self) -> list[Restriction]:
        """From where, and on which of the server's addresses, it may log in."""
        return parse_restrictions(self.document.get("authenticationRestrictions"))


@dataclass(frozen=True, slots=True)
class Role:
    """A role: built in, or as stored."""

    name: RoleName
    privileges: Privileges
    roles: list[RoleName]
    restrictions: list[Restriction]
    is_builtin: bool = False


def role_names(stored: BsonValue) -> list[RoleName]:
    """Read the roles that a stored document refers to; what is no reference is passed over."""
    if not isinstance(stored, list):
        return []
    found = []
    for each in stored:
        match each:
            case {"role": str(name), "db": str(database)}:
                found.append(RoleName(database, name))
    return found


class Accounts:
    """The users and roles of one snapshot.

    Args:
        unit: The snapshot.

    Attributes:
        seen: The stored form of everything that was looked at by name; None for what is not there.
    """

    def __init__(self, unit: ReadUnit) -> None:
        self._unit = unit
        self.seen: dict[Name, bytes | None] = {}

    def is_as(self, seen: Mapping[Name, bytes | None]) -> bool:
        """Tell whether everything is still as an earlier snapshot had it."""
        return all(self._raw(name) == raw for name, raw in seen.items())

    def exists(self, name: Name) -> bool:
        """Tell whether a user, or a role that is not built in, is stored."""
        return self._raw(name) is not None

    def user(self, name: UserName) -> User | None:
        """Return a user, or None."""
        raw = self.seen[name] = self._raw(name)
        return None if raw is None else User(name, decode_document(raw))

    def role(self, name: RoleName) -> Role | None:
        """Return a role, or None."""
        builtin = builtin_privileges(*name)
        if builtin is not None:
            return Role(name, Privileges(builtin), [], [], is_builtin=True)
        raw = self.seen[name] = self._raw(name)
        if raw is None:
            return None
        document = decode_document(raw)
        return Role(
            name,
            Privileges(_stored_privileges(document.get("privileges"))),
            role_names(document.get("roles")),
            parse_restrictions(document.get("authenticationRestrictions")),
        )

    def inherited(self, names: Iterable[RoleName]) -> list[Role]:
        """Return these roles and those that they have in turn, each once; names without a role are left out."""
        found: dict[RoleName, Role] = {}
        waiting = list(reversed(list(names)))
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            role = self.role(name)
            if role is not None:
                found[name] = role
                waiting.extend(reversed(role.roles))
        return list(found.values())

    def users(self) -> Iterator[User]:
        """Yield every user."""
        for document in self._documents(USERS):
            match document:
                case {"user": str(name), "db": str(database)}:
                    yield User(UserName(database, name), document)

    def roles(self) -> Iterator[Role]:
        """Yield every role that is not built in."""
        for document in self._documents(ROLES):
            match document:
                case {"role": str(name), "db": str(database)}:
                    role = self.role(RoleName(database, name))
                    if role is not None and not role.is_builtin:
                        yield role

    @property
    def is_empty(self) -> bool:
        """Whether there is no user and no role."""
        return not any(True for namespace in (USERS, ROLES) for _ in self._documents(namespace))

    def _documents(self, namespace: Namespace) -> Iterator[Document]:
        entry = self._unit.catalog.get(namespace)
        if entry is not None and not entry.is_view:
            for _, bson, _ in self._unit.reader.scan(entry.table):
                yield decode_document(bson)

    def _raw(self, name: Name) -> bytes | None:
        entry = self._unit.catalog.get(USERS if isinstance(name, UserName) else ROLES)
        if entry is None or entry.is_view:
            return None
        key = key_string.encode(account_id(name), entry.collation)
        record = self._unit.reader.get_by_id(entry.table, key)
        return None if record is None else record[1]


def account_id(name: Name) -> str:
    """Return the `_id` that a user or role is stored under."""
    return f"{name.database}.{name.name}"


def privileges_of(roles: Iterable[Role]) -> Privileges:
    """Return what roles allow together."""
    return Privileges(privilege for role in roles for privilege in role.privileges)


def _stored_privileges(stored: BsonValue) -> Iterator[Privilege]:
    """Read the privileges of a stored role; what cannot be read allows nothing."""
    for each in stored if isinstance(stored, list) else []:
        match each:
            case {"resource": resource, "actions": list(names)}:
                try:
                    parsed = Resource.from_bson(resource)
                except ServerError:
                    continue
                yield Privilege(parsed, ACTIONS & {name for name in names if isinstance(name, str)})
