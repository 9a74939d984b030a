"""Wildcard indexes: which paths of a document they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from satchel.engine.catalog import IndexEntry
from satchel.values.bson_types import UNDEFINED, Document, Field


class WildcardPaths:
    """The paths and values of a document that a wildcard index holds.

    `$**` takes every path but `_id`, `a.$**` every path below `a`; a `wildcardProjection` includes or excludes paths.
    Arrays are gone through: their elements are found under the array's own path. An array within an array is one value.
    """

    def __init__(self, index: IndexEntry) -> None:
        name = next(path for path in index.paths if path == "$**" or path.endswith(".$**"))
        self._root = name.removesuffix("$**").removesuffix(".")
        projection = cast("Document", index.spec.get("wildcardProjection") or {})
        others = {path: bool(value) for path, value in projection.items() if path != "_id"}
        self._included = {path for path, kept in others.items() if kept}
        self._excluded = {path for path, kept in others.items() if not kept}
        if not (bool(projection.get("_id")) or self._root == "_id"):
            self._excluded.add("_id")
        self._fixed = {path for path in index.paths if path != name}

    def holds(self, path: str) -> bool:
        """Tell whether the index holds keys for `path` in every document that has it."""
        if self._root and not _within(path, self._root):
            return False
        if any(_within(path, excluded) for excluded in self._excluded | self._fixed):
            return False
        return not self._included or any(_within(path, included) for included in self._included)

    def leaves(self, document: Document) -> Iterator[tuple[str, Field]]:
        """Yield the paths that the index holds, with their values."""
        for path, value in _leaves(document, ""):
            if self.holds(path):
                yield path, value


def _within(path: str, root: str) -> bool:
    return path == root or path.startswith(root + ".")


def _leaves(document: Document, prefix: str) -> Iterator[tuple[str, Field]]:
    for name, value in document.items():
        path = prefix + name
        if isinstance(value, list):
            yield from _elements(value, path)
        else:
            yield from _value(value, path)


def _value(value: Field, path: str) -> Iterator[tuple[str, Field]]:
    if isinstance(value, dict) and value:
        yield from _leaves(value, path + ".")
    else:
        yield path, value


def _elements(array: list[Field], path: str) -> Iterator[tuple[str, Field]]:
    if not array:
        yield path, UNDEFINED
    for element in array:
        yield from _value(element, path)
