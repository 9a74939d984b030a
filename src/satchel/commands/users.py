"""Commands that make, change and remove users."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from bson import Binary

from satchel.access.account_writer import AccountWriter
from satchel.access.accounts import EXTERNAL_CREDENTIALS, Accounts, RoleName, User
from satchel.access.privileges import Privilege
from satchel.access.scram import MECHANISMS, SHA_1, SHA_256, Credentials, Mechanism, new_credentials
from satchel.commands.account_fields import (
    GRANTS_ROLES,
    REVOKE_EVERYWHERE,
    REVOKES_ROLES,
    check_roles_exist,
    is_own,
    on_database,
    read_restrictions,
    read_roles,
    read_some_roles,
    to_grant,
    to_restrict,
)
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import any_value, array, boolean, document, documents, param, string, strings
from satchel.commands.rights import Access, Call, on_cluster
from satchel.engine.namespaces import EXTERNAL
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document
from satchel.wire.service import UserName

_USER_EXISTS: Final = 51003
_SECRET: Final = frozenset({"pwd"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFields(NoFields):
    """Fields that createUser and updateUser have in common."""

    pwd: str | None = param(string, default=None)
    custom_data: Document | None = param(document, default=None)
    roles: list[BsonValue] | None = param(array, default=None)
    digest_password: bool = param(boolean, default=True)
    authentication_restrictions: list[Document] | None = param(documents, default=None)
    mechanisms: list[str] | None = param(strings, default=None)

    SECRETS: ClassVar[frozenset[str]] = _SECRET

    def credentials(self, user: UserName, mechanisms: Iterable[str]) -> dict[str, BsonValue]:
        """Return what to keep of the password. It takes long by design; nothing is locked meanwhile.

        Raises:
            ServerError: BadValue (2).
        """
        assert self.pwd is not None
        if not self.pwd:
            raise ServerError(ErrorCode.BadValue, "User passwords must not be empty")
        return {name: self._credentials(user, MECHANISMS[name]).to_bson() for name in sorted(mechanisms)}

    def _credentials(self, user: UserName, mechanism: Mechanism) -> Credentials:
        assert self.pwd is not None
        if self.digest_password:
            return new_credentials(mechanism, user.name, self.pwd)
        if mechanism is SHA_256:
            raise ServerError(ErrorCode.BadValue, "Use of SCRAM-SHA-256 requires undigested passwords")
        return new_credentials(mechanism, user.name, self.pwd, is_digested=True)

    def wanted_mechanisms(self) -> list[str]:
        """Return the mechanisms that the command names; without any all that can be.

        Raises:
            ServerError: BadValue (2).
        """
        if self.mechanisms is None:
            return list(MECHANISMS) if self.digest_password else [SHA_1.name]
        if not self.mechanisms:
            raise ServerError(ErrorCode.BadValue, "mechanisms field must not be empty")
        for name in self.mechanisms:
            if name not in MECHANISMS:
                raise ServerError(ErrorCode.BadValue, f"Unknown auth mechanism '{name}'")
        return self.mechanisms


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUserParams(UserFields):
    """Fields of createUser."""

    create_user: str = param(string)


def _create_needs(params: CreateUserParams, call: Call) -> Iterator[Privilege]:
    yield on_database(call.database, "createUser")
    yield from to_grant(read_roles(params.roles or [], call.database))
    yield from to_restrict(params.authentication_restrictions or None, call.database)


@COMMANDS.command("createUser", CreateUserParams, access=Access(_create_needs), write=True)
def create_user(params: CreateUserParams, invocation: Invocation) -> Reply:
    """Make a user of the command's database."""
    user = UserName(invocation.database, params.create_user)
    _check_name(user)
    if params.roles is None:
        raise ServerError(ErrorCode.IDLFailedToParse, "BSON field 'createUser.roles' is missing but a required field")
    roles = read_roles(params.roles, user.database)
    stored: Document = {
        "userId": Binary.from_uuid(uuid.uuid4()),
        "user": user.name,
        "db": user.database,
        "credentials": _new_credentials(params, user),
        **({"customData": params.custom_data} if params.custom_data is not None else {}),
        "roles": [role.to_bson() for role in roles],
    }
    if params.authentication_restrictions:
        stored["authenticationRestrictions"] = read_restrictions(params.authentication_restrictions)
    with invocation.engine.write(invocation.operation) as unit:
        accounts = Accounts(unit)
        if accounts.user(user) is not None:
            raise ServerError(_USER_EXISTS, f'User "{user}" already exists')
        _check_exception(accounts, invocation)
        check_roles_exist(roles, accounts)
        AccountWriter(unit).insert(user, stored)
    return {}


