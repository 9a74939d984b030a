"""The paths of an update as a tree, and the walk along it: one pass over a document applies all operators.

The walk owns the paths: array positions, padding, `$`, `$[]`, `$[id]`, fields that have to be created. It copies what
changes and shares what does not; a part that stays as it is comes back as the same object.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cmp_to_key
from typing import Final, TypeAlias

from satchel.errors import ErrorCode, ServerError
from satchel.mql.update.modifier import Modifier, Parts, Walk
from satchel.values.bson_types import INT64_MAX, MISSING, BsonValue, Document, Field
from satchel.values.shell_text import shell_text

MAX_PADDING: Final = 1_500_000
"""How many nulls may be put before an element that is set beyond the end of an array."""

_MAX_INDEX_DIGITS: Final = 100

ElementTest: TypeAlias = Callable[[BsonValue], bool]


class Node(ABC):
    """What an update does with one value."""

    @abstractmethod
    def apply(self, value: Field, path: Parts, walk: Walk) -> Field:
        """Return the new value.

        Args:
            value: The old one, or MISSING.
            path: Where it stands.
            walk: The document that it is in.

        Returns:
            The same object when nothing changes; MISSING when there is to be no such field.
        """

    @abstractmethod
    def refuse(self, path: Parts, value: BsonValue, walk: Walk, name: str) -> None:
        """Raise the error for a path that leads on through `value`, which stands at `path` and has no field `name`."""

    def merged(self, other: Node, path: Parts) -> Node:
        """Return this node and another one that turned out to be at the same place.

        Raises:
            ServerError: ConflictingUpdateOperators (40).
        """
        raise _conflict(path)


class Leaf(Node):
    """The end of a path.

    Args:
        modifier: What to do there.
    """

    __slots__ = ("_applies", "_compute", "modifier")

    def __init__(self, modifier: Modifier) -> None:
        self.modifier = modifier
        self._compute = modifier.compute
        self._applies = modifier.applies

    def apply(self, value: Field, path: Parts, walk: Walk) -> Field:
        """Return what the operator computes."""
        if self._applies is not None and not self._applies(walk):
            return value
        return self._compute(value, walk)

    def refuse(self, path: Parts, value: BsonValue, walk: Walk, name: str) -> None:
        """Let the operator decide."""
        self.modifier.refuse(name, path[-1], value, walk)


class Fields(Node):
    """Named fields or array positions of a value.

    Attributes:
        children: What to do with which, by name.
        positional: What to do with the element that `$` stands for, or None.
    """

    __slots__ = ("_by_position", "_steps", "children", "positional")

    def __init__(self, children: dict[str, Node] | None = None, positional: Node | None = None) -> None:
        self.children: dict[str, Node] = children or {}
        self.positional = positional
        self._steps: tuple[tuple[str, Node], ...] | None = None
        self._by_position: dict[int, Fields] = {}

    @property
    def steps(self) -> tuple[tuple[str, Node], ...]:
        """The children in the order in which MongoDB applies them: by name, numbers as numbers."""
        if self._steps is None:
            names = sorted(self.children, key=cmp_to_key(_compare_names))
            self._steps = tuple((name, self.children[name]) for name in names)
        return self._steps

    def apply(self, value: Field, path: Parts, walk: Walk) -> Field:
        """Return the value with its fields modified."""
        node = self if self.positional is None else self.at_position(path, walk)
        if isinstance(value, dict):
            return node.apply_to_document(value, path, walk)
        if isinstance(value, list):
            return node.apply_to_array(value, path, walk)
        if value is MISSING:
            return node.create_document(path, walk)
        for name, child in node.steps:
            child.refuse(path, value, walk, name)
        return value

    def create_document(self, path: Parts, walk: Walk) -> Field:
        """Return the document that is to stand where there is none, or MISSING when nothing goes into it."""
        nothing: Document = {}
        created = self.apply_to_document(nothing, path, walk)
        return MISSING if created is nothing else created

    def apply_to_document(self, document: Document, path: Parts, walk: Walk) -> Document:
        """Return the document with its fields modified."""
        result = document
        for name, child in self.steps:
            old = document.get(name, MISSING)
            new = child.apply(old, (*path, name), walk)
            if new is old:
                continue
            if result is document:
                result = document.copy()
            if new is MISSING:
                del result[name]
            else:
                result[name] = new
        return result

    def apply_to_array(self, array: list[BsonValue], path: Parts, walk: Walk) -> list[BsonValue]:
        """Return the array with its elements modified, longer if need be; a removed element becomes null."""
        result = array
        for name, child in self.steps:
            index = array_index(name)
            if index is None:
                child.refuse(path, array, walk, name)
                continue
            old = result[index] if index < len(result) else MISSING
            new = child.apply(old, (*path, name), walk)
            if new is old:
                continue
            if result is array:
                result = array.copy()
            _put(result, index, None if new is MISSING else new)
        return result

    def refuse(self, path: Parts, value: BsonValue, walk: Walk, name: str) -> None:
        """Ask the operators below."""
        node = self if self.positional is None else self.at_position(path, walk)
        for _, child in node.steps:
            child.refuse(path, value, walk, name)

    def at_position(self, path: Parts, walk: Walk) -> Fields:
        """Return this node with `$` replaced by the document's position.

        Raises:
            ServerError: BadValue (2) without a position, ConflictingUpdateOperators (40) when the position is among
                the named ones and both want the same.
        """
        position = walk.position
        if position is None:
            raise ServerError(
                ErrorCode.BadValue, "The positional operator did not find the match needed from the query."
            )
        if position not in self._by_position:
            assert self.positional is not None
            positional = Fields({str(position): self.positional})
            self._by_position[position] = Fields(self.children).merged(positional, path)
        return self._by_position[position]

    def merged(self, other: Node, path: Parts) -> Fields:
        """Return the fields of both.

        Raises:
            ServerError: ConflictingUpdateOperators (40).
        """
        if not isinstance(other, Fields):
            raise _conflict(path)
        positional = self.positional or other.positional
        if self.positional is not None and other.positional is not None:
            positional = self.positional.merged(other.positional, (*path, "$"))
        return Fields(_merged_children(self.children, other.children, path), positional)


class Elements(Node):
    """All elements of an array, or those that meet conditions: `$[]` and `$[id]`.

    Args:
        filters: The array filters, by identifier.

    Attributes:
        children: What to do with the elements, by identifier; `""` is all of them.
    """

    __slots__ = ("_combinations", "_filters", "children")

    def __init__(self, filters: Mapping[str, ElementTest], children: dict[str, Node] | None = None) -> None:
        self._filters = filters
        self.children: dict[str, Node] = children or {}
        self._combinations: dict[tuple[str, ...], Node] = {}

    def apply(self, value: Field, path: Parts, walk: Walk) -> Field:
        """Return the array with its elements modified.

        Raises:
            ServerError: BadValue (2) when the value is no array.
        """
        if value is MISSING:
            self._refuse_missing(path)
        if not isinstance(value, list):
            raise ServerError(
                ErrorCode.BadValue,
                f"Cannot apply array updates to non-array element {path[-1]}: {shell_text(value)}",
            )
        result = value
        for index, old in enumerate(value):
            place = (*path, str(index))
            node = self._node_for(old, place)
            new = old if node is None else node.apply(old, place, walk)
            if new is not old:
                if result is value:
                    result = value.copy()
                result[index] = None if new is MISSING else new
        return result

    def _node_for(self, element: BsonValue, path: Parts) -> Node | None:
        """Return what to do with an element: the children whose conditions it meets, merged."""
        names = tuple(name for name in self.children if not name or self._filters[name](element))
        if len(names) < 2:
            return self.children[names[0]] if names else None
        if names not in self._combinations:
            node = self.children[names[0]]
            for name in names[1:]:
                node = node.merged(self.children[name], path)
            self._combinations[names] = node
        return self._combinations[names]

    def refuse(self, path: Parts, value: BsonValue, walk: Walk, name: str) -> None:
        """Raise the error of an array that is not there."""
        self._refuse_missing((*path, name))

    def _refuse_missing(self, path: Parts) -> None:
        raise ServerError(
            ErrorCode.BadValue,
            f"The path '{'.'.join(path)}' must exist in the document in order to apply array updates.",
        )

    def merged(self, other: Node, path: Parts) -> Elements:
        """Return the elements of both.

        Raises:
            ServerError: ConflictingUpdateOperators (40).
        """
        if not isinstance(other, Elements):
            raise _conflict(path)
        return Elements(self._filters, _merged_children(self.children, other.children, path))


def _conflict(path: Parts) -> ServerError:
    return ServerError(ErrorCode.ConflictingUpdateOperators, f"Update created a conflict at '{'.'.join(path)}'")


def _merged_children(left: Mapping[str, Node], right: Mapping[str, Node], path: Parts) -> dict[str, Node]:
    children = dict(left)
    for name, child in right.items():
        children[name] = children[name].merged(child, (*path, name)) if name in children else child
    return children


def _put(array: list[BsonValue], index: int, value: BsonValue) -> None:
    """Set an element, padding the array with nulls as far as needed.

    Raises:
        ServerError: CannotBackfillArray (34).
    """
    padding = index - len(array)
    if padding > MAX_PADDING:
        raise ServerError(ErrorCode.CannotBackfillArray, f"can't backfill more than {MAX_PADDING} elements")
    if padding >= 0:
        array.extend([None] * padding)
        array.append(value)
    else:
        array[index] = value


def array_index(name: str) -> int | None:
    """Return the array position that a step of a path can mean, or None."""
    if not (name.isascii() and name.isdigit()) or len(name) > _MAX_INDEX_DIGITS:
        return None
    index = int(name)
    return index if index <= INT64_MAX else None


def _compare_names(left: str, right: str) -> int:
    """Compare two field names: as numbers when both are, else as strings."""
    if is_plain_number(left) and is_plain_number(right) and len(left) != len(right):
        return len(left) - len(right)
    return (left > right) - (left < right)


def is_plain_number(name: str) -> bool:
    """Tell whether a field's name is written as a position in an array is."""
    return name.isascii() and name.isdigit() and (name[0] != "0" or name == "0")
