"""Projection trees compiled: one object a level that rebuilds the document it is given.

There are two kinds of level. An `Inclusion` starts from nothing and takes what it names; a `Retention` (exclusions and
`$addFields`) starts from the whole document, removes what it names, and sets computed fields in their old places.
Both go through arrays, also nested ones. Computed fields always see the original document as their root.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from satchel.mql.expressions.expression import Evaluate, Expression, Variables
from satchel.mql.projection.tree import Level, Mark
from satchel.values.bson_types import MISSING, Document, Field


class Inclusion:
    """Keep only what is named, and add what is computed.

    Args:
        level: The fields of this level.
    """

    __slots__ = ("_children", "_computed", "_names", "computes")

    def __init__(self, level: Level) -> None:
        entries = level.entries
        self._names = frozenset(name for name, entry in entries.items() if isinstance(entry, Mark))
        self._children = {name: Inclusion(entry) for name, entry in entries.items() if isinstance(entry, Level)}
        self._computed = _computed(level, self._children)
        self.computes = bool(self._computed)

    def apply(self, document: Document, root: Document, variables: Variables) -> Document:
        """Return the projection of one document."""
        names, children = self._names, self._children
        if not children:
            result = {name: value for name, value in document.items() if name in names}
        else:
            result = {}
            for name, value in document.items():
                if name in names:
                    result[name] = value
                elif name in children:
                    projected = children[name].apply_to_value(value, root, variables)
                    if projected is not MISSING:
                        result[name] = projected
        if self._computed:
            _compute(self._computed, result, root, variables)
        return result

    def apply_to_value(self, value: Field, root: Document, variables: Variables) -> Field:
        """Return the projection of a value below a dotted path; MISSING when nothing of it is left."""
        if isinstance(value, dict):
            return self.apply(value, root, variables)
        if isinstance(value, list):
            projected = [self.apply_to_value(element, root, variables) for element in value]
            return [element for element in projected if element is not MISSING]
        return self.apply({}, root, variables) if self.computes else MISSING


class Retention:
    """Keep everything but what is named, and set what is computed.

    Args:
        level: The fields of this level.
    """

    __slots__ = ("_children", "_computed", "_removed", "computes")

    def __init__(self, level: Level) -> None:
        entries = level.entries
        self._removed = tuple(name for name, entry in entries.items() if entry is Mark.NAMED)
        levels = {name: Retention(entry) for name, entry in entries.items() if isinstance(entry, Level)}
        self._children = tuple(levels.items())
        self._computed = _computed(level, levels)
        self.computes = bool(self._computed)

    def apply(self, document: Document, root: Document, variables: Variables) -> Document:
        """Return the projection of one document."""
        result = document.copy()
        for name in self._removed:
            result.pop(name, None)
        for name, child in self._children:
            if name in result:
                result[name] = child.apply_to_value(result[name], root, variables)
        if self._computed:
            _compute(self._computed, result, root, variables)
        return result

    def apply_to_value(self, value: Field, root: Document, variables: Variables) -> Field:
        """Return the projection of a value below a dotted path."""
        if isinstance(value, dict):
            return self.apply(value, root, variables)
        if isinstance(value, list):
            return [self.apply_to_value(element, root, variables) for element in value]
        return self.apply({}, root, variables) if self.computes else value


Compiled: TypeAlias = Inclusion | Retention
_Step: TypeAlias = tuple[str, "Compiled | Evaluate"]


def _computed(level: Level, children: dict[str, Inclusion] | dict[str, Retention]) -> Sequence[_Step]:
    """Return the computed fields of a level and the children that have some, in the order of the specification."""
    steps: list[_Step] = []
    for name, entry in level.entries.items():
        if isinstance(entry, Expression):
            steps.append((name, entry.evaluate))
        elif name in children and children[name].computes:
            steps.append((name, children[name]))
    return steps


def _compute(steps: Sequence[_Step], result: Document, root: Document, variables: Variables) -> None:
    """Set the computed fields in `result`; a child sets them only here when the document lacks its field."""
    for name, step in steps:
        if isinstance(step, Inclusion | Retention):
            if name not in result:
                result[name] = step.apply({}, root, variables)
            continue
        value = step(root, variables)
        if value is not MISSING:
            result[name] = value
        elif name in result:
            del result[name]
