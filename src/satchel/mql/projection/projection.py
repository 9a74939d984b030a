"""A parsed projection, ready to run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from satchel.mql.expressions.expression import NO_FIELDS, NO_VARIABLES, Expression, Variables
from satchel.mql.expressions.miscellaneous import METADATA_PREFIX
from satchel.mql.projection.compiled import Compiled
from satchel.mql.projection.find_operators import Positional, Slice
from satchel.mql.projection.tree import Level
from satchel.values.bson_types import BsonValue, Document

Kind: TypeAlias = Literal["inclusion", "exclusion", "addition"]
"""An inclusion takes what it names, an exclusion leaves it out, an addition (`$addFields`) computes fields."""


@dataclass(frozen=True, eq=False)
class Projection:
    """A projection, parsed once and applied to many documents.

    Attributes:
        kind: What it does with fields it does not name.
        level: What it says, as a tree.
        compiled: The same, compiled.
        positional: The positional operator, or None.
        slices: Find's `$slice` operators.
    """

    kind: Kind
    level: Level
    compiled: Compiled
    positional: Positional | None = None
    slices: Sequence[Slice] = ()

    @cached_property
    def fields(self) -> frozenset[str] | None:
        """The dotted paths it reads, or None when it needs whole documents.

        An addition passes on all fields and counts here only what its expressions read.
        """
        if self.kind == "exclusion":
            return None
        if self.kind == "addition":
            fields = NO_FIELDS.union(*(expression.fields for expression in self._expressions))
        else:
            fields = NO_FIELDS.union(_inclusion_fields(self.level.entries.items()))
        return None if "" in fields else fields

    @cached_property
    def metadata(self) -> frozenset[str]:
        """The metadata it reads, by MongoDB's names (`recordId`, `indexKey`, `sortKey`)."""
        variables = NO_FIELDS.union(*(expression.variables for expression in self._expressions))
        return frozenset(name.removeprefix(METADATA_PREFIX) for name in variables if name.startswith(METADATA_PREFIX))

    @property
    def _expressions(self) -> list[Expression]:
        return [leaf for _, leaf in self.level.leaves() if isinstance(leaf, Expression)]

    @property
    def needs_position(self) -> bool:
        """Whether `apply` wants the index of the array element that the filter met."""
        return self.positional is not None

    def apply(
        self,
        document: Document,
        position: int | None = None,
        *,
        metadata: Mapping[str, BsonValue] | None = None,
        variables: Variables = NO_VARIABLES,
    ) -> Document:
        """Return the projection of one document, which stays as it is.

        Args:
            document: The whole document.
            position: The filter's `position(document)`, where `needs_position`.
            metadata: What `$meta` finds, by MongoDB's names; what is not there is MISSING.
            variables: Values of the context's unbound variables.

        Raises:
            ServerError: Location51246 and Location51247 for a positional operator without its element, and the
                errors of expressions.
        """
        if metadata and self.metadata:
            known = {METADATA_PREFIX + name: metadata[name] for name in self.metadata if name in metadata}
            variables = {**variables, **known}
        result = self.compiled.apply(document, document, variables)
        if self.positional is not None:
            result = self.positional.apply(result, position)
        for cut in self.slices:
            result = cut.apply(result)
        return result


def _inclusion_fields(entries: Iterable[tuple[str, object]]) -> Iterable[str]:
    """Yield the paths; a level that computes depends on the whole field, as scalars in it become documents."""
    for name, entry in entries:
        if isinstance(entry, Expression):
            yield from entry.fields
        elif isinstance(entry, Level) and not entry.computes:
            yield from (f"{name}.{path}" for path, _ in entry.leaves())
        else:
            yield name
            if isinstance(entry, Level):
                yield from (path for _, leaf in entry.leaves() if isinstance(leaf, Expression) for path in leaf.fields)
