"""Commands on their way out, replies on their way in: where every call of PyMongo passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from pymongo.errors import ConfigurationError, InvalidOperation

from satchel.files.encryption.documents import FieldEncrypter
from satchel.files.encryption.expressions import check_path, check_paths, check_projection
from satchel.files.encryption.filters import encrypt_filter
from satchel.files.encryption.keys import KeyRing
from satchel.files.encryption.pipelines import EVENT_DOCUMENTS, check_stream, encrypt_pipeline, other_collections
from satchel.files.encryption.policy import EncryptedFields, Treatment
from satchel.files.encryption.updates import encrypt_array_filters, encrypt_update, upserted_values
from satchel.files.encryption.values import ValueCipher
from satchel.files.field_paths import Relation
from satchel.values.bson_types import BsonValue, Document


class Encrypters:
    """Finds the encrypter of a namespace.

    Args:
        ring: The keys.
        fields: The fields, by `database.collection`, or by `database` for all its collections that are not named.
    """

    def __init__(self, ring: KeyRing, fields: Mapping[str, EncryptedFields]) -> None:
        for name, each in fields.items():
            if not name or not isinstance(each, EncryptedFields):
                raise ConfigurationError("fields are given as {'database.collection' or 'database': EncryptedFields}")
        self.cipher = ValueCipher(ring)
        self._fields = dict(fields)
        self._made: dict[str, FieldEncrypter] = {}

    def find(self, database: str, collection: BsonValue) -> FieldEncrypter | None:
        """Return the encrypter of a collection, or None when nothing of it is encrypted."""
        if not isinstance(collection, str):
            return None
        namespace = f"{database}.{collection}"
        fields = self._fields.get(namespace, self._fields.get(database))
        if fields is None or not fields.treatments:
            return None
        if namespace not in self._made:
            self._made[namespace] = FieldEncrypter(namespace, fields, self.cipher)
        return self._made[namespace]

    def any_in(self, database: str) -> bool:
        """Tell whether fields of any collection of a database are encrypted."""
        return any(name.partition(".")[0] == database for name in self._fields)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A command on its way out.

    Attributes:
        database: The database that it names.
        body: Its fields.
        encrypter: The collection's.
        encrypters: Everybody's.
    """

    database: str
    body: Document
    encrypter: FieldEncrypter
    encrypters: Encrypters

    def is_encrypted(self, collection: str) -> bool:
        """Tell whether fields of another collection of the database are encrypted."""
        return self.encrypters.find(self.database, collection) is not None


def encrypt_command(encrypters: Encrypters, database: str, body: Document) -> Document | None:
    """Return a command as the stored documents need it; None when it may go as it is.

    Raises:
        InvalidOperation: It cannot be done where fields are encrypted.
    """
    name, target = next(iter(body.items()))
    if name == "explain":
        inner = encrypt_command(encrypters, database, cast("Document", target))
        return None if inner is None else {**body, "explain": inner}
    if name in {"renameCollection", "bulkWrite"}:
        _check_elsewhere(encrypters, name, body)
        return None
    encrypter = encrypters.find(database, target)
    if name == "aggregate" and encrypter is None:
        _check_aggregation(encrypters, database, body)
    if encrypter is None or name in _WITHOUT_VALUES:
        return None
    rewrite = _COMMANDS.get(name.lower())
    if rewrite is None:
        raise InvalidOperation(f"{encrypter.namespace}: the command {name} cannot be used where fields are encrypted")
    return rewrite(Outgoing(database, body, encrypter, encrypters))


def _check_elsewhere(encrypters: Encrypters, name: str, body: Document) -> None:
    namespaces = [str(each["ns"]) for each in cast("list[Document]", body.get("nsInfo", []))]
    if name == "renameCollection":
        namespaces = [str(body[name]), str(body.get("to"))]
    for namespace in namespaces:
        database, _, collection = namespace.partition(".")
        if encrypters.find(database, collection) is not None:
            raise InvalidOperation(f"{namespace}: {name} cannot be used where fields are encrypted")


