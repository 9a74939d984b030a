"""Filters: equality on deterministic fields is asked for in ciphertexts; what cannot be asked is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias, cast

from bson import Regex
from pymongo.errors import InvalidOperation

from satchel.files.encryption.documents import FieldEncrypter
from satchel.files.encryption.expressions import check_expression
from satchel.files.encryption.policy import Treatment
from satchel.files.field_paths import Relation, field_values
from satchel.values.bson_types import BsonValue, Document

Condition: TypeAlias = "dict[str, BsonValue]"

_LOGICAL: Final = frozenset({"$and", "$or", "$nor"})
_HARMLESS: Final = frozenset({"$comment", "$sampleRate", "$alwaysTrue", "$alwaysFalse"})
_ON_ANYTHING: Final = frozenset({"$exists", "$size"})


def encrypt_filter(encrypter: FieldEncrypter, filter_: Document, prefix: str = "") -> Document:
    """Return a filter that finds in the stored documents what `filter_` would find in the decrypted ones.

    Args:
        encrypter: The collection's.
        filter_: A filter.
        prefix: The path of the subdocuments that it is about (`$elemMatch`, `$pull`, `arrayFilters`), with a dot.

    Raises:
        InvalidOperation: Ciphertexts cannot tell.
    """
    result: Document = {}
    for name, condition in filter_.items():
        if name in _LOGICAL:
            clauses = cast("list[Document]", condition)
            result[name] = [encrypt_filter(encrypter, clause, prefix) for clause in clauses]
        elif name == "$expr":
            check_expression(encrypter, condition)
            result[name] = condition
        elif name in _HARMLESS:
            result[name] = condition
        elif name.startswith("$"):
            raise InvalidOperation(f"{encrypter.namespace}: {name} cannot be used where fields are encrypted")
        else:
            result[name] = encrypt_condition(encrypter, prefix + name, condition)
    return result


def encrypt_condition(encrypter: FieldEncrypter, path: str, condition: BsonValue) -> BsonValue:
    """Return what a field's stored values have to fulfil."""
    plain, how = encrypter.locate(path)
    if how is Relation.NONE:
        return condition
    if how is Relation.INSIDE:
        encrypter.refuse(path, "it lies within an encrypted field, and cannot be searched for")
    if how is Relation.ABOVE:
        return _above(encrypter, path, plain, condition)
    return _exact(encrypter, plain, condition)


def is_operators(condition: BsonValue) -> bool:
    """Tell whether a condition consists of operators, rather than being a value to equal."""
    return isinstance(condition, dict) and bool(condition) and next(iter(condition)).startswith("$")


def _above(encrypter: FieldEncrypter, path: str, plain: str, condition: BsonValue) -> BsonValue:
    """Check the condition on a document, or an array of documents, in which fields are encrypted."""
    if not is_operators(condition):
        _check_literal(encrypter, path, plain, condition)
        return condition
    result: Document = {}
    for name, operand in cast("Document", condition).items():
        if name == "$elemMatch" and not is_operators(operand):
            result[name] = encrypt_filter(encrypter, cast("Document", operand), f"{path}.")
        elif name == "$not":
            result[name] = _above(encrypter, path, plain, operand)
        elif name in _ON_ANYTHING or name == "$type":
            result[name] = operand
        else:
            _check_literal(encrypter, path, plain, operand)
            result[name] = operand
    return result


def _check_literal(encrypter: FieldEncrypter, path: str, plain: str, value: BsonValue) -> None:
    """Refuse to compare with a document that has encrypted fields; a value that is none compares as ever."""
    elements = value if isinstance(value, list) else [value]
    if any(True for _ in field_values(value, plain, encrypter.treatments)) or any(
        isinstance(element, dict) for element in elements
    ):
        encrypter.refuse(path, "there are encrypted fields in it; ask for the fields one by one")


def _exact(encrypter: FieldEncrypter, path: str, condition: BsonValue) -> BsonValue:
    if not is_operators(condition):
        return _equal(encrypter, path, condition)
    result: Document = {}
    for name, operand in cast("Document", condition).items():
        rewrite = _EQUALITIES.get(name)
        if name in _ON_ANYTHING:
            _add(encrypter, path, result, {name: operand})
        elif rewrite is not None:
            _add(encrypter, path, result, rewrite(encrypter, path, operand))
        else:
            encrypter.refuse(path, f"{name} cannot be answered from its stored values")
    return result


