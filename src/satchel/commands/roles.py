"""Commands that make, change and remove roles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Final

from satchel.access.account_writer import AccountWriter
from satchel.access.accounts import Accounts, Role, RoleName, account_id
from satchel.access.builtin_roles import builtin_privileges
from satchel.access.privileges import Privilege, Privileges
from satchel.commands.account_fields import (
    GRANTS_ROLES,
    REVOKE_EVERYWHERE,
    REVOKES_ROLES,
    check_roles_exist,
    on_database,
    read_privileges,
    read_restrictions,
    read_roles,
    read_some_roles,
    to_give_privileges,
    to_grant,
    to_restrict,
)
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import any_value, array, documents, param, string
from satchel.commands.rights import Access, Call
from satchel.engine.namespaces import EXTERNAL
from satchel.engine.units import WriteUnit
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document

_ROLE_EXISTS: Final = 51002


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRoleParams(NoFields):
    """Fields of createRole."""

    create_role: str = param(string)
    privileges: list[Document] = param(documents)
    roles: list[BsonValue] = param(array)
    authentication_restrictions: list[Document] | None = param(documents, default=None)


def _create_needs(params: CreateRoleParams, call: Call) -> Iterator[Privilege]:
    yield on_database(call.database, "createRole")
    yield from to_grant(read_roles(params.roles, call.database))
    yield from to_give_privileges(read_privileges(params.privileges), "grantRole")
    yield from to_restrict(params.authentication_restrictions or None, call.database)


@COMMANDS.command("createRole", CreateRoleParams, access=Access(_create_needs), write=True)
def create_role(params: CreateRoleParams, invocation: Invocation) -> Reply:
    """Make a role of the command's database."""
    role = RoleName(invocation.database, params.create_role)
    _check_name(role)
    roles = read_roles(params.roles, role.database)
    privileges = read_privileges(params.privileges)
    _check_scope(role, roles, privileges)
    stored: Document = {
        **role.to_bson(),
        "privileges": [*Privileges(privileges).to_bson()],
        "roles": [each.to_bson() for each in roles],
    }
    if params.authentication_restrictions:
        stored["authenticationRestrictions"] = read_restrictions(params.authentication_restrictions)
    with invocation.engine.write(invocation.operation) as unit:
        accounts = Accounts(unit)
        if accounts.role(role) is not None:
            raise ServerError(_ROLE_EXISTS, f'Role "{role}" already exists')
        if role in roles:
            raise ServerError(ErrorCode.InvalidRoleModification, f"Cannot grant role {role} to itself.")
        check_roles_exist(roles, accounts)
        AccountWriter(unit).insert(role, stored)
    return {}


def _check_name(role: RoleName) -> None:
    if not role.name:
        raise ServerError(ErrorCode.BadValue, "Role name must be non-empty")
    if "\0" in role.name:
        raise ServerError(ErrorCode.BadValue, "Role name cannot contain NULL characters")
    if role.database in {"local", EXTERNAL}:
        raise ServerError(ErrorCode.BadValue, f"Cannot create roles in the {role.database} database")
    if role.name == "__system" or builtin_privileges(*role) is not None:
        raise ServerError(ErrorCode.BadValue, "Cannot create roles with the same name as a built-in role")


