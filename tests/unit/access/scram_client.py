"""The client's side of SCRAM, written from the RFC, to log in with messages of one's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from satchel.wire.service import ConnectionState
from tests.unit.commands.conftest import Server

HASHES = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}


class ScramClient:
    """A client that knows a password."""

    def __init__(self, name: str, password: str, mechanism: str = "SCRAM-SHA-256") -> None:
        self.mechanism = mechanism
        self.hash = HASHES[mechanism]
        self.bare = f"n={name.replace('=', '=3D').replace(',', '=2C')},r=clientnonce"
        secret = f"{name}:mongo:{password}".encode()
        self.secret = hashlib.md5(secret).hexdigest().encode() if self.hash == "sha1" else password.encode()
        self.expected = b""

    @property
    def first(self) -> bytes:
        return f"n,,{self.bare}".encode()

    def start(self, **options: Any) -> dict[str, Any]:
        return {"saslStart": 1, "mechanism": self.mechanism, "payload": self.first, "options": options}

    def answer(self, challenge: bytes) -> bytes:
        nonce, salt, iterations = (part[2:] for part in challenge.decode().split(",", 2))
        salted = hashlib.pbkdf2_hmac(self.hash, self.secret, base64.b64decode(salt), int(iterations))
        client_key = hmac.digest(salted, b"Client Key", self.hash)
        without_proof = f"c=biws,r={nonce}"
        message = f"{self.bare},{challenge.decode()},{without_proof}".encode()
        signature = hmac.digest(hashlib.new(self.hash, client_key).digest(), message, self.hash)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        server_signature = hmac.digest(hmac.digest(salted, b"Server Key", self.hash), message, self.hash)
        self.expected = b"v=" + base64.b64encode(server_signature)
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def go_on(self, begun: dict[str, Any]) -> dict[str, Any]:
        return {"saslContinue": 1, "conversationId": begun["conversationId"], "payload": self.answer(begun["payload"])}


def log_in(server: Server, name: str, password: str, database: str = "admin", **kwargs: str) -> dict[str, Any]:
    """Log in on a server's connection and return the last reply."""
    client = ScramClient(name, password, **kwargs)
    begun = server.ok(client.start(skipEmptyExchange=True), database)
    return server.run(client.go_on(begun), database)


def is_logged_in(connection: ConnectionState) -> bool:
    return connection.login is not None
