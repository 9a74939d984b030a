"""What every result of an update has to meet: the `_id` that stays, names with a dollar, the depth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bson import Regex

from satchel.errors import ErrorCode, ServerError
from satchel.mql.update.identity import identical
from satchel.values.bson_types import (
    MAX_DOCUMENT_SIZE_BYTES,
    MAX_NESTING_DEPTH,
    MISSING,
    BsonValue,
    Document,
    Field,
    type_name,
)
from satchel.values.compare import equal
from satchel.values.shell_text import shell_text

DBREF_FIELDS: Final = ("$ref", "$id", "$db")


def check_size(size_bytes: int) -> None:
    """Refuse a result that is too large as BSON.

    Raises:
        ServerError: BSONObjectTooLarge (10334).
    """
    if size_bytes > MAX_DOCUMENT_SIZE_BYTES:
        raise ServerError(
            ErrorCode.BSONObjectTooLarge, f"Resulting document after update is larger than {MAX_DOCUMENT_SIZE_BYTES}"
        )


def check_depth(document: Document) -> None:
    """Refuse a document that is nested too deeply.

    Raises:
        ServerError: Overflow (15).
    """
    if depth_of(document) > MAX_NESTING_DEPTH:
        raise ServerError(ErrorCode.Overflow, f"Document exceeds maximum nesting depth of {MAX_NESTING_DEPTH}")


def depth_of(value: BsonValue) -> int:
    """Return how many documents and arrays are nested in `value`: 0 for a scalar, 1 for `{}`."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth


def check_names(document: Document, names: Iterable[str], prefix: str = "") -> None:
    """Refuse fields whose names start with a dollar, unless they are those of a DBRef.

    Args:
        document: The document.
        names: Those of its fields that are new.
        prefix: What stands before the names in a message.

    Raises:
        ServerError: DollarPrefixedFieldName (52), InvalidDBRef (55).
    """
    for name in names:
        if name.startswith("$") and name in document:
            if name not in DBREF_FIELDS:
                raise ServerError(
                    ErrorCode.DollarPrefixedFieldName,
                    f"The dollar ($) prefixed field '{name}' in '{prefix}{name}' is not allowed in the context of an "
                    "update's replacement document. Consider using an aggregation pipeline with $replaceWith.",
                )
            _check_dbref_field(document, name)


def _check_all_names(value: BsonValue, path: str) -> None:
    """Check the names at every level of a value."""
    if isinstance(value, dict):
        check_names(value, value, f"{path}.")
        for name, item in value.items():
            _check_all_names(item, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_all_names(item, f"{path}.{index}")


def _check_dbref_field(document: Document, name: str) -> None:
    """Check that `$ref`, `$id` and `$db` follow each other in this order, and that names are strings."""
    if name != "$id" and not isinstance(document[name], str):
        raise ServerError(
            ErrorCode.InvalidDBRef,
            f"The DBRef {name} field must be a String, not a {type_name(document[name])}",
        )
    names = list(document)
    index = names.index(name)
    if name == "$ref":
        if names[index + 1 : index + 2] != ["$id"]:
            raise ServerError(ErrorCode.InvalidDBRef, "The DBRef $ref field must be followed by a $id field")
        return
    before = DBREF_FIELDS[DBREF_FIELDS.index(name) - 1]
    if index == 0 or names[index - 1] != before:
        raise ServerError(ErrorCode.InvalidDBRef, f"Found {name} field without a {before} before it, which is invalid.")


def check_same_id(old: Document, new: Document) -> None:
    """Refuse that operators change `_id`.

    Raises:
        ServerError: ImmutableField (66).
    """
    if not identical(old.get("_id", MISSING), new.get("_id", MISSING)):
        raise immutable_id()


def immutable_id() -> ServerError:
    """Return the error for an operator that would change `_id`."""
    return ServerError(
        ErrorCode.ImmutableField, "Performing an update on the path '_id' would modify the immutable field '_id'"
    )


def check_new_id(value: Field, *, whole_document: bool) -> None:
    """Refuse what cannot be the `_id` of a document that an update inserts.

    Args:
        value: The `_id`, or MISSING.
        whole_document: Whether the update made the whole document: a replacement, a pipeline.

    Raises:
        ServerError: InvalidIdField (53), NotSingleValueField (54), DollarPrefixedFieldName (52), InvalidDBRef (55).
    """
    if isinstance(value, list) and whole_document:
        raise ServerError(
            ErrorCode.NotSingleValueField,
            "After applying the update to the document, the (immutable) field '_id' was found to be an array or array "
            "descendant.",
        )
    if isinstance(value, list | Regex):
        raise ServerError(ErrorCode.InvalidIdField, f"The '_id' value cannot be of type {type_name(value)}")
    _check_all_names(value, "_id")


def with_id_of(old: Document, new: Document) -> Document:
    """Return the new document with `_id` at its head, taken from the old one if the new one has none.

    Raises:
        ServerError: ImmutableField (66) when both have one and they are not equal; the codes of `check_new_id`.
    """
    if "_id" not in old:
        return with_id_first(new)
    if "_id" not in new:
        return {"_id": old["_id"], **new}
    if not equal(old["_id"], new["_id"]):
        check_new_id(new["_id"], whole_document=False)
        raise ServerError(
            ErrorCode.ImmutableField,
            "After applying the update, the (immutable) field '_id' was found to have been altered to _id: "
            f"{shell_text(new['_id'])}",
        )
    return with_id_first(new)


def with_id_first(document: Document) -> Document:
    """Return the document with its `_id`, if it has one, at its head."""
    if "_id" not in document or next(iter(document)) == "_id":
        return document
    return {"_id": document["_id"], **{name: value for name, value in document.items() if name != "_id"}}
