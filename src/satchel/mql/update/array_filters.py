"""Array filters: the conditions behind `$[id]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import MatchExpression, parse_filter
from satchel.mql.update.element_conditions import check_allowed
from satchel.values.bson_types import BsonValue, Document

_IDENTIFIER: Final = re.compile("[a-z][a-zA-Z0-9]*")
_PATHLESS: Final[tuple[Document, ...]] = ({"$all": []}, {"$not": {"$all": []}})
_LOGICAL: Final = frozenset({"$and", "$or", "$nor"})


def parse_array_filters(specs: Sequence[BsonValue], context: Context) -> dict[str, Callable[[BsonValue], bool]]:
    """Parse array filters.

    Returns:
        The test of an array element, by identifier.

    Raises:
        ServerError: FailedToParse (9) for none or several identifiers in a filter, or one in several filters;
            BadValue (2) for a bad identifier; TypeMismatch (14); and the errors of filters.
    """
    tests: dict[str, Callable[[BsonValue], bool]] = {}
    for spec in specs:
        if not isinstance(spec, dict):
            raise ServerError(ErrorCode.TypeMismatch, "The elements of arrayFilters must be objects")
        match = _parse(spec, context)
        name = _identifier(spec)
        if name in tests:
            raise ServerError(
                ErrorCode.FailedToParse, f"Found multiple array filters with the same top-level field name {name}"
            )
        tests[name] = _element_test(name, match)
    return tests


def _parse(spec: Document, context: Context) -> MatchExpression:
    try:
        check_allowed(spec)
        return parse_filter(spec, context)
    except ServerError as error:
        raise ServerError(error.code, f"Error parsing array filter :: caused by :: {error.message}") from error


def _element_test(name: str, match: MatchExpression) -> Callable[[BsonValue], bool]:
    matches = match.matches
    return lambda element: matches({name: element})


def _identifier(spec: Document) -> str:
    names = list(dict.fromkeys(path.split(".", 1)[0] for path in _paths(spec)))
    if not names:
        raise ServerError(
            ErrorCode.FailedToParse, "Cannot use an expression without a top-level field name in arrayFilters"
        )
    if len(names) > 1:
        raise ServerError(
            ErrorCode.FailedToParse,
            "Error parsing array filter :: caused by :: Expected a single top-level field name, "
            f"found '{names[0]}' and '{names[1]}'",
        )
    if not _IDENTIFIER.fullmatch(names[0]):
        raise ServerError(
            ErrorCode.BadValue,
            "Error parsing array filter :: caused by :: The top-level field name must be an alphanumeric string "
            f"beginning with a lowercase letter, found '{names[0]}'",
        )
    return names[0]


def _paths(spec: Document) -> Iterator[str]:
    """Yield the paths of a filter, also those inside logical operators; MongoDB forgets that of an empty `$all`."""
    for name, operand in spec.items():
        if name in _LOGICAL and isinstance(operand, list):
            for branch in operand:
                if isinstance(branch, dict):
                    yield from _paths(branch)
        elif not name.startswith("$") and operand not in _PATHLESS:
            yield name
