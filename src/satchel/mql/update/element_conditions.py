"""Conditions on array elements: the operand of `$pull`, and what neither it nor array filters may hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bson import Regex

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import FIELD_OPERATORS, parse_filter
from satchel.values.bson_types import BsonValue, Document
from satchel.values.compare import equal

_REFUSED: Final = {
    "$expr": ErrorCode.QueryFeatureNotAllowed,
    "$jsonSchema": ErrorCode.QueryFeatureNotAllowed,
    "$where": ErrorCode.BadValue,
    "$text": ErrorCode.BadValue,
}
_ELEMENT: Final = "element"


def check_allowed(spec: BsonValue) -> None:
    """Refuse operators that need a whole document.

    Raises:
        ServerError: QueryFeatureNotAllowed (224) or BadValue (2).
    """
    if isinstance(spec, list):
        for branch in spec:
            check_allowed(branch)
    elif isinstance(spec, dict):
        for name, operand in spec.items():
            if name in _REFUSED:
                raise ServerError(_REFUSED[name], f"{name} is not allowed in this context")
            if name in ("$and", "$or", "$nor"):
                check_allowed(operand)


def element_condition(spec: BsonValue, context: Context) -> Callable[[BsonValue], bool]:
    """Parse the operand of `$pull`.

    Operators and regular expressions are conditions on the element itself, a document is a filter on elements that are
    documents, and any other value is what the element has to equal.

    Raises:
        ServerError: The errors of filters.
    """
    check_allowed(spec if isinstance(spec, dict) else None)
    if isinstance(spec, Regex) or (isinstance(spec, dict) and _is_operator_document(spec)):
        matches = parse_filter({_ELEMENT: spec}, context).matches
        return lambda element: matches({_ELEMENT: element})
    if isinstance(spec, dict):
        matches_document = parse_filter(spec, context).matches
        return lambda element: isinstance(element, dict) and matches_document(element)
    collation = context.collation
    return lambda element: equal(element, spec, collation)


def _is_operator_document(spec: Document) -> bool:
    first = next(iter(spec), "")
    return first in FIELD_OPERATORS and first != "$not"
