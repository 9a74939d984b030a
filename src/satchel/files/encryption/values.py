"""One encrypted value: BSON binary data of subtype 128 that says which key and which cipher it is for.

    offset  bytes
    0       2      "SF"
    2       1      1: AES-256-GCM, 2: AES-SIV (deterministic)
    3       1      the length n of the key's id
    4       n      the key's id
    4 + n   12     the nonce (AES-256-GCM only)
    …              ciphertext and tag of the BSON document {"": value}

Namespace, path, cipher and key id are authenticated with it, so a value that was moved to another field or collection
does not decrypt.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import bson
from bson import Binary, Decimal128, Int64
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from pymongo.errors import EncryptionError, InvalidOperation

from satchel.files.encryption.keys import KeyRing
from satchel.values.bson_types import CODEC_OPTIONS, INT32_MAX, INT32_MIN, BsonValue

SUBTYPE: Final = 128
MAGIC: Final = b"SF"
_RANDOM: Final = 1
_DETERMINISTIC: Final = 2
_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: what its ciphertext is bound to.

    Attributes:
        namespace: `database.collection`.
        path: The dotted path of the field, without array positions.
    """

    namespace: str
    path: str


class ValueCipher:
    """Encrypts and decrypts values with the keys of a ring."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self._gcm = lru_cache(maxsize=None)(self._make_gcm)
        self._siv = lru_cache(maxsize=None)(self._make_siv)

    def encrypt(self, value: BsonValue, place: Place) -> Binary:
        """Encrypt a value under a nonce of its own: equal values look different."""
        cipher = self._gcm(self.ring.active)
        nonce = os.urandom(_NONCE_BYTES)
        header = _header(_RANDOM, self.ring.active)
        return Binary(header + nonce + cipher.encrypt(nonce, _pack(value), _bound(header, place)), SUBTYPE)

    def encrypt_deterministic(self, value: BsonValue, place: Place, key_id: str | None = None) -> Binary:
        """Encrypt a value so that equal values of one field look equal.

        Raises:
            InvalidOperation: The value is of a type whose equal values may differ in their bytes.
        """
        if isinstance(value, float | Decimal128 | dict | list | bool):
            raise InvalidOperation(
                f"{place.path} is encrypted deterministically, which takes no {type(value).__name__}"
            )
        key_id = key_id or self.ring.active
        header = _header(_DETERMINISTIC, key_id)
        return Binary(header + self._siv(key_id).encrypt(_pack(value), [_bound(header, place)]), SUBTYPE)

    def deterministic_forms(self, value: BsonValue, place: Place) -> list[Binary]:
        """Return all that equal values may be stored as: under each key, and for a number as int and as long."""
        forms: list[BsonValue] = [value]
        if isinstance(value, int) and not isinstance(value, bool) and INT32_MIN <= value <= INT32_MAX:
            forms = [int(value), Int64(value)]
        return [self.encrypt_deterministic(form, place, key_id) for key_id in self.ring.ids for form in forms]

    def decrypt(self, stored: Binary, place: Place) -> BsonValue:
        """Return the value.

        Raises:
            EncryptionError: The key is not in the ring, or is another one; or the value was changed or moved.
        """
        kind, key_id, body = split(stored)
        header = _header(kind, key_id)
        if key_id not in self.ring.ids:
            raise _failure(f"{place.path} is encrypted with key {key_id!r}, which is not in the ring")
        try:
            if kind == _RANDOM:
                nonce, sealed = body[:_NONCE_BYTES], body[_NONCE_BYTES:]
                plain = self._gcm(key_id).decrypt(nonce, sealed, _bound(header, place))
            else:
                plain = self._siv(key_id).decrypt(body, [_bound(header, place)])
        except (InvalidTag, ValueError) as error:
            where = f"{place.path} of {place.namespace}"
            message = f"{where} does not decrypt: {key_id!r} is another key here, or the value was changed or moved"
            raise _failure(message) from error
        return bson.decode(plain, CODEC_OPTIONS)[""]

    def is_current(self, stored: Binary, *, deterministic: bool) -> bool:
        """Tell whether a value is encrypted with the active key, in the wanted way."""
        kind, key_id, _ = split(stored)
        return key_id == self.ring.active and (kind == _DETERMINISTIC) == deterministic

    def _make_gcm(self, key_id: str) -> AESGCM:
        return AESGCM(self._derived(key_id, "AES-256-GCM", 32))

    def _make_siv(self, key_id: str) -> AESSIV:
        return AESSIV(self._derived(key_id, "AES-SIV", 64))

    def _derived(self, key_id: str, purpose: str, size_bytes: int) -> bytes:
        key = self.ring.derive(key_id, purpose, size_bytes)
        if key is None:
            raise _failure(f"key {key_id!r} is not in the ring")
        return key


def is_encrypted(value: BsonValue) -> bool:
    """Tell whether a value is one of ours."""
    return isinstance(value, Binary) and value.subtype == SUBTYPE and value[:2] == MAGIC and len(value) > 4 + value[3]


def split(stored: Binary) -> tuple[int, str, bytes]:
    """Return the cipher, the key's id and the rest of an encrypted value."""
    end = 4 + stored[3]
    return stored[2], stored[4:end].decode("ascii", "replace"), bytes(stored[end:])


def _header(kind: int, key_id: str) -> bytes:
    return MAGIC + bytes([kind, len(key_id)]) + key_id.encode()


def _bound(header: bytes, place: Place) -> bytes:
    return b"\0".join((header, place.namespace.encode(), place.path.encode()))


def _pack(value: BsonValue) -> bytes:
    return bson.encode({"": value}, codec_options=CODEC_OPTIONS)


def _failure(message: str) -> EncryptionError:
    return EncryptionError(ValueError(message))
