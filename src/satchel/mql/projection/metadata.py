"""`{$meta: "…"}`: what the engine knows of a document beside its fields."""

from __future__ import annotations

from satchel.mql.expressions.expression import Expression
from satchel.mql.expressions.miscellaneous import METADATA_PREFIX
from satchel.mql.projection.tree import Level


def metadata_names(level: Level) -> frozenset[str]:
    """Return the metadata that the expressions of a projection read, by MongoDB's names."""
    variables = {name for _, leaf in level.leaves() if isinstance(leaf, Expression) for name in leaf.variables}
    return frozenset(name.removeprefix(METADATA_PREFIX) for name in variables if name.startswith(METADATA_PREFIX))
