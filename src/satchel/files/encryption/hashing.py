"""One-way fields: BSON binary data of subtype 129 that holds a hash with its salt and parameters, as text.

`$argon2id$v=19$m=65536,t=3,p=4$salt$hash`, or `$sha256$salt$hash` in base64.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final, Literal, TypeAlias, get_args

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from bson import Binary
from pymongo.errors import InvalidOperation

from satchel.values.bson_types import BsonValue

HashAlgorithm: TypeAlias = Literal["argon2id", "sha256"]
HASH_ALGORITHMS: Final = get_args(HashAlgorithm)

SUBTYPE: Final = 129
_SALT_BYTES: Final = 16
_ARGON2: Final = PasswordHasher()


def hash_value(value: BsonValue, algorithm: HashAlgorithm, path: str) -> Binary:
    """Hash a string or bytes; what is hashed already (a document that was read and is saved again) stays.

    Raises:
        InvalidOperation: The value is neither.
    """
    if is_hashed(value):
        assert isinstance(value, Binary)
        return value
    if not isinstance(value, str | bytes):
        raise InvalidOperation(f"{path} is hashed: it takes strings and bytes, not {type(value).__name__}")
    if algorithm == "argon2id":
        return Binary(_ARGON2.hash(value).encode(), SUBTYPE)
    return Binary(_sha256(_bytes(value), secrets.token_bytes(_SALT_BYTES)), SUBTYPE)


def is_hashed(value: BsonValue) -> bool:
    """Tell whether a value is one of our hashes."""
    return isinstance(value, Binary) and value.subtype == SUBTYPE and value.startswith((b"$argon2id$", b"$sha256$"))


def verify(value: str | bytes, stored: object) -> bool:
    """Tell whether a hash, as it was read from a field, is that of `value`.

    Anything else that stands in the field is the hash of nothing.
    """
    if not is_hashed(stored):
        return False
    assert isinstance(stored, Binary)
    if stored.startswith(b"$sha256$"):
        salt = stored.split(b"$")[2]
        return hmac.compare_digest(_sha256(_bytes(value), base64.b64decode(salt)), bytes(stored))
    try:
        return _ARGON2.verify(bytes(stored), value)
    except VerificationError:
        return False


def _sha256(value: bytes, salt: bytes) -> bytes:
    digest = hashlib.sha256(salt + value).digest()
    return b"$sha256$" + base64.b64encode(salt) + b"$" + base64.b64encode(digest)


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
