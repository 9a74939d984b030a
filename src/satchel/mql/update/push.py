"""`$push` with its clauses `$each`, `$position`, `$slice`, `$sort`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.update.modifier import OPERATORS, Modifier, Site, Walk
from satchel.mql.update.tree import array_index
from satchel.values.bson_types import MISSING, BsonValue, Document, Field, is_number, type_name
from satchel.values.collation import Collation
from satchel.values.key_string import encode, encode_compound
from satchel.values.numbers import exact_int64

_CLAUSES: Final = frozenset({"$each", "$position", "$slice", "$sort"})

_Sort = Callable[[list[BsonValue]], list[BsonValue]]


@OPERATORS.operator("$push")
def parse_push(operand: BsonValue, site: Site) -> Modifier:
    """Append a value to an array, or with `$each` several, then sort and cut the array.

    Args:
        operand: A value, or a document with `$each` and, if wanted, `$position`, `$slice`, `$sort`.
        site: Where the array stands.

    Raises:
        ServerError: BadValue (2) for a bad clause, and, when applied, for a field that is not an array.

    Reference:
        MongoDB manual, "$push", "$each", "$position", "$slice", "$sort".
    """
    push = _parse_clauses(operand, site.context)

    def compute(old: Field, walk: Walk) -> Field:
        if old is MISSING:
            return push.apply([])
        if not isinstance(old, list):
            raise ServerError(
                ErrorCode.BadValue,
                f"The field '{site.path}' must be an array but is of type {type_name(old)} in document "
                f"{walk.id_text()}",
            )
        return push.apply(old)

    return Modifier(site, compute, operand=operand, appends_to=1)


@dataclass(frozen=True, slots=True)
class _Push:
    """The parsed clauses of `$push`; None where a clause is not given."""

    values: list[BsonValue]
    position: int | None = None
    slice: int | None = None
    sort: _Sort | None = None

    def apply(self, old: list[BsonValue]) -> list[BsonValue]:
        """Return the new array; the same one when no clause does anything."""
        length = len(old) + len(self.values)
        if not self.values and (self.sort is None or not old) and (self.slice is None or abs(self.slice) >= length):
            return old
        array = self._inserted(old)
        if self.sort is not None:
            array = self.sort(array)
        if self.slice is not None:
            array = array[: self.slice] if self.slice >= 0 else array[self.slice :]
        return array

    def _inserted(self, old: list[BsonValue]) -> list[BsonValue]:
        if self.position is None:
            return [*old, *self.values]
        position = self.position if self.position >= 0 else max(len(old) + self.position, 0)
        return [*old[:position], *self.values, *old[position:]]


def _parse_clauses(operand: BsonValue, context: Context) -> _Push:
    if not isinstance(operand, dict) or "$each" not in operand:
        return _Push([operand])
    values = operand["$each"]
    if not isinstance(values, list):
        raise ServerError(
            ErrorCode.BadValue,
            f"The argument to $each in $push must be an array but it was of type: {type_name(values)}",
        )
    for name in operand:
        if name not in _CLAUSES:
            raise ServerError(ErrorCode.BadValue, f"Unrecognized clause in $push: {name}")
    return _Push(
        values,
        _integer_clause(operand, "$position"),
        _integer_clause(operand, "$slice"),
        _parse_sort(operand["$sort"], context.collation) if "$sort" in operand else None,
    )


def _integer_clause(clauses: Document, name: str) -> int | None:
    if name not in clauses:
        return None
    value = clauses[name]
    number = exact_int64(value) if is_number(value) else None
    if number is None:
        raise ServerError(
            ErrorCode.BadValue, f"The value for {name} must be an integer value but was given type: {type_name(value)}"
        )
    return number


def _parse_sort(operand: BsonValue, collation: Collation | None) -> _Sort:
    """Parse `$sort`: 1 or -1 for whole elements, or a document of paths in elements that are documents."""
    if is_number(operand):
        if exact_int64(operand) not in (1, -1):
            raise ServerError(ErrorCode.BadValue, "The $sort element value must be either 1 or -1")
        is_descending = exact_int64(operand) == -1
        return lambda array: sorted(array, key=lambda value: encode(value, collation), reverse=is_descending)
    if not isinstance(operand, dict):
        raise ServerError(
            ErrorCode.BadValue,
            "The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields",
        )
    if not operand:
        raise ServerError(ErrorCode.BadValue, "The sort pattern is empty when it should be a set of fields.")
    paths = [_parse_sort_path(path, direction) for path, direction in operand.items()]
    descending = [exact_int64(direction) == -1 for direction in operand.values()]

    def key(element: BsonValue) -> bytes:
        return encode_compound([_plain_value(element, path) for path in paths], descending, collation)

    return lambda array: sorted(array, key=key)


def _parse_sort_path(path: str, direction: BsonValue) -> list[str]:
    if not is_number(direction) or exact_int64(direction) not in (1, -1):
        raise ServerError(ErrorCode.BadValue, "The sort element value must be either 1 or -1")
    if not path:
        raise ServerError(ErrorCode.BadValue, "The sort field cannot be empty")
    parts = path.split(".")
    if not all(parts):
        raise ServerError(ErrorCode.BadValue, f"The sort field is a dotted field but has an empty part: {path}")
    return parts


def _plain_value(element: BsonValue, parts: list[str]) -> BsonValue:
    """Return what stands at a path, null when there is nothing; arrays have positions, and are not expanded."""
    if not isinstance(element, dict):
        return None
    value: Field = element
    for part in parts:
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list) and (index := array_index(part)) is not None and index < len(value):
            value = value[index]
        else:
            return None
    return None if value is MISSING else value