def _add(encrypter: FieldEncrypter, path: str, result: Document, more: Condition) -> None:
    for name, operand in more.items():
        if name in result:
            encrypter.refuse(path, "so many conditions on one field; divide them with $and")
        result[name] = operand


def _equal(encrypter: FieldEncrypter, path: str, value: BsonValue) -> BsonValue:
    """Return the condition for a value that is written without an operator."""
    condition = _eq(encrypter, path, value)
    return condition["$eq"] if list(condition) == ["$eq"] else condition


def _eq(encrypter: FieldEncrypter, path: str, value: BsonValue) -> Condition:
    if isinstance(value, list):
        return {"$eq": [_only_form(encrypter, path, element) for element in value]}
    forms = stored_forms(encrypter, path, value)
    return {"$eq": forms[0]} if len(forms) == 1 else {"$in": forms}


def _ne(encrypter: FieldEncrypter, path: str, value: BsonValue) -> Condition:
    if isinstance(value, list):
        return {"$ne": [_only_form(encrypter, path, element) for element in value]}
    return {"$nin": stored_forms(encrypter, path, value)}


def _in(encrypter: FieldEncrypter, path: str, values: BsonValue) -> Condition:
    return {"$in": _all_forms(encrypter, path, values)}


def _nin(encrypter: FieldEncrypter, path: str, values: BsonValue) -> Condition:
    return {"$nin": _all_forms(encrypter, path, values)}


def _all(encrypter: FieldEncrypter, path: str, values: BsonValue) -> Condition:
    if not isinstance(values, list):
        encrypter.refuse(path, "$all needs a list")
    return {"$all": [_only_form(encrypter, path, value) for value in values]}


def _not(encrypter: FieldEncrypter, path: str, condition: BsonValue) -> Condition:
    if not is_operators(condition):
        encrypter.refuse(path, "$not of this cannot be answered from its stored values")
    return {"$not": _exact(encrypter, path, condition)}


def _elem_match(encrypter: FieldEncrypter, path: str, condition: BsonValue) -> Condition:
    if not is_operators(condition):
        encrypter.refuse(path, "its elements are encrypted, and cannot be looked into")
    return {"$elemMatch": _exact(encrypter, path, condition)}


_EQUALITIES: Final[dict[str, Callable[[FieldEncrypter, str, BsonValue], Condition]]] = {
    "$eq": _eq,
    "$ne": _ne,
    "$in": _in,
    "$nin": _nin,
    "$all": _all,
    "$not": _not,
    "$elemMatch": _elem_match,
}


def _all_forms(encrypter: FieldEncrypter, path: str, values: BsonValue) -> list[BsonValue]:
    if not isinstance(values, list):
        encrypter.refuse(path, "$in and $nin need a list")
    return [form for value in values for form in stored_forms(encrypter, path, value)]


def stored_forms(encrypter: FieldEncrypter, path: str, value: BsonValue) -> list[BsonValue]:
    """Return what a value may be stored as in a treated field.

    Raises:
        InvalidOperation: The field is not encrypted deterministically, or the value cannot be.
    """
    if value is None:
        return [None]
    if encrypter.treatments[path] is not Treatment.DETERMINISTIC:
        encrypter.refuse(path, "it cannot be searched for")
    if isinstance(value, Regex):
        encrypter.refuse(path, "a pattern cannot be answered from its stored values")
    return list(encrypter.cipher.deterministic_forms(value, encrypter.place(path)))


def _only_form(encrypter: FieldEncrypter, path: str, value: BsonValue) -> BsonValue:
    forms = stored_forms(encrypter, path, value)
    if len(forms) > 1:
        encrypter.refuse(path, "numbers, and values while there are several keys, can only be asked for by $in")
    return forms[0]


def equalities(filter_: Document) -> dict[str, BsonValue]:
    """Return the values that an upsert takes from its filter, by path."""
    found: dict[str, BsonValue] = {}
    for name, condition in filter_.items():
        if name == "$and":
            for clause in cast("list[Document]", condition):
                found.update(equalities(clause))
        elif not name.startswith("$"):
            if not is_operators(condition):
                found[name] = condition
            elif "$eq" in cast("Document", condition):
                found[name] = cast("Document", condition)["$eq"]
    return found
