"""What an update changed, as MongoDB's oplog and the `updateDescription` of change streams say it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from satchel.mql.update.identity import identical
from satchel.mql.update.tree import Elements, Fields, Leaf, Node, array_index, is_plain_number
from satchel.values.bson_types import MISSING, BsonValue, Document, Field, encode_document

Place: TypeAlias = tuple[str | int, ...]
"""Where a value stands: names of fields, positions in arrays."""

_ENTRY_BYTES: Final = 15
"""What MongoDB's oplog entry adds to a difference; where both are no smaller than the document, it takes that."""


class AmbiguousDeltaError(Exception):
    """Two changes have the same dotted path: fields with a dot in their names."""


@dataclass(slots=True)
class Delta:
    """The changes of one document.

    Attributes:
        updated: New values by dotted path.
        removed: Dotted paths.
        truncated: Arrays that lost their end: `{field: path, newSize: length}`.
        ambiguous: Those paths that can be read in several ways, with their parts; positions in arrays are numbers.
    """

    updated: Document = field(default_factory=dict)
    removed: list[BsonValue] = field(default_factory=list)
    truncated: list[BsonValue] = field(default_factory=list)
    ambiguous: Document = field(default_factory=dict)
    _paths: set[str] = field(default_factory=set)

    def update(self, place: Place, value: BsonValue) -> None:
        """Note that there is another value at a place."""
        self.updated[self._path(place)] = value

    def remove(self, place: Place) -> None:
        """Note that a field is gone."""
        self.removed.append(self._path(place))

    def truncate(self, place: Place, size: int) -> None:
        """Note that an array ends after `size` elements."""
        self.truncated.append({"field": self._path(place), "newSize": size})

    def _path(self, place: Place) -> str:
        path = ".".join(map(str, place))
        if path in self._paths:
            raise AmbiguousDeltaError(path)
        self._paths.add(path)
        if any(_is_ambiguous(part, is_inside=depth > 0) for depth, part in enumerate(place)):
            self.ambiguous[path] = list(place)
        return path

    def to_bson(self) -> Document:
        """Return the `updateDescription` with `disambiguatedPaths`."""
        return {
            "updatedFields": self.updated,
            "removedFields": self.removed,
            "truncatedArrays": self.truncated,
            "disambiguatedPaths": self.ambiguous,
        }


def _is_ambiguous(part: str | int, *, is_inside: bool) -> bool:
    """Tell whether a part may be taken for several, or (inside a value) a field's name for a position."""
    return isinstance(part, str) and ("." in part or (is_inside and is_plain_number(part)))


def modifiers_delta(root: Fields, old: Document, new: Document) -> Delta | None:
    """Return what update operators changed: MongoDB logs the value at the end of each operator's path.

    Args:
        root: The operators' tree.
        old: The document before.
        new: The document after, which shares with `old` what did not change.

    Returns:
        None when dots in names make it ambiguous; the whole document tells the change then.
    """
    delta = Delta()
    try:
        _follow(root, old, new, (), delta)
    except AmbiguousDeltaError:
        return None
    return delta


def _follow(node: Node, old: Field, new: Field, place: Place, delta: Delta) -> None:
    """Note what a part of the tree changed at a place."""
    if new is old:
        return
    if new is MISSING:
        delta.remove(place)
    elif isinstance(node, Leaf):
        _note_value(node, old, new, place, delta)
    elif isinstance(old, dict) and isinstance(new, dict) and isinstance(node, Fields):
        for name, child in node.children.items():
            _follow(child, old.get(name, MISSING), new.get(name, MISSING), (*place, name), delta)
    elif isinstance(old, list) and isinstance(new, list):
        _follow_elements(node, old, new, place, delta)
    else:
        delta.update(place, new)


def _note_value(leaf: Leaf, old: Field, new: BsonValue, place: Place, delta: Delta) -> None:
    """Note the value that an operator has set; of an array that only grew, the new elements."""
    least = leaf.modifier.appends_to
    if least is None or not isinstance(old, list) or not isinstance(new, list) or len(old) < least:
        delta.update(place, new)
    elif len(new) > len(old) and all(left is right for left, right in zip(old, new, strict=False)):
        for index in range(len(old), len(new)):
            delta.update((*place, index), new[index])
    else:
        delta.update(place, new)


