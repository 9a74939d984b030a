"""What an upsert takes from its filter: the fields whose values the filter gives."""

from __future__ import annotations

from collections.abc import Iterable

from satchel.errors import ErrorCode, ServerError
from satchel.mql.match import MatchExpression
from satchel.mql.match.evaluation import Expr
from satchel.values.bson_types import BsonValue, Document


def check_upsert_filter(match: MatchExpression) -> None:
    """Refuse `$expr` in the filter of an upsert; MongoDB does so before it looks for a document.

    Raises:
        ServerError: QueryFeatureNotAllowed (224).
    """
    if any(isinstance(node, Expr) for node in match.descendants()):
        raise ServerError(ErrorCode.QueryFeatureNotAllowed, "$expr is not allowed in the query predicate for an upsert")


def seed_document(equalities: Iterable[tuple[str, BsonValue]], *, id_only: bool) -> Document:
    """Build the document that an upsert begins with.

    Args:
        equalities: Paths and values of the filter.
        id_only: Whether only the `_id` counts, and has to be given as a whole (replacements).

    Raises:
        ServerError: NotSingleValueField (54) when a path is given twice or beside one that it leads through,
            NotExactValueField (111) for a part of `_id`, IllegalOperation (20) for an empty path.
    """
    values: dict[str, BsonValue] = {}
    for path, value in equalities:
        if id_only and path.split(".", 1)[0] != "_id":
            continue
        if id_only and path != "_id":
            raise ServerError(
                ErrorCode.NotExactValueField,
                f"field at '_id' must be exactly specified, field at sub-path '{path}' found",
            )
        _check_path(path, values)
        values[path] = value
    document: Document = {}
    for path, value in values.items():
        _set_path(document, path.split("."), value)
    return document


def _check_path(path: str, known: Iterable[str]) -> None:
    if not path:
        raise ServerError(ErrorCode.IllegalOperation, "Cannot call setValue on the root object")
    for other in known:
        if path == other:
            raise ServerError(
                ErrorCode.NotSingleValueField, f"cannot infer query fields to set, path '{path}' is matched twice"
            )
        shorter, longer = sorted((path, other), key=len)
        if longer.startswith(f"{shorter}."):
            raise ServerError(
                ErrorCode.NotSingleValueField,
                f"cannot infer query fields to set, both paths '{longer}' and '{shorter}' are matched",
            )


def _set_path(document: Document, parts: list[str], value: BsonValue) -> None:
    """Set a value in a document of our own making; what stands on the way is one of ours, too."""
    for part in parts[:-1]:
        inner = document.setdefault(part, {})
        assert isinstance(inner, dict)
        document = inner
    document[parts[-1]] = value
