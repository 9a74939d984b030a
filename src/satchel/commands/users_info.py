"""usersInfo and rolesInfo: what there is to know of users and roles; connectionStatus: of oneself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, cast

from satchel.access.accounts import Accounts, Role, RoleName, User, account_id, privileges_of
from satchel.access.actions import actions
from satchel.access.builtin_roles import builtin_names
from satchel.access.privileges import ANY_NORMAL, Privilege
from satchel.commands.account_fields import on_database, read_roles, read_users
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import any_value, boolean, document, param
from satchel.commands.rights import ANYONE, Access, Call
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.values.bson_types import BsonValue, Document
from satchel.wire.service import UserName

_FOR_ALL: Final[BsonValue] = {"forAllDBs": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersInfoParams(NoFields):
    """Fields of usersInfo."""

    users_info: BsonValue = param(any_value)
    show_credentials: bool = param(boolean, default=False)
    show_custom_data: bool = param(boolean, default=True)
    show_privileges: bool = param(boolean, default=False)
    show_authentication_restrictions: bool | None = param(boolean, default=None)
    filter: Document = param(document, default={})

    @property
    def names_users(self) -> bool:
        """Whether it asks for users by name."""
        return isinstance(self.users_info, str | list) or (
            isinstance(self.users_info, dict) and self.users_info != _FOR_ALL
        )

    @property
    def wants_details(self) -> bool:
        """Whether it asks for what the users have through their roles."""
        return self.show_privileges or bool(self.show_authentication_restrictions)


def _users_needs(params: UsersInfoParams, call: Call) -> Iterator[Privilege]:
    if params.users_info == _FOR_ALL:
        yield Privilege(ANY_NORMAL, actions("viewUser"))
    elif not params.names_users:
        yield on_database(call.database, "viewUser")
    else:
        for user in read_users(params.users_info, call.database):
            if user != call.user or params.show_credentials:
                yield on_database(user.database, "viewUser")


@COMMANDS.command("usersInfo", UsersInfoParams, access=Access(_users_needs))
def users_info(params: UsersInfoParams, invocation: Invocation) -> Reply:
    """Describe users: one, several, those of the database, or all."""
    if params.wants_details and not params.names_users:
        raise ServerError(
            ErrorCode.IllegalOperation, "Privilege or restriction details require exact-match usersInfo queries"
        )
    matches = parse_filter(params.filter, Context()).matches
    with invocation.engine.read() as unit:
        accounts = Accounts(unit)
        found = [_user_details(user, params, accounts) for user in _users(params, accounts, invocation.database)]
    shown: list[BsonValue] = [each for each in found if matches(each)]
    return {"users": shown}


def _users(params: UsersInfoParams, accounts: Accounts, database: str) -> Iterable[User]:
    if params.names_users:
        named = (accounts.user(name) for name in dict.fromkeys(read_users(params.users_info, database)))
        return [user for user in named if user is not None]
    everybody = sorted(accounts.users(), key=lambda user: user.name)
    return [user for user in everybody if params.users_info == _FOR_ALL or user.name.database == database]


def _user_details(user: User, params: UsersInfoParams, accounts: Accounts) -> Document:
    hidden = {"credentials"} if not params.show_credentials else set()
    if not params.show_custom_data:
        hidden.add("customData")
    if not params.show_authentication_restrictions:
        hidden.add("authenticationRestrictions")
    details = {name: value for name, value in user.document.items() if name not in hidden}
    details["mechanisms"] = [*user.mechanisms]
    if params.wants_details:
        roles = accounts.inherited(user.roles)
        details["inheritedRoles"] = [role.name.to_bson() for role in roles]
        details["inheritedPrivileges"] = [*privileges_of(roles).to_bson()]
        details["inheritedAuthenticationRestrictions"] = _restrictions(roles)
        details.setdefault("authenticationRestrictions", [])
    return details


def _restrictions(roles: Iterable[Role]) -> list[BsonValue]:
    return [[each.to_bson() for each in role.restrictions] for role in roles if role.restrictions]


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesInfoParams(NoFields):
    """Fields of rolesInfo."""

    roles_info: BsonValue = param(any_value)
    show_privileges: BsonValue = param(any_value, default=False)
    show_builtin_roles: bool = param(boolean, default=False)
    show_authentication_restrictions: bool = param(boolean, default=False)

    @property
    def names_roles(self) -> bool:
        """Whether it asks for roles by name."""
        return isinstance(self.roles_info, str | list | dict)

    def names(self, database: str) -> list[RoleName]:
        """Return the roles that it asks for by name."""
        given = self.roles_info
        return read_roles(given if isinstance(given, list) else [given], database)


def _roles_needs(params: RolesInfoParams, call: Call) -> Iterator[Privilege]:
    if not params.names_roles:
        yield on_database(call.database, "viewRole")
        return
    for role in params.names(call.database):
        if role not in call.rights.roles:
            yield on_database(role.database, "viewRole")


@COMMANDS.command("rolesInfo", RolesInfoParams, access=Access(_roles_needs))
def roles_info(params: RolesInfoParams, invocation: Invocation) -> Reply:
    """Describe roles: one, several, or those of the database; or the rights that several give together."""
    with invocation.engine.read() as unit:
        accounts = Accounts(unit)
        if params.show_privileges == "asUserFragment":
            return {"userFragment": _fragment(params, accounts, invocation.database)}
        found = [_role_details(role, params, accounts) for role in _roles(params, accounts, invocation.database)]
    return {"roles": cast("list[BsonValue]", found)}


def _roles(params: RolesInfoParams, accounts: Accounts, database: str) -> list[Role]:
    if params.names_roles:
        named = (accounts.role(name) for name in params.names(database))
        return [role for role in named if role is not None]
    own = [role for role in accounts.roles() if role.name.database == database]
    if params.show_builtin_roles:
        builtin = (accounts.role(RoleName(database, name)) for name in builtin_names(database))
        own += [role for role in builtin if role is not None]
    return sorted(own, key=lambda role: role.name)


def _role_details(role: Role, params: RolesInfoParams, accounts: Accounts) -> Document:
    inherited = [each for each in accounts.inherited(role.roles) if each.name != role.name]
    details: Document = {
        "_id": account_id(role.name),
        **role.name.to_bson(),
        "roles": [name.to_bson() for name in role.roles],
        "inheritedRoles": [each.name.to_bson() for each in inherited],
        "isBuiltin": role.is_builtin,
    }
    if params.show_privileges:
        details["privileges"] = [*role.privileges.to_bson()]
        details["inheritedPrivileges"] = [*privileges_of((role, *inherited)).to_bson()]
    if params.show_authentication_restrictions:
        details["authenticationRestrictions"] = [each.to_bson() for each in role.restrictions]
        details["inheritedAuthenticationRestrictions"] = _restrictions((role, *inherited))
    return details


def _fragment(params: RolesInfoParams, accounts: Accounts, database: str) -> Document:
    roles = accounts.inherited(role.name for role in _roles(params, accounts, database))
    return {
        "inheritedRoles": [role.name.to_bson() for role in roles],
        "inheritedPrivileges": [*privileges_of(roles).to_bson()],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStatusParams(NoFields):
    """Fields of connectionStatus."""

    connection_status: BsonValue = param(any_value, default=1)
    show_privileges: bool = param(boolean, default=False)


@COMMANDS.command("connectionStatus", ConnectionStatusParams, access=ANYONE)
def connection_status(params: ConnectionStatusParams, invocation: Invocation) -> Reply:
    """Tell who is logged in on this connection, and what they may do."""
    rights = invocation.service.access.rights(invocation.connection)
    users: list[UserName] = [] if rights.login is None else [rights.login.user]
    status: Document = {
        "authenticatedUsers": [{"user": user.name, "db": user.database} for user in users],
        "authenticatedUserRoles": [role.to_bson() for role in rights.roles],
    }
    if params.show_privileges:
        status["authenticatedUserPrivileges"] = [*rights.privileges.to_bson()]
    return {"authInfo": status}
