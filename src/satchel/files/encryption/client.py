"""Field encryption on a client: it sits where PyMongo's own automatic encryption would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, NoReturn

import bson
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import InvalidOperation

from satchel.files.encryption.commands import Encrypters, decrypt_reply, encrypt_command
from satchel.files.encryption.keys import KeyRing
from satchel.files.encryption.policy import EncryptedFields
from satchel.files.encryption.values import MAGIC, SUBTYPE
from satchel.values.bson_types import Document, decode_document, encode_document

AnyClient = MongoClient[Any] | AsyncMongoClient[Any]

_under_way: Final[ContextVar[tuple[str, Document] | None]] = ContextVar("satchel_command", default=None)
"""What the next reply in this thread or task answers: database, collection, key. PyMongo does not tell `decrypt`."""

_is_bypassed: Final[ContextVar[bool]] = ContextVar("satchel_bypass", default=False)
_MARK: Final = bytes([SUBTYPE]) + MAGIC


def encrypt_fields(client: AnyClient, ring: KeyRing, fields: Mapping[str, EncryptedFields]) -> None:
    """Have a client encrypt and decrypt fields from now on, whatever is called on it.

        client = MongoClient("app.db")
        encrypt_fields(client, KeyRing.from_environment(), {
            "app.users": EncryptedFields(encrypt=["address"], deterministic=["email"], hash=["password"]),
        })

    It works on commands, so databases, collections, cursors, bulk writes, sessions, change streams, GridFS and object
    mappers on this client see plain values, and the file or server sees none. Whoever uses another client sees what is
    stored. What ciphertexts cannot answer raises InvalidOperation before anything is sent.

    Args:
        client: A `MongoClient` or `AsyncMongoClient`, of Satchel or PyMongo.
        ring: The keys.
        fields: What to encrypt, by `database.collection`, or by `database` for all its other collections.

    Raises:
        ConfigurationError: `fields` is malformed.
        InvalidOperation: The client encrypts already.
    """
    if client._encrypter is not None:
        raise InvalidOperation("the client encrypts already")
    make = AsyncEncrypter if isinstance(client, AsyncMongoClient) else Encrypter
    client._encrypter = make(Encrypters(ring, fields))  # type: ignore[assignment]
    client.bulk_write = _refuse_bulk_write  # type: ignore[method-assign]
    if getattr(client, "_direct", None) is not None:
        client._direct = None  # type: ignore[union-attr]  # a short cut would go past the encrypter


def _refuse_bulk_write(*_args: object, **_kwargs: object) -> NoReturn:
    """Refuse `MongoClient.bulk_write`, as PyMongo does with its own automatic encryption: it would not be encrypted."""
    raise InvalidOperation("MongoClient.bulk_write does not encrypt; use Collection.bulk_write")


def encrypters_of(client: AnyClient) -> Encrypters:
    """Return what a client encrypts with.

    Raises:
        InvalidOperation: The client does not encrypt fields.
    """
    hook = client._encrypter
    if not isinstance(hook, _Hook):
        raise InvalidOperation("the client does not encrypt fields")
    return hook.encrypters


@contextmanager
def bypassed() -> Iterator[None]:
    """Have this thread's, or task's, commands go as they are and replies come as they are."""
    token = _is_bypassed.set(True)
    try:
        yield
    finally:
        _is_bypassed.reset(token)


class _Hook:
    _bypass_auto_encryption: Final = False

    def __init__(self, encrypters: Encrypters) -> None:
        self.encrypters = encrypters

    def _encrypt(self, database: str, command: Mapping[str, Any], options: CodecOptions[Any]) -> Mapping[str, Any]:
        _under_way.set(None)
        if _is_bypassed.get() or not self._concerns(database, command):
            return command
        body = decode_document(bson.encode(command, codec_options=options))
        name = next(iter(body))
        _under_way.set((database, {name: body[name], "key": body.get("key")}))
        rewritten = encrypt_command(self.encrypters, database, body)
        return command if rewritten is None else rewritten

    def _concerns(self, database: str, command: Mapping[str, Any]) -> bool:
        """Tell whether a command can have to do with an encrypted collection."""
        name = next(iter(command))
        return self.encrypters.any_in(database) or name in {"renameCollection", "bulkWrite", "aggregate", "getMore"}

    def _decrypt(self, reply: bytes | memoryview) -> bytes:
        reply = bytes(reply)
        under_way = _under_way.get()
        if under_way is None or _MARK not in reply:
            return reply
        return encode_document(decrypt_reply(self.encrypters, *under_way, decode_document(reply)))


class Encrypter(_Hook):
    """Stands where a `MongoClient` keeps its encrypter."""

    def encrypt(self, database: str, cmd: Mapping[str, Any], codec_options: CodecOptions[Any]) -> Mapping[str, Any]:
        """Return a command as it is to be sent."""
        return self._encrypt(database, cmd, codec_options)

    def decrypt(self, response: bytes | memoryview) -> bytes:
        """Return a reply as it is to be read."""
        return self._decrypt(response)

    def close(self) -> None:
        """Hold on to nothing."""


class AsyncEncrypter(_Hook):
    """Stands where an `AsyncMongoClient` keeps its encrypter."""

    async def encrypt(
        self, database: str, cmd: Mapping[str, Any], codec_options: CodecOptions[Any]
    ) -> Mapping[str, Any]:
        """Return a command as it is to be sent."""
        return self._encrypt(database, cmd, codec_options)

    async def decrypt(self, response: bytes | memoryview) -> bytes:
        """Return a reply as it is to be read."""
        return self._decrypt(response)

    async def close(self) -> None:
        """Hold on to nothing."""
