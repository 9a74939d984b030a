"""What of the language is not in version 1 of MongoDB's Stable API, as data: `apiStrict` refuses it."""

from __future__ import annotations

from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.values.bson_types import BsonValue

UNSTABLE_OPERATORS: Final = frozenset(
    {
        "$changeStreamSplitLargeEvent", "$currentOp", "$fill", "$indexStats", "$listCatalog", "$listClusterCatalog",
        "$listLocalSessions", "$listSearchIndexes", "$listSessions", "$planCacheStats", "$queryStats", "$score",
        "$search", "$searchMeta", "$vectorSearch",
        "$createObjectId", "$createUUID", "$currentDate", "$sigmoid", "$similarityCosine", "$similarityDotProduct",
        "$similarityEuclidean", "$subtype",
        "$minMaxScaler",
    }
)  # fmt: skip
"""Stages, expression operators and window functions."""

UNSTABLE_METADATA: Final = frozenset(
    {
        "indexKey", "score", "scoreDetails", "searchHighlights", "searchScore", "searchScoreDetails",
        "searchSequenceToken", "stream", "textScore",
    }
)  # fmt: skip
"""What `$meta` can be asked for otherwise."""

UNSTABLE_INDEX_KINDS: Final = frozenset({"text"})


def check_operator(name: str, context: Context) -> None:
    """Refuse an operator that a strict client cannot rely on.

    Raises:
        ServerError: APIStrictError (323).
    """
    if context.api_strict and name in UNSTABLE_OPERATORS:
        raise not_stable(f"{name} is not allowed with 'apiStrict: true' in API Version 1")


def check_metadata(kind: str, context: Context) -> None:
    """Refuse metadata that a strict client cannot rely on.

    Raises:
        ServerError: APIStrictError (323).
    """
    if context.api_strict and kind in UNSTABLE_METADATA:
        raise not_stable(f'Provided apiStrict is true with an unstable meta field "{kind}"')


def check_index_kinds(key: BsonValue, context: Context) -> None:
    """Refuse a key pattern with a kind of index that a strict client cannot rely on.

    Raises:
        ServerError: APIStrictError (323).
    """
    if context.api_strict and isinstance(key, dict):
        for kind in key.values():
            if isinstance(kind, str) and kind in UNSTABLE_INDEX_KINDS:
                raise not_stable(f"{kind} indexes cannot be created with apiStrict: true")


def not_stable(message: str) -> ServerError:
    """Return the error of what is not in version 1."""
    return ServerError(ErrorCode.APIStrictError, message)
