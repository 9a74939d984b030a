"""What a command needs the right to: declared beside the command, checked here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from satchel.access.actions import actions
from satchel.access.audit import audit
from satchel.access.control import Rights
from satchel.access.privileges import CLUSTER, Privilege, Privileges, collection_resource, database_resource
from satchel.engine.namespaces import Namespace
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document
from satchel.values.shell_text import shell_text
from satchel.wire.service import UserName

if TYPE_CHECKING:
    from satchel.commands.command import Command, Invocation
    from satchel.commands.params import Params

_MAX_SHOWN: Final = 4096


@dataclass(frozen=True, slots=True)
class Call:
    """A command whose rights are in question.

    Attributes:
        command: The command document; its first field often names a collection.
        rights: What the client may do.
    """

    command: Mapping[str, BsonValue]
    invocation: Invocation
    rights: Rights

    @property
    def database(self) -> str:
        """The database that the command runs on."""
        return self.invocation.database

    @property
    def privileges(self) -> Privileges:
        """What the client may do."""
        return self.rights.privileges

    @property
    def user(self) -> UserName | None:
        """Who is logged in, or None."""
        return None if self.rights.login is None else self.rights.login.user

    @property
    def namespace(self) -> Namespace:
        """The collection that the command names."""
        name = next(iter(self.command.values()), "")
        return Namespace(self.database, name if isinstance(name, str) else "")


@dataclass(frozen=True, slots=True)
class CursorRights:
    """Whose a cursor is, and what a getMore needs the right to: what the command that opened it did."""

    user: UserName | None
    needed: tuple[Privilege, ...]


Needs = Callable[..., Iterable[Privilege]]
"""Takes the command's parameters and the `Call`; gives the privileges that it takes, or raises Unauthorized (13)."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may run a command.

    Attributes:
        needs: The privileges that it takes.
        requires_login: Whether somebody has to be logged in.
        summary: What that is, for people.
    """

    needs: Needs
    requires_login: bool = True
    summary: str = "depend on its fields"


def _nothing(params: Params, call: Call) -> Iterable[Privilege]:
    return ()


ANYONE: Final = Access(_nothing, requires_login=False, summary="none, not even a login")
"""For commands that come before a login, and tell or change nothing."""

LOGGED_IN: Final = Access(_nothing, summary="a login")
"""For commands that concern nobody but who sends them."""


def on_collection(names: str) -> Access:
    """Return that a command takes these actions on the collection that it names."""
    wanted = actions(names)
    return Access(
        lambda params, call: (Privilege(collection_resource(call.namespace), wanted),),
        summary=f"{_shown(wanted)} on the collection",
    )


def on_database(names: str) -> Access:
    """Return that a command takes these actions on its database."""
    wanted = actions(names)
    return Access(
        lambda params, call: (Privilege(database_resource(call.database), wanted),),
        summary=f"{_shown(wanted)} on the database",
    )


def on_cluster(names: str) -> Access:
    """Return that a command takes these actions on the deployment."""
    wanted = actions(names)
    return Access(lambda params, call: (cluster_privilege(wanted),), summary=f"{_shown(wanted)} on the deployment")


def _shown(wanted: Iterable[str]) -> str:
    return ", ".join(f"`{action}`" for action in sorted(wanted))


def cluster_privilege(wanted: Iterable[str]) -> Privilege:
    """Return actions on the deployment."""
    return Privilege(CLUSTER, actions(wanted))


def privilege(namespace: Namespace, *wanted: str) -> Privilege:
    """Return actions on a collection; one without a name stands for its database."""
    return Privilege(collection_resource(namespace), actions(wanted))


def unauthorized(message: str) -> ServerError:
    """Return the error of whoever lacks a right."""
    return ServerError(ErrorCode.Unauthorized, message)


class _DeniedError(ServerError):
    """The error of whoever lacks a privilege, with what it is."""

    def __init__(self, needed: Privilege, call: Call) -> None:
        body = shell_text({**call.invocation.operation.body, "$db": call.database})
        text = body if len(body) <= _MAX_SHOWN else f"{body[:_MAX_SHOWN]}…"
        super().__init__(ErrorCode.Unauthorized, f"not authorized on {call.database} to execute command {text}")
        self.needed = needed


def authorize(command: Command, params: Params, invocation: Invocation) -> None:
    """Let a command pass that the client has the right to; tell the invocation what else the client may do.

    Raises:
        ServerError: Unauthorized (13); the audit log has it, too.
    """
    rights = invocation.service.access.rights(invocation.connection)
    try:
        if command.access.requires_login and rights.login is None and not rights.is_exception:
            raise unauthorized(f"Command {command.name} requires authentication")
        call = Call(invocation.request.command, invocation, rights)
        invocation.needed = tuple(_allowed(command, params, call))
    except ServerError as error:
        if error.code == ErrorCode.Unauthorized:
            _audit(command, error, invocation)
        raise
    invocation.rights = rights


def _allowed(command: Command, params: Params, call: Call) -> Iterator[Privilege]:
    for needed in command.access.needs(params, call):
        if not call.privileges.allows(needed):
            raise _DeniedError(needed, call)
        yield needed


def _audit(command: Command, error: ServerError, invocation: Invocation) -> None:
    """Note a denied command: which one, and what was missing, but nothing of its contents."""
    param: dict[str, object] = {"command": command.name, "db": invocation.database}
    if isinstance(error, _DeniedError):
        param["needed"] = error.needed.to_bson()
    else:
        param["reason"] = error.message
    audit("authCheck", invocation.connection, param, error.code)


def redacted(command: Command, body: Document) -> Document:
    """Return a command as logs and `currentOp` may show it: without its secrets."""
    secrets = command.params.SECRETS
    if not secrets or secrets.isdisjoint(body):
        return body
    return {name: "xxx" if name in secrets else value for name, value in body.items()}
