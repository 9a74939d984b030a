"""Aggregations: encrypted fields may be matched by equality and passed on unchanged, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from pymongo.errors import InvalidOperation

from satchel.files.encryption.documents import FieldEncrypter
from satchel.files.encryption.expressions import check_expression, check_path, check_paths, check_projection
from satchel.files.encryption.filters import encrypt_filter
from satchel.files.encryption.policy import EncryptedFields
from satchel.files.encryption.values import ValueCipher
from satchel.files.field_paths import Relation
from satchel.values.bson_types import BsonValue, Document

IsEncrypted = Callable[[str], bool]
"""Whether fields of a collection of the same database are encrypted, given its name."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """What a stage needs to know of where it runs."""

    encrypter: FieldEncrypter
    is_encrypted: IsEncrypted


def encrypt_pipeline(encrypter: FieldEncrypter, pipeline: list[Document], is_encrypted: IsEncrypted) -> list[Document]:
    """Return a pipeline that does with the stored documents what `pipeline` would do with the decrypted ones.

    Raises:
        InvalidOperation: It would look into encrypted fields, move them, or write them elsewhere.
    """
    stage_of = _Stage(encrypter, is_encrypted)
    result: list[Document] = []
    for stage in pipeline:
        name, spec = next(iter(stage.items()))
        if name == "$changeStream":
            return [stage, *_check_events(encrypter, pipeline[1:], is_encrypted)]
        rewrite = _STAGES.get(name)
        if rewrite is None:
            raise InvalidOperation(f"{encrypter.namespace}: {name} cannot be used where fields are encrypted")
        result.append({name: rewrite(stage_of, spec)})
    return result


EVENT_DOCUMENTS: Final = ("fullDocument", "fullDocumentBeforeChange")
_UPDATED_FIELDS: Final = "updateDescription.updatedFields"


def _check_events(encrypter: FieldEncrypter, stages: list[Document], is_encrypted: IsEncrypted) -> list[Document]:
    """Check what follows `$changeStream`: the fields stand deeper in events, and none may be looked at."""
    paths = [f"{part}.{path}" for part in EVENT_DOCUMENTS for path in encrypter.treatments]
    events = FieldEncrypter(encrypter.namespace, EncryptedFields([*paths, _UPDATED_FIELDS]), encrypter.cipher)
    return encrypt_pipeline(events, stages, is_encrypted)


def check_stream(database: str, pipeline: list[Document], cipher: ValueCipher) -> None:
    """Check the change stream of a whole database or deployment: documents may not be looked into.

    Raises:
        InvalidOperation: They are.
    """
    if pipeline and "$changeStream" in pipeline[0]:
        events = FieldEncrypter(database, EncryptedFields([*EVENT_DOCUMENTS, _UPDATED_FIELDS]), cipher)
        encrypt_pipeline(events, pipeline[1:], lambda _name: False)


def _match(stage: _Stage, spec: BsonValue) -> BsonValue:
    return encrypt_filter(stage.encrypter, cast("Document", spec))


def _pass(_stage: _Stage, spec: BsonValue) -> BsonValue:
    return spec


def _sort(stage: _Stage, spec: BsonValue) -> BsonValue:
    check_paths(stage.encrypter, spec)
    return spec


def _project(stage: _Stage, spec: BsonValue) -> BsonValue:
    check_projection(stage.encrypter, spec)
    return spec


def _add_fields(stage: _Stage, spec: BsonValue) -> BsonValue:
    check_paths(stage.encrypter, spec)
    check_expression(stage.encrypter, spec)
    return spec


def _unset(stage: _Stage, spec: BsonValue) -> BsonValue:
    for path in [spec] if isinstance(spec, str) else cast("list[str]", spec):
        if stage.encrypter.locate(path)[1] is Relation.INSIDE:
            stage.encrypter.refuse(path, "it lies within an encrypted field")
    return spec


def _compute(stage: _Stage, spec: BsonValue) -> BsonValue:
    """Check a stage whose results are computed: none of its expressions may look at an encrypted field."""
    check_expression(stage.encrypter, spec)
    return spec


def _unwind(stage: _Stage, spec: BsonValue) -> BsonValue:
    """Check `$unwind`: the elements of an array stay in their field."""
    path = cast("str", spec["path"] if isinstance(spec, dict) else spec)
    if stage.encrypter.locate(path.removeprefix("$"))[1] is Relation.INSIDE:
        stage.encrypter.refuse(path, "it lies within an encrypted field")
    return spec


def _lookup(stage: _Stage, spec: BsonValue) -> BsonValue:
    fields = cast("Document", spec)
    if stage.is_encrypted(str(fields.get("from", ""))):
        raise InvalidOperation(f"$lookup from {fields['from']}: fields of it are encrypted")
    for name in ("localField", "as"):
        if name in fields:
            check_path(stage.encrypter, str(fields[name]))
    check_expression(stage.encrypter, fields.get("let", {}))
    return spec


_STAGES: Final[dict[str, Callable[[_Stage, BsonValue], BsonValue]]] = {
    "$match": _match,
    "$sort": _sort,
    "$project": _project,
    "$addFields": _add_fields,
    "$set": _add_fields,
    "$unset": _unset,
    "$unwind": _unwind,
    "$lookup": _lookup,
    "$group": _compute,
    "$sortByCount": _compute,
    "$bucket": _compute,
    "$bucketAuto": _compute,
    "$replaceRoot": _compute,
    "$replaceWith": _compute,
    "$redact": _compute,
    "$limit": _pass,
    "$skip": _pass,
    "$sample": _pass,
    "$count": _pass,
    "$collStats": _pass,
    "$indexStats": _pass,
}


def other_collections(pipeline: BsonValue) -> list[tuple[str | None, str]]:
    """Return the collections that a pipeline writes to or joins, at any depth: database (if it is named) and name."""
    found: list[tuple[str | None, str]] = []
    if isinstance(pipeline, list):
        for element in pipeline:
            found += other_collections(element)
    elif isinstance(pipeline, dict):
        for name, spec in pipeline.items():
            if name in {"$out", "$merge", "$lookup", "$unionWith", "$graphLookup"}:
                found.append(_target(spec))
            found += other_collections(spec)
    return found


def _target(spec: BsonValue) -> tuple[str | None, str]:
    if not isinstance(spec, dict):
        return None, str(spec)
    target = spec.get("into", spec.get("from", spec.get("coll", "")))
    if isinstance(target, dict):
        return _target(target)
    database = spec.get("db")
    return None if database is None else str(database), str(target)
