"""Generic arguments: the fields that every command takes, beside its own."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, Final

from satchel.commands.command import Command, NoFields
from satchel.commands.params import (
    GENERIC_FIELDS,
    any_value,
    document,
    int64,
    param,
    read_params,
    strict_boolean,
    string,
    whole_number,
    wire_name,
    within,
)
from satchel.errors import ErrorCode, ServerError
from satchel.mql.stable_api import not_stable
from satchel.values.bson_types import BsonValue, Document

MAX_TIME_MS: Final = 2**31 - 1
_API_VERSION: Final = "1"
STABLE_COMMANDS: Final = frozenset(
    {
        "abortTransaction", "aggregate", "authenticate", "bulkWrite", "collMod", "commitTransaction", "count",
        "create", "createIndexes", "delete", "drop", "dropDatabase", "dropIndexes", "endSessions", "explain", "find",
        "findAndModify", "getMore", "hello", "insert", "isMaster", "killCursors", "listCollections", "listDatabases",
        "listIndexes", "ping", "refreshSessions", "renameCollection", "saslContinue", "saslStart", "update",
    }
)  # fmt: skip
"""The commands of the Stable API, version 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericArguments(NoFields):
    """Fields that every command takes."""

    max_time_ms: int = param(within(whole_number, 0, MAX_TIME_MS), wire="maxTimeMS", default=0)
    read_concern: Document | None = param(document, default=None)
    write_concern: Document | None = param(document, default=None)
    comment: BsonValue = param(any_value, default=None)
    api_version: str | None = param(string, default=None)
    api_strict: bool | None = param(strict_boolean, default=None)
    api_deprecation_errors: bool | None = param(strict_boolean, default=None)
    lsid: Document | None = param(document, default=None)
    txn_number: int | None = param(int64, default=None)
    autocommit: bool | None = param(strict_boolean, default=None)
    start_transaction: bool | None = param(strict_boolean, default=None)

    IGNORED: ClassVar[frozenset[str]] = GENERIC_FIELDS

    @property
    def is_plain(self) -> bool:
        """Whether no field speaks of a session, a transaction or a point in time."""
        return (
            self.lsid is None
            and self.read_concern is None
            and self.txn_number is None
            and self.autocommit is None
            and self.start_transaction is None
        )


_NONE: Final = GenericArguments()
_NAMES: Final = frozenset(wire_name(field) for field in fields(GenericArguments))


def generic_arguments(command: Command, body: Document) -> GenericArguments:
    """Read the generic arguments of a command.

    Raises:
        ServerError: TypeMismatch (14), FailedToParse (9), BadValue (2); InvalidOptions (72) for a write concern of a
            command that writes nothing; APIVersionError (322), APIStrictError (323), Location4886600.
    """
    given = _NAMES & body.keys()
    if not given:
        return _NONE
    found = read_params(GenericArguments, command.name, {name: body[name] for name in given})
    if found.write_concern is not None and not command.takes_write_concern:
        raise ServerError(ErrorCode.InvalidOptions, "Command does not support writeConcern")
    _check_api(command, found, body)
    return found


def _check_api(command: Command, found: GenericArguments, body: Document) -> None:
    """Check what the command says about the Stable API."""
    if found.api_version is None:
        if found.api_strict is not None or found.api_deprecation_errors is not None:
            raise ServerError(4886600, "Provided apiStrict and/or apiDeprecationErrors without passing apiVersion")
    elif found.api_version != _API_VERSION:
        raise ServerError(ErrorCode.APIVersionError, f"Cannot accept API version {found.api_version}")
    elif found.api_strict:
        _check_stable(command, body)


def _check_stable(command: Command, body: Document) -> None:
    if command.name not in STABLE_COMMANDS:
        raise not_stable(f"Provided apiStrict:true, but the command {command.name} is not in API Version 1.")
    for name in body:
        if name in command.params.UNSTABLE:
            raise not_stable(f"BSON field '{name}' is not allowed with apiStrict:true.")
