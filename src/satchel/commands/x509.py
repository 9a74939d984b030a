"""authenticate: logging in with the certificate that TLS has verified (MONGODB-X509)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from satchel.access.scram import failure
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.login import Claim, log_in, report
from satchel.commands.params import any_value, param, read_params, string
from satchel.commands.rights import ANYONE
from satchel.engine.namespaces import EXTERNAL
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document
from satchel.wire.service import UserName

X509: Final = "MONGODB-X509"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticateParams(NoFields):
    """Fields of authenticate."""

    authenticate: BsonValue = param(any_value, default=1)
    mechanism: str = param(string, default="MONGODB-CR")
    user: str | None = param(string, default=None)

    SECRETS: ClassVar[frozenset[str]] = frozenset({"key", "nonce"})


@COMMANDS.command("authenticate", AuthenticateParams, access=ANYONE, strict=False)
def authenticate(params: AuthenticateParams, invocation: Invocation) -> Reply:
    """Log in with the client's certificate: its subject is the name of a user of `$external`."""
    if params.mechanism != X509:
        raise ServerError(ErrorCode.BadValue, f"Unsupported mechanism: {params.mechanism}")
    if invocation.database != EXTERNAL:
        raise ServerError(ErrorCode.ProtocolError, f"X.509 authentication must always use the {EXTERNAL} database.")
    return _authenticated(params, invocation)


def speculative_reply(spec: Document, invocation: Invocation) -> Document | None:
    """Log in with the certificate, as it was asked for with hello; None when that cannot be."""
    try:
        params = read_params(AuthenticateParams, "authenticate", spec, strict=False)
        return _authenticated(params, invocation) if params.mechanism == X509 else None
    except ServerError:
        return None


def _authenticated(params: AuthenticateParams, invocation: Invocation) -> Document:
    """Log the subject of the certificate in.

    Raises:
        ServerError: AuthenticationFailed (18).
    """
    peer = invocation.connection.peer
    subject = peer.subject if peer is not None else ""
    if not subject:
        raise ServerError(ErrorCode.AuthenticationFailed, "No verified subject name available from client")
    if params.user is not None and params.user != subject:
        raise ServerError(ErrorCode.AuthenticationFailed, "There is no x.509 client certificate matching the user.")
    user = UserName(EXTERNAL, subject)
    claim = Claim(user, X509, invocation.service.access.user(user))
    if claim.account is None or not claim.account.is_external:
        report(claim, invocation.connection, ErrorCode.AuthenticationFailed)
        raise failure()
    log_in(claim, invocation)
    return {"dbname": EXTERNAL, "user": subject}
