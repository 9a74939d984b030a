"""The keys that a document has under a list of paths: what indexes hold and what sorting compares.

A path that runs into an array gives one key per element; paths that share the array go through it together, so a
document `{a: [{b: 1, c: 2}, {b: 3, c: 4}]}` has the keys (1, 2) and (3, 4) under `a.b` and `a.c`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
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
    """What a walk along a path came to: a value, or the first array on the way, and the path that is left.

    Attributes:
        value: The value or array, or MISSING.
        rest: The path that is left.
        where: The steps that led there, array positions among them. Two arrays are the same array when they stand in
            the same place; one Python list may stand in two.
    """

    value: Field
    rest: Path = ()
    where: Path = ()


@dataclass(frozen=True, slots=True)
class _Positional:
    """An array element named by its position in the path, and what the rest of the path finds below it."""

    is_array: bool
    found: _Found


@dataclass(slots=True)
class _Expansion:
    """One level of the expansion: what is known of each path, and the array that the open ones share.

    Attributes:
        rest: For each path what is left of it; None when its value is fixed.
        fixed: For each path its value.
        base: Where the level's document stands.
        array: The array to go through.
        where: Where the array stands.
        members: The paths that have come to the array.
        may_expand: Whether a path that ends at the array takes its elements, or the array as it is.
    """

    rest: list[Path | None]
    fixed: list[Field]
    base: Path = ()
    array: list[Field] | None = None
    where: Path = ()
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
    if len(paths) == 1 and not _has_position(paths[0]):
        return [(missing if value is MISSING else value,) for value in _values(document, paths[0], empty)]
    simple = [plain_value(document, path) for path in paths]
    if all(value.__class__ is not list for value in simple):
        return [tuple(missing if value is MISSING else value for value in simple)]
    keys: list[Key] = []
    expansion = _Expansion(list(paths), [missing] * len(paths))
    _Generator(missing, empty, keys).expand(expansion, document, {})
    return keys


def index_values(document: Document, path: Path) -> list[Field]:
    """Return the values of `document` under one path, as an index on it holds them: see `index_keys`."""
    return [key[0] for key in index_keys(document, (path,))]


@lru_cache(maxsize=1024)
def _has_position(path: Path) -> bool:
    return any(part.isdecimal() for part in path)


def _values(document: Document, path: Path, empty: Field) -> list[Field]:
    """Return the values under one path without positions, the usual case."""
    if len(path) == 1:
        value = document.get(path[0], MISSING)
        if value.__class__ is not list:
            return [value]
    values: list[Field] = []
    _collect(document, path, empty, values)
    return values


def _collect(value: Field, path: Path, empty: Field, values: list[Field]) -> None:
    for index, part in enumerate(path):
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list):
            rest = path[index:]
            for element in value or (MISSING,):
                _collect(element if element.__class__ is dict else MISSING, rest, empty, values)
            return
        else:
            values.append(MISSING)
            return
    if isinstance(value, list):
        values.extend(value or (empty,))
    else:
        values.append(value)


def plain_value(document: Document, path: Path) -> Field:
    """Return the value at `path`, or the first array on the way there; MISSING where there is nothing."""
    value: Field = document
    for part in path:
        if value.__class__ is not dict:
            return value if value.__class__ is list else MISSING
        value = value.get(part, MISSING)
    return value


def _walk(value: Field, path: Path, where: Path) -> _Found:
    """Follow `path` from `value`, which stands at `where`, until its end, or until it enters an array."""
    for index, part in enumerate(path):
        if isinstance(value, list):
            return _Found(value, path[index:], where + path[:index])
        if not isinstance(value, dict):
            return _Found(MISSING)
        value = value.get(part, MISSING)
    return _Found(value, (), where + path)


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
            self._enter(level, 0, self.empty, {})
        else:
            below = self._positions(level)
            for position, element in enumerate(level.array):
                self._enter(level, position, element, below)

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
            found = _walk(document, path, level.base)
        elif positional is not None:
            found = positional.found
            nested = positional.is_array
        else:
            found = _Found(MISSING)
        if isinstance(found.value, list):
            self._note_array(level, index, found.value, found, nested=nested)
        else:
            level.rest[index] = None
            level.fixed[index] = self.missing if found.value is MISSING else found.value

    @staticmethod
    def _note_array(level: _Expansion, index: int, array: list[Field], found: _Found, *, nested: bool) -> None:
        """Take `array`, to which the walk `found` led, as the one to expand."""
        if level.array is None:
            level.array, level.where = array, found.where
        elif level.where != found.where:
            raise ParallelArraysError(level.where[-1], found.where[-1])
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
                below[index] = _Positional(element.__class__ is list, _walk(element, path[1:], (*level.where, path[0])))
        return below

    def _enter(self, level: _Expansion, position: int, element: Field, below: dict[int, _Positional]) -> None:
        """Go on with one element of the array: terminal paths take it, the others continue inside it."""
        deeper = _Expansion(list(level.rest), list(level.fixed), (*level.where, str(position)))
        for index in level.members:
            if not deeper.rest[index]:
                deeper.rest[index] = None
                deeper.fixed[index] = element if level.may_expand or not level.array else level.array
        self.expand(deeper, element if isinstance(element, dict) else _EMPTY, below)
