"""The paths of update operators: split once, checked once."""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache

from satchel.errors import ErrorCode, ServerError
from satchel.mql.update.modifier import Parts

POSITIONAL = "$"


def element_identifier(part: str) -> str | None:
    """Return the identifier of an array filter step: `"i"` of `$[i]`, `""` of `$[]`, None for any other step."""
    return part[2:-1] if part.startswith("$[") and part.endswith("]") else None


def is_dynamic(part: str) -> bool:
    """Tell whether a step stands for array elements that are only known for each document."""
    return part == POSITIONAL or element_identifier(part) is not None


def split_update_path(path: str, identifiers: Container[str]) -> Parts:
    """Split the path of an update operator.

    Args:
        path: The dotted path.
        identifiers: The identifiers of the array filters.

    Raises:
        ServerError: EmptyFieldName (56), BadValue (2) for `$` or `$[…]` in the wrong place or an unknown identifier.
    """
    if not path:
        raise ServerError(ErrorCode.EmptyFieldName, "An empty update path is not valid.")
    parts = tuple(path.split("."))
    if not all(parts):
        raise ServerError(
            ErrorCode.EmptyFieldName, f"The update path '{path}' contains an empty field name, which is not allowed."
        )
    if "$" in path:
        _check_placeholders(path, parts, identifiers)
    return parts


@lru_cache(maxsize=4096)
def split_known_path(path: str) -> Parts:
    """Split the path of an update operator where there are no array filters; the same ones come again and again."""
    return split_update_path(path, ())


def _check_placeholders(path: str, parts: Parts, identifiers: Container[str]) -> None:
    if parts[0] == POSITIONAL:
        raise ServerError(
            ErrorCode.BadValue,
            f"Cannot have positional (i.e. '$') element in the first position in path '{path}'",
        )
    if element_identifier(parts[0]) is not None:
        raise ServerError(
            ErrorCode.BadValue,
            f"Cannot have array filter identifier (i.e. '$[<id>]') element in the first position in path '{path}'",
        )
    if parts.count(POSITIONAL) > 1:
        raise ServerError(ErrorCode.BadValue, f"Too many positional (i.e. '$') elements found in path '{path}'")
    for part in parts:
        identifier = element_identifier(part)
        if identifier and identifier not in identifiers:
            raise ServerError(
                ErrorCode.BadValue, f"No array filter found for identifier '{identifier}' in path '{path}'"
            )


def static_path(parts: Parts) -> str:
    """Return a path as an index sees it, without array positions and placeholders: `a.b` of `a.$[].b` and `a.0.b`."""
    return ".".join(part for part in parts if not is_dynamic(part) and not (part.isascii() and part.isdigit()))