def _follow_elements(node: Node, old: list[BsonValue], new: list[BsonValue], place: Place, delta: Delta) -> None:
    for index, element in enumerate(new):
        before = old[index] if index < len(old) else MISSING
        if element is before:
            continue
        children = _children_at(node, index)
        if len(children) > 1 and any(isinstance(child, Leaf) for child in children):
            delta.update((*place, index), element)
            continue
        for child in children:
            _follow(child, before, element, (*place, index), delta)


def _children_at(node: Node, index: int) -> list[Node]:
    """Return what may have changed an element: the nodes of its position, of `$`, of `$[]` and `$[id]`."""
    if isinstance(node, Elements):
        return list(node.children.values())
    assert isinstance(node, Fields)
    named = [child for name, child in node.children.items() if array_index(name) == index]
    return named if node.positional is None else [*named, node.positional]


def document_delta(old: Document, new: Document) -> Delta | None:
    """Return how a document differs from what it was, field by field, as for the pipeline of an update.

    Returns:
        None when the difference would be no smaller than the document: MongoDB logs a replacement then.
    """
    difference = _document_difference(old, new, _ENTRY_BYTES)
    if difference is None:
        return None
    delta = Delta()
    try:
        _flatten(difference, (), delta)
    except AmbiguousDeltaError:
        return None
    return delta


@dataclass(slots=True)
class _Difference:
    """A difference as MongoDB nests it: of a document or array, with those of the values in it."""

    updated: dict[str | int, BsonValue] = field(default_factory=dict)
    removed: list[str | int] = field(default_factory=list)
    inside: dict[str | int, _Difference] = field(default_factory=dict)
    size: int | None = None

    def to_bson(self) -> Document:
        """Return a document of about the size that MongoDB's has."""
        document: Document = {f"u{name}": value for name, value in self.updated.items()}
        document.update({f"d{name}": False for name in self.removed})
        document.update({f"s{name}": child.to_bson() for name, child in self.inside.items()})
        return document if self.size is None else {"a": True, "l": self.size, **document}

    def is_smaller_than(self, value: Document, extra: int = 0) -> bool:
        """Tell whether it pays to say what changed instead of the whole value."""
        return len(encode_document(self.to_bson())) + extra < len(encode_document(value))


def _flatten(difference: _Difference, place: Place, delta: Delta) -> None:
    for name in difference.removed:
        delta.remove((*place, name))
    for name, value in difference.updated.items():
        delta.update((*place, name), value)
    if difference.size is not None:
        delta.truncate(place, difference.size)
    for name, child in difference.inside.items():
        _flatten(child, (*place, name), delta)


def _document_difference(old: Document, new: Document, extra: int = 0) -> _Difference | None:
    """Compare two documents side by side, so that a field that has moved is one that was added at the end."""
    difference = _Difference()
    gone: list[str] = []
    names = iter(new)
    name = next(names, None)
    for old_name, value in old.items():
        if name == old_name:
            _compare(name, value, new[name], difference)
            name = next(names, None)
        else:
            gone.append(old_name)
    while name is not None:
        difference.updated[name] = new[name]
        name = next(names, None)
    difference.removed.extend(each for each in gone if each not in difference.updated)
    return difference if difference.is_smaller_than(new, extra) else None


def _array_difference(old: list[BsonValue], new: list[BsonValue]) -> _Difference | None:
    difference = _Difference()
    for index, (before, after) in enumerate(zip(old, new, strict=False)):
        _compare(index, before, after, difference)
    difference.updated.update(enumerate(new[len(old) :], len(old)))
    if len(new) < len(old):
        difference.size = len(new)
    return difference if difference.is_smaller_than({"": new}) else None


def _compare(name: str | int, old: BsonValue, new: BsonValue, difference: _Difference) -> None:
    if identical(old, new):
        return
    inside: _Difference | None = None
    if isinstance(old, dict) and isinstance(new, dict):
        inside = _document_difference(old, new)
    elif isinstance(old, list) and isinstance(new, list):
        inside = _array_difference(old, new)
    if inside is None:
        difference.updated[name] = new
    else:
        difference.inside[name] = inside
