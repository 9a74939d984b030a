"""Variables: their names, and `$let`."""

from __future__ import annotations

from collections.abc import Mapping

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.expression import Expression, Variables, any_failing, combine, mentioning
from satchel.mql.expressions.registry import Parser, Signature, syntax
from satchel.values.bson_types import BsonValue, Document, Field

_LET = Signature("$let", {"vars": 16876, "in": 16877}, not_object=16874, unknown=16875)


def check_variable_name(name: BsonValue, *, reading: bool = False) -> str:
    """Return `name` if a user may bind (or read) a variable of that name.

    Args:
        name: What the user wrote; anything but a string counts as the empty name.
        reading: Names of system variables, with a capital at the start, are allowed.

    Raises:
        ServerError: FailedToParse (9).
    """
    if not isinstance(name, str) or not name:
        raise ServerError(ErrorCode.FailedToParse, "empty variable names are not allowed")
    first = name[0]
    may_start = not first.isascii() or first.islower() or (reading and first.isupper())
    if not may_start and (reading or name != "CURRENT"):
        raise ServerError(
            ErrorCode.FailedToParse, f"'{name}' starts with an invalid character for a user variable name"
        )
    for character in name[1:]:
        if character.isascii() and not character.isalnum() and character != "_":
            raise ServerError(
                ErrorCode.FailedToParse,
                f"'{name}' contains an invalid character for a variable name: '{character}'",
            )
    return name


@syntax("$let")
def let(operand: BsonValue, parser: Parser) -> Expression:
    """Bind variables (`vars`) and evaluate `in` with them; `vars` do not see each other.

    A variable bound to a constant is a constant in `in`, as MongoDB substitutes it there.

    Raises:
        ServerError: Location16874 to 16877 for a malformed operand, Location10065 when `vars` is not an object,
            FailedToParse (9) for a bad variable name.

    Reference:
        MongoDB manual, "$let".
    """
    specs = parser.named_specs(_LET, operand)
    definitions = specs["vars"]
    if isinstance(definitions, list):
        definitions = {str(index): spec for index, spec in enumerate(definitions)}
    if not isinstance(definitions, dict):
        raise ServerError(10065, "invalid parameter: expected an object (vars)")
    bound = {check_variable_name(name): parser.parse(spec) for name, spec in definitions.items()}
    constants = {name: value.value for name, value in bound.items() if value.is_constant}
    body = parser.binding(bound, constants).parse(specs["in"])
    if any_failing(bound.values()) or not parser.optimises:
        return _binding({name: value for name, value in bound.items() if name not in constants}, body)
    # MongoDB never computes a variable that is not used; but what its expression mentions counts as used.
    used = {name: value for name, value in bound.items() if name in body.variables}
    return mentioning(_binding(used, body) if used else body, bound.values())


def _binding(bound: Mapping[str, Expression], body: Expression) -> Expression:
    pairs = [(name, value.evaluate) for name, value in bound.items()]
    inner = body.evaluate

    def evaluate(document: Document, variables: Variables) -> Field:
        scope = dict(variables)
        for name, value in pairs:
            scope[name] = value(document, variables)
        return inner(document, scope)

    return combine(evaluate, [*bound.values(), body.binding(bound)])