def _check_aggregation(encrypters: Encrypters, database: str, body: Document) -> None:
    """Check that nothing goes past the encrypter of a collection from the pipeline of another, or of a database."""
    pipeline = cast("list[Document]", body.get("pipeline") or [])
    for other, collection in other_collections(pipeline):
        if encrypters.find(other or database, collection) is not None:
            name = f"{other or database}.{collection}"
            raise InvalidOperation(f"{name}: fields of it are encrypted, and this pipeline cannot know")
    if body["aggregate"] == 1 and (database == "admin" or encrypters.any_in(database)):
        check_stream(database, pipeline, encrypters.cipher)


def _filter(encrypter: FieldEncrypter, fields: Document, name: str) -> Document:
    """Return the filter of a command or statement, rewritten."""
    given = cast("Document", fields.get(name) or {})
    stored = encrypt_filter(encrypter, given)
    if stored != given:
        _check_collation(encrypter, fields)
    return stored


def _check_collation(encrypter: FieldEncrypter, fields: Document) -> None:
    """Refuse to compare under a collation what is stored as ciphertexts: they are equal or not, whatever the locale."""
    collation = fields.get("collation")
    if isinstance(collation, dict) and collation.get("locale") != "simple":
        raise InvalidOperation(f"{encrypter.namespace}: encrypted fields cannot be compared under a collation")


def _insert(command: Outgoing) -> Document:
    documents = cast("list[Document]", command.body["documents"])
    return {**command.body, "documents": [command.encrypter.encrypt_document(document) for document in documents]}


def _update(command: Outgoing) -> Document:
    statements = cast("list[Document]", command.body["updates"])
    return {**command.body, "updates": [_statement(command.encrypter, each, "q", "u") for each in statements]}


def _statement(encrypter: FieldEncrypter, fields: Document, query: str, update: str) -> Document:
    """Return an update statement, or a findAndModify, with filter, update and array filters rewritten."""
    filter_ = cast("Document", fields.get(query) or {})
    stored = _filter(encrypter, fields, query)
    result = {**fields, query: stored}
    check_paths(encrypter, fields.get("sort"))
    if update in fields:
        given = fields[update]
        result[update] = encrypt_update(encrypter, given)
        if fields.get("upsert"):
            result[update] = upserted_values(encrypter, filter_, stored, result[update])
        if "arrayFilters" in fields:
            result["arrayFilters"] = encrypt_array_filters(encrypter, fields["arrayFilters"], given)
    return result


def _delete(command: Outgoing) -> Document:
    statements = cast("list[Document]", command.body["deletes"])
    return {
        **command.body,
        "deletes": [{**each, "q": _filter(command.encrypter, each, "q")} for each in statements],
    }


def _find_and_modify(command: Outgoing) -> Document:
    if "fields" in command.body:
        check_projection(command.encrypter, command.body["fields"])
    return _statement(command.encrypter, command.body, "query", "update")


def _find(command: Outgoing) -> Document:
    body = command.body
    check_paths(command.encrypter, body.get("sort"))
    check_projection(command.encrypter, body.get("projection") or {})
    for name in ("min", "max"):
        check_paths(command.encrypter, body.get(name))
    return {**body, "filter": _filter(command.encrypter, body, "filter")}


def _count(command: Outgoing) -> Document:
    return {**command.body, "query": _filter(command.encrypter, command.body, "query")}


def _distinct(command: Outgoing) -> Document:
    key = str(command.body.get("key"))
    plain, how = command.encrypter.locate(key)
    is_searchable = command.encrypter.treatments.get(plain) is Treatment.DETERMINISTIC
    if how is not Relation.NONE and not is_searchable:
        command.encrypter.refuse(key, "its distinct values cannot be told from the stored ones")
    return _count(command)


def _aggregate(command: Outgoing) -> Document:
    given = cast("list[Document]", command.body["pipeline"])
    pipeline = encrypt_pipeline(command.encrypter, given, command.is_encrypted)
    if pipeline != given:
        _check_collation(command.encrypter, command.body)
    return {**command.body, "pipeline": pipeline}


