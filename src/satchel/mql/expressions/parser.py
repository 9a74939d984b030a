"""From the value a user writes to an `Expression`: literals, field paths, variables, objects, arrays, operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.composite import array_expression, object_expression
from satchel.mql.expressions.expression import NO_FIELDS, NO_VARIABLES, Expression, Variables, constant
from satchel.mql.expressions.field_path import check_field_name, read_path, root_path, split_path, variable_path
from satchel.mql.expressions.registry import OPERATORS, Signature
from satchel.mql.expressions.variable import check_variable_name
from satchel.mql.stable_api import check_operator
from satchel.values.bson_types import MISSING, BsonValue, Document, Field

SYSTEM_VARIABLES: Final = frozenset({"NOW", "ROOT", "CURRENT", "REMOVE", "CLUSTER_TIME", "USER_ROLES"})

_DOCUMENT_VARIABLES: Final = frozenset({"ROOT", "CURRENT"})
_UNAVAILABLE: Final = {
    "CLUSTER_TIME": (51144, "Builtin variable '$$CLUSTER_TIME' is not available"),
    "JS_SCOPE": (51144, "Builtin variable '$$JS_SCOPE' is not available"),
    "IS_MR": (51144, "Builtin variable '$$IS_MR' is not available"),
    "SEARCH_META": (6347902, "Can't access $$SEARCH_META without a $search stage earlier in the pipeline"),
}


def parse_expression(spec: BsonValue, context: Context, variables: frozenset[str] = NO_FIELDS) -> Expression:
    """Parse an aggregation expression.

    Args:
        spec: The expression as the user wrote it.
        context: The operation's circumstances; its `variables` are constants here.
        variables: Further variables, whose values `evaluate` will be given. With `CURRENT` among them, field paths
            start there and not at the root document.

    Raises:
        ServerError: The expression is malformed, or a constant part of it cannot be computed. Overflow (15) when it
            is nested deeper than Python's stack allows, which is some 200 levels.
    """
    try:
        expression = expression_parser(context, variables).parse(spec)
    except RecursionError:
        raise ServerError(ErrorCode.Overflow, "the expression is nested too deeply") from None
    if expression.failure is not None and context.optimises:
        raise expression.failure
    return expression


def expression_parser(context: Context, variables: frozenset[str] = NO_FIELDS) -> Parser:
    """Return the parser of the outermost scope; it leaves to the caller when an `Expression.failure` is raised."""
    variables = variables | context.unbound
    constants = {**_system_constants(context), **context.variables}
    known = {name: value for name, value in constants.items() if name not in variables}
    return Parser(context, variables, known, context.optimises)


def command_variables(let: Mapping[str, BsonValue], context: Context) -> dict[str, Field]:
    """Evaluate the `let` of a command; each variable sees those before it.

    Args:
        let: Names and expressions, which must not read documents.
        context: The operation's circumstances; variables that it has already are kept.

    Returns:
        All variables, for `Context.variables`.

    Raises:
        ServerError: FailedToParse (9) for a bad name, Location4890500 for an expression that reads a document, and the
            expressions' own errors.
    """
    known: dict[str, Field] = dict(context.variables)
    for name, spec in let.items():
        check_variable_name(name)
        expression = parse_expression(spec, replace(context, variables=dict(known)))
        if expression.fields:
            raise ServerError(
                4890500,
                "Command let Expression tried to access a field, but this is not allowed because Command let "
                "Expressions run before the query examines any documents.",
            )
        known[name] = expression.evaluate({}, known)
    return known


def _system_constants(context: Context) -> dict[str, Field]:
    known: dict[str, Field] = {"NOW": context.now, "REMOVE": MISSING, "USER_ROLES": []}
    if context.cluster_time is not None:
        known["CLUSTER_TIME"] = context.cluster_time
    return known


@dataclass(frozen=True, slots=True)
class Parser:
    """Parses the expressions of one scope.

    Attributes:
        context: The operation's circumstances.
        variables: Variables whose values come at run time.
        constants: Variables whose values are known already.
        optimises: Whether MongoDB would simplify what is parsed here.
    """

    context: Context
    variables: frozenset[str] = NO_FIELDS
    constants: Mapping[str, BsonValue] = field(default_factory=lambda: NO_VARIABLES)
    optimises: bool = True

    def binding(self, names: Iterable[str], constants: Variables = NO_VARIABLES) -> Parser:
        """Return the parser of an inner scope, where `names` are bound at run time and `constants` now."""
        names = frozenset(names)
        known = {name: value for name, value in self.constants.items() if name not in names}
        return replace(self, variables=(self.variables | names).difference(constants), constants={**known, **constants})

    def without_optimising(self) -> Parser:
        """Return a parser of the same scope for the operands of an operator in which MongoDB optimises nothing."""
        return replace(self, optimises=False)

    def parse(self, spec: BsonValue) -> Expression:
        """Parse any expression.

        Raises:
            ServerError: The expression is malformed. Constants that fail do not raise: see `Expression.failure`.
        """
        if isinstance(spec, str):
            return self._reference(spec) if spec[:1] == "$" else constant(spec)
        # Few frames per level: Python's stack must do for all levels that BSON has.
        if isinstance(spec, dict):
            first = next(iter(spec), "")
            return self._operator(first, spec) if first[:1] == "$" else self._object(spec)
        if isinstance(spec, list):
            return array_expression(list(map(self.parse, spec)))
        return constant(spec)

    def operands(self, name: str, operand: BsonValue, minimum: int = 0, maximum: int | None = None) -> list[Expression]:
        """Parse the operands of the operator `name`; what is not an array is its single operand.

        Raises:
            ServerError: Location16020 or 28667 for a wrong number of operands.
        """
        specs = operand if isinstance(operand, list) else [operand]
        parsed = list(map(self.parse, specs))
        count = len(parsed)
        if count >= minimum and (maximum is None or count <= maximum):
            return parsed
        if minimum == maximum:
            raise ServerError(16020, f"Expression {name} takes exactly {minimum} arguments. {count} were passed in.")
        raise ServerError(
            28667,
            f"Expression {name} takes at least {minimum} arguments, and at most {maximum}, but {count} were passed in.",
        )

    def named(self, signature: Signature, operand: BsonValue) -> dict[str, Expression]:
        """Parse an operand with named arguments.

        Returns:
            The arguments that were given, by name.

        Raises:
            ServerError: With the codes of the signature.
        """
        arguments = self.named_specs(signature, operand)
        return dict(zip(arguments, map(self.parse, arguments.values()), strict=True))

    def named_specs(self, signature: Signature, operand: BsonValue) -> Document:
        """Check the names of an operand with named arguments, and return it unparsed.

        Raises:
            ServerError: With the codes of the signature.
        """
        if not isinstance(operand, dict):
            raise ServerError(signature.not_object, f"{signature.name} only supports an object as its argument")
        for name in operand:
            if name not in signature.arguments:
                raise ServerError(signature.unknown, f"Unrecognized parameter to {signature.name}: {name}")
        for name, code in signature.required.items():
            if name not in operand:
                raise ServerError(code, f"Missing '{name}' parameter to {signature.name}")
        return operand

    def _object(self, spec: Document) -> Expression:
        """Parse a document of expressions."""
        names = list(spec)
        for name in names:
            check_field_name(name)
        return object_expression(names, list(map(self.parse, spec.values())))

    def _operator(self, name: str, spec: Document) -> Expression:
        if len(spec) != 1:
            raise ServerError(15983, f"An object representing an expression must have exactly one field: {spec!r}")
        check_operator(name, self.context)
        parse = OPERATORS.get(name)
        if parse is None:
            raise ServerError(ErrorCode.InvalidPipelineOperator, f"Unrecognized expression '{name}'")
        return parse(spec[name], self)

    def _reference(self, reference: str) -> Expression:
        """Parse `$path` or `$$variable.path`."""
        if reference == "$":
            raise ServerError(16872, "'$' by itself is not a valid FieldPath")
        path = reference[2:] if reference[1:2] == "$" else f"CURRENT.{reference[1:]}"
        name = check_variable_name(path.partition(".")[0], reading=True)
        if name not in self.constants and name not in self.variables and name not in _DOCUMENT_VARIABLES:
            raise ServerError(*_UNAVAILABLE.get(name, (17276, f"Use of undefined variable: {name}")))
        parts = split_path(path)[1:]
        if name in self.constants:
            return constant(read_path(self.constants[name], parts))
        return variable_path(name, parts) if name in self.variables else root_path(parts)
