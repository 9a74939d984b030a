"""What commands of users and roles share: fields that name roles and users, and what it takes to give roles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from satchel.access.accounts import Accounts, RoleName
from satchel.access.actions import ACTIONS, actions
from satchel.access.privileges import ANY_NORMAL, Privilege, Resource, database_resource
from satchel.access.restrictions import parse_restrictions
from satchel.commands.params import array
from satchel.commands.rights import Access, Call
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document, type_name
from satchel.wire.service import UserName

REVOKE_EVERYWHERE: Final = Privilege(ANY_NORMAL, actions("revokeRole"))


def on_database(database: str, *wanted: str) -> Privilege:
    """Return actions on a database."""
    return Privilege(database_resource(database), actions(wanted))


def read_roles(value: Iterable[BsonValue], database: str) -> list[RoleName]:
    """Read a list of roles: names in `database`, or `{role, db}`; each once, in order.

    Raises:
        ServerError: BadValue (2).
    """
    return list(dict.fromkeys(RoleName(*_name("role", each, database)) for each in value))


def read_some_roles(command: str, value: list[BsonValue], database: str) -> list[RoleName]:
    """Read a list of roles that is not to be empty.

    Raises:
        ServerError: BadValue (2).
    """
    if not value:
        raise ServerError(ErrorCode.BadValue, f'{command} command requires a non-empty "roles" array')
    return read_roles(value, database)


def read_users(value: BsonValue, database: str) -> list[UserName]:
    """Read the name of a user, or a list of them.

    Raises:
        ServerError: BadValue (2).
    """
    return [UserName(*_name("user", each, database)) for each in (value if isinstance(value, list) else [value])]


def _name(field: str, value: BsonValue, database: str) -> tuple[str, str]:
    match value:
        case str(name) if name:
            return database, name
        case dict() if value.keys() == {field, "db"}:
            name, in_database = value[field], value["db"]
            if isinstance(name, str) and isinstance(in_database, str) and name:
                return in_database, name
    raise ServerError(
        ErrorCode.BadValue, f"a {field} is given by its name or as {{{field}, db}}, not as {type_name(value)}"
    )


def read_privileges(value: Iterable[Document]) -> list[Privilege]:
    """Read the privileges of a role.

    Raises:
        ServerError: FailedToParse (9), BadValue (2).
    """
    return [_privilege(each) for each in value]


def _privilege(spec: Document) -> Privilege:
    if spec.keys() != {"resource", "actions"}:
        raise ServerError(ErrorCode.FailedToParse, "a privilege has the fields resource and actions, and no others")
    names = array("privileges.actions", spec["actions"])
    unknown = [name for name in names if not isinstance(name, str) or name not in ACTIONS]
    if unknown:
        shown = ", ".join(str(name) for name in unknown)
        raise ServerError(ErrorCode.BadValue, f"Unrecognized action privilege strings: {shown}")
    if not names:
        raise ServerError(ErrorCode.FailedToParse, "a privilege needs at least one action")
    return Privilege(Resource.from_bson(spec["resource"]), actions(str(name) for name in names))


def read_restrictions(value: list[Document]) -> list[BsonValue]:
    """Check authentication restrictions and return the form that is stored.

    Raises:
        ServerError: BadValue (2).
    """
    try:
        return [restriction.to_bson() for restriction in parse_restrictions([*value])]
    except ServerError as error:
        raise ServerError(ErrorCode.BadValue, error.message) from error


def check_roles_exist(roles: Iterable[RoleName], accounts: Accounts) -> None:
    """Raise RoleNotFound (31) for the first role that is not there."""
    for role in roles:
        if accounts.role(role) is None:
            raise ServerError(ErrorCode.RoleNotFound, f"Could not find role: {role}")


def to_grant(roles: Iterable[RoleName]) -> Iterator[Privilege]:
    """Yield what it takes to give roles to somebody."""
    return (on_database(role.database, "grantRole") for role in roles)


def to_revoke(roles: Iterable[RoleName]) -> Iterator[Privilege]:
    """Yield what it takes to take roles from somebody."""
    return (on_database(role.database, "revokeRole") for role in roles)


class NamesRoles(Protocol):
    """Fields of a command that gives somebody roles, or takes them."""

    @property
    def roles(self) -> list[BsonValue]:
        """The roles."""


def _to_grant(params: NamesRoles, call: Call) -> Iterator[Privilege]:
    return to_grant(read_roles(params.roles, call.database))


def _to_revoke(params: NamesRoles, call: Call) -> Iterator[Privilege]:
    return to_revoke(read_roles(params.roles, call.database))


GRANTS_ROLES: Final = Access(_to_grant)
REVOKES_ROLES: Final = Access(_to_revoke)


def to_restrict(restrictions: list[Document] | None, database: str) -> Iterator[Privilege]:
    """Yield what it takes to say from where somebody may log in."""
    if restrictions is not None:
        yield on_database(database, "setAuthenticationRestriction")


def to_give_privileges(privileges: Iterable[Privilege], action: str) -> Iterator[Privilege]:
    """Yield what it takes to put privileges into a role, or (`revokeRole`) to take them out.

    What concerns more than one database is for those who may do so on `admin`.
    """
    for resource, _ in privileges:
        yield on_database(resource.database or "admin", action)


def is_own(user: UserName, call: Call) -> bool:
    """Tell whether a user is the one who asks."""
    return user == call.user
