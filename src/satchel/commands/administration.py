"""Commands for administrators and shells: what runs, which commands there are, plans, parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.generic import STABLE_COMMANDS
from satchel.commands.handshake import AnyParams
from satchel.commands.params import any_value, collection, document, param
from satchel.engine.aggregation import Aggregation
from satchel.engine.execution.slot import ReadSlot
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.values.bson_types import BsonValue, Document


@COMMANDS.command("listCommands", AnyParams, strict=False)
def list_commands(params: AnyParams, invocation: Invocation) -> Reply:
    """Return every command, with a line about each."""
    commands: Document = {}
    for command in sorted(COMMANDS, key=lambda each: each.name):
        commands[command.name] = {
            "help": (command.run.__doc__ or "").partition("\n")[0],
            "requiresAuth": False,
            "adminOnly": command.is_admin_only,
            "apiVersions": ["1"] if command.name in STABLE_COMMANDS else [],
        }
    return {"commands": commands}


@COMMANDS.command("currentOp", AnyParams, admin_only=True, strict=False)
def current_op(params: AnyParams, invocation: Invocation) -> Reply:
    """Return the operations that run; further fields of the command are a filter on them."""
    own = {"currentOp", "$all", "$ownOps", "$truncateOps"}
    command = invocation.request.command
    filter_ = {name: value for name, value in command.items() if name not in own and not name.startswith("$")}
    filter_.pop("lsid", None)
    matches = parse_filter(filter_, Context()).matches
    running = Aggregation(invocation.engine, invocation.operation, ReadSlot()).current_op({})
    return {"inprog": cast("list[BsonValue]", [each for each in running if matches(each)])}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCacheClearParams(NoFields):
    """Fields of planCacheClear."""

    plan_cache_clear: str = param(collection)
    query: Document | None = param(document, default=None, ignored=True)
    projection: Document | None = param(document, default=None, ignored=True)
    sort: Document | None = param(document, default=None, ignored=True)
    collation: Document | None = param(document, default=None, ignored=True)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"planCacheKey"})


@COMMANDS.command("planCacheClear", PlanCacheClearParams)
def plan_cache_clear(params: PlanCacheClearParams, invocation: Invocation) -> Reply:
    """Acknowledge: plans are chosen anew for every query, so that none is kept."""
    return {}


@COMMANDS.command("setParameter", AnyParams, admin_only=True, strict=False)
def set_parameter(params: AnyParams, invocation: Invocation) -> Reply:
    """Refuse: no parameter can be set while the file is open."""
    names = [name for name in invocation.request.command if name != "setParameter" and not name.startswith("$")]
    if not names:
        raise ServerError(ErrorCode.InvalidOptions, "no option found to set, use help:true to see options")
    raise ServerError(
        ErrorCode.InvalidOptions, f"attempted to set unrecognized parameter [{names[0]}], use help:true to see options"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutParams(NoFields):
    """Fields of logout."""

    logout: BsonValue = param(any_value, default=1)


@COMMANDS.command("logout", LogoutParams)
def logout(params: LogoutParams, invocation: Invocation) -> Reply:
    """Forget who is logged in on this connection to the database."""
    login = invocation.connection.login
    if login is not None and login.user.database == invocation.database:
        invocation.connection.login = None
    return {}
