"""Parsing of find's projections and of `$project`'s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NoReturn

from bson import Decimal128

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.expression import Expression
from satchel.mql.expressions.field_path import DBREF_FIELDS, split_path
from satchel.mql.expressions.parser import expression_parser
from satchel.mql.expressions.registry import OPERATORS
from satchel.mql.match import MatchExpression
from satchel.mql.match.evaluation import Expr
from satchel.mql.match.json_schema import JsonSchema
from satchel.mql.projection.compiled import Inclusion, Retention
from satchel.mql.projection.find_operators import Positional, Slice, parse_elem_match, parse_slice
from satchel.mql.projection.projection import Projection
from satchel.mql.projection.tree import Level, Mark
from satchel.values.bson_types import BsonValue, Document, is_number
from satchel.values.shell_text import shell_text

_POSITIONAL_IN_THE_MIDDLE: Final = (
    "As of 4.4, it's illegal to specify positional operator in the middle of a path."
    "Positional projection may only be used at the end, for example: a.b.$. If the query previously used a form like"
    " a.b.$.d, remove the parts following the '$' and the results will be equivalent."
)


def parse_projection(
    spec: BsonValue,
    context: Context,
    match: MatchExpression | None = None,
    *,
    aggregation: bool = False,
) -> Projection:
    """Parse a projection.

    Args:
        spec: The user's document.
        context: The operation.
        match: The filter of the find, whose matches the positional operator refers to.
        aggregation: Whether this is `$project`, which knows no `$slice`, `$elemMatch` and `$` as find does.

    Raises:
        ServerError: Location31253, 31254 (inclusion and exclusion mixed), Location31249, 31250 (path collision),
            Location31252, 31310 (expression in an exclusion), Location31325 (unknown operator) and others.

    Reference:
        MongoDB manual, "Project Fields to Return from Query", "$project (aggregation)".
    """
    if not isinstance(spec, dict):
        if aggregation:
            raise ServerError(15969, "$project specification must be an object")
        raise ServerError(ErrorCode.TypeMismatch, "Expected field projection to be of type object")
    if aggregation and not spec:
        raise ServerError(51272, "projection specification must have at least one field")
    parser = _Parser(context, aggregation, match)
    parser.parse_level(spec, ())
    return parser.finish()


@dataclass(slots=True)
class _Parser:
    """The state of parsing one projection."""

    context: Context
    aggregation: bool
    match: MatchExpression | None
    level: Level = field(default_factory=Level)
    kind: Literal["inclusion", "exclusion"] | None = None
    is_id_included: bool | None = None
    has_elem_match: bool = False
    has_metadata: bool = False
    positional: Positional | None = None
    slices: list[Slice] = field(default_factory=list)

    def parse_level(self, spec: Document, prefix: tuple[str, ...]) -> None:
        """Parse the fields of one document of the specification, which stands at `prefix`."""
        for name, operand in spec.items():
            if name.endswith(".$"):
                self._parse_positional(name, operand, prefix)
                continue
            if ".$." in name:
                raise ServerError(31394, _POSITIONAL_IN_THE_MIDDLE)
            self._parse_field(name, operand, (*prefix, *split_path(name)))

    def _parse_field(self, name: str, operand: BsonValue, path: tuple[str, ...]) -> None:
        if isinstance(operand, dict):
            self._parse_object(name, operand, path)
        elif isinstance(operand, bool) or is_number(operand):
            self._parse_flag(name, not _is_zero(operand), path)
        else:
            self.level.add(path, self._parse_expression(operand))
            if self.kind == "exclusion":
                raise ServerError(
                    31310, f"Cannot use an expression {name}: {shell_text(operand)} in an exclusion projection"
                )
            self.kind = "inclusion"

    def _parse_flag(self, name: str, is_included: bool, path: tuple[str, ...]) -> None:
        """Take `name: 1` or `name: 0`; a plain `_id` goes with either kind."""
        self.level.add(path, Mark.NAMED)
        if path == ("_id",):
            self.is_id_included = is_included
        elif is_included:
            self._become_inclusion(name)
        else:
            if self.kind == "inclusion":
                raise ServerError(31254, f"Cannot do exclusion on field {name} in inclusion projection")
            self.kind = "exclusion"

    def _become_inclusion(self, name: str) -> None:
        if self.kind == "exclusion":
            raise ServerError(31253, f"Cannot do inclusion on field {name} in exclusion projection")
        self.kind = "inclusion"

    def _parse_object(self, name: str, spec: Document, path: tuple[str, ...]) -> None:
        """Take an operator, or a specification of the fields below."""
        if not spec:
            raise ServerError(51270, f"Invalid empty sub-projection: {name}")
        operator = next(iter(spec))
        if operator[:1] != "$" or len(spec) > 1 or operator in DBREF_FIELDS:
            self.level.open(path)
            self.parse_level(spec, path)
        elif operator == "$meta":
            self.level.add(path, self._parse_expression(spec))
            self.has_metadata = True
        elif operator == "$elemMatch":
            self._parse_elem_match(spec[operator], path)
        elif operator == "$slice" and not self.aggregation:
            self._parse_slice(spec, path)
        else:
            self._parse_operator(operator, spec, path)

    def _parse_operator(self, operator: str, spec: Document, path: tuple[str, ...]) -> None:
        if operator not in OPERATORS:
            raise ServerError(31325, f"Unknown expression {operator}")
        if self.kind == "exclusion":
            raise ServerError(31252, "Cannot use expression other than $meta in exclusion projection")
        self.level.add(path, self._parse_expression(spec))
        self.kind = "inclusion"

    def _parse_expression(self, spec: BsonValue) -> Expression:
        """Parse an expression; a constant part that cannot be computed is reported once all is parsed."""
        return expression_parser(self.context).parse(spec)

    def _parse_elem_match(self, operand: BsonValue, path: tuple[str, ...]) -> None:
        if self.aggregation:
            raise ServerError(ErrorCode.InvalidPipelineOperator, "Cannot use $elemMatch in this context")
        if self.positional is not None:
            self._refuse_positional_with_elem_match()
        if len(path) > 1:
            raise ServerError(31275, "Cannot use $elemMatch projection on a nested field.")
        self.level.add(path, parse_elem_match(path[0], operand, self.context))
        self.has_elem_match = True

    def _parse_slice(self, spec: Document, path: tuple[str, ...]) -> None:
        """Take find's `$slice`, or, if it is not in that form, the aggregation operator."""
        parsed = parse_slice(path, spec["$slice"])
        if isinstance(parsed, Slice):
            try:
                self.level.add(path, Mark.SLICED)
            except ServerError as error:
                parsed = f"Location{error.code}: {error.message}"
            else:
                self.slices.append(parsed)
                return
        try:
            self._parse_operator("$slice", spec, path)
        except ServerError as error:
            message = (
                f"Invalid $slice syntax. The given syntax {shell_text(spec)} did not match the find() syntax because "
                f":: {parsed} :: The given syntax did not match the expression $slice syntax. :: caused by :: "
            )
            raise ServerError(error.code, message + error.message) from error

    def _parse_positional(self, name: str, operand: BsonValue, prefix: tuple[str, ...]) -> None:
        path_name = name.removesuffix(".$")
        if ".$." in name or path_name.endswith(".$"):
            raise ServerError(31394, _POSITIONAL_IN_THE_MIDDLE)
        if not path_name:
            raise ServerError(5392900, f"Projection on field {name} is invalid")
        if self.aggregation:
            raise ServerError(31324, "Cannot use positional projection in aggregation projection")
        path = (*prefix, *split_path(path_name))
        self._check_filter()
        self._check_positional(name, operand)
        self.level.add(path, Mark.NAMED)
        self.positional = Positional(path)

    def _check_filter(self) -> None:
        """Refuse filters that give no positions."""
        if self.match is None:
            raise ServerError(51050, "Projections with a positional operator require a matcher")
        for node in self.match.descendants():
            if isinstance(node, Expr | JsonSchema):
                name = next(iter(node.spec()))
                raise ServerError(ErrorCode.QueryFeatureNotAllowed, f"{name} is not allowed in this context")

    def _check_positional(self, name: str, operand: BsonValue) -> None:
        if isinstance(operand, dict):
            raise ServerError(31271, "positional projection cannot be used with an expression or sub object")
        if not isinstance(operand, bool) and not is_number(operand):
            raise ServerError(31308, "positional projection cannot be used with a literal")
        if _is_zero(operand):
            raise ServerError(31395, "positional projection cannot be used with exclusion")
        if self.has_elem_match:
            self._refuse_positional_with_elem_match()
        if self.positional is not None:
            raise ServerError(31276, "Cannot specify more than one positional projection per query.")
        self._become_inclusion(name)

    @staticmethod
    def _refuse_positional_with_elem_match() -> NoReturn:
        raise ServerError(31255, "Cannot specify positional operator and $elemMatch.")

    def finish(self) -> Projection:
        """Return what was parsed.

        Raises:
            ServerError: A constant part of an expression cannot be computed.
        """
        for _, leaf in self.level.leaves() if self.context.optimises else ():
            if isinstance(leaf, Expression) and leaf.failure is not None:
                raise leaf.failure
        kind = self.kind or self._default_kind()
        wants_id = self.is_id_included is not False
        entries: Mapping[str, object] = self.level.entries
        if (kind == "inclusion") != wants_id and entries.get("_id") is Mark.NAMED:
            del self.level.entries["_id"]
        elif kind == "inclusion" and "_id" not in entries:
            self.level.entries["_id"] = Mark.NAMED
        return Projection(
            kind,
            self.level,
            Inclusion(self.level) if kind == "inclusion" else Retention(self.level),
            self.positional,
            tuple(self.slices),
        )

    def _default_kind(self) -> Literal["inclusion", "exclusion"]:
        """Return the kind of a projection that only has `_id`, `$meta`, `$slice` and `$elemMatch`."""
        if self.is_id_included or (self.aggregation and self.has_metadata):
            return "inclusion"
        return "inclusion" if self.has_elem_match and not self.slices else "exclusion"


def _is_zero(flag: BsonValue) -> bool:
    return flag.to_decimal().is_zero() if isinstance(flag, Decimal128) else flag == 0