def _check_scope(role: RoleName, roles: Iterable[RoleName], privileges: Iterable[Privilege]) -> None:
    """See that a role of another database than `admin` concerns nothing outside of its own.

    Raises:
        ServerError: InvalidRoleModification (49).
    """
    if role.database == "admin":
        return
    if any(each.database != role.database for each in roles):
        raise ServerError(
            ErrorCode.InvalidRoleModification,
            f"Roles on the '{role.database}' database cannot be granted roles from other databases",
        )
    if any(each.resource.kind != "namespace" or each.resource.database != role.database for each in privileges):
        raise ServerError(
            ErrorCode.InvalidRoleModification,
            f"Roles on the '{role.database}' database cannot be granted privileges that target other databases or the "
            "cluster",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRoleParams(NoFields):
    """Fields of updateRole."""

    update_role: str = param(string)
    privileges: list[Document] | None = param(documents, default=None)
    roles: list[BsonValue] | None = param(array, default=None)
    authentication_restrictions: list[Document] | None = param(documents, default=None)


def _update_needs(params: UpdateRoleParams, call: Call) -> Iterator[Privilege]:
    yield REVOKE_EVERYWHERE
    yield from to_grant(read_roles(params.roles or [], call.database))
    yield from to_give_privileges(read_privileges(params.privileges or []), "grantRole")
    yield from to_restrict(params.authentication_restrictions, call.database)


@COMMANDS.command("updateRole", UpdateRoleParams, access=Access(_update_needs), write=True)
def update_role(params: UpdateRoleParams, invocation: Invocation) -> Reply:
    """Give a role other privileges or roles; whoever has it has them with their next command."""
    if params.privileges is None and params.roles is None and params.authentication_restrictions is None:
        raise ServerError(ErrorCode.BadValue, "updateRole command has no fields to update")
    name = RoleName(invocation.database, params.update_role)
    with invocation.engine.write(invocation.operation) as unit:
        role = _changeable(name, Accounts(unit))
        privileges = read_privileges(params.privileges) if params.privileges is not None else role.privileges
        roles = read_roles(params.roles, name.database) if params.roles is not None else role.roles
        restrictions = None
        if params.authentication_restrictions is not None:
            restrictions = read_restrictions(params.authentication_restrictions)
        _change(unit, role, roles, Privileges(privileges), restrictions)
    return {}


def _changeable(name: RoleName, accounts: Accounts) -> Role:
    """Return a role that can be changed.

    Raises:
        ServerError: InvalidRoleModification (49) for a built-in one, RoleNotFound (31).
    """
    role = accounts.role(name)
    if role is None:
        raise ServerError(ErrorCode.RoleNotFound, f"Role {name} not found")
    if role.is_builtin:
        raise ServerError(ErrorCode.InvalidRoleModification, f"{name} is a built-in role and cannot be modified")
    return role


def _change(
    unit: WriteUnit,
    role: Role,
    roles: Iterable[RoleName],
    privileges: Privileges,
    restrictions: list[BsonValue] | None = None,
) -> None:
    """Store a role with other contents, when they are allowed.

    Raises:
        ServerError: RoleNotFound (31); InvalidRoleModification (49) for a circle or for what is out of its scope.
    """
    accounts = Accounts(unit)
    wanted = list(dict.fromkeys(roles))
    check_roles_exist(wanted, accounts)
    _check_scope(role.name, wanted, privileges)
    if role.name in wanted:
        raise ServerError(ErrorCode.InvalidRoleModification, f"Cannot grant role {role.name} to itself.")
    if any(each.name == role.name for each in accounts.inherited(wanted)):
        raise ServerError(
            ErrorCode.InvalidRoleModification,
            f"Granting these roles to {role.name} would introduce a cycle in the role graph.",
        )
    kept = restrictions if restrictions is not None else [each.to_bson() for each in role.restrictions]
    stored: Document = {
        "_id": account_id(role.name),
        **role.name.to_bson(),
        "privileges": [*privileges.to_bson()],
        "roles": [each.to_bson() for each in wanted],
        **({"authenticationRestrictions": kept} if kept else {}),
    }
    AccountWriter(unit).replace(role.name, stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropRoleParams(NoFields):
    """Fields of dropRole."""

    drop_role: str = param(string)


def _drop_needs(params: object, call: Call) -> Iterator[Privilege]:
    yield on_database(call.database, "dropRole")


@COMMANDS.command("dropRole", DropRoleParams, access=Access(_drop_needs), write=True)
def drop_role(params: DropRoleParams, invocation: Invocation) -> Reply:
    """Remove a role, from those who have it, too."""
    name = RoleName(invocation.database, params.drop_role)
    with invocation.engine.write(invocation.operation) as unit:
        _changeable(name, Accounts(unit))
        _drop(unit, [name])
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class DropAllRolesParams(NoFields):
    """Fields of dropAllRolesFromDatabase."""

    drop_all_roles_from_database: BsonValue = param(any_value, default=1)


@COMMANDS.command("dropAllRolesFromDatabase", DropAllRolesParams, access=Access(_drop_needs), write=True)
def drop_all_roles(params: DropAllRolesParams, invocation: Invocation) -> Reply:
    """Remove every role of the command's database but the built-in ones."""
    with invocation.engine.write(invocation.operation) as unit:
        names = [role.name for role in Accounts(unit).roles() if role.name.database == invocation.database]
        _drop(unit, names)
    return {"n": len(names)}


def _drop(unit: WriteUnit, names: list[RoleName]) -> None:
    writer = AccountWriter(unit)
    identifiers = {account_id(name) for name in names}
    writer.delete(RoleName, lambda document: document["_id"] in identifiers)
    writer.take_roles_away(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivilegesParams(NoFields):
    """Fields of grantPrivilegesToRole and revokePrivilegesFromRole."""

    grant_privileges_to_role: str = param(string, default="")
    revoke_privileges_from_role: str = param(string, default="")
    privileges: list[Document] = param(documents)

    def read(self) -> list[Privilege]:
        """Return the privileges.

        Raises:
            ServerError: BadValue (2), FailedToParse (9).
        """
        if not self.privileges:
            raise ServerError(ErrorCode.BadValue, 'the command requires a non-empty "privileges" array')
        return read_privileges(self.privileges)


def _grant_privileges_needs(params: PrivilegesParams, call: Call) -> Iterator[Privilege]:
    return to_give_privileges(read_privileges(params.privileges), "grantRole")


@COMMANDS.command("grantPrivilegesToRole", PrivilegesParams, access=Access(_grant_privileges_needs), write=True)
def grant_privileges_to_role(params: PrivilegesParams, invocation: Invocation) -> Reply:
    """Give a role further privileges."""
    granted = params.read()
    with invocation.engine.write(invocation.operation) as unit:
        role = _changeable(RoleName(invocation.database, params.grant_privileges_to_role), Accounts(unit))
        _change(unit, role, role.roles, Privileges((*role.privileges, *granted)))
    return {}


def _revoke_privileges_needs(params: PrivilegesParams, call: Call) -> Iterator[Privilege]:
    return to_give_privileges(read_privileges(params.privileges), "revokeRole")


@COMMANDS.command("revokePrivilegesFromRole", PrivilegesParams, access=Access(_revoke_privileges_needs), write=True)
def revoke_privileges_from_role(params: PrivilegesParams, invocation: Invocation) -> Reply:
    """Take privileges from a role, each on just the resource that it names."""
    revoked = params.read()
    with invocation.engine.write(invocation.operation) as unit:
        role = _changeable(RoleName(invocation.database, params.revoke_privileges_from_role), Accounts(unit))
        _change(unit, role, role.roles, reduce(Privileges.without, revoked, role.privileges))
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesParams(NoFields):
    """Fields of grantRolesToRole and revokeRolesFromRole."""

    grant_roles_to_role: str = param(string, default="")
    revoke_roles_from_role: str = param(string, default="")
    roles: list[BsonValue] = param(array)


@COMMANDS.command("grantRolesToRole", RolesParams, access=GRANTS_ROLES, write=True)
def grant_roles_to_role(params: RolesParams, invocation: Invocation) -> Reply:
    """Let a role have what other roles have, too."""
    granted = read_some_roles("grantRolesToRole", params.roles, invocation.database)
    with invocation.engine.write(invocation.operation) as unit:
        role = _changeable(RoleName(invocation.database, params.grant_roles_to_role), Accounts(unit))
        _change(unit, role, (*role.roles, *granted), role.privileges)
    return {}


@COMMANDS.command("revokeRolesFromRole", RolesParams, access=REVOKES_ROLES, write=True)
def revoke_roles_from_role(params: RolesParams, invocation: Invocation) -> Reply:
    """Take from a role what it has from other roles."""
    revoked = read_some_roles("revokeRolesFromRole", params.roles, invocation.database)
    with invocation.engine.write(invocation.operation) as unit:
        role = _changeable(RoleName(invocation.database, params.revoke_roles_from_role), Accounts(unit))
        _change(unit, role, (each for each in role.roles if each not in revoked), role.privileges)
    return {}
