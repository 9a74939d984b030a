"""Updates: what operators write is encrypted; what they would compute from encrypted values is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, cast

from pymongo.errors import InvalidOperation

from satchel.files.encryption.documents import FieldEncrypter
from satchel.files.encryption.expressions import check_expression, check_path, check_paths, check_projection
from satchel.files.encryption.filters import encrypt_condition, encrypt_filter, equalities, is_operators, stored_forms
from satchel.files.encryption.policy import Treatment
from satchel.files.field_paths import Relation, field_values
from satchel.values.bson_types import BsonValue, Document

Update = Document | list[Document]
Rewrite = Callable[[FieldEncrypter, str, BsonValue], BsonValue]


def encrypt_update(encrypter: FieldEncrypter, update: BsonValue) -> BsonValue:
    """Return an update, or a replacement, as the stored documents need it.

    Raises:
        InvalidOperation: It computes with an encrypted field.
    """
    if isinstance(update, list):
        for stage in update:
            _check_stage(encrypter, cast("Document", stage))
        return update
    operators = cast("Document", update)
    if not is_operators(operators):
        return encrypter.encrypt_document(operators)
    result: Document = {}
    for name, fields in operators.items():
        rewrite = _REWRITES.get(name, _refuse_computing)
        if not isinstance(fields, dict):
            result[name] = fields  # the server says what is wrong
            continue
        result[name] = {path: _with_name(rewrite, name)(encrypter, path, value) for path, value in fields.items()}
    return result


def encrypt_array_filters(encrypter: FieldEncrypter, filters: BsonValue, update: BsonValue) -> BsonValue:
    """Return `arrayFilters` for an update: conditions on the elements that its paths name."""
    places = _identifiers(update)
    result: list[BsonValue] = []
    for each in cast("list[Document]", filters):
        rewritten: Document = {}
        for name, condition in each.items():
            identifier, _, rest = name.partition(".")
            if name.startswith("$"):
                raise InvalidOperation(f"{encrypter.namespace}: {name} in arrayFilters where fields are encrypted")
            path = f"{places.get(identifier, identifier)}.{rest}" if rest else places.get(identifier, identifier)
            rewritten[name] = encrypt_condition(encrypter, path, condition)
        result.append(rewritten)
    return result


def upserted_values(encrypter: FieldEncrypter, filter_: Document, stored: Document, update: BsonValue) -> BsonValue:
    """Add to an upsert's update what its filter would have set, but for standing there in several stored forms.

    Args:
        encrypter: The collection's.
        filter_: The filter as it was given.
        stored: The filter as it is sent.
        update: The update as it is sent.
    """
    wanted = {path: value for path, value in equalities(filter_).items() if path not in equalities(stored)}
    wanted = {path: value for path, value in wanted.items() if encrypter.locate(path)[1] is Relation.EXACT}
    if not wanted or not is_operators(update):
        if wanted and isinstance(update, list):
            encrypter.refuse(next(iter(wanted)), "an upsert by a pipeline cannot take it from the filter")
        return update
    operators = cast("dict[str, Document]", update)
    written = {path for fields in operators.values() for path in fields}
    added = {path: encrypter.encrypt_at(path, value) for path, value in wanted.items() if not _overlaps(path, written)}
    return {**operators, "$setOnInsert": {**operators.get("$setOnInsert", {}), **added}} if added else update


def _overlaps(path: str, written: set[str]) -> bool:
    return any(f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}.") for other in written)


def _identifiers(update: BsonValue) -> dict[str, str]:
    """Return the paths of the elements that `$[identifier]` stands for."""
    places: dict[str, str] = {}
    if isinstance(update, dict):
        for fields in update.values():
            for path in cast("Mapping[str, BsonValue]", fields) if isinstance(fields, dict) else ():
                names = path.split(".")
                for position, name in enumerate(names):
                    if name.startswith("$[") and len(name) > 3:
                        places[name[2:-1]] = ".".join(names[:position])
    return places


def _with_name(rewrite: Rewrite | Callable[..., BsonValue], name: str) -> Rewrite:
    if rewrite is _refuse_computing:
        return lambda encrypter, path, value: _refuse_computing(encrypter, path, value, name)
    return cast("Rewrite", rewrite)


def _refuse_computing(encrypter: FieldEncrypter, path: str, value: BsonValue, name: str) -> BsonValue:
    if encrypter.locate(path)[1] in {Relation.EXACT, Relation.INSIDE}:
        encrypter.refuse(path, f"{name} cannot compute with its stored values")
    return value


def _set(encrypter: FieldEncrypter, path: str, value: BsonValue) -> BsonValue:
    return encrypter.encrypt_at(path, value)


def _unset(encrypter: FieldEncrypter, path: str, value: BsonValue) -> BsonValue:
    if encrypter.locate(path)[1] is Relation.INSIDE:
        encrypter.refuse(path, "it lies within an encrypted field")
    return value


def _rename(encrypter: FieldEncrypter, path: str, value: BsonValue) -> BsonValue:
    check_path(encrypter, path)
    check_path(encrypter, cast("str", value))
    return value


def _push(encrypter: FieldEncrypter, path: str, value: BsonValue) -> BsonValue:
    if not (isinstance(value, dict) and "$each" in value):
        return _element(encrypter, path, value)
    if encrypter.locate(path)[1] is Relation.EXACT and "$sort" in value:
        encrypter.refuse(path, "$sort cannot order its stored values")
    if isinstance(value.get("$sort"), dict):
        check_paths(encrypter, {f"{path}.{name}": 1 for name in cast("Document", value["$sort"])})
    each = cast("list[BsonValue]", value["$each"])
    return {**value, "$each": [_element(encrypter, path, element) for element in each]}


def _add_to_set(encrypter: FieldEncrypter, path: str, value: BsonValue) -> BsonValue:
    added = cast("list[BsonValue]", value["$each"]) if isinstance(value, dict) and "$each" in value else [value]
    plain, _ = encrypter.locate(path)
    for at, each in (
        (at, each) for element in added for at, each in field_values(element, plain, encrypter.treatments)
    ):
        if each is not None and encrypter.treatments[at] is not Treatment.DETERMINISTIC:
            encrypter.refuse(at, "$addToSet cannot tell whether a value is in the set")
        if each is not None and len(encrypter.cipher.ring.ids) > 1:
            encrypter.refuse(at, "$addToSet cannot tell while there are several keys")
    return _push(encrypter, path, value)


def _element(encrypter: FieldEncrypter, path: str, value: BsonValue) -> BsonValue:
    """Encrypt what becomes an element of the array at a path: an array of its own is one value."""
    plain, how = encrypter.locate(path)
    return encrypter.encrypt_element(plain, value) if how is Relation.EXACT else encrypter.encrypt_at(path, value)


def _pull(encrypter: FieldEncrypter, path: str, condition: BsonValue) -> BsonValue:
    how = encrypter.locate(path)[1]
    if how is Relation.ABOVE and isinstance(condition, dict) and not is_operators(condition):
        return encrypt_filter(encrypter, condition, f"{path}.")
    return encrypt_condition(encrypter, path, condition)


def _pull_all(encrypter: FieldEncrypter, path: str, values: BsonValue) -> BsonValue:
    plain, how = encrypter.locate(path)
    if how is Relation.NONE or not isinstance(values, list):
        return values
    if how is not Relation.EXACT:
        encrypter.refuse(path, "there are encrypted fields in it; use $pull with a condition")
    return [form for value in values for form in stored_forms(encrypter, plain, value)]


_REWRITES: Final[dict[str, Rewrite]] = {
    "$set": _set,
    "$setOnInsert": _set,
    "$unset": _unset,
    "$rename": _rename,
    "$push": _push,
    "$addToSet": _add_to_set,
    "$pull": _pull,
    "$pullAll": _pull_all,
    "$pop": _unset,
}


def _check_stage(encrypter: FieldEncrypter, stage: Document) -> None:
    """Check a stage of a pipeline that updates."""
    for name, spec in stage.items():
        if name in {"$set", "$addFields"}:
            check_paths(encrypter, spec)
            check_expression(encrypter, spec)
        elif name == "$unset":
            for path in [spec] if isinstance(spec, str) else cast("list[str]", spec):
                _unset(encrypter, path, None)
        elif name == "$project":
            check_projection(encrypter, spec)
        else:
            raise InvalidOperation(f"{encrypter.namespace}: {name} cannot update where fields are encrypted")
