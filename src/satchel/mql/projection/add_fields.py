"""`$addFields` (`$set`) and `$unset`: the projections that keep what they do not name."""

from __future__ import annotations

from collections.abc import Iterator

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.field_path import split_path
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.projection.compiled import Retention
from satchel.mql.projection.parser import parse_projection
from satchel.mql.projection.projection import Projection
from satchel.mql.projection.tree import Level, Mark
from satchel.values.bson_types import BsonValue, Document
from satchel.values.shell_text import shell_text


def parse_add_fields(spec: BsonValue, context: Context, *, name: str = "$addFields") -> Projection:
    """Parse the operand of `$addFields`.

    Args:
        spec: The user's document; numbers are values here, not flags.
        context: The operation.
        name: The stage's name, for messages.

    Raises:
        ServerError: Location40272 (not an object), Location40176 (path collision), Location40181 (an operator with
            company), Location40183 (dots below the top level), and those of paths and expressions.

    Reference:
        MongoDB manual, "$addFields (aggregation)", "$set (aggregation)".
    """
    if not isinstance(spec, dict):
        raise ServerError(40272, f"{name} specification stage must be an object")
    checked = Level()
    fields: list[tuple[tuple[str, ...], BsonValue]] = []
    for path, operand in _computed_fields(spec):
        parts = split_path(path)
        try:
            checked.add(parts, Mark.NAMED)
        except ServerError as error:
            raise ServerError(
                40176, f"specification contains two conflicting paths: '{path}' and another one of {shell_text(spec)}"
            ) from error
        fields.append((parts, operand))
    level = Level()
    for parts, operand in fields:
        level.add(parts, parse_expression(operand, context))
    return Projection("addition", level, Retention(level))


def _computed_fields(spec: Document, prefix: str = "") -> Iterator[tuple[str, BsonValue]]:
    """Yield the dotted paths of the specification with their expressions."""
    for name, operand in spec.items():
        if prefix and "." in name:
            raise ServerError(40183, f"cannot use dotted field name '{name}' in a sub object")
        if prefix and name[:1] == "$":
            raise ServerError(
                40181,
                "an expression specification must contain exactly one field, the name of the expression. "
                f"Found {len(spec)} fields in {shell_text(spec)}",
            )
        path = prefix + name
        if isinstance(operand, dict) and operand and not _is_operator(operand):
            yield from _computed_fields(operand, f"{path}.")
        else:
            yield path, operand


def _is_operator(operand: Document) -> bool:
    return len(operand) == 1 and next(iter(operand))[:1] == "$"


def parse_unset(spec: BsonValue, context: Context) -> Projection:
    """Parse the operand of `$unset`: a path, or a list of paths.

    Args:
        spec: The user's value.
        context: The operation.

    Raises:
        ServerError: Location31002 (another type), Location31119 (an empty list), Location31120 (a list of anything
            but strings), and those of an exclusion.

    Reference:
        MongoDB manual, "$unset (aggregation)".
    """
    if not isinstance(spec, str | list):
        raise ServerError(31002, "$unset specification must be a string or an array")
    paths = spec if isinstance(spec, list) else [spec]
    if not paths:
        raise ServerError(31119, "$unset specification must be a string or an array with at least one field")
    projection: Document = {}
    for path in paths:
        if not isinstance(path, str):
            raise ServerError(31120, "$unset specification must be a string or an array containing only string values")
        if path in projection:
            raise ServerError(31250, f"Path collision at {path}")
        projection[path] = False
    return parse_projection(projection, context, aggregation=True)
