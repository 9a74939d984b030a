"""Making a user that of a connection, however they have proven who they are."""

from __future__ import annotations

import logging
from typing import NamedTuple

from satchel.access.accounts import Accounts, User, role_names
from satchel.access.audit import audit, user_fields
from satchel.access.restrictions import are_met
from satchel.access.scram import failure
from satchel.commands.command import Invocation
from satchel.errors import ErrorCode, ServerError
from satchel.wire.service import ConnectionState, Login, UserName

_log = logging.getLogger("satchel")


class Claim(NamedTuple):
    """Who somebody says to be.

    Attributes:
        user: The user.
        mechanism: The name of the way in which it is proven.
        account: What was known of the user when that began; None for nobody.
    """

    user: UserName
    mechanism: str
    account: User | None


def report(claim: Claim, connection: ConnectionState, result: int | ErrorCode = 0) -> None:
    """Write a login into the audit log."""
    param: dict[str, object] = {**user_fields(claim.user), "mechanism": claim.mechanism}
    audit("authenticate", connection, param, result)


def log_in(claim: Claim, invocation: Invocation) -> None:
    """Make a user that of the connection, as soon as the claim is proven.

    Raises:
        ServerError: AuthenticationFailed (18), where a restriction is not met or the user has changed meanwhile;
            Location5626701, 5626702 for another user than is logged in already, 5626703 for the same under `apiStrict`.
    """
    connection = invocation.connection
    try:
        login = _login(claim, invocation)
        _check_single_login(connection.login, login, invocation)
    except ServerError as error:
        report(claim, connection, error.code)
        raise
    connection.login = login
    report(claim, connection)


def _login(claim: Claim, invocation: Invocation) -> Login:
    with invocation.engine.read() as unit:
        accounts = Accounts(unit)
        user = accounts.user(claim.user)
        if user is None or claim.account is None or not _is_same(user, claim.account):
            raise failure()
        roles = accounts.inherited(role_names(user.document.get("roles")))
        lists = (user.restrictions, *(role.restrictions for role in roles))
    if not all(are_met(restrictions, invocation.connection.peer) for restrictions in lists):
        _log.warning("login of %s refused: authentication restrictions are not met", claim.user)
        raise failure()
    return user.login


def _is_same(user: User, other: User) -> bool:
    return user.login == other.login and user.document.get("credentials") == other.document.get("credentials")


def _check_single_login(earlier: Login | None, login: Login, invocation: Invocation) -> None:
    if earlier is None:
        return
    if earlier.user == login.user:
        if invocation.request.command.get("apiStrict"):
            raise ServerError(5626703, "Each client connection may only be authenticated once")
    elif earlier.user.database == login.user.database:
        raise ServerError(
            5626701,
            f"Each client connection may only be authenticated once. Previously authenticated as: {earlier.user}",
        )
    else:
        raise ServerError(
            5626702,
            f"Client has attempted to authenticate on multiple databases. Already authenticated as: {earlier.user}",
        )
