"""Operators that run the user's JavaScript, which Satchel does not have."""

from __future__ import annotations

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.expression import Expression
from satchel.mql.expressions.registry import Parser, syntax
from satchel.values.bson_types import BsonValue


@syntax("$function")
def function(_operand: BsonValue, _parser: Parser) -> Expression:
    """Refuse to call a JavaScript function.

    Raises:
        ServerError: NotImplemented (238), always.
    """
    raise ServerError(ErrorCode.NotImplemented, "$function needs server-side JavaScript, which is not supported")
