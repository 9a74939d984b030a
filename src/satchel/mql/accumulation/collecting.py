"""`$push`, `$addToSet`, `$setUnion`, `$concatArrays` and `$mergeObjects`: values put together."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable

from satchel.errors import ServerError
from satchel.mql.accumulation.accumulator import Accumulator
from satchel.mql.accumulation.hashable import hashable
from satchel.values.bson_types import MISSING, Document, Field, type_name
from satchel.values.collation import Collation


class Push(Accumulator):
    """`$push`: all values that are there, in order."""

    __slots__ = ("_values",)

    is_removable = True

    def __init__(self) -> None:
        self._values: deque[Field] = deque()

    def add(self, value: Field) -> None:
        """Append a value."""
        if value is not MISSING:
            self._values.append(value)

    def add_many(self, values: Iterable[Field]) -> None:
        """Append values."""
        self._values.extend([value for value in values if value is not MISSING])

    def remove(self, value: Field) -> None:
        """Drop the first value."""
        if value is not MISSING:
            self._values.popleft()

    def merge(self, other: Push) -> None:
        """Append the other's values."""
        self._values.extend(other._values)

    def result(self) -> Field:
        """Return the array."""
        return list(self._values)


class AddToSet(Accumulator):
    """`$addToSet`: each distinct value that is there, as it came first; MongoDB does not define the order.

    Args:
        collation: How strings compare.
    """

    __slots__ = ("_collation", "_counts", "_values")

    is_removable = True

    def __init__(self, collation: Collation | None = None) -> None:
        self._collation = collation
        self._values: dict[Hashable, Field] = {}
        self._counts: dict[Hashable, int] = {}

    def add(self, value: Field) -> None:
        """Add a value to the set."""
        if value is MISSING:
            return
        key = hashable(value, self._collation)
        if key in self._values:
            self._counts[key] = self._counts.get(key, 1) + 1
        else:
            self._values[key] = value

    def remove(self, value: Field) -> None:
        """Drop a value that was added, unless it was added more often."""
        if value is MISSING:
            return
        key = hashable(value, self._collation)
        count = self._counts.pop(key, 1)
        if count == 1:
            del self._values[key]
        elif count > 2:
            self._counts[key] = count - 1

    def merge(self, other: AddToSet) -> None:
        """Add the other's values."""
        for value in other._values.values():
            self.add(value)

    def result(self) -> Field:
        """Return the set as an array."""
        return list(self._values.values())


class SetUnion(AddToSet):
    """`$setUnion`: the distinct elements of arrays; missing counts as no array."""

    __slots__ = ()

    def add(self, value: Field) -> None:
        """Add the elements of an array.

        Raises:
            ServerError: TypeMismatch (14) for a value that is not an array.
        """
        for element in _elements("$setUnion", value):
            super().add(element)

    def remove(self, value: Field) -> None:
        """Drop the elements of an array that was added."""
        for element in _elements("$setUnion", value):
            super().remove(element)

    def merge(self, other: AddToSet) -> None:
        """Add the other's elements."""
        for value in other._values.values():
            super().add(value)


class ConcatArrays(Accumulator):
    """`$concatArrays`: the elements of arrays, in order; missing counts as no array."""

    __slots__ = ("_elements",)

    is_removable = True

    def __init__(self) -> None:
        self._elements: deque[Field] = deque()

    def add(self, value: Field) -> None:
        """Append the elements of an array.

        Raises:
            ServerError: TypeMismatch (14) for a value that is not an array.
        """
        self._elements.extend(_elements("$concatArrays", value))

    def remove(self, value: Field) -> None:
        """Drop the elements of the array that was added first."""
        for _ in _elements("$concatArrays", value):
            self._elements.popleft()

    def merge(self, other: ConcatArrays) -> None:
        """Append the other's elements."""
        self._elements.extend(other._elements)

    def result(self) -> Field:
        """Return the array."""
        return list(self._elements)


def _elements(name: str, value: Field) -> list[Field]:
    if value is MISSING:
        return []
    if not isinstance(value, list):
        raise ServerError(14, f"{name} requires array inputs, but input {value!r} is of type {type_name(value)}")
    return value


class MergeObjects(Accumulator):
    """`$mergeObjects`: one document of the fields of all, later ones first; null and missing count as none."""

    __slots__ = ("_merged",)

    def __init__(self) -> None:
        self._merged: Document = {}

    def add(self, value: Field) -> None:
        """Put the fields of a document in.

        Raises:
            ServerError: Location40400 for a value that is not a document.
        """
        if value is MISSING or value is None:
            return
        if not isinstance(value, dict):
            raise ServerError(
                40400, f"$mergeObjects requires object inputs, but input {value!r} is of type {type_name(value)}"
            )
        self._merged.update(value)

    def merge(self, other: MergeObjects) -> None:
        """Put the other's fields in."""
        self._merged.update(other._merged)

    def result(self) -> Field:
        """Return the document."""
        return dict(self._merged)
