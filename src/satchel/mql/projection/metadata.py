"""`{$meta: "…"}`: what the engine knows of a document beside its fields."""

from __future__ import annotations

from typing import Final

from satchel.errors import ServerError
from satchel.mql.expressions.expression import Expression, Variables
from satchel.mql.projection.tree import Level
from satchel.values.bson_types import MISSING, BsonValue, Document, Field

METADATA_PREFIX: Final = "$meta "
"""`{$meta: "recordId"}` reads the variable `"$meta recordId"`: no user's variable can have that name."""

AVAILABLE: Final = frozenset({"recordId", "indexKey", "sortKey", "randVal"})
UNAVAILABLE: Final = {
    "textScore": "text score",
    "searchScore": "$search score",
    "searchHighlights": "$search highlights",
    "searchScoreDetails": "$search score details",
    "searchSequenceToken": "$search sequence token",
    "vectorSearchScore": "$vectorSearch score",
    "geoNearDistance": "$geoNear distance",
    "geoNearPoint": "$geoNear point",
    "score": "score",
    "scoreDetails": "scoreDetails",
}
"""Metadata of stages and operators that MongoDB has and that no query here produces, with its words for them."""


def parse_metadata(operand: BsonValue) -> Expression:
    """Parse the operand of `$meta`.

    Returns:
        An expression that reads the metadata, MISSING where there is none.

    Raises:
        ServerError: Location17307 when the operand is not a string, Location17308 for an unknown name, Location40218
            for metadata that the query does not produce.
    """
    if not isinstance(operand, str):
        raise ServerError(17307, "$meta only supports string arguments")
    if operand in UNAVAILABLE:
        raise ServerError(40218, f"query requires {UNAVAILABLE[operand]} metadata, but it is not available")
    if operand not in AVAILABLE:
        raise ServerError(17308, f"Unsupported $meta field: {operand}")
    variable = METADATA_PREFIX + operand

    def evaluate(_document: Document, variables: Variables) -> Field:
        return variables.get(variable, MISSING)

    return Expression(evaluate, variables=frozenset({variable}))


def metadata_names(level: Level) -> frozenset[str]:
    """Return the metadata that the expressions of a projection read, by MongoDB's names."""
    variables = {name for _, leaf in level.leaves() if isinstance(leaf, Expression) for name in leaf.variables}
    return frozenset(name.removeprefix(METADATA_PREFIX) for name in variables if name.startswith(METADATA_PREFIX))
