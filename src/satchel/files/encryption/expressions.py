"""Expressions and sort patterns: they may not look at encrypted fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

from pymongo.errors import InvalidOperation

from satchel.files.encryption.documents import FieldEncrypter
from satchel.files.field_paths import Relation
from satchel.values.bson_types import BsonValue, Document

_WHOLE_DOCUMENT: Final = ("$$ROOT", "$$CURRENT")
_BY_NAME: Final = frozenset({"$getField", "$setField", "$unsetField", "$meta", "$function", "$accumulator"})


def check_expression(encrypter: FieldEncrypter, expression: BsonValue) -> None:
    """Check that an expression looks at no encrypted field.

    Raises:
        InvalidOperation: It does, or cannot be seen not to.
    """
    if isinstance(expression, str):
        _check_reference(encrypter, expression)
    elif isinstance(expression, list):
        for element in expression:
            check_expression(encrypter, element)
    elif isinstance(expression, dict):
        for name, operand in expression.items():
            if name in _BY_NAME:
                raise InvalidOperation(f"{encrypter.namespace}: {name} cannot be used where fields are encrypted")
            if name != "$literal":
                check_expression(encrypter, operand)


def _check_reference(encrypter: FieldEncrypter, text: str) -> None:
    if text.startswith("$$"):
        variable, _, path = text.partition(".")
        if variable not in _WHOLE_DOCUMENT:
            return
        if not path:
            raise InvalidOperation(f"{encrypter.namespace}: {variable} has encrypted fields in it")
        check_path(encrypter, path)
    elif text.startswith("$"):
        check_path(encrypter, text[1:])


def check_path(encrypter: FieldEncrypter, path: str) -> None:
    """Check that there is nothing encrypted at a path, in it or above it."""
    if encrypter.locate(path)[1] is not Relation.NONE:
        encrypter.refuse(path, "it can only be passed on as it is, not computed with or sorted by")


def check_paths(encrypter: FieldEncrypter, pattern: BsonValue) -> None:
    """Check the paths of a sort pattern or of index bounds."""
    names: Iterable[str] = cast("Document", pattern) if isinstance(pattern, dict) else ()
    for path in names:
        check_path(encrypter, path)


def check_projection(encrypter: FieldEncrypter, projection: BsonValue) -> None:
    """Check a projection: fields may be taken or left out, and new ones computed from others."""
    for path, what in cast("Document", projection).items():
        plain, how = encrypter.locate(path)
        if how is Relation.INSIDE:
            encrypter.refuse(path, "it lies within an encrypted field")
        if isinstance(what, bool | int | float) or (isinstance(what, dict) and list(what) == ["$slice"]):
            continue
        if isinstance(what, dict) and not next(iter(what), "$").startswith("$"):
            check_projection(encrypter, {f"{path}.{name}": member for name, member in what.items()})
            continue
        if how is not Relation.NONE:
            encrypter.refuse(plain, "a projection can only take it or leave it out")
        check_expression(encrypter, what)
