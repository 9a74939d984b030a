"""Commands of MongoDB that answer NotImplemented, and why; every other name is CommandNotFound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from satchel.commands.command import COMMANDS, Invocation, Reply
from satchel.commands.handshake import AnyParams
from satchel.errors import ErrorCode, ServerError

_JAVASCRIPT: Final = "JavaScript does not run in this server"
_SEARCH: Final = "search indexes belong to Atlas"

UNSUPPORTED: Final = {
    "mapReduce": _JAVASCRIPT,
    "createSearchIndexes": _SEARCH,
    "updateSearchIndex": _SEARCH,
    "dropSearchIndex": _SEARCH,
    "cloneCollectionAsCapped": "create the capped collection and copy into it with $merge",
    "applyOps": "there is no oplog",
}


def _refusing(name: str, reason: str) -> Callable[[AnyParams, Invocation], Reply]:
    def refuse(params: AnyParams, invocation: Invocation) -> Reply:
        raise ServerError(ErrorCode.NotImplemented, f"{name} is not supported: {reason}")

    refuse.__doc__ = f"Answer NotImplemented: {reason}."
    return refuse


for _name, _reason in UNSUPPORTED.items():
    COMMANDS.command(_name, AnyParams, strict=False)(_refusing(_name, _reason))
