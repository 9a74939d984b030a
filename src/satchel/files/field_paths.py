"""Paths of fields, and the values that stand there: how a path lies to given fields, and changing what is in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from enum import Enum
from typing import Final, TypeAlias

from satchel.values.bson_types import BsonValue

Fields: TypeAlias = Collection[str]
"""Dotted paths without array positions, none within another."""


class Relation(Enum):
    """How a path lies to the given fields."""

    NONE = 0
    EXACT = 1
    INSIDE = 2
    ABOVE = 3


_POSITIONS: Final = ("$", "$[]")


def plain_path(path: str, fields: Fields) -> str:
    """Return a path without array positions: `$`, `$[…]`, and numbers unless a given field is named so."""
    names: list[str] = []
    for name in path.split("."):
        if name in _POSITIONS or name.startswith("$["):
            continue
        if name.isdecimal() and not _is_named(names, name, fields):
            continue
        names.append(name)
    return ".".join(names)


def _is_named(names: list[str], name: str, fields: Fields) -> bool:
    path = ".".join([*names, name])
    return any(f"{known}.".startswith(f"{path}.") for known in fields)


def relation(path: str, fields: Fields) -> Relation:
    """Return how a plain path lies to the given fields."""
    if path in fields:
        return Relation.EXACT
    for known in fields:
        if path.startswith(f"{known}."):
            return Relation.INSIDE
    if any(known.startswith(f"{path}.") for known in fields):
        return Relation.ABOVE
    return Relation.NONE


Change: TypeAlias = Callable[[str, BsonValue], BsonValue]
"""Makes another value of one that stands in a given field, given the field's path."""


def change_within(value: BsonValue, path: str, fields: Fields, change: Change) -> BsonValue:
    """Return a value with the given fields in it changed; `path` is where the value stands, empty for a document."""
    how = Relation.ABOVE if not path else relation(path, fields)
    if how is Relation.EXACT:
        if isinstance(value, list):
            return [change(path, element) for element in value]
        return change(path, value)
    if how is not Relation.ABOVE:
        return value
    if isinstance(value, dict):
        prefix = f"{path}." if path else ""
        return {name: change_within(member, prefix + name, fields, change) for name, member in value.items()}
    if isinstance(value, list):
        return [change_within(element, path, fields, change) for element in value]
    return value


def field_values(value: BsonValue, path: str, fields: Fields) -> Iterator[tuple[str, BsonValue]]:
    """Yield the values of given fields in a document, each with its field's path."""
    found: list[tuple[str, BsonValue]] = []

    def note(at: str, each: BsonValue) -> BsonValue:
        found.append((at, each))
        return each

    change_within(value, path, fields, note)
    yield from found


def names_an_element(path: str, fields: Fields) -> bool:
    """Tell whether a path ends in an array position: `tags.0`, `tags.$`."""
    parent, dot, last = path.rpartition(".")
    return (
        bool(dot)
        and (last.isdecimal() or last.startswith("$"))
        and plain_path(path, fields) == plain_path(parent, fields)
    )
