"""`$accumulator`: its place; it needs JavaScript."""

from __future__ import annotations

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.pipeline.accumulators.registry import ACCUMULATORS, Statement
from satchel.values.bson_types import BsonValue


@ACCUMULATORS.operator("$accumulator")
def parse_custom(operand: BsonValue, context: Context) -> Statement:
    """Refuse: accumulators in JavaScript are not supported.

    Raises:
        ServerError: NotImplemented (238).

    Reference:
        MongoDB manual, "$accumulator (aggregation)".
    """
    raise ServerError(ErrorCode.NotImplemented, "$accumulator is not supported: it needs a JavaScript engine")
