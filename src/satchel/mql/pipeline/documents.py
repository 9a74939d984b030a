"""Reading and writing paths of nested documents as stages do: through documents only, copying what changes."""

from __future__ import annotations

from satchel.values.bson_types import MISSING, BsonValue, Document, Field


def get_path(document: Document, parts: tuple[str, ...]) -> Field:
    """Return the value at a path through nested documents; arrays on the way end it."""
    value: Field = document
    for part in parts:
        if value.__class__ is not dict:
            return MISSING
        value = value.get(part, MISSING)
    return value


def set_path(document: Document, parts: tuple[str, ...], value: Field) -> Document:
    """Return `document` with `value` (MISSING for none) at a path, where documents take the place of anything else."""
    copy = document.copy()
    name = parts[0]
    if len(parts) > 1:
        child = copy.get(name)
        copy[name] = set_path(child if isinstance(child, dict) else {}, parts[1:], value)
    elif value is MISSING:
        copy.pop(name, None)
    else:
        copy[name] = value
    return copy


def set_everywhere(document: Document, parts: tuple[str, ...], value: Field) -> Document:
    """Return `document` with `value` (MISSING for none) at a path, in every element of the arrays on the way."""
    copy = document.copy()
    name = parts[0]
    if len(parts) > 1:
        copy[name] = _set_inside(copy.get(name), parts[1:], value)
    elif value is MISSING:
        copy.pop(name, None)
    else:
        copy[name] = value
    return copy


def _set_inside(child: BsonValue, parts: tuple[str, ...], value: Field) -> BsonValue:
    if isinstance(child, list):
        return [_set_inside(member, parts, value) for member in child]
    return set_everywhere(child if isinstance(child, dict) else {}, parts, value)


def without_path(document: Document, parts: tuple[str, ...]) -> Document:
    """Return `document` without the field at a path through nested documents."""
    name = parts[0]
    child = document.get(name, MISSING)
    if child is MISSING:
        return document
    copy = document.copy()
    if len(parts) == 1:
        del copy[name]
    elif isinstance(child, dict):
        copy[name] = without_path(child, parts[1:])
    return copy
