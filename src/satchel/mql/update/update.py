"""What all updates have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, TypeAlias

from satchel.mql.match import MatchExpression
from satchel.mql.update.result import check_new_id, with_id_first
from satchel.mql.update.upsert import check_upsert_filter, seed_document
from satchel.values.bson_types import MISSING, Document

Kind: TypeAlias = Literal["modifiers", "replacement", "pipeline"]


class Update(ABC):
    """An update, parsed once and applied to many documents.

    Attributes:
        kind: Which of the three it is.
    """

    kind: ClassVar[Kind]

    @property
    def needs_position(self) -> bool:
        """Whether `apply` wants the index of the array element that the filter met: the update has a `$`."""
        return False

    @property
    def is_constant(self) -> bool:
        """Whether the same specification, without array filters, is the same update in every operation."""
        return False

    @property
    def touched_paths(self) -> frozenset[str] | None:
        """The dotted paths at, above or below which anything may change; None when that is anywhere.

        Array positions are left out: `a.b` for `a.$.b` and `a.0.b`.
        """
        return None

    @abstractmethod
    def apply(self, document: Document, *, position: int | None = None, inserting: bool = False) -> Document:
        """Return the updated document; the given one is not changed.

        Args:
            document: The document, with its `_id`.
            position: The filter's `position(document)`, where `needs_position`.
            inserting: Whether the document is about to be inserted (`$setOnInsert`).

        Returns:
            The same object when the update changes nothing, else a new document, its `_id` first. Its size is not
            checked: see `check_size`.

        Raises:
            ServerError: ImmutableField (66), PathNotViable (28), TypeMismatch (14), BadValue (2),
                ConflictingUpdateOperators (40), DollarPrefixedFieldName (52), Overflow (15) and the operators' own.
        """

    def delta(self, old: Document, new: Document) -> Document | None:
        """Return what `apply` changed, as the `updateDescription` of change streams with all its fields.

        Args:
            old: What `apply` was given.
            new: What it returned.

        Returns:
            None when the update put a whole new document in the place of the old one.
        """
        return None

    def upsert_document(self, match: MatchExpression) -> Document:
        """Return the document that the update inserts when nothing matches; without `_id` if none is given.

        Raises:
            ServerError: NotSingleValueField (54) and NotExactValueField (111) for a filter that says a field twice or
                only in part, InvalidIdField (53), and those of `apply`.
        """
        check_upsert_filter(match)
        seed = seed_document(match.equalities(), id_only=self.kind == "replacement")
        document = with_id_first(self.apply(seed, inserting=True))
        check_new_id(document.get("_id", MISSING), whole_document=self.kind != "modifiers")
        return document
