"""`$addToSet`, `$pop`, `$pull`, `$pullAll`: arrays as sets and queues."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from satchel.errors import ErrorCode, ServerError
from satchel.mql.update.element_conditions import element_condition
from satchel.mql.update.modifier import OPERATORS, Modifier, Obstacle, Site, Walk
from satchel.values.bson_types import MISSING, BsonValue, Field, is_number, type_name
from satchel.values.collation import Collation
from satchel.values.compare import equal
from satchel.values.key_string import encode
from satchel.values.numbers import exact_int64
from satchel.values.shell_text import shell_text


@OPERATORS.operator("$addToSet")
def parse_add_to_set(operand: BsonValue, site: Site) -> Modifier:
    """Append a value to an array, or with `$each` several, unless the array has it.

    Raises:
        ServerError: TypeMismatch (14) when `$each` is not an array, BadValue (2) for anything beside it, and, when
            applied, for a field that is not an array.

    Reference:
        MongoDB manual, "$addToSet".
    """
    collation = site.context.collation
    values = _without_duplicates(_values_to_add(operand), [], collation)

    def compute(old: Field, _walk: Walk) -> Field:
        if old is MISSING:
            return values
        if not isinstance(old, list):
            raise ServerError(
                ErrorCode.BadValue,
                f"Cannot apply $addToSet to non-array field. Field named '{site.parts[-1]}' has non-array type "
                f"{type_name(old)}",
            )
        new = _without_duplicates(values, old, collation)
        return [*old, *new] if new else old

    return Modifier(site, compute, operand=operand, appends_to=0)


def _values_to_add(operand: BsonValue) -> Sequence[BsonValue]:
    if not isinstance(operand, dict) or next(iter(operand), "") != "$each":
        return [operand]
    values = operand["$each"]
    if not isinstance(values, list):
        raise ServerError(
            ErrorCode.TypeMismatch,
            f"The argument to $each in $addToSet must be an array but it was of type {type_name(values)}",
        )
    if len(operand) > 1:
        raise ServerError(
            ErrorCode.BadValue, f"Found unexpected fields after $each in $addToSet: {shell_text(operand)}"
        )
    return values


def _without_duplicates(
    values: Sequence[BsonValue], present: Sequence[BsonValue], collation: Collation | None
) -> list[BsonValue]:
    """Return the values that are not in `present`, each once."""
    if len(values) == 1:
        return [] if any(equal(element, values[0], collation) for element in present) else list(values)
    keys = {encode(element, collation) for element in present}
    new: list[BsonValue] = []
    for value in values:
        key = encode(value, collation)
        if key not in keys:
            keys.add(key)
            new.append(value)
    return new


@OPERATORS.operator("$pop")
def parse_pop(operand: BsonValue, site: Site) -> Modifier:
    """Remove the last element of an array, or with -1 the first.

    Raises:
        ServerError: FailedToParse (9) when the operand is not 1 or -1; when applied, TypeMismatch (14) for a field
            that is not an array.

    Reference:
        MongoDB manual, "$pop".
    """
    if not is_number(operand):
        raise ServerError(ErrorCode.FailedToParse, f"Expected a number in: {site.path}: {shell_text(operand)}")
    direction = exact_int64(operand)
    if direction is None:
        raise ServerError(ErrorCode.FailedToParse, f"Expected an integer: {site.path}: {shell_text(operand)}")
    if direction not in (1, -1):
        raise ServerError(ErrorCode.FailedToParse, f"$pop expects 1 or -1, found: {direction}")

    def compute(old: Field, _walk: Walk) -> Field:
        if old is MISSING:
            return MISSING
        if not isinstance(old, list):
            raise ServerError(
                ErrorCode.TypeMismatch, f"Path '{site.path}' contains an element of non-array type '{type_name(old)}'"
            )
        if not old:
            return old
        return old[:-1] if direction == 1 else old[1:]

    return Modifier(site, compute, Obstacle.TRAVERSE)


@OPERATORS.operator("$pull")
def parse_pull(operand: BsonValue, site: Site) -> Modifier:
    """Remove the elements of an array that meet a condition or equal a value.

    Raises:
        ServerError: The errors of filters; when applied, BadValue (2) for a field that is not an array.

    Reference:
        MongoDB manual, "$pull".
    """
    return _removal(element_condition(operand, site.context), site)


@OPERATORS.operator("$pullAll")
def parse_pull_all(operand: BsonValue, site: Site) -> Modifier:
    """Remove the elements of an array that equal one of some values.

    Raises:
        ServerError: BadValue (2) when the operand or, when applied, the field is not an array.

    Reference:
        MongoDB manual, "$pullAll".
    """
    if not isinstance(operand, list):
        raise ServerError(
            ErrorCode.BadValue, f"$pullAll requires an array argument but was given a {type_name(operand)}"
        )
    collation = site.context.collation
    keys = {encode(value, collation) for value in operand}
    return _removal(lambda element: encode(element, collation) in keys, site)


def _removal(is_removed: Callable[[BsonValue], bool], site: Site) -> Modifier:
    def compute(old: Field, _walk: Walk) -> Field:
        if old is MISSING:
            return MISSING
        if not isinstance(old, list):
            raise ServerError(ErrorCode.BadValue, "Cannot apply $pull to a non-array value")
        kept = [element for element in old if not is_removed(element)]
        return old if len(kept) == len(old) else kept

    return Modifier(site, compute, Obstacle.TRAVERSE)
