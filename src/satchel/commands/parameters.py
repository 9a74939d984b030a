"""getParameter and setParameter: what is fixed, and the limits that can be changed while the file is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bson import Int64

from satchel import settings
from satchel.commands.command import COMMANDS, Invocation, Reply
from satchel.commands.handshake import AnyParams
from satchel.commands.params import GENERIC_FIELDS, boolean, whole_number
from satchel.commands.rights import on_cluster
from satchel.errors import ErrorCode, ServerError
from satchel.settings import Limits
from satchel.values.bson_types import BsonValue, Document

_FIXED: Final[Document] = {
    "featureCompatibilityVersion": {"version": "8.0"},
    "enableTestCommands": False,
    "requireApiVersion": False,
    "localLogicalSessionTimeoutMinutes": settings.SESSION_TIMEOUT_MINUTES,
    "authSchemaVersion": 5,
    "authenticationMechanisms": ["SCRAM-SHA-1", "SCRAM-SHA-256"],
}


@dataclass(frozen=True, slots=True)
class _Limit:
    """A parameter that is a number.

    Attributes:
        attribute: The limit in `Limits`, in seconds.
        per_second: The parameter's units in a second.
        least: Its least value.
        is_long: Whether it is shown as a 64-bit integer.
    """

    attribute: str
    per_second: int = 1
    least: int = 0
    is_long: bool = False

    def read(self, limits: Limits) -> BsonValue:
        """Return the parameter's value."""
        value = round(getattr(limits, self.attribute) * self.per_second)
        return Int64(value) if self.is_long else value

    def write(self, limits: Limits, name: str, value: BsonValue) -> None:
        """Set the parameter.

        Raises:
            ServerError: TypeMismatch (14), BadValue (2).
        """
        number = whole_number(name, value)
        if number < self.least:
            raise ServerError(
                ErrorCode.BadValue,
                f"Invalid value for parameter {name}: {number} is not greater than or equal to {self.least}",
            )
        setattr(limits, self.attribute, number / self.per_second)


_LIMITS: Final = {
    "cursorTimeoutMillis": _Limit("cursor_timeout_seconds", per_second=1000, is_long=True),
    "maxTransactionLockRequestTimeoutMillis": _Limit("transaction_lock_seconds", per_second=1000),
    "minSnapshotHistoryWindowInSeconds": _Limit("snapshot_history_seconds"),
    "transactionLifetimeLimitSeconds": _Limit("transaction_lifetime_seconds", least=1),
    "ttlMonitorSleepSecs": _Limit("ttl_interval_seconds", least=1),
}
_TTL_ENABLED: Final = "ttlMonitorEnabled"


def _values(limits: Limits) -> Document:
    named: Document = {name: limit.read(limits) for name, limit in _LIMITS.items()}
    return {**_FIXED, **named, _TTL_ENABLED: limits.is_ttl_enabled}


@COMMANDS.command("getParameter", AnyParams, access=on_cluster("getParameter"), admin_only=True, strict=False)
def get_parameter(params: AnyParams, invocation: Invocation) -> Reply:
    """Return parameters of the server by name, or all of them."""
    command, values = invocation.request.command, _values(invocation.engine.limits)
    wanted = command["getParameter"]
    if wanted == "*" or (isinstance(wanted, dict) and wanted.get("allParameters")):
        return values
    found = {name: values[name] for name in command if name in values}
    if not found:
        raise ServerError(ErrorCode.InvalidOptions, "no option found to get")
    return found


@COMMANDS.command("setParameter", AnyParams, access=on_cluster("setParameter"), admin_only=True, strict=False)
def set_parameter(params: AnyParams, invocation: Invocation) -> Reply:
    """Change limits of this process until it closes the file, and return what the first of them was."""
    limits = invocation.engine.limits
    wanted = {
        name: value
        for name, value in invocation.request.command.items()
        if name != "setParameter" and name not in GENERIC_FIELDS and not name.startswith("$")
    }
    if not wanted:
        raise ServerError(ErrorCode.InvalidOptions, "no option found to set, use help:true to see options")
    for name in wanted:
        _check_changeable(name)
    was = _values(limits)[next(iter(wanted))]
    for name, value in wanted.items():
        if name == _TTL_ENABLED:
            limits.is_ttl_enabled = boolean(name, value)
        else:
            _LIMITS[name].write(limits, name, value)
    limits.changed.set()
    return {"was": was}


def _check_changeable(name: str) -> None:
    if name in _FIXED:
        raise ServerError(ErrorCode.IllegalOperation, f"not allowed to change [{name}] at runtime")
    if name not in _LIMITS and name != _TTL_ENABLED:
        raise ServerError(
            ErrorCode.InvalidOptions, f"attempted to set unrecognized parameter [{name}], use help:true to see options"
        )
