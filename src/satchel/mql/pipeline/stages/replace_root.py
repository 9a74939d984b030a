"""`$replaceRoot` and `$replaceWith`: another document in the place of each."""

from __future__ import annotations

from collections.abc import Iterator

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.stage import STAGES, Dependencies, Placement, Scope, Stage
from satchel.mql.pipeline.stages.operands import check_names
from satchel.values.bson_types import MISSING, BsonValue, Document, type_name


class ReplaceRootStage(Stage):
    """Replaces every document by the value of an expression.

    Args:
        new_root: The expression as written.
        context: The operation.
        described: What errors call the expression.
    """

    name = "$replaceRoot"
    placement = Placement(change_stream=True)
    keeps_count = True

    def __init__(self, new_root: BsonValue, context: Context, described: str) -> None:
        self._spec = new_root
        self._described = described
        self._expression = parse_expression(new_root, context)
        self._variables = context.variables

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the new documents."""
        evaluate, variables = self._expression.evaluate, self._variables
        for document in documents:
            value = evaluate(document, variables)
            if not isinstance(value, dict):
                raise self._not_a_document(value)
            yield value

    def _not_a_document(self, value: BsonValue) -> ServerError:
        shown = "MISSING" if value is MISSING else repr(value)
        return ServerError(
            40228,
            f"{self._described} expression  must evaluate to an object, but resulting value was: {shown}. "
            f"Type of resulting value: '{type_name(value)}'.",
        )

    def operand(self) -> BsonValue:
        """Return the form of `$replaceRoot`."""
        return {"newRoot": self._spec}

    def dependencies(self) -> Dependencies:
        """Return what the expression reads; nothing else remains."""
        return Dependencies(self._expression.fields, is_exhaustive=True)


@STAGES.operator("$replaceRoot")
def parse_replace_root(operand: BsonValue, scope: Scope) -> ReplaceRootStage:
    """Replace each document by another one, as `{newRoot: expression}`.

    Raises:
        ServerError: Location40229 when the operand is not a document, 40414 and 40415 for its names; while running
            Location40228 when the expression does not give a document.

    Reference:
        MongoDB manual, "$replaceRoot (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(
            40229, f"expected an object as specification for $replaceRoot stage, got {type_name(operand)}"
        )
    check_names("$replaceRoot", operand, required=("newRoot",))
    return ReplaceRootStage(operand["newRoot"], scope.context, "'newRoot'")


@STAGES.operator("$replaceWith")
def parse_replace_with(operand: BsonValue, scope: Scope) -> ReplaceRootStage:
    """Replace each document by another one.

    Raises:
        ServerError: While running Location40228 when the expression does not give a document.

    Reference:
        MongoDB manual, "$replaceWith (aggregation)".
    """
    return ReplaceRootStage(operand, scope.context, "'replacement document'")
