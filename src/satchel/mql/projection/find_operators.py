"""What only a find's projection can do: `$slice`, `$elemMatch` and the positional `$`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bson import Decimal128

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.expression import Expression, Variables
from satchel.mql.match import parse_filter
from satchel.values.bson_types import INT32_MAX, INT32_MIN, MISSING, BsonValue, Document, Field, is_number

_NESTING: Final = frozenset({"$and", "$or", "$nor", "$not", "$elemMatch"})


@dataclass(frozen=True, slots=True)
class Slice:
    """Some consecutive elements of an array: the find form of `$slice`.

    Attributes:
        path: The array's path.
        skip: How many elements to leave out, from the end when negative; None when only `limit` was given.
        limit: How many to return; negative only without `skip`, and then from the end.
    """

    path: tuple[str, ...]
    skip: int | None
    limit: int

    def apply(self, document: Document) -> Document:
        """Return the document with its array cut."""
        return _rewrite(document, self.path, self._cut)

    def _cut(self, array: list[BsonValue]) -> list[BsonValue]:
        if self.skip is None:
            return array[: self.limit] if self.limit >= 0 else array[self.limit :]
        start = self.skip if self.skip >= 0 else max(len(array) + self.skip, 0)
        return array[start : start + self.limit]


def parse_slice(path: Sequence[str], operand: BsonValue) -> Slice | str:
    """Parse the operand of find's `$slice`: a number of elements, or `[skip, limit]`.

    Returns:
        The slice, or why the operand is not of that form; it may then be an aggregation expression.
    """
    if is_number(operand):
        return Slice(tuple(path), None, _clamped(operand))
    if not isinstance(operand, list):
        return "Location31273: $slice only supports numbers and [skip, limit] arrays"
    if len(operand) != 2:
        return "Location31272: $slice array argument should be of form [skip, limit]"
    skip, limit = operand
    if not is_number(skip):
        return "Location31257: $slice expects the skip argument to be a number"
    if not is_number(limit):
        return "Location31258: $slice expects the limit argument to be a number"
    if _clamped(limit) <= 0:
        return "Location31259: $slice limit must be positive"
    return Slice(tuple(path), _clamped(skip), _clamped(limit))


def _clamped(number: BsonValue) -> int:
    """Return a number as an int32: truncated, NaN as 0, what is too large as the limit."""
    if isinstance(number, Decimal128):
        number = float(str(number))
    if isinstance(number, float):
        number = 0 if math.isnan(number) else max(float(INT32_MIN), min(float(INT32_MAX), number))
    assert isinstance(number, int | float)
    return max(INT32_MIN, min(INT32_MAX, int(number)))


def parse_elem_match(field: str, operand: BsonValue, context: Context) -> Expression:
    """Parse the operand of `$elemMatch` on a top-level field.

    Returns:
        An expression: an array of the first element that matches, or MISSING.

    Raises:
        ServerError: Location31274 when the operand is not an object, QueryFeatureNotAllowed (224) for a schema, and
            the codes of a bad filter.
    """
    if not isinstance(operand, dict):
        raise ServerError(31274, "elemMatch: Invalid argument, object required")
    match = parse_filter({field: {"$elemMatch": operand}}, context)
    if _has_schema(operand):
        raise ServerError(ErrorCode.QueryFeatureNotAllowed, "$jsonSchema is not allowed in this context")

    def evaluate(document: Document, _variables: Variables) -> Field:
        array = document.get(field)
        index = match.position(document) if isinstance(array, list) else None
        return MISSING if index is None else [array[index]]  # type: ignore[index]

    return Expression(evaluate, fields=frozenset({field}))


def _has_schema(filter_: BsonValue) -> bool:
    """Tell whether a filter has a `$jsonSchema` anywhere, even one that demands nothing."""
    if isinstance(filter_, list):
        return any(map(_has_schema, filter_))
    if not isinstance(filter_, dict):
        return False
    return any(
        name == "$jsonSchema" or ((name in _NESTING or name[:1] != "$") and _has_schema(inner))
        for name, inner in filter_.items()
    )


@dataclass(frozen=True, slots=True)
class Positional:
    """The positional operator: keep of an array only the element that the filter met.

    Attributes:
        path: The path without its `$`; the first array on it is the one that is cut.
    """

    path: tuple[str, ...]

    def apply(self, document: Document, position: int | None) -> Document:
        """Return the document with the array reduced to one element.

        Args:
            document: The projected document.
            position: The index of the element that matched, or None.

        Raises:
            ServerError: Location51246 without a position, Location51247 when the array is shorter.
        """

        def pick(array: list[BsonValue]) -> list[BsonValue]:
            if position is None:
                raise ServerError(51246, "positional operator '.$' couldn't find a matching element in the array")
            if position >= len(array):
                raise ServerError(51247, "positional operator '.$' element mismatch")
            return [array[position]]

        return _rewrite_first_array(document, self.path, pick)


_Rewrite = Callable[[list[BsonValue]], list[BsonValue]]


def _rewrite_first_array(document: Document, path: Sequence[str], rewrite: _Rewrite) -> Document:
    """Rewrite the first array on `path`."""
    name, *rest = path
    value = document.get(name)
    if isinstance(value, list):
        return {**document, name: rewrite(value)}
    if rest and isinstance(value, dict):
        return {**document, name: _rewrite_first_array(value, rest, rewrite)}
    return document


def _rewrite(document: Document, path: Sequence[str], rewrite: _Rewrite) -> Document:
    """Rewrite the arrays at the end of `path`, which may lead through arrays of documents, not of arrays."""
    name, *rest = path
    value = document.get(name)
    if not rest:
        return {**document, name: rewrite(value)} if isinstance(value, list) else document
    if isinstance(value, dict):
        return {**document, name: _rewrite(value, rest, rewrite)}
    if isinstance(value, list):
        return {**document, name: [_rewrite(e, rest, rewrite) if isinstance(e, dict) else e for e in value]}
    return document
