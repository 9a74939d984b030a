"""Encrypting and decrypting the fields of documents, wherever in them they stand."""

from __future__ import annotations

from typing import NoReturn, cast

from pymongo.errors import InvalidOperation

from satchel.files.encryption.hashing import hash_value
from satchel.files.encryption.policy import EncryptedFields, Treatment
from satchel.files.encryption.values import Place, ValueCipher, is_encrypted
from satchel.files.field_paths import Relation, change_within, names_an_element, plain_path, relation
from satchel.values.bson_types import BsonValue, Document


class FieldEncrypter:
    """Encrypts and decrypts for one collection.

    Args:
        namespace: `database.collection`.
        fields: What is to be encrypted.
        cipher: The keys.
    """

    def __init__(self, namespace: str, fields: EncryptedFields, cipher: ValueCipher) -> None:
        self.namespace = namespace
        self.fields = fields
        self.cipher = cipher
        self.treatments = fields.treatments

    def locate(self, path: str) -> tuple[str, Relation]:
        """Return a path without array positions, and how it lies to the treated fields."""
        plain = plain_path(path, self.treatments)
        return plain, relation(plain, self.treatments)

    def place(self, path: str) -> Place:
        """Return what values of a field are bound to."""
        return Place(self.namespace, path)

    def encrypt_document(self, document: Document) -> Document:
        """Encrypt and hash the fields of a whole document."""
        return cast("Document", change_within(document, "", self.treatments, self.encrypt_element))

    def encrypt_at(self, path: str, value: BsonValue) -> BsonValue:
        """Encrypt what an update writes to a path.

        Raises:
            InvalidOperation: The path leads into an encrypted value.
        """
        plain, how = self.locate(path)
        if how is Relation.INSIDE:
            self.refuse(path, "it lies within an encrypted field; write the whole field")
        if how is Relation.EXACT and names_an_element(path, self.treatments):
            return self.encrypt_element(plain, value)
        return change_within(value, plain, self.treatments, self.encrypt_element)

    def encrypt_element(self, path: str, value: BsonValue) -> BsonValue:
        """Encrypt or hash one value of a treated field."""
        if value is None:
            return None
        treatment = self.treatments[path]
        if treatment is Treatment.HASH:
            return hash_value(value, self.fields.hash_algorithm, path)
        if treatment is Treatment.DETERMINISTIC:
            return self.cipher.encrypt_deterministic(value, self.place(path))
        return self.cipher.encrypt(value, self.place(path))

    def decrypt_document(self, document: Document, prefix: str = "") -> Document:
        """Decrypt the fields of a document that was read, or of a part of it that stands at `prefix`."""
        return cast("Document", change_within(document, prefix, self.treatments, self._decrypt_element))

    def decrypt_at(self, path: str, value: BsonValue) -> BsonValue:
        """Decrypt what stands at a path that may have array positions."""
        return change_within(value, self.locate(path)[0], self.treatments, self._decrypt_element)

    def _decrypt_element(self, path: str, value: BsonValue) -> BsonValue:
        if not is_encrypted(value):
            return value  # null, a hash, or what was written before the field was encrypted
        return self.cipher.decrypt(value, self.place(path))  # type: ignore[arg-type]

    def refuse(self, path: str, why: str) -> NoReturn:
        """Say that an operation cannot be done on a field.

        Raises:
            InvalidOperation: Always.
        """
        treatment = self.treatments.get(self.locate(path)[0])
        kind = f" is {treatment.value}" if treatment is not None else ""
        raise InvalidOperation(f"{self.namespace}: {path}{kind}: {why}")
