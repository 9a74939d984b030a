"""Dotted paths as filters follow them.

A path steps into arrays by itself ("implicit traversal"), and a numeric step is both an array index and a field name.
Indexes do the same, but make something else of arrays at the end, of nested arrays and of nothing: see `index_keys`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from satchel.values.bson_types import MISSING, BsonValue, Document, Field

Parts: TypeAlias = tuple[str, ...]


class Leaf(NamedTuple):
    """A value that a path leads to.

    Attributes:
        value: The value, or MISSING where the path ends before its last step.
        place: Where in the outermost implicitly traversed array the value stands; None when there is none.
        is_element: Whether the last step was an array index: an array found so is not looked into.
    """

    value: Field
    place: int | None = None
    is_element: bool = False


@lru_cache(maxsize=4096)
def split(path: str) -> Parts:
    """Split a dotted path into its steps."""
    return tuple(path.split("."))


def get_field(document: Document, parts: Sequence[str]) -> Field:
    """Return the value at a path through objects only, or MISSING."""
    value: Field = document
    for part in parts:
        if not isinstance(value, dict):
            return MISSING
        value = value.get(part, MISSING)
    return value


def leaf_values(document: Document, parts: Parts) -> list[Field]:
    """Return the values a filter sees at a path; arrays at its end stay whole.

    Returns:
        The values in document order. It holds MISSING wherever a filter for null must match: for each object or scalar
        on the way that lacks the rest of the path. It may be empty: `{a: [[]]}` has nothing at all at `a.0.b`.
    """
    if len(parts) == 1:
        return [document.get(parts[0], MISSING)]
    value: Field = document
    for step, part in enumerate(parts):
        if value.__class__ is not dict:
            return _values_beyond_array(value, parts[step:]) if isinstance(value, list) else [MISSING]
        value = value.get(part, MISSING)
    return [value]


def element_values(document: Document, parts: Parts) -> list[Field]:
    """Return the values a filter compares at a path: of an array at its end first the elements, then the array.

    An array that was itself reached by an array index (`a.0` in `{a: [[1]]}`) is one value.
    """
    value: Field = document
    for step, part in enumerate(parts):
        if value.__class__ is not dict:
            return _elements_beyond_array(value, parts[step:]) if isinstance(value, list) else [MISSING]
        value = value.get(part, MISSING)
    if value.__class__ is list:
        return [*value, value]
    return [value]


def _values_beyond_array(array: list[BsonValue], rest: Parts) -> list[Field]:
    if not _has_index(rest):
        values: list[Field] = []
        _collect_from_array(array, rest, values)
        return values
    found: list[Leaf] = []
    _walk_object(array, rest, None, found)
    return [leaf.value for leaf in found]


def _elements_beyond_array(array: list[BsonValue], rest: Parts) -> list[Field]:
    if _has_index(rest):
        found: list[Leaf] = []
        _walk_object(array, rest, None, found)
        return [leaf.value for leaf in _expanded(found)]
    values = _values_beyond_array(array, rest)
    if not any(value.__class__ is list for value in values):
        return values
    elements: list[Field] = []
    for value in values:
        if isinstance(value, list):
            elements.extend(value)
        elements.append(value)
    return elements


@lru_cache(maxsize=4096)
def _has_index(parts: Parts) -> bool:
    return any(map(_is_digits, parts))


def _collect_from_array(array: Sequence[BsonValue], parts: Parts, values: list[Field]) -> None:
    """Do what `_walk_array` does for a path without array indexes, the usual case, without `Leaf` objects."""
    is_taken = False
    for element in array:
        if isinstance(element, dict):
            is_taken = True
            value: Field = element
            for step, part in enumerate(parts):
                if not isinstance(value, dict):
                    if isinstance(value, list):
                        _collect_from_array(value, parts[step:], values)
                    else:
                        values.append(MISSING)
                    break
                value = value.get(part, MISSING)
            else:
                values.append(value)
        elif not isinstance(element, list):
            is_taken = True
            values.append(MISSING)
    if not is_taken:
        values.append(MISSING)


def element_leaves(document: Document, parts: Parts) -> list[Leaf]:
    """Return what `element_values` returns, each value with its place in the outermost array (for `a.$`)."""
    return _expanded(leaves(document, parts))


def _expanded(found: Sequence[Leaf]) -> list[Leaf]:
    expanded: list[Leaf] = []
    for leaf in found:
        value, outer, is_element = leaf
        if isinstance(value, list) and not is_element:
            expanded.extend(Leaf(element, place if outer is None else outer) for place, element in enumerate(value))
        expanded.append(leaf)
    return expanded


def leaves(document: Document, parts: Parts) -> list[Leaf]:
    """Return what `leaf_values` returns, each value with its place in the outermost array."""
    found: list[Leaf] = []
    _walk_object(document, parts, None, found)
    return found


def _walk_object(value: Field, parts: Parts, outer: int | None, found: list[Leaf]) -> None:
    for step, part in enumerate(parts):
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list):
            if parts[step:] == ("",):  # a path that ends in a dot, as "a.", ends at the array before the dot
                found.append(Leaf(value, outer))
            elif not _walk_array(value, parts[step:], outer, found):
                found.append(Leaf(MISSING, outer))
            return
        else:
            found.append(Leaf(MISSING, outer))
            return
    found.append(Leaf(value, outer))


def _walk_array(array: Sequence[BsonValue], parts: Parts, outer: int | None, found: list[Leaf]) -> bool:
    """Look for the rest of a path in an array's elements.

    Returns:
        Whether anything took the path up; where nothing does, the whole array lacks the field.
    """
    is_taken = False
    first, rest = parts[0], parts[1:]
    is_index = _is_digits(first)
    for place, element in enumerate(array):
        is_place = is_index and first == str(place)
        if isinstance(element, dict):
            is_taken = True
            _walk_object(element, parts, place if outer is None else outer, found)
        if is_place and not rest:
            is_taken = True
            found.append(Leaf(element, outer, is_element=True))
        elif is_place and isinstance(element, dict):
            _walk_object(element, rest, outer, found)
        elif is_place and isinstance(element, list):
            is_taken = True
            _walk_array(element, rest, outer, found)
        elif not is_index and not isinstance(element, dict | list):
            is_taken = True
            found.append(Leaf(MISSING, outer))
    return is_taken


def _is_digits(part: str) -> bool:
    return part.isascii() and part.isdigit()
