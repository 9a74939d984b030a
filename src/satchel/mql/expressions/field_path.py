"""Field paths and variables as expressions: `"$a.b"`, `"$$name.path"`.

A path goes through arrays: `$a.b` of `{a: [{b: 1}, {b: 2}, 5]}` is `[1, 2]`. Position numbers mean nothing here.
"""

from __future__ import annotations

from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.expression import Evaluate, Expression, Variables
from satchel.values.bson_types import MISSING, Document, Field

MAX_PATH_LENGTH: Final = 200
DBREF_FIELDS: Final = frozenset({"$ref", "$id", "$db"})
"""The fields of a DBRef: the only ones with a dollar that a path may name."""

_HINT: Final = "Consider using $getField or $setField for a field path with '.' or '$'. :: caused by :: "


def split_path(path: str) -> tuple[str, ...]:
    """Split a field path at its dots.

    Raises:
        ServerError: Location40352 for an empty path, Location40353 for one that ends with a dot, Location15998,
            16410, 16411 for a bad component, Overflow (15) for more than 200 components.
    """
    if not path:
        raise ServerError(40352, "FieldPath cannot be constructed with empty string")
    if path[-1] == ".":
        raise ServerError(40353, "FieldPath must not end with a '.'.")
    parts = tuple(path.split("."))
    if len(parts) > MAX_PATH_LENGTH:
        raise ServerError(ErrorCode.Overflow, "FieldPath is too long")
    for part in parts:
        check_field_name(part)
    return parts


def check_field_name(name: str) -> None:
    """Refuse what cannot be one component of a field path.

    Raises:
        ServerError: Location15998 when empty, 16410 with a leading dollar, 16411 with a NUL, 16412 with a dot.
    """
    if not name:
        raise ServerError(15998, f"{_HINT}FieldPath field names may not be empty strings.")
    if name[0] == "$" and name not in DBREF_FIELDS:
        raise ServerError(16410, f"{_HINT}FieldPath field names may not start with '$', given '{name}'.")
    if "\0" in name:
        raise ServerError(16411, f"{_HINT}FieldPath field names may not contain '\\0', given '{name}'.")
    if "." in name:
        raise ServerError(16412, f"{_HINT}FieldPath field names may not contain '.', given '{name}'.")


def root_path(parts: tuple[str, ...]) -> Expression:
    """Return the expression that reads a path of the root document; no parts are the whole document."""
    return Expression(_root_reader(parts), fields=frozenset({".".join(parts)}), path=parts or None, is_plain=True)


def variable_path(name: str, parts: tuple[str, ...]) -> Expression:
    """Return the expression that reads a user's variable, or a path in it."""
    if not parts:
        return Expression(lambda _document, variables: variables[name], variables=frozenset({name}), is_plain=True)

    def evaluate(_document: Document, variables: Variables) -> Field:
        return read_path(variables[name], parts)

    return Expression(evaluate, variables=frozenset({name}), is_plain=True)


def _root_reader(parts: tuple[str, ...]) -> Evaluate:
    if not parts:
        return lambda document, _variables: document
    first = parts[0]
    if len(parts) == 1:
        return lambda document, _variables: document.get(first, MISSING)
    rest = parts[1:]
    if len(rest) > 1:
        return lambda document, _variables: read_path(document.get(first, MISSING), rest)
    second = rest[0]

    def evaluate(document: Document, _variables: Variables) -> Field:
        value = document.get(first, MISSING)
        if value.__class__ is dict:
            return value.get(second, MISSING)
        return read_path(value, rest)

    return evaluate


def read_path(value: Field, parts: tuple[str, ...]) -> Field:
    """Return what `parts` lead to from `value`, mapping over arrays of documents on the way."""
    for index, part in enumerate(parts):
        if value.__class__ is dict:
            value = value.get(part, MISSING)
        elif value.__class__ is list:
            return _read_elements(value, parts[index:])
        else:
            return MISSING
    return value


def _read_elements(array: list[Field], parts: tuple[str, ...]) -> list[Field]:
    """Read the path in every element that is a document; the others, and missing fields, leave no trace."""
    found = (read_path(element, parts) for element in array if element.__class__ is dict)
    return [value for value in found if value is not MISSING]
