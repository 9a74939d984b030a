"""Commands of MongoDB that are not there, and why; every other name is CommandNotFound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from satchel.commands.command import COMMANDS, Invocation, Reply
from satchel.commands.handshake import AnyParams
from satchel.commands.rights import LOGGED_IN
from satchel.errors import ErrorCode, ServerError

_SEARCH_NOT_ENABLED: Final = 31082
_SEARCH: Final = (_SEARCH_NOT_ENABLED, "search indexes belong to Atlas")

UNSUPPORTED: Final[dict[str, tuple[int, str]]] = {
    "applyOps": (ErrorCode.NotImplemented, "there is no oplog"),
    "cloneCollectionAsCapped": (
        ErrorCode.NotImplemented, "create the capped collection and copy into it with $merge"
    ),
    "createSearchIndexes": _SEARCH,
    "dropSearchIndex": _SEARCH,
    "mapReduce": (ErrorCode.NotImplemented, "JavaScript does not run in this server"),
    "updateSearchIndex": _SEARCH,
}  # fmt: skip
"""The code that each answers with, and the reason."""


def _refusing(name: str, code: int, reason: str) -> Callable[[AnyParams, Invocation], Reply]:
    def refuse(params: AnyParams, invocation: Invocation) -> Reply:
        raise ServerError(code, f"{name} is not supported: {reason}")

    refuse.__doc__ = f"Answer that it is not supported: {reason}."
    return refuse


for _name, (_code, _reason) in UNSUPPORTED.items():
    COMMANDS.command(_name, AnyParams, access=LOGGED_IN, strict=False)(_refusing(_name, _code, _reason))