def _new_credentials(params: CreateUserParams, user: UserName) -> Document:
    """Return what to keep of the password; users of `$external` have none.

    Raises:
        ServerError: BadValue (2).
    """
    if user.database == EXTERNAL:
        _refuse_password(params)
        return EXTERNAL_CREDENTIALS
    if params.pwd is None:
        raise ServerError(
            ErrorCode.BadValue,
            "Must provide a 'pwd' field for all user documents, except those with '$external' as the user's source db",
        )
    return params.credentials(user, params.wanted_mechanisms())


def _refuse_password(params: UserFields) -> None:
    if params.pwd is not None:
        raise ServerError(ErrorCode.BadValue, "Cannot set the password for users defined on the '$external' database")


def _check_exception(accounts: Accounts, invocation: Invocation) -> None:
    """See that of several who make use of the localhost exception at once one succeeds."""
    if invocation.rights is not None and invocation.rights.is_exception and not accounts.is_empty:
        raise ServerError(ErrorCode.Unauthorized, "Command createUser requires authentication")


def _check_name(user: UserName) -> None:
    if not user.name:
        raise ServerError(ErrorCode.BadValue, "User document needs 'user' field to be non-empty")
    if "\0" in user.name:
        raise ServerError(ErrorCode.BadValue, "Username cannot contain NULL characters")
    if user.database == "local":
        raise ServerError(ErrorCode.BadValue, f"Cannot create users in the {user.database} database")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateUserParams(UserFields):
    """Fields of updateUser."""

    update_user: str = param(string)


def _update_needs(params: UpdateUserParams, call: Call) -> Iterator[Privilege]:
    own = is_own(UserName(call.database, params.update_user), call)
    if params.pwd is not None or params.mechanisms is not None:
        yield _own_or(call, "changePassword", "changeOwnPassword", own=own)
    if params.custom_data is not None:
        yield _own_or(call, "changeCustomData", "changeOwnCustomData", own=own)
    if params.roles is not None:
        yield REVOKE_EVERYWHERE
        yield from to_grant(read_roles(params.roles, call.database))
    yield from to_restrict(params.authentication_restrictions, call.database)


def _own_or(call: Call, action: str, own_action: str, *, own: bool) -> Privilege:
    """Return the right to change anybody, or the lesser one to change oneself, where that is granted and enough."""
    lesser = on_database(call.database, own_action)
    return lesser if own and call.privileges.allows(lesser) else on_database(call.database, action)


@COMMANDS.command("updateUser", UpdateUserParams, access=Access(_update_needs), write=True)
def update_user(params: UpdateUserParams, invocation: Invocation) -> Reply:
    """Change a user; open connections of theirs have the new rights with their next command."""
    user = UserName(invocation.database, params.update_user)
    fields = (params.pwd, params.custom_data, params.roles, params.authentication_restrictions, params.mechanisms)
    if all(field is None for field in fields):
        raise ServerError(ErrorCode.BadValue, "Must specify at least one field to update in updateUser")
    if user.database == EXTERNAL:
        _refuse_password(params)
    wanted = params.wanted_mechanisms()
    new = params.credentials(user, wanted) if params.pwd is not None else None
    with invocation.engine.write(invocation.operation) as unit:
        accounts = Accounts(unit)
        account = _required(accounts, user)
        changed = dict(account.document)
        if new is not None:
            changed["credentials"] = new
        elif params.mechanisms is not None:
            changed["credentials"] = _subset(account, wanted)
        if params.custom_data is not None:
            changed["customData"] = params.custom_data
        if params.roles is not None:
            roles = read_roles(params.roles, user.database)
            check_roles_exist(roles, accounts)
            changed["roles"] = [role.to_bson() for role in roles]
        if params.authentication_restrictions is not None:
            changed["authenticationRestrictions"] = read_restrictions(params.authentication_restrictions)
        AccountWriter(unit).replace(user, changed)
    return {}


