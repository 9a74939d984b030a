"""The keys that a document has under a list of paths: what indexes hold and what sorting compares.

A path that runs into an array gives one key per element; paths that share the array go through it together, so a
document `{a: [{b: 1, c: 2}, {b: 3, c: 4}]}` has the keys (1, 2) and (3, 4) under `a.b` and `a.c`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import MISSING, UNDEFINED, Document, Field

Path: TypeAlias = tuple[str, ...]
Key: TypeAlias = tuple[Field, ...]

_EMPTY: Document = {}


class ParallelArraysError(ServerError):
    """Two of the paths run into different arrays, so the document has no keys.

    Args:
        first: The name of the one array field.
        second: The name of the other.
    """

    def __init__(self, first: str, second: str) -> None:
        super().__init__(ErrorCode.CannotIndexParallelArrays, f"cannot index parallel arrays [{second}] [{first}]")


@dataclass(frozen=True, slots=True)
class _Found:
    """What a walk along a path came to: a value, or the first array on the way, and the path that is left."""

    value: Field
    rest: Path
    name: str


@dataclass(frozen=True, slots=True)
class _Positional:
    """An array element named by its position in the path, and what the rest of the path finds below it."""

    is_array: bool
    found: _Found


@dataclass(slots=True)
class _Expansion:
    """One level of the expansion: what is known of each path, and the array that the open ones share."""

    rest: list[Path | None]
    fixed: list[Field]
    array: list[Field] | None = None
    array_name: str = ""
    members: tuple[int, ...] = ()
    may_expand: bool = True


def index_keys(
    document: Document, paths: Sequence[Path], *, missing: Field = MISSING, empty: Field = UNDEFINED
) -> list[Key]:
    """Return the keys of `document`, one per combination of array elements, in document order.

    Args:
        document: The document.
        paths: The paths, split at their dots.
        missing: What stands for a field that is not there.
        empty: What stands for an empty array (MongoDB indexes it as undefined).

    Returns:
        At least one key; equal keys are not removed.

    Raises:
        ParallelArraysError: CannotIndexParallelArrays (171) when two paths run into different arrays.
        ServerError: Location16746 when a numeric path step names a position and a field at once.

    Reference:
        MongoDB manual, "Multikey Indexes".
    """
    simple = [_plain_value(document, path) for path in paths]
    if all(value.__class__ is not list for value in simple):
        return [tuple(missing if value is MISSING else value for value in simple)]
    keys: list[Key] = []
    expansion = _Expansion(list(paths), [missing] * len(paths))
    _Generator(missing, empty, keys).expand(expansion, document, {})
    return keys


def _plain_value(document: Document, path: Path) -> Field:
    """Return the value at `path`, or the first array on the way there."""
    value: Field = document
    for part in path:
        if value.__class__ is not dict:
            return value if value.__class__ is list else MISSING
        value = value.get(part, MISSING)
    return value


def _walk(value: Field, path: Path, name: str) -> _Found:
    """Follow `path` from `value` until its end, or until it enters an array."""
    for index, part in enumerate(path):
        if value.__class__ is list:
            return _Found(value, path[index:], name)
        if value.__class__ is not dict:
            return _Found(MISSING, (), name)
        name = part
        value = value.get(part, MISSING)
    return _Found(value, (), name)


def _element(array: list[Field], part: str) -> Field:
    """Return the element that a path step names by its position, or MISSING."""
    if not part.isdecimal() or not part.isascii() or (len(part) > 1 and part[0] == "0"):
        return MISSING
    position = int(part)
    return array[position] if position < len(array) else MISSING


class _Generator:
    """Collects keys; `missing` and `empty` are as in `index_keys`."""

    def __init__(self, missing: Field, empty: Field, keys: list[Key]) -> None:
        self.missing = missing
        self.empty = empty
        self.keys = keys

    def expand(self, level: _Expansion, document: Document, positional: dict[int, _Positional]) -> None:
        """Resolve the open paths of `level` in `document`, then go through the array that they meet."""
        for index, path in enumerate(level.rest):
            if path is not None:
                self._resolve(level, index, path, document, positional.get(index))
        if level.array is None:
            self.keys.append(tuple(level.fixed))
        elif not level.array:
            self._enter(level, self.empty, {}, whole=False)
        else:
            below = self._positions(level)
            for element in level.array:
                self._enter(level, element, below, whole=not level.may_expand)

    def _resolve(
        self, level: _Expansion, index: int, path: Path, document: Document, positional: _Positional | None
    ) -> None:
        """Find what one path comes to and note it in `level`."""
        nested = False
        if path and path[0] in document:
            if positional is not None:
                raise ServerError(
                    16746,
                    "Ambiguous field name found in array (do not use numeric field names in embedded elements in an "
                    f"array), field: '{path[0]}'",
                )
            found = _walk(document, path, "")
        elif positional is not None:
            found = positional.found
            nested = positional.is_array
        else:
            found = _Found(MISSING, (), "")
        if isinstance(found.value, list):
            self._note_array(level, index, found.value, found, nested=nested)
        else:
            level.rest[index] = None
            level.fixed[index] = self.missing if found.value is MISSING else found.value

    @staticmethod
    def _note_array(level: _Expansion, index: int, array: list[Field], found: _Found, *, nested: bool) -> None:
        """Take `array`, to which the walk `found` led, as the one to expand."""
        if level.array is None:
            level.array, level.array_name = array, found.name
        elif level.array is not array:
            raise ParallelArraysError(level.array_name, found.name)
        if nested and not found.rest:
            level.may_expand = False
        level.members = (*level.members, index)
        level.rest[index] = found.rest

    def _positions(self, level: _Expansion) -> dict[int, _Positional]:
        """Resolve the path steps that name an element of the array by its position."""
        array = level.array or []
        below = {}
        for index in level.members:
            path = level.rest[index]
            if path and (element := _element(array, path[0])) is not MISSING:
                below[index] = _Positional(element.__class__ is list, _walk(element, path[1:], path[0]))
        return below

    def _enter(self, level: _Expansion, element: Field, below: dict[int, _Positional], *, whole: bool) -> None:
        """Go on with one element of the array: terminal paths take it, the others continue inside it."""
        deeper = _Expansion(list(level.rest), list(level.fixed))
        for index in level.members:
            if not deeper.rest[index]:
                deeper.rest[index] = None
                deeper.fixed[index] = level.array if whole else element
        document: Document = element if element.__class__ is dict else _EMPTY
        self.expand(deeper, document, below)
