"""The fields that a projection names, as a tree: what the parser fills and the compiler reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from satchel.errors import ServerError
from satchel.mql.expressions.expression import Expression


class Mark(Enum):
    """What the specification says of a field without computing it."""

    NAMED = "named"
    """Included or excluded, as the projection's kind has it."""

    SLICED = "sliced"
    """Cut by `$slice`: included in an inclusion, left alone in an exclusion."""


Leaf: TypeAlias = Mark | Expression


@dataclass(slots=True)
class Level:
    """What is said of the fields of one document, or of the documents in one array.

    Attributes:
        entries: Field name → what to do with it, in the order in which the specification first names them.
    """

    entries: dict[str, Level | Leaf] = field(default_factory=dict)

    def add(self, parts: Sequence[str], leaf: Leaf) -> None:
        """Add a leaf at a path below this level.

        Raises:
            ServerError: Location31249 when the path leads through another leaf, Location31250 when it is taken.
        """
        level = self._descend(parts[:-1], parts)
        if parts[-1] in level.entries:
            raise _collision(parts)
        level.entries[parts[-1]] = leaf

    def open(self, parts: Sequence[str]) -> None:
        """Make room for fields below a path.

        Raises:
            ServerError: As `add`.
        """
        level = self._descend(parts[:-1], parts)
        if not isinstance(level.entries.setdefault(parts[-1], Level()), Level):
            raise _collision(parts)

    def _descend(self, parts: Sequence[str], path: Sequence[str]) -> Level:
        """Return the level at `parts`, the beginning of `path`, making what is missing."""
        level = self
        for index, part in enumerate(parts):
            entry = level.entries.setdefault(part, Level())
            if not isinstance(entry, Level):
                rest = ".".join(path[max(index, 1) :])
                raise ServerError(31249, f"Path collision at {'.'.join(path)} remaining portion {rest}")
            level = entry
        return level

    @property
    def computes(self) -> bool:
        """Whether there is an expression in this level or below."""
        return any(isinstance(leaf, Expression) for _, leaf in self.leaves())

    def leaves(self, prefix: str = "") -> Iterator[tuple[str, Leaf]]:
        """Yield all leaves with their dotted paths."""
        for name, entry in self.entries.items():
            if isinstance(entry, Level):
                yield from entry.leaves(f"{prefix}{name}.")
            else:
                yield prefix + name, entry


def _collision(parts: Sequence[str]) -> ServerError:
    return ServerError(31250, f"Path collision at {'.'.join(parts)}")
