"""Commands of a session: what its fields demand, retryable writes, and transactions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from bson import Binary

from satchel.commands.command import Command, Invocation, Reply
from satchel.commands.concerns import ReadConcernFields, read_concern
from satchel.commands.error_labels import ENDINGS, error_labels
from satchel.commands.generic import GenericArguments
from satchel.commands.params import Params
from satchel.commands.transaction_rules import check_allowed, writes
from satchel.engine.retryable import StatementHistory
from satchel.engine.sessions import NOBODY, Session, SessionId, user_digest
from satchel.engine.timestamps import current_timestamp
from satchel.engine.transactions import Transaction
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document
from satchel.wire.service import ConnectionState

_UUID_SUBTYPE: Final = 4
_DIGEST_BYTES: Final = 32
_RETRYABLE_WRITES: Final = frozenset({"bulkWrite", "delete", "findAndModify", "insert", "update"})
_READS_OF_SNAPSHOTS: Final = frozenset({"aggregate", "distinct", "find"})
_LEVELS_OF_READS: Final = ("linearizable", "snapshot")
_TRANSACTION_READ_LEVELS: Final = ("local", "majority", "snapshot")


def run_in_session(command: Command, params: Params, invocation: Invocation, generic: GenericArguments) -> Reply:
    """Run a command whose fields speak of a session, a transaction or a point in time.

    Raises:
        ServerError: InvalidOptions (72) and Location50768 for fields that do not go together; NoSuchTransaction (251),
            TransactionTooOld (225), TransactionCommitted (256), ConflictingOperationInProgress (117),
            OperationNotSupportedInTransaction (263); whatever the command fails with.
    """
    try:
        return _run(command, params, invocation, generic)
    except ServerError as error:
        labels = error_labels(error.code, invocation.request.command)
        if not labels or generic.lsid is None:
            raise
        raise ServerError(error.code, error.message, details=error.details, labels=(*error.labels, *labels)) from error


def _run(command: Command, params: Params, invocation: Invocation, generic: GenericArguments) -> Reply:
    _check_combination(command, generic)
    session = None
    if generic.lsid is not None:
        session_id = parse_session_id(generic.lsid, invocation.connection)
        session = invocation.engine.sessions.use(session_id)
        invocation.operation.session = session_id
    if session is not None and generic.txn_number is not None and generic.autocommit is not None:
        return _run_in_transaction(command, params, invocation, session, generic)
    concern = _read_concern(command, invocation, generic)
    if session is None or generic.txn_number is None:
        return _run_at(command, params, invocation, concern)
    return _run_retryable(command, params, invocation, session, generic.txn_number)


def parse_session_id(lsid: Document, connection: ConnectionState) -> SessionId:
    """Read an `lsid`; a session belongs to the user who is logged in.

    Raises:
        ServerError: TypeMismatch (14), InvalidUUID (207), Unauthorized (13) for another user's session.
    """
    own = own_digest(connection)
    identifier = lsid.get("id")
    if not isinstance(identifier, Binary) or identifier.subtype != _UUID_SUBTYPE:
        raise ServerError(
            ErrorCode.TypeMismatch, "BSON field 'OperationSessionInfo.lsid.id' is the wrong type, expected type 'UUID'"
        )
    if len(identifier) != 16:
        raise ServerError(ErrorCode.InvalidUUID, "uuid must be a 16-byte binary field with UUID (4) subtype")
    user = lsid.get("uid", own)
    if not isinstance(user, bytes) or len(user) != _DIGEST_BYTES:
        raise ServerError(
            ErrorCode.TypeMismatch, "BSON field 'OperationSessionInfo.lsid.uid' is the wrong type, expected a digest"
        )
    if user != own:
        raise ServerError(ErrorCode.Unauthorized, "not authorized to use another user's session")
    return SessionId(bytes(identifier), own)


def own_digest(connection: ConnectionState) -> bytes:
    """Return what stands in the ids of sessions for the user who is logged in."""
    return NOBODY if connection.login is None else user_digest(str(connection.login.user))


def _check_combination(command: Command, generic: GenericArguments) -> None:
    for is_wrong, message in _contradictions(command, generic):
        if is_wrong:
            raise ServerError(ErrorCode.InvalidOptions, message)
    if generic.txn_number is not None and generic.autocommit is None and command.name not in _RETRYABLE_WRITES:
        raise ServerError(
            50768,
            "txnNumber may only be provided for multi-document transactions and retryable write commands. "
            f"autocommit:false was not provided, and {command.name} is not a retryable write command.",
        )


def _contradictions(command: Command, generic: GenericArguments) -> Iterator[tuple[bool, str]]:
    number, autocommit, start = generic.txn_number, generic.autocommit, generic.start_transaction
    if number is None:
        needs = "field requires a transaction number to also be specified"
        yield autocommit is not None, f"'autocommit' {needs}"
        yield start is not None, f"'startTransaction' {needs}"
        return
    yield generic.lsid is None, "Transaction number requires a session ID to also be specified"
    yield number < 0, "Transaction number cannot be negative"
    yield bool(autocommit), "Specifying autocommit=true is not allowed."
    yield (
        start is not None and autocommit is None,
        "'startTransaction' field requires 'autocommit' field to also be specified",
    )
    yield start is False, "Specifying startTransaction=false is not allowed."
    yield (
        bool(start) and command.name in ENDINGS,
        f"Cannot run '{command.name}' as the first command of a transaction",
    )


def _run_at(command: Command, params: Params, invocation: Invocation, concern: ReadConcernFields | None) -> Reply:
    """Run a command, if it has to at the point in time that its read concern names."""
    if concern is not None and concern.level == "snapshot":
        _pin(invocation, concern)
    return command.run(params, invocation)


def _read_concern(command: Command, invocation: Invocation, generic: GenericArguments) -> ReadConcernFields | None:
    """Read the read concern of a command that is in no transaction.

    Raises:
        ServerError: InvalidOptions (72) for a level that the command cannot have.
    """
    if generic.read_concern is None or command.name == "getMore":  # a cursor keeps the point in time that it began with
        return None
    concern = read_concern(generic.read_concern)
    if concern.level == "snapshot" and command.name not in _READS_OF_SNAPSHOTS:
        raise ServerError(
            ErrorCode.InvalidOptions, f"Command {command.name} does not support read concern level 'snapshot'"
        )
    pipeline = invocation.request.command.get("pipeline")
    if concern.level in _LEVELS_OF_READS and command.name == "aggregate" and writes(pipeline):
        raise ServerError(
            ErrorCode.InvalidOptions, f"a pipeline that writes cannot have the read concern level '{concern.level}'"
        )
    return concern


def _pin(invocation: Invocation, concern: ReadConcernFields) -> None:
    """Have the command read the point in time that its read concern names, or one that can be named afterwards."""
    now, at = current_timestamp(), concern.at_cluster_time
    if at is not None and at > now:
        raise ServerError(
            ErrorCode.InvalidOptions,
            "readConcern atClusterTime value must not be greater than the current clusterTime. Requested clusterTime: "
            f"{at}; current clusterTime: {now}",
        )
    snapshots = invocation.engine.sessions.snapshots
    invocation.engine = snapshots.take(now) if at is None else snapshots.find(at)
    invocation.operation.at_cluster_time = at or now


def _run_retryable(
    command: Command, params: Params, invocation: Invocation, session: Session, txn_number: int
) -> Reply:
    """Run a write whose statements are done once, however often it comes."""
    invocation.engine.sessions.write(session, txn_number)
    history = StatementHistory(session.id, txn_number, _statement_ids(invocation))
    invocation.operation.history = history
    reply = command.run(params, invocation)
    if history.retried:
        invocation.engine.sessions.retried(len(history.retried))
    return reply


def _statement_ids(invocation: Invocation) -> list[int]:
    """Return the ids that the client gives its statements; none where they are numbered from 0.

    Raises:
        ServerError: InvalidOptions (72) for two ways at once.
    """
    body = invocation.request.command
    first, ids = body.get("stmtId"), body.get("stmtIds")
    if ids is not None:
        if first is not None:
            raise ServerError(ErrorCode.InvalidOptions, "May not specify both stmtId and stmtIds in write command")
        return [int(cast("int", each)) for each in cast("list[BsonValue]", ids)]
    if not first:
        return []
    count = max([1, *(len(cast("list[BsonValue]", body.get(name, []))) for name in STATEMENT_FIELDS)])
    count = max([count, *map(len, invocation.sequences.values())])
    return list(range(int(cast("int", first)), int(cast("int", first)) + count))


STATEMENT_FIELDS: Final = ("documents", "updates", "deletes", "ops")
"""Where write commands have their statements."""


def _run_in_transaction(
    command: Command, params: Params, invocation: Invocation, session: Session, generic: GenericArguments
) -> Reply:
    assert generic.txn_number is not None
    invocation.operation.txn_number = generic.txn_number
    if command.name in ENDINGS:
        return command.run(params, invocation)
    check_allowed(command, params, invocation, is_first=bool(generic.start_transaction))
    _check_concerns(generic)
    sessions = invocation.engine.sessions
    open_transaction = sessions.begin if generic.start_transaction else sessions.transaction
    return _run_statement(command, params, invocation, open_transaction(session, generic.txn_number))


def _run_statement(command: Command, params: Params, invocation: Invocation, transaction: Transaction) -> Reply:
    with transaction.statement(invocation.operation) as engine:
        invocation.engine = engine
        reply = command.run(params, invocation)
        if invocation.operation.has_write_errors:
            transaction.fail()
        return reply


def _check_concerns(generic: GenericArguments) -> None:
    """Check the concerns of a statement: reading, of the first one only; writing, of commitTransaction only."""
    if generic.write_concern is not None:
        raise ServerError(ErrorCode.InvalidOptions, "writeConcern is not allowed within a multi-statement transaction")
    if generic.read_concern is None:
        return
    concern = read_concern(generic.read_concern)
    if not generic.start_transaction and generic.read_concern:
        raise ServerError(ErrorCode.InvalidOptions, "Only the first command in a transaction may specify a readConcern")
    if concern.level not in _TRANSACTION_READ_LEVELS:
        raise ServerError(
            ErrorCode.InvalidOptions,
            "The readConcern level must be either 'local' (default), 'majority' or 'snapshot' in order to run in a "
            "transaction",
        )
