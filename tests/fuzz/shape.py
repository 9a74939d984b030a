"""What a generator knows of the documents that reach a stage or an expression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from .values import KINDS

PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "object": {"n": "number", "s": "string", "p": "element", "p.n": "number", "p.k": "key", "a": "numbers"},
    "element": {"n": "number", "s": "string", "k": "key"},
    "objects": {"n": "numbers", "s": "strings"},
    "any": {"n": "any"},
}
"""The paths within a value of a kind, and the kind that they have in an expression."""
ELEMENT_KINDS: Final = {"numbers": "number", "strings": "string", "objects": "element", "array": "any"}
WIDER: Final[Mapping[str, tuple[str, ...]]] = {
    "number": ("number", "int", "positive"),
    "array": ("numbers", "strings", "objects", "array"),
    "object": ("object", "element"),
    "any": (),
}
"""The kinds that do where another is wanted; anything does for "any"."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Fields and variables in scope.

    Attributes:
        fields: Path → kind.
        variables: Name without dollars → kind.
    """

    fields: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)

    def references(self, kind: str) -> list[str]:
        """Return what refers to a value of a kind, as in an expression."""
        wanted = WIDER.get(kind, (kind,))
        return [name for name, found in self._all() if kind == "any" or found in wanted]

    def paths(self, *kinds: str) -> list[str]:
        """Return the paths of fields with one of the kinds; all of them without kinds."""
        return [path for path, kind in _spread(self.fields) if not kinds or kind in kinds]

    def binding(self, **kinds: str) -> Shape:
        """Return the shape with more variables."""
        return Shape(self.fields, {**self.variables, **kinds})

    def setting(self, **kinds: str) -> Shape:
        """Return the shape with more fields."""
        return Shape({**self.fields, **kinds}, self.variables)

    def without(self, *names: str) -> Shape:
        """Return the shape without some fields."""
        return Shape({name: kind for name, kind in self.fields.items() if name not in names}, self.variables)

    def only(self, kinds: Mapping[str, str]) -> Shape:
        """Return the shape of documents that have other fields."""
        return Shape(dict(kinds), self.variables)

    def _all(self) -> Iterator[tuple[str, str]]:
        for path, kind in _spread(self.fields):
            yield f"${path}", kind
        for path, kind in _spread(self.variables):
            yield f"$${path}", kind


def _spread(kinds: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, kind in kinds.items():
        yield name, kind
        for path, part in PARTS.get(kind, {}).items():
            yield f"{name}.{path}", part


COLLECTION: Final = Shape({"_id": "number", "at": "date", **KINDS})
"""A collection's documents as `values.documents` makes them."""
