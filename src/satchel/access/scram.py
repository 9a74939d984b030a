"""SCRAM, the server's side: passwords are never stored, and never sent.

Reference:
    RFC 5802, RFC 7677; MongoDB's authentication specification for what it makes of a password for SHA-1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document

_NONCE_BYTES: Final = 24
_GS2_HEADERS: Final = ("n,,", "y,,")


class Mechanism(NamedTuple):
    """One of the two variants of SCRAM.

    Attributes:
        hash: The name of its hash function, for `hashlib`.
        iterations: How often a new password is hashed.
        salt_bytes: How long a salt is.
    """

    name: str
    hash: str
    iterations: int
    salt_bytes: int

    def hmac(self, key: bytes, message: bytes) -> bytes:
        """Return the keyed hash of a message."""
        return hmac.digest(key, message, self.hash)

    def hashed(self, message: bytes) -> bytes:
        """Return the hash of a message."""
        return hashlib.new(self.hash, message).digest()

    def password_bytes(self, user: str, password: str) -> bytes:
        """Return what of a password is hashed."""
        return password_digest(user, password).encode() if self.hash == "sha1" else _prepared(password)


SHA_1: Final = Mechanism("SCRAM-SHA-1", "sha1", 10_000, 16)
SHA_256: Final = Mechanism("SCRAM-SHA-256", "sha256", 15_000, 28)
MECHANISMS: Final[Mapping[str, Mechanism]] = {each.name: each for each in (SHA_1, SHA_256)}


def password_digest(user: str, password: str) -> str:
    """Return what MongoDB's first mechanism made of a password, and SCRAM-SHA-1 takes as one."""
    return hashlib.md5(f"{user}:mongo:{password}".encode(), usedforsecurity=False).hexdigest()


def _prepared(password: str) -> bytes:
    from pymongo.saslprep import saslprep  # noqa: PLC0415 - a server without logins shall not load PyMongo

    try:
        prepared: str = saslprep(password)
    except ValueError as error:
        raise ServerError(ErrorCode.BadValue, f"Password preparation failed: {error}") from error
    return prepared.encode()


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the server keeps of a password: enough to check a proof of it, not to make one."""

    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    def to_bson(self) -> Document:
        """Return the form that users are stored in."""
        return {
            "iterationCount": self.iterations,
            "salt": _base64(self.salt),
            "storedKey": _base64(self.stored_key),
            "serverKey": _base64(self.server_key),
        }

    @classmethod
    def from_bson(cls, stored: BsonValue) -> Credentials | None:
        """Read the stored form; None when it is not one."""
        match stored:
            case {
                "iterationCount": int(iterations),
                "salt": str(salt),
                "storedKey": str(stored_key),
                "serverKey": str(server_key),
            }:
                try:
                    return cls(iterations, *(base64.b64decode(each) for each in (salt, stored_key, server_key)))
                except binascii.Error:
                    return None
        return None


def new_credentials(mechanism: Mechanism, user: str, password: str, *, is_digested: bool = False) -> Credentials:
    """Return what to keep of a new password.

    Args:
        mechanism: What it is for.
        user: The user's name without database.
        password: The password.
        is_digested: Whether it is the result of `password_digest` already.

    Raises:
        ServerError: BadValue (2), when the password has characters that SASLprep prohibits.
    """
    salt = secrets.token_bytes(mechanism.salt_bytes)
    secret = password.encode() if is_digested else mechanism.password_bytes(user, password)
    salted = hashlib.pbkdf2_hmac(mechanism.hash, secret, salt, mechanism.iterations)
    stored_key = mechanism.hashed(mechanism.hmac(salted, b"Client Key"))
    return Credentials(mechanism.iterations, salt, stored_key, mechanism.hmac(salted, b"Server Key"))


def decoy_credentials(mechanism: Mechanism, user: str, secret: bytes) -> Credentials:
    """Return credentials for a user who is not there: nobody has their password, and they stay the same."""
    salt = hmac.digest(secret, user.encode(), "sha512")[: mechanism.salt_bytes]
    never = secrets.token_bytes(hashlib.new(mechanism.hash).digest_size)
    return Credentials(mechanism.iterations, salt, never, never)


def failure() -> ServerError:
    """Return the one error of a login that fails, whatever the reason."""
    return ServerError(ErrorCode.AuthenticationFailed, "Authentication failed.")


class ClientFirst(NamedTuple):
    """The client's first message, taken apart."""

    user: str
    nonce: str
    bare: str
    header: str


def parse_client_first(payload: bytes) -> ClientFirst:
    """Read the client's first message.

    Raises:
        ServerError: AuthenticationFailed (18).
    """
    text = _text(payload)
    header = next((each for each in _GS2_HEADERS if text.startswith(each)), None)
    if header is None:  # channel binding, or acting for somebody else
        raise failure()
    bare = text[len(header) :]
    attributes = bare.split(",")
    if len(attributes) < 2 or not attributes[0].startswith("n=") or not attributes[1].startswith("r="):
        raise failure()
    name, nonce = attributes[0][2:], attributes[1][2:]
    if not nonce or "=" in name.replace("=2C", "").replace("=3D", ""):
        raise failure()
    return ClientFirst(name.replace("=2C", ",").replace("=3D", "="), nonce, bare, header)


class Exchange:
    """One login under way.

    Args:
        mechanism: The variant of SCRAM.
        first: What the client began with.
        credentials: What is known of the user's password.
        nonce: What the server adds to the client's nonce; by default something random.
    """

    def __init__(
        self, mechanism: Mechanism, first: ClientFirst, credentials: Credentials, nonce: str | None = None
    ) -> None:
        self._mechanism = mechanism
        self._first = first
        self._credentials = credentials
        self._nonce = first.nonce + (nonce or _base64(secrets.token_bytes(_NONCE_BYTES)))
        self._challenge = f"r={self._nonce},s={_base64(credentials.salt)},i={credentials.iterations}"

    @property
    def challenge(self) -> bytes:
        """The server's first message."""
        return self._challenge.encode()

    def verify(self, payload: bytes) -> bytes:
        """Check the client's last message and return the server's, which proves that the server knows the user, too.

        Raises:
            ServerError: AuthenticationFailed (18).
        """
        text = _text(payload)
        without_proof, _, proof_text = text.rpartition(",p=")
        binding = _base64(self._first.header.encode())
        if without_proof != f"c={binding},r={self._nonce}":
            raise failure()
        message = f"{self._first.bare},{self._challenge},{without_proof}".encode()
        if not self._proves(proof_text, message):
            raise failure()
        return b"v=" + base64.b64encode(self._mechanism.hmac(self._credentials.server_key, message))

    def _proves(self, proof_text: str, message: bytes) -> bool:
        try:
            proof = base64.b64decode(proof_text, validate=True)
        except binascii.Error:
            return False
        signature = self._mechanism.hmac(self._credentials.stored_key, message)
        if len(proof) != len(signature):
            return False
        client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
        return hmac.compare_digest(self._mechanism.hashed(client_key), self._credentials.stored_key)


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise failure() from error


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
