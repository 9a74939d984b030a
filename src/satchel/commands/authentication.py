"""Logging in by password: saslStart, saslContinue, logout, and the login that comes with hello."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event
from typing import ClassVar, Final

from bson import Binary

from satchel.access.accounts import User
from satchel.access.audit import audit, user_fields
from satchel.access.scram import (
    MECHANISMS,
    Exchange,
    Mechanism,
    decoy_credentials,
    failure,
    parse_client_first,
)
from satchel.commands import x509
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.login import Claim, log_in, report
from satchel.commands.params import any_value, binary, boolean, document, integer, param, read_params, string
from satchel.commands.rights import ANYONE
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document
from satchel.wire.service import ConnectionState, UserName

_CONVERSATION_ID: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SaslOptions(NoFields):
    """Fields of `options`."""

    skip_empty_exchange: bool = param(boolean, default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaslStartParams(NoFields):
    """Fields of saslStart."""

    sasl_start: BsonValue = param(any_value, default=1)
    mechanism: str = param(string)
    payload: bytes = param(binary)
    auto_authorize: BsonValue = param(any_value, default=1)
    options: Document = param(document, default={})
    db: str | None = param(string, default=None)

    SECRETS: ClassVar[frozenset[str]] = frozenset({"payload"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SaslContinueParams(NoFields):
    """Fields of saslContinue."""

    sasl_continue: BsonValue = param(any_value, default=1)
    conversation_id: int = param(integer)
    payload: bytes = param(binary)

    SECRETS: ClassVar[frozenset[str]] = frozenset({"payload"})


@dataclass(slots=True)
class Conversation:
    """A login under way on a connection.

    Attributes:
        user: Who wants in.
        account: What is known of them when they began; None for nobody.
        skips_empty_exchange: Whether the client does without the last, empty message.
        is_proven: Whether only that message is missing.
    """

    user: UserName
    mechanism: Mechanism
    account: User | None
    exchange: Exchange
    skips_empty_exchange: bool
    is_proven: bool = False

    @property
    def claim(self) -> Claim:
        """Who the client says to be."""
        return Claim(self.user, self.mechanism.name, self.account)


@COMMANDS.command("saslStart", SaslStartParams, access=ANYONE)
def sasl_start(params: SaslStartParams, invocation: Invocation) -> Reply:
    """Begin to log in to the command's database."""
    return start(params, invocation.database, invocation)


def start(params: SaslStartParams, database: str, invocation: Invocation) -> Document:
    """Begin a login; an older one under way on the connection is forgotten.

    Raises:
        ServerError: MechanismUnavailable (334); AuthenticationFailed (18).
    """
    connection = invocation.connection
    connection.conversation = None
    mechanism = MECHANISMS.get(params.mechanism)
    if mechanism is None:
        raise ServerError(
            ErrorCode.MechanismUnavailable,
            f"Received authentication for mechanism {params.mechanism} which is not enabled",
        )
    options = read_params(SaslOptions, "saslStart.options", params.options, strict=False)
    first = parse_client_first(params.payload)
    user = UserName(database, first.user)
    account = invocation.service.access.user(user)
    decoy = decoy_credentials(mechanism, str(user), invocation.service.access.decoy_secret)
    known = account.credentials(mechanism) if account is not None else None
    exchange = Exchange(mechanism, first, known or decoy)
    connection.conversation = Conversation(user, mechanism, account, exchange, options.skip_empty_exchange)
    return _reply(exchange.challenge, done=False)


@COMMANDS.command("saslContinue", SaslContinueParams, access=ANYONE)
def sasl_continue(params: SaslContinueParams, invocation: Invocation) -> Reply:
    """Go on with a login: check the proof of the password."""
    connection = invocation.connection
    conversation, connection.conversation = connection.conversation, None
    if not isinstance(conversation, Conversation):
        raise ServerError(ErrorCode.ProtocolError, "No SASL session state found")
    if params.conversation_id != _CONVERSATION_ID:
        raise ServerError(ErrorCode.ProtocolError, "sasl: Mismatched conversation id")
    if conversation.is_proven:
        if params.payload:
            raise failure()
        log_in(conversation.claim, invocation)
        return _reply(b"", done=True)
    proof = _verified(conversation, params.payload, invocation)
    if conversation.skips_empty_exchange:
        log_in(conversation.claim, invocation)
        return _reply(proof, done=True)
    conversation.is_proven = True
    connection.conversation = conversation
    return _reply(proof, done=False)


def _reply(payload: bytes, *, done: bool) -> Document:
    return {"conversationId": _CONVERSATION_ID, "done": done, "payload": Binary(payload, 0)}


def _verified(conversation: Conversation, payload: bytes, invocation: Invocation) -> bytes:
    """Check the client's proof, not before it is its turn, and return the server's."""
    connection = invocation.connection
    throttle = invocation.service.access.throttle
    source = connection.peer.client if connection.peer is not None else ""
    try:
        _wait_for_turn(throttle.delay(conversation.user, source), connection)
        proof = conversation.exchange.verify(payload)
        if conversation.account is None:
            raise failure()
    except ServerError as error:
        throttle.failed(conversation.user, source)
        report(conversation.claim, connection, error.code)
        raise
    throttle.succeeded(conversation.user, source)
    return proof


def _wait_for_turn(seconds: float | None, connection: ConnectionState) -> None:
    """Wait, as this connection alone does; a client that goes away meanwhile ends it."""
    if seconds is None:
        raise failure()
    if seconds > 0:
        gone = Event()
        connection.on_close(gone.set)
        if gone.wait(seconds):
            raise failure()


def speculative_reply(spec: Document, invocation: Invocation) -> Document | None:
    """Begin the login that came with a hello; None when that cannot be, and the client will begin anew."""
    if "authenticate" in spec:
        return x509.speculative_reply(spec, invocation)
    try:
        params = read_params(SaslStartParams, "saslStart", spec)
        begun = start(params, params.db or "admin", invocation)
    except ServerError:
        return None
    conversation = invocation.connection.conversation
    if isinstance(conversation, Conversation) and _needs_other_mechanism(conversation):
        invocation.connection.conversation = None
        return None
    return begun


def _needs_other_mechanism(conversation: Conversation) -> bool:
    """Tell whether the user can log in, but not so: then the client is to choose among `saslSupportedMechs`."""
    account = conversation.account
    return account is not None and account.credentials(conversation.mechanism) is None


def supported_mechanisms(full_name: str, invocation: Invocation) -> list[BsonValue]:
    """Return how a user, `database.name`, can log in; nothing tells whether there is such a user."""
    database, _, name = full_name.partition(".")
    account = invocation.service.access.user(UserName(database, name))
    return [*(sorted(MECHANISMS) if account is None else account.mechanisms)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutParams(NoFields):
    """Fields of logout."""

    logout: BsonValue = param(any_value, default=1)


@COMMANDS.command("logout", LogoutParams, access=ANYONE)
def logout(params: LogoutParams, invocation: Invocation) -> Reply:
    """Forget who is logged in on this connection to the database."""
    login = invocation.connection.login
    if login is not None and login.user.database == invocation.database:
        audit("logout", invocation.connection, user_fields(login.user))
        invocation.connection.login = None
    return {}
