"""Commands that look at operations: those that run, those that were slow, what the log says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, cast

from satchel.access.privileges import Privilege
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.handshake import AnyParams
from satchel.commands.params import GENERIC_FIELDS, any_value, integer, param, string
from satchel.commands.profiler import Level
from satchel.commands.rights import Access, Call, cluster_privilege, on_cluster, on_database
from satchel.engine.current_op import current_operations
from satchel.errors import ErrorCode, ServerError
from satchel.logs import RECENT
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.values.bson_types import BsonValue, Document
from satchel.values.numbers import is_bson_number, narrow


def _current_op_needs(params: AnyParams, call: Call) -> Iterator[Privilege]:
    if not call.command.get("$ownOps"):
        yield cluster_privilege(("inprog",))


@COMMANDS.command("currentOp", AnyParams, access=Access(_current_op_needs), admin_only=True, strict=False)
def current_op(params: AnyParams, invocation: Invocation) -> Reply:
    """Return the operations that run; further fields of the command are a filter on them."""
    own = {
        "currentOp",
        "lsid",
        "comment",
        "maxTimeMS",
        "readConcern",
        "apiVersion",
        "apiStrict",
        "apiDeprecationErrors",
    }
    command = invocation.request.command
    filter_ = {
        name: value
        for name, value in command.items()
        if name not in own and (not name.startswith("$") or name in _LOGICAL)
    }
    matches = parse_filter(filter_, Context()).matches
    spec: Document = {"allUsers": not command.get("$ownOps"), "truncateOps": bool(command.get("$truncateOps"))}
    running = current_operations(invocation.engine, invocation.operation, spec)
    return {"inprog": cast("list[BsonValue]", [each for each in running if matches(each)])}


_LOGICAL: Final = frozenset({"$and", "$or", "$nor", "$expr", "$comment"})


def _is_filter(name: str) -> bool:
    """Tell whether a field of currentOp is a condition on what it shows."""
    if name == "currentOp" or name in GENERIC_FIELDS:
        return False
    return not name.startswith("$") or name in _LOGICAL


@dataclass(frozen=True, slots=True, kw_only=True)
class KillOpParams(NoFields):
    """Fields of killOp."""

    kill_op: BsonValue = param(any_value, default=1)
    op: int = param(integer)


def _kill_op_needs(params: KillOpParams, call: Call) -> Iterator[Privilege]:
    operation = call.invocation.engine.operations.get(params.op)
    if operation is None or operation.user != call.user:
        yield cluster_privilege(("killop",))


@COMMANDS.command("killOp", KillOpParams, access=Access(_kill_op_needs), admin_only=True)
def kill_op(params: KillOpParams, invocation: Invocation) -> Reply:
    """End a running operation; an unknown one is no error."""
    operation = invocation.engine.operations.get(params.op)
    if operation is not None:
        operation.killed = ErrorCode.Interrupted
        invocation.engine.data_watch.announce()
    return {"info": "attempting to kill op"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileParams(NoFields):
    """Fields of profile."""

    profile: int = param(integer)
    slowms: int | None = param(integer, default=None)
    sample_rate: BsonValue = param(any_value, default=None)
    filter: BsonValue = param(any_value, default=None)


@COMMANDS.command("profile", ProfileParams, access=on_database("enableProfiler"))
def profile(params: ProfileParams, invocation: Invocation) -> Reply:
    """Change what of a database is profiled (levels 0 to 2), and return what was; -1 changes nothing.

    `slowms` and `sampleRate` are those of the whole service, and of its slow-query log.
    """
    profiler = invocation.service.activity.profiler
    before = profiler.level(invocation.database)
    reply: Document = {"was": before.level, "slowms": profiler.slow_ms, "sampleRate": profiler.sample_rate}
    if before.filter_spec is not None:
        reply["filter"] = before.filter_spec
    rate = _sample_rate(params.sample_rate)
    wanted = _with_filter(before, params.filter)
    if not -1 <= params.profile <= 2:
        raise ServerError(ErrorCode.BadValue, f"Invalid profiling level: {params.profile}")
    if params.slowms is not None:
        profiler.slow_ms = params.slowms
    if rate is not None:
        profiler.sample_rate = rate
    profiler.set_level(invocation.database, wanted if params.profile == -1 else replace(wanted, level=params.profile))
    return reply


def _sample_rate(value: BsonValue) -> float | None:
    if value is None:
        return None
    if not is_bson_number(value) or not 0 <= float(str(value)) <= 1:
        raise ServerError(ErrorCode.BadValue, "'sampleRate' must be between 0.0 and 1.0 inclusive")
    return float(str(value))


def _with_filter(level: Level, value: BsonValue) -> Level:
    """Return a level with the filter that a command gives: a document, `unset`, or nothing."""
    if value is None:
        return level
    if value == "unset":
        return replace(level, filter=None, filter_spec=None)
    if not isinstance(value, dict):
        raise ServerError(ErrorCode.BadValue, "Expected an object, or the string 'unset'.")
    return replace(level, filter=parse_filter(value, Context()), filter_spec=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLogParams(NoFields):
    """Fields of getLog."""

    get_log: str = param(string)


@COMMANDS.command("getLog", GetLogParams, access=on_cluster("getLog"), admin_only=True)
def get_log(params: GetLogParams, invocation: Invocation) -> Reply:
    """Return the last lines of the server's log; where Satchel is a library there are none."""
    if params.get_log == "*":
        return {"names": ["global", "startupWarnings"]}
    if params.get_log == "startupWarnings":
        return {"totalLinesWritten": 0, "log": []}
    if params.get_log != "global":
        raise ServerError(ErrorCode.OperationFailed, f"No log named '{params.get_log}'")
    lines: list[BsonValue] = [*RECENT.lines()]
    return {"totalLinesWritten": narrow(RECENT.total), "log": lines}
