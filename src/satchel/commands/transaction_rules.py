"""What may be done in a multi-document transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from satchel.commands.command import Command, Invocation
from satchel.commands.params import Params
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue

COMMANDS_IN_TRANSACTIONS: Final = frozenset(
    {
        "aggregate", "bulkWrite", "create", "createIndexes", "delete", "distinct", "find", "findAndModify", "getMore",
        "insert", "killCursors", "update",
    }
)  # fmt: skip
"""What reads and writes in a transaction, beside `commitTransaction` and `abortTransaction`."""

_INFORMATION: Final = frozenset({"buildInfo", "connectionStatus", "hello", "isMaster", "ping"})
_ON_ANY_DATABASE: Final = frozenset({"bulkWrite", "getMore", "killCursors", *_INFORMATION})
_CLOSED_DATABASES: Final = ("admin", "config", "local")
_WRITING_STAGES: Final = frozenset({"$merge", "$out"})
_STAGES_OUTSIDE: Final = _WRITING_STAGES | {
    "$changeStream", "$collStats", "$currentOp", "$indexStats", "$listLocalSessions", "$listSessions",
    "$planCacheStats",
}  # fmt: skip


def check_allowed(command: Command, params: Params, invocation: Invocation, *, is_first: bool) -> None:
    """Refuse what a transaction cannot do.

    Args:
        command: The command.
        params: Its fields.
        invocation: Its invocation.
        is_first: Whether it begins the transaction.

    Raises:
        ServerError: OperationNotSupportedInTransaction (263).
    """
    for reason in _refusals(command, params, invocation, is_first=is_first):
        raise ServerError(ErrorCode.OperationNotSupportedInTransaction, reason)


def _refusals(command: Command, params: Params, invocation: Invocation, *, is_first: bool) -> Iterator[str]:
    name, body = command.name, invocation.request.command
    if name in _INFORMATION and is_first:
        yield f"Cannot run '{name}' as the first command of a multi-document transaction."
    if name not in COMMANDS_IN_TRANSACTIONS | _INFORMATION:
        yield f"Cannot run '{next(iter(body))}' in a multi-document transaction."
    for database in _closed_databases(name, params, invocation):
        yield f"Cannot run command against the '{database}' database in a transaction."
    if name == "aggregate":
        for stage in _stages(body.get("pipeline")):
            if stage in _STAGES_OUTSIDE:
                yield f"Stage not supported inside of a multi-document transaction: {stage}"
        if body.get("explain"):
            yield "Cannot run 'explain' in a multi-document transaction."
    if name == "create" and ("viewOn" in body or "timeseries" in body):
        kind = "view" if "viewOn" in body else "time-series collection"
        yield f"Cannot create a {kind} in a multi-document transaction."


def _closed_databases(name: str, params: Params, invocation: Invocation) -> Iterator[str]:
    """Yield the databases that a command touches and must not."""
    named = [] if name in _ON_ANY_DATABASE else [invocation.database]
    named += [str(entry.get("ns")).partition(".")[0] for entry in getattr(params, "ns_info", ())]  # bulkWrite's
    yield from (database for database in named if database in _CLOSED_DATABASES)


def writes(pipeline: BsonValue) -> bool:
    """Tell whether a pipeline ends in writing."""
    return isinstance(pipeline, list) and not _WRITING_STAGES.isdisjoint(_stages(pipeline[-1:]))


def _stages(pipeline: BsonValue) -> Iterator[str]:
    """Yield the names of the stages of a pipeline; what is no stage is for the parser to refuse."""
    for stage in cast("list[BsonValue]", pipeline if isinstance(pipeline, list) else []):
        if isinstance(stage, dict):
            yield from stage
