"""`$redact`: keep, prune or descend into documents and the documents inside them."""

from __future__ import annotations

from collections.abc import Iterator

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.stage import STAGES, Placement, Scope, Stage
from satchel.values.bson_types import MISSING, BsonValue, Document, Field

_DECISIONS: dict[str, Field] = {"KEEP": "keep", "PRUNE": "prune", "DESCEND": "descend"}


class RedactStage(Stage):
    """Asks an expression, level by level, what becomes of a document."""

    name = "$redact"
    placement = Placement(change_stream=True)

    def __init__(self, spec: BsonValue, context: Context) -> None:
        self._spec = spec
        self._expression = parse_expression(spec, context, frozenset({*_DECISIONS, "CURRENT"}))
        self._variables = {**context.variables, **_DECISIONS}

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield what is left of the documents."""
        for document in documents:
            redacted = self._redact(document, document)
            if redacted is not None:
                yield redacted

    def _redact(self, root: Document, current: Document) -> Document | None:
        decision = self._expression.evaluate(root, {**self._variables, "CURRENT": current})
        if decision == "keep":
            return current
        if decision == "prune":
            return None
        if decision != "descend":
            raise ServerError(
                17053,
                "$redact's expression should not return anything aside from the variables $$KEEP, $$DESCEND, and "
                f"$$PRUNE, but returned {decision!r}",
            )
        descended = {name: self._descend(root, value) for name, value in current.items()}
        return {name: value for name, value in descended.items() if value is not MISSING}

    def _descend(self, root: Document, value: BsonValue) -> Field:
        if isinstance(value, dict):
            redacted = self._redact(root, value)
            return MISSING if redacted is None else redacted
        if isinstance(value, list):
            members = [self._descend(root, member) for member in value]
            return [member for member in members if member is not MISSING]
        return value

    def operand(self) -> BsonValue:
        """Return the expression."""
        return self._spec


@STAGES.operator("$redact")
def parse_redact(operand: BsonValue, scope: Scope) -> RedactStage:
    """Restrict what of documents is seen by an expression that gives `$$KEEP`, `$$PRUNE` or `$$DESCEND`.

    Raises:
        ServerError: While running Location17053 for any other value.

    Reference:
        MongoDB manual, "$redact (aggregation)".
    """
    return RedactStage(operand, scope.context)
