"""From the update of a command to an `Update`."""

from __future__ import annotations

from collections.abc import Sequence

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.update.array_filters import parse_array_filters
from satchel.mql.update.modifiers import parse_modifiers
from satchel.mql.update.pipeline import parse_pipeline_update
from satchel.mql.update.replacement import ReplacementUpdate
from satchel.mql.update.update import Update
from satchel.values.bson_types import BsonValue


def parse_update(
    spec: BsonValue, context: Context, *, array_filters: Sequence[BsonValue] | None = None, replace_allowed: bool = True
) -> Update:
    """Parse an update: operators, a replacement or a pipeline.

    Args:
        spec: A document whose first name is an operator, any other document, or a list of stages.
        context: The operation.
        array_filters: The conditions of `$[id]`.
        replace_allowed: False for updates of many documents.

    Raises:
        ServerError: FailedToParse (9), BadValue (2), TypeMismatch (14), ConflictingUpdateOperators (40),
            EmptyFieldName (56), InvalidOptions (72) and those of filters and pipelines.

    Reference:
        MongoDB manual, "Update Operators".
    """
    tests = parse_array_filters(array_filters, context) if array_filters else {}
    if isinstance(spec, list):
        if array_filters:
            raise ServerError(ErrorCode.FailedToParse, "arrayFilters may not be specified for pipeline-style updates")
        return parse_pipeline_update(spec, context)
    if not isinstance(spec, dict):
        raise ServerError(ErrorCode.FailedToParse, "Update argument must be either an object or an array")
    if next(iter(spec), "").startswith("$"):
        return parse_modifiers(spec, context, tests)
    if not replace_allowed:
        raise ServerError(ErrorCode.FailedToParse, "multi update is not supported for replacement-style update")
    return ReplacementUpdate(spec, context)
