"""PyMongo's own explicit client-side encryption, with its key vault in a Satchel file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import DEFAULT_RAW_BSON_OPTIONS
from pymongo.asynchronous.encryption import AsyncClientEncryption
from pymongo.encryption import Algorithm, ClientEncryption
from pymongo.errors import DuplicateKeyError, EncryptionError

from satchel import AsyncMongoClient, MongoClient

LOCAL_KMS = {"local": {"key": bytes(range(96))}}
VAULT = "keys.vault"


def make(client: MongoClient[dict[str, Any]], kms: dict[str, Any] | None = None) -> ClientEncryption[dict[str, Any]]:
    return ClientEncryption(kms or LOCAL_KMS, VAULT, client, CodecOptions())


def test_explicit_encryption(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    deterministic = Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Deterministic
    with MongoClient[dict[str, Any]](path) as client, make(client) as encryption:
        client.keys.vault.create_index(
            "keyAltNames", unique=True, partialFilterExpression={"keyAltNames": {"$exists": True}}
        )
        key_id = encryption.create_data_key("local", key_alt_names=["users"])
        with pytest.raises(EncryptionError) as caught:
            encryption.create_data_key("local", key_alt_names=["users"])
        assert isinstance(caught.value.cause, DuplicateKeyError)
        secret = encryption.encrypt("457-55-5462", deterministic, key_alt_name="users")
        client.app.users.insert_one({"_id": 1, "ssn": secret})
        assert client.app.users.find_one({"ssn": encryption.encrypt("457-55-5462", deterministic, key_id=key_id)})
    assert b"457-55-5462" not in path.read_bytes()
    with MongoClient[dict[str, Any]](path) as client, make(client) as encryption:
        document = client.app.users.find_one({"_id": 1})
        assert document is not None
        assert encryption.decrypt(document["ssn"]) == "457-55-5462"
        assert encryption.get_key_by_alt_name("users")["_id"] == key_id  # type: ignore[index]
        encryption.add_key_alt_name(key_id, "people")
        encryption.remove_key_alt_name(key_id, "users")
        assert [key["keyAltNames"] for key in encryption.get_keys()] == [["people"]]
        assert encryption.rewrap_many_data_key({}, "local").bulk_write_result.modified_count == 1  # type: ignore[union-attr]
        assert encryption.decrypt(document["ssn"]) == "457-55-5462"
    with MongoClient[dict[str, Any]](path) as client, make(client, {"local": {"key": bytes(96)}}) as encryption:
        with pytest.raises(EncryptionError):
            encryption.decrypt(document["ssn"])
        assert client.app.get_collection("users", DEFAULT_RAW_BSON_OPTIONS).find_one() is not None  # type: ignore[arg-type]


async def test_asynchronously(tmp_path: Path) -> None:
    async with AsyncMongoClient[dict[str, Any]](tmp_path / "app.db") as client:
        encryption = AsyncClientEncryption(LOCAL_KMS, VAULT, client, CodecOptions())
        key_id = await encryption.create_data_key("local")
        secret = await encryption.encrypt(5, Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Random, key_id)
        await client.app.users.insert_one({"_id": 1, "secret": secret})
        document = await client.app.users.find_one()
        assert await encryption.decrypt(document["secret"]) == 5  # type: ignore[index]
        await encryption.close()
