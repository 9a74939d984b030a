"""`$set`, `$unset`, `$rename`, `$setOnInsert`, `$currentDate`: fields as wholes."""

from __future__ import annotations

from collections.abc import Mapping

from bson import Timestamp

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.update.identity import identical
from satchel.mql.update.modifier import OPERATORS, Compute, Modifier, Obstacle, Parts, Site, Walk
from satchel.mql.update.paths import is_dynamic, split_update_path
from satchel.mql.update.result import immutable_id
from satchel.mql.update.tree import array_index
from satchel.values.bson_types import MISSING, BsonValue, Document, Field, type_name
from satchel.values.shell_text import shell_text


def _assign(value: BsonValue) -> Compute:
    return lambda old, _walk: old if identical(old, value) else value


@OPERATORS.operator("$set")
def parse_set(operand: BsonValue, site: Site) -> Modifier:
    """Set a field to a value.

    Reference:
        MongoDB manual, "$set".
    """
    return Modifier(site, _assign(operand), operand=operand)


@OPERATORS.operator("$setOnInsert")
def parse_set_on_insert(operand: BsonValue, site: Site) -> Modifier:
    """Set a field to a value when the update inserts the document.

    Reference:
        MongoDB manual, "$setOnInsert".
    """
    return Modifier(site, _assign(operand), applies=lambda walk: walk.inserting, operand=operand)


@OPERATORS.operator("$unset")
def parse_unset(_operand: BsonValue, site: Site) -> Modifier:
    """Remove a field; an array element becomes null.

    Reference:
        MongoDB manual, "$unset".
    """
    return Modifier(site, _remove, Obstacle.IGNORE)


def _remove(_old: Field, _walk: Walk) -> Field:
    return MISSING


@OPERATORS.operator("$currentDate")
def parse_current_date(operand: BsonValue, site: Site) -> Modifier:
    """Set a field to the present time, as a date or a timestamp.

    Args:
        operand: A boolean for a date, or `{$type: "date"}` or `{$type: "timestamp"}`.
        site: Where to.

    Raises:
        ServerError: BadValue (2) for any other operand.

    Reference:
        MongoDB manual, "$currentDate".
    """
    now: BsonValue = site.context.now
    if _current_date_type(operand) == "timestamp":
        now = current_timestamp(site.context)
    return Modifier(site, lambda _old, _walk: now)


def _current_date_type(operand: BsonValue) -> str:
    if isinstance(operand, bool):
        return "date"
    if not isinstance(operand, dict):
        raise ServerError(
            ErrorCode.BadValue,
            f"{type_name(operand)} is not valid type for $currentDate. Please use a boolean ('true') or a $type "
            "expression ({$type: 'timestamp/date'}).",
        )
    for name in operand:
        if name != "$type":
            raise ServerError(ErrorCode.BadValue, f"Unrecognized $currentDate option: {name}")
    wanted = operand.get("$type")
    if wanted not in ("date", "timestamp"):
        raise ServerError(
            ErrorCode.BadValue,
            "The '$type' string field is required to be 'date' or 'timestamp': "
            "{$currentDate: {field : {$type: 'date'}}}",
        )
    return str(wanted)


def current_timestamp(context: Context) -> Timestamp:
    """Return the operation's time as a timestamp."""
    return Timestamp(int(context.now) // 1000, 1)


@OPERATORS.operator("$rename")
def parse_rename(operand: BsonValue, site: Site) -> Mapping[str, Modifier]:
    """Move the value of a field to another one.

    Args:
        operand: The new path.
        site: Where the field stands; neither path may lead through an array.

    Raises:
        ServerError: BadValue (2) for paths that are dynamic, equal or inside each other; EmptyFieldName (56). When
            applied: BadValue (2) for array elements, PathNotViable (28).

    Reference:
        MongoDB manual, "$rename".
    """
    if not isinstance(operand, str):
        raise ServerError(
            ErrorCode.BadValue, f"The 'to' field for $rename must be a string: {site.path}: {shell_text(operand)}"
        )
    target = Site(operand, split_update_path(operand, _AnyIdentifier()), site.context)
    _check_rename(site, target)

    def applies(walk: Walk) -> bool:
        if _source_value(walk, site) is MISSING:
            return False
        _check_target(walk, target)
        return True

    return {
        target.path: Modifier(target, lambda _old, walk: _source_value(walk, site), applies=applies),
        site.path: Modifier(site, _remove, Obstacle.IGNORE),
    }


class _AnyIdentifier:
    """Holds every identifier: that `$rename` allows none has its own message."""

    def __contains__(self, identifier: object) -> bool:
        return True


def _check_rename(source: Site, target: Site) -> None:
    text = f"{source.path}: {shell_text(target.path)}"
    if any(map(is_dynamic, source.parts)):
        raise ServerError(ErrorCode.BadValue, f"The source field for $rename may not be dynamic: {source.path}")
    if any(map(is_dynamic, target.parts)):
        raise ServerError(ErrorCode.BadValue, f"The destination field for $rename may not be dynamic: {target.path}")
    if source.parts == target.parts:
        raise ServerError(ErrorCode.BadValue, f"The source and target field for $rename must differ: {text}")
    shorter = min(len(source.parts), len(target.parts))
    if source.parts[:shorter] == target.parts[:shorter]:
        raise ServerError(
            ErrorCode.BadValue, f"The source and target field for $rename must not be on the same path: {text}"
        )


def _source_value(walk: Walk, source: Site) -> Field:
    """Return the value to move, MISSING when there is none."""
    value: Field = walk.document
    array_name = ""
    for depth, part in enumerate(source.parts):
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list) and (index := array_index(part)) is not None:
            array_name = array_name or source.parts[depth - 1]
            value = value[index] if index < len(value) else MISSING
        else:
            container = source.parts[depth - 1]
            raise ServerError(
                ErrorCode.PathNotViable,
                f"cannot use the part ({container} of {source.path}) to traverse the element "
                f"({{{container}: {shell_text(value)}}})",
            )
        if value is MISSING:
            return MISSING
    if array_name:
        raise _array_error("source", source, walk, array_name)
    return value


def _check_target(walk: Walk, target: Site) -> None:
    if target.parts[0] == "_id" and "_id" in walk.document:
        raise immutable_id()
    array_name = _first_array(walk.document, target.parts)
    if array_name is not None:
        raise _array_error("destination", target, walk, array_name)


def _first_array(document: Document, parts: Parts) -> str | None:
    """Return the name of the first array that `parts` lead into."""
    value: Field = document
    for part in parts[:-1]:
        value = value.get(part, MISSING) if isinstance(value, dict) else MISSING
        if isinstance(value, list):
            return part
    return None


def _array_error(role: str, site: Site, walk: Walk, array_name: str) -> ServerError:
    return ServerError(
        ErrorCode.BadValue,
        f"The {role} field cannot be an array element, '{site.path}' in doc with {walk.id_text()} "
        f"has an array field called '{array_name}'",
    )
