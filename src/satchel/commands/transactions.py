"""commitTransaction and abortTransaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import any_value, param
from satchel.commands.rights import LOGGED_IN
from satchel.engine.engine import Engine
from satchel.engine.operation import Operation
from satchel.engine.retryable import read_record, too_old
from satchel.engine.sessions import Session, SessionId
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTransactionParams(NoFields):
    """Fields of commitTransaction and abortTransaction."""

    commit_transaction: BsonValue = param(any_value, default=1)
    abort_transaction: BsonValue = param(any_value, default=1)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"recoveryToken", "commitTimestamp"})


@COMMANDS.command("commitTransaction", EndTransactionParams, access=LOGGED_IN, admin_only=True, write=True)
def commit_transaction(params: EndTransactionParams, invocation: Invocation) -> Reply:
    """Make what a transaction has done visible, all at once; once more is no error."""
    engine, operation = invocation.engine, invocation.operation
    session, number = _session(invocation)
    if number <= session.txn_number and session.transaction is not None:
        engine.sessions.transaction(session, number).commit(operation)
    else:
        _require_committed(engine, session.id, number)
        if operation.durable:
            engine.storage.sync()
    return {}


def _session(invocation: Invocation) -> tuple[Session, int]:
    operation: Operation = invocation.operation
    if operation.session is None or operation.txn_number is None:
        raise ServerError(ErrorCode.CommandFailed, f"{operation.command} must be run within a transaction")
    return invocation.engine.sessions.use(operation.session), operation.txn_number


def _require_committed(engine: Engine, session: SessionId, number: int) -> None:
    """Accept the commit of a transaction that this process does not know, when it has been committed.

    Raises:
        ServerError: NoSuchTransaction (251), TransactionTooOld (225).
    """
    with engine.read() as unit:
        record = read_record(unit.reader, session)
    if record is not None and record.txn_number > number:
        raise too_old(number, session, record.txn_number)
    if record is None or record.txn_number < number or not record.is_committed:
        raise ServerError(
            ErrorCode.NoSuchTransaction,
            f"Given transaction number {number} does not match any in-progress transactions.",
        )


@COMMANDS.command("abortTransaction", EndTransactionParams, access=LOGGED_IN, admin_only=True, write=True)
def abort_transaction(params: EndTransactionParams, invocation: Invocation) -> Reply:
    """Undo what a transaction has done."""
    session, number = _session(invocation)
    transaction = invocation.engine.sessions.transaction(session, number)
    if not transaction.abort():
        transaction.require_in_progress()
    return {}
