"""What an update operator is: a function that parses its operand and returns a `Modifier`; and their registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.registry import Registry
from satchel.values.bson_types import BsonValue, Document, Field
from satchel.values.shell_text import shell_text

Parts: TypeAlias = tuple[str, ...]


@dataclass(slots=True)
class Walk:
    """One document on its way through an update.

    Attributes:
        document: The document before the update.
        position: What the positional operator `$` stands for, or None.
        inserting: Whether the document is about to be inserted by an upsert.
    """

    document: Document
    position: int | None
    inserting: bool

    def id_text(self) -> str:
        """Return the `_id` for a message: `{_id: 5}`."""
        return f"{{_id: {shell_text(self.document['_id'])}}}" if "_id" in self.document else "{no id}"


class Site:
    """Where an operator is applied, while its operand is parsed.

    Args:
        path: The dotted path as the user wrote it.
        parts: Its steps; `$`, `$[]` and `$[id]` among them are placeholders.
        context: The operation.

    Attributes:
        has_asked: Whether the operator has asked for the operation, and so may mean something else in another one.
    """

    __slots__ = ("_context", "has_asked", "parts", "path")

    def __init__(self, path: str, parts: Parts, context: Context) -> None:
        self.path = path
        self.parts = parts
        self.has_asked = False
        self._context = context

    @property
    def context(self) -> Context:
        """The operation."""
        self.has_asked = True
        return self._context


class Obstacle(Enum):
    """What an operator does when its path leads through a scalar, or through an array without a position."""

    CREATE = "create"
    """It cannot create its field there, and says so."""

    TRAVERSE = "traverse"
    """It cannot look there, and says so."""

    IGNORE = "ignore"
    """There is nothing to do."""


Compute: TypeAlias = Callable[[Field, Walk], Field]
"""From the field's old value, or MISSING, to the new one; MISSING removes the field, the old object is no change."""


@dataclass(slots=True, eq=False)
class Modifier:
    """An operator with its operand: it computes one field, and knows nothing of paths.

    Attributes:
        site: Where it is applied.
        compute: The new value of the field.
        obstacle: What to do where there can be no such field.
        applies: Tells whether there is anything to do for a document; None is always.
        operand: What goes into the document at most, for the check of its depth.
        appends_to: How many elements an array has at least of which MongoDB logs only the elements that the operator
            appends; None for operators whose arrays it logs whole.
    """

    site: Site
    compute: Compute
    obstacle: Obstacle = Obstacle.CREATE
    applies: Callable[[Walk], bool] | None = None
    operand: BsonValue = None
    appends_to: int | None = None

    def refuse(self, name: str, container: str, value: BsonValue, walk: Walk) -> None:
        """Take notice that `value`, the field `container`, can have no field `name`.

        Raises:
            ServerError: PathNotViable (28), unless the operator has nothing to do there.
        """
        if self.obstacle is Obstacle.IGNORE or (self.applies is not None and not self.applies(walk)):
            return
        element = f"{{{container}: {shell_text(value)}}}"
        if self.obstacle is Obstacle.CREATE:
            raise ServerError(ErrorCode.PathNotViable, f"Cannot create field '{name}' in element {element}")
        raise ServerError(
            ErrorCode.PathNotViable,
            f"Cannot use the part ({name}) of ({self.site.path}) to traverse the element ({element})",
        )


ParseModifier: TypeAlias = Callable[[BsonValue, Site], "Modifier | Mapping[str, Modifier]"]
"""Parses the operand of an operator; one that works on several paths returns a modifier for each."""

OPERATORS: Final[Registry[ParseModifier]] = Registry("update operator")
