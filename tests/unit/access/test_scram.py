"""SCRAM against the examples of its RFCs, and against everything that is not a proof."""

from __future__ import annotations

import base64
import hashlib

import pytest

from satchel.access.scram import (
    MECHANISMS,
    SHA_1,
    SHA_256,
    Credentials,
    Exchange,
    Mechanism,
    decoy_credentials,
    new_credentials,
    parse_client_first,
    password_digest,
)
from satchel.errors import ServerError


def credentials_of(mechanism: Mechanism, secret: bytes, salt: bytes, iterations: int) -> Credentials:
    salted = hashlib.pbkdf2_hmac(mechanism.hash, secret, salt, iterations)
    stored = mechanism.hashed(mechanism.hmac(salted, b"Client Key"))
    return Credentials(iterations, salt, stored, mechanism.hmac(salted, b"Server Key"))


EXAMPLES = [
    pytest.param(
        SHA_1, "QSXCR+Q6sek8bf92", "fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j",
        "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ=", id="RFC 5802",
    ),
    pytest.param(
        SHA_256, "W22ZaJ0SNY7soEsUEjb6gQ==", "rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", id="RFC 7677",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("mechanism", "salt", "client_nonce", "server_nonce", "proof", "signature"), EXAMPLES)
def test_the_examples_of_the_rfcs(
    mechanism: Mechanism, salt: str, client_nonce: str, server_nonce: str, proof: str, signature: str
) -> None:
    first = parse_client_first(f"n,,n=user,r={client_nonce}".encode())
    known = credentials_of(mechanism, b"pencil", base64.b64decode(salt), 4096)
    exchange = Exchange(mechanism, first, known, server_nonce)
    assert exchange.challenge.decode() == f"r={client_nonce}{server_nonce},s={salt},i=4096"
    answer = exchange.verify(f"c=biws,r={client_nonce}{server_nonce},p={proof}".encode())
    assert answer.decode() == f"v={signature}"


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"\xff", b"n,,", b"n,,n=user", b"n,,r=abc,n=user", b"n,,n=user,r=", b"p=tls-unique,,n=user,r=abc",
        b"n,a=other,n=user,r=abc", b"n=user,r=abc", b"n,,n=us=er,r=abc", b"n,,m=x,n=user,r=abc",
    ],
)  # fmt: skip
def test_what_does_not_begin_a_login(payload: bytes) -> None:
    with pytest.raises(ServerError) as caught:
        parse_client_first(payload)
    assert caught.value.code == 18


def test_names_are_unescaped() -> None:
    assert parse_client_first(b"n,,n=a=2Cb=3Dc,r=x").user == "a,b=c"


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"\xff", b"c=biws", b"c=biws,r=NONCE", b"c=biws,r=NONCE,p=", b"c=biws,r=NONCE,p=!!!!",
        b"c=biws,r=NONCE,p=AAAA",
        b"c=biws,r=other,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", b"c=eSws,r=NONCE,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        b"c=biws,r=NONCE,x=1,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", b"c=biws,r=NONCE,p=v0X8v3Bz2T0CJGbJQyF0X+HI4TsA",
    ],
)  # fmt: skip
def test_what_proves_nothing(payload: bytes) -> None:
    known = credentials_of(SHA_1, b"pencil", base64.b64decode("QSXCR+Q6sek8bf92"), 4096)
    exchange = Exchange(SHA_1, parse_client_first(b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"), known, "3rfcNHYJY1ZVvWVs7j")
    with pytest.raises(ServerError) as caught:
        exchange.verify(payload.replace(b"NONCE", b"fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"))
    assert (caught.value.code, caught.value.message) == (18, "Authentication failed.")


@pytest.mark.parametrize("mechanism", MECHANISMS.values(), ids=lambda each: each.name)
def test_what_is_kept_is_read_back(mechanism: Mechanism) -> None:
    made = new_credentials(mechanism, "user", "pässword")
    assert Credentials.from_bson(made.to_bson()) == made
    assert made != new_credentials(mechanism, "user", "pässword")
    assert (len(made.salt), made.iterations) == ({"sha1": 16, "sha256": 28}[mechanism.hash], mechanism.iterations)


@pytest.mark.parametrize("stored", [None, {}, 1, {"iterationCount": 1, "salt": "!", "storedKey": "a", "serverKey": ""}])
def test_what_is_no_credential(stored: object) -> None:
    assert Credentials.from_bson(stored) is None  # type: ignore[arg-type]


def test_equal_passwords_of_sasl_are_one() -> None:
    assert SHA_256.password_bytes("user", "I\u00adX") == SHA_256.password_bytes("user", "IX")
    with pytest.raises(ServerError):
        SHA_256.password_bytes("user", "\u0007")
    assert SHA_1.password_bytes("user", "pencil").decode() == password_digest("user", "pencil")


def test_a_user_who_is_not_there_keeps_one_salt() -> None:
    one, again, other = (decoy_credentials(SHA_256, name, b"secret") for name in ("a@x", "a@x", "b@x"))
    assert one.salt == again.salt != other.salt
    assert one.iterations == SHA_256.iterations
    assert len(one.salt) == SHA_256.salt_bytes
