"""`$sortByCount`: how often each value occurs, the most frequent first."""

from __future__ import annotations

from collections.abc import Sequence

from satchel.errors import ServerError
from satchel.mql.pipeline.stage import STAGES, Scope, Stage
from satchel.mql.pipeline.stages.group import group_stage
from satchel.mql.pipeline.stages.sort import SortStage
from satchel.mql.sort import parse_sort
from satchel.values.bson_types import BsonValue

_WANTED = "the sortByCount field must be defined as a $-prefixed path or an expression inside an object"


@STAGES.operator("$sortByCount")
def parse_sort_by_count(operand: BsonValue, scope: Scope) -> Sequence[Stage]:
    """Count documents by an expression: a `$group` and a `$sort`.

    Raises:
        ServerError: Location40147 to 40149 when the operand is neither a path nor an operator.

    Reference:
        MongoDB manual, "$sortByCount (aggregation)".
    """
    if isinstance(operand, dict):
        if not next(iter(operand), "").startswith("$"):
            raise ServerError(40147, _WANTED)
    elif isinstance(operand, str):
        if not operand.startswith("$"):
            raise ServerError(40148, _WANTED)
    else:
        raise ServerError(40149, "the sortByCount field must be specified as a string or as an object")
    context = scope.context
    group = group_stage({"_id": operand, "count": {"$sum": 1}}, context)
    return [group, SortStage(parse_sort({"count": -1}, context), context)]
