"""Dotted paths: which values of a document a filter sees, and which ones an index holds.

Filters and indexes both step into arrays by themselves ("implicit traversal") and both read a numeric step as an array
index and as a field name, but they differ in what they make of arrays at the end, of nested arrays and of nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import MISSING, UNDEFINED, BsonValue, Document, Field

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
    value: Field = document
    for part in parts:
        if value.__class__ is not dict:
            return [leaf.value for leaf in leaves(document, parts)] if value.__class__ is list else [MISSING]
        value = value.get(part, MISSING)
    return [value]


def element_values(document: Document, parts: Parts) -> list[Field]:
    """Return the values a filter compares at a path: of an array at its end first the elements, then the array.

    An array that was itself reached by an array index (`a.0` in `{a: [[1]]}`) is one value.
    """
    value: Field = document
    for part in parts:
        if value.__class__ is not dict:
            if value.__class__ is list:
                return [leaf.value for leaf in element_leaves(document, parts)]
            return [MISSING]
        value = value.get(part, MISSING)
    if value.__class__ is list:
        return [*value, value]
    return [value]


def element_leaves(document: Document, parts: Parts) -> list[Leaf]:
    """Return what `element_values` returns, each value with its place in the outermost array (for `a.$`)."""
    found: list[Leaf] = []
    for leaf in leaves(document, parts):
        value, outer, is_element = leaf
        if isinstance(value, list) and not is_element:
            found.extend(Leaf(element, place if outer is None else outer) for place, element in enumerate(value))
        found.append(leaf)
    return found


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


def index_values(document: Document, parts: Parts) -> list[Field]:
    """Return the values that an index on one path holds for a document, in order, with repetitions.

    Returns:
        Values; MISSING where an index holds null for want of a field; UNDEFINED for an empty array.

    Raises:
        ServerError: location 16746 when a numeric step is both an index of an array and a field of its elements.
    """
    value: Field = document
    for part in parts:
        if value.__class__ is not dict:
            if value.__class__ is list:
                break
            return [MISSING]
        value = value.get(part, MISSING)
    else:
        return list(value) or [UNDEFINED] if isinstance(value, list) else [value]
    return [values[0] for values in index_key_tuples(document, (parts,))]


def index_key_tuples(document: Document, paths: Sequence[Parts]) -> list[tuple[Field, ...]]:
    """Return the keys that a compound index on `paths` holds for a document, in order, with repetitions.

    Components that lead through the same array take their values from the same element.

    Returns:
        For each key the values of its components, as in `index_values`.

    Raises:
        ServerError: CannotIndexParallelArrays (171) when components lead into different arrays; location 16746 when a
            numeric step is both an index of an array and a field of its elements.
    """
    keys: list[tuple[Field, ...]] = []
    _add_keys(document, (), [_Component(parts) for parts in paths], keys)
    return keys


class _Positional(NamedTuple):
    """What the numeric step of a path picks out of the array that is being traversed."""

    array: Sequence[BsonValue]
    value: Field
    rest: Parts
    location: Parts
    is_nested_array: bool


class _Component(NamedTuple):
    """How far one component of an index has been followed.

    Attributes:
        rest: The steps that are left.
        value: What was found so far: the component's value when no steps are left.
        location: The steps, array places among them, that led to the value; known when it is an array.
        positional: See `_Positional`.
    """

    rest: Parts
    value: Field = MISSING
    location: Parts = ()
    positional: _Positional | None = None


_EMPTY: Final[Document] = {}


def _add_keys(document: Document, location: Parts, components: list[_Component], keys: list[tuple[Field, ...]]) -> None:
    followed = [_follow(document, location, component) for component in components]
    components = [component for component, _ in followed]
    along_array = [
        number
        for number, (component, step) in enumerate(followed)
        if step is not _Step.DONE and isinstance(component.value, list)
    ]
    if not along_array:
        keys.append(tuple(component.value for component in components))
        return
    locations = {components[number].location for number in along_array}
    if len(locations) > 1:
        raise ServerError(ErrorCode.CannotIndexParallelArrays, "cannot index parallel arrays")
    expands = all(step is not _Step.INTO_NESTED_ARRAY for _, step in followed)
    _add_element_keys(components, along_array, expands, keys)


def _add_element_keys(
    components: list[_Component], along_array: list[int], expands: bool, keys: list[tuple[Field, ...]]
) -> None:
    """Add the keys of each element of the array that the components `along_array` have come to."""
    array, location = components[along_array[0]].value, components[along_array[0]].location
    assert isinstance(array, list)
    for number in along_array:
        positional = _positional(array, location, components[number].rest)
        components[number] = components[number]._replace(positional=positional)
    for place, element in enumerate(array or [UNDEFINED]):
        entry = list(components)
        for number in along_array:
            if not components[number].rest:
                entry[number] = components[number]._replace(value=element if expands or not array else array)
        inner = element if isinstance(element, dict) else _EMPTY
        _add_keys(inner, (*location, str(place)), entry, keys)


class _Step(Enum):
    """What following a component came to."""

    DONE = "was at its end before"
    INTO_OBJECT = "went through objects"
    INTO_NESTED_ARRAY = "came by index to an array within an array, which is not expanded"


def _follow(document: Document, location: Parts, component: _Component) -> tuple[_Component, _Step]:
    """Follow a component through objects up to an array or its end."""
    if not component.rest:
        return component, _Step.DONE
    positional = component.positional
    if component.rest[0] in document:
        if positional is not None:
            raise _ambiguous(component.rest[0], positional.array)
        value, rest = _descend(document, component.rest)
        passed = component.rest[: len(component.rest) - len(rest)]
        return _Component(rest, value, location + passed), _Step.INTO_OBJECT
    if positional is None:
        return _Component((), MISSING), _Step.INTO_OBJECT
    step = _Step.INTO_NESTED_ARRAY if positional.is_nested_array else _Step.INTO_OBJECT
    return _Component(positional.rest, positional.value, positional.location), step


def _descend(value: Field, parts: Parts) -> tuple[Field, Parts]:
    for step, part in enumerate(parts):
        if isinstance(value, list):
            return value, parts[step:]
        if not isinstance(value, dict):
            return MISSING, ()
        value = value.get(part, MISSING)
    return value, ()


def _positional(array: Sequence[BsonValue], location: Parts, parts: Parts) -> _Positional | None:
    if not parts or not _is_digits(parts[0]):
        return None
    place = int(parts[0])
    if place >= len(array) or str(place) != parts[0]:
        return None
    value, rest = _descend(array[place], parts[1:])
    passed = parts[: len(parts) - len(rest)]
    return _Positional(array, value, rest, location + passed, isinstance(array[place], list))


def _ambiguous(part: str, array: Sequence[BsonValue]) -> ServerError:
    return ServerError(
        16746,
        "Ambiguous field name found in array (do not use numeric field names in embedded elements in an array), "
        f"field: '{part}' for array: {array!r}",
    )
