"""Commands for administrators and shells: which commands there are, plans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.generic import STABLE_COMMANDS
from satchel.commands.handshake import AnyParams
from satchel.commands.params import collection, document, param
from satchel.commands.rights import ANYONE, on_collection
from satchel.values.bson_types import Document


@COMMANDS.command("listCommands", AnyParams, access=ANYONE, strict=False)
def list_commands(params: AnyParams, invocation: Invocation) -> Reply:
    """Return every command, with a line about each."""
    commands: Document = {}
    for command in sorted(COMMANDS, key=lambda each: each.name):
        commands[command.name] = {
            "help": (command.run.__doc__ or "").partition("\n")[0],
            "requiresAuth": command.access.requires_login,
            "adminOnly": command.is_admin_only,
            "apiVersions": ["1"] if command.name in STABLE_COMMANDS else [],
        }
    return {"commands": commands}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCacheClearParams(NoFields):
    """Fields of planCacheClear."""

    plan_cache_clear: str = param(collection)
    query: Document | None = param(document, default=None, ignored=True)
    projection: Document | None = param(document, default=None, ignored=True)
    sort: Document | None = param(document, default=None, ignored=True)
    collation: Document | None = param(document, default=None, ignored=True)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"planCacheKey"})


@COMMANDS.command("planCacheClear", PlanCacheClearParams, access=on_collection("planCacheWrite"))
def plan_cache_clear(params: PlanCacheClearParams, invocation: Invocation) -> Reply:
    """Acknowledge: plans are chosen anew for every query, so that none is kept."""
    return {}