def _subset(account: User, wanted: list[str]) -> Document:
    credentials = account.document.get("credentials")
    if not isinstance(credentials, dict) or not credentials.keys() >= set(wanted):
        raise ServerError(ErrorCode.BadValue, "mechanisms field must be a subset of previously set mechanisms")
    return {name: credentials[name] for name in sorted(wanted)}


def _required(accounts: Accounts, user: UserName) -> User:
    account = accounts.user(user)
    if account is None:
        raise ServerError(ErrorCode.UserNotFound, f"User {user} not found")
    return account


@dataclass(frozen=True, slots=True, kw_only=True)
class DropUserParams(NoFields):
    """Fields of dropUser."""

    drop_user: str = param(string)


def _drop_needs(params: object, call: Call) -> Iterator[Privilege]:
    yield on_database(call.database, "dropUser")


@COMMANDS.command("dropUser", DropUserParams, access=Access(_drop_needs), write=True)
def drop_user(params: DropUserParams, invocation: Invocation) -> Reply:
    """Remove a user; open connections of theirs are logged out."""
    user = UserName(invocation.database, params.drop_user)
    with invocation.engine.write(invocation.operation) as unit:
        identifier = _required(Accounts(unit), user).document["_id"]
        AccountWriter(unit).delete(UserName, lambda document: document["_id"] == identifier)
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class DropAllUsersParams(NoFields):
    """Fields of dropAllUsersFromDatabase."""

    drop_all_users_from_database: BsonValue = param(any_value, default=1)


@COMMANDS.command("dropAllUsersFromDatabase", DropAllUsersParams, access=Access(_drop_needs), write=True)
def drop_all_users(params: DropAllUsersParams, invocation: Invocation) -> Reply:
    """Remove every user of the command's database."""
    database = invocation.database
    with invocation.engine.write(invocation.operation) as unit:
        count = AccountWriter(unit).delete(UserName, lambda document: document.get("db") == database)
    return {"n": count}


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesParams(NoFields):
    """Fields of grantRolesToUser and revokeRolesFromUser."""

    grant_roles_to_user: str = param(string, default="")
    revoke_roles_from_user: str = param(string, default="")
    roles: list[BsonValue] = param(array)


@COMMANDS.command("grantRolesToUser", RolesParams, access=GRANTS_ROLES, write=True)
def grant_roles_to_user(params: RolesParams, invocation: Invocation) -> Reply:
    """Give a user further roles."""
    return _change_roles(params, invocation, lambda roles, granted: dict.fromkeys((*roles, *granted)))


@COMMANDS.command("revokeRolesFromUser", RolesParams, access=REVOKES_ROLES, write=True)
def revoke_roles_from_user(params: RolesParams, invocation: Invocation) -> Reply:
    """Take roles from a user; those that they do not have are passed over."""
    return _change_roles(params, invocation, lambda roles, revoked: (role for role in roles if role not in revoked))


def _change_roles(
    params: RolesParams,
    invocation: Invocation,
    change: Callable[[list[RoleName], list[RoleName]], Iterable[RoleName]],
) -> Reply:
    user = UserName(invocation.database, params.grant_roles_to_user or params.revoke_roles_from_user)
    named = read_some_roles(invocation.operation.command, params.roles, invocation.database)
    with invocation.engine.write(invocation.operation) as unit:
        accounts = Accounts(unit)
        account = _required(accounts, user)
        check_roles_exist(named, accounts)
        roles: list[BsonValue] = [role.to_bson() for role in change(account.roles, named)]
        AccountWriter(unit).replace(user, {**account.document, "roles": roles})
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidateUserCacheParams(NoFields):
    """Fields of invalidateUserCache."""

    invalidate_user_cache: BsonValue = param(any_value, default=1)


@COMMANDS.command(
    "invalidateUserCache", InvalidateUserCacheParams, access=on_cluster("invalidateUserCache"), admin_only=True
)
def invalidate_user_cache(params: InvalidateUserCacheParams, invocation: Invocation) -> Reply:
    """Acknowledge: what is remembered of a user is compared with the file before every command."""
    return {}
