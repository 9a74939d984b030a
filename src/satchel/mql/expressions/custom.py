"""Operators that run the user's JavaScript, which Satchel does not have."""

from __future__ import annotations

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.expression import Expression
from satchel.mql.expressions.registry import Parser, syntax
from satchel.values.bson_types import BsonValue


def _refuse(name: str) -> ServerError:
    return ServerError(ErrorCode.NotImplemented, f"{name} needs server-side JavaScript, which is not supported")


@syntax("$function")
def function(_operand: BsonValue, _parser: Parser) -> Expression:
    """Refuse to call a JavaScript function.

    Raises:
        ServerError: NotImplemented (238), always.
    """
    raise _refuse("$function")


@syntax("$_internalJsEmit")
def internal_js_emit(_operand: BsonValue, _parser: Parser) -> Expression:
    """Refuse the emit function of map-reduce.

    Raises:
        ServerError: NotImplemented (238), always.
    """
    raise _refuse("$_internalJsEmit")
