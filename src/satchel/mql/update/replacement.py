"""Updates by a whole new document."""

from __future__ import annotations

from typing import ClassVar

from bson import Timestamp

from satchel.mql.context import Context
from satchel.mql.update.fields import current_timestamp
from satchel.mql.update.identity import identical
from satchel.mql.update.result import check_depth, check_names, with_id_of
from satchel.mql.update.update import Kind, Update
from satchel.values.bson_types import Document


class ReplacementUpdate(Update):
    """A document that takes the place of another one, except for its `_id`.

    Args:
        replacement: The new document.
        context: The operation; its time replaces top-level timestamps of zero.
    """

    kind: ClassVar[Kind] = "replacement"

    def __init__(self, replacement: Document, context: Context) -> None:
        self._replacement = replacement
        if Timestamp in map(type, replacement.values()):
            self._replacement = {
                name: current_timestamp(context) if _is_zero_timestamp(value) and name != "_id" else value
                for name, value in replacement.items()
            }

    def apply(self, document: Document, *, position: int | None = None, inserting: bool = False) -> Document:
        """Return the new document: see `Update.apply`."""
        if not inserting:
            check_names(self._replacement, self._replacement)
        check_depth(self._replacement)
        return replaced(document, self._replacement)


def replaced(old: Document, new: Document) -> Document:
    """Return `new` with the `_id` of `old`; the old object when it was the same document from the first.

    Raises:
        ServerError: ImmutableField (66).
    """
    if identical(old, new):
        return old
    result = with_id_of(old, new)
    return old if len(result) == 1 and identical(old, result) else result


def _is_zero_timestamp(value: object) -> bool:
    return isinstance(value, Timestamp) and value.time == 0 and value.inc == 0