def _create_indexes(command: Outgoing) -> Document:
    for index in cast("list[Document]", command.body["indexes"]):
        for path, kind in cast("Document", index["key"]).items():
            plain, how = command.encrypter.locate(path.removesuffix(".$**"))
            is_searchable = command.encrypter.treatments.get(plain) is Treatment.DETERMINISTIC
            if how is not Relation.NONE and not (is_searchable and (kind == "hashed" or not isinstance(kind, str))):
                command.encrypter.refuse(path, "an index on it would be of no use")
        for path in cast("Document", index.get("partialFilterExpression") or {}):
            if not path.startswith("$"):
                check_path(command.encrypter, path)
    return command.body


_COMMANDS: Final[dict[str, Callable[[Outgoing], Document]]] = {
    "insert": _insert,
    "update": _update,
    "delete": _delete,
    "findandmodify": _find_and_modify,
    "find": _find,
    "count": _count,
    "distinct": _distinct,
    "aggregate": _aggregate,
    "createindexes": _create_indexes,
}

_WITHOUT_VALUES: Final = frozenset(
    {
        "create",
        "collMod",
        "collStats",
        "compact",
        "convertToCapped",
        "drop",
        "dropIndexes",
        "killCursors",
        "listIndexes",
        "planCacheClear",
        "reIndex",
        "validate",
    }
)


def decrypt_reply(encrypters: Encrypters, database: str, command: Document, reply: Document) -> Document:
    """Return a reply with the fields of its documents decrypted.

    Args:
        encrypters: Everybody's.
        database: The database of the command.
        command: The command as it was given.
        reply: Its reply.

    Raises:
        EncryptionError: A value does not decrypt; nothing of the reply is given out.
    """
    name, target = next(iter(command.items()))
    if "cursor" in reply:
        return {**reply, "cursor": _decrypt_cursor(encrypters, cast("Document", reply["cursor"]))}
    encrypter = encrypters.find(database, target)
    if encrypter is None:
        return reply
    if isinstance(reply.get("value"), dict):
        return {**reply, "value": encrypter.decrypt_document(cast("Document", reply["value"]))}
    if name == "distinct" and isinstance(reply.get("values"), list):
        return {
            **reply,
            "values": _distinct_values(encrypter, str(command["key"]), cast("list[BsonValue]", reply["values"])),
        }
    return reply


def _decrypt_cursor(encrypters: Encrypters, cursor: Document) -> Document:
    database, _, collection = str(cursor.get("ns", "")).partition(".")
    for batch in ("firstBatch", "nextBatch"):
        documents = cursor.get(batch)
        if isinstance(documents, list):
            decrypt = _decrypt_event if "postBatchResumeToken" in cursor else _decrypt_found
            return {**cursor, batch: [decrypt(encrypters, database, collection, each) for each in documents]}
    return cursor


def _decrypt_found(encrypters: Encrypters, database: str, collection: str, document: Document) -> Document:
    encrypter = encrypters.find(database, collection)
    return document if encrypter is None else encrypter.decrypt_document(document)


def _decrypt_event(encrypters: Encrypters, database: str, collection: str, event: Document) -> Document:
    """Decrypt an event of a change stream, which may be of any collection."""
    namespace = event.get("ns")
    if isinstance(namespace, dict):
        database, collection = str(namespace.get("db", "")), str(namespace.get("coll", ""))
    encrypter = encrypters.find(database, collection)
    if encrypter is None:
        return event
    result = dict(event)
    for name in EVENT_DOCUMENTS:
        if isinstance(event.get(name), dict):
            result[name] = encrypter.decrypt_document(cast("Document", event[name]))
    description = event.get("updateDescription")
    if isinstance(description, dict) and isinstance(description.get("updatedFields"), dict):
        updated = {path: encrypter.decrypt_at(path, value) for path, value in description["updatedFields"].items()}
        result["updateDescription"] = {**description, "updatedFields": updated}
    return result


def _distinct_values(encrypter: FieldEncrypter, key: str, values: list[BsonValue]) -> list[BsonValue]:
    """Decrypt distinct values; one that is stored under several keys comes once."""
    result: list[BsonValue] = []
    for value in values:
        plain = encrypter.decrypt_at(key, value)
        if not any(type(plain) is type(other) and plain == other for other in result):
            result.append(plain)
    return result
